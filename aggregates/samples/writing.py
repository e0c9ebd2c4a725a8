"""Writes a database of any size that looks as if the agents' hooks had written it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Final

from aggregates.engines import new_hooks_database
from aggregates.engines.base import DriverConnection
from aggregates.errors import AggregatesError
from aggregates.progress import Progress
from aggregates.samples.history import History

_INSERT_SESSION: Final = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_INVOCATION: Final = (
    "INSERT INTO agent_invocations (timestamp, session_id, event_type, phase, agent_name,"
    " agent_type, model, prompt, start_time, end_time, duration_seconds, status, error,"
    " raw_input, raw_output) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_TOOL_USE: Final = (
    "INSERT INTO agent_tool_uses (timestamp, session_id, agent_name, agent_invocation_id,"
    " tool_name, tool_input, tool_output, duration_seconds, status, error, sequence_number,"
    " start_time, end_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def days_of(rows: int) -> int:
    """Days over which so many rows come about: 1,000 a day, over a week at least, 10 years at most.

    A longer history is one of more days: only so many agents run at once.
    """
    return min(max(7, rows // 1000), 3650)


def write_sample(
    path: Path,
    rows: int,
    *,
    days: int | None = None,
    seed: int = 1,
    row_bytes: int = 1400,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a new SQLite file with `rows` rows in `agent_invocations`.

    The rows span `days` days (default: `days_of(rows)`) up to `until` (naive wall clock, as hooks
    write it; default: now) and average `row_bytes` bytes of content, but never less than about
    400. The same seed and `until` give the same content. `progress` is told the rows written so far
    and `rows`. Memory grows with the rows of an hour, not with `rows`. Raises AggregatesError where
    `path` exists.
    """
    days = days_of(rows) if days is None else days
    if rows < 0 or days < 1:
        raise AggregatesError("A sample needs 0 rows or more, over 1 day or more.")
    end = (until or datetime.now()).replace(tzinfo=None)
    with new_hooks_database(path) as connection, _no_collections():
        _fill(connection, History(rows, days, seed, row_bytes, end), progress)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Spare the garbage collector the many rows, which hold no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _fill(
    connection: DriverConnection,
    history: History,
    progress: Progress | None,
) -> None:
    written = 0
    for sessions, events, uses in history.batches():
        connection.executemany(_INSERT_SESSION, sessions)
        connection.executemany(_INSERT_INVOCATION, map(itemgetter(1), events))
        connection.executemany(_INSERT_TOOL_USE, uses)
        written += len(events)
        if progress is not None:
            progress(written, history.rows)
