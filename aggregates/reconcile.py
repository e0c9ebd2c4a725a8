"""Prove that the aggregates agree with the history, and mend what does not.

Verify computes every aggregate again into temporary tables of its own, in slices, and keeps them
up to date from the change log until it compares: so a concurrent write explains no difference.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from aggregates import migration
from aggregates.catalogue import catalogue
from aggregates.compiler.base import Comparison
from aggregates.compiler.sqlite import SQLite
from aggregates.database import driver, read_transaction, transaction
from aggregates.definition import Aggregate, Definition
from aggregates.errors import SchemaMismatch
from aggregates.recompute import Position, Recomputer, StaleError, key_range, progress_of

Progress = Callable[[int, int], None]
Value = int | str | None
Key = tuple[int | str, ...]

ROW = "row"
"""The column of a drift that is about a row as a whole, of a table without values."""

_KEYS_OF_A_LOCK = 50
_KEYS_OF_A_SNAPSHOT = 2000


@dataclass(frozen=True)
class Drift:
    """One value that differs from its recomputation."""

    table: str
    key: dict[str, int | str]
    column: str
    stored: Value
    """None where there is no such row"""
    right: Value
    """None where there should be no such row"""


@dataclass(frozen=True)
class VerifyResult:
    """What a verify found."""

    rows_read: int
    """of the source tables"""
    seconds: float
    drifts: list[Drift]


def verify(engine: Engine, progress: Progress | None = None) -> VerifyResult:
    """Compare every aggregate with its recomputation. Takes no lock for writing.

    Raises SchemaMismatch where the database is not at the head revision.
    """
    started = time.monotonic()
    with _recomputed(engine, progress) as verification:
        drifts = verification.drifts()
        rows = verification.rows_read
    return VerifyResult(rows, time.monotonic() - started, drifts)


def repair(engine: Engine, progress: Progress | None = None) -> VerifyResult:
    """Verify, and make right the keys that have drifted, and no others; the drifts are those."""
    started = time.monotonic()
    with _recomputed(engine, progress) as verification:
        drifts = verification.drifts()
        verification.mend(drifts)
        rows = verification.rows_read
    return VerifyResult(rows, time.monotonic() - started, drifts)


def shadow(name: str) -> str:
    """The temporary table that an aggregate is computed into."""
    return f"_shadow{name}" if name.startswith("_") else f"_shadow_{name}"


class _Verification:
    """Shadows of all aggregates, complete and kept up to date from the log."""

    def __init__(self, connection: sqlite3.Connection, recomputers: list[Recomputer]) -> None:
        compiler = SQLite()
        self.connection = connection
        self.recomputers = recomputers
        self.comparisons = {
            definition.name: compiler.comparison(definition, shadow)
            for definition in catalogue.definitions
        }

    @property
    def rows_read(self) -> int:
        """Rows of the sources."""
        return sum(recomputer.position.rows for recomputer in self.recomputers)

    def drifts(self) -> list[Drift]:
        """All differences; each range of keys is compared in a snapshot of its own."""
        found: list[Drift] = []
        for comparison in self.comparisons.values():
            lower: Key | None = None
            is_last = False
            while not is_last:
                started = time.monotonic()
                with transaction(self.connection):
                    self._catch_up()
                    upper = self._key_after(comparison, lower, _KEYS_OF_A_SNAPSHOT)
                    bounds = (lower or ()) + (upper or ())
                    rows = comparison.rows[lower is not None, upper is not None]
                    found += _drifts(comparison, self.connection.execute(rows, bounds * 2))
                lower, is_last = upper, upper is None
                self._rest(started)
        return found

    def _key_after(self, comparison: Comparison, key: Key | None, distance: int) -> Key | None:
        if key is None:
            found = self.connection.execute(comparison.first_key, (distance,))
        else:
            found = self.connection.execute(comparison.next_key, (*key, distance))
        row: Key | None = found.fetchone()
        return row

    def mend(self, drifts: Sequence[Drift]) -> None:
        """Make the keys of drifts right, those of listings and reference counts first."""
        order = sorted(catalogue.definitions, key=_depends)
        for definition in order:
            keys = list(
                dict.fromkeys(
                    tuple(drift.key.values()) for drift in drifts if drift.table == definition.name
                )
            )
            for first in range(0, len(keys), _KEYS_OF_A_LOCK):
                with transaction(self.connection, "IMMEDIATE"):
                    started = time.monotonic()
                    self._catch_up()
                    for key in keys[first : first + _KEYS_OF_A_LOCK]:
                        self._mend_key(definition, key)
                time.sleep(time.monotonic() - started)

    def _mend_key(self, definition: Definition, key: Key) -> None:
        comparison = self.comparisons[definition.name]
        # A write since may have changed or removed the key.
        if self.connection.execute(comparison.one, key * 2).fetchone() is None:
            return
        self.connection.execute(comparison.remove, key)
        self.connection.execute(comparison.restore, key)
        # Triggers have carried this change on to tables that may have been right all along.
        for dependent in catalogue.aggregates():
            if definition.name in dependent.needs:
                self._mend_key(dependent, _key_in(dependent, definition, key))

    def _rest(self, started: float) -> None:
        """Where readers block writers, leave them half of the time."""
        if self.recomputers[0].readers_block():
            time.sleep(time.monotonic() - started)

    def _catch_up(self) -> None:
        for recomputer in self.recomputers:
            recomputer.catch_up()


@contextmanager
def _recomputed(engine: Engine, progress: Progress | None) -> Iterator[_Verification]:
    _check_revision(engine)
    with engine.connect() as own:
        connection = driver(own)
        own.detach()  # it goes with its temporary tables
        compiler = SQLite()
        for statement in compiler.shadows(catalogue, shadow):
            connection.execute(statement.sql)
        recomputers = []
        for source in catalogue.sources:
            recomputer = Recomputer(
                connection, compiler.recomputation(catalogue, source, shadow), Position()
            )
            _read_all(recomputer, progress)
            recomputers.append(recomputer)
        yield _Verification(connection, recomputers)


def _read_all(recomputer: Recomputer, progress: Progress | None) -> None:
    recomputer.position = Position(seq=recomputer.last_entry())
    keys = key_range(recomputer.connection, recomputer.sql.source, recomputer.sql.key)
    while not recomputer.is_complete:
        try:
            recomputer.private_round()
        except StaleError:
            for clear in recomputer.sql.clears:
                while recomputer.connection.execute(clear).rowcount:
                    pass
            recomputer.position = Position(seq=recomputer.last_entry())
        if progress is not None:
            progress(*progress_of(recomputer.position, keys))


def _check_revision(engine: Engine) -> None:
    with read_transaction(engine) as connection:
        revision = migration.current(connection)
    if revision != (head := migration.head()):
        raise SchemaMismatch(
            f"the database is at revision {revision or 'none'}, not {head};"
            " run `aggregates migrate` first"
        )


def _key_in(dependent: Aggregate, definition: Definition, key: Key) -> Key:
    """The key of a dependent that a key of what it needs belongs to."""
    named = dict(zip(definition.key, key, strict=True))
    return tuple(named.get(one.name, one.expression.value) for one in dependent.dimensions)


def _depends(definition: Definition) -> bool:
    return isinstance(definition, Aggregate) and bool(definition.needs)


def _drifts(
    comparison: Comparison, rows: Sequence[tuple[Value, ...]] | sqlite3.Cursor
) -> Iterator[Drift]:
    width = len(comparison.key)
    found: dict[tuple[Value, ...], list[tuple[Value, ...] | None]] = {}
    for is_stored, *row in rows:
        sides = found.setdefault(tuple(row[:width]), [None, None])
        sides[0 if is_stored else 1] = tuple(row[width:])
    for key, (stored, right) in found.items():
        named = {
            name: value
            for name, value in zip(comparison.key, key, strict=True)
            if value is not None
        }
        if not comparison.values:
            there = ("present" if side is not None else None for side in (stored, right))
            yield Drift(comparison.table, named, ROW, *there)
        for position, column in enumerate(comparison.values):
            values = [None if side is None else side[position] for side in (stored, right)]
            if values[0] != values[1]:
                yield Drift(comparison.table, named, column, *values)
