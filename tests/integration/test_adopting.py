"""Whoever names the wrong database, or one of another shape, learns so before anything is done."""

import os
import pty
import select
import sys
from contextlib import closing
from pathlib import Path

import pytest
from advice import follow, status
from alembic.config import CommandLine
from click.testing import CliRunner, Result
from conftest import connect
from hooks import AGENT_INVOCATIONS, AGENT_TOOL_USES, HOOK_TABLES, SESSIONS, TOOL_USES

from aggregates.cli import main
from aggregates.samples import write_sample

OTHER_SHAPE = (
    "CREATE TABLE agent_invocations (id INTEGER PRIMARY KEY, agent_name TEXT, start_time TEXT,"
    " success INTEGER, duration_ms INTEGER);"
    "INSERT INTO agent_invocations VALUES (1, 'a', '2026-10-01T09:00:00', 1, 500);"
)
EMPTY = ["added;", "empty", "until", "a", "writer", "fills", "it"]
CONFIGURED = ["-c", str(Path(__file__).parents[2] / "alembic.ini")]
APPLICATION = "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE orders (id);"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent_workflow.db"


def make(path: Path, sql: str) -> bytes:
    with closing(connect(path)) as connection:
        connection.executescript(sql)
    return path.read_bytes()


def run(command: str, path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, [command, *options, "--database", str(path)])


def lines(output: str) -> list[list[str]]:
    return [line.split() for line in output.splitlines()]


