"""Read a change log from a durable checkpoint, and be told of edits of history.

A consumer is a name and a checkpoint, in the table `change_consumers` of the database itself. It
takes the rows that were there when it was made as given; from then on every change reaches it, in
the order of the log. A change *edits history* where its row had ended before it: what the consumer
has made of that row is no longer so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, get_args

from aggregates.compiler.sqlite import quote
from aggregates.compiler.sqlite.consuming import CONSUMERS
from aggregates.database import any_text, explained, transaction
from aggregates.definition import Source
from aggregates.errors import AggregatesError
from aggregates.sources import FAILED, SUCCEEDED

Operation = Literal["insert", "update", "delete"]
Beginning = Literal["newest", "oldest"]
Row = dict[str, Any]

BATCH = 1000
_ENDED = (*SUCCEEDED, *FAILED)


class ChangesLost(AggregatesError):
    """Changes that a consumer had not taken are no longer in the log."""


class CheckpointMoved(AggregatesError):
    """Another process has acknowledged changes of the same consumer meanwhile."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row of a source."""

    seq: int
    """position in the log"""
    operation: Operation
    updated_at: str
    """when it was made, text in UTC with milliseconds and `Z`"""
    key: int
    """key of the row after the change; of a deleted row, its last one"""
    old_key: int | None
    """key before an update that changed it"""
    old: Row | None
    """tracked columns before the change, as they were stored; None for an insert"""
    new: Row | None
    """tracked columns after it; None for a delete"""

    @property
    def edits_history(self) -> bool:
        """Whether the row had ended before it was changed or deleted."""
        return self.old is not None and (
            self.old.get("status") in _ENDED or self.old.get("end_time") is not None
        )


class Checkpoint(NamedTuple):
    """How far a consumer has durably got."""

    seq: int
    """entry up to which it has taken everything"""
    last_id: int | None
    """key of the row of that entry"""
    last_timestamp: str | None
    """when that change was made, text in UTC"""
    saved_at: str
    """when the checkpoint was saved, text in UTC"""


@dataclass(frozen=True)
class ConsumerStatus:
    """A consumer as others see it."""

    name: str
    source: str
    checkpoint: Checkpoint
    behind: int
    """entries that it has not taken"""
    is_lost: bool
    """whether it has missed changes, and must rebuild what it keeps"""


class Batch(Sequence[Change]):
    """Changes in order, with the connection of the transaction that they are taken in, if any."""

    def __init__(
        self, changes: list[Change], start: int, connection: sqlite3.Connection | None = None
    ) -> None:
        self._changes = changes
        self.start = start
        """position after which the batch begins"""
        self.connection = connection

    def __len__(self) -> int:
        return len(self._changes)

    def __getitem__(self, index: Any) -> Any:
        return self._changes[index]


