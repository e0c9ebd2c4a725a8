"""What triggers cannot keep, brought up to date for just the sessions that changed.

The first agent of a session, how its runs overlap, and the histogram of sessions' durations are
computed again for each session that the change logs name, from its runs alone. Each transaction
replaces what a few sessions had before: killed at any instant, the next round does them again.
"""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aggregates.changes import BATCH, Change, ChangesLost, Consumer, Log
from aggregates.compiler.sqlite import SQLite
from aggregates.compiler.sqlite.consuming import (
    CONSUMERS,
    COUNTED,
    DERIVED,
    DURATIONS,
    OVERLAP,
    WALKS,
)
from aggregates.database import transaction
from aggregates.recompute import LONGEST_LOCK
from aggregates.sources import agent_invocations, sessions
from aggregates.verification import Drift

CONSUMER = "_aggregates_sessions"
TABLES = (OVERLAP, DURATIONS)
"""What people read of it."""
_FIRST_SESSIONS = 20
_EDITS_NAMED = 20
_SAVED_AGAIN_AFTER = timedelta(minutes=5)
_SESSIONS_OF_A_SNAPSHOT = 200
_MILLISECOND = 1000

_RUNS = SQLite().facts_where(
    agent_invocations,
    ("invocation_id", "agent", "start", "duration_ms", "succeeded", "failed"),
    "id IN (SELECT invocation_id FROM main._aggregates_session_starts WHERE session_id = ?)",
)
_OWN_DURATIONS = SQLite().facts_where(sessions, ("duration_ms",), "session_id = ?")


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


@dataclass(frozen=True)
class Overlap:
    """How the ended runs of a session overlap."""

    max_parallel: int
    """most runs open at one instant"""
    busy_ms: int
    """milliseconds in which at least one was open: the union of their intervals"""


def overlap(runs: Iterable[tuple[int, int]]) -> Overlap:
    """Of runs as (start, duration) in integer milliseconds.

    Intervals are half open, `[start, start + duration)`; a run of no length counts as one at its
    instant, beside those that are open then.
    """
    # At one instant runs end first, then others start, then those of no length end.
    events: list[tuple[int, int, int]] = []
    for start, duration in runs:
        events.append((start, 1, 1))
        events.append((start + duration, 0 if duration else 2, -1))
    is_open = most = busy = 0
    since = 0
    for moment, _, step in sorted(events):
        if is_open:
            busy += moment - since
        since = moment
        is_open += step
        most = max(most, is_open)
    return Overlap(most, busy)


