"""`assert_consistent` on connections as other programs have them, in a database in use."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import connect
from samples import copy, everything, start_run

from aggregates.testing import assert_consistent

SPOIL = "UPDATE agent_stats SET invocations = invocations + 3 WHERE agent_name = 'architect'"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


@pytest.fixture(params=["default", "autocommit", "dictionaries"])
def connection(database: Path, request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database)) as found:
        if request.param == "autocommit":
            found.isolation_level = None
        if request.param == "dictionaries":
            found.row_factory = lambda cursor, row: {
                column[0]: value for column, value in zip(cursor.description, row, strict=True)
            }
            found.text_factory = bytes
        yield found


def temporary(connection: sqlite3.Connection) -> int:
    return len(list(connection.execute("SELECT 1 FROM sqlite_temp_master")))


def test_what_is_not_committed_counts_and_stays_so(
    connection: sqlite3.Connection, database: Path
) -> None:
    before = everything(database)
    connection.execute("BEGIN IMMEDIATE")
    start_run(connection)
    connection.execute("SAVEPOINT theirs")
    start_run(connection)
    assert_consistent(connection)
    connection.execute("ROLLBACK TO theirs")
    assert_consistent(connection)
    connection.execute(SPOIL)
    with pytest.raises(AssertionError, match="architect"):
        assert_consistent(connection)
    assert connection.in_transaction
    assert everything(database) == before, "it has committed what was not to be"
    connection.rollback()
    assert not connection.in_transaction
    assert_consistent(connection)
    assert everything(database) == before


def test_it_leaves_the_connection_as_it_was(connection: sqlite3.Connection, database: Path) -> None:
    factories = connection.row_factory, connection.text_factory
    for is_open in (False, True):
        if is_open:
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM agent_invocations").fetchone()
        assert_consistent(connection)
        assert connection.in_transaction == is_open
        assert (connection.row_factory, connection.text_factory) == factories
        assert temporary(connection) == 0
    connection.rollback()
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("ROLLBACK")


def test_after_an_error_the_connection_is_as_it_was(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.execute("DROP TABLE tool_stats")
        with pytest.raises(sqlite3.OperationalError, match="tool_stats"):
            assert_consistent(connection)
        assert not connection.in_transaction
        assert temporary(connection) == 0


def test_text_that_is_not_utf_8(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.execute(
            "INSERT INTO agent_invocations (agent_name) VALUES (CAST(x'ff' AS TEXT))"
        )
        assert_consistent(connection)
        connection.execute("UPDATE agent_stats SET invocations = 5 WHERE hex(agent_name) = 'FF'")
        with pytest.raises(AssertionError, match="agent_stats"):
            assert_consistent(connection)


@pytest.mark.parametrize("level", ["SERIALIZABLE", "AUTOCOMMIT"])
def test_levels_of_sqlalchemy(level: str, database: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{database}", poolclass=sa.NullPool)
    insert = sa.text("INSERT INTO agent_invocations (agent_name) VALUES ('sqlalchemy')")
    with engine.connect().execution_options(isolation_level=level) as connection:
        assert_consistent(connection)
        assert not connection.in_transaction()
        connection.execute(insert)
        assert_consistent(connection)
        before = connection.in_transaction()
        connection.execute(sa.text(SPOIL))
        with pytest.raises(AssertionError, match="architect"):
            assert_consistent(connection)
        assert connection.in_transaction() == before
        if level == "SERIALIZABLE":
            connection.rollback()
            assert_consistent(connection)
            query = sa.text("SELECT count(*) FROM agent_invocations WHERE agent_name = :name")
            assert connection.execute(query, {"name": "sqlalchemy"}).scalar() == 0


def test_many_differences_are_counted(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.executemany(
            "INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations)"
            " VALUES ('', ?, '', '', '', 1)",
            [(f"agent {number}",) for number in range(30)],
        )
        with pytest.raises(AssertionError, match=r"\nand \d+ more$"):
            assert_consistent(connection)
