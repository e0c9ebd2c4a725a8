"""Verify finds exactly what is wrong, beside writers; repair mends exactly that."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from oracle import differences, recompute, stored

from aggregates import Store
from aggregates.model.catalogue import catalogue
from aggregates.samples import write_sample

# Statement, and the tables whose drift it plants.
PLANTED = [
    (
        "UPDATE agent_stats SET invocations = invocations + 3 WHERE agent_name = 'architect'",
        {"agent_stats"},
    ),
    ("DELETE FROM agent_hourly WHERE agent_name = 'architect'", {"agent_hourly"}),
    ("UPDATE agent_durations SET runs = -1 WHERE agent_name = 'architect'", {"agent_durations"}),
    ("DELETE FROM agent_durations_daily WHERE le_ms > 60000", {"agent_durations_daily"}),
    (
        "INSERT INTO _aggregates_by_agent (agent_name, part, member, id, invocations)"
        " VALUES ('ghost', 1, '', 0, 2)",
        {"agent_activity"},
    ),
    ("UPDATE _aggregates_by_agent SET sessions = 7 WHERE part = 1", {"agent_activity"}),
    (
        "UPDATE _aggregates_by_agent SET agent_name = agent_name || 'x'",
        {"agent_activity", "_aggregates_agent_starts", "_aggregates_session_totals"},
    ),
    (
        "DELETE FROM _aggregates_by_session WHERE part = 1 AND member = 'architect'",
        {"session_agents"},
    ),
    (
        "DELETE FROM _aggregates_by_agent WHERE part = 0 AND agent_name = 'architect'",
        {"_aggregates_agent_starts"},
    ),
    ("UPDATE open_runs SET phase = 'x'", {"open_runs"}),
    ("INSERT INTO open_runs VALUES ('2026-01-01T00:00:00.000', -5, 's', 'a', 'p')", {"open_runs"}),
    (
        "UPDATE _aggregates_by_session SET failed = failed + 1, invocations = 0 WHERE part = 0",
        {"session_stats"},
    ),
    (
        "DELETE FROM _aggregates_by_session WHERE part = 0 AND session_id < '8'",
        {"session_stats"},
    ),
    (
        "DELETE FROM _aggregates_by_session WHERE part = 2 AND session_id > '8'",
        {"session_phases"},
    ),
    ("UPDATE _aggregates_by_session SET invocations = 7 WHERE part = 2", {"session_phases"}),
    (
        "DELETE FROM _aggregates_by_session WHERE part = 3 AND session_id > '8'",
        {"_aggregates_session_starts"},
    ),
    (
        "DELETE FROM _aggregates_by_session WHERE part = 4 AND session_id > '8'",
        {"_aggregates_session_ends"},
    ),
    (
        "DELETE FROM _aggregates_by_session WHERE session_id > '8'",
        {
            *("session_stats", "session_agents", "session_phases"),
            *("_aggregates_session_starts", "_aggregates_session_ends"),
        },
    ),
    ("UPDATE _aggregates_by_agent SET sessions = 1 WHERE part = 2", {"_aggregates_session_totals"}),
    ("UPDATE sessions_summary SET duration_ms_sum = -1", {"sessions_summary"}),
    ("DELETE FROM _aggregates_sessions_by_start", {"_aggregates_sessions_by_start"}),
    (
        "INSERT INTO _aggregates_open_sessions VALUES ('2026-01-01T00:00:00.000', 'ghost', 1)",
        {"_aggregates_open_sessions"},
    ),
    ("UPDATE tool_stats SET uses = uses - 1 WHERE tool_name = 'Bash'", {"tool_stats"}),
    ("DELETE FROM tool_durations WHERE tool_name = 'Bash'", {"tool_durations"}),
    ("DELETE FROM _aggregates_session_tool_uses", {"_aggregates_session_tool_uses"}),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated sample."""
    path = tmp_path_factory.mktemp("template") / "agent_workflow.db"
    write_sample(path, 1500, row_bytes=300)
    from aggregates.installing.upgrading import upgrade

    upgrade(str(path), journal_mode="keep")
    return path.read_bytes()


