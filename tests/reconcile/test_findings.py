"""Each object that is missing or altered is found and put back, and nothing believed unproved."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from conftest import MakeDatabase, connect
from samples import change, check_exact, copy, derive, everything

from aggregates.changes import consumers
from aggregates.engines import driver, open_database
from aggregates.engines.base import Database
from aggregates.errors import SchemaMismatch
from aggregates.frozen.statements import history, migrations_folder
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.proving import inspecting, repairing
from aggregates.proving.rebuilding import rebuild
from aggregates.proving.reinstalling import reinstall
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Window
from aggregates.testing import assert_consistent

UNPROVED = ("unproved", "", "")
INSERT = "_aggregates_run_insert"
FIRST = history(migrations_folder())[0].name.partition("_")[0]
"""The oldest revision."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


def findings(path: Path) -> set[tuple[str, str, str]]:
    """(kind, table, name) of all."""
    with open_database(path).reading() as connection:
        found = inspecting.inspect(connection, catalogue.sources)
    assert found.ok == (not found.findings)
    assert all(one.detail for one in found.findings)
    return {(one.kind, one.table, one.name) for one in found.findings}


def objects(path: Path) -> set[tuple[str, str, str]]:
    """(type, name, SQL) of the whole schema."""
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {row for row in rows if not row[1].startswith("sqlite_")}


def triggers_of(path: Path, table: str) -> set[str]:
    with closing(connect(path)) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        )
        return {name for (name,) in rows}


def drop_and_change(connection: sqlite3.Connection) -> None:
    """Rows change while triggers are gone."""
    connection.execute(f"DROP TRIGGER {INSERT}")
    connection.execute("DROP TRIGGER _aggregates_sessions_update")
    change(connection, random.Random("unlogged"), 80)


def test_a_database_as_it_should_be_has_no_findings(database: Path) -> None:
    assert findings(database) == set()


@pytest.mark.parametrize("kind", ["trigger", "view"])
def test_each_object_that_is_missing_is_named_and_put_back(kind: str, database: Path) -> None:
    whole = objects(database)
    names = {name for one, name, _ in whole if one == kind}
    assert len(names) > 5
    engine = open_database(database)
    with closing(connect(database)) as connection:
        for name in sorted(names):
            connection.execute(f'DROP {kind} "{name}"')
    missing = {name for one, _, name in findings(database) if one == "missing"}
    # The triggers on a view go with it.
    assert missing >= names if kind == "view" else missing == names
    assert reinstall(engine, catalogue.sources) == []
    assert objects(database) == whole
    assert findings(database) == {UNPROVED}
    assert repairing.repair(engine, catalogue).drifts == []
    assert findings(database) == set()
    check_exact(database)


def test_one_that_is_missing_is_named_with_its_table(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.execute(f"DROP TRIGGER {INSERT}")
        connection.execute("DROP VIEW session_overlap")
    assert findings(database) == {
        ("missing", "agent_invocations", INSERT),
        ("missing", "session_overlap", "session_overlap"),
    }


def test_an_altered_body_is_found_and_layout_is_not(database: Path) -> None:
    with closing(connect(database)) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (INSERT,)
        ).fetchone()
        connection.execute(f"DROP TRIGGER {INSERT}")
        connection.execute(sql.replace("\n", "  \n").replace("BEGIN", "/* here */ begin"))
        assert findings(database) == set()
        connection.execute(f"DROP TRIGGER {INSERT}")
        connection.execute(sql.replace("'now'", "'Now'"))
    assert findings(database) == {("altered", "agent_invocations", INSERT)}
    reinstall(open_database(database), catalogue.sources)
    assert findings(database) == {UNPROVED}


def test_a_trigger_of_ours_that_no_revision_made_is_dropped_and_theirs_stays(
    database: Path,
) -> None:
    before = objects(database)
    with closing(connect(database)) as connection:
        for name in ("_aggregates_old", "theirs"):
            connection.execute(
                f"CREATE TRIGGER {name} AFTER INSERT ON sessions BEGIN SELECT 1; END"
            )
    assert findings(database) == {("unknown", "sessions", "_aggregates_old")}
    reinstall(open_database(database), catalogue.sources)
    assert {name for _, name, _ in objects(database) - before} == {"theirs"}


FACTS = "_aggregates_run_facts"


