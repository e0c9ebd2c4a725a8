"""What goes in and out of a command: streams that are closed, texts, widths, Ctrl-C, odd files."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from conftest import MakeDatabase, connect
from test_command_line import COMMAND, ENVIRONMENT, run

from aggregates.cli.settings import Commands
from aggregates.engines import explained
from aggregates.errors import AggregatesError


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        with closing(connect(found)) as connection:
            connection.executemany(
                "INSERT INTO agent_invocations (agent_name) VALUES (?)",
                [("é",), ("a name that is rather long " * 2,)],
            )
        yield found


def break_it(path: Path, command: str) -> int:
    """Make a command end with another status than 0; which one."""
    with closing(connect(path)) as connection:
        if command in ("status", "run --once"):
            connection.execute("DROP TRIGGER _aggregates_run_insert")
            return 4
        connection.execute("UPDATE agent_stats SET tokens_sum = 5")
        return 3


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(
    ("command", "is_broken"),
    [
        *(("status", False), ("status", True), ("verify", True), ("repair --dry-run", True)),
        *(("verify", False), ("collect", False), ("run --once", True), ("run --once", False)),
    ],
)
@pytest.mark.parametrize("stdout", ["closed", "nobody reads"])
def test_the_status_tells_the_state_whoever_reads(
    path: Path, command: str, options: tuple[str, ...], is_broken: bool, stdout: str
) -> None:
    status = break_it(path, command) if is_broken else 0
    full = [*COMMAND, *command.split(), *options, "--database", str(path)]
    if stdout == "closed":
        full = ["sh", "-c", 'exec "$@" >&-', "sh", *full]
    with subprocess.Popen(
        full, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
        assert errors == "" or (is_broken and errors.startswith("WARNING missing "))
    assert process.returncode == status


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_an_error(path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "status", "--database", str(path)],
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        *("report agents --agent", "report hours --agent", "report tools --agent"),
        *("report sessions --agent", "report session", "changes --agent", "changes --session"),
        *("changes --consumer", "consumers reset", "consumers remove", "verify --table"),
    ],
)
def test_what_is_no_text_is_a_usage_error(path: Path, command: str) -> None:
    full = [*COMMAND, *command.split(), b"a\xff", "--database", str(path)]
    done = subprocess.run(full, env=ENVIRONMENT, capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is not text in UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_name_is_found_whatever_the_locale(path: Path) -> None:
    for variables in (
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8"},
    ):
        done = run("report", "agents", "--agent", "é", "--json", "--database", path, **variables)
        assert done.returncode == 0
        assert '"agent_name": "\\u00e9"' in done.stdout


@pytest.mark.parametrize("columns", ["40", "70", "0", "wide"])
def test_columns_are_as_many_as_the_environment_says(path: Path, columns: str) -> None:
    lines = run("report", "agents", "--database", path, COLUMNS=columns).stdout.splitlines()
    width = max(map(len, lines))
    assert width <= int(columns) if columns in ("40", "70") else 70 < width <= 200


def test_a_folder_is_no_database(path: Path) -> None:
    for command in ("status", "migrate", "run --once", "run --migrate", "changes", "downgrade"):
        done = run(*command.split(), "--database", path.parent)
        assert (done.returncode, done.stdout) == (10, "")
        assert done.stderr.startswith(f"error: {path.parent} is a folder; name a file in it: ")


def test_a_read_only_file_is_not_blamed_on_wal(path: Path) -> None:
    for mode in ("delete", "wal"):
        with closing(connect(path)) as connection:
            connection.execute(f"PRAGMA journal_mode = {mode}")
        done = run(
            "changes", "--consumer", "a", "--database", f"sqlite:///file:{path}?mode=ro&uri=true"
        )
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: cannot write to {path}: it is read-only")
        assert "WAL" not in done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (sqlite3.SQLITE_READONLY_CANTINIT, "as WAL keeps two files beside it"),
        (sqlite3.SQLITE_READONLY_RECOVERY, "as WAL keeps two files beside it"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "as SQLite keeps a journal beside it"),
        (sqlite3.SQLITE_READONLY, "it is read-only for this user"),
    ],
)
def test_what_has_to_be_writable(code: int, said: str) -> None:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = code
    with pytest.raises(AggregatesError, match=said), explained("a.db"):
        raise error


def test_ctrl_c_as_the_command_starts(tmp_path: Path) -> None:
    """A module that takes long to import stands for those that do."""
    (tmp_path / "click.py").write_text("import time; print('here', flush=True); time.sleep(60)")
    for command in (COMMAND, [str(Path(sys.executable).with_name("aggregates"))]):
        with subprocess.Popen(
            [*command, "status"],
            env=ENVIRONMENT | {"PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "here\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (130, "")


def test_ctrl_c_in_a_command() -> None:
    @click.group(cls=Commands)
    def group() -> None:
        pass

    @group.command("wait")
    def wait() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    done = CliRunner().invoke(group, ["wait"])
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "\nInterrupted\n")
