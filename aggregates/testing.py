"""A check for test suites of programs that write to an agents' database."""

from __future__ import annotations

import sqlite3
from typing import Any

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.engines.sqlite.connections import any_text
from aggregates.model.catalogue import catalogue
from aggregates.recomputing.drift import Drift, drifts_of
from aggregates.recomputing.shadows import shadow
from aggregates.recomputing.slices import Position, Recomputer

_DRIFTS_SHOWN = 10


def assert_consistent(connection: Any) -> None:
    """Raise AssertionError where an aggregate differs from its recomputation from the source rows.

    `connection` is a `sqlite3.Connection` or a SQLAlchemy one, in a transaction or not; what it has
    not committed counts. Reads every row: meant for the small databases of tests. Values that are
    pending by their nature (`session_overlap`, `session_durations`) are left out.
    """
    raw = connection if isinstance(connection, sqlite3.Connection) else _driver(connection)
    compiler = SQLite()
    found: list[Drift] = []
    factories = raw.row_factory, raw.text_factory
    raw.row_factory, raw.text_factory = None, str
    # What is made inside goes again, and a transaction of the caller stays as it was.
    raw.execute("SAVEPOINT assert_consistent")
    try:
        for statement in compiler.shadows(catalogue, shadow):
            raw.execute(statement.sql)
        for source in catalogue.sources:
            sql = compiler.recomputation(catalogue, source, shadow)
            recomputer = Recomputer(raw, sql, Position())
            recomputer.slice_rows = -1
            recomputer.read_slice()
            recomputer.fold()
        for definition in catalogue.definitions:
            comparison = compiler.comparison(definition, shadow)
            with any_text(raw):
                found += drifts_of(comparison, raw.execute(comparison.rows[False, False]))
    finally:
        raw.execute("ROLLBACK TO assert_consistent")
        raw.execute("RELEASE assert_consistent")
        raw.row_factory, raw.text_factory = factories
    if found:
        lines = [
            f"{one.table} {one.key} {one.column}: {one.stored!r}, right {one.right!r}"
            for one in found[:_DRIFTS_SHOWN]
        ]
        more = len(found) - len(lines)
        lines += [f"and {more} more"] if more > 0 else []
        raise AssertionError("aggregates have drifted:\n" + "\n".join(lines))


def _driver(connection: Any) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