@pytest.mark.parametrize("damage", ["none", "the facts' view", "a view of ours"])
def test_triggers_of_others_on_views_of_ours_stay(damage: str, database: Path) -> None:
    """Another owner hangs posting triggers on the facts, and people theirs on what they read."""
    with closing(connect(database)) as connection:
        connection.execute("CREATE TABLE theirs (agent, step)")
        for name, view in (("their_posting", FACTS), ("their_entry", "v_agents")):
            connection.execute(
                f"CREATE TRIGGER {name} INSTEAD OF INSERT ON {view} BEGIN"
                " INSERT INTO theirs SELECT NEW.agent, NEW.step; END"
                if view == FACTS
                else f"CREATE TRIGGER {name} INSTEAD OF INSERT ON {view} BEGIN SELECT 1; END"
            )
        before = objects(database)
        for name in () if damage == "none" else (FACTS,) if "facts" in damage else ("v_agents",):
            alter_view(connection, name)
        if damage != "none":
            assert objects(database) != before
            assert {kind for kind, _, _ in findings(database)} == {"altered"}
        else:
            connection.execute(f"DROP TRIGGER {INSERT}")
        reinstall(open_database(database), catalogue.sources)
        assert objects(database) == before
        assert findings(database) == {UNPROVED}
        connection.execute("INSERT INTO agent_invocations (agent_name) VALUES ('seen')")
        assert connection.execute("SELECT * FROM theirs").fetchall() == [("seen", 1)]
    repairing.repair(open_database(database), catalogue)
    check_exact(database)


def alter_view(connection: sqlite3.Connection, name: str) -> None:
    """Another body, and the triggers that were on it."""
    query = "SELECT sql FROM sqlite_master WHERE name = ?"
    (sql,) = connection.execute(query, (name,)).fetchone()
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    triggers = connection.execute(query, (name,)).fetchall()
    connection.execute(f"DROP VIEW {name}")
    connection.execute(f"{sql} LIMIT 7")
    for (trigger,) in triggers:
        connection.execute(trigger)


def test_a_view_that_is_as_it_should_be_is_not_made_anew(database: Path) -> None:
    query = "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY rowid"
    with closing(connect(database)) as connection:
        views = connection.execute(query).fetchall()
        connection.execute("CREATE VIEW last AS SELECT 1")
        connection.execute(f"DROP TRIGGER {INSERT}")
        reinstall(open_database(database), catalogue.sources)
        assert connection.execute(query).fetchall() == [*views, ("last",)]


def test_a_newer_trigger_of_theirs_that_changes_rows_is_named(database: Path) -> None:
    """Of the triggers of one event SQLite runs the newest first."""
    lower = (
        "AFTER INSERT ON agent_invocations BEGIN"
        " UPDATE agent_invocations SET agent_name = lower(agent_name) WHERE id = NEW.id; END"
    )
    insert = "INSERT INTO agent_invocations (agent_name) VALUES ('LOUD')"
    with closing(connect(database)) as connection:
        connection.execute("CREATE TABLE seen (id)")
        for name, body in (
            ("theirs", lower),
            ("reads", "AFTER INSERT ON sessions BEGIN INSERT INTO seen SELECT NEW.rowid; END"),
        ):
            connection.execute(f"CREATE TRIGGER {name} {body}")
        connection.execute(insert)
    assert findings(database) == {("too early", "agent_invocations", "theirs")}
    reinstall(open_database(database), catalogue.sources)
    assert findings(database) == {UNPROVED}
    repairing.repair(open_database(database), catalogue)
    assert findings(database) == set()
    with closing(connect(database)) as connection:
        connection.execute(insert)
        assert_consistent(connection)


