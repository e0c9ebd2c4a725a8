"""A check for test suites of programs that write to an agents' database."""

from __future__ import annotations

from typing import Any

from aggregates.engines import driver
from aggregates.model.catalogue import catalogue as shipped
from aggregates.model.definition import Catalogue
from aggregates.recomputing.drift import Drift, drifts_of
from aggregates.recomputing.shadows import shadow
from aggregates.recomputing.slices import Position, Recomputer

_DRIFTS_SHOWN = 10


def assert_consistent(connection: Any, catalogue: Catalogue = shipped) -> None:
    """Raise AssertionError where an aggregate differs from its recomputation from the source rows.

    `connection` is a `sqlite3.Connection` or a SQLAlchemy one, in a transaction or not; what it has
    not committed counts. `catalogue` is what the database keeps. Reads every row: meant for the
    small databases of tests. Values that are pending by their nature (`session_overlap`,
    `session_durations`) are left out.
    """
    own = driver(connection)
    compiler = own.compiler
    found: list[Drift] = []
    with own.undone():
        for statement in compiler.shadows(catalogue, shadow):
            own.execute(statement.sql)
        for source in catalogue.sources:
            sql = compiler.recomputation(catalogue, source, shadow)
            recomputer = Recomputer(own, sql, Position())
            recomputer.slice_rows = -1
            recomputer.read_slice()
            recomputer.fold()
        for definition in catalogue.definitions:
            comparison = compiler.comparison(catalogue, definition, shadow)
            with own.any_text():
                found += drifts_of(comparison, own.execute(comparison.rows[False, False]))
    if found:
        lines = [
            f"{one.table} {one.key} {one.column}: {one.stored!r}, right {one.right!r}"
            for one in found[:_DRIFTS_SHOWN]
        ]
        more = len(found) - len(lines)
        lines += [f"and {more} more"] if more > 0 else []
        raise AssertionError("aggregates have drifted:\n" + "\n".join(lines))
