"""Small databases in use: a history older than the migration, changes since, sessions derived."""

import random
import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from conftest import connect
from derived_oracle import derived_differences
from oracle import differences, recompute, stored

from aggregates.engines import open_database
from aggregates.engines.sqlite.connection import COMPILER
from aggregates.engines.sqlite.placing import Placement, placed
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.samples import write_sample
from aggregates.sessions import Deriver

ROWS = 600
UNTIL = datetime(2026, 11, 10, 15, 30)
SOURCES = ("agent_invocations", "sessions", "agent_tool_uses")

_RUN = (
    "INSERT INTO agent_invocations (agent_name, session_id, start_time, end_time, status)"
    " VALUES (?, ?, ?, ?, ?)"
)


def start_run(
    connection: sqlite3.Connection,
    session: object = "session",
    *,
    agent: object = "builder",
    start: str = "2026-11-11T10:00:00.000",
    end: str | None = None,
    status: str = "started",
) -> int:
    """Insert a run; its id."""
    cursor = connection.execute(_RUN, (agent, session, start, end, status))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


@cache
def template(journal_mode: str = "wal", *, is_derived: bool = True) -> bytes:
    """A migrated sample, changed since; and what is derived of its sessions is up to date."""
    assert journal_mode in ("wal", "keep")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent_workflow.db"
        write_sample(path, ROWS, row_bytes=400, until=UNTIL)
        upgrade(str(path), journal_mode="wal" if journal_mode == "wal" else "keep")
        with closing(connect(path)) as connection:
            change(connection, random.Random("template"), 40)
        if is_derived:
            derive(path)
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


def copy(folder: Path, journal_mode: str = "wal", *, is_derived: bool = True) -> Path:
    """A sample of one's own."""
    path = folder / "agent_workflow.db"
    path.write_bytes(template(journal_mode, is_derived=is_derived))
    return path


def derive(path: Path) -> None:
    """Bring what is derived of sessions up to date."""
    opened = open_database(path)
    with opened.own_connection() as connection:
        connection.execute("PRAGMA synchronous = OFF")
        done = Deriver(connection, catalogue.bounds).round(60.0)
        assert done.is_complete


def change(connection: sqlite3.Connection, chance: random.Random, times: int) -> None:
    """Insert, end, edit, replace and delete rows of all three tables."""
    for _ in range(times):
        start = UNTIL + timedelta(milliseconds=chance.randrange(7_200_000))
        end = start + timedelta(milliseconds=chance.choice((0, 1, 900, 60_000)))
        session = f"changed-{chance.randrange(9)}"
        (highest,) = connection.execute("SELECT max(id) FROM agent_invocations").fetchone()
        id_ = chance.randint(1, highest or 1)
        verb = chance.randrange(8)
        if verb < 2:
            start_run(connection, session, start=start.isoformat(), agent=f"a{id_ % 4}")
        elif verb == 2:
            connection.execute(
                "UPDATE agent_invocations SET end_time = ?, start_time = ?, status = ?"
                " WHERE id = ?",
                (end.isoformat(), start.isoformat(), chance.choice(("completed", "failed")), id_),
            )
        elif verb == 3:
            connection.execute(
                "INSERT OR REPLACE INTO agent_invocations (id, agent_name, session_id, start_time,"
                " end_time, status) VALUES (?, 'replaced', ?, ?, ?, 'completed')",
                (id_, session, start.isoformat(), end.isoformat()),
            )
        elif verb == 4:
            connection.execute("DELETE FROM agent_invocations WHERE id = ?", (id_,))
        elif verb == 5:
            connection.execute(
                "UPDATE agent_invocations SET session_id = ? WHERE id = ?",
                (chance.choice((session, None)), id_),
            )
        elif verb == 6:
            connection.execute(
                "INSERT OR REPLACE INTO sessions (session_id, start_time, end_time, status)"
                " VALUES (?, ?, ?, 'active')",
                (session, start.isoformat(), end.isoformat()),
            )
        else:
            connection.execute(
                "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time,"
                " duration_seconds, status) VALUES (?, 'a1', 'Bash', ?, 0.5, 'completed')",
                (session, start.isoformat()),
            )
            connection.execute("DELETE FROM agent_tool_uses WHERE id = ?", (id_ % 200,))
            connection.execute("DELETE FROM sessions WHERE rowid = ?", (id_ % 150,))


def check_exact(path: Path, *, is_derived: bool = False) -> None:
    """What triggers keep agrees with the oracle, and what is derived too where that was asked."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        found = differences(stored(connection), recompute(connection))
        if is_derived:
            found += derived_differences(connection)
        assert not found, "\n".join(found[:20])
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def place_of(name: str) -> Placement:
    """Where the rows of a definition are stored, which people may read through a view."""
    return placed(COMPILER, catalogue, catalogue[name])


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but those that say what was proved, and when."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: sorted(
                (
                    row
                    for row in connection.execute(f'SELECT * FROM "{name}"')
                    if not str(row[0]).startswith("proof_")
                ),
                key=repr,
            )
            for (name,) in names
            if name != "aggregate_verifications"
        }
