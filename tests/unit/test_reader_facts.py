"""Facts of rows that were read before are those of the rows as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from aggregates.engines import compiler_of
from aggregates.model.sources import sessions
from aggregates.reader import facts, queries

NAMES = ("session", "status_name", "start", "end", "duration_ms", "is_open")
TIMES = ("2026-10-01T09:00:00.5", "2026-10-01 10:00+02:00", " 2026-10-01t10:00z ", "soon", b"1", 7)
STATUSES = ("active", "completed", "a\0b", "", b"active", 1, 1.0, None)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        # Without types, values stay as they are written.
        connection.exec_driver_sql(
            "CREATE TABLE sessions (session_id, start_time, end_time, status)"
        )
        yield connection
    engine.dispose()


def found(connection: Connection) -> list[queries.Row]:
    return [row[:-1] for row in facts.facts_where(connection, sessions, NAMES, "rowid > ?", 0)]


def computed(connection: Connection) -> list[queries.Row]:
    """The same, out of the rows themselves."""
    statement = compiler_of(connection).facts_where(sessions, NAMES, "rowid > ?")
    return queries.rows(connection, statement, 0)


def write(connection: Connection, *rows: tuple[object, ...]) -> None:
    for row in rows:
        connection.exec_driver_sql("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)


def test_facts_of_an_image_are_those_of_its_row(connection: Connection) -> None:
    write(connection, *product(("s", 5, None), TIMES, (*TIMES, None), STATUSES))
    assert found(connection) == found(connection) == computed(connection)


def test_a_change_is_seen(connection: Connection) -> None:
    write(connection, ("s", TIMES[0], None, "active"), ("t", TIMES[0], None, "active"))
    before = found(connection)
    connection.exec_driver_sql(
        "UPDATE sessions SET end_time = '2026-10-01T09:00:01', status = 'completed'"
        " WHERE session_id = 's'"
    )
    after = found(connection)
    assert after[0] != before[0]
    assert after[1] == before[1]
    assert after == computed(connection)


def test_equal_numbers_are_told_apart(connection: Connection) -> None:
    write(connection, ("s", None, None, 1))
    assert found(connection)[0][1] == "1"
    connection.exec_driver_sql("UPDATE sessions SET status = 1.0")
    assert found(connection)[0][1] == ""


def test_no_more_is_remembered_than_was_read_last(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "_REMEMBERED", 3)
    write(connection, *((f"s{number}", TIMES[0], None, "active") for number in range(9)))
    assert found(connection) == found(connection) == computed(connection)
    assert [len(read) for read in connection.info.values()] == [3]
    connection.exec_driver_sql("DELETE FROM sessions WHERE session_id <> 's8'")
    assert found(connection) == computed(connection)
    assert [len(read) for read in connection.info.values()] == [1]


def test_an_expression_over_the_facts_comes_last(connection: Connection) -> None:
    write(connection, ("s", TIMES[0], None, "active"))
    (row,) = facts.facts_where(
        connection, sessions, NAMES, "session_id = ?", "s", also="start IS NOT NULL"
    )
    assert row[-1] == 1
