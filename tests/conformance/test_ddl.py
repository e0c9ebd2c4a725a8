"""Whatever tools do to the schema: writers go on, `status` tells the truth, its advice ends well.

A sequence of what tools do, with hooks writing between, on a migrated database; beside it an
unmigrated copy, made again after each step. AGGREGATES_DDL_SEEDS runs as many groups of sequences.
"""

import os
import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from advice import SHORT_CUTS, follow, status
from alembic.migration import MigrationContext
from alembic.operations import Operations
from conftest import connect
from hooks import HOOK_TABLES
from oracle import differences, recompute, stored

from aggregates.installing.upgrading import downgrade, upgrade

SEEDS = int(os.environ.get("AGGREGATES_DDL_SEEDS", "60"))
SEQUENCES, STEPS = 5, 3
"""Sequences of a group, and the most that tools do in one."""
SOURCES = ("agent_invocations", "sessions", "agent_tool_uses")
COLUMNS = {
    "agent_invocations": ("agent_name", "model", "status", "start_time", "raw_output", "id"),
    "sessions": ("session_id", "status", "end_time"),
    "agent_tool_uses": ("tool_name", "duration_seconds"),
}


@cache
def template() -> bytes:
    """A migrated database with a few rows."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent_workflow.db"
        with closing(connect(path)) as connection:
            connection.executescript(HOOK_TABLES)
            for statement, values in statements(random.Random("template"), 20):
                connection.execute(statement, values)
        upgrade(str(path))
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


def statements(chance: random.Random, count: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What hooks execute, each event with the tables that it needs."""
    for _ in range(count):
        id_, session = chance.randint(1, 30), f"s{chance.randint(1, 4)}"
        start = f"2026-10-01T0{chance.randint(1, 9)}:00:00.000"
        yield chance.choice(
            (
                (
                    "INSERT INTO agent_invocations (timestamp, session_id, event_type, phase,"
                    " agent_name, start_time, status)"
                    " VALUES (?, ?, 'pre_invocation', 'plan', ?, ?, 'started')",
                    (start, session, f"agent-{id_ % 3}", start),
                ),
                (
                    "UPDATE agent_invocations SET end_time = ?, duration_seconds = 2.5, model ="
                    " 'standard', status = 'completed', raw_output = ? WHERE id = ?",
                    (start, f'{{"totalTokens": {id_}}}', id_),
                ),
                (
                    "INSERT OR REPLACE INTO sessions"
                    " (session_id, start_time, status, cwd, metadata) VALUES (?, ?, ?, '/', '{}')",
                    (session, start, chance.choice(("active", "completed"))),
                ),
                (
                    "INSERT INTO agent_tool_uses"
                    " (session_id, agent_name, tool_name, start_time, status)"
                    " VALUES (?, 'agent-1', ?, ?, 'started')",
                    (session, chance.choice(("Bash", "Read")), start),
                ),
                ("DELETE FROM agent_invocations WHERE id = ?", (id_,)),
                ("DELETE FROM sessions WHERE session_id = ?", (session,)),
            )
        )


