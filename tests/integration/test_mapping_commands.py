"""Tables of other shapes from the command line: adopt, look, break, mend, and let go."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from advice import follow
from applications import Application
from click.testing import CliRunner, Result
from conftest import connect
from hooks import HOOK_TABLES
from mapped import EVENTS, INVOCATIONS, SHAPES, SUBAGENT_SESSIONS, TEXT_KEY, wrong_runs
from oracle import differences, recompute, stored

from aggregates import Store
from aggregates.cli import main
from aggregates.installing import mapped, upgrading
from aggregates.model.mapping import named
from aggregates.recomputing.drift import Drift

ROWS = {
    "subagent-events": """
        INSERT INTO events (source_app, session_id, hook_event_type, payload, timestamp) VALUES
            ('app', 's1', 'SubagentStart', '{"agent_id":"x","agent_type":"Plan"}', 1700000000000),
            ('app', 's1', 'SubagentStart', '{"agent_id":"y","agent_type":"Plan"}', 1700000001000),
            ('app', 's1', 'SubagentStop', '{"agent_id":"x"}', 1700000002500);""",
    "subagent-sessions": """
        INSERT INTO subagent_sessions
            (session_id, subagent_type, start_timestamp, end_timestamp, success_status) VALUES
            ('s1', 'Plan', 1700000000, 1700000060, 'completed'),
            ('s1', 'Explore', 1700000000, NULL, NULL);""",
    "invocation-outcomes": """
        INSERT INTO agent_invocations (agent_name, timestamp, session_id, success, duration_ms)
        VALUES ('Plan', '2026-10-01T09:57:33', 's1', 1, 12.5), ('Plan', 'now', 's1', 0, NULL);""",
}


def command(path: Path, *words: str, input_: str | None = None) -> Result:
    return CliRunner().invoke(main, [*words, "--database", str(path)], input=input_)


def dump(path: Path) -> list[str]:
    """The whole database in SQL."""
    with closing(connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database of the shape that a test names, with some rows."""
    path = tmp_path / "theirs.db"
    with closing(connect(path)) as connection:
        connection.executescript(f"{SHAPES[request.param].schema};{ROWS[request.param]}")
    return path


def check(path: Path, name: str) -> None:
    """Everything is as it should be, and exact."""
    with closing(connect(path)) as connection:
        assert wrong_runs(connection, named(name)) == []
        assert differences(stored(connection), recompute(connection)) == []
    with Store(path) as store:
        status = store.status()
        assert status.ok, status.findings
        assert store.verify().drifts == []


each = pytest.mark.parametrize(
    ("database", "name"), [(name, name) for name in ROWS], indirect=["database"]
)
of_events = pytest.mark.parametrize("database", ["subagent-events"], indirect=True)
of_sessions = pytest.mark.parametrize("database", ["subagent-sessions"], indirect=True)
in_place = pytest.mark.parametrize("database", ["invocation-outcomes"], indirect=True)


@each
def test_migrate_keeps_the_runs_of_another_table(database: Path, name: str) -> None:
    done = command(database, "migrate", "--mapping", name)
    assert done.exit_code == 0, done.output
    check(database, name)
    shown = command(database, "status")
    assert f"runs of {named(name).table}, by mapping {name}" in shown.output
    said = json.loads(command(database, "status", "--json").output)
    assert said["mapping"] == {"name": name, "table": named(name).table, "is_filled": True}
    agents = json.loads(command(database, "report", "agents", "--json").output)
    assert "Plan" in [one["agent_name"] for one in agents]
    # Again, and without a word of it, changes nothing.
    before = dump(database)
    assert command(database, "migrate", "--mapping", name).exit_code == 0
    assert command(database, "migrate").exit_code == 0
    assert dump(database) == before


