"""Migrations on PostgreSQL: what they adopt, what they refuse, and that nothing is left."""

import io
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from postgres import Postgres, fold, objects, stored

from aggregates.engines import compiler
from aggregates.engines.postgresql.compiler import OURS
from aggregates.engines.postgresql.hooks_schema import TABLES
from aggregates.errors import AggregatesError, CannotAdopt, DatabaseMissing
from aggregates.frozen.freezing import write_revision
from aggregates.frozen.statements import migrations_folder
from aggregates.installing.upgrading import configured, downgrade, head, upgrade
from aggregates.model.catalogue import catalogue
from aggregates.store import Store

START, END = "2026-10-01 09:57:33.551999", "2026-10-01 09:58:03.551"


def insert(connection: psycopg.Connection[Any], **values: object) -> None:
    row = {"agent_name": "a", "status": "completed", "start_time": START, "end_time": END, **values}
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    connection.execute(f"INSERT INTO agent_invocations ({names}) VALUES ({marks})", [*row.values()])


def test_tables_are_made_where_there_are_none(empty_postgres: Postgres) -> None:
    upgrade(empty_postgres.url)
    with Store(empty_postgres.url) as store, closing(empty_postgres.connect()) as connection:
        assert store.totals()["invocations"] == 0
        insert(connection)
        (agent,) = store.agents()
        assert (agent.agent_name, agent.mean_duration_ms) == ("a", 30_000)
        (version,) = connection.execute("SELECT version_num FROM _aggregates_version").fetchone()
        assert version == head()


@pytest.mark.parametrize(("schema", "rows"), [("public", 0), ("Agents of ours", 3)])
def test_a_downgrade_leaves_nothing(empty_postgres: Postgres, schema: str, rows: int) -> None:
    database = empty_postgres._replace(schema=f'"{schema}"'.replace(" ", "\\ "))
    with closing(empty_postgres.connect()) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        connection.execute(f'SET search_path = "{schema}"')
        for table in TABLES.values():
            connection.execute(table)
        for _ in range(rows):
            insert(connection)
        before = objects(connection)
        history = connection.execute("SELECT * FROM agent_invocations").fetchall()
        upgrade(database.url)
        assert len(objects(connection)) > len(before)
        insert(connection)
        with Store(database.url) as store:
            assert store.totals()["invocations"] == rows + 1
        downgrade(database.url, drop_columns=True)
        assert objects(connection) == before
        found = connection.execute("SELECT * FROM agent_invocations ORDER BY id").fetchall()
        assert found[:rows] == history
        upgrade(database.url)
        with Store(database.url) as store:
            assert store.totals()["invocations"] == rows + 1


@pytest.mark.parametrize(
    ("key", "time", "number", "json"),
    [
        ("integer", "timestamp", "double precision", "jsonb"),
        ("bigint", "timestamptz", "real", "json"),
        ("bigserial", "text", "integer", "text"),
        ("smallint", "varchar(40)", "double precision", "varchar"),
    ],
)
def test_types_that_a_table_may_have(
    empty_postgres: Postgres, key: str, time: str, number: str, json: str
) -> None:
    output = r'{"nested": {"totalTokens": 1}, "text": "\u0000\\u0000", "totalToolUseCount":3}'
    if json == "jsonb":
        output = output.replace(r"\u0000\\u0000", "")
    with closing(empty_postgres.connect()) as connection:
        connection.execute(
            f"CREATE TABLE agent_invocations (id {key} PRIMARY KEY, agent_name text,"
            f" session_id uuid, start_time {time}, end_time {time}, duration_seconds {number},"
            f" status text, raw_output {json})"
        )
        insert(connection, id=1, raw_output=output, session_id="a" * 32)
        upgrade(empty_postgres.url)
        connection.execute("SET timezone = 'Asia/Kolkata'; SET datestyle = 'German, DMY'")
        insert(connection, id=2, raw_output=output, start_time=None, duration_seconds=2)
        insert(connection, id=3, raw_output=None, start_time=None, duration_seconds=None)
        connection.execute("RESET timezone; RESET datestyle")
        for _ in range(2):
            ((_, *sums),) = stored(connection, ["agent_stats"])["agent_stats"].items()
            # In text the first such key counts, wherever it stands; in JSON that of the outermost.
            tokens = 2 if json in ("text", "varchar") else 0
            assert sums == [(3, 2, 32_000, tokens, 6, 0)]
            ((_, first),) = stored(connection, ["agent_activity"])["agent_activity"].items()
            assert first[-2:] == ("2026-10-01T09:57:33.551",) * 2
            fold(connection)


