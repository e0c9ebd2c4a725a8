"""Every way to write, each seen by the aggregates in the same transaction, and by a fold."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from postgres import Postgres, fold, stored

from aggregates.installing.upgrading import upgrade
from aggregates.store import Store

NAMES = "id, agent_name, session_id, status, start_time, raw_output"
ROW = "(%s, 'a', 's', 'completed', '2026-10-01 10:00:00', '{\"totalTokens\": 5}')"


@pytest.fixture
def connection(migrated_postgres: Postgres) -> Iterator[psycopg.Connection[Any]]:
    with closing(migrated_postgres.connect()) as found:
        yield found


def insert(connection: psycopg.Connection[Any], *ids: int) -> None:
    rows = ", ".join([ROW] * len(ids))
    connection.execute(f"INSERT INTO agent_invocations ({NAMES}) VALUES {rows}", ids)


def counted(connection: psycopg.Connection[Any]) -> int:
    """How many runs the aggregates know; all of them the same number, and that of the rows."""
    queries = (
        "SELECT count(*) FROM agent_invocations",
        "SELECT coalesce(sum(invocations), 0) FROM agent_stats",
        "SELECT coalesce(sum(invocations), 0) FROM agent_activity",
        "SELECT coalesce(sum(tokens_sum), 0) / 5 FROM agent_hourly",
        "SELECT count(*) FROM _aggregates_agent_starts",
        "SELECT coalesce(sum(invocations), 0) FROM session_agents",
    )
    (count, *others) = (connection.execute(one).fetchone()[0] for one in queries)
    assert others == [count] * len(others)
    return int(count)


def test_each_verb(connection: psycopg.Connection[Any]) -> None:
    insert(connection, 1, 2, 3)
    assert counted(connection) == 3
    copying = f"COPY agent_invocations ({NAMES}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for id_ in (4, 5):
            copy.write_row(
                (id_, "a", "s", "completed", "2026-10-01 10:00:00", '{"totalTokens": 5}')
            )
    assert counted(connection) == 5
    connection.execute(
        f"INSERT INTO agent_invocations ({NAMES}) VALUES {ROW}, {ROW}"
        " ON CONFLICT (id) DO UPDATE SET status = 'failed'",
        (5, 6),
    )
    connection.execute(
        f"INSERT INTO agent_invocations ({NAMES}) VALUES {ROW} ON CONFLICT DO NOTHING", (6,)
    )
    assert counted(connection) == 6
    connection.execute("DELETE FROM agent_invocations WHERE id = 1")
    connection.execute("UPDATE agent_invocations SET id = id + 100, agent_name = 'b'")
    assert counted(connection) == 5
    assert {name for (name,) in stored(connection, ["agent_activity"])["agent_activity"]} == {"b"}
    fold(connection)
    assert counted(connection) == 5
    connection.execute("TRUNCATE agent_invocations")
    assert counted(connection) == 0
    fold(connection)
    assert counted(connection) == 0
    found = connection.execute(
        "SELECT operation, invocation_id, old_invocation_id FROM agent_invocation_changes"
        " WHERE invocation_id IN (2, 102) ORDER BY seq"
    ).fetchall()
    assert found == [("insert", 2, None), ("update", 102, 2), ("delete", 102, None)]


def test_merge(connection: psycopg.Connection[Any]) -> None:
    if connection.info.server_version < 150000:
        return  # there is no MERGE
    insert(connection, 1, 2)
    connection.execute(
        "MERGE INTO agent_invocations AS run USING (VALUES (1), (2), (3)) AS given (id)"
        " ON run.id = given.id"
        " WHEN MATCHED AND given.id = 1 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET status = 'failed'"
        f" WHEN NOT MATCHED THEN INSERT ({NAMES}) VALUES {ROW}",
        (3,),
    )
    assert counted(connection) == 2
    assert stored(connection, ["agent_activity"])["agent_activity"][("a",)][:3] == (2, 1, 1)


def test_what_is_rolled_back_was_never_there(connection: psycopg.Connection[Any]) -> None:
    insert(connection, 1)
    with connection.transaction(force_rollback=True):
        insert(connection, 2)
        with connection.transaction(force_rollback=True):
            connection.execute("DELETE FROM agent_invocations")
            assert counted(connection) == 0
        assert counted(connection) == 2
    assert counted(connection) == 1
    fold(connection)
    assert counted(connection) == 1


def test_a_transaction_in_two_phases(
    migrated_postgres: Postgres, connection: psycopg.Connection[Any]
) -> None:
    connection.execute("BEGIN")
    insert(connection, 1)
    connection.execute(f"PREPARE TRANSACTION '{migrated_postgres.name}'")
    insert(connection, 2)
    fold(connection)
    assert counted(connection) == 1
    connection.execute(f"COMMIT PREPARED '{migrated_postgres.name}'")
    assert counted(connection) == 2
    fold(connection)
    assert counted(connection) == 2


def test_cascades(empty_postgres: Postgres) -> None:
    with closing(empty_postgres.connect()) as connection:
        connection.execute(
            "CREATE TABLE sessions (session_id text PRIMARY KEY);"
            "CREATE TABLE agent_invocations (id bigint PRIMARY KEY, agent_name text, status text,"
            " start_time timestamp, raw_output jsonb, session_id text"
            " REFERENCES sessions ON DELETE CASCADE ON UPDATE CASCADE);"
            "INSERT INTO sessions VALUES ('s'), ('t')"
        )
        insert(connection, 1, 2)
        upgrade(empty_postgres.url)
        connection.execute("UPDATE sessions SET session_id = 'u' WHERE session_id = 's'")
        assert stored(connection, ["session_agents"])["session_agents"] == {("u", "a"): (2,)}
        connection.execute("DELETE FROM sessions WHERE session_id = 'u'")
        assert counted(connection) == 0


def test_a_writer_needs_no_right_on_what_is_ours(
    migrated_postgres: Postgres, connection: psycopg.Connection[Any]
) -> None:
    role = f"{migrated_postgres.name}_writer"
    connection.execute(f"CREATE ROLE {role}")
    try:
        connection.execute(f"GRANT INSERT, UPDATE, DELETE, SELECT ON agent_invocations TO {role}")
        connection.execute(f"SET ROLE {role}; SET search_path = ''")
        connection.execute(
            "INSERT INTO public.agent_invocations (id, agent_name) VALUES (1, 'a');"
            "UPDATE public.agent_invocations SET status = 'failed'"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM public._aggregates_run_queue")
        connection.execute("RESET ROLE; RESET search_path")
        assert stored(connection, ["agent_activity"])["agent_activity"][("a",)][:3] == (1, 0, 1)
    finally:
        connection.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")


def test_the_partitions_of_a_table(empty_postgres: Postgres) -> None:
    with closing(empty_postgres.connect()) as connection:
        connection.execute(
            "CREATE TABLE agent_invocations (id bigint, agent_name text, session_id text,"
            " status text, start_time timestamp, raw_output jsonb, PRIMARY KEY (id, start_time))"
            " PARTITION BY RANGE (start_time);"
            "CREATE TABLE early PARTITION OF agent_invocations"
            " FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
            "CREATE TABLE late PARTITION OF agent_invocations"
            " FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"
        )
        upgrade(empty_postgres.url)
        insert(connection, 1, 2)
        assert counted(connection) == 2
        # From one partition to the other.
        connection.execute("UPDATE agent_invocations SET start_time = '2027-10-01' WHERE id = 1")
        assert counted(connection) == 2
        fold(connection)
        assert counted(connection) == 2
        # No trigger of the root fires for what is written straight to a partition.
        connection.execute("DELETE FROM late")
        with Store(empty_postgres.url) as store:
            assert {one.table for one in store.verify().drifts} > {"agent_stats"}
            store.repair()
            assert store.verify().drifts == []
        assert counted(connection) == 1


def test_triggers_that_do_not_fire_are_seen_by_a_proof(
    migrated_postgres: Postgres, connection: psycopg.Connection[Any]
) -> None:
    """So it is under session_replication_role = replica, and where rows are replicated."""
    connection.execute("SET session_replication_role = replica")
    insert(connection, 1)
    connection.execute("RESET session_replication_role")
    with Store(migrated_postgres.url) as store:
        assert store.verify().drifts
        store.rebuild()
        assert store.verify().drifts == []
    assert counted(connection) == 1


@pytest.mark.parametrize(
    "level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"], ids=str.lower
)
def test_a_fold_fails_no_writer(
    migrated_postgres: Postgres, connection: psycopg.Connection[Any], level: str
) -> None:
    insert(connection, 1)
    with closing(migrated_postgres.connect()) as other:
        other.execute(f"BEGIN ISOLATION LEVEL {level}")
        assert counted(other) == 1
        insert(other, 2)
        fold(connection)
        assert counted(connection) == 1
        assert counted(other) == 2
        insert(other, 3)
        other.execute("COMMIT")
    assert counted(connection) == 3
    fold(connection)
    assert counted(connection) == 3


def test_the_latest_start_survives_whatever_takes_it_away(
    connection: psycopg.Connection[Any],
) -> None:
    """The interleaving in which a maximum that is recomputed as it is decremented goes wrong."""
    insert(connection, 1, 2)
    connection.execute("UPDATE agent_invocations SET start_time = '2026-10-01 12:00' WHERE id = 2")
    fold(connection)

    def latest() -> str:
        return str(stored(connection, ["agent_activity"])["agent_activity"][("a",)][-1])

    assert latest() == "2026-10-01T12:00:00.000"
    connection.execute("BEGIN; DELETE FROM agent_invocations WHERE id = 2")
    assert latest() == "2026-10-01T10:00:00.000"
    other = psycopg.connect(connection.info.dsn, autocommit=True)
    with closing(other):
        # Commits while the delete is open, and is not seen by its snapshot.
        insert(other, 3)
        other.execute("UPDATE agent_invocations SET start_time = '2026-10-01 11:00' WHERE id = 3")
        fold(other)
    connection.execute("COMMIT")
    for _ in range(2):
        assert latest() == "2026-10-01T11:00:00.000"
        fold(connection)


@pytest.mark.parametrize(
    ("setting", "waiting"),
    [
        ("default_transaction_isolation = serializable", 0),
        ("default_transaction_read_only = on", 1),
    ],
)
def test_settings_of_a_database(migrated_postgres: Postgres, setting: str, waiting: int) -> None:
    """Who may not write, as on a standby, reads without a fold."""
    with closing(migrated_postgres.connect()) as connection:
        insert(connection, 1)
        connection.execute(f"ALTER DATABASE {migrated_postgres.name} SET {setting}")
        with Store(migrated_postgres.url) as store:
            assert store.totals()["invocations"] == 1
        query = "SELECT count(*) FROM _aggregates_run_queue"
        assert connection.execute(query).fetchone() == (waiting,)


def test_only_one_process_folds_at_a_time(migrated_postgres: Postgres) -> None:
    """A reader that comes while another folds reads what is exact all the same."""
    with (
        closing(migrated_postgres.connect()) as writer,
        Store(migrated_postgres.url) as store,
        closing(migrated_postgres.connect()) as other,
    ):
        from aggregates.engines.postgresql.folding import LOCK

        insert(writer, 1, 2)
        other.execute(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})")
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(store.totals()["invocations"]))
        thread.start()
        thread.join(timeout=60)
        assert found == [2]
        waiting = "SELECT count(*) FROM _aggregates_run_queue"
        assert writer.execute(waiting).fetchone() == (2,)
        other.execute("COMMIT")
        assert store.totals()["invocations"] == 2
        assert writer.execute(waiting).fetchone() == (0,)
