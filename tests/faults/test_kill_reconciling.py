"""kill -9 of whatever reads the change log or proves, at random instants, with two writers.

Each job is begun, killed and begun again, many times over; after that it is let finish. Children
are forked: to start an interpreter each time would take longer than the job.
"""

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from oracle import differences, recompute, stored

from aggregates.changes import Consumer
from aggregates.changes.pruning import Retention, prune
from aggregates.engines import open_database
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations
from aggregates.proving.rebuilding import rebuild
from aggregates.proving.repairing import repair, verify
from aggregates.samples import write_sample
from aggregates.sessions import Deriver
from aggregates.store import Store

ROWS, KILLS, LONGEST_S = 1500, 30, 0.25
_FIRST_START = datetime(2026, 10, 1, 9)

Job = Callable[[Path], None]


def write(path: Path, seed: int) -> None:
    """Write as hooks do, a connection a statement, for ever."""
    chance = random.Random(seed)
    while True:
        start = _FIRST_START + timedelta(milliseconds=chance.randrange(86_400_000))
        key, session = chance.randrange(1, ROWS + 200), f"s{chance.randrange(20)}"
        statement, values = chance.choice(
            [
                (
                    "INSERT OR REPLACE INTO agent_invocations (id, session_id, agent_name,"
                    " event_type, start_time, status) VALUES (?, ?, 'a', 'pre_invocation', ?,"
                    " 'started')",
                    (key, session, start.isoformat()),
                ),
                (
                    "UPDATE agent_invocations SET status = 'completed', end_time = ?, model = 'm'"
                    " WHERE id = ?",
                    ((start + timedelta(seconds=chance.randrange(900))).isoformat(), key),
                ),
                ("DELETE FROM agent_invocations WHERE id = ?", (key,)),
                (
                    "INSERT OR REPLACE INTO sessions (session_id, start_time, end_time, status)"
                    " VALUES (?, ?, ?, 'completed')",
                    (session, start.isoformat(), (start + timedelta(hours=1)).isoformat()),
                ),
            ]
        )
        with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
            connection.execute(statement, values)
        time.sleep(0.002)


@contextmanager
def forked(job: Callable[[], None]) -> Iterator[int]:
    """A child that does a job; killed in the end, if it has not ended by itself."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            job()
            status = 0
        finally:
            os._exit(status)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def again_and_again(job: Job, path: Path) -> None:
    """The job, over and over."""
    while True:
        job(path)


def consume(path: Path) -> None:
    """Bring derived values up to date, and prune."""
    with open_database(path, lock_timeout=20).own_connection() as connection:
        Deriver(connection, catalogue.bounds).round()
        for source in catalogue.sources:
            prune(connection, source, Retention(timedelta(0), 50))


def take(path: Path) -> None:
    """A consumer that keeps each change in a table of its own."""
    with open_database(path, lock_timeout=20).own_connection() as connection:
        consumer = Consumer(connection, agent_invocations, "own")
        taken = 1
        while taken:
            with consumer.take(20) as batch:
                connection.executemany(
                    "INSERT INTO taken VALUES (?)", [(change.seq,) for change in batch]
                )
                taken = len(batch)


def drift_and_repair(path: Path) -> None:
    """Spoil a table, and mend it."""
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        connection.execute("UPDATE agent_stats SET invocations = invocations + 1")
    repair(open_database(path, lock_timeout=20), catalogue)


JOBS: dict[str, Job] = {
    "consume": consume,
    "take": take,
    "verify": lambda path: None if not verify(_engine(path), catalogue).drifts else os.abort(),
    "repair": drift_and_repair,
    "rebuild": lambda path: None if rebuild(_engine(path), catalogue) else os.abort(),
    "prune": consume,
    "migrate": lambda path: upgrade(str(path)),
}


def _engine(path: Path):  # type: ignore[no-untyped-def]
    return open_database(path, lock_timeout=20)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "agent_workflow.db"
    write_sample(path, ROWS, row_bytes=300, until=datetime(2026, 11, 10, 15, 30))
    return path


def prepare(plain: Path, folder: Path, *, is_migrated: bool) -> Path:
    """A database of one's own, in WAL."""
    path = Path(shutil.copyfile(plain, folder / plain.name))
    if is_migrated:
        upgrade(str(path))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE taken (seq INTEGER)")
    return path


@pytest.mark.parametrize("name", JOBS)
def test_killed_at_random_instants_with_two_writers(name: str, plain: Path, tmp_path: Path) -> None:
    chance = random.Random(name)
    path = prepare(plain, tmp_path, is_migrated=name != "migrate")
    job = JOBS[name]
    if name == "take":
        take(path)  # it begins here, before anything is written
    with forked(lambda: write(path, 1)), forked(lambda: write(path, 2)):
        for number in range(KILLS):
            if name == "migrate" and number % 5 == 0 and number:
                with Store(path) as store:  # whole by now? then begin with another one
                    if store.status().ok:
                        break
            with forked(lambda: again_and_again(job, path)):
                time.sleep(chance.random() * LONGEST_S)
        job(path)
    job(path)
    check(path, name)


def check(path: Path, name: str) -> None:
    """No drift, nothing left over, no change lost or taken twice."""
    opened = open_database(path)
    found = verify(opened, catalogue).drifts
    assert not found, found[:5]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        wrong = differences(stored(connection), recompute(connection))
        assert not wrong, "\n".join(wrong[:10])
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if name == "take":
            taken = [seq for (seq,) in connection.execute("SELECT seq FROM taken ORDER BY seq")]
            (newest,) = connection.execute(
                "SELECT max(seq) FROM agent_invocation_changes"
            ).fetchone()
            assert len(taken) > 100
            assert taken == list(range(1, newest + 1))
        if name == "consume":
            pending = "SELECT count(*) FROM session_overlap WHERE is_pending"
            assert connection.execute(pending).fetchone() == (0,)
        left = "SELECT name FROM sqlite_master WHERE name LIKE '%rebuilding%'"
        assert connection.execute(left).fetchall() == []
    with Store(path) as store:
        status = store.status()
        assert status.ok, status.findings
