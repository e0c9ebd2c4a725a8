"""`kill -9` of upkeep, of consumers and of proofs at random instants, while two hooks write.

What a killed job has begun, the next one goes on with: in the end everything is what the source
tables say by themselves. Children are forked, as an interpreter takes longer to start than a job.
"""

import mmap
import os
import random
import shutil
import signal
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from derived_oracle import derived_differences
from hook_writer import _random_write
from oracle import differences, recompute, stored

from aggregates.changes import Change, Consumer
from aggregates.changes.pruning import Retention, prune
from aggregates.engines import driver, open_database
from aggregates.engines.base import Database
from aggregates.engines.tables import DURATIONS, OVERLAP
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations
from aggregates.proving import inspecting
from aggregates.proving.rebuilding import rebuild
from aggregates.proving.repairing import repair, verify
from aggregates.running.schedule import Schedule
from aggregates.running.upkeep import Upkeep
from aggregates.samples import write_sample
from aggregates.sessions import Deriver
from aggregates.testing import assert_consistent

ROWS, KILLS, LONGEST_S = 500, 22, 0.2
NEVER, ALWAYS = timedelta(days=1000), timedelta(0)
FEW = Retention(timedelta(days=7), 60)

Job = Callable[[Path], None]


class Counters:
    """Numbers that forked processes share."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 64)

    def __getitem__(self, place: int) -> int:
        (value,) = struct.unpack_from("q", self._shared, place * 8)
        return int(value)

    def count(self, place: int) -> None:
        """Each place has one process that counts there."""
        struct.pack_into("q", self._shared, place * 8, self[place] + 1)


BEGUN, ENDED, WRITES, FAILURES = 0, 1, 2, 4
"""Places of counters; those of writers are two each."""


@contextmanager
def forked(job: Callable[[], None]) -> Iterator[int]:
    """A child that does a job until it is killed in the end; it must not have failed before."""
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
        _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "it failed before it was killed"


def write(path: Path, number: int, counters: Counters) -> None:
    """Write as hooks do, each time over a connection with default settings, for ever."""
    chance = random.Random(number)
    while True:
        statement: tuple[str, tuple[object, ...]]
        if chance.random() < 0.2:
            start = datetime(2026, 10, 1, 9) + timedelta(seconds=chance.randrange(9999))
            end = start + timedelta(milliseconds=chance.randrange(9999))
            statement = (
                "INSERT OR REPLACE INTO sessions (session_id, start_time, end_time, status)"
                " VALUES (?, ?, ?, 'active')",
                (f"session-{chance.randrange(20)}", start.isoformat(), end.isoformat()),
            )
        else:
            statement = _random_write(chance, ROWS)
        try:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(*statement)
            counters.count(WRITES + number)
        except sqlite3.Error:
            counters.count(FAILURES + number)
        time.sleep(0.003)


def engine_of(path: Path) -> Database:
    return open_database(path, lock_timeout=20)


def upkeep(path: Path, schedule: Schedule) -> None:
    """Rounds; the lease of the one that was killed has expired."""
    opened = engine_of(path)
    with opened.own_connection() as connection:
        connection.execute("DELETE FROM _aggregates_leases")
    with Upkeep(opened, catalogue, schedule, lambda *progress: None) as one:
        for _ in range(3):
            assert one.round(wait=True) is not None


_NAMES = ("agent_name", "session_id", "status", "end_time", "duration_seconds")
_COLUMNS = ", ".join(_NAMES)


def mirror(path: Path) -> None:
    """A consumer that keeps a copy of the table. What is applied twice, or not, is noticed."""
    with engine_of(path).own_connection() as connection:
        consumer = Consumer(connection, agent_invocations, "mirror")
        taken = 1
        while taken:
            with consumer.take(15) as batch:
                for change in batch:
                    apply(connection, change)
                taken = len(batch)


def apply(connection: sqlite3.Connection, change: Change) -> None:
    if change.old is not None:
        old = (change.old_key or change.key, *(change.old[name] for name in _NAMES))
        gone = connection.execute(
            f"DELETE FROM mirror WHERE (id, {_COLUMNS}) IS (?, ?, ?, ?, ?, ?)", old
        )
        assert gone.rowcount == 1, change
    if change.new is not None:
        new = (change.key, *(change.new[name] for name in _NAMES))
        connection.execute("INSERT INTO mirror VALUES (?, ?, ?, ?, ?, ?)", new)


def poll(path: Path) -> None:
    """A consumer that writes elsewhere first, and acknowledges then: at least once."""
    with (
        engine_of(path).own_connection() as connection,
        closing(sqlite3.connect(path.with_name("elsewhere.db"), timeout=20)) as elsewhere,
    ):
        consumer = Consumer(connection, agent_invocations, "polling")
        while batch := consumer.poll(15):
            with elsewhere:
                elsewhere.executemany(
                    "INSERT OR IGNORE INTO seen VALUES (?)", [(one.seq,) for one in batch]
                )
            consumer.acknowledge(batch)


def consume_and_prune(path: Path) -> None:
    with engine_of(path).own_connection() as connection:
        Deriver(connection, catalogue.bounds).round()
        for source in catalogue.sources:
            prune(connection, source, FEW)


def prove(path: Path) -> None:
    """One of many short runs."""
    assert verify(engine_of(path), catalogue, budget=0.0).drifts == []


def mend(path: Path) -> None:
    """What is mended is spoilt anew, where nobody writes."""
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        for statement in (
            "INSERT OR REPLACE INTO _aggregates_by_agent (agent_name, part, member, id,"
            " invocations) VALUES ('ghost', 1, '', 0, 5)",
            "INSERT OR REPLACE INTO _aggregates_by_session (session_id, part, member, id,"
            " invocations) VALUES ('ghost', 1, 'ghost', 0, 3)",
            f"UPDATE {DURATIONS} SET sessions = sessions + 1",
            "UPDATE tool_stats SET uses = uses + 1",
        ):
            connection.execute(statement)
    repair(engine_of(path), catalogue)


def replace(path: Path) -> None:
    """A rebuild beside a repair and a consumer, each killed by itself."""
    opened = engine_of(path)
    rebuild(opened, catalogue, tables=["session_stats", "agent_activity", "tool_stats"])


JOBS: dict[str, Job] = {
    "upkeep that proves": lambda path: upkeep(path, Schedule(ALWAYS, NEVER, retention=FEW)),
    "upkeep that rebuilds": lambda path: upkeep(path, Schedule(NEVER, ALWAYS, retention=FEW)),
    "mirror": mirror,
    "poll": poll,
    "consume and prune": consume_and_prune,
    "prove": prove,
    "mend": mend,
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "agent_workflow.db"
    write_sample(path, ROWS, row_bytes=400, until=datetime(2026, 11, 10, 15, 30))
    upgrade(str(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE mirror (id INTEGER PRIMARY KEY, {_COLUMNS})")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    path = Path(shutil.copyfile(template, tmp_path / template.name))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in ("mirror", "polling"):
            Consumer(driver(connection), agent_invocations, name)
        connection.execute(f"INSERT INTO mirror SELECT id, {_COLUMNS} FROM agent_invocations")
    with closing(sqlite3.connect(path.with_name("elsewhere.db"))) as connection:
        connection.execute("CREATE TABLE seen (seq INTEGER PRIMARY KEY)")
    return path


def again_and_again(job: Job, path: Path, counters: Counters) -> None:
    while True:
        counters.count(BEGUN)
        job(path)
        counters.count(ENDED)


def check(path: Path) -> None:
    """Everything is what the source tables say by themselves."""
    opened = engine_of(path)
    assert verify(opened, catalogue).drifts == []
    for job in (consume_and_prune, mirror, poll):
        job(path)
    assert verify(opened, catalogue, tables=[OVERLAP, DURATIONS]).drifts == []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert_consistent(connection)
        connection.execute("BEGIN")
        wrong = differences(stored(connection), recompute(connection))
        wrong += derived_differences(connection)
        assert not wrong, "\n".join(wrong[:20])
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        mirrored = connection.execute("SELECT * FROM mirror ORDER BY id").fetchall()
        assert (
            mirrored
            == connection.execute(
                f"SELECT id, {_COLUMNS} FROM agent_invocations ORDER BY id"
            ).fetchall()
        )
        (newest,) = connection.execute("SELECT max(seq) FROM agent_invocation_changes").fetchone()
        left = "SELECT name FROM sqlite_master WHERE name GLOB '_aggregates_rebuilding_*'"
        assert connection.execute(left).fetchall() == []
    with closing(sqlite3.connect(path.with_name("elsewhere.db"))) as connection:
        seen = [seq for (seq,) in connection.execute("SELECT seq FROM seen ORDER BY seq")]
        assert seen == list(range(1, newest + 1))
    with opened.reading() as connected:
        found = inspecting.inspect(connected, catalogue.sources)
    assert found.ok, found.findings


@pytest.mark.parametrize("name", JOBS)
def test_killed_again_and_again(name: str, database: Path) -> None:
    chance = random.Random(name)
    job, counters = JOBS[name], Counters()
    with ExitStack() as stack:
        for number in range(2):
            stack.enter_context(forked(partial(write, database, number, counters)))
        for _ in range(KILLS):
            with forked(partial(again_and_again, job, database, counters)):
                time.sleep(chance.random() * LONGEST_S)
        job(database)
    job(database)
    print(
        f"{name}: {counters[BEGUN]} begun, {counters[ENDED]} ended;"
        f" {[counters[WRITES + number] for number in range(2)]} writes"
    )
    assert counters[BEGUN] - counters[ENDED] >= KILLS // 2, "few were killed at work"
    assert [counters[FAILURES + number] for number in range(2)] == [0, 0]
    assert all(counters[WRITES + number] > 30 for number in range(2))
    with closing(sqlite3.connect(database)) as connection:
        while (
            name == "prove" and not verify(engine_of(database), catalogue, budget=0.0).is_complete
        ):
            pass
        assert connection.execute("SELECT count(*) FROM agent_invocations").fetchone() > (100,)
    if name == "upkeep that rebuilds":
        rebuild(engine_of(database), catalogue)
    check(database)


def test_several_kinds_killed_side_by_side(database: Path) -> None:
    """Rebuild, repair, verify, a consumer and pruning at once, each killed by itself."""
    chance = random.Random("side by side")
    kinds = [replace, mend, consume_and_prune, mirror]
    counters = [Counters() for _ in kinds]
    writers = Counters()
    with ExitStack() as stack:
        stack.enter_context(forked(partial(write, database, 0, writers)))
        for _ in range(KILLS):
            with ExitStack() as jobs:
                for job, counter in zip(kinds, counters, strict=True):
                    work = partial(again_and_again, job, database, counter)
                    jobs.enter_context(forked(work))
                    time.sleep(chance.random() * LONGEST_S / 2)
        for job in kinds:
            job(database)
    repair(engine_of(database), catalogue)
    assert writers[FAILURES] == 0
    assert all(one[BEGUN] > one[ENDED] for one in counters)
    rebuild(
        engine_of(database), catalogue, tables=["session_stats", "agent_activity", "tool_stats"]
    )
    check(database)
