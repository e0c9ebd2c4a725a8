"""What a write costs does not grow with the history, in how many steps the triggers take for it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from conftest import connect
from hooks import HOOK_TABLES

from aggregates.installing.upgrading import upgrade

FEW, MANY = 40, 2_000

_RUNS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    " INSERT INTO agent_invocations (agent_name, session_id, phase, event_type, start_time,"
    " end_time, duration_seconds, status)"
    " SELECT 'a', 's', 'plan', 'pre_invocation', strftime('%Y-%m-%dT%H:%M:%S', 1.7e9 + 60 * i,"
    " 'unixepoch') || '.000000', NULL, NULL, 'started' FROM n"
)
_SESSIONS = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    " INSERT INTO sessions (session_id, start_time, status)"
    " SELECT 's' || i, '2026-10-01T10:00:00.000000', 'active' FROM n"
)
_USES = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    " INSERT INTO agent_tool_uses (agent_name, session_id, tool_name, start_time, status)"
    " SELECT 'a', 's', 'Read', '2026-10-01T10:00:00.000000', 'started' FROM n"
)

WRITES = {
    "a run begins": "INSERT INTO agent_invocations (agent_name, session_id, start_time, status)"
    " VALUES ('a', 's', '2026-10-01T10:00:00.000000', 'started')",
    "a run ends": "UPDATE agent_invocations SET status = 'completed', duration_seconds = 2,"
    " end_time = '2026-10-01T10:00:02.000000' WHERE id = 20",
    "a run is edited": "UPDATE agent_invocations SET agent_name = 'b', session_id = 't',"
    " start_time = '2026-10-01T10:00' WHERE id = 20",
    "a run is renumbered": "UPDATE agent_invocations SET id = -1 WHERE id = 20",
    "a run is replaced": "INSERT OR REPLACE INTO agent_invocations (id, agent_name)"
    " VALUES (20, 'b')",
    "a run goes": "DELETE FROM agent_invocations WHERE id = 20",
    "a session ends": "UPDATE sessions SET status = 'completed' WHERE session_id = 's20'",
    "a session is replaced": "INSERT OR REPLACE INTO sessions (session_id) VALUES ('s20')",
    "a session goes": "DELETE FROM sessions WHERE session_id = 's20'",
    "a use of a tool ends": "UPDATE agent_tool_uses SET status = 'completed' WHERE id = 20",
    "a use of a tool goes": "DELETE FROM agent_tool_uses WHERE id = 20",
}


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A short and a long history of one agent in one session."""
    folder = tmp_path_factory.mktemp("histories")
    paths = (folder / "short.db", folder / "long.db")
    for path, rows in zip(paths, (FEW, MANY), strict=True):
        with closing(connect(path)) as connection:
            connection.executescript(HOOK_TABLES)
        upgrade(str(path))
        with closing(connect(path)) as connection:
            for statement in (_RUNS, _SESSIONS, _USES):
                connection.execute(statement, (rows,))
    return paths


@pytest.mark.parametrize("name", WRITES)
def test_steps_do_not_grow_with_the_history(histories: tuple[Path, Path], name: str) -> None:
    short, long = (_steps(path, WRITES[name]) for path in histories)
    assert short > 50, "the triggers have done nothing"
    assert long <= short * 1.1


def _steps(path: Path, statement: str) -> int:
    """How many steps SQLite's machine takes for a write, which is rolled back."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.set_progress_handler(count, 1)
        assert connection.execute(statement).rowcount == 1
        connection.set_progress_handler(None, 1)
        connection.execute("ROLLBACK")
    return steps
