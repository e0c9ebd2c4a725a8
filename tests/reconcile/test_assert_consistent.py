"""The check for others' test suites sees drift, and leaves a transaction as it was."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase
from sqlalchemy import create_engine, text

from aggregates.testing import assert_consistent

INSERT = "INSERT INTO agent_invocations (agent_name, session_id) VALUES ('a', 's')"
DRIFT = "UPDATE session_stats SET invocations = 9"
MESSAGE = r"session_stats \{'session_id': 's'\} invocations: 9, right 1"


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        yield found


@pytest.mark.parametrize("isolation_level", [None, "DEFERRED"])
def test_a_transaction_goes_on(path: Path, isolation_level: str | None) -> None:
    with closing(sqlite3.connect(path, isolation_level=isolation_level)) as connection:  # type: ignore[arg-type]
        assert_consistent(connection)
        assert not connection.in_transaction
        if isolation_level is None:
            connection.execute("BEGIN")
        connection.execute(INSERT)
        assert_consistent(connection)
        assert connection.in_transaction
        connection.execute(DRIFT)
        with pytest.raises(AssertionError, match=MESSAGE):
            assert_consistent(connection)
        connection.rollback()
        assert_consistent(connection)
        assert connection.execute("SELECT count(*) FROM agent_invocations").fetchone() == (0,)
        left = connection.execute("SELECT count(*) FROM sqlite_temp_master").fetchone()
        assert left == (0,)


def test_connections_of_sqlalchemy(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.execute(text(INSERT))
        assert_consistent(connection)
        connection.execute(text(DRIFT))
        with pytest.raises(AssertionError, match=MESSAGE):
            assert_consistent(connection)
        connection.rollback()
        assert_consistent(connection)
    engine.dispose()


def test_many_differences_are_counted(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations)"
            " VALUES ('', ?, '', '', '', 1)",
            [(f"agent {number}",) for number in range(30)],
        )
        with pytest.raises(AssertionError, match=r"\nand \d+ more$"):
            assert_consistent(connection)