class Sequence:
    """A migrated database, and what is done to it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.path = folder / "agent_workflow.db"
        self.path.write_bytes(template())
        self.log: list[str] = []
        self.may_fail = False
        """whether a view, or what it calls, is gone: then writers fail, until it is put back"""

    def run(self) -> None:
        """A few steps; after each of them hooks write, and sometimes the advice is followed."""
        for _ in range(self.chance.randint(1, STEPS)):
            step = self.chance.choice(TOOLS)
            self.log.append(step.__name__)
            try:
                step(self)
            except (sqlite3.Error, sa.exc.DBAPIError) as error:
                # SQLite alters no table while a trigger names what is not there.
                if not self.may_fail or "error in " not in str(error):
                    raise
            self.write()
            self.check_truth()
            if self.chance.random() < 0.1:
                self.follow()
        self.follow()
        self.write()
        self.check_exact()

    def execute(self, *sql: str) -> None:
        """Execute what a tool would."""
        self.log += sql
        with closing(connect(self.path)) as connection:
            if len(sql) > 1:
                connection.execute("BEGIN")
            for statement in sql:
                connection.execute(statement)
            if connection.in_transaction:
                connection.execute("COMMIT")

    def table(self) -> str:
        """A source table that is there."""
        with closing(connect(self.path)) as connection:
            there = [one for one in SOURCES if columns(connection, one)]
        return self.chance.choice(there or ["sessions"])

    def sql(self, table: str) -> str:
        """The statement that makes a table."""
        with closing(connect(self.path)) as connection:
            query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
            (found,) = connection.execute(query, (table,)).fetchone()
        return str(found)

    def write(self, *, is_making_tables: bool = True) -> None:
        """Hooks write, here and to a copy without anything of ours: with the same result."""
        with closing(connect(self.path)) as ours, closing(unmigrated(ours)) as theirs:
            if is_making_tables:
                for connection in (ours, theirs):
                    connection.executescript(HOOK_TABLES)
            for statement, values in statements(self.chance, 6):
                ended = _result(ours, statement, values)
                if self.may_fail and "_aggregates_" in str(ended):
                    continue
                found = [ended, _result(theirs, statement, values)]
                assert found[0] == found[1], (statement, found)
            assert _rows(ours) == _rows(theirs)

    def check_truth(self) -> None:
        """`status` finds something just where something is wrong, and if not all is exact."""
        found = status(self.path)
        spoilt = [one for one in found.findings if not one.is_doubt]
        assert bool(spoilt) == (objects(self.path) != right_objects()), list(map(str, spoilt))
        if found.ok:
            self.check_exact()

    def check_exact(self) -> None:
        """The aggregates are what the source tables say."""
        with closing(connect(self.path)) as connection:
            found = differences(stored(connection), recompute(connection))
            assert not found, found[:10]

    def follow(self) -> None:
        """Do what `status` says until it says that all is well; its SQL and commands all work."""
        self.log.append("follow")
        self.log += follow(self.path, SHORT_CUTS)
        self.may_fail = False
        assert objects(self.path) == right_objects()
        self.check_exact()


def unmigrated(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of what is not ours."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        " ORDER BY type = 'index', rowid"
    ).fetchall()
    for kind, name, table, sql in rows:
        if kind == "table" and table in (*SOURCES, "tool_uses", "renamed"):
            made.execute(sql)
            names = ", ".join(f'"{one}"' for one in ("rowid", *columns(connection, table)))
            marks = ", ".join("?" * (names.count('", "') + 1))
            found = connection.execute(f'SELECT {names} FROM "{name}"').fetchall()
            made.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', found)
        elif kind == "index" and table in SOURCES:
            made.execute(sql)
    if columns(made, "sqlite_sequence"):
        made.execute("DELETE FROM sqlite_sequence")
        for row in connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
            made.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", row)
    return made


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def _result(
    connection: sqlite3.Connection, statement: str, values: tuple[object, ...]
) -> tuple[object, ...]:
    try:
        done = connection.execute(statement, values)
    except sqlite3.Error as error:
        return (type(error), str(error))
    (changes,) = connection.execute("SELECT changes()").fetchone()
    return (done.rowcount, done.lastrowid if statement.startswith("INSERT") else None, changes)


def _rows(connection: sqlite3.Connection) -> list[object]:
    found: list[object] = []
    for table in SOURCES:
        names = [name for name in columns(connection, table) if name != "updated_at"]
        if names:
            listed = ", ".join(f'"{name}"' for name in names)
            found.append(connection.execute(f"SELECT rowid, {listed} FROM {table}").fetchall())
    return found


def objects(path: Path) -> set[tuple[str, str, str, str]]:
    """What is ours, but for quotes, and spaces beside them, that SQLite adds to a name."""
    with closing(connect(path)) as connection:
        rows = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master"
            f" WHERE type <> 'index' AND name NOT IN {SOURCES}"
        ).fetchall()
    theirs = ("tool_uses", "sqlite_sequence", "renamed")
    return {
        (
            kind,
            name,
            table,
            re.sub(r'\s*"(\w+)"\s*', r" \1 ", sql.replace(" ", "")).replace(" ", ""),
        )
        for kind, name, table, sql in rows
        if name not in theirs
        and not name.endswith("_without_key")
        and not name.startswith("_alembic_tmp_")
    }


@cache
def right_objects() -> set[tuple[str, str, str, str]]:
    """What is ours in a database where all is as it should be."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent_workflow.db"
        path.write_bytes(template())
        return objects(path)


def rename_table(of: Sequence) -> None:
    """And write a new one; of another name at first, so that hooks find none for a moment."""
    table = of.table()
    of.execute("DROP TABLE IF EXISTS renamed", f"ALTER TABLE {table} RENAME TO renamed")


def rename_table_alone(of: Sequence) -> None:
    """As before SQLite 3.25: what names it goes on naming what is not there."""
    rename = f"ALTER TABLE {of.table()} RENAME TO renamed"
    of.execute("PRAGMA legacy_alter_table = ON", "DROP TABLE IF EXISTS renamed", rename)
    of.may_fail = True


def rename_table_and_back(of: Sequence) -> None:
    table = of.table()
    of.execute("DROP TABLE IF EXISTS renamed", f"ALTER TABLE {table} RENAME TO renamed")
    of.write(is_making_tables=False)
    of.execute(f"ALTER TABLE renamed RENAME TO {table}")


def _rename_column(of: Sequence) -> tuple[str, str, str] | None:
    table = of.table()
    with closing(connect(of.path)) as connection:
        there = [one for one in COLUMNS[table] if one in columns(connection, table)]
    if not there:
        return None
    name = of.chance.choice(there)
    new = f"other{of.chance.randrange(10**6)}"
    of.execute(f"ALTER TABLE {table} RENAME COLUMN {name} TO {new}")
    return table, name, new