def rebuild_by_copy(path: Path, table: str) -> None:
    """As Alembic does it for a column that SQLite cannot alter; most GUI tools do likewise."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("note", sa.Text))


@pytest.mark.parametrize("table", ["agent_invocations", "sessions", "agent_tool_uses"])
def test_a_table_that_another_tool_has_built_anew(table: str, database: Path) -> None:
    engine = open_database(database)
    triggers = triggers_of(database, table)
    rebuild_by_copy(database, table)
    assert findings(database) == {
        ("rebuilt", table, table),
        *(("missing", table, name) for name in triggers),
    }
    with closing(connect(database)) as connection:
        change(connection, random.Random(table), 60)
        connection.execute(f"UPDATE {table} SET status = 'unlogged' WHERE rowid % 3 = 0")
    reinstall(engine, catalogue.sources)
    assert findings(database) == {UNPROVED}
    assert repairing.repair(engine, catalogue).drifts != []
    assert findings(database) == set()
    check_exact(database)
    derive(database)
    check_exact(database, is_derived=True)
    with closing(connect(database)) as connection:
        change(connection, random.Random(f"{table} again"), 60)
    check_exact(database)


def test_a_table_of_ours_that_is_gone_is_made_and_named(database: Path) -> None:
    engine = open_database(database)
    gone = {
        "tool_stats",
        "_aggregates_by_session",
        "_aggregates_session_derived",
        "session_durations",
    }
    with closing(connect(database)) as connection:
        for table in gone:
            connection.execute(f"DROP TABLE {table}")
    assert gone <= {name for _, _, name in findings(database)}
    assert set(reinstall(engine, catalogue.sources)) == gone
    assert findings(database) == {UNPROVED}
    assert repairing.repair(engine, catalogue).drifts != []
    assert findings(database) == set()
    derive(database)
    check_exact(database, is_derived=True)
    assert repairing.verify(engine, catalogue).drifts == []


def test_consumers_are_told_and_what_is_derived_is_derived_again(database: Path) -> None:
    engine = open_database(database)
    with closing(connect(database)) as connection:
        drop_and_change(connection)
    reinstall(engine, catalogue.sources)
    with closing(connect(database)) as connection:
        found = consumers(driver(connection), catalogue.sources)
        assert len(found) == 2
        assert all(one.is_lost for one in found)
    repairing.repair(engine, catalogue)
    derive(database)
    check_exact(database, is_derived=True)
    with closing(connect(database)) as connection:
        assert not any(one.is_lost for one in consumers(driver(connection), catalogue.sources))


@pytest.mark.parametrize(
    ("job", "is_enough"),
    [
        (lambda engine: repairing.repair(engine, catalogue), True),
        (lambda engine: rebuild(engine, catalogue), True),
        (lambda engine: repairing.verify(engine, catalogue), False),
        (lambda engine: repairing.repair(engine, catalogue, tables=["agent_stats"]), False),
        (lambda engine: rebuild(engine, catalogue, tables=["agent_stats"]), False),
        (lambda engine: repairing.repair(engine, catalogue, window=Window("2026")), False),
    ],
    ids=["repair", "rebuild", "verify with drift", "some tables", "rebuilt some", "a window"],
)
def test_nothing_is_believed_until_the_whole_is_proved(
    job: Callable[[Database], object], is_enough: bool, database: Path
) -> None:
    engine = open_database(database)
    with closing(connect(database)) as connection:
        drop_and_change(connection)
    reinstall(engine, catalogue.sources)
    job(engine)
    assert findings(database) == (set() if is_enough else {UNPROVED})
    repairing.repair(engine, catalogue)
    assert findings(database) == set()
    # The next one is doubted again.
    reinstall(engine, catalogue.sources)
    assert findings(database) == {UNPROVED}
    repairing.verify(engine, catalogue)
    assert findings(database) == set(), "a verify that finds no drift proves it too"


def test_a_proof_that_began_before_proves_nothing(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read rows that were changed without a trigger later."""
    for name in ("SMALLEST_SLICE", "FIRST_SLICE", "LARGEST_SLICE"):
        monkeypatch.setattr(pace, name, 60)
    engine = open_database(database)
    steps: list[int] = []

    def interfere(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) == 4:
            with closing(connect(database)) as connection:
                connection.execute("DROP TRIGGER _aggregates_run_update")
                connection.execute("UPDATE agent_invocations SET status = 'x' WHERE id < 60")
            reinstall(engine, catalogue.sources)

    repairing.verify(engine, catalogue, interfere)
    assert len(steps) > 4
    assert findings(database) == {UNPROVED}
    repairing.repair(engine, catalogue)
    check_exact(database)
    assert findings(database) == set()


def test_a_database_at_another_revision_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    upgrade(str(path), revision=FIRST)
    before = objects(path)
    with pytest.raises(SchemaMismatch, match="aggregates migrate"):
        reinstall(open_database(path), catalogue.sources)
    assert objects(path) == before
    assert {kind for kind, _, _ in findings(path)} == {"revision"}


def test_where_a_source_table_is_gone_nothing_is_changed(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.execute(f"DROP TRIGGER {INSERT}")
        connection.execute("DROP TABLE agent_tool_uses")
    before, rows = objects(database), everything(database)
    with pytest.raises(SchemaMismatch, match="agent_tool_uses is gone"):
        reinstall(open_database(database), catalogue.sources)
    assert (objects(database), everything(database)) == (before, rows)


def test_triggers_are_fitted_to_the_unique_keys_that_are_there(
    migrated_database: MakeDatabase,
) -> None:
    with migrated_database("plain") as path:
        with closing(connect(path)) as connection:
            connection.execute("CREATE UNIQUE INDEX ux ON agent_invocations (ticket_id)")
        assert {kind for kind, _, _ in findings(path)} == {"altered"}
        reinstall(open_database(path), catalogue.sources)
        assert findings(path) == {UNPROVED}
        with closing(connect(path)) as connection:
            for agent in ("one", "two"):
                connection.execute(
                    "INSERT OR REPLACE INTO agent_invocations (agent_name, ticket_id)"
                    " VALUES (?, 'T-1')",
                    (agent,),
                )
        check_exact(path)
