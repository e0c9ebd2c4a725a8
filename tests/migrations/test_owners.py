"""Whoever keeps tables by the facts has triggers of their own; nobody touches those of another."""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from following_revision import AGGREGATES, far_extended
from oracle import any_text, dimension, is_invocation, number_after
from statements import Plan, execute, is_write, plans, shortest

from aggregates.frozen import statements as frozen
from aggregates.installing import upgrading
from aggregates.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "keep-a-table-of-your-own.md"
(OWN,) = re.findall(r"^```sqlite\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
"""The table and the trigger of the how-to."""

Table = dict[tuple[str, str], tuple[int, int]]


def kept(connection: sqlite3.Connection) -> Table:
    """What the table holds, but for keys that hold nothing."""
    with any_text(connection):
        rows = connection.execute("SELECT * FROM my_session_tokens").fetchall()
    return {row[:2]: row[2:] for row in rows if any(row[2:])}


def right(connection: sqlite3.Connection) -> Table:
    """What it should hold."""
    runs: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    with any_text(connection):
        rows = connection.execute(
            "SELECT event_type, agent_name, session_id, status, raw_output FROM agent_invocations"
        ).fetchall()
    for event, agent, session, status, output in rows:
        if is_invocation(event, agent):
            key = dimension(session), dimension(status)
            runs[key] += 1
            tokens[key] += number_after("totalTokens", output)
    return {key: (runs[key], tokens[key]) for key in runs}


@pytest.mark.parametrize("plan", plans(2_000), ids=str)
def test_a_table_of_another_owner_is_exact_after_every_statement(
    plan: Plan, migrated_database: MakeDatabase
) -> None:
    def failure(run: list[str]) -> str | None:
        with migrated_database(plan.variant) as path, closing(connect(path)) as connection:
            connection.executescript(OWN)
            plan.prepare(connection)
            for statement in run:
                try:
                    execute(connection, statement)
                except sqlite3.Error as error:
                    return f"{type(error).__name__}: {error}"
                if is_write(statement) and kept(connection) != right(connection):
                    return f"after {statement}: {kept(connection)}, not {right(connection)}"
        return None

    for run in plan.runs():
        if failure(run):
            pytest.fail(f"{plan}\n{shortest(run, failure)}")


def test_runs_that_hooks_begin_and_end_are_one_step_each(migrated_database: MakeDatabase) -> None:
    steps = "CREATE TABLE steps (step); CREATE TRIGGER my_steps INSTEAD OF INSERT ON"
    steps += " _aggregates_run_facts BEGIN INSERT INTO steps VALUES (NEW.step); END;"
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        connection.executescript(OWN + steps)
        write(connection)
        assert kept(connection) == right(connection) != {}
        found = [step for (step,) in connection.execute("SELECT step FROM steps")]
        assert (found[:3], sorted(found[3:5]), found[5:]) == ([1, 1, 0], [-1, 1], [-1])


def write(connection: sqlite3.Connection) -> None:
    """Two runs, of which one ends; then that one's end is edited, and the other is deleted."""
    for statement in (
        "INSERT INTO agent_invocations (id, agent_name, session_id, status, start_time)"
        " VALUES (11, 'a', 's', 'started', '2026-10-01T10:00')",
        "INSERT INTO agent_invocations (id, agent_name, session_id, status, start_time)"
        " VALUES (12, 'b', 's', 'started', '2026-10-01T10:00')",
        "UPDATE agent_invocations SET status = 'completed', end_time = '2026-10-01T10:01',"
        """ raw_output = '{"totalTokens": 7}' WHERE id = 11""",
        """UPDATE agent_invocations SET raw_output = '{"totalTokens": 8}' WHERE id = 11""",
        "DELETE FROM agent_invocations WHERE id = 12",
    ):
        connection.execute(statement)


def theirs(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The objects of the other owner."""
    query = "SELECT name, sql FROM sqlite_master WHERE name GLOB 'my_*' ORDER BY name"
    return connection.execute(query).fetchall()


def test_a_reinstall_and_the_next_revision_leave_another_owner_alone(
    migrated_database: MakeDatabase, tmp_path: Path
) -> None:
    folder = far_extended(tmp_path)
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        connection.executescript(OWN)
        objects = theirs(connection)
        assert [name for name, _ in objects] == ["my_session_tokens", "my_session_tokens_kept"]

        def check() -> None:
            assert theirs(connection) == objects
            write(connection)
            assert kept(connection) == right(connection) != {}
            connection.execute("DELETE FROM agent_invocations")
            assert kept(connection) == {}

        check()
        with Store(path) as store:
            assert store.status().ok
            store.reinstall()
        check()
        upgrading.upgrade(str(path), folder=folder)
        check()
        upgrading.downgrade(str(path), revision=AGGREGATES, folder=folder)
        check()
        with Store(path) as store:
            assert store.verify().drifts == []


def test_without_ours_the_table_of_another_owner_stays(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        connection.executescript(OWN)
        write(connection)
        before = kept(connection)
        upgrading.downgrade(str(path))
        assert [name for name, _ in theirs(connection)] == ["my_session_tokens"]
        assert kept(connection) == before
        connection.execute("DELETE FROM agent_invocations")


def test_a_table_to_which_no_trigger_posts_any_more_is_named(
    migrated_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a release that does not know a definition makes the trigger anew that it was in."""
    folder = far_extended(tmp_path)
    posting = folder / "versions"
    without = next(posting.glob("*_more")) / "posting_agent_invocations.sql"
    later = posting / "ffffffffffff_later"
    later.mkdir()
    trigger = "_aggregates_run_post_application_invocations"
    (later / "views.sql").write_text(
        f"-- [trigger] {trigger}\nCREATE TRIGGER {trigger} INSTEAD OF INSERT ON"
        " _aggregates_run_facts BEGIN\nSELECT 1;\nEND;\n",
        encoding="utf-8",
    )
    assert trigger in without.read_text("utf-8")
    module = next(posting.glob("*_more.py"))
    text = module.read_text("utf-8")
    for name, value in (
        ("revision", '"ffffffffffff"'),
        ("down_revision", repr(module.name.partition("_")[0])),
        ("SOURCES", "()"),
    ):
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    (posting / "ffffffffffff_later.py").write_text(text, encoding="utf-8")
    for one in (frozen, upgrading):
        monkeypatch.setattr(one, "migrations_folder", lambda: folder)
    with migrated_database("plain") as path:
        upgrading.upgrade(str(path), folder=folder)
        with Store(path) as store:
            found = {one.name for one in store.status().findings if one.kind == "unposted"}
    assert found == {"agent_statuses", "run_status"}
