"""Tables as DataFrames of pandas, where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from aggregates.engines import compiler_of, driver
from aggregates.errors import AggregatesError
from aggregates.model.definition import Catalogue
from aggregates.model.dictionary import dictionary
from aggregates.reader import queries

if TYPE_CHECKING:
    import pandas

_LOCAL = {"hour", "day", "start_time", "first_start", "last_start", "last_end"}
"""Columns of canonical times in the source zone. Change logs have others: times as written."""
_UTC = {"updated_at", "saved_at", "started_at", "last_timestamp"}
_EMPTY = {"INTEGER": "int64", "REAL": "float64", "TEXT": "str"}
"""Types of the columns of a table without rows, by what is declared of them."""


def frame(connection: Connection, catalogue: Catalogue, table: str) -> pandas.DataFrame:
    """All rows of a table or view that the dictionary of a catalogue has.

    Raises AggregatesError where it has none of that name, or pandas is not installed.
    """
    _check(catalogue, table)
    try:
        import pandas
    except ImportError as error:
        raise AggregatesError(
            "pandas is not installed: `pip install 'agent-aggregates[pandas]'`"
        ) from error
    types = driver(connection).columns(table)
    compiler = compiler_of(connection)
    rows = queries.rows(
        connection, f"SELECT {compiler.columns(tuple(types))} FROM {compiler.quote(table)}"
    )
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return pandas.DataFrame(
        {
            name: _series(name, declared, values)
            for (name, declared), values in zip(types.items(), columns, strict=True)
        }
    )


def _check(catalogue: Catalogue, table: str) -> None:
    # Rows of the sources are others' own, with columns that no description is of.
    sources = {source.name for source in catalogue.sources}
    names = sorted({name for name, _, _ in dictionary(catalogue)} - sources)
    if table not in names:
        near = get_close_matches(table, names)
        known = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise AggregatesError(f"{table!r} is no table or view of the aggregates: {known}")


def _series(name: str, declared: str, values: Sequence[object]) -> pandas.Series:
    import numpy
    import pandas

    if name in _LOCAL | _UTC:
        texts = [str(value).removesuffix("Z") if value else "NaT" for value in values]
        # Nanoseconds would not reach the years 1 and 9999, which a row may hold.
        times = pandas.Series(numpy.array(texts, dtype="datetime64[ms]"))
        return times.dt.tz_localize("UTC") if name in _UTC else times
    if None in values and {type(value) for value in values} == {int, type(None)}:
        # Not as floats, which are not exact beyond 2**53.
        return pandas.Series(values, dtype="Int64")
    return pandas.Series(values, dtype=None if values else _EMPTY.get(declared, "object"))