def test_a_time_with_a_zone_is_taken_to_utc(empty_postgres: Postgres) -> None:
    with closing(empty_postgres.connect()) as connection:
        connection.execute(
            "CREATE TABLE agent_invocations (id int PRIMARY KEY, agent_name text,"
            " start_time timestamptz)"
        )
        upgrade(empty_postgres.url)
        connection.execute("SET timezone = 'Asia/Kolkata'")
        connection.execute(
            "INSERT INTO agent_invocations VALUES (1, 'a', '2026-10-01 00:30+02'),"
            " (2, 'a', 'infinity'), (3, 'a', '10001-01-01'), (4, 'a', '0044-03-15 BC')"
        )
        found = connection.execute(
            "SELECT hour, invocations, duration_count FROM agent_hourly ORDER BY hour"
        ).fetchall()
        assert found == [("", 3, 0), ("2026-09-30T22:00:00", 1, 0)]
        assert connection.execute("SELECT unreadable_times FROM agent_stats").fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("agent_invocations (agent_name text)", "it has no column id"),
        ("agent_invocations (id text PRIMARY KEY, agent_name text)", "its id is text"),
        ("agent_invocations (id bigint, agent_name text)", "id is not its primary key"),
        ("agent_invocations (id bigint PRIMARY KEY)", "it has no column agent_name"),
        (
            "agent_invocations (id bigint PRIMARY KEY, agent_name text, start_time date)",
            "its start_time is date, not timestamp, timestamptz or text",
        ),
        (
            "agent_invocations (id bigint PRIMARY KEY, agent_name text, duration_seconds numeric)",
            "its duration_seconds is numeric",
        ),
        (
            "agent_invocations (id bigint PRIMARY KEY, agent_name text, updated_at text)",
            "its updated_at is text, not timestamptz",
        ),
        ("sessions (session_id uuid PRIMARY KEY)", "its session_id is uuid"),
        ("agent_stats (id int)", "the name agent_stats is taken"),
    ],
)
def test_what_is_refused_stays_as_it_is(empty_postgres: Postgres, table: str, said: str) -> None:
    with closing(empty_postgres.connect()) as connection:
        connection.execute(f"CREATE TABLE {table}")
        before = objects(connection)
        with pytest.raises(CannotAdopt, match=said):
            upgrade(empty_postgres.url)
        assert objects(connection) == before


def test_a_view_is_refused(empty_postgres: Postgres) -> None:
    with closing(empty_postgres.connect()) as connection:
        connection.execute("CREATE VIEW agent_invocations AS SELECT 1 AS id, 'a' AS agent_name")
    with pytest.raises(CannotAdopt, match="it is no table"):
        upgrade(empty_postgres.url)


def test_writers_in_between_are_not_lost(empty_postgres: Postgres) -> None:
    """A migration waits for transactions that have written, and counts what they wrote."""
    with closing(empty_postgres.connect()) as connection:
        for table in TABLES.values():
            connection.execute(table)
        with closing(empty_postgres.connect()) as other:
            other.execute("BEGIN")
            insert(other)
            with pytest.raises(AggregatesError, match="other transactions hold"):
                upgrade(empty_postgres.url, wait=0)
            other.execute("COMMIT")
        upgrade(empty_postgres.url)
        assert stored(connection, ["agent_activity"])["agent_activity"][("a",)][0] == 1


