"""Bring the derived values of sessions up to date, for just those that changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from aggregates.changes import BATCH, ChangesLost, CheckpointMoved, Consumer, has_consumer
from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import COUNTED, DERIVED, DURATIONS, STORE_MARK
from aggregates.model.sources import agent_invocations
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Drift
from aggregates.sessions.checking import drifts_of_durations
from aggregates.sessions.pending import (
    CONSUMER,
    SOURCES,
    Pending,
    names_after,
    restart_walk,
    sessions_of,
    walk_mark,
)
from aggregates.sessions.values import TABLES, Buckets, Expected, contribution, expected, version_of

_EDITS_NAMED = 20
_SAVED_AGAIN_AFTER = timedelta(minutes=5)
_ATTEMPTS = 3


@dataclass
class Round:
    """What one round of consuming has done."""

    changes: int = 0
    """entries of the change logs that were taken"""
    sessions: int = 0
    """sessions that were brought up to date"""
    edits: int = 0
    """edits of history among the changes of invocations"""
    edited: list[int] = field(default_factory=list)
    """keys of the first invocations whose history was edited"""
    is_complete: bool = True
    """whether nothing is pending any more"""


class Deriver:
    """Brings the derived values of sessions up to date; `connection` is the driver's own.

    `beat` is called between transactions, and may raise.
    """

    def __init__(
        self,
        connection: DriverConnection,
        bounds: Sequence[int],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.connection = connection
        self._bounds = bounds
        self._beat = beat
        self._sessions_of_a_lock = pace.FIRST_SESSIONS

    @cached_property
    def _consumers(self) -> list[Consumer]:
        """One for each source that a session is known by."""
        if not all(has_consumer(self.connection, source, CONSUMER) for source in SOURCES):
            # What happened before they are made is in no batch: only a walk reaches it.
            restart_walk(self.connection)
        return [Consumer(self.connection, source, CONSUMER) for source in SOURCES]

    def round(self, seconds: float = 10.0) -> Round:
        """Take the changes since the last round, and go on with the walk for a while."""
        done = Round()
        deadline = time.monotonic() + seconds
        for consumer in self._consumers:
            while self._take(consumer, done):
                if time.monotonic() > deadline:
                    done.is_complete = False
                    return done
            consumer.touch(_SAVED_AGAIN_AFTER)
        while (chunk := self._walk_on()) is not None:
            done.sessions += len(chunk)
            if time.monotonic() > deadline:
                done.is_complete = False
                break
        return done

    def saved_at(self) -> str:
        """When the older of the checkpoints was saved, text in UTC."""
        return min(consumer.checkpoint.saved_at for consumer in self._consumers)

    def start_over(self) -> None:
        """Walk through all sessions again, as after lost changes."""
        # In this order: killed in between, the consumers still know that they have lost something.
        restart_walk(self.connection)
        for consumer in self._consumers:
            consumer.reset()

    def derive(self, names: Iterable[str]) -> None:
        """Replace what is derived of sessions, some in each transaction.

        One that changes meanwhile is left as it was, and pending: a later batch names it again.
        """
        waiting = sorted(set(names) - {""})
        while waiting:
            some = waiting[: self._sessions_of_a_lock]
            del waiting[: len(some)]
            # Reading the runs of a long session takes its time: before the lock is taken.
            rights = [right for session in some if (right := self._expected(session))]
            self._beat()
            with self.connection.write_lock():
                started = time.monotonic()
                for right in rights:
                    self._replace(right)
            held = time.monotonic() - started
            self._sessions_of_a_lock = pace.adapted(len(some), held, 1, pace.MOST_SESSIONS)
            time.sleep(held)

    def derive_again(self, names: Iterable[str]) -> None:
        """Derive those of some sessions that no later round comes to."""
        with self.connection.snapshot():
            pending = Pending(self.connection)
        self.derive(name for name in names if name not in pending)

    def mend(self, drifts: Iterable[Drift]) -> None:
        """Make right what `verify` has found."""
        drifts = list(drifts)
        self.derive(str(one.key["session_id"]) for one in drifts if "session_id" in one.key)
        if not any(one.table in TABLES[DURATIONS] for one in drifts):
            return
        for _ in range(_ATTEMPTS):
            with self.connection.snapshot():
                wrong = drifts_of_durations(self.connection, {})
            if not wrong:
                return
            with self.connection.write_lock():
                for one in wrong:
                    self._correct(one)

    def _correct(self, drift: Drift) -> None:
        """Put the right value into the histogram, where it still holds the wrong one."""
        key = self.connection.encoded(str(drift.key["first_agent"])), drift.key["le_ms"]
        where = "WHERE first_agent = CAST(? AS TEXT) AND le_ms = ?"
        self.connection.execute(
            f"INSERT INTO main.{DURATIONS} VALUES (CAST(? AS TEXT), ?, 0, 0)"
            " ON CONFLICT (first_agent, le_ms) DO NOTHING",
            key,
        )
        self.connection.execute(
            f"UPDATE main.{DURATIONS} SET {drift.column} = ? {where} AND {drift.column} = ?",
            (drift.right or 0, *key, drift.stored or 0),
        )
        self.connection.execute(
            f"DELETE FROM main.{DURATIONS} {where} AND sessions = 0 AND duration_ms_sum = 0", key
        )

    def _take(self, consumer: Consumer, done: Round) -> int:
        """One batch of changes; how many there were."""
        try:
            batch = consumer.poll(BATCH)
        except ChangesLost:
            self.start_over()
            return 0
        if not batch:
            return 0
        names = sessions_of(batch)
        self.derive(names)
        try:
            consumer.acknowledge(batch)
        except CheckpointMoved:
            # Another process has done the same meanwhile: twice is as good as once.
            return len(batch)
        done.changes += len(batch)
        done.sessions += len(names)
        if consumer.source is agent_invocations:
            edited = [change.key for change in batch if change.edits_history]
            done.edits += len(edited)
            done.edited += edited[: _EDITS_NAMED - len(done.edited)]
        return len(batch)

    def _walk_on(self) -> list[str] | None:
        """Derive the next sessions of the walk; None where it is over."""
        mark = walk_mark(self.connection)
        if mark is None:
            return None
        chunk = names_after(self.connection, mark, self._sessions_of_a_lock)
        self.derive(chunk)
        with self.connection.write_lock():
            # Somebody may have begun the walk again meanwhile: that holds.
            if walk_mark(self.connection) == mark:
                self.connection.execute(
                    STORE_MARK,
                    (CONSUMER, self.connection.encoded(chunk[-1]) if chunk else None),
                )
        return chunk

    def _expected(self, session: str) -> Expected | None:
        """What is right of a session: read outside a transaction, with the entry as of which.

        None where it changes all the while.
        """
        for _ in range(_ATTEMPTS):
            started = time.monotonic()
            before = version_of(self.connection, session)
            right = expected(self.connection, session, self._bounds)
            if right.version == before:
                return right
            if time.monotonic() - started > pace.LONGEST_LOCK:
                break
        return None

    def _replace(self, right: Expected) -> None:
        """Replace what is derived of a session, unless it has changed since it was read."""
        session = self.connection.encoded(right.session)
        if version_of(self.connection, right.session) != right.version:
            return
        if right.version.changed_seq is None:
            self.connection.execute(
                f"DELETE FROM main.{DERIVED} WHERE session_id = CAST(? AS TEXT)", (session,)
            )
        else:
            first_agent = self.connection.encoded(right.first_agent)
            self.connection.execute(
                f"INSERT INTO main.{DERIVED}"
                " (session_id, first_agent, max_parallel, busy_ms, as_of_seq)"
                " VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)"
                " ON CONFLICT (session_id) DO UPDATE SET first_agent = excluded.first_agent,"
                " max_parallel = excluded.max_parallel, busy_ms = excluded.busy_ms,"
                " as_of_seq = excluded.as_of_seq",
                (
                    session,
                    first_agent,
                    right.overlap.max_parallel,
                    right.overlap.busy_ms,
                    right.version.changed_seq,
                ),
            )
        self._count(session, right.buckets)

    def _count(self, session: str | bytes, right: Buckets) -> None:
        """Replace what a session contributes to the histogram of durations."""
        counted = contribution(self.connection, session)
        if counted == right:
            return
        for sign, buckets in ((1, right), (-1, counted)):
            for (agent, le_ms), (count, total) in buckets.items():
                self.connection.execute(
                    f"INSERT INTO main.{DURATIONS} AS held VALUES (CAST(? AS TEXT), ?, ?, ?)"
                    " ON CONFLICT (first_agent, le_ms) DO UPDATE SET"
                    " sessions = held.sessions + excluded.sessions,"
                    " duration_ms_sum = held.duration_ms_sum + excluded.duration_ms_sum",
                    (self.connection.encoded(agent), le_ms, sign * count, sign * total),
                )
        for agent, le_ms in counted:
            self.connection.execute(
                f"DELETE FROM main.{DURATIONS} WHERE first_agent = CAST(? AS TEXT) AND le_ms = ?"
                " AND sessions = 0 AND duration_ms_sum = 0",
                (self.connection.encoded(agent), le_ms),
            )
        self.connection.execute(
            f"DELETE FROM main.{COUNTED} WHERE session_id = CAST(? AS TEXT)", (session,)
        )
        self.connection.executemany(
            f"INSERT INTO main.{COUNTED} VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)",
            [
                (session, self.connection.encoded(agent), le_ms, *values)
                for (agent, le_ms), values in right.items()
            ],
        )
