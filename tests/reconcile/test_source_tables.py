"""Whatever was done to a source table, a reinstall makes it no worse, and says what would help."""

import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import pytest
import sqlalchemy as sa
from advice import follow, status
from alembic.migration import MigrationContext
from alembic.operations import Operations
from click.testing import CliRunner
from conftest import connect
from samples import SOURCES, check_exact, copy, everything, start_run

from aggregates.cli import main
from aggregates.engines import open_database
from aggregates.errors import SchemaMismatch
from aggregates.model.catalogue import catalogue
from aggregates.proving.reinstalling import reinstall

SESSION = "INSERT OR REPLACE INTO sessions (session_id, status) VALUES ('again', ?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return copy(tmp_path)


def execute(path: Path, *statements: str) -> None:
    with closing(connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def rows(path: Path, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    with closing(connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()


def refused(path: Path) -> str:
    """What a reinstall says that changes nothing."""
    schema = "type, name, sql"
    before = everything(path), rows(path, "sqlite_master", schema)
    with pytest.raises(SchemaMismatch) as error:
        reinstall(open_database(path), catalogue.sources)
    assert (everything(path), rows(path, "sqlite_master", schema)) == before
    return str(error.value)


def kinds(path: Path) -> set[str]:
    return {one.kind for one in status(path).findings}


def without_key(path: Path, table: str) -> None:
    """As pandas does it, to_sql(if_exists="replace")."""
    execute(
        path,
        f"CREATE TABLE t_ AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE t_ RENAME TO {table}",
    )


def made_anew(path: Path, table: str, change: Callable[[str], str]) -> None:
    """By another definition, with the same rows."""
    with closing(connect(path)) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        connection.executescript(
            f"{change(sql.replace(table, 't_', 1))}; INSERT INTO t_ SELECT * FROM {table};"
            f"DROP TABLE {table}; ALTER TABLE t_ RENAME TO {table}"
        )


@pytest.mark.parametrize("table", SOURCES)
def test_a_table_without_its_key_is_refused_and_gets_it_again(table: str, path: Path) -> None:
    before = rows(path, table)
    without_key(path, table)
    key = "session_id PRIMARY KEY" if table == "sessions" else "id INTEGER PRIMARY KEY"
    assert f"the triggers cannot serve {table}: no key, but {key} is needed" in refused(path)
    assert kinds(path) >= {"unfit", "rebuilt"}
    execute(path, f"CREATE VIEW theirs AS SELECT * FROM {table}")
    follow(path)
    assert rows(path, table) == before
    (left,) = status(path).warnings
    assert (left.kind, left.name) == ("left over", f"{table}_without_key")
    execute(path, left.detail.split("`")[1])
    assert status(path).warnings == []
    with closing(connect(path)) as connection:
        connection.execute(SESSION, ("active",))
        (highest,) = connection.execute("SELECT max(id) FROM agent_invocations").fetchone()
        assert start_run(connection) == highest + 1
    check_exact(path)


def test_rows_that_were_written_without_a_key_are_kept(path: Path) -> None:
    without_key(path, "agent_invocations")
    without_key(path, "sessions")
    execute(
        path,
        "CREATE INDEX theirs ON agent_invocations (ticket_id)",
        "CREATE TABLE seen (id)",
        "CREATE TRIGGER their_trigger AFTER INSERT ON sessions BEGIN\n"
        " INSERT INTO seen VALUES (NEW.session_id); END",
    )
    with closing(connect(path)) as connection:
        (highest,) = connection.execute("SELECT max(id) FROM agent_invocations").fetchone()
        for id_, agent in ((None, "no id"), (highest + 1, "next"), (highest, "same"), ("x", "odd")):
            connection.execute(
                "INSERT INTO agent_invocations (id, agent_name) VALUES (?, ?)", (id_, agent)
            )
        for one in ("active", "completed"):
            connection.execute(SESSION, (one,))
    count = len(rows(path, "agent_invocations"))
    follow(path)
    found = rows(path, "agent_invocations", "id, agent_name")
    assert len(found) == count
    ids = {agent: id_ for id_, agent in found}
    assert (ids["same"], ids["next"]) == (highest, highest + 1)
    assert sorted(ids[agent] for agent in ("no id", "odd")) > [highest + 1]
    assert rows(path, "sessions WHERE session_id = 'again'", "status") == [("completed",)]
    assert {row[0] for row in rows(path, "sqlite_master", "name")} >= {"theirs", "their_trigger"}
    check_exact(path)


@pytest.mark.parametrize("table", SOURCES)
def test_a_table_without_rowids_gets_them_again(table: str, path: Path) -> None:
    before = rows(path, table)
    made_anew(path, table, lambda sql: f"{sql.replace(' AUTOINCREMENT', '')} WITHOUT ROWID")
    assert "is needed" in refused(path)
    follow(path)
    assert rows(path, table) == before
    check_exact(path)


COMMANDS = (("status",), ("verify",), ("repair",), ("rebuild",), ("migrate", "--reinstall"))


def said_by_all(path: Path) -> list[str]:
    """What each command says that ends with 4, and none of which begins with a reinstall."""
    said = []
    for command, *options in COMMANDS:
        done = CliRunner().invoke(main, [command, *options, "--database", str(path)])
        assert done.exit_code == 4, (command, done.output)
        assert "--reinstall" not in done.output
        said.append(" ".join(done.output.split()))
    return said


@pytest.mark.parametrize("table", SOURCES)
def test_a_table_that_was_renamed_is_named_so_again(table: str, path: Path) -> None:
    before, counted = rows(path, table), everything(path)
    execute(path, f"ALTER TABLE {table} RENAME TO put_aside")
    step = f'ALTER TABLE "put_aside" RENAME TO "{table}"'
    assert all(step in said for said in said_by_all(path))
    assert follow(path) == [step, "aggregates status"]
    assert rows(path, table) == before
    assert everything(path) == counted
    check_exact(path)


@pytest.mark.parametrize("table", SOURCES)
def test_a_table_that_is_gone_is_put_back_from_a_backup(table: str, path: Path) -> None:
    with closing(connect(path)) as connection:
        backup = list(connection.iterdump())
    execute(path, f"DROP TABLE {table}")
    assert all(f"put {table} back from a backup" in said for said in said_by_all(path))
    assert "altered" not in kinds(path), "what reads a table is as it was without it"
    assert status(path).steps[0].startswith(f"-- put {table} back from a backup")
    statements = [
        one
        for one in backup
        if one.startswith((f"CREATE TABLE {table} ", f'INSERT INTO "{table}"'))
    ]
    execute(path, *statements)
    follow(path)
    check_exact(path)


def test_no_finding_names_what_cannot_be_done_yet(path: Path) -> None:
    """Whoever reads only one of them must not be led astray."""
    without_key(path, "agent_invocations")
    said_by_all(path)
    found = status(path).findings
    assert {one.kind for one in found if not one.is_of_source} == {"rebuilt", "missing"}
    for one in found:
        assert "--reinstall" not in one.detail
        assert one.is_of_source or one.detail.endswith("; first put agent_invocations right")
        assert bool(one.steps) == one.is_of_source
    follow(path)
    check_exact(path)


@pytest.mark.parametrize(
    "definition",
    ["id TEXT PRIMARY KEY", "id INT PRIMARY KEY", "id INTEGER, PRIMARY KEY (id, agent_name)"],
)
def test_a_table_with_another_key_gets_its_own_again(definition: str, path: Path) -> None:
    before = rows(path, "agent_invocations")
    key, comma, after = definition.partition(", ")
    made_anew(
        path,
        "agent_invocations",
        lambda sql: sql.replace("id INTEGER PRIMARY KEY AUTOINCREMENT", key, 1).replace(
            "FOREIGN KEY", f"{after}{comma}FOREIGN KEY", 1
        ),
    )
    assert "INTEGER PRIMARY KEY is needed" in refused(path)
    follow(path)
    assert rows(path, "agent_invocations") == before
    check_exact(path)


def test_a_table_that_became_a_view_is_refused(path: Path) -> None:
    execute(
        path,
        "ALTER TABLE sessions RENAME TO kept",
        "CREATE VIEW sessions AS SELECT session_id FROM kept",
    )
    assert "the triggers cannot serve sessions: it is a view" in refused(path)
    assert "unfit" in kinds(path)


def renamed_in_place(path: Path, table: str, old: str, new: str) -> None:
    execute(path, f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def renamed_by_copy(path: Path, table: str, old: str, new: str) -> None:
    """As Alembic's batch mode does it."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(table, recreate="always") as batch:
            batch.alter_column(old, new_column_name=new)


Rename = Callable[[Path, str, str, str], None]


@pytest.mark.parametrize("rename", [renamed_in_place, renamed_by_copy])
@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("agent_invocations", "agent_name", "agent"),
        ("agent_invocations", "model", "tier"),
        ("agent_invocations", "id", "run"),
        ("agent_tool_uses", "status", "outcome"),
        ("sessions", "session_id", "session"),
    ],
)
def test_a_column_that_was_renamed_is_named_so_again(
    rename: Rename, table: str, old: str, new: str, path: Path
) -> None:
    execute(path, f"ALTER TABLE {table} ADD COLUMN note TEXT")
    before, counted = rows(path, table), everything(path)["agent_stats"]
    rename(path, table, old, new)
    (found,) = [one for one in status(path).findings if one.kind == "column"]
    assert (found.table, found.name) == (table, old)
    assert found.steps == (f'ALTER TABLE "{table}" RENAME COLUMN "{new}" TO "{old}"',)
    told = refused(path)
    assert f"{table}.{old} is gone, which the triggers read, and {new} stands in its place" in told
    assert found.steps[0] in told
    taken = follow(path)
    assert ("aggregates repair" in taken) == (rename is renamed_by_copy)
    assert rows(path, table) == before
    assert everything(path)["agent_stats"] == counted
    check_exact(path)


def test_a_column_can_be_named_again_while_a_view_of_ours_is_gone(path: Path) -> None:
    """SQLite alters no table while a trigger names what is not there."""
    renamed_in_place(path, "agent_invocations", "agent_name", "agent")
    execute(path, "DROP VIEW _aggregates_sessions_gone", "DROP TABLE tool_durations")
    with pytest.raises(sqlite3.OperationalError, match="error in trigger"):
        renamed_in_place(path, "agent_invocations", "agent", "agent_name")
    follow(path)
    check_exact(path)


def test_a_renamed_column_of_ours_is_named_so_again(path: Path) -> None:
    before = rows(path, "agent_invocations")
    renamed_in_place(path, "agent_invocations", "updated_at", "changed_at")
    execute(path, "ALTER TABLE agent_invocations ADD COLUMN note TEXT")
    assert "changed_at stands in its place" in refused(path)
    follow(path)
    assert [row[:-1] for row in rows(path, "agent_invocations")] == before


def test_a_column_that_was_dropped_is_put_back_by_whoever_knows_that(path: Path) -> None:
    """Only a person can tell whether another column holds its values now."""
    with closing(connect(path)) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", SOURCES[:1]
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("ALTER TABLE agent_invocations DROP COLUMN updated_at")
        connection.execute("ALTER TABLE agent_invocations DROP COLUMN model")
    assert "model is gone, which the triggers read, with its values: `ALTER" in refused(path)
    execute(path, "ALTER TABLE agent_invocations ADD COLUMN note TEXT")
    (found,) = [one for one in status(path).findings if one.kind == "column"]
    (step,) = found.steps
    statements = found.detail.split("`")[1::2]
    assert step.splitlines() == [
        "-- one of these, as model has another name now, or is gone:",
        *(f"-- {one}" for one in statements),
    ]
    assert status(path).steps == [step, "aggregates status"]
    assert [one.rpartition(" ")[0].split()[3] for one in statements] == ["RENAME", "ADD"]
    execute(path, statements[1])
    follow(path)
    with closing(connect(path)) as connection:
        id_ = start_run(connection)
        (at,) = connection.execute(
            "SELECT updated_at FROM agent_invocations WHERE id = ?", (id_,)
        ).fetchone()
        assert at.endswith("Z")
    check_exact(path)


def test_an_id_in_the_place_of_a_value_is_not_taken_for_it(path: Path) -> None:
    """As after sqlite-utils' `extract`: the models are in a table of their own now."""
    made_anew(
        path, "agent_invocations", lambda sql: sql.replace("model TEXT", "model_id INTEGER", 1)
    )
    (found,) = [one for one in status(path).findings if one.kind == "column"]
    (step,) = found.steps
    assert step.startswith("-- one of these")
    assert "RENAME COLUMN" in step
    assert "ADD COLUMN" in step


@pytest.mark.parametrize("is_made_again", [False, True])
@pytest.mark.parametrize("table", SOURCES)
def test_a_table_that_was_renamed_alone_is_named_so_again(
    table: str, is_made_again: bool, path: Path
) -> None:
    """What names it was not changed with it, as before SQLite 3.25."""
    before, counted = rows(path, table), everything(path)
    ((made,),) = rows(path, f"(SELECT sql FROM sqlite_master WHERE name = '{table}')")
    alone = "PRAGMA legacy_alter_table = ON", f"ALTER TABLE {table} RENAME TO put_aside"
    execute(path, *alone, *([str(made)] if is_made_again else []))
    assert "aggregates migrate --reinstall" not in follow(path)
    assert rows(path, table) == before
    assert everything(path) == counted
    check_exact(path)


@pytest.mark.parametrize("is_made_again", [False, True])
@pytest.mark.parametrize(
    "gone", ["TABLE agent_hourly", "VIEW _aggregates_run_times", "TRIGGER _aggregates_run_row_read"]
)
def test_a_table_gets_its_name_back_while_something_of_ours_is_gone(
    gone: str, is_made_again: bool, path: Path
) -> None:
    """What was dropped is made empty before that: so it is not believed before it is proved."""
    ((made,),) = rows(path, f"(SELECT sql FROM sqlite_master WHERE name = '{_RUNS}')")
    again = [str(made), _WRITTEN] if is_made_again else []
    execute(path, f"ALTER TABLE {_RUNS} RENAME TO kept", *again, f"DROP {gone}")
    assert "aggregates repair" in follow(path)
    check_exact(path)


def test_a_view_in_the_place_of_a_table_that_was_renamed(path: Path) -> None:
    execute(
        path,
        "ALTER TABLE sessions RENAME TO put_aside",
        "CREATE VIEW sessions AS SELECT * FROM put_aside",
    )
    step = 'give it another name, then ALTER TABLE "put_aside" RENAME TO "sessions"'
    assert all(step in said for said in said_by_all(path))
    assert status(path).steps == [f"-- sessions: {step}", "aggregates status"]
    execute(path, "DROP VIEW sessions", step.rpartition("then ")[2])
    assert status(path).ok
    check_exact(path)


def test_columns_are_known_without_a_record_of_them(path: Path) -> None:
    """As where the SQL was run by hand, or the table with the record is gone."""
    execute(path, "DELETE FROM _aggregates_walks")
    renamed_in_place(path, "agent_invocations", "agent_name", "agent")
    assert "agent stands in its place" in refused(path)
    follow(path)
    check_exact(path)


def test_a_table_that_its_writers_make_again_is_adopted_again(path: Path) -> None:
    with closing(connect(path)) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'agent_invocations'"
        ).fetchone()
        connection.execute("DROP TABLE agent_invocations")
        assert "the table agent_invocations is gone" in refused(path)
        connection.execute(sql.replace(', "updated_at" TEXT /* added by aggregates */', ""))
        start_run(connection)
    assert "column" not in kinds(path)
    follow(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT invocations FROM agent_stats").fetchall() == [(1,)]
    check_exact(path)


_RUNS = "agent_invocations"
_WRITTEN = f"INSERT INTO {_RUNS} (id, agent_name, status) VALUES (NULL, 'later', 'started')"


@pytest.mark.parametrize(
    "statements",
    [
        (
            f"ALTER TABLE {_RUNS} RENAME COLUMN model TO tier",
            f"ALTER TABLE {_RUNS} ADD COLUMN model TEXT",
        ),
        (
            f"ALTER TABLE {_RUNS} RENAME COLUMN model TO aside",
            f"ALTER TABLE {_RUNS} RENAME COLUMN phase TO model",
            f"ALTER TABLE {_RUNS} RENAME COLUMN aside TO phase",
        ),
    ],
    ids=["a column, and a new one of its name", "two columns, into each other"],
)
def test_what_was_renamed_gets_its_name_back_and_keeps_its_values(
    path: Path, statements: tuple[str, ...]
) -> None:
    before = rows(path, _RUNS, "id, agent_name, phase, model")
    execute(path, *statements)
    refused(path)
    follow(path)
    assert status(path).ok
    assert rows(path, _RUNS, "id, agent_name, phase, model") == before
    check_exact(path)


@pytest.mark.parametrize(
    ("table", "written"),
    [(_RUNS, _WRITTEN), ("sessions", "INSERT INTO sessions (session_id) VALUES ('later')")],
)
def test_a_table_that_was_made_again_beside_the_renamed_one_is_one_with_it(
    path: Path, table: str, written: str
) -> None:
    before = len(rows(path, table, "rowid"))
    ((made,),) = rows(path, f"(SELECT sql FROM sqlite_master WHERE name = '{table}')")
    execute(path, f"ALTER TABLE {table} RENAME TO kept", str(made), written)
    assert "was renamed to kept" in refused(path)
    follow(path)
    assert status(path).ok
    assert len(rows(path, table, "rowid")) == before + 1
    check_exact(path)


def advised(shown: str) -> list[str]:
    """The lines of the steps that `status` shows."""
    lines = shown.partition("what to do, in this order:\n")[2].splitlines()
    return list(takewhile(lambda one: one.startswith("  "), lines))


@pytest.mark.parametrize("is_named", [True, False], ids=["by an option", "by the environment"])
def test_what_is_advised_can_be_pasted(
    is_named: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = path.rename(path.with_name("agents' runs.db"))
    named = ["--database", str(spaced)] if is_named else []
    if not is_named:
        monkeypatch.setenv("AGGREGATES_DATABASE_URL", str(spaced))
    database = f" --database {shlex.quote(str(spaced))}" if is_named else ""
    execute(
        spaced,
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE sessions RENAME TO other",
        "DROP TABLE agent_stats",
        "DROP VIEW v_agents",
        "DROP TRIGGER _aggregates_run_insert",
    )
    shown = CliRunner().invoke(main, ["status", *named]).stdout
    steps = [one.strip() for one in advised(shown)]
    assert steps.pop() == f"aggregates status{database}"
    with closing(connect(spaced)) as connection:
        connection.executescript("\n".join(steps))
    shown = CliRunner().invoke(main, ["status", *named]).stdout
    refusal = CliRunner().invoke(main, ["repair", *named]).stderr
    assert f"begin with `aggregates migrate --reinstall{database}`" in refusal
    steps = [one.strip() for one in advised(shown)]
    assert steps == [f"aggregates {one}{database}" for one in ("migrate --reinstall", "repair")]
    for step in steps:
        assert CliRunner().invoke(main, shlex.split(step)[1:]).exit_code == 0
    assert status(spaced).ok
