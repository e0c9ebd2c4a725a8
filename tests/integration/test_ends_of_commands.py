"""A limit is kept, a failed job is no success, and an error ends a command in one line."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase

from aggregates.store import Store

INSERT = "INSERT INTO agent_invocations (agent_name) VALUES ('a')"


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        yield found


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "aggregates", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    out, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    return process.returncode, out, errors


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_limit_takes_no_more_from_a_consumer(path: Path) -> None:
    with Store(path) as store:
        consumer = store.changes("mine")
        execute(path, *[INSERT] * 8)
        common = ("changes", "--consumer", "mine", "--json", "--database", str(path))
        for shown, seq in ((3, 3), (3, 6), (2, 8), (0, 8)):
            status, out, _ = run(*common, "--limit", "3")
            assert (status, len(out.splitlines())) == (0, shown)
            assert consumer.checkpoint.seq == seq


def test_a_job_that_fails_fails_the_command(path: Path) -> None:
    execute(path, "DROP TABLE tool_durations")
    status, _, errors = run("run", "--once", "--database", str(path))
    assert status == 4
    assert "migrate --reinstall" in errors


@pytest.mark.parametrize(("content", "status"), [(b"junk " * 500, 1), (b"", 4)])
def test_a_file_that_cannot_be_served(tmp_path: Path, content: bytes, status: int) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    found, _, errors = run("run", "--once", "--database", str(path))
    assert found == status
    assert errors.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("changes", "--consumer", "new"),
        ("consumers", "reset", "mine"),
        ("consumers", "remove", "mine"),
    ],
)
def test_a_lock_is_status_11(path: Path, arguments: tuple[str, ...]) -> None:
    with Store(path) as store:
        store.changes("mine")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        status, _, errors = run(*arguments, "--database", str(path))
    assert status == 11
    assert "holds the lock" in errors


def test_sigterm_ends_run_while_another_holds_the_lock(path: Path) -> None:
    process = start("run", "--json", "--interval", "3600", "--database", str(path))
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"at"')
    time.sleep(1)  # what was due is over
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        process.terminate()
        _, errors = process.communicate(timeout=4)  # shorter than any wait for the lock
    assert (process.returncode, errors) == (0, "")


def test_run_says_that_a_trigger_is_missing(path: Path) -> None:
    common = ("run", "--once", "--json", "--database", str(path))
    assert run(*common)[0] == 0
    execute(path, "DROP TRIGGER _aggregates_run_insert", INSERT)
    status, out, errors = run(*common)
    assert status == 4
    assert out.startswith('{"at"')
    assert "WARNING missing _aggregates_run_insert: " in errors
    assert "migrate --reinstall" in errors


@pytest.mark.parametrize("table", ["session_overlap", "nope"])
def test_a_rebuild_of_what_cannot_be_rebuilt_says_what_can(path: Path, table: str) -> None:
    status, _, errors = run("rebuild", "--table", table, "--database", str(path))
    assert status == 1
    assert ("repair --table session_overlap" if table != "nope" else "there are ") in errors


def test_a_downgrade_leaves_no_proof_behind(path: Path) -> None:
    run("verify", "--budget", "0", "--database", str(path))
    assert list(path.parent.glob("*-proof"))
    assert run("downgrade", "--yes", "--database", str(path))[0] == 0
    assert list(path.parent.glob("*-proof*")) == []


def test_status_says_what_a_consumer_that_missed_changes_has_to_do(path: Path) -> None:
    with Store(path) as store:
        store.changes("mine")
        store.reinstall()
        store.repair()
    status, out, _ = run("status", "--database", str(path))
    assert status == 0
    assert "`aggregates consumers reset mine --source agent_invocations`" in out


def test_migrate_says_that_a_trigger_is_missing(path: Path) -> None:
    common = ("migrate", "--database", str(path))
    assert run(*common)[::2] == (0, "")
    execute(path, "DROP TRIGGER _aggregates_run_insert", INSERT)
    status, out, errors = run(*common)
    assert (status, out.count("\n")) == (4, 1)
    assert errors.startswith("missing _aggregates_run_insert: ")
    assert "migrate --reinstall" in errors
    assert run(*common, "--reinstall")[0] == 0


def test_the_next_step_for_a_trigger_that_nobody_knows(path: Path) -> None:
    name = "_aggregates_run_old way"
    trigger = f'CREATE TRIGGER "{name}" AFTER INSERT ON agent_invocations BEGIN SELECT 1; END'
    execute(path, trigger)
    status, out, _ = run("status", "--json", "--database", str(path))
    (finding,) = json.loads(out)["findings"]
    assert (status, finding["kind"], finding["name"]) == (4, "unknown", name)
    (statement,) = re.findall("`(.*)`", finding["detail"])
    execute(path, statement)
    assert run("status", "--database", str(path))[0] == 0


@pytest.mark.parametrize("command", ["migrate", "run", "status"])
@pytest.mark.parametrize(
    "database",
    [":memory:", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"],
)
def test_a_database_in_memory_is_no_use(command: str, database: str) -> None:
    status, out, errors = run(command, "--database", database)
    assert (status, out) == (2, "")
    assert "name a file" in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--once", "--retain-days", "1e300"),
        ("run", "--once", "--verify-every", "nan"),
        ("changes", "--after", str(2**63)),
        ("report", "sessions", "--limit", str(2**63)),
        ("collect", "--abandon-after", "nan"),
        ("sample", "new.db", "--days", "3000000"),
    ],
)
def test_a_number_out_of_range_is_a_usage_error(path: Path, arguments: tuple[str, ...]) -> None:
    status, out, errors = run(*arguments, "--database", str(path))
    assert (status, out) == (2, "")
    assert "Invalid value" in errors


def test_a_time_at_the_end_of_the_calendar_is_a_time(path: Path) -> None:
    for since in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        arguments = ("--since", since, "--source-timezone", "UTC", "--database", str(path))
        assert run("verify", *arguments)[0] == 0
        assert run("report", "sessions", *arguments)[0] == 0


def test_run_waits_for_a_file_that_is_locked_as_it_begins(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        process = start("run", "--json", "--interval", "0.1", "--database", str(path))
        assert process.stderr is not None
        told = process.stderr.readline()
        holder.execute("ROLLBACK")
    assert told.startswith(f"error: another program holds the lock of {path}")
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"at"')
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_run_that_has_proved_everything_is_well(path: Path) -> None:
    with Store(path) as store:
        store.reinstall()
    status, _, errors = run("run", "--once", "--json", "--database", str(path))
    assert (status, errors) == (0, "")
    assert run("status", "--database", str(path))[0] == 0


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "junk.db"
    path.write_bytes(b"junk " * 500)
    for command in ("run", "status"):
        assert run(command, "--database", str(path))[2].startswith(f"error: {path} is not a SQLite")


@pytest.mark.parametrize(
    "command", ["migrate", "status", "verify", "repair", "rebuild", "downgrade", "alembic"]
)
def test_a_revision_that_this_version_does_not_know(command: str, path: Path) -> None:
    """As after a downgrade of the package without one of the database."""
    execute(path, "UPDATE _aggregates_version SET version_num = '0004'")
    before = path.read_bytes()
    if command == "alembic":
        ini = str(Path(__file__).parents[2] / "alembic.ini")
        arguments = ["-m", "alembic", "-c", ini, "-x", f"database={path}", "upgrade", "head"]
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
        status, out, errors = done.returncode, done.stdout, done.stderr
    else:
        options = ["--yes"] if command == "downgrade" else []
        status, out, errors = run(command, "--database", str(path), *options)
    assert status == 4
    assert "Traceback" not in errors
    told = [line for line in (out + errors).splitlines() if "0004" in line]
    assert len(told) >= 1
    if command == "status":
        assert "downgrade" in re.sub(r"\s+", " ", out)
    else:
        assert (out, errors.splitlines()) == ("", told)
        assert re.match(
            "error: the database is at revision 0004, which this version does not know: run"
            r" `aggregates downgrade( --database \S+)?` with the version that made it",
            told[0],
        )
    assert path.read_bytes() == before


def test_status_names_nothing_else_where_it_does_not_know_the_revision(path: Path) -> None:
    execute(path, "UPDATE _aggregates_version SET version_num = '0004'")
    status, out, _ = run("status", "--json", "--database", str(path))
    assert status == 4
    (finding,) = json.loads(out)["findings"]
    assert finding["kind"] == "revision"
    assert "downgrade" in finding["detail"]
    assert "\n" not in finding["detail"]
