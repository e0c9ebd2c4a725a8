"""A restore or a deploy puts another file in the place of the database that is open."""

import fcntl
import json
import logging
import os
import pty
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import pytest
from conftest import MakeDatabase

from aggregates.engines.sqlite.files import OpenedFile
from aggregates.errors import DatabaseMissing, DatabaseReplaced, DatabaseVanished
from aggregates.store import Store

INSERT = "INSERT INTO agent_invocations (agent_name) VALUES (?)"


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        insert(found, "old")
        yield found


@pytest.fixture
def other(path: Path, migrated_database: MakeDatabase) -> Iterator[Path]:
    """A database of other rows, on the same file system."""
    with migrated_database("plain") as found:
        insert(found, "new", "new", "new")
        yield found


def insert(path: Path, *agents: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(INSERT, [(agent,) for agent in agents])


def put(other: Path, path: Path) -> None:
    """As a restore does: what SQLite keeps beside the old file is of no use to the new one."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    other.replace(path)


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command, which is killed where a test ends early."""
    with subprocess.Popen(
        [sys.executable, "-m", "aggregates", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(stream: IO[str] | None, is_it: Callable[[str], bool]) -> None:
    """Read lines until one is what was waited for."""
    assert stream is not None
    deadline = time.monotonic() + 30
    while not is_it(stream.readline()):
        assert time.monotonic() < deadline


def agents(line: str) -> dict[str, int]:
    """Of a line that `run --json` has printed."""
    return {one["agent_name"]: one["invocations"] for one in json.loads(line)["agents"]}


@pytest.mark.parametrize("named", ["{}", "sqlite:///{}", "sqlite:///file:{}?mode=ro&uri=true"])
def test_a_kept_store_reads_what_is_at_its_path(
    named: str, path: Path, other: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(named.format(path)) as store:
        assert [one.agent_name for one in store.agents()] == ["old"]
        put(other, path)
        with caplog.at_level(logging.WARNING, "aggregates"):
            assert [(one.agent_name, one.invocations) for one in store.agents()] == [("new", 3)]
            assert store.totals()["invocations"] == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"another file has taken the place of {path}: opened anew"
    ]


def test_a_store_whose_file_goes_says_so_and_makes_none(path: Path, tmp_path: Path) -> None:
    away = tmp_path / "away.db"
    with Store(path) as store:
        store.totals()
        path.rename(away)
        for ask in (store.totals, store.verify, store.consumers, lambda: store.changes("mine")):
            with pytest.raises(DatabaseVanished, match="there is no database at"):
                ask()
        assert not path.exists()
        away.rename(path)
        assert store.totals()["invocations"] == 1


def test_what_is_left_beside_a_file_that_goes_is_named(path: Path, tmp_path: Path) -> None:
    """SQLite would take it for that of the next file, and damage it."""
    with Store(path) as store, closing(sqlite3.connect(path)) as writer:
        writer.execute(INSERT, ("more",))
        writer.commit()
        path.unlink()
        wal = path.with_name(f"{path.name}-wal")
        with pytest.raises(DatabaseVanished, match=f"{wal.name} and {path.name}-shm beside it"):
            store.totals()
        assert wal.exists(), "they may go elsewhere with the file, and hold its last rows"


def test_a_position_in_the_old_file_holds_in_no_other(path: Path, other: Path) -> None:
    with Store(path) as store:
        consumer, log = store.changes("mine"), store.log()
        insert(path, "old")
        batch = consumer.poll()
        put(other, path)
        for ask in (
            consumer.poll,
            lambda: consumer.acknowledge(batch),
            lambda: log.read(0, 10),
        ):
            with pytest.raises(DatabaseReplaced, match="another file has taken the place"):
                ask()
        again = store.changes("mine")
        insert(path, "newest")
        assert [change.new["agent_name"] for change in again.poll()] == ["newest"]


def test_a_store_keeps_its_file_when_the_working_directory_changes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with Store(path.name) as store:
        monkeypatch.chdir(tmp_path)
        assert store.totals()["invocations"] == 1
        assert store.verify().drifts == []
    assert list(tmp_path.iterdir()) == []


def test_run_goes_on_with_the_file_that_is_there(path: Path, other: Path) -> None:
    with started("run", "--json", "--interval", "0.2", "--database", path) as process:
        wait_for(process.stdout, lambda line: agents(line) == {"old": 1})
        put(other, path)
        wait_for(process.stdout, lambda line: agents(line) == {"new": 3})
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM _aggregates_leases").fetchone() == (1,)
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"WARNING another file has taken the place of {path}" in errors


def test_run_waits_where_the_file_is_gone(path: Path, other: Path) -> None:
    with started("run", "--json", "--interval", "0.2", "--database", path) as process:
        wait_for(process.stdout, lambda line: agents(line) == {"old": 1})
        path.unlink()
        gone = f"error: there is no database at {path} any more"
        wait_for(process.stderr, lambda line: line.startswith(gone))
        assert not path.exists()
        put(other, path)
        wait_for(process.stdout, lambda line: agents(line) == {"new": 3})
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_watch_shows_the_file_that_is_there(path: Path, other: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    command = [sys.executable, "-m", "aggregates", "watch", "--interval", "0.1", "--database", path]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        try:
            os.close(theirs)
            seen = b""
            while b"1 run of 1 agent," not in seen:
                seen += os.read(ours, 65_536)
            put(other, path)
            while b"3 runs of 1 agent," not in seen:
                seen += os.read(ours, 65_536)
            assert b"WARNING another file has taken the place of" in seen
            process.terminate()
            while os.read(ours, 65_536):
                pass
        except OSError:
            pass  # the other end is closed
        finally:
            process.kill()
            os.close(ours)
    assert process.returncode == 0


@pytest.mark.parametrize("consumer", [(), ("--consumer", "mine")])
@pytest.mark.parametrize("status", [1, 10])
def test_following_changes_ends_with_the_file(
    path: Path, other: Path, consumer: tuple[str, ...], status: int
) -> None:
    with Store(path) as store:
        store.changes("mine", start="oldest")
    command = ("changes", "--follow", "--interval", "0.1", *consumer, "--database", path)
    with started(*command) as process:
        wait_for(process.stdout, lambda line: "old" in line)
        if status == 1:
            put(other, path)
        else:
            path.unlink()
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, out) == (status, "")
    assert errors.startswith(
        f"error: another file has taken the place of {path}"
        if status == 1
        else f"error: there is no database at {path}"
    )


def test_status_tells_of_a_file_that_only_a_mount_holds(
    path: Path, other: Path, tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted.db"
    mounted.touch()
    commands = (
        f"mount --bind {path} {mounted} && rm {path} &&"
        f" exec {sys.executable} -m aggregates status --json --database {mounted}"
    )
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    try:
        done = subprocess.run(
            [*unshare, "sh", "-c", commands], capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if not done.stdout:
        pytest.skip(f"cannot mount here: {done.stderr}")
    (warning,) = json.loads(done.stdout)["warnings"]
    assert (warning["kind"], warning["name"]) == ("deleted file", str(mounted))
    assert "mount its folder" in warning["detail"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_mount_of_the_file_itself_holds_one_that_is_deleted(path: Path) -> None:
    """As in a container into which only the file is mounted: its path leads to the old one."""
    with path.open() as held:
        mounted = OpenedFile(Path(f"/proc/self/fd/{held.fileno()}"))
        mounted.check()
        path.unlink()
        assert os.fstat(held.fileno()).st_nlink == 0
        with pytest.raises(DatabaseMissing, match="mount its folder") as raised:
            mounted.check()
        assert not isinstance(raised.value, DatabaseVanished)


def test_nothing_is_left_open_between_rounds_that_another_file_would_be_damaged_by(
    path: Path, other: Path
) -> None:
    log = path.with_name(f"{path.name}-wal")
    with started("run", "--json", "--interval", "1.5", "--database", path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        insert(path, *["more"] * 500)  # a writer that closes takes the log away, if it is the last
        for _ in range(200):
            if not log.exists():
                break
            insert(path, "once more")
            time.sleep(0.05)
        assert not log.exists()
        other.replace(path)
        process.stdout.readline()
        process.stdout.readline()
        process.terminate()
        process.communicate()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        count = connection.execute("SELECT count(*) FROM agent_invocations").fetchone()
    assert count == (3,)
