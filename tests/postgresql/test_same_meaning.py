"""The same operations end in the same aggregates on both engines, to the unit."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import oracle
import postgres
import psycopg
import pytest
from conftest import MakeDatabase, connect
from operations import PLAIN_TIMES, Operation, operations
from oracle import differences, recompute
from postgres import Postgres

from aggregates.reader import Collection
from aggregates.store import Store

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)

TEXTS = """
CREATE TABLE agent_invocations (id integer PRIMARY KEY, timestamp text, session_id text,
  event_type text, phase varchar(50), agent_name text, model text, start_time text, end_time text,
  duration_seconds double precision, status text, raw_output text, prompt text);
CREATE TABLE sessions (session_id text PRIMARY KEY, start_time text, end_time text, status text,
  cwd text);
CREATE TABLE agent_tool_uses (id integer PRIMARY KEY, session_id text, agent_name text,
  tool_name text, start_time text, end_time text, duration_seconds double precision, status text);
"""


def both(sqlite: sqlite3.Connection, server: psycopg.Connection, operation: Operation) -> None:
    """Execute an operation on both; it is refused by both, or by neither."""
    statement, values = operation
    outcomes = []
    for execute, errors in (
        (lambda: sqlite.execute(statement, values), sqlite3.IntegrityError),
        (
            lambda: server.execute(statement.replace("?", "%s"), values),
            psycopg.errors.UniqueViolation,
        ),
    ):
        try:
            execute()
        except errors:
            outcomes.append(False)
        else:
            outcomes.append(True)
    assert outcomes[0] == outcomes[1], operation


def check(sqlite: sqlite3.Connection, server: psycopg.Connection) -> None:
    found = postgres.stored(server)
    assert differences(found, oracle.stored(sqlite)) == []
    assert differences(found, recompute(sqlite)) == []


def collected(database: object) -> Collection:
    """What readers show of a database, but for when rows were written."""
    with Store(database, source_timezone="UTC") as store:  # type: ignore[arg-type]
        found = store.collect(NOW)
        assert store.agents(NOW - timedelta(days=2), now=NOW) is not None
    agents = tuple(replace(one, updated_at=None) for one in found.agents)
    unreadable = tuple(
        # Which session came last only SQLite knows.
        replace(one, example=None) if one.source == "sessions" else one
        for one in found.unreadable_times
    )
    return replace(found, agents=agents, unreadable_times=unreadable)


def run(database: Postgres, path: object, some: list[Operation], seed: int) -> None:
    chance = random.Random(seed)
    with (
        closing(connect(path)) as sqlite,  # type: ignore[arg-type]
        closing(database.connect()) as server,
    ):
        for place, operation in enumerate(some):
            both(sqlite, server, operation)
            if place % 10 == 0:
                check(sqlite, server)
            if chance.random() < 0.2:
                postgres.fold(server)
        check(sqlite, server)
        assert collected(database.url) == collected(path)
        for source in ("run", "sessions", "use"):
            server.execute(f"SELECT _aggregates_{source}_fill()")
        check(sqlite, server)


@pytest.mark.parametrize("seed", range(3))
def test_columns_of_text(
    seed: int, empty_postgres: Postgres, migrated_database: MakeDatabase
) -> None:
    from aggregates.installing.upgrading import upgrade

    with closing(empty_postgres.connect()) as server:
        server.execute(TEXTS)
    upgrade(empty_postgres.url)
    with migrated_database("plain") as path:
        run(empty_postgres, path, list(operations(seed, 40)), seed)


@pytest.mark.parametrize("seed", range(2))
def test_columns_of_types_of_their_own(
    seed: int, migrated_postgres: Postgres, migrated_database: MakeDatabase
) -> None:
    outputs = [None, "{}", '{"totalTokens": 42, "totalToolUseCount": 7}']
    some = operations(
        seed, 40, start_time=PLAIN_TIMES, end_time=PLAIN_TIMES, timestamp=[None], raw_output=outputs
    )
    with migrated_database("plain") as path:
        run(migrated_postgres, path, list(some), seed)
