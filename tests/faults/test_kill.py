"""`kill -9` at any instant of a migration or a repair, while hooks write: nothing is lost."""

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hook_writer import writing
from oracle import differences, recompute, stored

from aggregates.installing import upgrading
from aggregates.samples import write_sample
from aggregates.store import Store

ROWS = 20_000
UNTIL = datetime(2026, 11, 10, 15, 30)
RUNS = [(0, "wal"), (1, "keep"), (2, "wal"), (3, "keep")]
"""Seed and journal mode, of six kills each."""

SOURCES = 3
"""How many tables are read, one after the other."""

ABSENT, ADOPTING, FILLING, FILLED, DONE = range(5)
"""Stages of a migration."""

_COMMAND = [sys.executable, "-c", "from aggregates.cli import main; main()"]


def start(command: str, path: Path, *options: str) -> subprocess.Popen[str]:
    """One of our commands as a process."""
    return subprocess.Popen(
        [*_COMMAND, command, "--database", str(path), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(command: str, path: Path, *options: str) -> None:
    """Run one of our commands, which must do well."""
    process = start(command, path, *options)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")


def kill(process: subprocess.Popen[str], *, may_have_ended: bool = False) -> None:
    """`kill -9`; unless it says so, it must not have ended before."""
    process.kill()
    _, errors = process.communicate(timeout=60)
    allowed = (-9, 0) if may_have_ended else (-9,)
    assert process.returncode in allowed, f"it ended before it was killed: {errors}"


class Progress(NamedTuple):
    """How far a migration has got, as anybody can read it in the database."""

    stage: int
    mark: float | None = float("-inf")
    """of the source that is being read"""
    rows_read: int = 0
    """of all sources"""
    sources: int = 0
    """that are not done"""

    def has_read(self, rows: int) -> bool:
        """Whether so many rows of the first source have been read, or all of them."""
        return self.rows_read > rows or self.has_done(1)

    def has_done(self, sources: int) -> bool:
        """Whether so many sources are done."""
        return self.stage == DONE or (
            self.stage in (FILLING, FILLED) and self.sources <= SOURCES - sources
        )


def progress(path: Path) -> Progress:
    """How far a migration has got."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "_aggregates_version" not in tables:
            return Progress(ABSENT)
        if "_aggregates_backfills" not in tables:
            return Progress(ADOPTING)
        found = connection.execute(
            "SELECT mark, rows_read FROM _aggregates_backfills ORDER BY rowid"
        ).fetchall()
        if found:
            (mark, _), *others = found
            is_filled = not others and mark == float("inf")
            rows = sum(row[1] for row in found)
            return Progress(FILLED if is_filled else FILLING, mark, rows, len(found))
        versions = connection.execute("SELECT version_num FROM _aggregates_version").fetchall()
        return Progress(DONE if versions == [(upgrading.head(),)] else ADOPTING)


def check_exact(path: Path) -> None:
    """Everything agrees with the oracle, and nothing is missing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        found = differences(stored(connection), recompute(connection))
        assert not found, "\n".join(found[:20])
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with Store(path) as store:
        assert store.status().findings == []
        assert store.status().ok
        assert store.verify().drifts == []


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "agent_workflow.db"
    write_sample(path, ROWS, row_bytes=400, until=UNTIL)
    return path


@pytest.fixture
def database(sample: Path, tmp_path: Path) -> Iterator[Path]:
    path = Path(shutil.copyfile(sample, tmp_path / "agent_workflow.db"))
    yield path
    shutil.rmtree(tmp_path)


def kill_when(
    is_time: Callable[[Progress], bool],
    path: Path,
    delay: float = 0.0,
    *options: str,
    may_have_ended: bool = False,
) -> Progress:
    """Kill a migration some time after it has come so far; how far it came in fact."""
    process = start("migrate", path, *options)
    while process.poll() is None and not is_time(progress(path)):
        time.sleep(0.001)
    time.sleep(delay)
    kill(process, may_have_ended=may_have_ended)
    return progress(path)


@pytest.fixture(scope="module")
def seconds_to_adopt(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """From the start of the process until tables are there to be filled."""
    path = Path(shutil.copyfile(sample, tmp_path_factory.mktemp("timing") / "agent_workflow.db"))
    started = time.monotonic()
    kill_when(lambda reached: reached.stage >= FILLING, path)
    return time.monotonic() - started


@pytest.mark.parametrize(("seed", "journal_mode"), RUNS)
def test_a_migration_goes_on_where_it_was_killed(
    seed: int, journal_mode: str, database: Path, seconds_to_adopt: float
) -> None:
    chance = random.Random(f"kill {seed}")
    options = ("--journal-mode", journal_mode)
    read = [int(ROWS * chance.uniform(*part)) for part in ((0, 0.4), (0.4, 0.8))]
    reached = []

    def killed(is_time: Callable[[Progress], bool], longest_delay: float = 0.03) -> None:
        delay = chance.uniform(0, longest_delay)
        reached.append(kill_when(is_time, database, delay, *options, may_have_ended=True))

    with writing(database, seed) as report:
        # Starting or adopting, early in a backfill, late in it, and at its end.
        instant = time.monotonic() + chance.uniform(seconds_to_adopt / 2, seconds_to_adopt)
        killed(lambda now: now.stage >= FILLING or time.monotonic() > instant, 0)
        killed(lambda now: now.has_read(read[0]))
        killed(lambda now: now.has_read(read[1]), 0)
        # When the first of several sources is done, when another is, and at the end.
        killed(lambda now: now.has_done(1), 0)
        killed(lambda now: now.has_done(2), 0.005)
        killed(lambda now: now.has_done(SOURCES), 0.01)
        finish("migrate", database, *options)
        time.sleep(0.2)
    print(f"killed at {reached}; {report}")
    assert report.failures == []
    assert report.writes > 100
    hit = {one.sources for one in reached if one.stage == FILLING and one.mark is not None}
    assert SOURCES in hit, "the first backfill was not hit"
    assert hit - {SOURCES}, "no later backfill was hit"
    check_exact(database)


def test_a_migration_begins_again_where_the_log_was_pruned_meanwhile(database: Path) -> None:
    killed = kill_when(lambda now: now.stage == FILLING and now.rows_read > ROWS // 4, database)
    assert killed.stage == FILLING
    with closing(sqlite3.connect(database)) as connection:
        for status in ("failed", "completed", "failed", "completed", "failed", "completed", "x"):
            connection.execute("UPDATE agent_invocations SET status = ?", (status,))
        connection.commit()
        (oldest,) = connection.execute("SELECT min(seq) FROM agent_invocation_changes").fetchone()
        (known,) = connection.execute("SELECT seq FROM _aggregates_backfills").fetchone()
    assert oldest > known + 1, "the log still holds everything"
    with writing(database) as report:
        # While it empties the tables, as it begins to fill them, and later.
        emptying = kill_when(lambda now: now.mark is None, database)
        kill_when(lambda now: now.mark is not None, database)
        kill_when(lambda now: now.mark is not None and now.rows_read > 0, database)
        finish("migrate", database)
    print(f"killed at {killed} and {emptying}; {report}")
    assert report.failures == []
    check_exact(database)


COUNTED_BY_THEMSELVES = {"agent_hourly", "agent_stats", "agent_durations", "open_runs"}
"""Tables to which a write posts the same whatever they hold."""


def wrong_keys(path: Path) -> set[tuple[object, ...]]:
    """Table and key of all drift."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        found, right = stored(connection), recompute(connection)
    return {
        (name, key)
        for name in found
        for key in found[name].keys() | right[name].keys()
        if found[name].get(key) != right[name].get(key)
    }


def not_yet_repaired(path: Path) -> int:
    """How many of the planted rows of `agent_hourly`, the ones below zero, are left."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT count(*) FROM agent_hourly WHERE tokens_sum < 0"
        (count,) = connection.execute(query).fetchone()
    return int(count)


def test_a_killed_repair_does_no_harm_and_the_next_one_finishes(tmp_path: Path) -> None:
    database = tmp_path / "agent_workflow.db"
    write_sample(database, ROWS // 3, row_bytes=400, until=UNTIL)
    finish("migrate", database)
    with closing(sqlite3.connect(database)) as connection:
        for statement in (
            "UPDATE agent_hourly SET tokens_sum = -1 - tokens_sum",
            "UPDATE agent_stats SET duration_ms_sum = -1 WHERE status = 'completed'",
            "DELETE FROM agent_durations WHERE le_ms % 2",
            "DELETE FROM _aggregates_by_session WHERE part = 1 AND session_id < '1'",
            "DELETE FROM open_runs WHERE invocation_id % 2",
            "INSERT INTO _aggregates_by_agent (agent_name, part, member, id, invocations)"
            " VALUES ('ghost', 1, '', 0, 5)",
        ):
            assert connection.execute(statement).rowcount > 0
        connection.commit()
    planted = wrong_keys(database)

    chance = random.Random("kill repair")
    left = [not_yet_repaired(database)]
    with writing(database) as report:
        for _ in range(3):
            process = start("repair", database)
            while not_yet_repaired(database) == left[-1] and process.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.03))
            kill(process)
            # A write that meets a missing pair counts it wrongly, elsewhere, without a repair too.
            found = {one for one in wrong_keys(database) if one[0] in COUNTED_BY_THEMSELVES}
            assert found <= planted, "a killed repair has made more wrong"
            left.append(not_yet_repaired(database))
        finish("repair", database)
    print(f"{len(planted)} keys planted; {left} of agent_hourly left; {report}")
    assert report.failures == []
    assert 0 < left[-1] < left[0], "no kill hit the mending"
    check_exact(database)
