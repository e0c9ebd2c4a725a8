"""Installing, removing and inspecting, on every kind of database that hooks may have made."""

import ctypes
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDatabase, connect
from following_revision import AGGREGATES
from hooks import AGENT_INVOCATIONS, AGENT_TOOL_USES, HOOK_TABLES, SESSIONS, TOOL_USES, VARIANTS
from oracle import any_text, differences, recompute, stored
from statements import Plan, execute

from aggregates.errors import CannotAdopt
from aggregates.installing import upgrading
from aggregates.proving.findings import Finding
from aggregates.proving.inspecting import Inspection
from aggregates.store import Store

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"
FOUR_COLUMNS = SESSIONS.replace("    status TEXT,\n", "    status TEXT\n").replace(
    "    cwd TEXT,\n    metadata JSON\n", ""
)
KEY = "id INTEGER PRIMARY KEY AUTOINCREMENT"
STARTED = (
    "INSERT INTO agent_invocations (agent_name, event_type, phase, start_time, status, session_id)"
    " VALUES ('a', 'pre_invocation', 'plan', '2026-10-01T09:57:33.551', 'started', 's1')"
)
COMPLETED = (
    "UPDATE agent_invocations SET end_time = '2026-10-01T09:58:00', status = 'completed',"
    """ raw_output = '{"totalTokens": 12}', duration_seconds = 26.4, model = 'standard'"""
)

Master = list[tuple[Any, ...]]


def make(path: Path, sql: str) -> Path:
    """A new database."""
    with closing(connect(path)) as connection:
        connection.executescript(sql)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "agent_workflow.db"


def master(path: Path) -> Master:
    """Every object, with its SQL."""
    with closing(connect(path)) as connection:
        return connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()


def contents(path: Path, *tables: str, without: tuple[str, ...] = ()) -> list[Any]:
    """All rows of tables, byte for byte and with their types."""
    found: list[Any] = []
    with closing(connect(path)) as connection, any_text(connection):
        for table in tables or ("sessions", "agent_invocations", "agent_tool_uses", "tool_uses"):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            names = [f'"{name}"' for name in names if name not in without]
            columns = ", ".join(f"typeof({name}), CAST({name} AS BLOB), {name}" for name in names)
            rows = connection.execute(f"SELECT {columns} FROM {table}")
            found.append((table, names, sorted(map(repr, rows))))
    return found


