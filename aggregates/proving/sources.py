"""Whether the source tables are still such as were adopted, and how they become so again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from aggregates.engines.base import DriverConnection, quote
from aggregates.errors import UnfitTable
from aggregates.frozen.shapes import ADDED, shape_of
from aggregates.installing.adopted import LostColumn, lost_columns
from aggregates.installing.owned import Owned
from aggregates.model.definition import Source
from aggregates.proving.findings import STATUS, Finding


def inspect_sources(connection: DriverConnection, sources: Iterable[Source]) -> Iterator[Finding]:
    """Tables that are gone, that triggers cannot serve, or that have lost a column.

    Whatever is put back on such a table would fail its writers, or count nonsense.
    """
    for source in sources:
        if not connection.table_exists(source.name):
            detail = (
                f"the table {source.name} is gone: put it back from a backup, or let its writers"
                " make it"
            )
            yield Finding("missing", source.name, source.name, detail)
            continue
        error = _unfitness(connection, source)
        lost = lost_columns(connection, shape_of(source))
        if lost and (error is None or error.lacks_key):
            yield from (_lost(source.name, column) for column in lost)
        elif error is not None:
            yield _unfit(connection, source, error)


def inspect_owned(connection: DriverConnection, theirs: Iterable[Owned]) -> Iterator[Finding]:
    """The same of tables whose change log is an application's."""
    for shape in [one.unit.shape for one in theirs if one.unit.shape]:
        if not connection.table_exists(shape.table):
            detail = f"the table {shape.table} is gone: put it back from a backup"
            yield Finding("missing", shape.table, shape.table, detail)
            continue
        try:
            connection.check_adoptable(shape)
        except UnfitTable as error:
            detail = f"the triggers cannot serve {shape.table}: {error.reason}; {error.remedy}"
            yield Finding("unfit", shape.table, shape.table, detail)


def _unfitness(connection: DriverConnection, source: Source) -> UnfitTable | None:
    try:
        # Columns are compared with those that were adopted.
        connection.check_adoptable(replace(shape_of(source), required=()))
    except UnfitTable as error:
        return error
    return None


def _lost(table: str, column: LostColumn) -> Finding:
    def renaming(name: str) -> str:
        return f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(name)} TO {quote(column.name)}"

    adding = f"ALTER TABLE {quote(table)} ADD COLUMN {quote(column.name)} {column.type} {ADDED}"
    gone = f"the column {table}.{column.name} is gone, which the triggers read"
    if column.stands_in:
        step = renaming(column.stands_in)
        detail = f"{gone}, and {column.stands_in} stands in its place: `{step}` names it so again"
        return Finding("column", table, column.name, detail, (step,))
    if column.candidates:
        renamings = ", ".join(f"`{renaming(one)}`" for one in column.candidates)
        detail = f"{gone}; where it has another name now, {renamings}, and else `{adding}`"
        return Finding("column", table, column.name, detail)
    detail = f"{gone}, with its values: `{adding}` puts an empty one in its place"
    return Finding("column", table, column.name, detail, (adding,))


def _unfit(connection: DriverConnection, source: Source, error: UnfitTable) -> Finding:
    detail = f"the triggers cannot serve {source.name}: {error.reason}; "
    if not error.lacks_key:
        return Finding("unfit", source.name, source.name, f"{detail}{error.remedy}")
    detail += (
        f"stop its writers, keep a copy, and give it its key again, by the script that"
        f" `{STATUS}` prints"
    )
    script = connection.with_its_key(shape_of(source))
    return Finding("unfit", source.name, source.name, detail, (script,))
