"""The one place where the readers send SQL to a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection

from aggregates.engines.sqlite.connections import driver

Row = tuple[Any, ...]

ONLY_INVOCATIONS = (
    "event_type NOT IN ('subagent_stop', 'tool_tracking_start')"
    " AND agent_name NOT IN ('', 'unknown')"
)
"""Condition on tables that hold rows of every kind."""


def rows(connection: Connection, statement: str, *parameters: object) -> list[Row]:
    """All rows as the driver's own tuples: a histogram is thousands of them."""
    try:
        return _fetched(connection, statement, parameters)
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" not in str(error):
            raise
    with _malformed_text_escaped(connection):
        return _fetched(connection, statement, parameters)


def _fetched(connection: Connection, statement: str, parameters: tuple[object, ...]) -> list[Row]:
    # Through the driver's cursor: SQLAlchemy's description of a result takes longer than most of
    # these queries.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@contextmanager
def _malformed_text_escaped(connection: Connection) -> Iterator[None]:
    """Inside, a byte that is not UTF-8 is read as `\\xff`; slower, and hardly ever needed."""
    raw = driver(connection)
    before = raw.text_factory
    raw.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    try:
        yield
    finally:
        raw.text_factory = before
