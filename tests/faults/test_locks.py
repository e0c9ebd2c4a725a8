"""Locks: hooks never wait long for us, and we say so where others do not let us in.

AGGREGATES_LOCK_ROWS=1000000 is the long mode, in which no write may wait for 500 ms.
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from hook_writer import Report, writing
from oracle import differences, recompute, stored

from aggregates.cli import databases, main
from aggregates.installing.upgrading import upgrade
from aggregates.samples import write_sample
from aggregates.store import Store

ROWS = int(os.environ.get("AGGREGATES_LOCK_ROWS", "50000"))
IS_LONG = ROWS >= 1_000_000
LONGEST_WAIT_MS = 500
FEW_ROWS = 5_000
LOCKED = 11

_COMMAND = [sys.executable, "-c", "from aggregates.cli import main; main()"]


def start(
    command: str, path: Path, *options: str, prepare: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    """One of our commands as a process."""
    return subprocess.Popen(
        [*_COMMAND, command, "--database", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and errors of a process."""
    _, errors = process.communicate(timeout=3600)
    return process.returncode, errors


def sample(folder: Path, rows: int, row_bytes: int) -> Path:
    """A sample database."""
    path = folder / "agent_workflow.db"
    write_sample(path, rows, row_bytes=row_bytes, until=datetime(2026, 11, 10, 15, 30))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = sample(tmp_path_factory.mktemp("large"), ROWS, 1400)
    yield path
    shutil.rmtree(path.parent)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample(tmp_path_factory.mktemp("small"), FEW_ROWS, 400)


def copy(path: Path, folder: Path) -> Path:
    """A database of one's own."""
    made = Path(shutil.copyfile(path, folder / path.name))
    os.sync()  # a writer's commit must not wait for what the copy has left to be written
    return made


