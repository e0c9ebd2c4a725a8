"""Fill permanent tables out of a source while writers write, and go on where it was killed."""

from __future__ import annotations

import time
from collections.abc import Callable

from aggregates.engines.base import DriverConnection
from aggregates.frozen.statements import Recomputation
from aggregates.progress import Progress
from aggregates.recomputing.slices import (
    CLEARING,
    Position,
    Recomputer,
    StaleError,
    key_range,
    progress_of,
)

BACKFILLS = "_aggregates_backfills"
REBUILD = "rebuild"
"""What the filling of a rebuild, which belongs to no revision, is called, before its tables."""
REBUILDING = "_aggregates_rebuilding_"
"""What the names of its tables begin with."""


class Superseded(Exception):
    """Another process has done meanwhile what this one was about to do: look again, and go on."""


def fill(recomputer: Recomputer, revision: str, progress: Progress | None) -> None:
    """Read the source until only a few entries of the log are left; the position is stored."""
    with recomputer.connection.in_bulk():
        _fill(recomputer, revision, progress)


def _fill(recomputer: Recomputer, revision: str, progress: Progress | None) -> None:
    connection = recomputer.connection
    source = recomputer.rows.source

    def stored() -> Position:
        return stored_position(connection, revision, source)

    def save(position: Position) -> None:
        connection.execute(
            f"UPDATE main.{BACKFILLS} SET mark = ?, seq = ?, rows_read = ?,"
            " schema_version = ? WHERE revision = ? AND source = ?",
            (position.mark, position.seq, position.rows, position.schema, revision, source),
        )

    keys = key_range(connection, recomputer.rows)
    while True:
        try:
            with connection.snapshot():
                recomputer.check_rowids()
                if recomputer.position.mark is not CLEARING:
                    recomputer.check_log(recomputer.position.seq)
            if recomputer.is_close():
                return
            if recomputer.is_complete or recomputer.is_far_behind():
                recomputer.write_entries(stored, save)
            else:
                recomputer.write_round(stored, save)
        except StaleError:
            # Whoever resumes now must not believe what the tables hold.
            with connection.write_lock():
                found = stored()
                if found == recomputer.position:
                    found = Position(mark=CLEARING)
                    save(found)
            recomputer.position = found
        if recomputer.position.mark is CLEARING:
            # Another process may do the same, and be done: then there is something to lose.
            clear(connection, recomputer.sql, lambda: stored().mark is CLEARING)
            with connection.write_lock():
                found = stored()
                if found.mark is CLEARING:
                    found = Position(seq=recomputer.last_entry())
                    save(found)
            recomputer.position = found
        if progress is not None:
            progress(*progress_of(recomputer.position, keys))


def clear(connection: DriverConnection, sql: Recomputation, may_go_on: Callable[[], bool]) -> None:
    """Empty the targets, a few rows a transaction, for as long as that is still to be done."""
    for statement in sql.folding.clears:
        emptied = False
        while not emptied:
            started = time.monotonic()
            with connection.write_lock():
                if not may_go_on():
                    return
                emptied = connection.execute(statement).rowcount == 0
            time.sleep(time.monotonic() - started)


def stored_position(connection: DriverConnection, revision: str, source: str) -> Position:
    """How far a filling has got; raises Superseded where it is over."""
    found = connection.execute(
        f"SELECT mark, seq, rows_read, schema_version FROM main.{BACKFILLS}"
        " WHERE revision = ? AND source = ?",
        (revision, source),
    ).fetchone()
    if found is None:
        raise Superseded
    return Position(*found)
