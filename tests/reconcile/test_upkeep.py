"""One process at a time consumes and proves, when it is due, and says what it has repaired."""

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import MakeDatabase

from aggregates.changes import utc_text
from aggregates.database import connect_engine
from aggregates.testing import assert_consistent
from aggregates.upkeep import LEASE, Schedule, Upkeep, acquire, due, release

HOUR = timedelta(hours=1)


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Path:  # type: ignore[misc]
    with migrated_database("plain") as found:
        with closing(sqlite3.connect(found)) as connection:
            connection.executemany(
                "INSERT INTO agent_invocations (session_id, agent_name, start_time, end_time,"
                " status) VALUES (?, 'a', '2026-10-01T10:00:00', '2026-10-01T10:01:00', ?)",
                [(f"s{number % 3}", "completed") for number in range(12)],
            )
            connection.commit()
        yield found


def upkeep(path: Path, schedule: Schedule | None = None) -> Upkeep:
    return Upkeep(connect_engine(path), schedule or Schedule(), lambda *progress: None)


def record(path: Path) -> list[tuple[str, int, int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT kind, drifts, is_complete FROM aggregate_verifications ORDER BY id"
        ).fetchall()


def make_older(path: Path, by: timedelta) -> None:
    """All that is recorded happened so much earlier."""
    seconds = f"-{by.total_seconds()} seconds"
    with closing(sqlite3.connect(path)) as connection:
        for table, column in (
            ("aggregate_verifications", "started_at"),
            ("change_consumers", "saved_at"),
        ):
            connection.execute(
                f"UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%fZ', {column}, ?)",
                (seconds,),
            )
        connection.commit()


def test_a_first_round_proves_and_a_second_has_nothing_to_do(path: Path) -> None:
    with upkeep(path) as one:
        for _ in range(2):
            done = one.round(wait=True)
            assert done is not None
    assert record(path) == [("repair", 0, 1)]


@pytest.mark.parametrize(
    ("age", "kinds"),
    [(HOUR * 0.9, ["repair"]), (HOUR * 1.1, ["repair", "repair"])],
)
def test_verify_is_due_every_hour(path: Path, age: timedelta, kinds: list[str]) -> None:
    with upkeep(path) as one:
        one.round(wait=True)
        make_older(path, age)
        one.round(wait=True)
    assert [kind for kind, *_ in record(path)] == kinds


def test_verify_is_due_at_once_where_the_checkpoint_is_old(path: Path) -> None:
    rarely = Schedule(verify_every=1000 * HOUR, rebuild_every=1000 * HOUR)
    with upkeep(path, rarely) as one:
        one.round(wait=True)
        make_older(path, 5.9 * HOUR)
        one.round(wait=True)
        assert len(record(path)) == 1
        make_older(path, 6.1 * HOUR)
        one.round(wait=True)
        assert len(record(path)) == 2
        one.round(wait=True)  # the checkpoint was saved again
    assert len(record(path)) == 2


def test_rebuild_is_due_every_day(path: Path) -> None:
    with upkeep(path) as one:
        one.round(wait=True)
        make_older(path, 23.9 * HOUR)
        one.round(wait=True)
        one.round(wait=True)
        assert [kind for kind, *_ in record(path)] == ["repair", "repair"]
        make_older(path, 0.2 * HOUR)
        one.round(wait=True)
        make_older(path, 0.2 * HOUR)
        one.round(wait=True)
    assert [kind for kind, *_ in record(path)] == ["repair", "repair", "rebuild"]
    with closing(sqlite3.connect(path)) as connection:
        assert_consistent(connection)


def test_nothing_is_due_after_a_proof(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert due(connection, Schedule(), False) == "verify"
        connection.execute(
            "INSERT INTO aggregate_verifications VALUES (1, 'verify', ?, 1, 1, 0, 1)",
            (utc_text(datetime.now(UTC)),),
        )
        assert due(connection, Schedule(), False) is None
        assert due(connection, Schedule(), True) == "verify"


def test_drift_is_repaired_counted_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE agent_stats SET tokens_sum = 77")
        connection.commit()
    with caplog.at_level(logging.WARNING, logger="aggregates"), upkeep(path) as one:
        one.round(wait=True)
    assert record(path) == [("repair", 1, 1)]
    (message,) = [entry.getMessage() for entry in caplog.records]
    assert message.startswith("1 drifts repaired: agent_stats {")
    assert "'agent_name': 'a'" in message
    assert message.endswith("tokens_sum: 77, right 0")
    with closing(sqlite3.connect(path)) as connection:
        assert_consistent(connection)


def test_edits_of_history_are_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="aggregates"), upkeep(path) as one:
        one.round(wait=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE agent_invocations SET status = 'failed' WHERE id = 3")
            connection.execute("DELETE FROM agent_invocations WHERE id = 5")
            connection.execute("INSERT INTO agent_invocations (agent_name) VALUES ('new')")
            connection.commit()
        done = one.round(wait=True)
        assert done is not None
        assert (done.changes, done.edits, done.edited) == (3, 2, [3, 5])
    assert [entry.getMessage() for entry in caplog.records] == [
        "2 edits of history, of invocations 3, 5"
    ]


def test_only_one_holds_the_lease_and_gives_it_back(path: Path) -> None:
    with upkeep(path) as one, upkeep(path) as other:
        assert one.round(wait=True) is not None
        assert other.round(wait=True) is None
        assert one.round(wait=True) is not None
    with upkeep(path) as other:
        assert other.round(wait=True) is not None


def test_a_lease_expires_and_nobody_elses_is_released(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert acquire(connection, "killed")
        assert not acquire(connection, "next")
        release(connection, "next")
        assert not acquire(connection, "next")
        connection.execute(
            "UPDATE _aggregates_leases SET expires_at = ? WHERE name = ?",
            (utc_text(datetime.now(UTC) - timedelta(seconds=1)), LEASE),
        )
        assert acquire(connection, "next")
        assert not acquire(connection, "killed")


def run(path: Path, *options: str) -> subprocess.Popen[str]:
    command = "from aggregates.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", command, "run", "--json", "--database", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_signals_begin_a_round_and_end_the_process(path: Path) -> None:
    process = run(path, "--interval", "3600")
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"at"')
    process.send_signal(1)  # SIGHUP
    assert process.stdout.readline().startswith('{"at"')
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM _aggregates_leases").fetchone() == (0,)


def test_a_killed_process_is_followed_from_its_checkpoint(path: Path) -> None:
    process = run(path, "--interval", "0.1")
    assert process.stdout is not None
    process.stdout.readline()

    def taken() -> int:
        with closing(sqlite3.connect(path)) as connection:
            (seq,) = connection.execute(
                "SELECT min(seq) FROM change_consumers WHERE source = 'agent_invocations'"
            ).fetchone()
        return int(seq)

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE agent_invocations SET status = 'failed' WHERE id = 1")
        connection.commit()
        (newest,) = connection.execute("SELECT max(seq) FROM agent_invocation_changes").fetchone()
    wait_until(lambda: taken() == newest)
    process.kill()
    process.communicate(timeout=30)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM agent_invocations WHERE id = 2")
        connection.execute("DELETE FROM _aggregates_leases")  # it has expired
        connection.commit()
    with upkeep(path) as one:
        done = one.round(wait=True)
        assert done is not None
        assert (done.changes, done.edited) == (1, [2])