def check_exact(path: Path) -> None:
    """Everything agrees with the oracle."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        found = differences(stored(connection), recompute(connection))
        assert not found, "\n".join(found[:20])
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with Store(path) as store:
        assert store.status().ok


def check_waits(what: str, report: Report, seconds: float) -> None:
    """Nothing was lost, and nothing waited for long."""
    mean = report.total_ms / report.writes
    print(
        f"{what}, {ROWS:,} rows, {seconds:.1f} s: {report.writes} writes,"
        f" the longest took {report.longest_ms} ms, on average {mean:.1f} ms"
    )
    assert report.failures == []
    assert report.writes > 10
    if IS_LONG:
        assert report.longest_ms < LONGEST_WAIT_MS


@pytest.mark.parametrize("journal_mode", ["wal", "keep"])
def test_no_writer_waits_for_long(journal_mode: str, large: Path, tmp_path: Path) -> None:
    path = copy(large, tmp_path)
    for command in ("migrate", "verify", "repair"):
        options = ["--journal-mode", journal_mode] if command == "migrate" else []
        if command == "repair":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(
                    "UPDATE agent_hourly SET invocations = -1 WHERE hour > '2026-11'"
                )
                connection.execute("DELETE FROM agent_durations WHERE le_ms % 2")
                connection.commit()
        with writing(path, pause=0.005) as report:
            started = time.monotonic()
            ended = finish(start(command, path, *options))
            seconds = time.monotonic() - started
        # Where writers are as busy as this, we may have to wait for them.
        told = [one for one in ended[1].splitlines() if not one.startswith("waiting for the lock")]
        assert (ended[0], told) == (0, []), command
        check_waits(f"{command} ({journal_mode})", report, seconds)
    with closing(sqlite3.connect(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal" if journal_mode == "wal" else "delete")
    check_exact(path)
    shutil.rmtree(tmp_path)


def test_many_writers_lose_nothing(small: Path, tmp_path: Path) -> None:
    path = copy(small, tmp_path)
    with ExitStack() as stack:
        reports = [stack.enter_context(writing(path, seed, 0.05)) for seed in range(4)]
        for command in ("migrate", "verify", "repair"):
            status, errors = finish(start(command, path))
            assert status == 0
            assert all(line.startswith("waiting for ") for line in errors.splitlines())
    assert [report.failures for report in reports] == [[]] * 4
    check_exact(path)


def test_two_migrations_at_once_are_as_good_as_one(tmp_path: Path) -> None:
    """As when a service and a person start one at the same time."""
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 0)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(  # nothing in a UNIQUE table: adding up twice goes unnoticed
            "INSERT INTO agent_invocations (event_type, raw_output) VALUES ('subagent_stop', ?)",
            [("x" * 300,)] * 60_000,
        )
        connection.commit()
    processes = [start("migrate", path) for _ in range(3)]
    ended = [finish(process) for process in processes]
    check_exact(path)
    assert {status for status, _ in ended} <= {0, LOCKED}, ended
    assert 0 in {status for status, _ in ended}


def test_a_locked_database_is_named_with_what_to_do(small: Path, tmp_path: Path) -> None:
    fresh, migrated = tmp_path / "fresh.db", tmp_path / "migrated.db"
    shutil.copyfile(small, fresh)
    shutil.copyfile(small, migrated)
    assert finish(start("migrate", migrated, "--journal-mode", "keep")) == (0, "")
    before = sha256(fresh.read_bytes()).hexdigest()
    with ExitStack() as stack:
        for path in (fresh, migrated):
            connection = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            connection.execute("BEGIN EXCLUSIVE")
        # All at the same time: a migration waits for a minute.
        processes = [
            (path, start(command, path, *options))
            for path, command, *options in (
                (migrated, "status"),
                (migrated, "status", "--json"),
                (migrated, "collect"),
                (migrated, "verify", "--wait", "3"),
                (migrated, "repair", "--wait", "3"),
                (migrated, "rebuild", "--wait", "3"),
                (migrated, "run", "--once", "--wait", "3"),
                (migrated, "migrate", "--wait", "3"),
                (migrated, "downgrade", "--yes", "--wait", "3"),
                (fresh, "migrate", "--wait", "3"),
                (fresh, "migrate", "--journal-mode", "keep", "--wait", "3"),
            )
        ]
        for path, process in processes:
            out, errors = process.communicate(timeout=120)
            assert process.returncode == LOCKED, process.args
            assert out == ""
            waiting = (
                f"waiting for the lock that another program holds of {path}, for up to 3 s\n"
                if "--wait" in process.args
                else ""
            )
            assert errors == (
                f"{waiting}error: another program holds the lock of {path} (database is locked);"
                " try again later\n"
            )
    assert sha256(fresh.read_bytes()).hexdigest() == before
    assert finish(start("migrate", fresh)) == (0, "")
    check_exact(fresh)
    check_exact(migrated)


@pytest.mark.parametrize(
    ("command", "begin"),
    [
        (("migrate",), "BEGIN IMMEDIATE"),
        (("migrate",), "BEGIN"),
        (("run", "--migrate", "--once"), "BEGIN IMMEDIATE"),
    ],
)
def test_a_migration_says_at_once_what_it_waits_for(
    command: tuple[str, ...], begin: str, small: Path, tmp_path: Path
) -> None:
    path = copy(small, tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(begin)
        other.execute("SELECT count(*) FROM agent_invocations").fetchone()
        process = start(command[0], path, *command[1:])
        assert process.stderr is not None
        told = process.stderr.readline()
        assert process.poll() is None
        other.execute("COMMIT")
    assert told.startswith("waiting for the ")
    assert told.endswith(f" {path}, for up to 60 s\n")
    assert finish(process) == (0, "")
    check_exact(path)


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN"])
def test_a_migration_ends_where_a_lock_stays(begin: str, small: Path, tmp_path: Path) -> None:
    path = copy(small, tmp_path)
    before = sha256(path.read_bytes()).hexdigest()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(begin)
        other.execute("SELECT count(*) FROM agent_invocations").fetchone()
        process = start("migrate", path, "--wait", "3")
        assert process.stderr is not None
        process.stderr.readline()
        started = time.monotonic()
        status, errors = finish(process)
        assert (status, time.monotonic() - started < 15) == (LOCKED, True)
    assert errors.startswith("error: ")
    assert sha256(path.read_bytes()).hexdigest() == before


def test_a_reinstall_says_what_it_waits_for(small: Path, tmp_path: Path) -> None:
    path = copy(small, tmp_path)
    assert finish(start("migrate", path)) == (0, "")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = start("migrate", path, "--reinstall", "--wait", "3")
        status, errors = finish(process)
    assert status == LOCKED
    assert errors.startswith("waiting for the lock that another program holds of ")


def test_a_migration_that_has_nothing_to_do_says_what_it_waits_for(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is taken just after the migration, before it is looked at what there is."""
    path = copy(small, tmp_path)
    assert finish(start("migrate", path, "--journal-mode", "keep")) == (0, "")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        monkeypatch.setattr(databases, "migrate", lambda *_, **__: other.execute("BEGIN EXCLUSIVE"))
        command = ["migrate", "--wait", "1", "--database", str(path)]
        done = CliRunner().invoke(main, command)
    assert (done.exit_code, done.stdout) == (LOCKED, "")
    assert done.stderr.startswith(
        f"waiting for the lock that another program holds of {path}, for up to 1 s\nerror: "
    )


