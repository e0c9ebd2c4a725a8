"""Consumers take every change once, in order, from a durable checkpoint, or are told of a loss."""

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from samples import change, copy, start_run

from aggregates.changes import Change, ChangesLost, CheckpointMoved, Consumer, consumers, utc_text
from aggregates.engines import driver, open_database
from aggregates.errors import AggregatesError, DatabaseLocked, SchemaMismatch
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations, agent_tool_uses, sessions
from aggregates.proving.reinstalling import reinstall

ENTRIES_KEPT = 100_000
"""by the triggers, where nothing of ours runs"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


@pytest.fixture
def fresh(migrated_database: MakeDatabase) -> Iterator[sqlite3.Connection]:
    """A connection to an empty database at the head revision."""
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        yield connection


def consumer(connection: sqlite3.Connection, name: str = "mirror") -> Consumer:
    return Consumer(driver(connection), agent_invocations, name)


MIRROR = "SELECT id, agent_name, session_id, status, end_time FROM agent_invocations ORDER BY id"


def make_mirror(connection: sqlite3.Connection) -> Consumer:
    """A consumer that keeps a copy of the table, filled from what was there before it."""
    found = consumer(connection)
    connection.execute("CREATE TABLE mirror (id PRIMARY KEY, agent, session, status, end_time)")
    connection.execute(f"INSERT INTO mirror {MIRROR}")
    return found


def apply(connection: sqlite3.Connection, changes: list[Change]) -> None:
    """Carry changes on to the copy; none of them may have been carried on before."""
    names = ("agent_name", "session_id", "status", "end_time")
    for one in changes:
        if one.old is not None:
            key = one.key if one.old_key is None else one.old_key
            old = (key, *(one.old[name] for name in names))
            gone = connection.execute(
                "DELETE FROM mirror WHERE (id, agent, session, status, end_time)"
                " IS (?, ?, ?, ?, ?)",
                old,
            )
            assert gone.rowcount == 1, f"{one} was not there"
        if one.new is not None:
            new = (one.key, *(one.new[name] for name in names))
            connection.execute("INSERT INTO mirror VALUES (?, ?, ?, ?, ?)", new)


def take_all(connection: sqlite3.Connection, limit: int = 7) -> int:
    """Take everything as `mirror` does; how many changes there were."""
    taken = 0
    while True:
        with consumer(connection).take(limit) as batch:
            assert batch.connection is connection
            apply(connection, list(batch))
        if not batch:
            return taken
        taken += len(batch)


def check_mirror(connection: sqlite3.Connection) -> None:
    mirrored = connection.execute("SELECT * FROM mirror ORDER BY id").fetchall()
    assert mirrored == connection.execute(MIRROR).fetchall()


def test_full_equals_incremental_after_more_writes(database: Path) -> None:
    chance = random.Random("mirror")
    with closing(connect(database)) as connection:
        make_mirror(connection)
        for _ in range(5):
            change(connection, chance, 60)
            connection.execute("UPDATE agent_invocations SET id = id + 100000 WHERE id % 97 = 1")
            # A new one each time: what it knows is in the database.
            assert take_all(connection) > 10
            check_mirror(connection)
        assert take_all(connection) == 0


def test_an_error_inside_take_undoes_both(database: Path) -> None:
    with closing(connect(database)) as connection:
        make_mirror(connection)
        before = consumer(connection).checkpoint
        change(connection, random.Random("error"), 30)

        def fail() -> None:
            with consumer(connection).take(5) as batch:
                apply(connection, list(batch))
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert not connection.in_transaction
        assert consumer(connection).checkpoint == before
        take_all(connection)
        check_mirror(connection)


def test_take_holds_the_lock_for_writing(database: Path) -> None:
    with (
        closing(connect(database)) as connection,
        closing(sqlite3.connect(database, timeout=0)) as other,
    ):
        start_run(connection)
        with consumer(connection).take(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("UPDATE agent_invocations SET status = 'x'")


def test_poll_answers_the_same_until_it_is_acknowledged(fresh: sqlite3.Connection) -> None:
    reader = consumer(fresh)
    ids = [start_run(fresh) for _ in range(5)]
    assert [one.key for one in reader.poll()] == ids
    assert [one.key for one in consumer(fresh).poll(2)] == ids[:2]
    batch = consumer(fresh).poll(2)
    reader.acknowledge(batch)
    assert [one.key for one in consumer(fresh).poll()] == ids[2:]
    checkpoint = reader.checkpoint
    assert checkpoint[:3] == (batch[-1].seq, ids[1], batch[-1].updated_at)
    reader.acknowledge(consumer(fresh).poll())
    assert list(reader.poll()) == []
    before = reader.checkpoint
    reader.acknowledge(reader.poll())
    assert reader.checkpoint == before, "nothing was acknowledged, and nothing moved"


def test_a_checkpoint_that_moved_is_not_moved_back(fresh: sqlite3.Connection) -> None:
    one, other = consumer(fresh), consumer(fresh)
    for _ in range(4):
        start_run(fresh)
    batch, more = one.poll(2), other.poll(3)
    other.acknowledge(more)
    with pytest.raises(CheckpointMoved, match="mirror"):
        one.acknowledge(batch)
    assert one.checkpoint.seq == more[-1].seq
    assert not fresh.in_transaction


def test_edits_and_deletes_of_history_are_seen_once_with_both_values(
    fresh: sqlite3.Connection,
) -> None:
    reader = consumer(fresh)
    at = "2026-10-01T10:00:00"
    ended = start_run(fresh, end=at, status="completed")
    odd = start_run(fresh, end=at, status="odd")
    ended_by_word = start_run(fresh, status="error")
    running = start_run(fresh)
    batch = reader.poll()
    assert [one.edits_history for one in batch] == [False] * 4
    assert [(one.operation, one.old) for one in batch] == [("insert", None)] * 4
    reader.acknowledge(batch)
    fresh.execute("UPDATE agent_invocations SET phase = 'x' WHERE id = ?", (ended,))
    fresh.execute("UPDATE agent_invocations SET prompt = 'not tracked' WHERE id = ?", (ended,))
    fresh.execute("UPDATE agent_invocations SET phase = 'x' WHERE id = ?", (odd,))
    fresh.execute("DELETE FROM agent_invocations WHERE id = ?", (ended_by_word,))
    fresh.execute("UPDATE agent_invocations SET status = 'completed' WHERE id = ?", (running,))
    fresh.execute("DELETE FROM agent_invocations WHERE id = ?", (running,))
    batch = reader.poll()
    assert [(one.operation, one.key, one.edits_history) for one in batch] == [
        ("update", ended, True),
        ("update", odd, True),
        ("delete", ended_by_word, True),
        ("update", running, False),
        ("delete", running, True),
    ]
    first, _, gone, ending, _ = batch
    assert first.old is not None
    assert first.new is not None
    assert (first.old["phase"], first.new["phase"]) == (None, "x")
    assert {**first.old, "phase": "x"} == first.new
    assert gone.old is not None
    assert (gone.old["status"], gone.new) == ("error", None)
    assert ending.old is not None
    assert ending.new is not None
    assert (ending.old["status"], ending.new["status"]) == ("started", "completed")
    reader.acknowledge(batch)
    assert list(reader.poll()) == []


def test_replace_is_a_delete_and_an_insert(fresh: sqlite3.Connection) -> None:
    reader = consumer(fresh)
    id_ = start_run(fresh, agent="old", status="completed")
    reader.acknowledge(reader.poll())
    fresh.execute(
        "INSERT OR REPLACE INTO agent_invocations (id, agent_name) VALUES (?, 'new')", (id_,)
    )
    delete, insert = reader.poll()
    assert (delete.operation, delete.key, insert.operation, insert.key) == (
        *("delete", id_),
        *("insert", id_),
    )
    assert delete.old is not None
    assert insert.new is not None
    assert (delete.old["agent_name"], delete.new) == ("old", None)
    assert (insert.old, insert.new["agent_name"]) == (None, "new")
    assert delete.edits_history


def test_a_change_of_key_names_both(fresh: sqlite3.Connection) -> None:
    reader = consumer(fresh)
    id_ = start_run(fresh)
    reader.acknowledge(reader.poll())
    fresh.execute("UPDATE agent_invocations SET id = 500")
    (one,) = reader.poll()
    assert (one.operation, one.key, one.old_key) == ("update", 500, id_)


def test_values_come_as_they_were_stored(fresh: sqlite3.Connection) -> None:
    reader = consumer(fresh)
    fresh.execute(
        "INSERT INTO agent_invocations (agent_name, session_id, phase, model, duration_seconds,"
        " start_time) VALUES (CAST(x'ff41' AS TEXT), x'00ff', 'a' || char(0), 7, 9e999, 1.5)"
    )
    (one,) = reader.poll()
    assert one.new is not None
    assert one.new["agent_name"].encode("utf-8", "surrogateescape") == b"\xffA"
    assert [
        one.new[name] for name in ("session_id", "phase", "duration_seconds", "start_time")
    ] == [
        *(b"\x00\xff", "a\0"),
        *(float("inf"), 1.5),
    ]


def test_other_sources_have_consumers_too(fresh: sqlite3.Connection) -> None:
    readers = [Consumer(driver(fresh), source, "all") for source in (sessions, agent_tool_uses)]
    fresh.execute("INSERT INTO sessions (session_id, status) VALUES ('s', 'active')")
    fresh.execute("INSERT INTO agent_tool_uses (tool_name) VALUES ('Bash')")
    fresh.execute("INSERT OR REPLACE INTO sessions (session_id) VALUES ('s')")
    found = [[(one.operation, one.key) for one in reader.poll()] for reader in readers]
    assert found[1] == [("insert", 1)]
    assert [operation for operation, _ in found[0]] == ["insert", "delete", "insert"]


def lost(connection: sqlite3.Connection, name: str = "mirror") -> bool:
    """Whether a consumer is told of a loss, and others that it is lost."""
    reader = consumer(connection, name)
    (found,) = (one for one in consumers(driver(connection), catalogue.sources) if one.name == name)
    if found.is_lost:
        with pytest.raises(ChangesLost, match=name):
            reader.poll()
    else:
        reader.poll()
    return found.is_lost


def test_what_the_triggers_have_pruned_is_lost_and_no_more(fresh: sqlite3.Connection) -> None:
    start_run(fresh)
    consumer(fresh, "late")
    start_run(fresh)
    reader = consumer(fresh, "in time")
    fresh.execute(
        "INSERT INTO agent_invocations (agent_name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
        " SELECT i + 1 FROM n WHERE i < ?) SELECT 'bulk' FROM n",
        (ENTRIES_KEPT - 1,),
    )
    oldest, newest = reader.log.ends()
    while oldest < 3:
        assert not lost(fresh, "late") or oldest > 2
        start_run(fresh)
        oldest, newest = reader.log.ends()
    assert newest - oldest + 1 <= ENTRIES_KEPT + 64
    assert lost(fresh, "late")
    assert lost(fresh, "in time") == (oldest > 3)
    # The consumer that rebuilds what it keeps goes on from the newest.
    late = consumer(fresh, "late")
    late.reset()
    id_ = start_run(fresh)
    assert [one.key for one in late.poll()] == [id_]


def test_an_emptied_log_is_a_loss_also_when_it_has_grown_again(fresh: sqlite3.Connection) -> None:
    for _ in range(5):
        start_run(fresh)
    assert consumer(fresh).checkpoint.seq == 5
    fresh.execute("DELETE FROM agent_invocation_changes")
    assert lost(fresh)
    for number in range(9):
        start_run(fresh, start=f"2026-10-01T10:00:0{number}")
        assert lost(fresh), f"{number + 1} entries of the new log were taken for those of the old"
    consumer(fresh).reset()
    assert not lost(fresh)


def test_a_hole_in_the_log_is_a_loss(fresh: sqlite3.Connection) -> None:
    consumer(fresh)
    for _ in range(5):
        start_run(fresh)
    fresh.execute("DELETE FROM agent_invocation_changes WHERE seq = 3")
    with pytest.raises(ChangesLost):
        consumer(fresh).poll()


def test_an_empty_log_loses_nothing(fresh: sqlite3.Connection) -> None:
    assert not lost(fresh)
    consumer(fresh, "mirror").reset("oldest")
    assert not lost(fresh)
    assert list(consumer(fresh).poll()) == []


def test_a_reinstall_is_a_loss_until_the_consumer_is_reset(database: Path) -> None:
    with closing(connect(database)) as connection:
        reader = consumer(connection)
        reinstall(open_database(database), catalogue.sources)
        start_run(connection)
        assert lost(connection)
        with pytest.raises(ChangesLost), reader.take():
            pass
        assert not connection.in_transaction
        reader.reset()
        assert not lost(connection)


def test_reset_moves_to_what_the_log_holds_and_to_nothing_else(fresh: sqlite3.Connection) -> None:
    ids = [start_run(fresh) for _ in range(5)]
    reader = consumer(fresh)
    assert list(reader.poll()) == []
    reader.reset("oldest")
    assert [one.key for one in reader.poll()] == ids
    assert reader.checkpoint[:3] == (0, None, None)
    reader.reset(3)
    assert [one.key for one in reader.poll()] == ids[3:]
    third = fresh.execute("SELECT updated_at FROM agent_invocation_changes WHERE seq = 3")
    assert reader.checkpoint[:3] == (3, ids[2], *third.fetchone())
    for position in (-1, 6):
        with pytest.raises(AggregatesError, match=f"no entry {position}"):
            reader.reset(position)
    fresh.execute("DELETE FROM agent_invocation_changes WHERE seq < 3")
    with pytest.raises(AggregatesError, match="no entry 1"):
        reader.reset(1)
    reader.reset("oldest")
    assert [one.key for one in reader.poll()] == ids[2:]


def test_a_removed_consumer_says_so_and_can_be_made_anew(fresh: sqlite3.Connection) -> None:
    reader = consumer(fresh)
    start_run(fresh)
    reader.remove()
    assert consumers(driver(fresh), catalogue.sources) == []
    with pytest.raises(AggregatesError, match="removed"):
        reader.poll()
    with pytest.raises(AggregatesError, match="removed"):
        _ = reader.checkpoint
    assert list(consumer(fresh).poll()) == [], "it begins with what comes"


def test_consumers_are_listed_with_what_is_left(fresh: sqlite3.Connection) -> None:
    start_run(fresh)
    slow, fast = consumer(fresh, "slow"), consumer(fresh, "fast")
    Consumer(driver(fresh), sessions, "fast")
    for _ in range(3):
        start_run(fresh)
    fast.acknowledge(fast.poll(2))
    fresh.execute("INSERT INTO change_consumers VALUES ('odd', 'nothing', 1, 1, '', '', 0)")
    found = consumers(driver(fresh), catalogue.sources)
    assert [(one.name, one.source, one.behind, one.is_lost) for one in found] == [
        ("fast", "agent_invocations", 1, False),
        ("fast", "sessions", 0, False),
        ("slow", "agent_invocations", 3, False),
    ]
    assert found[0].checkpoint == fast.checkpoint
    assert found[2].checkpoint == slow.checkpoint


def test_touch_saves_again_only_what_is_old(fresh: sqlite3.Connection) -> None:
    reader = consumer(fresh)
    before = reader.checkpoint
    reader.touch(timedelta(hours=1))
    assert reader.checkpoint == before
    fresh.execute("UPDATE change_consumers SET saved_at = '2026-01-01T00:00:00.000Z'")
    reader.touch(timedelta(hours=1))
    assert reader.checkpoint[:3] == before[:3]
    assert before.saved_at <= reader.checkpoint.saved_at <= utc_text()


def test_a_consumer_from_the_oldest_takes_all_that_the_log_holds(database: Path) -> None:
    with closing(connect(database)) as connection:
        whole = Consumer(driver(connection), agent_invocations, "whole", start="oldest")
        (count,) = connection.execute("SELECT count(*) FROM agent_invocation_changes").fetchone()
        assert count > 20
        assert len(whole.poll(10_000)) == count


def test_the_query_of_the_old_plan_works(database: Path) -> None:
    """A collector that knows `updated_at` alone finds edits of what it had read."""
    with closing(connect(database)) as connection:
        (last_id,) = connection.execute("SELECT max(id) FROM agent_invocations").fetchone()
        (now,) = connection.execute("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')").fetchone()
        query = "SELECT id, status FROM agent_invocations WHERE id <= ? AND updated_at > ?"
        assert connection.execute(query, (last_id, now)).fetchall() == []
        while connection.execute(
            "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') <= ?", (now,)
        ).fetchone()[0]:
            pass
        (id_,) = connection.execute(
            "SELECT min(id) FROM agent_invocations WHERE status = 'completed'"
        ).fetchone()
        connection.execute("UPDATE agent_invocations SET status = 'failed' WHERE id = ?", (id_,))
        start_run(connection)
        assert connection.execute(query, (last_id, now)).fetchall() == [(id_, "failed")]


def test_a_lock_and_a_table_that_is_gone_have_names(database: Path) -> None:
    with closing(connect(database)) as connection, closing(connect(database)) as holder:
        one = consumer(connection)
        connection.execute("PRAGMA busy_timeout = 1")
        holder.execute("BEGIN IMMEDIATE")
        for write in (one.reset, one.remove, lambda: one.acknowledge(one.poll())):
            with pytest.raises(DatabaseLocked, match=re.escape(str(database))):
                write()
        with pytest.raises(DatabaseLocked), one.take():
            pytest.fail("nothing can be taken without the lock")
        holder.execute("ROLLBACK")
        connection.execute("DROP TABLE agent_invocation_changes")
        for read in (one.poll, one.log.ends, lambda: one.log.read(0, 10)):
            with pytest.raises(SchemaMismatch, match="agent_invocation_changes"):
                read()


def test_what_the_caller_raises_stays_as_it_is(database: Path) -> None:
    with closing(connect(database)) as connection:
        one = consumer(connection)
        with pytest.raises(sqlite3.OperationalError, match="no such table: mine"), one.take():
            connection.execute("INSERT INTO mine VALUES (1)")


def test_a_beginning_that_is_none_and_a_connection_that_is_closed(database: Path) -> None:
    with closing(connect(database)) as connection:
        one = consumer(connection)
        with pytest.raises(AggregatesError, match="'foo' is no beginning"):
            one.reset("foo")  # type: ignore[arg-type]
    with pytest.raises(AggregatesError, match="closed"):
        one.poll()
