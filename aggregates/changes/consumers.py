"""Read a change log from a durable checkpoint, which lies in the table `change_consumers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from aggregates.changes.log import Change, Checkpoint, Log, utc_text
from aggregates.engines.base import DriverConnection, Rows
from aggregates.engines.tables import CONSUMERS
from aggregates.errors import AggregatesError
from aggregates.model.definition import Source

Beginning = Literal["newest", "oldest"]

BATCH = 1000


class ChangesLost(AggregatesError):
    """Changes that a consumer had not taken are no longer in the log."""


class CheckpointMoved(AggregatesError):
    """Another process has acknowledged changes of the same consumer meanwhile."""


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

    def __init__(self, changes: list[Change], start: int, connection: Any = None) -> None:
        self._changes = changes
        self.start = start
        """position after which the batch begins"""
        self.connection = connection
        """the driver's own"""

    def __len__(self) -> int:
        return len(self._changes)

    def __getitem__(self, index: Any) -> Any:
        return self._changes[index]


class Consumer:
    """A named reader of a change log. Made by `Store.changes`; made anew where it is not there."""

    def __init__(
        self, connection: DriverConnection, source: Source, name: str, start: Beginning = "newest"
    ) -> None:
        self._own = connection
        self.source = source
        self.name = name
        self.log = Log(connection, source)
        if self._stored() is None:
            with connection.write_lock():
                if self._stored() is None:
                    self._save(self._beginning(start))

    @property
    def connection(self) -> Any:
        """The driver's own connection, for what is written beside the checkpoint."""
        return self._own.driver

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
        with self._own.snapshot():
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
        with self._own.write_lock():
            self._advance(batch)

    @contextmanager
    def take(self, limit: int = BATCH) -> Iterator[Batch]:
        """The next changes inside one transaction, which holds the lock for writing.

        What is written through `batch.connection` and the checkpoint commit together: each change
        counts exactly once. An exception rolls both back. Be short: writers wait meanwhile.
        """
        with self._own.write_lock():
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
        with self._own.write_lock():
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
            f"INSERT INTO main.{CONSUMERS}"
            " (name, source, seq, last_id, last_timestamp, saved_at, is_lost)"
            " VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (name, source) DO UPDATE SET"
            " seq = excluded.seq, last_id = excluded.last_id, is_lost = excluded.is_lost,"
            " last_timestamp = excluded.last_timestamp, saved_at = excluded.saved_at",
            (self.name, self.source.name, seq, last_id, last_timestamp, utc_text()),
        )

    def _execute(self, sql: str, parameters: Sequence[object]) -> Rows:
        with self._own.explained():
            return self._own.execute(sql, parameters)


def has_consumer(connection: DriverConnection, source: Source, name: str) -> bool:
    """Whether there is a consumer of that name."""
    found = connection.execute(
        f"SELECT 1 FROM main.{CONSUMERS} WHERE name = ? AND source = ?", (name, source.name)
    ).fetchone()
    return found is not None


def consumers(connection: DriverConnection, sources: Sequence[Source]) -> list[ConsumerStatus]:
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
