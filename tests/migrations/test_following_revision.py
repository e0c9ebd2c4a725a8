"""From a database in use to the next revision: filled, killed, undone, and the same offline."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from following import check
from following_revision import AGGREGATES, FAR_EXTENDED, LEDGER, far_extended, head_of
from hooks import AGENT_INVOCATIONS, AGENT_TOOL_USES, HOOK_TABLES, SESSIONS, TOOL_USES, VARIANTS
from oracle import CONTRACT, differences, recompute, stored
from statements import Plan, execute
from test_migrations import (
    FOUR_COLUMNS,
    columns,
    contents,
    drift,
    fill,
    make,
    master,
    state,
    status,
    write,
)

from aggregates.errors import CannotAdopt
from aggregates.frozen import statements as frozen
from aggregates.installing import upgrading
from aggregates.model.catalogue import catalogue
from aggregates.samples import write_sample
from aggregates.store import Store

EARLIER = (LEDGER, AGGREGATES)
"""Revisions that a database may be at: with change logs only, and with the contract's tables."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrations with a revision more, of aggregates of every kind and source."""
    return far_extended(tmp_path_factory.mktemp("folder"))


@pytest.fixture(autouse=True)
def _following(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That revision is head here."""
    for module in (frozen, upgrading):
        monkeypatch.setattr(module, "migrations_folder", lambda: folder)
    assert upgrading.head() == head_of(folder) not in EARLIER


def proved(path: Path) -> bool:
    """Whether all tables, the new ones too, agree with their recomputation."""
    with Store(path, catalogue=FAR_EXTENDED) as store:
        assert store.verify().drifts == []
        return store.status().ok


WRITES = (
    "INSERT INTO agent_invocations (agent_name, session_id, start_time, end_time, phase, status)"
    " VALUES ('z', 'z', '2026-10-01T10:00', '2026-10-01T10:01', 'plan', 'completed')",
    "UPDATE agent_invocations SET session_id = 'y', phase = 'build' WHERE id % 3 = 0",
    "DELETE FROM agent_invocations WHERE id % 5 = 0",
    "INSERT OR REPLACE INTO sessions (session_id, start_time, status) VALUES ('z', '2026-10-01"
    " 10:00', 'active'), (NULL, '2026-10-01T10:00', 'active'), ('z', '2026-10-01T11:00', 'x')",
    "UPDATE sessions SET end_time = '2026-10-01T12:00', status = 'completed'",
    "UPDATE OR REPLACE sessions SET session_id = 'moved' WHERE rowid % 3 = 0",
    "DELETE FROM sessions WHERE rowid % 5 = 0",
    "INSERT INTO agent_tool_uses (tool_name, agent_name, session_id, start_time)"
    " VALUES ('Edit', 'z', 'z', '2026-10-01T10:00:00.5'), ('Edit', NULL, NULL, NULL)",
    "UPDATE agent_tool_uses SET duration_seconds = 0.25, status = 'completed', agent_name = 'y'",
    "DELETE FROM agent_tool_uses WHERE id % 5 = 0",
)
"""That every trigger takes part in."""


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("revision", EARLIER)
def test_a_database_in_use_is_exact_once_upgraded(
    revision: str, variant: str, hook_database: MakeDatabase
) -> None:
    plan = Plan(variant, recursive_triggers=False, foreign_keys=False, writes=300)
    runs = plan.runs()
    before, after = next(runs), next(runs)
    with hook_database(variant) as path:
        fill(path, variant)
        upgrading.upgrade(str(path), revision=revision)
        with closing(connect(path)) as connection:
            for statement in [*before, "COMMIT"]:
                execute(connection, statement)
        if revision == AGGREGATES:
            assert drift(path) == []
        rows = contents(path)
        upgrading.upgrade(str(path))
        assert contents(path) == rows
        assert status(path).ok
        assert drift(path) == []
        assert proved(path)
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA recursive_triggers = 1")
            check(connection, after)


def test_the_same_as_from_nothing(hook_database: MakeDatabase) -> None:
    """By whatever steps a database came to head, it has the same objects."""
    installed = []
    for steps in (("head",), (LEDGER, "head"), (AGGREGATES, "head"), (*EARLIER, "head")):
        with hook_database("plain") as path:
            for step in steps:
                upgrading.upgrade(str(path), revision=step)
            assert status(path).ok
            installed.append(master(path))
    assert all(one == installed[0] for one in installed)


@pytest.mark.parametrize("revision", EARLIER)
def test_down_again_to_what_was_there(revision: str, hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        fill(path)
        upgrading.upgrade(str(path), revision=revision)
        objects, rows = master(path), contents(path)
        upgrading.upgrade(str(path))
        write(path, *WRITES)
        upgrading.downgrade(str(path), revision=revision)
        assert master(path) == objects
        if revision == AGGREGATES:
            assert drift(path) == []
        with closing(connect(path)) as connection:
            for statement in WRITES:
                connection.execute(statement)
        if revision == AGGREGATES:
            assert drift(path) == []
        assert contents(path) != rows
        upgrading.upgrade(str(path))
        assert status(path).ok
        assert drift(path) == []


# What the tables of others may look like


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("", id="nothing"),
        pytest.param(AGENT_INVOCATIONS, id="invocations"),
        pytest.param(FOUR_COLUMNS + AGENT_INVOCATIONS, id="sessions of four columns"),
        pytest.param(
            SESSIONS + AGENT_INVOCATIONS + "CREATE TABLE agent_tool_uses (TOOL_NAME TEXT, Id"
            " INTEGER PRIMARY KEY, note TEXT); INSERT INTO agent_tool_uses VALUES ('a', 7, 'b');",
            id="tool uses of other columns",
        ),
        pytest.param(
            AGENT_INVOCATIONS + "CREATE TABLE sessions (SESSION_ID TEXT PRIMARY KEY)",
            id="sessions of one column",
        ),
        pytest.param(
            AGENT_INVOCATIONS
            + SESSIONS.replace("TEXT PRIMARY KEY", "TEXT COLLATE NOCASE PRIMARY KEY"),
            id="sessions in any case",
        ),
        pytest.param(
            AGENT_INVOCATIONS + SESSIONS.replace("TEXT PRIMARY KEY", "INTEGER PRIMARY KEY"),
            id="sessions by number",
        ),
        pytest.param(
            AGENT_INVOCATIONS
            + SESSIONS.replace("cwd TEXT", "cwd TEXT UNIQUE")
            + "CREATE UNIQUE INDEX u ON sessions (lower(status)) WHERE cwd IS NOT NULL;",
            id="sessions with more keys",
        ),
    ],
)
def test_every_table_that_will_do_is_served(sql: str, path: Path) -> None:
    make(path, sql)
    is_number = "session_id INTEGER" in sql
    upgrading.upgrade(str(path))
    assert status(path).ok
    assert drift(path) == []
    assert set(columns(path, "agent_tool_uses")) & {"start_time", "duration_seconds", "status"}
    writes = WRITES
    if is_number:
        writes = tuple(
            one.replace("'z', '2026", "77, '2026").replace("(NULL, '2026", "(78, '2026")
            if "INTO sessions" in one
            else one.replace("session_id = 'moved'", "session_id = 99")
            for one in WRITES
        )
    write(
        path,
        "INSERT INTO sessions (session_id, status) VALUES (1, 'A'), (2, 'b'), (3, 'c')",
        *writes,
        "INSERT OR REPLACE INTO sessions (session_id, cwd, status) VALUES (10, 'c', 'd')",
        "INSERT OR REPLACE INTO sessions (session_id, cwd, status) VALUES (11, 'c', 'E')",
        "INSERT OR REPLACE INTO sessions (session_id, cwd, status) VALUES (12, 'f', 'e')",
        "UPDATE OR REPLACE sessions SET cwd = 'g', status = 'same'",
        "DELETE FROM sessions",
    )
    upgrading.downgrade(str(path), drop_columns=True)
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO sessions (session_id) VALUES (5)")
        connection.execute("INSERT INTO agent_tool_uses (tool_name) VALUES ('a')")


def test_sessions_in_any_case_replace_one_another(path: Path) -> None:
    collated = SESSIONS.replace("TEXT PRIMARY KEY", "TEXT COLLATE NOCASE PRIMARY KEY")
    make(path, collated + AGENT_INVOCATIONS)
    upgrading.upgrade(str(path))
    write(
        path,
        "INSERT INTO sessions (session_id, status) VALUES ('s', 'active'), ('T', 'active')",
        "INSERT OR REPLACE INTO sessions (session_id, status) VALUES ('S', 'completed')",
        "UPDATE OR REPLACE sessions SET session_id = 't' WHERE session_id = 's'",
        "INSERT OR IGNORE INTO sessions (session_id, status) VALUES ('T', 'x')",
        "UPDATE sessions SET session_id = 'T'",
    )
    with closing(connect(path)) as connection:
        found = connection.execute("SELECT status, sessions FROM sessions_summary").fetchall()
    assert found == [("completed", 1)]


REFUSED = {
    "tool uses without a key": (
        "DROP TABLE agent_tool_uses; CREATE TABLE agent_tool_uses (id INTEGER, tool_name TEXT)",
        "agent_tool_uses",
    ),
    "other tool uses": (
        "DROP TABLE agent_tool_uses; CREATE TABLE agent_tool_uses (id INTEGER PRIMARY KEY)",
        "agent_tool_uses",
    ),
    "sessions WITHOUT ROWID": (
        "DROP TABLE sessions; CREATE TABLE sessions (session_id TEXT PRIMARY KEY) WITHOUT ROWID",
        "sessions",
    ),
    "sessions without a key": (
        "DROP TABLE sessions; CREATE TABLE sessions (session_id TEXT)",
        "sessions",
    ),
    "a name that is taken": ("CREATE TABLE session_tokens (a)", "session_tokens"),
    "a view's name that is taken": ("CREATE TABLE tool_use (a)", "tool_use"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_served_is_refused_untouched(what: str, hook_database: MakeDatabase) -> None:
    """A table that somebody has changed since the revision before was installed."""
    sql, table = REFUSED[what]
    with hook_database("plain") as path:
        fill(path)
        upgrading.upgrade(str(path), revision=AGGREGATES)
        with closing(connect(path)) as connection:
            connection.executescript(sql)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before, digest = state(path), sha256(path.read_bytes()).digest()
        with pytest.raises(CannotAdopt, match=table):
            upgrading.upgrade(str(path))
        assert state(path) == before
        assert sha256(path.read_bytes()).digest() == digest
        assert drift_without_others(path) == []


def drift_without_others(path: Path) -> list[str]:
    """The same of the one table that nobody has changed."""
    names = [one.name for one in catalogue.definitions if one.source.name == "agent_invocations"]
    with closing(connect(path)) as connection:
        found = stored(connection, tuple(name for name in names if name in CONTRACT))
        for table in (SESSIONS, AGENT_TOOL_USES):
            connection.executescript(f"DROP TABLE IF EXISTS {table.split()[5]}; {table}")
        return differences(found, recompute(connection))


# Killed


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from aggregates.installing import upgrading

path, limit, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
steps = 0

def step(*arguments, **named):
    global steps
    steps += 1
    if steps == limit:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", step)
upgrading.upgrade(path, progress=step, folder=folder)
print(steps)
"""


def upgrade_killed_at(path: Path, step: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Upgrade in a process that kills itself before a statement, or after a slice."""
    command = [sys.executable, "-c", KILLED, str(path), str(step), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def in_use(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample at the revision before, and how many steps an upgrade has."""
    path = tmp_path_factory.mktemp("in-use") / "agent_workflow.db"
    write_sample(path, 1500, row_bytes=100)
    upgrading.upgrade(str(path), revision=AGGREGATES, journal_mode="keep")
    return path


def copied(path: Path, folder: Path, name: str) -> Path:
    """A database of one's own, with what a killed process has left beside it."""
    target = folder / f"{name}.db"
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(file, target.with_name(file.name.replace(path.name, target.name)))
    return target


def kills(count: int) -> list[int]:
    """Steps at which to kill, as parts of a hundred; those of the tables' making come first."""
    chance = random.Random("kills")
    return sorted(chance.sample(range(1, 100), count))


@pytest.fixture(scope="module")
def steps(in_use: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many an upgrade has."""
    done = upgrade_killed_at(copied(in_use, tmp_path_factory.mktemp("steps"), "a"), 0, folder)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("part", kills(8))
def test_an_upgrade_that_was_killed_harms_nobody_and_goes_on(
    part: int, steps: int, in_use: Path, folder: Path, tmp_path: Path
) -> None:
    path = copied(in_use, tmp_path, "killed")
    rows = contents(path)
    done = upgrade_killed_at(path, max(1, steps * part // 100), folder)
    assert done.returncode == -9, done.stderr
    assert drift(path) == []
    assert contents(path) == rows

    # Writers do not notice, and what was there stays exact.
    with closing(connect(path)) as connection:
        for statement in WRITES:
            connection.execute(statement)
    assert drift(path) == []

    # One goes on, with a second kill on the way; the other gives up.
    given_up = copied(path, tmp_path, "given-up")
    upgrade_killed_at(path, steps // 8, folder)
    upgrading.upgrade(str(path))
    assert status(path).ok
    with closing(connect(path)) as connection:
        for statement in WRITES:
            connection.execute(statement)
    assert drift(path) == []
    assert proved(path)

    rows = contents(given_up, without=("updated_at",))
    upgrading.downgrade(str(given_up), drop_columns=True)
    assert contents(given_up) == rows
    with closing(connect(given_up)) as connection:
        ours = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view') OR name LIKE"
            " '\\_aggregates%' ESCAPE '\\'"
        ).fetchall()
        assert ours == []
        for statement in WRITES:
            connection.execute(statement)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    upgrading.upgrade(str(given_up))
    assert status(given_up).ok
    assert drift(given_up) == []


@pytest.mark.parametrize("part", kills(3))
def test_a_killed_upgrade_goes_down_one_revision(
    part: int, steps: int, in_use: Path, folder: Path, tmp_path: Path
) -> None:
    """The tables that were being filled go, as those that they stand on do."""
    path = copied(in_use, tmp_path, "killed")
    assert upgrade_killed_at(path, max(1, steps * part // 100), folder).returncode == -9
    upgrading.downgrade(str(path), revision=LEDGER)
    right = tmp_path / "right.db"
    make(right, HOOK_TABLES)
    upgrading.upgrade(str(right), revision=LEDGER, journal_mode="keep")
    names = {row[1] for row in master(path)}
    assert names <= {row[1] for row in master(right)} | {"sqlite_stat1"}
    with closing(connect(path)) as connection:
        for statement in WRITES:
            connection.execute(statement)
    upgrading.upgrade(str(path))
    assert status(path).ok
    assert drift(path) == []


# Offline


def run_offline(path: Path, *arguments: str) -> None:
    """Have Alembic print SQL, and execute it with the module that everybody has."""
    folder = upgrading.migrations_folder()
    ini = path.with_name("alembic.ini")
    ini.write_text(f"[alembic]\nscript_location = {folder}\npath_separator = os\n")
    command = [sys.executable, "-m", "alembic", "-c", str(ini), *arguments, "--sql"]
    sql = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


@pytest.mark.parametrize("revision", ["base", *EARLIER])
def test_offline_is_the_same_as_online(revision: str, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"
    for one in (ours, theirs):
        make(one, HOOK_TABLES)
        fill(one)
        if revision != "base":
            upgrading.upgrade(str(one), revision=revision, journal_mode="keep")
    run_offline(ours, "upgrade", f"{revision}:head")
    upgrading.upgrade(str(theirs), journal_mode="keep")
    assert status(ours).ok
    assert drift(ours) == []
    tables = [row[1] for row in master(theirs) if row[0] == "table" and row[1] in CONTRACT]
    assert len(tables) > 10
    assert contents(ours, *tables) == contents(theirs, *tables)
    assert [row[:3] for row in master(ours)] == [row[:3] for row in master(theirs)]
    write(ours, *WRITES)
    with Store(ours) as store:
        assert store.verify().drifts == []
    if revision != "base":
        run_offline(ours, "downgrade", f"head:{revision}")
        upgrading.downgrade(str(theirs), revision=revision)
        assert master(ours) == master(theirs)
        with closing(connect(ours)) as connection:
            for statement in WRITES:
                connection.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "agent_workflow.db"


def test_tables_that_hooks_make_later_are_served(path: Path) -> None:
    """A database with invocations only, whose hooks make the other tables after the upgrade."""
    make(path, AGENT_INVOCATIONS)
    upgrading.upgrade(str(path))
    with closing(connect(path)) as connection:
        connection.executescript(SESSIONS + TOOL_USES + AGENT_TOOL_USES)
    write(path, *WRITES)
    assert status(path).ok
    assert os.listdir(path.parent) == [path.name]