@each
def test_a_downgrade_leaves_the_table_as_it_was(database: Path, name: str) -> None:
    before = dump(database)
    assert command(database, "migrate", "--mapping", name, "--journal-mode", "keep").exit_code == 0
    done = command(database, "downgrade", "--yes", "--drop-columns")
    assert done.exit_code == 0, done.output
    after = dump(database)
    if name == "invocation-outcomes":
        # What was added is gone, but for a blank that SQLite leaves.
        before, after = ([" ".join(line.split()) for line in lines] for lines in (before, after))
    assert after == before


@of_sessions
def test_a_downgrade_leaves_what_others_have_written_to_tables_that_were_made(
    database: Path,
) -> None:
    assert command(database, "migrate", "--mapping", "subagent-sessions").exit_code == 0
    planted(database, "INSERT INTO sessions (session_id) VALUES ('theirs')")
    assert command(database, "downgrade", "--yes").exit_code == 0
    with closing(connect(database)) as connection:
        assert connection.execute("SELECT session_id FROM sessions").fetchall() == [("theirs",)]
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'agent_tool_uses'"
        assert connection.execute(query).fetchone() == (0,)


@each
def test_after_a_downgrade_the_same_can_be_done_again(database: Path, name: str) -> None:
    for _ in range(2):
        assert command(database, "migrate", "--mapping", name).exit_code == 0
        check(database, name)
        assert command(database, "downgrade", "--yes").exit_code == 0
        planted(database, ROWS[name].replace("INSERT", "INSERT OR REPLACE"))
        planted(database, f"DELETE FROM {named(name).table} WHERE id = 2")


@of_sessions
def test_a_table_that_was_renamed_gets_its_name_back(database: Path) -> None:
    assert command(database, "migrate", "--mapping", "subagent-sessions").exit_code == 0
    planted(database, "ALTER TABLE subagent_sessions RENAME TO put_aside")
    steps = follow(database)
    assert 'ALTER TABLE "put_aside" RENAME TO "subagent_sessions"' in steps
    check(database, "subagent-sessions")