def test_updated_at_is_when_a_row_was_last_written(migrated_postgres: Postgres) -> None:
    with closing(migrated_postgres.connect()) as connection:
        insert(connection, prompt="go")
        began = datetime.now(UTC)
        connection.execute("UPDATE agent_invocations SET prompt = 'went', updated_at = NULL")
        ((moment,),) = connection.execute("SELECT updated_at FROM agent_invocations").fetchall()
        assert moment >= began
        fold(connection)
        # What is not tracked leaves no entry.
        found = connection.execute("SELECT operation FROM agent_invocation_changes").fetchall()
        assert found == [("insert",)]


def test_a_server_that_is_not_there() -> None:
    with (
        pytest.raises(DatabaseMissing, match="check the URL"),
        Store("postgresql://nobody@localhost:1/none") as store,
    ):
        store.agents()


def test_offline_sql_installs_the_same(
    empty_postgres: Postgres, migrated_postgres: Postgres
) -> None:
    def offline(step: str, revisions: str) -> None:
        printed = io.StringIO()
        config = configured(empty_postgres.url)
        config.output_buffer = printed
        getattr(command, step)(config, revisions, sql=True)
        connection.execute(printed.getvalue())

    with (
        closing(empty_postgres.connect()) as connection,
        closing(migrated_postgres.connect()) as migrated,
    ):
        offline("upgrade", "head")
        assert objects(connection) == objects(migrated)
        with Store(empty_postgres.url) as store:
            assert store.status().ok
            insert(connection)
            assert store.totals()["invocations"] == 1
        offline("downgrade", f"{head()}:base")
        assert {kind for kind, _ in objects(connection)} == {"column", "relation"}


def test_everything_that_people_read_is_described(migrated_postgres: Postgres) -> None:
    with closing(migrated_postgres.connect()) as connection:
        found = connection.execute(
            "SELECT relname::text, coalesce(attname, ''), description FROM pg_description"
            " JOIN pg_class ON pg_class.oid = objoid AND classoid = 'pg_class'::regclass"
            " LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0"
            f" WHERE description <> '{OURS}'"
        ).fetchall()
        described = connection.execute("SELECT * FROM aggregate_descriptions").fetchall()
        theirs = {"agent_invocations", "sessions", "agent_tool_uses"}
        assert {one for one in described if one[0] not in theirs} == {*found}
        assert ("agent_stats", "invocations", "rows") in found


def test_a_role_that_may_only_read(migrated_postgres: Postgres) -> None:
    reader = f"{migrated_postgres.name}_reader"
    with closing(migrated_postgres.connect()) as connection:
        insert(connection)
        connection.execute(f"CREATE ROLE {reader} LOGIN PASSWORD 'none'")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
        try:
            url = migrated_postgres.url.replace("postgres@", f"{reader}:none@", 1)
            url = url.replace("postgres:@", f"{reader}:none@", 1)
            with Store(url) as store:
                assert store.collect().totals["invocations"] == 1
                assert store.status().ok
            waiting = "SELECT count(*) FROM _aggregates_run_queue"
            assert connection.execute(waiting).fetchone() == (1,)
        finally:
            connection.execute(f"DROP OWNED BY {reader}; DROP ROLE {reader}")


def test_a_revision_without_sql_for_the_engine_is_refused(
    migrated_postgres: Postgres, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations_folder(), folder)
    # Of another name; what it holds does not matter.
    more = replace(catalogue["tool_durations"], name="tool_times")
    extended = replace(catalogue, definitions=(*catalogue.definitions, more))
    assert write_revision("Times", compiler("sqlite"), extended, folder) is not None
    with closing(migrated_postgres.connect()) as connection:
        before = objects(connection)
        with pytest.raises(AggregatesError, match="carries no SQL for postgresql"):
            upgrade(migrated_postgres.url, folder=folder)
        assert objects(connection) == before
