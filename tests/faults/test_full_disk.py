"""A full disk, and a lock that others hold: a clear error, nothing lost, and the next goes on."""

import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from derived_oracle import derived_differences
from oracle import differences, recompute, stored
from sqlalchemy import event

from aggregates.changes import Consumer
from aggregates.engines import driver, explained, open_database
from aggregates.engines.base import Database
from aggregates.errors import AggregatesError, DatabaseLocked
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations
from aggregates.proving import inspecting
from aggregates.proving.rebuilding import rebuild
from aggregates.proving.reinstalling import reinstall
from aggregates.proving.repairing import repair, verify
from aggregates.running.schedule import Schedule
from aggregates.running.upkeep import Upkeep
from aggregates.samples import write_sample
from aggregates.sessions import Deriver

ROWS = 600

Job = Callable[[Database], object]


@pytest.fixture(scope="module", params=["wal", "keep"])
def template(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    path = tmp_path_factory.mktemp("template") / "agent_workflow.db"
    write_sample(path, ROWS, row_bytes=400, until=datetime(2026, 11, 10, 15, 30))
    upgrade(str(path), journal_mode=request.param)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Path]:
    """A database with a consumer, changes for it, and drift."""
    path = Path(shutil.copyfile(template, tmp_path / template.name))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        Consumer(driver(connection), agent_invocations, "own")
        connection.execute("CREATE TABLE own (seq INTEGER PRIMARY KEY, padding)")
        connection.execute("UPDATE agent_invocations SET phase = 'moved' WHERE id % 3 = 0")
        connection.execute("DELETE FROM agent_hourly WHERE hour > '2026-10-10'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield path
    shutil.rmtree(tmp_path)


def derive(opened: Database) -> object:
    with opened.own_connection() as connection:
        return Deriver(connection, catalogue.bounds).round()


def take(opened: Database) -> object:
    """A consumer that keeps what needs a lot of room."""
    with opened.own_connection() as connection:
        consumer = Consumer(connection, agent_invocations, "own")
        taken = 1
        while taken:
            with consumer.take(20) as batch:
                connection.executemany(
                    "INSERT INTO own VALUES (?, zeroblob(4000))", [(one.seq,) for one in batch]
                )
                taken = len(batch)
        return taken


def round_of_upkeep(opened: Database) -> object:
    with Upkeep(opened, catalogue, Schedule(), lambda *progress: None) as upkeep:
        return upkeep.round(wait=True)


JOBS: dict[str, Job] = {
    "derive": derive,
    "take": take,
    "verify": lambda opened: verify(opened, catalogue),
    "prove": lambda opened: verify(opened, catalogue, budget=60.0),
    "repair": lambda opened: repair(opened, catalogue),
    "rebuild": lambda opened: rebuild(opened, catalogue),
    "reinstall": lambda opened: reinstall(opened, catalogue.sources),
    "upkeep": round_of_upkeep,
}


def rows_of_sources(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            row
            for name in ("agent_invocations", "sessions", "agent_tool_uses")
            for row in connection.execute(f"SELECT * FROM {name}")
        ]


def check_goes_on(path: Path, sources: list[tuple[object, ...]]) -> None:
    """With room, or the lock, everything becomes right."""
    opened = open_database(path)
    assert rows_of_sources(path) == sources
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for job in ("repair", "rebuild", "derive", "take"):
        JOBS[job](opened)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        wrong = differences(stored(connection), recompute(connection))
        wrong += derived_differences(connection)
        assert not wrong, "\n".join(wrong[:20])
        taken = [seq for (seq,) in connection.execute("SELECT seq FROM own ORDER BY seq")]
        (newest,) = connection.execute("SELECT max(seq) FROM agent_invocation_changes").fetchone()
        assert taken == list(range(1, newest + 1))
    with opened.reading() as connected:
        found = inspecting.inspect(connected, catalogue.sources)
    assert found.ok, found.findings


@pytest.mark.parametrize("name", ["take", "repair", "rebuild"])
def test_a_database_that_may_not_grow(name: str, database: Path) -> None:
    """SQLite's own limit: what needs more pages fails, at once or on its way."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("DELETE FROM agent_hourly")
        connection.execute("VACUUM")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    sources = rows_of_sources(database)
    failures = []
    for room in (0, 1, 3, 9):
        opened = open_database(database)

        @event.listens_for(opened.engine, "connect")
        def limit(connection: sqlite3.Connection, record: object, most: int = pages + room) -> None:
            connection.execute(f"PRAGMA max_page_count = {most}")

        try:
            with explained(str(database)):
                JOBS[name](opened)
        except AggregatesError as error:
            failures.append(str(error))
    assert failures, "it needed no room"
    for message in failures:
        assert "database or disk is full" in message
        assert "free space" in message
        assert str(database) in message
    check_goes_on(database, sources)


def limited(job: Job, path: Path, size: int) -> int:
    """Do a job in a process that may write no file beyond a size; 0, or 3 where it was told."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            try:
                with explained(str(path)):
                    job(open_database(path))
                status = 0
            except AggregatesError as error:
                words = str(error)
                status = 3 if "full" in words or "disk I/O" in words else 4
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended)


@pytest.mark.parametrize("name", [name for name in JOBS if name != "upkeep"])
def test_a_disk_that_is_full(name: str, database: Path) -> None:
    """A limit on the size of files stands for it: of the journals and the proof, too."""
    sources = rows_of_sources(database)
    ended = [
        limited(JOBS[name], database, size)
        for size in (4096, 50_000, 200_000, database.stat().st_size)
    ]
    assert set(ended) <= {0, 3}, "it failed otherwise"
    assert 3 in ended or name == "verify", "it needed no room"
    if name == "reinstall":  # which tells consumers to begin anew
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            Consumer(driver(connection), agent_invocations, "own").reset("oldest")
    check_goes_on(database, sources)
    assert not list(database.parent.glob("*-proof*")) or name == "prove"
    verify(open_database(database), catalogue, budget=60.0)
    assert not list(database.parent.glob("*-proof*"))


@pytest.mark.parametrize("name", JOBS)
def test_a_lock_that_another_holds(name: str, database: Path) -> None:
    sources = rows_of_sources(database)
    opened = open_database(database, lock_timeout=0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        (mode,) = other.execute("PRAGMA journal_mode").fetchone()
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE sessions SET status = 'theirs'")
        if mode == "wal" and name in ("verify", "prove"):
            assert JOBS[name](opened) is not None
        else:
            with (
                pytest.raises(DatabaseLocked, match="another program holds the lock"),
                explained(str(database)),
            ):
                JOBS[name](opened)
        other.execute("ROLLBACK")
    check_goes_on(database, sources)
