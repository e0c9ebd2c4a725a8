"""Many writers at once, some of whom are killed: no drift, no deadlock, no change skipped."""

import random
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest
from operations import operations
from postgres import Postgres

from aggregates.changes import Change
from aggregates.store import Store

WRITERS = 8
ENDED = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a writer hears whose backend was killed."""


def insert(connection: psycopg.Connection[Any], agent: str) -> None:
    connection.execute(
        "INSERT INTO agent_invocations (agent_name, session_id, status, start_time)"
        " VALUES (%s, 's', 'started', '2026-10-01 10:00')",
        (agent,),
    )


def taken(store: Store, name: str) -> list[Change]:
    return [change for batch in store.changes(name, start="oldest").batches(2) for change in batch]


def agents(changes: list[Change]) -> list[str]:
    return [change.new["agent_name"] for change in changes if change.new]


def test_a_change_that_commits_late_reaches_a_consumer(migrated_postgres: Postgres) -> None:
    with (
        Store(migrated_postgres.url) as store,
        closing(migrated_postgres.connect()) as early,
        closing(migrated_postgres.connect()) as late,
    ):
        late.execute("BEGIN")
        insert(late, "late")
        insert(early, "early")
        # Whoever goes by the number that an entry was appended with goes past the late one.
        by_entry = "SELECT entry, new_agent_name FROM _aggregates_run_queue WHERE entry > %s"
        ((position, seen),) = early.execute(by_entry, (0,)).fetchall()
        assert agents(taken(store, "mine")) == ["early"] == [seen]
        late.execute("COMMIT")
        assert early.execute(by_entry, (position,)).fetchall() == []
        assert agents(taken(store, "mine")) == ["late"]
        assert taken(store, "mine") == []


def test_a_log_is_read_up_to_what_has_committed(migrated_postgres: Postgres) -> None:
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as writer:
        log = store.log()
        insert(writer, "a")
        assert log.ends() == (1, 1)
        insert(writer, "b")
        assert agents(log.read(0, 10)) == ["a", "b"]


def test_an_edit_of_history_reaches_a_consumer_once(migrated_postgres: Postgres) -> None:
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as writer:
        insert(writer, "a")
        writer.execute("UPDATE agent_invocations SET status = 'completed', duration_seconds = 2")
        assert [change.operation for change in taken(store, "mine")] == ["insert", "update"]
        writer.execute("UPDATE agent_invocations SET status = 'failed'")
        (change,) = taken(store, "mine")
        assert change.edits_history
        assert change.old is not None
        assert change.new is not None
        assert (change.old["status"], change.new["status"]) == ("completed", "failed")
        writer.execute("DELETE FROM agent_invocations")
        (change,) = taken(store, "mine")
        assert (change.operation, change.new, change.key) == ("delete", None, 1)


@pytest.mark.parametrize("seed", [1])
def test_no_drift_under_many_writers(migrated_postgres: Postgres, seed: int) -> None:
    failures: list[BaseException] = []
    is_over = threading.Event()

    def write(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        connection = migrated_postgres.connect()
        plain = {
            "start_time": _TIMES,
            "end_time": _TIMES,
            "timestamp": [None],
            "raw_output": [None],
        }
        for place, (statement, values) in enumerate(operations(seed * 100 + number, 30, **plain)):
            try:
                with connection.transaction(force_rollback=chance.random() < 0.2):
                    connection.execute(statement.replace("?", "%s"), values)
                    if chance.random() < 0.5:
                        insert(connection, "hot")
            except psycopg.errors.DeadlockDetected as error:
                # Writers of several rows may lock each other's; never ours.
                if "_aggregates" in str(error):
                    failures.append(error)
            except (psycopg.errors.UniqueViolation, psycopg.errors.SerializationFailure):
                pass
            except ENDED:
                connection = migrated_postgres.connect()
            if number == 0 and place % 10 == 5:
                _kill_one(migrated_postgres)
        connection.close()

    def prove() -> None:
        with Store(migrated_postgres.url) as store:
            consumer = store.changes("mine", start="oldest")
            while not is_over.is_set():
                try:
                    assert store.verify().drifts == []
                    store.collect()
                    list(consumer.batches())
                    store.rebuild(tables=["agent_stats"])
                    assert store.repair().drifts == []
                except BaseException as error:
                    failures.append(error)
                    return

    _at_once([lambda number=number: write(number) for number in range(WRITERS)], prove, is_over)
    assert failures == []
    with Store(migrated_postgres.url) as store, closing(migrated_postgres.connect()) as connection:
        assert store.verify().drifts == []
        list(store.changes("mine").batches())
        # Whoever has followed the whole log knows the rows.
        rows: dict[int, str] = {}
        for change in taken(store, "other"):
            rows.pop(change.old_key or change.key, None)
            if change.new is not None:
                rows[change.key] = change.new["status"]
        query = "SELECT id, status FROM agent_invocations"
        assert rows == dict(connection.execute(query).fetchall())
        seqs = [change.seq for change in taken(store, "third")]
        assert seqs == list(range(1, len(seqs) + 1))


_TIMES = ["2026-10-01 10:00", "2026-10-02 11:00:00.5", None]


def _kill_one(database: Postgres) -> None:
    with closing(database.connect()) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name <> 'aggregates' ORDER BY random() LIMIT 1"
        )


def _at_once(
    writers: list[Callable[[], None]], prove: Callable[[], None], is_over: threading.Event
) -> None:
    threads = [threading.Thread(target=one) for one in writers]
    prover = threading.Thread(target=prove)
    for one in (prover, *threads):
        one.start()
    for one in threads:
        one.join()
    is_over.set()
    prover.join()