class Deriver:
    """Brings the derived values of sessions up to date; `connection` is the driver's own."""

    def __init__(self, connection: sqlite3.Connection, bounds: Sequence[int]) -> None:
        self.connection = connection
        self._bounds = bounds
        # A log that is there from the beginning is all there is to catch up with; what is older
        # than the logs is reached by a walk through all sessions.
        self._consumers = [
            Consumer(connection, source, CONSUMER) for source in (agent_invocations, sessions)
        ]
        self._sessions_of_a_lock = _FIRST_SESSIONS

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
        """Walk through all sessions again, as after a rebuild or lost changes."""
        for consumer in self._consumers:
            consumer.reset()
        with transaction(self.connection, "IMMEDIATE"):
            self.connection.execute(f"DELETE FROM main.{WALKS} WHERE name = ?", (CONSUMER,))

    def _take(self, consumer: Consumer, done: Round) -> int:
        """One batch of changes; how many there were."""
        try:
            batch = consumer.poll(BATCH)
        except ChangesLost:
            self.start_over()
            return 0
        if not batch:
            return 0
        self._derive(sorted(_sessions_of(batch)))
        consumer.acknowledge(batch)
        done.changes += len(batch)
        done.sessions += len(_sessions_of(batch))
        if consumer.source is agent_invocations:
            edited = [change.key for change in batch if change.edits_history]
            done.edits += len(edited)
            done.edited += edited[: _EDITS_NAMED - len(done.edited)]
        return len(batch)

    def _walk_on(self) -> list[str] | None:
        """Derive the next sessions of the walk; None where it is over."""
        found = self.connection.execute(
            f"SELECT mark FROM main.{WALKS} WHERE name = ?", (CONSUMER,)
        ).fetchone()
        mark = found[0] if found else ""
        if mark is None:
            return None
        some = self._sessions_of_a_lock
        names = {
            name
            for table in ("session_stats", "sessions")
            for (name,) in self.connection.execute(
                f"SELECT session_id FROM main.{table} WHERE session_id > ?"
                " AND typeof(session_id) = 'text' ORDER BY session_id LIMIT ?",
                (mark, some),
            )
        }
        chunk = sorted(names)[:some]
        self._derive(chunk)
        with transaction(self.connection, "IMMEDIATE"):
            self.connection.execute(
                f"INSERT OR REPLACE INTO main.{WALKS} VALUES (?, ?)",
                (CONSUMER, chunk[-1] if chunk else None),
            )
        return chunk

    def _derive(self, names: Sequence[str]) -> None:
        """Replace what is derived of sessions, some in each transaction."""
        done = 0
        while done < len(names):
            some = names[done : done + self._sessions_of_a_lock]
            with transaction(self.connection, "IMMEDIATE"):
                started = time.monotonic()
                for session in some:
                    self._derive_one(session)
            held = time.monotonic() - started
            done += len(some)
            factor = min(2.0, max(0.25, LONGEST_LOCK / max(held, 1e-4)))
            self._sessions_of_a_lock = max(1, min(1000, int(len(some) * factor)))
            time.sleep(held)

    def _derive_one(self, session: str) -> None:
        right = expected(self.connection, session, self._bounds)
        if right.changed_seq is None:
            self.connection.execute(f"DELETE FROM main.{DERIVED} WHERE session_id = ?", (session,))
        else:
            self.connection.execute(
                f"INSERT OR REPLACE INTO main.{DERIVED} VALUES (?, ?, ?, ?, ?)",
                (
                    session,
                    right.first_agent,
                    right.overlap.max_parallel,
                    right.overlap.busy_ms,
                    right.changed_seq,
                ),
            )
            self.connection.execute(
                "UPDATE main.session_stats SET first_agent = ? WHERE session_id = ?",
                (right.first_agent, session),
            )
        self._count(session, right.buckets)

    def _count(self, session: str, right: Buckets) -> None:
        """Replace what a session contributes to the histogram of durations."""
        counted = _counted(self.connection, session)
        if counted == right:
            return
        for sign, buckets in ((1, right), (-1, counted)):
            for key, (count, total) in buckets.items():
                self.connection.execute(
                    f"INSERT INTO main.{DURATIONS} VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (first_agent, le_ms) DO UPDATE SET sessions = sessions +"
                    " excluded.sessions, duration_ms_sum = duration_ms_sum +"
                    " excluded.duration_ms_sum",
                    (*key, sign * count, sign * total),
                )
        for key in counted:
            self.connection.execute(
                f"DELETE FROM main.{DURATIONS} WHERE first_agent = ? AND le_ms = ?"
                " AND sessions = 0 AND duration_ms_sum = 0",
                key,
            )
        self.connection.execute(f"DELETE FROM main.{COUNTED} WHERE session_id = ?", (session,))
        self.connection.executemany(
            f"INSERT INTO main.{COUNTED} VALUES (?, ?, ?, ?, ?)",
            [(session, *key, *values) for key, values in right.items()],
        )

    def mend(self, drifts: Iterable[Drift]) -> None:
        """Make right what `verify` found."""
        self._derive(sorted({str(one.key["session_id"]) for one in drifts if one.table == OVERLAP}))
        with transaction(self.connection, "IMMEDIATE"):
            for table, agent, le_ms in {
                (one.table, one.key["first_agent"], one.key["le_ms"])
                for one in drifts
                if one.table == DURATIONS
            }:
                key = (agent, le_ms)
                self.connection.execute(
                    f"DELETE FROM main.{table} WHERE first_agent = ? AND le_ms = ?", key
                )
                self.connection.execute(
                    f"INSERT INTO main.{table} SELECT first_agent, le_ms, sum(sessions),"
                    f" sum(duration_ms_sum) FROM main.{COUNTED}"
                    " WHERE first_agent = ? AND le_ms = ? GROUP BY 1, 2",
                    key,
                )


Buckets = dict[tuple[str, int], tuple[int, int]]
"""Sessions and the sum of their durations, by first agent and bound."""


@dataclass(frozen=True)
class Expected:
    """What should be derived of one session."""

    first_agent: str
    overlap: Overlap
    buckets: Buckets
    changed_seq: int | None
    """as of which entry of the change log; None where the session has no runs"""


