"""`aggregates run` as a process: what signals do, and who follows one that was killed."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase

from aggregates.engines import open_database
from aggregates.model.catalogue import catalogue
from aggregates.running.schedule import Schedule
from aggregates.running.upkeep import Upkeep


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        with closing(sqlite3.connect(found)) as connection:
            connection.executemany(
                "INSERT INTO agent_invocations (session_id, agent_name, start_time, end_time,"
                " status) VALUES (?, 'a', '2026-10-01T10:00:00', '2026-10-01T10:01:00', ?)",
                [(f"s{number % 3}", "completed") for number in range(12)],
            )
            connection.commit()
        yield found


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
    with Upkeep(open_database(path), catalogue, Schedule(), lambda *progress: None) as one:
        done = one.round(wait=True)
        assert done is not None
        assert (done.changes, done.edited) == (1, [2])