class Log:
    """The change log of one source, over the driver's own connection."""

    def __init__(self, connection: sqlite3.Connection, source: Source) -> None:
        self.connection = connection
        self.source = source
        sides = [f"{side}_{name}" for side in ("old", "new") for name in source.image]
        self._columns = ", ".join(map(quote, sides))
        self._key = f"{quote(source.log_key)}, {quote(f'old_{source.log_key}')}"

    def ends(self) -> tuple[int, int]:
        """(oldest, newest) position that the log holds; (1, 0) where it is empty."""
        with explained(self.connection):
            oldest, newest = self.connection.execute(
                f"SELECT (SELECT min(seq) FROM main.{quote(self.source.log)}),"
                f" (SELECT max(seq) FROM main.{quote(self.source.log)})"
            ).fetchone()
        return (1, 0) if newest is None else (oldest, newest)

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether every change after a checkpoint is there.

        The entry of the checkpoint itself tells a log that was emptied, and counts anew, from one
        that went on; where the triggers have pruned just that one, nothing does.
        """
        oldest, newest = self.ends()
        if not oldest - 1 <= checkpoint.seq <= newest:
            return False
        with explained(self.connection):
            found = self.connection.execute(
                f"SELECT {quote(self.source.log_key)}, updated_at"
                f" FROM main.{quote(self.source.log)} WHERE seq = ?",
                (checkpoint.seq,),
            ).fetchone()
        return found in (None, (checkpoint.last_id, checkpoint.last_timestamp))

    def read(self, after: int, limit: int) -> list[Change]:
        """The entries after a position, oldest first."""
        width = len(self.source.image)
        with explained(self.connection), any_text(self.connection):
            rows = self.connection.execute(
                f"SELECT seq, operation, updated_at, {self._key}, {self._columns}"
                f" FROM main.{quote(self.source.log)} WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, limit),
            ).fetchall()
        return [
            Change(
                seq,
                operation,
                updated_at,
                key,
                old_key,
                self._row(values[:width]) if operation != "insert" else None,
                self._row(values[width:]) if operation != "delete" else None,
            )
            for seq, operation, updated_at, key, old_key, *values in rows
        ]

    def _row(self, values: list[Any]) -> Row:
        return dict(zip(self.source.image, values, strict=True))


class Consumer:
    """A named reader of a change log. Made by `Store.changes`; made anew where it is not there."""

    def __init__(
        self, connection: sqlite3.Connection, source: Source, name: str, start: Beginning = "newest"
    ) -> None:
        self.connection = connection
        self.source = source
        self.name = name
        self.log = Log(connection, source)
        if self._stored() is None:
            with transaction(connection, "IMMEDIATE"):
                if self._stored() is None:
                    self._save(self._beginning(start))

    @property
    def checkpoint(self) -> Checkpoint:
        """How far it has durably got."""
        found = self._stored()
        if found is None:
            raise AggregatesError(f"there is no consumer {self.name}; it was removed")
        return Checkpoint(*found[:4])

    def poll(self, limit: int = BATCH) -> Batch:
        """The next changes. Until `acknowledge`, the same ones come again: at least once.

        Raises ChangesLost where the log no longer holds the next change.
        """
        with transaction(self.connection):
            return self.peek(limit)

    def peek(self, limit: int = BATCH) -> Batch:
        """What `poll` answers, as of a transaction of the caller's. -1 is no limit."""
        return self._next(limit)

    def batches(self, limit: int = BATCH) -> Iterator[Batch]:
        """Batches until nothing is left; each is acknowledged as the next one is asked for."""
        while batch := self.poll(limit):
            yield batch
            self.acknowledge(batch)

    def acknowledge(self, batch: Batch) -> None:
        """Record durably that a batch was taken.

        Raises CheckpointMoved where another process has acknowledged changes meanwhile.
        """
        with transaction(self.connection, "IMMEDIATE"):
            self._advance(batch)

    @contextmanager
    def take(self, limit: int = BATCH) -> Iterator[Batch]:
        """The next changes inside one transaction, which holds the lock for writing.

        What is written through `batch.connection` and the checkpoint commit together: each change
        counts exactly once. An exception rolls both back. Be short: writers wait meanwhile.
        """
        with transaction(self.connection, "IMMEDIATE"):
            batch = self._next(limit)
            batch.connection = self.connection
            yield batch
            self._advance(batch)

    def touch(self, older_than: timedelta) -> None:
        """Save the checkpoint again where it was saved so long ago: it still holds."""
        now = datetime.now(UTC)
        if self.checkpoint.saved_at < utc_text(now - older_than):
            self._execute(
                f"UPDATE main.{CONSUMERS} SET saved_at = ? WHERE name = ? AND source = ?",
                (utc_text(now), self.name, self.source.name),
            )

    def reset(self, to: Beginning | int = "newest") -> None:
        """Move the checkpoint; after a rebuild of what the consumer keeps, to the newest entry.

        Raises AggregatesError for a position that the log does not hold.
        """
        with transaction(self.connection, "IMMEDIATE"):
            self._save(to if isinstance(to, int) else self._beginning(to))

    def remove(self) -> None:
        """Forget the consumer; the log is no longer kept for it."""
        self._execute(
            f"DELETE FROM main.{CONSUMERS} WHERE name = ? AND source = ?",
            (self.name, self.source.name),
        )

    def _stored(self) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._execute(
            "SELECT seq, last_id, last_timestamp, saved_at, is_lost"
            f" FROM main.{CONSUMERS} WHERE name = ? AND source = ?",
            (self.name, self.source.name),
        ).fetchone()
        return found

    def _beginning(self, start: Beginning) -> int:
        if start not in get_args(Beginning):
            raise AggregatesError(f"{start!r} is no beginning; name `newest` or `oldest`")
        oldest, newest = self.log.ends()
        return newest if start == "newest" else oldest - 1

    def _next(self, limit: int) -> Batch:
        found = self._stored()
        if found is None:
            raise AggregatesError(f"there is no consumer {self.name}; it was removed")
        seq, is_lost = found[0], found[4]
        changes = self.log.read(seq, limit)
        has_gap = bool(changes) and changes[-1].seq != seq + len(changes)
        if is_lost or has_gap or not self.log.holds(Checkpoint(*found[:4])):
            oldest, newest = self.log.ends()
            raise ChangesLost(
                f"consumer {self.name} of {self.source.log} stands at entry {seq}, and changes"
                f" after it are lost (the log holds {oldest} to {newest}): rebuild what it keeps,"
                f" then reset it: `aggregates consumers reset {self.name}`"
            )
        return Batch(changes, seq)

    def _advance(self, batch: Batch) -> None:
        if not batch:
            return
        if self.checkpoint.seq != batch.start:
            raise CheckpointMoved(
                f"consumer {self.name} was at entry {batch.start}, and is at"
                f" {self.checkpoint.seq} now: another process uses the same name; give it another"
            )
        self._write(batch[-1].seq, batch[-1].key, batch[-1].updated_at)

    def _save(self, seq: int) -> None:
        oldest, newest = self.log.ends()
        if not oldest - 1 <= seq <= newest:
            raise AggregatesError(
                f"{self.source.log} holds no entry {seq}, only {oldest} to {newest}; name one of"
                " them, or `newest`"
            )
        last = self.log.read(seq - 1, 1) if seq >= oldest else []
        self._write(seq, last[0].key if last else None, last[0].updated_at if last else None)

    def _write(self, seq: int, last_id: int | None, last_timestamp: str | None) -> None:
        self._execute(
            f"INSERT OR REPLACE INTO main.{CONSUMERS}"
            " (name, source, seq, last_id, last_timestamp, saved_at, is_lost)"
            " VALUES (?, ?, ?, ?, ?, ?, 0)",
            (self.name, self.source.name, seq, last_id, last_timestamp, utc_text()),
        )

    def _execute(self, sql: str, parameters: Sequence[object]) -> sqlite3.Cursor:
        with explained(self.connection):
            return self.connection.execute(sql, parameters)


