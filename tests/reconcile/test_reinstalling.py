"""Damage is named with what to do; after a reinstall nothing is believed until it is proved."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from advice import follow
from alembic.migration import MigrationContext
from alembic.operations import Operations
from click.testing import CliRunner, Result
from conftest import MakeDatabase
from samples import check_exact, everything
from sqlalchemy import create_engine

from aggregates.changes import ChangesLost
from aggregates.cli import main
from aggregates.store import Store
from aggregates.testing import assert_consistent

INSERT = "INSERT INTO agent_invocations (agent_name, status) VALUES ('late', 'completed')"


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        execute(found, "INSERT INTO agent_invocations (agent_name, session_id) VALUES ('a', 's')")
        yield found


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def findings(path: Path) -> set[tuple[str, str]]:
    with Store(path) as store:
        return {(one.kind, one.name or one.table) for one in store.status().findings}


def copy_by_alembic(path: Path) -> None:
    """As a migration of an application does it, that knows nothing of triggers."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("agent_invocations", recreate="always") as batch:
            batch.alter_column("ticket_id", new_column_name="ticket")
    engine.dispose()


def make_anew(path: Path) -> None:
    """Of the triggers on a table, the one that was made last runs first."""
    name = "_aggregates_run_adds"
    with closing(sqlite3.connect(path)) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
        ).fetchone()
    execute(path, f"DROP TRIGGER {name}", sql)


DAMAGE: dict[str, tuple[Callable[[Path], None], tuple[str, str]]] = {
    "a trigger is gone": (
        lambda path: execute(path, "DROP TRIGGER _aggregates_run_insert"),
        ("missing", "_aggregates_run_insert"),
    ),
    "a trigger says something else": (
        lambda path: execute(
            path,
            "DROP TRIGGER _aggregates_use_post_rows",
            "CREATE TRIGGER _aggregates_use_post_rows INSTEAD OF"
            " INSERT ON _aggregates_use_facts BEGIN SELECT 1; END",
        ),
        ("altered", "_aggregates_use_post_rows"),
    ),
    "a trigger of a log was made anew": (
        make_anew,
        ("altered", "agent_invocation_changes"),
    ),
    "a trigger nobody has made": (
        lambda path: execute(
            path,
            "CREATE TRIGGER _aggregates_mine AFTER INSERT ON sessions BEGIN SELECT 1; END",
        ),
        ("unknown", "_aggregates_mine"),
    ),
    "a table is gone": (
        lambda path: execute(path, "DROP TABLE agent_stats"),
        ("missing", "agent_stats"),
    ),
    "a view is gone": (lambda path: execute(path, "DROP VIEW v_agents"), ("missing", "v_agents")),
    "a bound is gone": (
        lambda path: execute(path, "DELETE FROM duration_bounds WHERE le_ms = 1000"),
        ("altered", "duration_bounds"),
    ),
    "the source was built anew": (copy_by_alembic, ("rebuilt", "agent_invocations")),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_and_mended(damage: str, path: Path) -> None:
    spoil, finding = DAMAGE[damage]
    assert findings(path) == set()
    spoil(path)
    assert finding in findings(path)
    runner = CliRunner()
    found = runner.invoke(main, ["status", "--database", str(path)])
    assert found.exit_code == 4
    assert "migrate --reinstall" in found.output or finding[0] == "unknown"
    if damage != "a table is gone":  # then a write fails until the table is back
        execute(path, INSERT)
    again = runner.invoke(main, ["migrate", "--reinstall", "--database", str(path)])
    assert again.exit_code == 0, again.output
    # A rebuild of everything is a proof as well.
    doubts = set() if damage == "a table is gone" else {("unproved", "")}
    assert findings(path) == doubts
    execute(path, INSERT)
    assert runner.invoke(main, ["repair", "--database", str(path)]).exit_code == 0
    assert findings(path) == set()
    with closing(sqlite3.connect(path)) as connection:
        assert_consistent(connection)


def test_a_verify_that_finds_drift_proves_nothing(path: Path) -> None:
    execute(path, "DROP TRIGGER _aggregates_run_insert", INSERT)
    with Store(path) as store:
        assert store.reinstall() == []
        assert store.verify().drifts
        assert findings(path) == {("unproved", "")}
        store.verify(tables=["sessions_summary"])
        assert findings(path) == {("unproved", "")}
        assert store.repair().drifts
        assert findings(path) == set()
        assert store.verify().drifts == []


def test_consumers_are_told_that_changes_are_lost(path: Path) -> None:
    with Store(path) as store:
        consumer = store.changes("mine")
        execute(path, INSERT)
        store.reinstall()
        with pytest.raises(ChangesLost, match="aggregates consumers reset mine"):
            consumer.poll()
        assert [one.is_lost for one in store.consumers() if one.name == "mine"] == [True]
        consumer.reset()
        execute(path, INSERT)
        assert [change.operation for change in consumer.poll()] == ["insert"]


def test_a_source_table_that_is_gone_is_named(path: Path) -> None:
    execute(path, "DROP TABLE agent_tool_uses")
    assert ("gone", "agent_tool_uses") in findings(path)
    found = CliRunner().invoke(main, ["migrate", "--reinstall", "--database", str(path)])
    assert found.exit_code == 4
    assert "agent_tool_uses is gone" in found.output


def transform(path: Path) -> None:
    """As sqlite-utils does it: another table, its rows, and the old name."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT sql FROM sqlite_master WHERE name = 'agent_invocations'"
        (sql,) = connection.execute(query).fetchone()
    execute(
        path,
        sql.replace("agent_invocations", "agent_invocations_new", 1),
        "INSERT INTO agent_invocations_new SELECT * FROM agent_invocations",
        "DROP TABLE agent_invocations",
        "ALTER TABLE agent_invocations_new RENAME TO agent_invocations",
    )


def test_a_verify_ends_with_4_where_what_agrees_may_not_after_the_next_write(path: Path) -> None:
    def verify() -> Result:
        return CliRunner().invoke(main, ["verify", "--database", str(path)])

    execute(path, "DROP TRIGGER _aggregates_run_delete")
    done = verify()
    assert done.exit_code == 4
    assert "no drift" in done.stdout
    assert "begin with `aggregates migrate --reinstall --database " in done.stderr
    execute(path, "DELETE FROM agent_invocations")
    done = verify()
    assert done.exit_code == 4
    assert "drifts found: " in done.stdout
    follow(path)
    assert verify().exit_code == 0


@pytest.mark.parametrize("damage", [transform, copy_by_alembic, make_anew])
@pytest.mark.parametrize("command", ["repair", "rebuild"])
def test_nothing_is_mended_that_would_be_wrong_again(
    command: str, damage: Callable[[Path], None], path: Path
) -> None:
    """A repair that ends well would hide why, and the next write would not be counted."""
    damage(path)
    execute(path, INSERT)
    before = everything(path)
    done = CliRunner().invoke(main, [command, "--database", str(path)])
    assert done.exit_code == 4
    assert "begin with `aggregates migrate --reinstall --database " in done.output
    assert everything(path) == before
    follow(path)
    assert CliRunner().invoke(main, [command, "--database", str(path)]).exit_code == 0
    check_exact(path)