@pytest.mark.parametrize(
    "sql",
    [
        HOOK_TABLES,
        SESSIONS,
        SESSIONS.replace("    cwd TEXT,\n    metadata JSON\n", "").replace(
            "status TEXT,", "status TEXT"
        ),
        AGENT_INVOCATIONS,
        TOOL_USES + AGENT_TOOL_USES,
        APPLICATION + HOOK_TABLES,
        APPLICATION + AGENT_INVOCATIONS.replace("ticket_id TEXT", "ticket_id TEXT UNIQUE, note"),
        "",
    ],
    ids=["hooks", "sessions", "four columns", "runs", "tools", "beside others", "more", "nothing"],
)
def test_what_the_hooks_have_made_is_adopted_without_a_question(sql: str, path: Path) -> None:
    make(path, sql)
    done = run("migrate", path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert status(path).warnings == []
    assert run("downgrade", path, "--yes").exit_code == 0
    assert run("migrate", path).exit_code == 0


def test_a_sample_is_adopted_without_a_question(path: Path) -> None:
    write_sample(path, 20)
    assert run("migrate", path).stderr == ""


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    before = make(path, APPLICATION)
    for command in (("migrate",), ("run", "--migrate", "--once")):
        done = run(command[0], path, *command[1:])
        assert done.exit_code == 4
        assert "other tables, left alone: users, orders\n" in done.stderr
        assert "agent_invocations is not there: an empty one is made" in done.stderr
        assert f"`aggregates migrate --yes --database {path}`" in done.stderr
        assert path.read_bytes() == before
    done = run("migrate", path, "--yes")
    assert done.exit_code == 0
    assert "users, orders" in done.stderr
    found = status(path)
    assert found.ok
    ((kind, name),) = [(one.kind, one.name) for one in found.warnings]
    assert (kind, name) == ("empty", "agent_invocations, sessions, agent_tool_uses")
    assert run("migrate", path).exit_code == 0, "it is not asked twice"
    make(path, "INSERT INTO agent_invocations (agent_name) VALUES ('a')")
    assert [one.name for one in status(path).warnings] == ["sessions, agent_tool_uses"]
    assert run("downgrade", path, "--yes").exit_code == 0


def test_an_empty_file_gets_its_tables_without_a_word(path: Path) -> None:
    make(path, "")
    assert run("migrate", path).stderr == ""
    assert status(path).warnings == []


@pytest.mark.parametrize("sql", [OTHER_SHAPE, APPLICATION, APPLICATION + HOOK_TABLES])
def test_alembic_says_what_it_adopts(
    sql: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It asks nobody: whoever runs it reads what is told."""
    make(path, sql)
    expected = run("migrate", path).stderr.partition("error: ")[0]
    arguments = ["-x", f"database={path}", "upgrade", "head"]
    CommandLine().main([*CONFIGURED, *arguments])
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(expected.splitlines())
    assert bool(expected) == (sql != APPLICATION + HOOK_TABLES)
    CommandLine().main([*CONFIGURED, *arguments])
    assert capsys.readouterr().err == ""


def test_a_table_of_another_shape_is_shown_column_by_column(path: Path) -> None:
    before = make(path, OTHER_SHAPE)
    done = run("migrate", path)
    assert done.exit_code == 4
    assert path.read_bytes() == before
    shown = lines(done.stderr)
    table = "agent_invocations"
    assert [table, "agent_name", "TEXT", "tracked"] in shown
    for name in ("status", "end_time", "duration_seconds", "raw_output"):
        assert [table, name, "-", *EMPTY] in shown
    for name in ("success", "duration_ms"):
        assert [table, name, "not", "tracked"] in shown
    assert not any("updated_at" in line for line in shown)
    assert run("migrate", path, "--yes").exit_code == 0


def test_status_repeats_what_is_empty(path: Path) -> None:
    make(path, OTHER_SHAPE)
    run("migrate", path, "--yes")
    found = status(path)
    assert found.ok
    ((kind, table, name),) = [(one.kind, one.table, one.name) for one in found.warnings]
    assert (kind, table) == ("empty", "agent_invocations")
    assert name.split(", ") == [
        *("timestamp", "session_id", "event_type", "phase", "model", "end_time"),
        *("duration_seconds", "status", "raw_output"),
    ]
    done = run("status", path)
    assert done.exit_code == 0
    assert "empty" in done.output
    # What an earlier installation has added is no writer's, either.
    run("downgrade", path, "--yes")
    assert run("migrate", path).exit_code == 4


@pytest.mark.parametrize("type_", ["TEXT", "INTEGER", ""])
def test_an_updated_at_that_would_be_overwritten_is_asked_about(type_: str, path: Path) -> None:
    theirs = f"{HOOK_TABLES}; ALTER TABLE agent_invocations ADD COLUMN Updated_At {type_}"
    before = make(path, f"{theirs}; ALTER TABLE sessions ADD COLUMN updated_at")
    done = run("migrate", path)
    assert done.exit_code == 4
    assert path.read_bytes() == before
    shown = [line for line in lines(done.stderr) if "updated_at" in line or "Updated_At" in line]
    overwritten = ["overwritten", "with", "the", "time", "of", "each", "change"]
    assert shown == [
        ["agent_invocations", "updated_at", *(type_ or "no type").split(), *overwritten],
        ["sessions", "updated_at", "not", "tracked"],
    ]
    assert run("migrate", path, "--yes").exit_code == 0
    assert run("migrate", path).stderr == "", "it is not asked twice"


UNFIT = {
    "no key": (
        AGENT_INVOCATIONS.replace("agent_invocations", "t_", 1)
        + "INSERT INTO t_ (agent_name) VALUES ('a');"
        "CREATE TABLE agent_invocations AS SELECT * FROM t_; DROP TABLE t_",
        True,
    ),
    "another key": ("CREATE TABLE agent_invocations (id TEXT PRIMARY KEY, agent_name)", False),
    "a view": ("CREATE VIEW sessions AS SELECT 1 AS session_id", False),
    "a name": ("CREATE TABLE agent_stats (id)", False),
    "an index": ("CREATE TABLE t (a); CREATE INDEX agent_tool_uses ON t (a)", False),
}


@pytest.mark.parametrize("what", UNFIT)
def test_status_foresees_what_the_migration_would_refuse(what: str, path: Path) -> None:
    sql, has_script = UNFIT[what]
    make(path, sql)
    refusal = run("migrate", path, "--yes")
    assert refusal.exit_code == 4
    found = status(path)
    reason = refusal.stderr.rpartition("error: ")[2].split("; ")[0].rpartition(": ")[2]
    assert [one.kind for one in found.findings] == ["revision", "unfit"]
    assert reason in found.findings[1].detail
    assert found.steps[0].startswith("-- ") == (not has_script)
    assert found.steps[-1] == "aggregates status"
    if has_script:
        follow(path)
        assert run("verify", path).exit_code == 0


@pytest.mark.parametrize(
    "command", ["report agents", "collect", "verify", "changes", "consumers list"]
)
def test_what_is_not_migrated_yet_is_to_be_migrated(command: str, path: Path) -> None:
    make(path, HOOK_TABLES)
    name, *options = command.split()
    done = run(name, path, *options)
    assert done.exit_code == 4
    assert f"run `aggregates migrate --database {path}`" in done.stderr
    assert "--reinstall" not in done.stderr


def test_a_table_that_cannot_be_adopted_is_refused_as_such(path: Path) -> None:
    make(path, APPLICATION + "CREATE TABLE agent_invocations (id TEXT PRIMARY KEY, agent_name)")
    done = run("migrate", path, "--yes")
    assert done.exit_code == 4
    assert done.stderr.startswith("error: cannot adopt agent_invocations: ")


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("\x04", 1), ("\x03", 130)])
def test_on_a_terminal_a_person_is_asked(answer: str, status: int, path: Path) -> None:
    before = make(path, OTHER_SHAPE)
    command = [sys.executable, "-m", "aggregates", "migrate", "--database", str(path)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, command)
    said = b""
    try:
        while f"Adopt {path} as it is? [y/N]".encode() not in said.replace(b"\r\n", b""):
            said += os.read(terminal, 65_536)
        is_over = False
        while not is_over:
            # Again, where a signal has come just before the terminal is read from.
            os.write(terminal, answer.encode())
            while select.select([terminal], [], [], 1)[0] and not is_over:
                is_over = not os.read(terminal, 65_536)
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status
    assert (path.read_bytes() == before) == (status != 0)