@of_sessions
def test_a_mapping_can_be_a_file(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(named("subagent-sessions").text.replace('"completed", ', ""), encoding="utf-8")
    assert command(database, "migrate", "--mapping", str(file)).exit_code == 0
    with Store(database) as store:
        assert store.status().mapping == mapped.Mapped("mine", "subagent_sessions", True)
        assert store.totals()["succeeded"] == 1, "an unknown word stays what it is: completed"
    file.write_text(f"# as before\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    assert command(database, "migrate", "--mapping", str(file)).exit_code == 0
    done = command(database, "migrate", "--mapping", "subagent-sessions")
    assert done.exit_code == 4
    assert "keeps runs by the mapping mine: run `aggregates downgrade --database " in done.output


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("CREATE TABLE other (id)", "there is no such table, but the mapping reads a table"),
        ("CREATE VIEW events AS SELECT 1", "the database has a view of that name"),
        (EVENTS.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"), "it has no primary key"),
        (
            EVENTS.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT PRIMARY KEY"),
            "id is no INTEGER",
        ),
        (EVENTS.replace("payload", "message"), "the mapping reads payload"),
        (f"{EVENTS};{HOOK_TABLES}", "agent_invocations is there already"),
        (f"{EVENTS}; CREATE TABLE _aggregates_mapped_runs (x)", "a table of that name"),
        (f"{EVENTS}; CREATE TABLE agent_stats (x)", "a table of that name"),
        (f"{EVENTS}; CREATE TABLE sessions (id TEXT PRIMARY KEY)", "cannot adopt sessions"),
    ],
)
def test_a_table_that_is_not_as_the_mapping_says_is_left_alone(
    schema: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.db"
    with closing(connect(path)) as connection:
        connection.executescript(schema)
    before = dump(path)
    done = command(path, "migrate", "--mapping", "subagent-events")
    assert done.exit_code == 4, done.output
    assert told in done.output
    assert dump(path) == before


def test_columns_of_theirs_are_not_filled(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(connect(path)) as connection:
        connection.executescript(INVOCATIONS.replace("spawned_by", "status"))
    done = command(path, "migrate", "--mapping", "invocation-outcomes")
    assert done.exit_code == 4
    assert "it has status of its own, which a mapping cannot fill" in done.output


def test_a_database_that_is_migrated_already_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(connect(path)) as connection:
        connection.executescript(HOOK_TABLES + EVENTS)
    assert command(path, "migrate", "--yes").exit_code == 0
    done = command(path, "migrate", "--mapping", "subagent-events")
    assert done.exit_code == 4
    assert "keeps runs as its writers write them: run `aggregates downgrade --" in done.output


def test_there_has_to_be_a_database(tmp_path: Path) -> None:
    done = command(tmp_path / "none.db", "migrate", "--mapping", "subagent-events")
    assert done.exit_code == 4
    assert "there is no events at" in done.output
    assert not (tmp_path / "none.db").exists()
    assert command(tmp_path / "none.db", "mapping", "suggest").exit_code == 10


# What is broken is found, and mended


def planted(path: Path, *statements: str) -> None:
    with closing(connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


@each
def test_triggers_that_are_gone_are_found_and_put_back(database: Path, name: str) -> None:
    upgrading.upgrade(str(database), mapping=named(name))
    planted(
        database,
        "DROP TRIGGER _aggregates_mapped_insert",
        "DROP VIEW _aggregates_mapped_runs",
        "CREATE VIEW _aggregates_mapped_runs AS SELECT 1 AS mapped_key",
    )
    planted(database, ROWS[name].replace("1700000000", "1800000000"))
    found = json.loads(command(database, "status", "--json").output)
    assert {(one["kind"], one["name"]) for one in found["findings"]} == {
        ("missing", "_aggregates_mapped_insert"),
        ("altered", "_aggregates_mapped_runs"),
    }
    steps = ("migrate --reinstall", "repair")
    assert found["steps"] == [f"aggregates {step} --database {database}" for step in steps]
    assert command(database, "repair").exit_code == 4
    assert command(database, "migrate", "--reinstall").exit_code == 0
    assert command(database, "repair").exit_code == 0
    check(database, name)


@of_sessions
def test_a_table_that_was_built_anew_is_noticed(database: Path) -> None:
    upgrading.upgrade(str(database), mapping=named("subagent-sessions"))
    planted(
        database,
        "ALTER TABLE subagent_sessions RENAME TO old",
        SUBAGENT_SESSIONS,
        "INSERT INTO subagent_sessions SELECT * FROM old WHERE id = 1",
        "DROP TABLE old",
        "CREATE UNIQUE INDEX added ON subagent_sessions (success_status)",
    )
    assert command(database, "status").exit_code == 4
    assert command(database, "migrate", "--reinstall").exit_code == 0
    repaired = json.loads(command(database, "repair", "--json").output)["drifts"]
    assert {one["key"]["mapped_key"] for one in repaired} == {2}
    planted(
        database,
        ROWS["subagent-sessions"]
        .replace("'s1', 'Explore'", "'s2', 'Explore'")
        .replace("INSERT", "INSERT OR REPLACE"),
    )
    check(database, "subagent-sessions")


@pytest.mark.parametrize(
    ("database", "name"),
    [("subagent-events", "subagent-events"), ("subagent-sessions", "subagent-sessions")],
    indirect=["database"],
)
def test_runs_that_were_dropped_are_made_again(database: Path, name: str) -> None:
    upgrading.upgrade(str(database), mapping=named(name))
    planted(database, "DROP TABLE agent_invocations")
    found = json.loads(command(database, "status", "--json").output)
    steps = ("migrate --reinstall", "repair")
    assert found["steps"] == [f"aggregates {step} --database {database}" for step in steps]
    assert "`aggregates migrate --reinstall --database " in command(database, "verify").output
    assert command(database, "migrate", "--reinstall").exit_code == 0
    assert command(database, "repair").exit_code == 0
    check(database, name)


@of_events
def test_drift_is_found_with_its_right_value_and_repaired(database: Path) -> None:
    upgrading.upgrade(str(database), mapping=named("subagent-events"))
    planted(
        database,
        "UPDATE agent_invocations SET agent_name = 'wrong' WHERE mapped_key = 1",
        "INSERT INTO agent_invocations (agent_name, mapped_key) VALUES ('none', 99)",
        "INSERT INTO agent_invocations (agent_name) VALUES ('somebody''s own')",
        "DELETE FROM agent_invocations WHERE mapped_key = 2",
    )
    with Store(database) as store:
        found = {(one.key["mapped_key"], one.column): one for one in store.verify().drifts}
        assert found[1, "agent_name"] == Drift(
            "agent_invocations", {"mapped_key": 1}, "agent_name", "wrong", "Plan"
        )
        assert (found[99, "agent_name"].stored, found[99, "agent_name"].right) == ("none", None)
        assert (found[2, "agent_name"].stored, found[2, "agent_name"].right) == (None, "Plan")
        assert {key for key, _ in found} == {1, 2, 99}
        assert len(store.repair().drifts) == len(found)
        assert store.verify().drifts == []
    check(database, "subagent-events")


@of_events
def test_drift_of_what_pairs_events_is_found_and_repaired(database: Path) -> None:
    upgrading.upgrade(str(database), mapping=named("subagent-events"))
    planted(
        database,
        "UPDATE _aggregates_mapped_events SET same = 'x' WHERE event = 3",
        "DELETE FROM _aggregates_mapped_events WHERE event = 2",
        "INSERT INTO _aggregates_mapped_events VALUES (77, 'y', 1)",
    )
    with Store(database) as store:
        found = {(one.table, one.key.get("event")) for one in store.verify().drifts}
        assert {("_aggregates_mapped_events", event) for event in (2, 3, 77)} <= found
        store.repair()
    check(database, "subagent-events")


@in_place
def test_a_filling_trigger_that_runs_too_early_is_found(database: Path) -> None:
    upgrading.upgrade(str(database), mapping=named("invocation-outcomes"))
    with closing(connect(database)) as connection:
        query = "SELECT sql FROM sqlite_master WHERE name = '_aggregates_mapped_insert'"
        (sql,) = connection.execute(query).fetchone()
    planted(database, "DROP TRIGGER _aggregates_mapped_insert", sql)
    found = json.loads(command(database, "status", "--json").output)["findings"]
    assert [(one["kind"], one["name"]) for one in found] == [
        ("too early", "_aggregates_mapped_insert")
    ]
    assert command(database, "migrate", "--reinstall").exit_code == 0
    assert command(database, "repair").exit_code == 0
    check(database, "invocation-outcomes")


@of_events
def test_a_column_that_is_gone_is_told_and_breaks_no_status(database: Path) -> None:
    upgrading.upgrade(str(database), mapping=named("subagent-events"))
    planted(database, "ALTER TABLE events RENAME COLUMN payload TO message")
    found = json.loads(command(database, "status", "--json").output)["findings"]
    assert found[0]["kind"] == "unfit"
    told = "the mapping subagent-events cannot read events"
    assert told in found[0]["detail"]
    for words in (["migrate", "--reinstall"], ["verify"]):
        done = command(database, *words)
        assert done.exit_code == 4
        assert told in done.output


# Filling goes on where it was killed


@each
def test_a_filling_that_was_cut_short_goes_on(
    database: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def killed(done: int, total: int) -> None:
        raise Killed

    monkeypatch.setattr(mapped, "FIRST_KEYS", 1)
    with pytest.raises(Killed):
        upgrading.upgrade(str(database), killed, mapping=named(name))
    with closing(connect(database)) as connection:
        assert not connection.execute("SELECT is_filled FROM _aggregates_mapping").fetchone()[0]
        # Writers go on, before and behind the mark.
        connection.execute(f"DELETE FROM {named(name).table} WHERE id = 1")
        connection.execute(f"UPDATE {named(name).table} SET session_id = 's9' WHERE id = 2")
        connection.executescript(ROWS[name].replace("1700000000", "1800000000"))
    assert command(database, "migrate").exit_code == 0
    check(database, name)


def test_a_foreign_key_of_ours_fails_no_writer(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(connect(path)) as connection:
        connection.executescript(SUBAGENT_SESSIONS)
    upgrading.upgrade(str(path), mapping=named("subagent-sessions"))
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(ROWS["subagent-sessions"])
    check(path, "subagent-sessions")


@of_sessions
def test_an_aggregate_of_ones_own_is_kept_of_mapped_runs(database: Path, tmp_path: Path) -> None:
    def theirs() -> list[str]:
        return [line for line in dump(database) if 'INTO "subagent_sessions"' in line]

    before = theirs()
    upgrading.upgrade(str(database), mapping=named("subagent-sessions"))
    application = Application(tmp_path, database)
    application.keep(
        "sizes = aggregate('sizes', agent_invocations, 'tokens of each session',"
        " by={'session_id': 'session'}, measures={'runs': count(), 'tokens': total('token_count')})"
        "\ndefinitions = [sizes]"
    )
    with closing(connect(database)) as connection:
        connection.executescript(ROWS["subagent-sessions"].replace("170", "180"))
        connection.execute("UPDATE subagent_sessions SET total_tokens_estimated = id * 3")
        right = (
            "SELECT session_id, count(*), sum(total_tokens_estimated) FROM subagent_sessions"
            " GROUP BY 1"
        )
        stored = connection.execute("SELECT session_id, runs, tokens FROM sizes").fetchall()
        assert stored == connection.execute(right).fetchall() == [("s1", 4, 30)]
        connection.execute("DELETE FROM subagent_sessions WHERE id > 2")
        connection.execute("UPDATE subagent_sessions SET total_tokens_estimated = 0")
    with application.store() as store:
        assert store.verify().drifts == []
        assert store.status().ok
    application.downgrade("base")
    assert theirs() == before


# Suggestions


def suggested(path: Path, *words: str) -> str:
    done = command(path, "mapping", "suggest", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


@each
def test_the_mapping_that_ships_is_suggested_where_it_fits(database: Path, name: str) -> None:
    done = command(database, "mapping", "suggest")
    assert done.stdout == named(name).text
    assert f"aggregates migrate --mapping {name}" in done.stderr


def made(path: Path, *script: str) -> Path:
    with closing(connect(path)) as connection:
        connection.executescript(";".join(script))
    return path


def test_a_suggestion_can_be_used_as_it_is(tmp_path: Path) -> None:
    path = made(
        tmp_path / "theirs.db",
        "CREATE TABLE fork_tasks (uid TEXT PRIMARY KEY, agent_type TEXT, parent_session_id TEXT,"
        " started_at INTEGER, completed_at INTEGER, status TEXT, duration_ms INTEGER, goal TEXT)",
        "CREATE TABLE notes (agent TEXT)",
        "INSERT INTO fork_tasks VALUES"
        " ('a', 'Plan', 's1', 1700000000, 1700000060, 'done', 60000, 'x'),"
        " ('b', 'Plan', 's1', 1700000000, NULL, 'running', NULL, 'x'),"
        " ('c', 'Plan', 's2', 1700000000, 1700000001, 'error', 1000, 'x')",
    )
    text = suggested(path)
    assert '# other columns: "goal"' in text
    file = tmp_path / "fork.toml"
    file.write_text(text, encoding="utf-8")
    assert command(path, "migrate", "--mapping", str(file)).exit_code == 0
    with Store(path) as store:
        totals = store.totals()
    assert (totals["succeeded"], totals["failed"], totals["in_flight"]) == (1, 1, 1)


def test_a_suggestion_for_events_pairs_them(tmp_path: Path) -> None:
    path = made(
        tmp_path / "theirs.db",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, kind TEXT, session_id TEXT, payload TEXT, ts)",
        "INSERT INTO log VALUES"
        """ (1, 'agent_started', 's1', '{"agent_type":"Plan"}', 1700000000.25),"""
        " (2, 'agent_finished', 's1', '{}', 1700000001.5)",
    )
    file = tmp_path / "log.toml"
    file.write_text(suggested(path, "--table", "log"), encoding="utf-8")
    assert command(path, "migrate", "--mapping", str(file)).exit_code == 0
    with closing(connect(path)) as connection:
        query = "SELECT agent_name, status, duration_ms_sum FROM agent_stats"
        assert connection.execute(query).fetchall() == [("Plan", "completed", 1250)]


ODD = {
    "names that TOML cannot have as they are": (
        'CREATE TABLE "runs\n😀" (id INTEGER PRIMARY KEY, agent, "a ""b"" \x7f", ts, state)',
        'INSERT INTO "runs\n😀" VALUES'
        " (1, 'a', 'x', 1700000000, 'done'), (2, 'a', 'x', 1700000000, 'error\n\"\\')",
    ),
    "kinds of more than a line": (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, event, agent, session_id, ts)",
        "INSERT INTO log VALUES (1, 'start\nx', 'a', 's', 1700000000),"
        " (2, 'stop', 'a', 's', 1700000001)",
    ),
    "values in JSON": (
        "CREATE TABLE t (pk INTEGER PRIMARY KEY, data TEXT)",
        """INSERT INTO t VALUES (1, '{"agent": "A", "started_at": 1700000000551, "success": true,"""
        """ "duration_ms": 5}'), (2, '{"agent": "A", "started_at": 1700000000551,"""
        """ "success": false}')""",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_a_suggestion_for_an_odd_table_can_be_used(what: str, tmp_path: Path) -> None:
    path, file = made(tmp_path / "theirs.db", *ODD[what]), tmp_path / "odd.toml"
    file.write_text(suggested(path), encoding="utf-8")
    done = command(path, "migrate", "--mapping", str(file))
    assert done.exit_code == 0, done.output
    with Store(path) as store:
        totals = store.totals()
    assert totals["succeeded"] == 1
    assert totals["unreadable_run_times"] == 0


def test_a_table_without_a_key_is_told_so(tmp_path: Path) -> None:
    path = made(tmp_path / "theirs.db", "CREATE TABLE x (a, b, agent, PRIMARY KEY (a, b))")
    assert "# It has no primary key of one column" in suggested(path)


def test_a_flag_is_told_whole(tmp_path: Path) -> None:
    path = made(
        tmp_path / "theirs.db",
        "CREATE TABLE x (id INTEGER PRIMARY KEY, agent, success)",
        "INSERT INTO x VALUES (1, 'a', 1)",
    )
    assert 'succeeded = ["1"], failed = ["0"]' in suggested(path)


@pytest.mark.parametrize(
    ("schema", "words", "told"),
    [
        ("CREATE TABLE x (id)", (), "nothing in x looks like the name of an agent"),
        ("CREATE TABLE x (id)", ("--table", "y"), "there is no table y; there are x"),
    ],
)
def test_where_nothing_can_be_suggested_that_is_told(
    schema: str, words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    done = command(made(tmp_path / "theirs.db", schema), "mapping", "suggest", *words)
    assert done.exit_code == 1
    assert told in done.output


def test_mappings_can_be_listed_and_shown(tmp_path: Path) -> None:
    listed = CliRunner().invoke(main, ["mapping", "list"])
    assert "subagent-sessions: subagent_sessions (id, " in listed.output
    shown = CliRunner().invoke(main, ["mapping", "show", "subagent-sessions"])
    assert shown.output == named("subagent-sessions").text


def test_a_migration_without_a_mapping_says_that_one_may_be_needed(tmp_path: Path) -> None:
    path = made(tmp_path / "theirs.db", TEXT_KEY)
    done = command(path, "migrate")
    assert done.exit_code == 4
    assert "aggregates mapping suggest" in done.output