def expected(connection: sqlite3.Connection, session: str, bounds: Sequence[int]) -> Expected:
    """What is derived of a session, computed from its runs and its own row."""
    runs = connection.execute(_RUNS, (session,)).fetchall()
    first = min(((start, id_, agent) for id_, agent, start, *_ in runs), default=None)
    first_agent = first[2] if first else ""
    buckets: Buckets = {}
    for (duration,) in connection.execute(_OWN_DURATIONS, (session,)):
        if duration is not None:
            key = first_agent, bounds[bisect_left(bounds, duration)]
            count, total = buckets.get(key, (0, 0))
            buckets[key] = count + 1, total + duration
    changed = connection.execute(
        "SELECT coalesce(changed_seq, 0) FROM main.session_stats WHERE session_id = ?", (session,)
    ).fetchone()
    return Expected(
        first_agent,
        overlap(
            (_milliseconds(start), duration)
            for _, _, start, duration, succeeded, failed in runs
            if duration is not None and (succeeded or failed)
        ),
        buckets,
        changed[0] if changed else None,
    )


def verify(connection: sqlite3.Connection, bounds: Sequence[int]) -> list[Drift]:
    """Compare what is derived of sessions, pending ones left out. Takes no lock for writing."""
    found: list[Drift] = []
    mark = ""
    while True:
        with transaction(connection):
            pending = _unconsumed(connection)
            rows = connection.execute(
                f"SELECT session_id, stats.first_agent, max_parallel, busy_ms FROM main.{OVERLAP}"
                " JOIN main.session_stats AS stats USING (session_id)"
                " WHERE session_id > ? AND NOT is_pending ORDER BY session_id LIMIT ?",
                (mark, _SESSIONS_OF_A_SNAPSHOT),
            ).fetchall()
            for session, *stored in rows:
                if session not in pending:
                    found += _drifts_of(connection, session, stored, bounds)
            if not rows:
                found += _drifts_of_durations(connection)
                return found
            mark = rows[-1][0]


def _drifts_of(
    connection: sqlite3.Connection, session: str, stored: list[Any], bounds: Sequence[int]
) -> Iterator[Drift]:
    right = expected(connection, session, bounds)
    values: dict[str, str | int] = {
        "first_agent": right.first_agent,
        "max_parallel": right.overlap.max_parallel,
        "busy_ms": right.overlap.busy_ms,
    }
    key: dict[str, int | str] = {"session_id": session}
    for (column, value), found in zip(values.items(), stored, strict=True):
        if value != found:
            yield Drift(OVERLAP, key, column, found, value)
    counted = _counted(connection, session)
    if counted != right.buckets:
        yield Drift(OVERLAP, key, DURATIONS, repr(counted), repr(right.buckets))


def _drifts_of_durations(connection: sqlite3.Connection) -> Iterator[Drift]:
    """The histogram against the sum of what sessions have contributed."""
    query = (
        "SELECT first_agent, le_ms, {0}, {1} FROM main.{2} GROUP BY first_agent, le_ms"
        " HAVING {0} <> 0 OR {1} <> 0"
    )
    sums = "sum(sessions)", "sum(duration_ms_sum)"
    stored, right = (
        {
            (agent, le_ms): values
            for agent, le_ms, *values in connection.execute(query.format(*sums, table))
        }
        for table in (DURATIONS, COUNTED)
    )
    for agent, le_ms in sorted(stored.keys() | right.keys()):
        pair = stored.get((agent, le_ms)), right.get((agent, le_ms))
        for position, column in enumerate(("sessions", "duration_ms_sum")):
            values = [None if side is None else side[position] for side in pair]
            if values[0] != values[1]:
                key: dict[str, int | str] = {"first_agent": agent, "le_ms": le_ms}
                yield Drift(DURATIONS, key, column, *values)


def _counted(connection: sqlite3.Connection, session: str) -> Buckets:
    return {
        (agent, le_ms): (count, total)
        for agent, le_ms, count, total in connection.execute(
            f"SELECT first_agent, le_ms, sessions, duration_ms_sum FROM main.{COUNTED}"
            " WHERE session_id = ?",
            (session,),
        )
    }


def _unconsumed(connection: sqlite3.Connection) -> set[str]:
    """Sessions whose own row has changed, which `is_pending` does not tell, and was not taken."""
    found = connection.execute(
        f"SELECT seq FROM main.{CONSUMERS} WHERE name = ? AND source = ?",
        (CONSUMER, sessions.name),
    ).fetchone()
    return _sessions_of(Log(connection, sessions).read(found[0], -1)) if found else set()


def _sessions_of(changes: Iterable[Change]) -> set[str]:
    """Sessions that changes concern; those without a name have nothing that is derived."""
    return set(_names(changes)) - {""}


def _names(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        for side in (change.old, change.new):
            name = side["session_id"] if side else None
            if isinstance(name, str) and "\0" not in name:
                yield name
            elif isinstance(name, int):
                yield str(name)


def _milliseconds(time_: str) -> int:
    return int((datetime.fromisoformat(time_) - datetime(1, 1, 1)).total_seconds() * _MILLISECOND)
