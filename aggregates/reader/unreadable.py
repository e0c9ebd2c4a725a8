"""Times of source rows that are there and do not parse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.model.definition import Source
from aggregates.model.sources import UNREADABLE_TIMES
from aggregates.reader import queries

ACCEPTED = (
    "2026-10-01T09:57:33.551, or with t or a blank for the T, a comma for the point, without the"
    " fraction or the seconds, with Z, z, +02:00, +0200 or +02 behind it, and blanks around all"
)
"""What parses, by an example; numbers do not, as their unit would be a guess."""

_LOOKED_THROUGH = 1000
"""Rows at most that are read to find an example."""
_SHOWN = 60
"""Characters at most of an example."""


@dataclass(frozen=True, slots=True)
class UnreadableTimes:
    """Rows of a source whose start or end is there and does not parse."""

    source: str
    rows: int
    """which, where it is the start, count in no hour and no window, and never as running"""
    example: str | None
    """such a value of one of the newest rows, cut; None where none of them has one"""
    accepted: str = ACCEPTED
    """what parses"""


def unreadable_times(
    connection: Connection, totals: Mapping[str, int]
) -> tuple[UnreadableTimes, ...]:
    """Of each source that has such rows, how many, and one of them."""
    return tuple(
        UnreadableTimes(source.name, rows, _example(connection, source))
        for name, source in UNREADABLE_TIMES.items()
        if (rows := totals.get(name, 0))
    )


def _example(connection: Connection, source: Source) -> str | None:
    compiler = compiler_of(connection)
    table, id_ = map(compiler.quote, (source.name, source.log_key))
    newest = compiler.newest(source, _LOOKED_THROUGH)
    names = (source.log_key, "unreadable_start", "unreadable_end")
    facts = compiler.facts_where(source, names, newest)
    found = queries.rows(
        connection,
        f"SELECT CASE WHEN unreadable_start THEN start_time ELSE end_time END FROM {table} JOIN"
        f" (SELECT * FROM ({facts}) AS found WHERE unreadable_start OR unreadable_end"
        f" ORDER BY {id_} DESC LIMIT 1) AS odd ON"
        f" {compiler.key_of_row(source, table)} = odd.{id_}",
    )
    return _shown(found[0][0]) if found else None


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
