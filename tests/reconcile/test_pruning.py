"""The change log is pruned by age and by size, and never of what a consumer has not taken."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MakeDatabase, connect
from samples import start_run

from aggregates.changes import ChangesLost, Consumer, utc_text
from aggregates.changes.pruning import Retention, prune
from aggregates.engines import driver
from aggregates.model.sources import agent_invocations

NOW = datetime.now(UTC)


@pytest.fixture
def fresh(migrated_database: MakeDatabase) -> Iterator[sqlite3.Connection]:
    """A connection to an empty database at the head revision."""
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        yield connection


def write(connection: sqlite3.Connection, entries: int, age: timedelta = timedelta(0)) -> None:
    """Entries of a log that were made some time ago."""
    (last,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM agent_invocation_changes"
    ).fetchone()
    connection.execute("BEGIN")
    for _ in range(entries):
        start_run(connection)
    connection.execute(
        "UPDATE agent_invocation_changes SET updated_at = ? WHERE seq > ?",
        (utc_text(NOW - age), last),
    )
    connection.execute("COMMIT")


def held(connection: sqlite3.Connection) -> list[int]:
    return [seq for (seq,) in connection.execute("SELECT seq FROM agent_invocation_changes")]


def test_what_is_old_goes_and_what_is_not_stays(fresh: sqlite3.Connection) -> None:
    write(fresh, 20, timedelta(days=8))
    write(fresh, 5, timedelta(days=6))
    assert prune(driver(fresh), agent_invocations, Retention(timedelta(days=7), 1000)) == 20
    assert held(fresh) == [*range(21, 26)]
    assert prune(driver(fresh), agent_invocations, Retention(timedelta(days=7), 1000)) == 0


def test_what_is_too_much_goes_though_it_is_young(fresh: sqlite3.Connection) -> None:
    write(fresh, 1700)
    assert prune(driver(fresh), agent_invocations, Retention(timedelta(days=7), 100)) == 1600
    assert held(fresh) == [*range(1601, 1701)]


def test_the_newest_entry_always_stays(fresh: sqlite3.Connection) -> None:
    assert prune(driver(fresh), agent_invocations) == 0
    write(fresh, 3, timedelta(days=100))
    assert prune(driver(fresh), agent_invocations, Retention(timedelta(0), 0)) == 2
    assert held(fresh) == [3]
    start_run(fresh)
    assert held(fresh) == [3, 4], "positions go on"


def test_nothing_goes_that_a_consumer_has_not_taken(fresh: sqlite3.Connection) -> None:
    slow, fast = (Consumer(driver(fresh), agent_invocations, name) for name in ("slow", "fast"))
    write(fresh, 1200, timedelta(days=30))
    fast.acknowledge(fast.poll(2000))
    everything = Retention(timedelta(0), 0)
    prune(driver(fresh), agent_invocations, everything)
    assert len(slow.poll(2000)) == 1200
    slow.acknowledge(slow.poll(700))
    prune(driver(fresh), agent_invocations, everything)
    assert [one.seq for one in slow.poll(2000)] == [*range(701, 1201)]
    assert held(fresh)[0] >= 700, "what all have taken is gone"
    slow.acknowledge(slow.poll(2000))
    prune(driver(fresh), agent_invocations, everything)
    assert len(held(fresh)) <= 2
    for one in (slow, fast):
        assert list(one.poll()) == []


def test_a_consumer_that_is_lost_keeps_nothing(fresh: sqlite3.Connection) -> None:
    write(fresh, 10, timedelta(days=30))
    Consumer(driver(fresh), agent_invocations, "dead")
    write(fresh, 50, timedelta(days=30))
    fresh.execute("DELETE FROM agent_invocation_changes WHERE seq < 20")
    prune(driver(fresh), agent_invocations, Retention(timedelta(0), 0))
    assert held(fresh) == [60]
    Consumer(driver(fresh), agent_invocations, "told").reset()
    write(fresh, 50, timedelta(days=30))
    fresh.execute("UPDATE change_consumers SET is_lost = 1")
    prune(driver(fresh), agent_invocations, Retention(timedelta(0), 0))
    assert held(fresh) == [110]


def test_a_month_keeps_the_log_bounded(fresh: sqlite3.Connection) -> None:
    """A day's writes, then what `run` does; the days pass by making entries older."""
    reader = Consumer(driver(fresh), agent_invocations, "daily")
    retention = Retention(timedelta(days=7), 500)
    sizes, taken = [], 0
    for day in range(30):
        write(fresh, 100)
        while batch := reader.poll(40):
            reader.acknowledge(batch)
            taken += len(batch)
        prune(driver(fresh), agent_invocations, retention)
        sizes.append(len(held(fresh)))
        fresh.execute(
            "UPDATE agent_invocation_changes SET updated_at ="
            " strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '-1 day')"
        )
        # A checkpoint knows its entry by its time.
        fresh.execute(
            "UPDATE change_consumers SET last_timestamp = (SELECT updated_at"
            " FROM agent_invocation_changes AS one WHERE one.seq = change_consumers.seq)"
        )
        assert day < 6 or sizes[-1] <= 501
    assert taken == 3000
    assert max(sizes) <= 501
    assert sizes[-1] == 500


def test_a_loss_is_told_where_a_consumer_goes_back_too_late(fresh: sqlite3.Connection) -> None:
    write(fresh, 30, timedelta(days=30))
    reader = Consumer(driver(fresh), agent_invocations, "back", start="oldest")
    batch = reader.poll(5)
    reader.acknowledge(batch)
    fresh.execute("DELETE FROM agent_invocation_changes WHERE seq < 20")
    with pytest.raises(ChangesLost, match="back"):
        reader.poll()