@pytest.fixture
def database(template: bytes, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    path = tmp_path / "agent_workflow.db"
    path.write_bytes(template)
    return path


def rows_of_sources(connection: sqlite3.Connection) -> int:
    """How many there are, of all three."""
    counts = [
        connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        for name in ("agent_invocations", "sessions", "agent_tool_uses")
    ]
    assert all(counts)
    return sum(counts)


def everything(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all aggregates, internal ones included."""
    return {
        one.name: sorted(connection.execute(f"SELECT * FROM {one.name}").fetchall(), key=repr)
        for one in catalogue.definitions
    }


@pytest.mark.parametrize(("statement", "tables"), PLANTED, ids=[one[0][:40] for one in PLANTED])
def test_planted_drift_is_named_and_mended(
    database: Path, statement: str, tables: set[str]
) -> None:
    with closing(connect(database)) as connection, Store(database) as store:
        before = everything(connection)
        assert store.verify().drifts == []
        connection.execute(statement)
        planted = everything(connection)
        assert planted != before
        result = store.verify()
        assert {drift.table for drift in result.drifts} == tables
        assert result.rows_read == rows_of_sources(connection)
        assert everything(connection) == planted
        assert store.repair().drifts == result.drifts
        assert store.verify().drifts == []
        assert everything(connection) == before


def test_rows_that_changed_without_triggers_are_found(database: Path) -> None:
    with closing(connect(database)) as connection, Store(database) as store:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            " AND tbl_name = 'agent_invocations'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE agent_invocations SET agent_name = 'moved' WHERE id % 5 = 0")
        connection.execute("DELETE FROM agent_invocations WHERE id % 7 = 0")
        for _, sql in triggers:
            connection.execute(sql)
        assert differences(stored(connection), recompute(connection))
        assert {drift.key.get("agent_name") for drift in store.verify().drifts} >= {"moved"}
        store.repair()
        assert differences(stored(connection), recompute(connection)) == []
        assert store.verify().drifts == []


def test_what_writers_do_meanwhile_is_no_drift(database: Path) -> None:
    stop = threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                with closing(sqlite3.connect(database)) as connection, connection:
                    connection.execute(
                        "INSERT INTO agent_invocations (agent_name, session_id, start_time)"
                        " VALUES ('writer', ?, '2026-10-01T10:00:00')",
                        (f"s{number % 9}",),
                    )
                    connection.execute(
                        "UPDATE agent_invocations SET status = 'completed', phase = ? WHERE id = ?",
                        (str(number), number % 1500),
                    )
                    connection.execute(
                        "DELETE FROM agent_invocations WHERE id = ?", (number * 31 % 1500,)
                    )
            except sqlite3.Error as error:
                failures.append(error)

    writer = threading.Thread(target=write)
    with Store(database) as store:
        with closing(connect(database)) as connection:
            connection.execute("UPDATE agent_stats SET tokens_sum = -1 WHERE agent_name = 'ghost'")
        writer.start()
        try:
            drifts = [store.verify().drifts for _ in range(6)]
            repaired = store.repair().drifts
        finally:
            stop.set()
            writer.join()
    assert drifts == [[]] * 6
    assert repaired == []
    assert failures == []
    with closing(connect(database)) as connection:
        assert differences(stored(connection), recompute(connection)) == []


def test_what_goes_while_a_verify_reads_is_no_drift(database: Path) -> None:
    """Pairs that were counted in one slice, and are gone in the next, are not counted any more."""
    shown: list[tuple[int, int]] = []

    def write(done: int, total: int) -> None:
        shown.append((done, total))
        with closing(connect(database)) as connection:
            connection.execute(
                "DELETE FROM agent_invocations WHERE id % 97 = ? AND id < 1000", (len(shown),)
            )
            connection.execute(
                "UPDATE agent_invocations SET phase = 'moved', agent_name = 'moved' WHERE id % 97"
                " = ? AND id < 1000",
                (len(shown) + 40,),
            )
            connection.execute(
                "DELETE FROM sessions WHERE rowid % 7 = ? AND rowid < 100", (len(shown),)
            )
            connection.execute("DELETE FROM agent_tool_uses WHERE id % 7 = ?", (len(shown),))

    with Store(database) as store:
        assert store.verify(write).drifts == []
        assert len(shown) >= 3, "nothing was written while it read"
        assert store.verify().drifts == []
    with closing(connect(database)) as connection:
        assert differences(stored(connection), recompute(connection)) == []


def test_verify_needs_the_head_revision(hook_database: MakeDatabase) -> None:
    from aggregates.errors import SchemaMismatch

    with (
        hook_database("plain") as path,
        Store(path) as store,
        pytest.raises(SchemaMismatch, match="aggregates migrate"),
    ):
        store.verify()