def state(path: Path) -> tuple[str, list[str]]:
    """Journal mode and everything in the database."""
    with closing(connect(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        objects = connection.execute("SELECT * FROM sqlite_master ORDER BY rowid").fetchall()
    tables = [row[1] for row in objects if row[0] == "table"]
    return mode, [*map(repr, objects), *map(repr, contents(path, *tables))]


def status(path: Path) -> Inspection:
    """What an inspection says."""
    with Store(path) as store:
        return store.status()


def drift(path: Path) -> list[str]:
    """What the oracle finds."""
    with closing(connect(path)) as connection:
        return differences(stored(connection), recompute(connection))


def write(path: Path, *statements: str) -> None:
    """Write as hooks do; everything is exact after each statement."""
    with closing(connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
            found = differences(stored(connection), recompute(connection))
            assert not found, "\n".join([f"after {statement}", *found])


def fill(path: Path, variant: str = "plain") -> None:
    """Rows with every kind of value, good and bad."""
    plan = Plan(variant, recursive_triggers=False, foreign_keys=False, writes=400)
    with closing(connect(path)) as connection:
        plan.prepare(connection)
        for run in plan.runs():
            for statement in run:
                execute(connection, statement)
        if connection.in_transaction:
            connection.execute("COMMIT")
        connection.execute("INSERT INTO agent_tool_uses (tool_name) VALUES ('Bash')")


@pytest.mark.parametrize("variant", VARIANTS)
def test_down_again_leaves_what_was_there(variant: str, hook_database: MakeDatabase) -> None:
    with hook_database(variant) as path:
        fill(path, variant)
        objects, rows = master(path), contents(path)
        upgrading.upgrade(str(path))
        assert contents(path, without=("updated_at",)) == rows
        assert drift(path) == []
        upgrading.downgrade(str(path))
        assert contents(path, without=("updated_at",)) == rows
        with closing(connect(path)) as connection:
            times = connection.execute("SELECT DISTINCT updated_at FROM agent_invocations")
            assert times.fetchall() == [(None,)]
            connection.execute("ALTER TABLE agent_invocations DROP COLUMN updated_at")
        assert master(path) == objects
        assert contents(path) == rows


@pytest.mark.parametrize("variant", VARIANTS)
def test_down_again_with_the_columns_is_exactly_before(
    variant: str, hook_database: MakeDatabase
) -> None:
    with hook_database(variant) as path:
        fill(path, variant)
        objects, rows = master(path), contents(path)
        upgrading.upgrade(str(path))
        upgrading.downgrade(str(path), drop_columns=True)
        assert (master(path), contents(path)) == (objects, rows)


def test_columns_are_dropped_as_they_came_in_spite_of_comments(path: Path) -> None:
    sql = AGENT_INVOCATIONS.replace("raw_output JSON,", "raw_output JSON, -- of the agent, (all)\n")
    make(path, FOUR_COLUMNS.replace("TEXT\n)", "TEXT -- the last\n)") + sql + AGENT_TOOL_USES)
    objects = master(path)
    upgrading.upgrade(str(path))
    write(path, STARTED)
    upgrading.downgrade(str(path), drop_columns=True)
    assert master(path) == objects


def test_up_and_down_as_often_as_one_likes(path: Path) -> None:
    make(path, HOOK_TABLES)
    for _ in range(3):
        upgrading.upgrade(str(path))
        assert status(path).ok
        write(path, STARTED, COMPLETED, STARTED)
        upgrading.downgrade(str(path))
        with closing(connect(path)) as connection:
            connection.execute(STARTED)
    upgrading.upgrade(str(path))
    assert drift(path) == []


def test_columns_that_an_earlier_installation_added_can_still_be_dropped(path: Path) -> None:
    make(path, HOOK_TABLES)
    objects = master(path)
    upgrading.upgrade(str(path))
    upgrading.downgrade(str(path))
    upgrading.upgrade(str(path))
    upgrading.downgrade(str(path), drop_columns=True)
    assert master(path) == objects


def test_a_column_of_others_is_never_dropped(path: Path) -> None:
    make(path, HOOK_TABLES.replace("raw_input JSON,", "raw_input JSON, updated_at TEXT,"))
    objects = master(path)
    upgrading.upgrade(str(path))
    upgrading.downgrade(str(path), drop_columns=True)
    assert master(path) == objects


def test_upgrading_twice_changes_nothing(hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        fill(path)
        upgrading.upgrade(str(path))
        before = state(path)
        upgrading.upgrade(str(path))
        assert state(path) == before


def test_downgrading_what_was_never_upgraded_changes_nothing(hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        before = state(path)
        upgrading.downgrade(str(path))
        assert state(path) == before


class Stopped(Exception):
    """A migration was stopped in the middle of its backfill."""


def stop_while_filling(path: Path) -> None:
    """Leave a database as a killed migration does."""

    def stop(done: int, total: int) -> None:
        raise Stopped

    with closing(connect(path)) as connection:
        connection.executemany(STARTED, [()] * 3000)
    with pytest.raises(Stopped):
        upgrading.upgrade(str(path), progress=stop)
    assert status(path).filling == AGGREGATES
    assert not status(path).ok


def test_a_half_filled_database_can_be_downgraded(path: Path) -> None:
    make(path, HOOK_TABLES)
    objects = master(path)
    stop_while_filling(path)
    upgrading.downgrade(str(path), drop_columns=True)
    assert master(path) == objects
    upgrading.upgrade(str(path))
    assert status(path).ok
    assert drift(path) == []


def test_a_half_filled_database_goes_on(path: Path) -> None:
    make(path, HOOK_TABLES)
    stop_while_filling(path)
    with closing(connect(path)) as connection:
        connection.execute(COMPLETED)
        connection.execute("DELETE FROM agent_invocations WHERE id % 3")
        connection.execute("UPDATE agent_invocations SET id = 5000 - id, agent_name = 'b'")
    upgrading.upgrade(str(path))
    assert status(path).ok
    assert drift(path) == []


def columns(path: Path, table: str) -> list[str]:
    """Names of the columns of a table."""
    with closing(connect(path)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


SESSION = "INSERT OR REPLACE INTO sessions VALUES ('s1', 't', NULL, 'active', '/home', '{}')"


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("", id="nothing"),
        pytest.param(SESSIONS, id="sessions"),
        pytest.param(FOUR_COLUMNS, id="sessions of four columns"),
        pytest.param(AGENT_INVOCATIONS, id="invocations"),
        pytest.param(SESSIONS + AGENT_INVOCATIONS, id="sessions and invocations"),
        pytest.param(TOOL_USES + AGENT_TOOL_USES, id="tools only"),
        pytest.param(FOUR_COLUMNS + AGENT_INVOCATIONS + TOOL_USES, id="no agents' tools"),
    ],
)
def test_hooks_go_on_whatever_tables_they_had_made(sql: str, path: Path) -> None:
    make(path, sql)
    before = master(path)
    upgrading.upgrade(str(path))
    assert status(path).ok
    with closing(connect(path)) as connection:
        connection.executescript(HOOK_TABLES)  # each hook does this each time
    write(path, SESSION, STARTED, COMPLETED)
    assert status(path).ok
    assert set(before) - set(master(path)) <= {
        row for row in before if row[1] in ("sessions", "agent_invocations")
    }
    assert columns(path, "sessions") == [
        *("session_id", "start_time", "end_time", "status", "cwd", "metadata")
    ]
    assert columns(path, "agent_invocations")[-2:] == ["raw_output", "updated_at"]
    upgrading.downgrade(str(path), drop_columns=True)
    right = make(path.with_name("hooks.db"), sql + HOOK_TABLES)
    assert master(path) == master(right), "all tables are as the hooks make them"


def test_missing_columns_are_added_at_the_end(path: Path) -> None:
    make(
        path,
        "CREATE TABLE agent_invocations (note TEXT, ID INTEGER PRIMARY KEY, Agent_Name,"
        " STATUS TEXT); INSERT INTO agent_invocations VALUES ('x', 3, 'a', 'completed')",
    )
    upgrading.upgrade(str(path))
    assert columns(path, "agent_invocations") == [
        *("note", "ID", "Agent_Name", "STATUS", "timestamp", "session_id", "event_type", "phase"),
        *("model", "start_time", "end_time", "duration_seconds", "raw_output", "updated_at"),
    ]
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT * FROM agent_invocations").fetchall()
    assert rows == [("x", 3, "a", "completed", *(None,) * 10)]
    assert drift(path) == []
    write(path, STARTED, COMPLETED, "DELETE FROM agent_invocations WHERE ID = 3")
    assert status(path).ok


def _with(old: str, new: str) -> str:
    assert old in AGENT_INVOCATIONS
    return AGENT_INVOCATIONS.replace(old, new)


_SLUG = _with("raw_input JSON,", "raw_input JSON, slug TEXT AS (lower(ticket_id)),")
UNIQUE_KEYS = {
    "column": _with("ticket_id TEXT", "ticket_id TEXT UNIQUE"),
    "column that replaces": _with("ticket_id TEXT", "ticket_id TEXT UNIQUE ON CONFLICT REPLACE"),
    "two columns": _with("FOREIGN KEY", "UNIQUE (ticket_id, phase), FOREIGN KEY"),
    "index": AGENT_INVOCATIONS + "CREATE UNIQUE INDEX u ON agent_invocations (ticket_id);",
    "index on what is tracked": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (agent_name, model);",
    "partial index": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (ticket_id) WHERE phase IN ('plan', ')');",
    "expression": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (lower(ticket_id) DESC, coalesce(phase, ','));",
    "partial expression": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (lower([ticket_id]) /* a ) */, -- b )\n"
    " length(\"phase\")) WHERE phase = 'plan' -- c\n AND prompt IS NOT ';';",
    "NOCASE column": _with("ticket_id TEXT", "ticket_id TEXT COLLATE NOCASE UNIQUE"),
    "NOCASE index": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (ticket_id COLLATE NOCASE DESC);",
    "NOCASE expression": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (ticket_id || 'x' COLLATE NOCASE);",
    "RTRIM index": AGENT_INVOCATIONS
    + "CREATE UNIQUE INDEX u ON agent_invocations (ticket_id COLLATE RTRIM);",
    "odd names": _with("ticket_id TEXT", 'ticket_id TEXT, "a ""b"" %s :c" TEXT DEFAULT 1')
    + 'CREATE UNIQUE INDEX "u (a, ""b""" ON agent_invocations'
    """ ("a ""b"" %s :c", replace(ticket_id, '''', ':d %s (')) WHERE "a ""b"" %s :c" <> ':e';""",
    "several": _with("ticket_id TEXT", "ticket_id TEXT UNIQUE")
    + "CREATE UNIQUE INDEX u ON agent_invocations (prompt);"
    "CREATE UNIQUE INDEX v ON agent_invocations (upper(parent_agent));",
    "generated column": _SLUG + "CREATE UNIQUE INDEX u ON agent_invocations (slug);",
    "expression of a generated column": _SLUG
    + "CREATE UNIQUE INDEX u ON agent_invocations (slug || 'x');",
}


def _insert(verb: str, id_: str, agent: str, ticket: str, prompt: str = "NULL") -> str:
    return (
        f"{verb} INTO agent_invocations (id, agent_name, phase, ticket_id, prompt, start_time,"
        f" status) VALUES ({id_}, '{agent}', 'plan', {ticket}, {prompt}, '2026-10-01T10:00', 'x')"
    )


@pytest.mark.parametrize("key", UNIQUE_KEYS)
def test_unique_keys_of_others_are_taken_into_account(key: str, path: Path) -> None:
    make(path, SESSIONS + UNIQUE_KEYS[key])
    upgrading.upgrade(str(path))
    assert status(path).ok
    write(
        path,
        _insert("INSERT", "1", "a", "'t1'", "'p1'"),
        _insert("INSERT", "2", "b", "'t2'", "'p2'"),
        _insert("INSERT OR REPLACE", "3", "c", "'t1'"),
        _insert("INSERT OR REPLACE", "NULL", "d", "'T1'", "'p2'"),
        _insert("INSERT OR REPLACE", "2", "c", "'t1  '"),
        _insert("INSERT OR IGNORE", "7", "e", "'t1'"),
        _insert("INSERT", "8", "f", "'t8'", "'p8'"),
        _insert("INSERT", "9", "g", "'t9'", "'p9'"),
        "UPDATE OR REPLACE agent_invocations SET ticket_id = 'T9' WHERE id = 8",
        "UPDATE OR REPLACE agent_invocations SET ticket_id = 't9', prompt = 'p9' WHERE id <> 9",
        "UPDATE OR REPLACE agent_invocations SET agent_name = 'a', model = 'm', phase = 'plan'",
        "UPDATE OR IGNORE agent_invocations SET ticket_id = 't1', id = id + 1",
        _insert("INSERT OR REPLACE", "8", "h", "'t1'") + ", (9, 'h', 'plan', 't1', 'p', 'x', 'x')",
        "DELETE FROM agent_invocations WHERE ticket_id = 't1'",
    )


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE UNIQUE INDEX u ON agent_invocations (ticket_id)",
        "CREATE UNIQUE INDEX u ON agent_invocations (lower(ticket_id)) WHERE phase = 'plan'",
    ],
)
def test_a_unique_key_added_later_is_noticed(sql: str, path: Path) -> None:
    make(path, HOOK_TABLES)
    upgrading.upgrade(str(path))
    with closing(connect(path)) as connection:
        connection.execute("CREATE INDEX not_unique ON agent_invocations (ticket_id)")
    assert status(path).ok
    with closing(connect(path)) as connection:
        connection.execute(sql)
    findings = status(path).findings
    assert {(one.kind, one.table) for one in findings} == {("altered", "agent_invocations")}
    assert any("UNIQUE" in one.detail for one in findings)
    upgrading.downgrade(str(path))
    upgrading.upgrade(str(path))
    assert status(path).ok
    write(
        path,
        _insert("INSERT", "1", "a", "'t1'"),
        _insert("INSERT OR REPLACE", "2", "b", "'t1'"),
    )
    with closing(connect(path)) as connection:
        connection.execute("DROP INDEX u")
    assert {one.kind for one in status(path).findings} == {"altered"}


# what was found and what is needed, as the message says it
REFUSED = {
    "no key": (_with(KEY, "id INTEGER"), "no key", "id INTEGER PRIMARY KEY"),
    "text key": (
        _with(KEY, "id TEXT PRIMARY KEY"),
        "key id is not the rowid",
        "id INTEGER PRIMARY",
    ),
    "INT key": (_with(KEY, "id INT PRIMARY KEY"), "key id is not the rowid", "id INTEGER PRIMARY"),
    "descending key": (
        *(_with(KEY, "id INTEGER PRIMARY KEY DESC"), "key id is not the rowid"),
        "id INTEGER PRIMARY KEY",
    ),
    "WITHOUT ROWID": (
        _with(KEY, "id INTEGER PRIMARY KEY").replace("\n);", "\n) WITHOUT ROWID;"),
        *("not the rowid", "id INTEGER PRIMARY KEY"),
    ),
    "key of two": (
        _with(KEY, "id INTEGER").replace("FOREIGN", "PRIMARY KEY (id, phase), FOREIGN"),
        *("(id, phase)", "id INTEGER PRIMARY KEY"),
    ),
    "another key": (
        _with(KEY, "id INTEGER, number INTEGER PRIMARY KEY"),
        *("(number)", "id INTEGER PRIMARY KEY"),
    ),
    "no agent_name": (_with("agent_name TEXT,", "agent TEXT,"), "phase, agent,", "agent_name"),
    "view": ("CREATE VIEW agent_invocations AS SELECT 1 AS id;", "a view", "a table"),
    "view of sessions": (
        AGENT_INVOCATIONS + "CREATE VIEW Sessions AS SELECT 1 AS session_id;",
        *("sessions: it is a view", "a table"),
    ),
    "other sessions": (
        AGENT_INVOCATIONS + "CREATE TABLE sessions (id INTEGER PRIMARY KEY, name);",
        *("sessions: its primary key is (id)", "session_id PRIMARY KEY"),
    ),
    "sessions without a key": (
        AGENT_INVOCATIONS + SESSIONS.replace("TEXT PRIMARY KEY", "TEXT UNIQUE"),
        *("sessions: no key", "session_id PRIMARY KEY"),
    ),
    "sessions of a key of two": (
        AGENT_INVOCATIONS
        + SESSIONS.replace("TEXT PRIMARY KEY", "TEXT").replace(
            "metadata JSON", "metadata JSON, PRIMARY KEY (session_id, cwd)"
        ),
        *("sessions: its primary key is (session_id, cwd)", "session_id PRIMARY KEY"),
    ),
    "sessions WITHOUT ROWID": (
        AGENT_INVOCATIONS + SESSIONS.replace("\n);", "\n) WITHOUT ROWID;"),
        *("sessions: it is WITHOUT ROWID", "a table with rowids"),
    ),
    "sessions with a column rowid": (
        AGENT_INVOCATIONS + SESSIONS.replace("cwd TEXT", "RowId TEXT"),
        *("sessions: a column is named rowid", "the key of that name"),
    ),
    "generated start of sessions": (
        AGENT_INVOCATIONS + SESSIONS.replace("end_time TIMESTAMP", "end_time TEXT AS (cwd)"),
        *("sessions: end_time is a generated column", "an ordinary one"),
    ),
    "tool uses without a key": (
        HOOK_TABLES.replace(AGENT_TOOL_USES, AGENT_TOOL_USES.replace(KEY, "id INTEGER")),
        *("agent_tool_uses: no key", "id INTEGER PRIMARY KEY"),
    ),
    "other tool uses": (
        HOOK_TABLES.replace(
            AGENT_TOOL_USES, "CREATE TABLE agent_tool_uses (id INTEGER PRIMARY KEY, name TEXT);"
        ),
        *("agent_tool_uses: its columns are id, name", "tool_name"),
    ),
    "view of tool uses": (
        HOOK_TABLES.replace(
            AGENT_TOOL_USES, "CREATE VIEW agent_tool_uses AS SELECT 1 AS id, 2 AS tool_name;"
        ),
        *("agent_tool_uses: it is a view", "a table"),
    ),
    "FTS": (
        "CREATE VIRTUAL TABLE agent_invocations USING fts5(id, agent_name);",
        *("a virtual table", "a table"),
    ),
    "R*Tree": (
        "CREATE VIRTUAL TABLE agent_invocations USING rtree(id, agent_name, status);",
        *("a virtual table", "a table"),
    ),
    "generated status": (
        _with("  status TEXT", "  status TEXT AS (upper(error))"),
        *("status is a generated column", "an ordinary one"),
    ),
    "stored generated model": (
        _with("model TEXT", "model TEXT AS (upper(agent_type)) STORED"),
        *("model is a generated column", "an ordinary one"),
    ),
    "generated agent_name": (
        _with("agent_name TEXT", "agent_name TEXT AS (upper(agent_type)) STORED"),
        *("agent_name is a generated column", "an ordinary one"),
    ),
    "generated updated_at": (
        _with("raw_input JSON,", "raw_input JSON, updated_at TEXT AS (end_time),"),
        *("updated_at is a generated column", "an ordinary one"),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_table_that_triggers_cannot_serve_is_refused_untouched(what: str, path: Path) -> None:
    sql, found, needed = REFUSED[what]
    try:
        make(path, sql)
    except sqlite3.OperationalError as error:
        pytest.skip(f"{error} in this SQLite")
    before = sha256(path.read_bytes()).digest()
    with pytest.raises(CannotAdopt) as refusal:
        upgrading.upgrade(str(path))
    message = str(refusal.value)
    assert found in message
    assert f"{needed}" in message.partition("but")[2]
    assert "nothing was changed" in message
    assert sha256(path.read_bytes()).digest() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("journal_mode", ["wal", "keep"])
@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE agent_invocation_changes (a)",
        "CREATE TABLE agent_stats (a)",
        "CREATE VIEW agent_hourly AS SELECT 1 AS a",
        "CREATE TABLE aggregate_totals (a)",
        "CREATE INDEX duration_bounds ON agent_invocations (ticket_id)",
        "CREATE TABLE _aggregates_run_facts (a)",
        "CREATE TABLE _aggregates_by_session (a)",
        "CREATE TABLE agent_activity (a)",
        "CREATE INDEX agent_invocations ON tool_uses (tool_name)",
    ],
)
def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    sql: str, journal_mode: str, path: Path
) -> None:
    """Here as a name is taken. Whatever the cause, hooks and people see no difference."""
    is_taken = "INDEX agent_invocations" in sql
    make(path, (TOOL_USES if is_taken else HOOK_TABLES) + sql)
    if not is_taken:
        with closing(connect(path)) as connection:
            connection.execute(STARTED)
    before = state(path)
    with pytest.raises(CannotAdopt, match=sql.split()[2]):
        upgrading.upgrade(str(path), journal_mode=journal_mode)
    assert state(path) == before


def alembic(*arguments: str, cwd: Path) -> str:
    """What plain Alembic prints."""
    command = [sys.executable, "-m", "alembic", "-c", str(ALEMBIC_INI), *arguments]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_plain_alembic_does_the_same(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"
    for one in (ours, theirs):
        make(one, HOOK_TABLES)
        fill(one)
    upgrading.upgrade(str(ours))
    alembic("-x", f"database={theirs}", "upgrade", "head", cwd=tmp_path)
    assert master(theirs) == master(ours)
    assert state(theirs)[0] == "wal"
    assert drift(theirs) == []
    assert status(theirs).ok
    alembic("-x", f"database={theirs}", "-x", "drop_columns", "downgrade", "base", cwd=tmp_path)
    assert master(theirs) == master(make(tmp_path / "hooks.db", HOOK_TABLES))


def test_plain_alembic_can_keep_the_journal_mode(tmp_path: Path) -> None:
    database = make(tmp_path / "a.db", HOOK_TABLES)
    options = ("-x", f"database=sqlite:///{database}", "-x", "journal_mode=keep")
    alembic(*options, "upgrade", "head", cwd=tmp_path)
    assert status(database).journal_mode == "delete"
    assert status(database).ok


_NO_REAL = re.compile(r"AND typeof\(NEW\.x\d+\)<>'real'")


@pytest.mark.parametrize("is_empty", [True, False])
def test_offline_sql_installs_and_fills(is_empty: bool, path: Path, tmp_path: Path) -> None:
    make(path, "" if is_empty else HOOK_TABLES)
    if not is_empty:
        fill(path)
    rows = [] if is_empty else contents(path)
    sql = alembic("upgrade", "head", "--sql", cwd=tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    assert status(path).findings == []
    assert status(path).ok
    assert drift(path) == []
    if rows:
        assert contents(path, without=("updated_at",)) == rows
    write(path, STARTED, COMPLETED, STARTED, "DELETE FROM agent_invocations WHERE id % 2")
    online = make(path.with_name("online.db"), "" if is_empty else HOOK_TABLES)
    upgrading.upgrade(str(online))
    ours = [row for row in master(path) if row[1] != "_aggregates_version"]
    theirs = [row for row in master(online) if row[1] != "_aggregates_version"]
    # Printed SQL quotes the column that is added, and knows no types of columns.
    assert any(_NO_REAL.search(row[3] or "") for row in ours)
    for one in (ours, theirs):
        sql = ((row[3] or "").replace('"updated_at"', "updated_at") for row in one)
        one[:] = [(*row[:3], _NO_REAL.sub("", text)) for row, text in zip(one, sql, strict=True)]
    assert ours == theirs
    upgrading.upgrade(str(path))
    with Store(path) as store:
        assert store.verify().drifts == []


def test_offline_sql_takes_no_real_number_for_a_name(path: Path, tmp_path: Path) -> None:
    make(path, HOOK_TABLES.replace("phase TEXT", "phase NUMERIC"))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(alembic("upgrade", "head", "--sql", cwd=tmp_path))
        connection.execute("INSERT INTO agent_invocations (agent_name, phase) VALUES ('a', 5.5)")
        connection.commit()
        assert connection.execute("SELECT phase FROM agent_stats").fetchall() == [("",)]
    assert status(path).ok
    with Store(path) as store:
        assert store.verify().drifts == []


@pytest.mark.parametrize("to", ["base", "-2", "5d0f7e2a91c4-1"])
def test_offline_sql_can_be_undone_offline(to: str, path: Path, tmp_path: Path) -> None:
    make(path, HOOK_TABLES)
    fill(path)
    objects, rows = master(path), contents(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(alembic("upgrade", "head", "--sql", cwd=tmp_path))
        connection.executescript(alembic("downgrade", f"head:{to}", "--sql", cwd=tmp_path))
        connection.execute("ALTER TABLE agent_invocations DROP COLUMN updated_at")
        connection.commit()
    assert (master(path), contents(path)) == (objects, rows)


@pytest.mark.parametrize("steps", ["head:-1", "a83b16c0de57:5d0f7e2a91c4"])
def test_offline_sql_can_be_undone_in_part(steps: str, path: Path, tmp_path: Path) -> None:
    make(path, HOOK_TABLES)
    upgrading.upgrade(str(path), revision="5d0f7e2a91c4")
    fill(path)
    before = master(path)
    upgrading.upgrade(str(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(alembic("downgrade", steps, "--sql", cwd=tmp_path))
    assert master(path) == before
    assert status(path).revision == "5d0f7e2a91c4"
    upgrading.upgrade(str(path))
    assert status(path).ok
    assert drift(path) == []


@pytest.mark.parametrize(
    "name",
    [
        *("with spaces.db", "100%.db", "a%20b%s.db", "a#b.db", "a?mode=ro.db", "äöü ß.db"),
        *("'\"a;b.db", "a&b=c.db", "$HOME ~.db", "[a]{b}.db"),
    ],
)
def test_any_path_will_do(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = make(folder / name, HOOK_TABLES)
    upgrading.upgrade(str(path))
    write(path, STARTED, COMPLETED)
    assert status(path).ok
    with Store(path) as store:
        assert store.verify().drifts == []
    alembic("-x", f"database={path}", "upgrade", "head", cwd=tmp_path)
    upgrading.downgrade(str(path), drop_columns=True)
    assert master(path) == master(make(tmp_path / "hooks.db", HOOK_TABLES))
    assert os.listdir(folder) == [name]
    assert sorted(os.listdir(tmp_path)) == sorted([name, "hooks.db"])


def _obey_permissions() -> None:
    """Take from root the right to write what nobody may write (CAP_DAC_OVERRIDE)."""
    pr_capbset_drop, cap_dac_override = 24, 1
    ctypes.CDLL(None).prctl(pr_capbset_drop, cap_dac_override, 0, 0, 0)


def migrate(path: Path) -> tuple[int, str]:
    """`aggregates migrate` as a process that permissions hold for: status and errors."""
    if os.geteuid() == 0 and sys.platform != "linux":
        pytest.skip("root may write everything")
    code = "from aggregates.cli import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", code, "migrate", "--database", str(path)],
        capture_output=True,
        text=True,
        preexec_fn=_obey_permissions if os.geteuid() == 0 else None,
    )
    return found.returncode, found.stderr


def test_a_strict_table_that_lacks_columns_is_refused_and_nothing_changed(path: Path) -> None:
    make(path, "CREATE TABLE agent_invocations (id INTEGER PRIMARY KEY, agent_name TEXT) STRICT")
    before = sha256(path.read_bytes()).digest()
    exit_status, errors = migrate(path)
    assert exit_status == 4
    assert "it is STRICT, but its columns timestamp, " in errors
    assert sha256(path.read_bytes()).digest() == before


def test_a_file_that_cannot_be_written_is_named(path: Path) -> None:
    make(path, HOOK_TABLES)
    path.chmod(0o444)
    before = sha256(path.read_bytes()).digest()
    exit_status, errors = migrate(path)
    assert (exit_status, errors.count("\n")) == (1, 1)
    assert errors.startswith(f"error: cannot write to {path}: it is read-only for this user")
    assert "make it and its folder writable" in errors
    assert sha256(path.read_bytes()).digest() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_cannot_be_written_is_named(path: Path) -> None:
    make(path, HOOK_TABLES)
    path.parent.chmod(0o555)
    before = sha256(path.read_bytes()).digest()
    try:
        exit_status, errors = migrate(path)
    finally:
        path.parent.chmod(0o755)
    assert (exit_status, errors.count("\n")) == (1, 1)
    assert str(path) in errors
    assert "writable" in errors
    assert sha256(path.read_bytes()).digest() == before


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_text("not a database " * 100)
    before = path.read_bytes()
    exit_status, errors = migrate(path)
    assert (exit_status, errors) == (
        1,
        f"error: {path} is not a SQLite database; name another file\n",
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "wal"])
def test_the_journal_mode_can_be_kept(mode: str, path: Path) -> None:
    make(path, HOOK_TABLES + STARTED + f"; PRAGMA journal_mode = {mode}")
    upgrading.upgrade(str(path), journal_mode="keep")
    # Only WAL is stored in the file.
    assert status(path).journal_mode == ("wal" if mode == "wal" else "delete")
    assert status(path).ok
    upgrading.downgrade(str(path))
    assert state(path)[0] == ("wal" if mode == "wal" else "delete")


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE"])
def test_the_switch_to_wal_waits_for_others(begin: str, path: Path) -> None:
    make(path, HOOK_TABLES + STARTED)
    ended = threading.Event()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(begin)
        assert other.execute("SELECT count(*) FROM agent_invocations").fetchone() == (1,)

        def end() -> None:
            ended.set()
            other.execute("COMMIT")

        timer = threading.Timer(1.0, end)
        timer.start()
        try:
            upgrading.upgrade(str(path))
        finally:
            timer.join()
        assert ended.is_set()
        # It keeps the file open all the time.
        other.execute(STARTED)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert status(path).journal_mode == "wal"
    assert drift(path) == []


@pytest.fixture
def installed(migrated_database: MakeDatabase) -> Iterator[Path]:
    """A database at the head revision."""
    with migrated_database("plain") as path:
        yield path


def change(path: Path, sql: str) -> list[Finding]:
    """What an inspection finds when something was done to a database."""
    with closing(connect(path)) as connection:
        connection.executescript(sql)
    return status(path).findings


def rewrite(path: Path, function: Callable[[str], str], where: str = "1") -> list[Finding]:
    """The same for SQL of objects of ours that was changed in place."""
    with closing(connect(path)) as connection:
        connection.create_function("rewritten", 1, lambda sql: sql and function(sql))
        connection.execute("PRAGMA writable_schema = ON")
        changed = connection.execute(
            "UPDATE sqlite_master SET sql = rewritten(sql) WHERE sql <> rewritten(sql)"
            f" AND name NOT IN ('agent_invocations', 'sessions') AND {where}"
        ).rowcount
        assert changed
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return status(path).findings


def names(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """Kind, table and name of each."""
    return [(one.kind, one.table, one.name) for one in findings]


TRIGGER = "_aggregates_run_delete"


def test_a_dropped_trigger_is_missing(installed: Path) -> None:
    findings = change(installed, f"DROP TRIGGER {TRIGGER}")
    assert names(findings) == [("missing", "agent_invocations", TRIGGER)]
    assert "aggregates migrate --reinstall" in findings[0].detail
    upgrading.downgrade(str(installed))
    upgrading.upgrade(str(installed))
    assert status(installed).ok


def test_every_object_that_is_dropped_is_missing(installed: Path) -> None:
    with closing(connect(installed)) as connection:
        dropped = connection.execute(
            "SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL AND"
            " name NOT IN ('agent_invocations', 'sessions', 'tool_uses', 'agent_tool_uses',"
            " '_aggregates_version', 'sqlite_sequence') AND name NOT LIKE 'idx_agent_tool%'"
            " ORDER BY type = 'table', type = 'view', name"
        ).fetchall()
        assert {kind for kind, _ in dropped} >= {"trigger", "table", "view"}
        for kind, name in dropped:
            connection.execute(f"DROP {kind} IF EXISTS {name}")
    findings = status(installed).findings
    missing = [one.name for one in findings if one.kind == "missing"]
    assert sorted(missing) == sorted(name for _, name in dropped)
    assert {one.name for one in findings if one.kind != "missing"} == {
        *("agent_invocations", "sessions", "agent_tool_uses")
    }
    assert {one.kind for one in findings} == {"missing", "rebuilt"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'update'", "'UPDATE'"),
        ("AFTER DELETE", "BEFORE DELETE"),
        ("OLD.status,", "NULL,"),
        ("'%Y-%m-%dT%H:%M:%fZ'", "'%Y-%m-%dT%H:%M:%SZ'"),
        ("' ')", "'  ')"),
    ],
)
def test_an_altered_trigger_is_altered(old: str, new: str, installed: Path) -> None:
    findings = rewrite(installed, lambda sql: sql.replace(old, new), "type = 'trigger'")
    assert findings
    assert {one.kind for one in findings} == {"altered"}


def test_a_trigger_emptied_by_hand_is_altered(installed: Path) -> None:
    findings = change(
        installed,
        f"DROP TRIGGER {TRIGGER}; CREATE TRIGGER {TRIGGER} AFTER DELETE ON agent_invocations"
        " BEGIN SELECT 1; END",
    )
    assert names(findings) == [("altered", "agent_invocations", TRIGGER)]


def test_a_trigger_of_our_name_that_is_not_ours_is_unknown(installed: Path) -> None:
    sql = "CREATE TRIGGER {} AFTER INSERT ON agent_invocations BEGIN SELECT 1; END"
    assert change(installed, sql.format("somebodys")) == []
    findings = change(installed, sql.format("_aggregates_run_old"))
    assert names(findings) == [("unknown", "agent_invocations", "_aggregates_run_old")]


def test_an_altered_table_is_altered(installed: Path) -> None:
    findings = change(installed, "ALTER TABLE agent_stats ADD COLUMN note TEXT")
    assert names(findings) == [("altered", "agent_stats", "agent_stats")]


def test_a_table_rebuilt_by_copy_has_lost_its_triggers(installed: Path) -> None:
    with closing(connect(installed)) as connection:
        connection.execute(STARTED)
        lost = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            " AND tbl_name = 'agent_invocations'"
        ).fetchall()
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'agent_invocations'"
        ).fetchone()
    assert lost
    findings = change(
        installed,
        f"BEGIN; {sql.replace('agent_invocations', 'rebuilt', 1)};"
        "INSERT INTO rebuilt SELECT * FROM agent_invocations; DROP TABLE agent_invocations;"
        f"ALTER TABLE rebuilt RENAME TO agent_invocations; {COMPLETED}; COMMIT",
    )
    assert sorted(names(findings)) == sorted(
        [("missing", "agent_invocations", name) for (name,) in lost]
        + [("rebuilt", "agent_invocations", "agent_invocations")]
    )
    assert not status(installed).ok
    assert drift(installed) != []
    upgrading.downgrade(str(installed))
    upgrading.upgrade(str(installed))
    assert status(installed).ok
    assert drift(installed) == []


def test_white_space_and_comments_are_no_difference(installed: Path) -> None:
    def spaced(sql: str) -> str:
        head, sign, body = sql.partition("\nBEGIN\n")
        sql = head.replace("\n", " \t\n\n") + sign + body.replace("\n", "\r\n   ")
        sql = sql.replace("CREATE TRIGGER", "create /* made */ Trigger -- by hand\n")
        return sql.replace(";", " ; -- done\n")

    assert rewrite(installed, spaced, "type = 'trigger'") == []
    assert status(installed).ok
    write(installed, STARTED, COMPLETED, "DELETE FROM agent_invocations")


def test_a_table_that_is_gone_altogether_is_reported(installed: Path) -> None:
    findings = change(installed, "DROP TABLE agent_invocations")
    assert {(one.kind, one.table) for one in findings} >= {("missing", "agent_invocations")}


def test_what_is_not_installed_is_said(path: Path) -> None:
    make(path, HOOK_TABLES)
    inspection = status(path)
    assert inspection.revision is None
    assert not inspection.ok
    assert names(inspection.findings) == [("revision", "", upgrading.head())]