def rename_column(of: Sequence) -> None:
    _rename_column(of)


def rename_column_and_back(of: Sequence) -> None:
    renamed = _rename_column(of)
    if renamed is not None:
        of.write()
        table, name, new = renamed
        of.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {name}")


def add_column(of: Sequence) -> None:
    of.execute(f"ALTER TABLE {of.table()} ADD COLUMN note{of.chance.randrange(10**6)} TEXT")


def transform(of: Sequence) -> None:
    """As sqlite-utils does it: another table, its rows, and the old name."""
    table = of.table()
    of.execute(
        re.sub(r'"?\b' + table + r'\b"?', "new_table", of.sql(table), count=1),
        f"INSERT INTO new_table (rowid, {of_columns(of, table)})"
        f" SELECT rowid, {of_columns(of, table)} FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE new_table RENAME TO {table}",
    )


def of_columns(of: Sequence, table: str) -> str:
    with closing(connect(of.path)) as connection:
        return ", ".join(f'"{name}"' for name in columns(connection, table))


def batch(of: Sequence) -> None:
    """As Alembic does it, for what SQLite cannot alter."""
    table = of.table()
    of.execute(f"DROP TABLE IF EXISTS _alembic_tmp_{table}")  # where an earlier one has failed
    engine = sa.create_engine(f"sqlite:///{of.path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column(f"batch{of.chance.randrange(10**6)}", sa.Text))


def _replace(of: Sequence, copy: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        of.path.with_name(of.path.name + suffix).unlink(missing_ok=True)
    copy.rename(of.path)


def dump(of: Sequence) -> None:
    copy = of.folder / "restored.db"
    with closing(connect(of.path)) as connection, closing(connect(copy)) as restored:
        restored.executescript("\n".join(connection.iterdump()))
    _replace(of, copy)


def vacuum(of: Sequence) -> None:
    of.execute("VACUUM")


def vacuum_into(of: Sequence) -> None:
    copy = of.folder / "copy.db"
    of.execute(f"VACUUM INTO '{copy}'")
    _replace(of, copy)


def drop(of: Sequence) -> None:
    """Hooks make it again, empty."""
    of.execute(f"DROP TABLE {of.table()}")


def replace(of: Sequence) -> None:
    """As pandas does it: no key, and types of its own."""
    table = of.table()
    of.execute(
        f"CREATE TABLE new_table AS SELECT {of_columns(of, table)} FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE new_table RENAME TO {table}",
    )


def _drop_one(of: Sequence, kind: str, condition: str) -> None:
    with closing(connect(of.path)) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master AS one WHERE type = ? AND"
            " (SELECT type FROM sqlite_master WHERE name = one.tbl_name)"
            f" {condition} ORDER BY name",
            (kind,),
        ).fetchall()
    if found:
        of.execute(f'DROP {kind} "{of.chance.choice(found)[0]}"')


def drop_trigger(of: Sequence) -> None:
    _drop_one(of, "trigger", "= 'table'")


def drop_called_trigger(of: Sequence) -> None:
    """One that others call, by an insert into its view."""
    _drop_one(of, "trigger", "= 'view'")
    of.may_fail = True


def drop_view(of: Sequence) -> None:
    _drop_one(of, "view", "= 'view'")
    of.may_fail = True


def down_and_up(of: Sequence) -> None:
    """As whoever hopes that this mends it."""
    if all(one.kind in ("missing", "altered", "rebuilt", "unproved") for one in findings(of)):
        downgrade(str(of.path))
        of.write()
        upgrade(str(of.path))


def findings(of: Sequence) -> list[object]:
    return list(status(of.path).findings)


Tool = Callable[[Sequence], None]
TOOLS: tuple[Tool, ...] = (
    *(rename_table, rename_table_alone, rename_table_and_back),
    *(rename_column, rename_column_and_back),
    *(add_column, transform, batch, dump, vacuum, vacuum_into, drop, replace),
    *(drop_trigger, drop_called_trigger, drop_view, down_and_up),
)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_tools_do_the_advice_ends_well(seed: int, tmp_path: Path) -> None:
    for number in range(SEQUENCES):
        folder = tmp_path / str(number)
        folder.mkdir()
        sequence = Sequence(folder, random.Random(f"{seed} {number}"))
        try:
            sequence.run()
        except BaseException as error:
            error.add_note(f"seed {seed}, sequence {number}: " + "; ".join(sequence.log))
            raise


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_each_tool_alone(tool: Tool, tmp_path: Path) -> None:
    sequence = Sequence(tmp_path, random.Random(tool.__name__))
    tool(sequence)
    sequence.write()
    sequence.check_truth()
    sequence.follow()
    sequence.write()
    sequence.check_exact()
