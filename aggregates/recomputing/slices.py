"""Compute aggregates from the source in slices, while writers write.

The state is a mark (every row up to this key is in the targets) and a position in the change log
(as of which it is). A round reads the slice after the mark, adds what the log says happened to the
rows up to it, and moves both. Nothing here holds a lock for longer than a slice takes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aggregates.engines.base import DriverConnection, quote
from aggregates.frozen.statements import Reading, Recomputation
from aggregates.recomputing import pace

CLEARING: Final = None
"""The mark of targets that are being emptied."""


class StaleError(Exception):
    """What has been read cannot be brought up to date: start from the beginning.

    The log no longer holds what happened since, or was emptied; or VACUUM has numbered the rows
    anew.
    """


@dataclass
class Position:
    """How far a recomputation has got."""

    mark: float | None = -math.inf
    """every row with a key up to this one has been read; inf when all have; None: CLEARING"""
    seq: int = 0
    """entries of the log up to this one have been taken into account"""
    rows: int = 0
    """rows read"""
    schema: int | None = None
    """the schema's version as rows were read by a `rowid`: SQLite's VACUUM changes both"""


class Recomputer:
    """Folds slices and log entries into the targets of a recomputation.

    `connection` is the driver's own, outside a transaction unless a method says otherwise.
    """

    def __init__(
        self, connection: DriverConnection, recomputation: Recomputation, position: Position
    ) -> None:
        self.connection = connection
        self.sql = recomputation
        self.position = position
        self.slice_rows = pace.FIRST_SLICE
        self._is_dense = False
        self.entries_of_a_lock = pace.FEW_ENTRIES
        self.rows = recomputation.reading
        self._slice = self.rows.into(self.rows.slice)
        self._entries = tuple(map(self.rows.into, self.rows.entries))
        self._tables = {self.rows.table: self.rows.create} | recomputation.folding.grouped
        for table, create in self._tables.items():
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
            connection.execute(create)

    def close(self) -> None:
        """Drop the temporary tables."""
        for table in self._tables:
            self.connection.execute(f"DROP TABLE temp.{table}")

    @property
    def is_complete(self) -> bool:
        """Whether every row has been read."""
        return self.position.mark == math.inf

    def last_entry(self) -> int:
        """The newest position of the log."""
        (seq,) = self.connection.execute(
            f"SELECT coalesce(max(seq), 0) FROM main.{self.rows.log}"
        ).fetchone()
        return int(seq)

    def check_rowids(self) -> int | None:
        """Inside a transaction: raise StaleError where rowids may no longer be what they were."""
        if self.rows.key != "rowid":
            return None
        schema = self.connection.schema_version()
        if self.position.mark != -math.inf and schema != self.position.schema:
            raise StaleError
        return schema

    def read_slice(self) -> Position:
        """Inside a read transaction: the facts of the next slice, and the position they are of."""
        before = self.position
        schema = self.check_rowids()
        self._forget()
        seq = self.last_entry()
        assert before.mark is not None
        upto, is_last = self._end_of_slice(before.mark)
        read = self.connection.execute(self._slice, {"mark": before.mark, "upto": upto})
        count = max(read.rowcount, 0)
        self._is_dense = count > self.slice_rows // 2
        return Position(math.inf if is_last else upto, seq, before.rows + count, schema)

    def _end_of_slice(self, mark: float) -> tuple[float, bool]:
        """The last key of the next slice, and whether there is none above it.

        Where keys follow each other, rows are not counted before they are read.
        """
        if self._is_dense and mark != -math.inf:
            table, key = quote(self.rows.of_table), quote(self.rows.key)
            (last,) = self.connection.execute(f"SELECT max({key}) FROM main.{table}").fetchone()
            if last is not None and mark + self.slice_rows < last:
                return mark + self.slice_rows, False
            return (mark if last is None else last), True
        known = {"mark": mark, "rows": self.slice_rows}
        count, highest = self.connection.execute(self.rows.end, known).fetchone()
        return (mark if highest is None else highest), count < self.slice_rows

    def check_log(self, since: int) -> int:
        """The newest position; raises StaleError where what came after a position is gone."""
        (first,) = self.connection.execute(f"SELECT min(seq) FROM main.{self.rows.log}").fetchone()
        newest = self.last_entry()
        if (first or 0) > since + 1 or newest < since:
            raise StaleError
        return newest

    def add_entries(
        self, above: float | None, upto: float | None, since: int, last: int | None = None
    ) -> None:
        """The facts of the entries since a position, up to another, for keys in `(above, upto]`."""
        newest = self.check_log(since)
        if newest == since:
            return
        parameters = {
            "above": above,
            "upto": upto,
            "seq": since,
            "last": newest if last is None else last,
        }
        for entries in self._entries:
            self.connection.execute(entries, parameters)

    def group(self) -> bool:
        """Sum the facts up by key; whether some of them are negative."""
        some, negative = self.connection.execute(
            f"SELECT count(*), coalesce(sum(sign < 0), 0) FROM temp.{self.rows.table}"
        ).fetchone()
        for statement in self.sql.folding.groups if some else ():
            self.connection.execute(statement)
        return bool(negative)

    def add(self, *, has_negative: bool) -> None:
        """Add what was grouped to the targets, and forget it, and the facts."""
        folding = self.sql.folding
        for statement in folding.folds + (folding.sweeps if has_negative else ()):
            self.connection.execute(statement)
        self._forget()

    def fold(self) -> None:
        """Add the facts to the targets."""
        self.add(has_negative=self.group())

    def _forget(self) -> None:
        for table in self._tables:
            self.connection.execute(f"DELETE FROM temp.{table}")

    def catch_up(self, entries: int | None = None) -> None:
        """Inside a transaction: take in what the log says of the rows that have been read.

        At most so many entries, all by default.
        """
        self.check_rowids()
        now = self.last_entry()
        if entries is not None:
            now = min(now, self.position.seq + entries)
        if now != self.position.seq:
            self._forget()
            self.add_entries(-math.inf, self.position.mark, self.position.seq, now)
            self.fold()
            self.position.seq = now

    def adapt(self, seconds: float, aim: float = pace.LONGEST_LOCK) -> None:
        """Choose the size of the next slice by how long the lock for this one was held."""
        self.slice_rows = pace.adapted(
            self.slice_rows, seconds, pace.SMALLEST_SLICE, pace.LARGEST_SLICE, aim
        )

    def write_round(self, stored: Callable[[], Position], save: Callable[[Position], None]) -> None:
        """One slice into permanent targets: read and summed up without a lock, added under one.

        Where another process has moved the stored position meanwhile, its word holds.
        """
        started = time.monotonic()
        with self.connection.snapshot():
            after = self.read_slice()
            has_negative = self.group()
        read = time.monotonic()
        with self.connection.write_lock():
            locked = time.monotonic()
            before = self.position
            if stored() != before:
                self.position = stored()
                return
            if self.check_rowids() != after.schema:
                raise StaleError
            now = self.last_entry()
            self.add(has_negative=has_negative)
            if not now == after.seq == before.seq:
                self.add_entries(before.mark, after.mark, after.seq)
                self.add_entries(-math.inf, before.mark, before.seq)
                self.fold()
            self.position = Position(after.mark, now, after.rows, after.schema)
            save(self.position)
        done = time.monotonic()
        self.connection.settle()
        held, reading, settling = done - locked, read - started, time.monotonic() - done
        # Never more than half of the time: short locks back to back starve a writer as well.
        if self.readers_block():
            self.adapt(max(held, reading))
            time.sleep(max(0.0, held + reading - settling))
        else:
            self.adapt(held)
            time.sleep(max(0.0, held - reading - settling))

    def write_entries(
        self, stored: Callable[[], Position], save: Callable[[Position], None]
    ) -> None:
        """Some entries of the log into permanent targets, under a short lock."""
        with self.connection.write_lock():
            locked = time.monotonic()
            if (found := stored()) != self.position:
                self.position = found
                return
            self.catch_up(self.entries_of_a_lock)
            save(self.position)
        held = time.monotonic() - locked
        self.connection.settle()
        self._adapt_entries(held)
        time.sleep(max(0.001, held))

    def private_entries(self, save: Callable[[Position], None]) -> None:
        """Some entries of the log into targets outside the database."""
        started = time.monotonic()
        with self.connection.snapshot():
            self.catch_up(self.entries_of_a_lock)
            save(self.position)
        seconds = time.monotonic() - started
        self._adapt_entries(seconds)
        if self.readers_block():
            time.sleep(seconds)

    def _adapt_entries(self, seconds: float) -> None:
        self.entries_of_a_lock = pace.adapted(
            self.entries_of_a_lock, seconds, pace.SMALLEST_SLICE, pace.MOST_ENTRIES
        )

    def private_round(self, save: Callable[[Position], None] | None = None) -> None:
        """One slice into targets outside the database, which takes no lock for writing."""
        started = time.monotonic()
        with self.connection.snapshot():
            after = self.read_slice()
            self.add_entries(-math.inf, self.position.mark, self.position.seq)
            self.fold()
            if save is not None:
                save(after)
        self.position = after
        seconds = time.monotonic() - started
        if self.readers_block():
            self.adapt(seconds)
            time.sleep(seconds)
        else:
            self.adapt(seconds, pace.LONGEST_SNAPSHOT)

    def pending(self) -> int:
        """Entries that are not taken into account yet."""
        return self.last_entry() - self.position.seq

    def is_far_behind(self) -> bool:
        """Whether so many entries are pending that they need transactions of their own."""
        return self.pending() > pace.FEW_ENTRIES

    def is_close(self) -> bool:
        """Whether few enough entries are pending for the last transaction to be short."""
        return self.is_complete and not self.is_far_behind()

    def readers_block(self) -> bool:
        """Whether a reader keeps writers from committing: not in WAL."""
        return self.connection.readers_block()


def key_range(connection: DriverConnection, rows: Reading) -> tuple[int, int]:
    """The lowest and the highest key, for progress."""
    table, key = f"main.{quote(rows.of_table)}", rows.key
    if key != "rowid":  # which would be a text, in quotes
        key = quote(key)
    lowest, highest = connection.execute(
        f"SELECT (SELECT min({key}) FROM {table}), (SELECT max({key}) FROM {table})"
    ).fetchone()
    return (lowest or 0, highest or 0)


def progress_of(position: Position, keys: tuple[int, int]) -> tuple[int, int]:
    """(done, total) rows, as far as keys without gaps tell."""
    lowest, highest = keys
    total = max(highest - lowest + 1, position.rows, 1)
    if position.mark == math.inf:
        return total, total
    if position.mark is CLEARING or position.mark == -math.inf:
        return 0, total
    return max(0, min(total, int(position.mark) - lowest + 1)), total