def has_consumer(connection: sqlite3.Connection, source: Source, name: str) -> bool:
    """Whether there is a consumer of that name."""
    found = connection.execute(
        f"SELECT 1 FROM main.{CONSUMERS} WHERE name = ? AND source = ?", (name, source.name)
    ).fetchone()
    return found is not None


def consumers(connection: sqlite3.Connection, sources: Sequence[Source]) -> list[ConsumerStatus]:
    """All consumers, by name."""
    logs = {source.name: Log(connection, source) for source in sources}
    newest = {name: log.ends()[1] for name, log in logs.items()}
    rows = connection.execute(
        "SELECT name, source, seq, last_id, last_timestamp, saved_at, is_lost"
        f" FROM main.{CONSUMERS} ORDER BY name, source"
    )
    return [
        ConsumerStatus(
            name,
            source,
            Checkpoint(*checkpoint),
            max(0, newest[source] - checkpoint[0]),
            bool(lost) or not logs[source].holds(Checkpoint(*checkpoint)),
        )
        for name, source, *checkpoint, lost in rows
        if source in logs
    ]


def utc_text(moment: datetime | None = None) -> str:
    """A moment, now by default, as the log writes it: UTC with milliseconds and `Z`."""
    utc = (moment or datetime.now(UTC)).astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