def test_a_writer_that_holds_its_lock_shuts_no_reader_out_in_wal(
    small: Path, tmp_path: Path
) -> None:
    path = copy(small, tmp_path)
    assert finish(start("migrate", path)) == (0, "")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        for command in ("status", "collect"):
            assert finish(start(command, path)) == (0, ""), command


@pytest.mark.parametrize(
    "command", [("verify",), ("repair",), ("rebuild",), ("run", "--once")], ids=" ".join
)
def test_what_cannot_be_recorded_is_not_well(
    command: tuple[str, ...], small: Path, tmp_path: Path
) -> None:
    """In WAL all can be compared beside a writer that holds its lock."""
    path = copy(small, tmp_path)
    upgrade(str(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = CliRunner().invoke(main, [*command, "--wait", "1", "--database", str(path)])
    assert done.exit_code == LOCKED
    told, said = done.stderr.splitlines()
    assert told == f"waiting for the lock that another program holds of {path}, for up to 1 s"
    assert said.startswith("error: another program holds the lock of ")
    if command[0] in ("verify", "repair"):
        assert "no drift" in done.stdout
    with Store(path) as store:
        assert store.status().proofs == []


def test_a_repair_that_others_interrupt_says_what_it_waits_for(small: Path, tmp_path: Path) -> None:
    path = copy(small, tmp_path)
    upgrade(str(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE agent_stats SET invocations = invocations + 1")
        other.execute("BEGIN IMMEDIATE")
        process = start("repair", path)
        assert process.stderr is not None
        assert process.stderr.readline().endswith(f" {path}, for up to 60 s\n")
        other.execute("COMMIT")
    assert finish(process)[0] == 0
    check_exact(path)


def limited_to(size: int) -> Callable[[], None]:
    """Let a process write no file beyond a size, as a full disk would."""

    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return prepare


@pytest.mark.parametrize("journal_mode", ["wal", "keep"])
def test_a_full_disk_is_reported_and_nothing_is_lost(
    journal_mode: str, small: Path, tmp_path: Path
) -> None:
    path = copy(small, tmp_path)
    options = ("--journal-mode", journal_mode)
    assert finish(start("migrate", path, *options)) == (0, "")
    needed = path.stat().st_size
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM agent_invocations").fetchall()
    failed = 0
    had = small.stat().st_size
    for part in (0.0, 0.05, 0.5):
        path = copy(small, tmp_path)
        # In WAL the log is the file that grows; it holds each page as often as it was written.
        size = had + int((needed - had) * part) if journal_mode == "keep" else int(had * part)
        status, errors = finish(start("migrate", path, *options, prepare=limited_to(size)))
        failed += status != 0
        if status != 0:
            assert (status, errors.count("\n")) == (1, 1), errors
            assert str(path) in errors
            assert "full" in errors or "disk" in errors
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            connection.execute("UPDATE agent_invocations SET status = status")
            connection.commit()
        assert finish(start("migrate", path, *options)) == (0, "")
        check_exact(path)
        with closing(sqlite3.connect(path)) as connection:
            now = connection.execute("SELECT * FROM agent_invocations").fetchall()
        assert [row[:-1] for row in now] == [row[:-1] for row in rows]
    assert failed >= 2
