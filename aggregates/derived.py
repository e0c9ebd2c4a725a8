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
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from aggregates.changes import (
    BATCH,
    Change,
    ChangesLost,
    CheckpointMoved,
    Consumer,
    has_consumer,
)
from aggregates.compiler.sqlite import SQLite
from aggregates.compiler.sqlite.consuming import COUNTED, DERIVED, DURATIONS, OVERLAP, WALKS
from aggregates.database import any_text, encoded, transaction
from aggregates.overlaps import Overlap, milliseconds, overlap
from aggregates.recompute import LONGEST_LOCK
from aggregates.sources import agent_invocations, sessions
from aggregates.verification import Drift

CONSUMER = "_aggregates_sessions"
STATS = "session_stats"
TABLES = {OVERLAP: (OVERLAP, DERIVED, STATS), DURATIONS: (DURATIONS, COUNTED)}
"""What people read of it: name -> tables that hold it."""
STARTS = "_aggregates_session_starts"
"""The listing by which the runs of a session are found."""
_SOURCES = (agent_invocations, sessions)
_FIRST_SESSIONS = 20
_MOST_SESSIONS = 1000
_EDITS_NAMED = 20
_SAVED_AGAIN_AFTER = timedelta(minutes=5)
_RUNS_OF_A_READ = 1000
_ATTEMPTS = 3

_SESSION = "session_id = CAST(:session AS TEXT)"
_OWN_DURATIONS = SQLite().facts_where(sessions, ("duration_ms",), _SESSION)


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
    """Brings the derived values of sessions up to date; `connection` is the driver's own."""

    def __init__(self, connection: sqlite3.Connection, bounds: Sequence[int]) -> None:
        self.connection = connection
        self._bounds = bounds
        self._sessions_of_a_lock = _FIRST_SESSIONS

    @cached_property
    def _consumers(self) -> list[Consumer]:
        """One for each source that a session is known by."""
        if not all(has_consumer(self.connection, source, CONSUMER) for source in _SOURCES):
            # What happened before they are made is in no batch: only a walk reaches it.
            restart_walk(self.connection)
        return [Consumer(self.connection, source, CONSUMER) for source in _SOURCES]

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
        """Replace what is derived of sessions, some in each transaction."""
        waiting = sorted(set(names) - {""})
        while waiting:
            some = waiting[: self._sessions_of_a_lock]
            del waiting[: len(some)]
            # Reading the runs of a long session takes its time: before the lock is taken.
            rights = [self._expected(session) for session in some]
            with transaction(self.connection, "IMMEDIATE"):
                started = time.monotonic()
                for right in rights:
                    self._replace(right)
            held = time.monotonic() - started
            self._sessions_of_a_lock = _adapted(len(some), held)
            time.sleep(held)

    def derive_again(self, names: Iterable[str]) -> None:
        """Derive those of some sessions that no later round comes to."""
        with transaction(self.connection):
            pending = _Pending(self.connection)
        self.derive(name for name in names if name not in pending)

    def mend(self, drifts: Iterable[Drift]) -> None:
        """Make right what `verify` has found."""
        drifts = list(drifts)
        self.derive(str(one.key["session_id"]) for one in drifts if "session_id" in one.key)
        if not any(one.table in TABLES[DURATIONS] for one in drifts):
            return
        for _ in range(_ATTEMPTS):
            with transaction(self.connection):
                wrong = _drifts_of_durations(self.connection, {})
            if not wrong:
                return
            with transaction(self.connection, "IMMEDIATE"):
                for one in wrong:
                    self._correct(one)

    def _correct(self, drift: Drift) -> None:
        """Put the right value into the histogram, where it still holds the wrong one."""
        key = encoded(str(drift.key["first_agent"])), drift.key["le_ms"]
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
        names = _sessions_of(batch)
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
        mark = _walk_mark(self.connection)
        if mark is None:
            return None
        chunk = _names_after(self.connection, mark, self._sessions_of_a_lock)
        self.derive(chunk)
        with transaction(self.connection, "IMMEDIATE"):
            # Somebody may have begun the walk again meanwhile: that holds.
            if _walk_mark(self.connection) == mark:
                self.connection.execute(
                    f"INSERT OR REPLACE INTO main.{WALKS} VALUES (?, CAST(? AS TEXT))",
                    (CONSUMER, encoded(chunk[-1]) if chunk else None),
                )
        return chunk

    def _expected(self, session: str) -> Expected:
        """What is right of a session: read outside a transaction, with the entry as of which."""
        for _ in range(_ATTEMPTS):
            before = _version(self.connection, session)
            right = expected(self.connection, session, self._bounds)
            if right.version == before:
                break
        return right

    def _replace(self, right: Expected) -> None:
        """Replace what is derived of a session."""
        session = encoded(right.session)
        if _version(self.connection, right.session) != right.version:
            right = expected(self.connection, right.session, self._bounds)
        if right.version.changed_seq is None:
            self.connection.execute(
                f"DELETE FROM main.{DERIVED} WHERE session_id = CAST(? AS TEXT)", (session,)
            )
        else:
            first_agent = encoded(right.first_agent)
            self.connection.execute(
                f"INSERT OR REPLACE INTO main.{DERIVED}"
                " VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)",
                (
                    session,
                    first_agent,
                    right.overlap.max_parallel,
                    right.overlap.busy_ms,
                    right.version.changed_seq,
                ),
            )
            self.connection.execute(
                "UPDATE main.session_stats SET first_agent = CAST(? AS TEXT)"
                " WHERE session_id = CAST(? AS TEXT)",
                (first_agent, session),
            )
        self._count(session, right.buckets)

    def _count(self, session: str | bytes, right: Buckets) -> None:
        """Replace what a session contributes to the histogram of durations."""
        counted = _counted(self.connection, session)
        if counted == right:
            return
        for sign, buckets in ((1, right), (-1, counted)):
            for (agent, le_ms), (count, total) in buckets.items():
                self.connection.execute(
                    f"INSERT INTO main.{DURATIONS} VALUES (CAST(? AS TEXT), ?, ?, ?)"
                    " ON CONFLICT (first_agent, le_ms) DO UPDATE SET sessions = sessions +"
                    " excluded.sessions, duration_ms_sum = duration_ms_sum +"
                    " excluded.duration_ms_sum",
                    (encoded(agent), le_ms, sign * count, sign * total),
                )
        for agent, le_ms in counted:
            self.connection.execute(
                f"DELETE FROM main.{DURATIONS} WHERE first_agent = CAST(? AS TEXT) AND le_ms = ?"
                " AND sessions = 0 AND duration_ms_sum = 0",
                (encoded(agent), le_ms),
            )
        self.connection.execute(
            f"DELETE FROM main.{COUNTED} WHERE session_id = CAST(? AS TEXT)", (session,)
        )
        self.connection.executemany(
            f"INSERT INTO main.{COUNTED} VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)",
            [(session, encoded(agent), le_ms, *values) for (agent, le_ms), values in right.items()],
        )


def _adapted(sessions: int, seconds: float) -> int:
    """How many sessions to take next, where so many have taken so long."""
    factor = min(2.0, max(0.25, LONGEST_LOCK / max(seconds, 1e-4)))
    return max(1, min(_MOST_SESSIONS, int(sessions * factor)))


def restart_walk(connection: sqlite3.Connection) -> None:
    """Have the next rounds walk through all sessions again; also inside a transaction."""
    connection.execute(f"DELETE FROM main.{WALKS} WHERE name = ?", (CONSUMER,))


Buckets = dict[tuple[str, int], tuple[int, int]]
"""Sessions and the sum of their durations, by first agent and bound."""


class Version(NamedTuple):
    """What tells whether something that is derived of a session may have become another."""

    changed_seq: int | None
    """newest entry about its runs, 0 where they are older than the log; None where it has none"""
    durations: tuple[int | None, ...]
    """of its own rows in the table sessions"""


@dataclass(frozen=True)
class Expected:
    """What should be derived of one session."""

    session: str
    first_agent: str
    overlap: Overlap
    buckets: Buckets
    version: Version
    """as of which it was read"""


class _Run(NamedTuple):
    """What of a run matters here."""

    start: str
    invocation_id: int
    agent: str
    duration_ms: int | None
    succeeded: int
    failed: int


def expected(
    connection: sqlite3.Connection,
    session: str,
    bounds: Sequence[int],
    starts: str = f"main.{STARTS}",
) -> Expected:
    """What is derived of a session, from its runs, which a table of starts names, and its row."""
    with any_text(connection):
        runs = list(_runs(connection, session, starts))
        version = _version(connection, session)
    first = min(runs, default=None, key=lambda run: (run.start, run.invocation_id))
    first_agent = first.agent if first else ""
    buckets: Buckets = {}
    for duration in version.durations:
        if duration is not None:
            key = first_agent, bounds[bisect_left(bounds, duration)]
            count, total = buckets.get(key, (0, 0))
            buckets[key] = count + 1, total + duration
    return Expected(
        session,
        first_agent,
        overlap(
            (milliseconds(run.start), run.duration_ms)
            for run in runs
            if run.duration_ms is not None and (run.succeeded or run.failed)
        ),
        buckets,
        version,
    )


def _runs(connection: sqlite3.Connection, session: str, starts: str) -> Iterator[_Run]:
    """The runs of a session, some in each read."""
    mark: tuple[str, int] = ("", 0)
    after = f"{_SESSION} AND (start_time, invocation_id) > (:start, :id)"
    while True:
        parameters = {"session": encoded(session), "start": mark[0], "id": mark[1]}
        # A slice ends where its last entry lies: what the source says of it may be something else.
        last = connection.execute(
            f"SELECT start_time, invocation_id FROM (SELECT * FROM {starts} WHERE {after}"
            f" ORDER BY start_time, invocation_id LIMIT {_RUNS_OF_A_READ})"
            " ORDER BY start_time DESC, invocation_id DESC LIMIT 1",
            parameters,
        ).fetchone()
        if last is None:
            return
        upto = {"last_start": last[0], "last_id": last[1]}
        for row in connection.execute(_runs_sql(starts, after), parameters | upto).fetchall():
            yield _Run(*row)
        mark = last


@lru_cache(maxsize=4)
def _runs_sql(starts: str, after: str) -> str:
    return SQLite().facts_where(
        agent_invocations,
        ("start", "invocation_id", "agent", "duration_ms", "succeeded", "failed"),
        f"id IN (SELECT invocation_id FROM {starts}"
        f" WHERE {after} AND (start_time, invocation_id) <= (:last_start, :last_id))"
        # A listing that has drifted names runs without a start too.
        " AND start_time IS NOT NULL",
    )


def _version(connection: sqlite3.Connection, session: str) -> Version:
    parameters = {"session": encoded(session)}
    changed = connection.execute(
        f"SELECT coalesce(changed_seq, 0) FROM main.session_stats WHERE {_SESSION}", parameters
    ).fetchone()
    durations = connection.execute(_OWN_DURATIONS, parameters).fetchall()
    return Version(changed[0] if changed else None, tuple(one for (one,) in durations))


class Checker:
    """Compares what is derived of sessions with what should be, some of them at a time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        bounds: Sequence[int],
        starts: str = f"main.{STARTS}",
        stats: str = f"main.{STATS}",
    ) -> None:
        self.connection = connection
        self._bounds = bounds
        self._starts = starts
        self._stats = stats
        self._sessions = _FIRST_SESSIONS
        self._mark = ""
        self._counted: Buckets = {}
        self._corrections: Buckets = {}
        self.is_over = False

    def some(self) -> list[Drift]:
        """Inside a transaction: the drifts of the next sessions, pending ones left out."""
        started = time.monotonic()
        names = _names_after(self.connection, self._mark, self._sessions, self._stats)
        pending: _Pending | None = None
        found: list[Drift] = []
        for session in names:
            counted = _counted(self.connection, encoded(session))
            _add(self._counted, counted)
            right = expected(self.connection, session, self._bounds, self._starts)
            drifts = [*self._drifts(right), *_differing(COUNTED, session, counted, right.buckets)]
            if drifts:
                pending = pending or _Pending(self.connection)
                if session in pending:
                    continue
                found += drifts
                _add(self._corrections, right.buckets)
                _add(self._corrections, counted, -1)
        self._sessions = _adapted(self._sessions, time.monotonic() - started)
        if names:
            self._mark = names[-1]
            return found
        self.is_over = True
        right_durations = dict(self._counted)
        _add(right_durations, self._corrections)
        if _without_zeros(right_durations) != _durations(self.connection, DURATIONS):
            # It may be that sessions were derived meanwhile: one look at everything tells.
            found += _drifts_of_durations(self.connection, self._corrections)
        return found

    def _drifts(self, right: Expected) -> Iterator[Drift]:
        key: dict[str, int | str] = {"session_id": right.session}
        parameters = {"session": encoded(right.session)}
        with any_text(self.connection):
            is_there = self.connection.execute(
                f"SELECT 1 FROM {self._stats} WHERE {_SESSION}", parameters
            ).fetchone()
            stats = self.connection.execute(
                f"SELECT first_agent FROM main.{STATS} WHERE {_SESSION}", parameters
            ).fetchone()
            derived = self.connection.execute(
                "SELECT first_agent, max_parallel, busy_ms, as_of_seq"
                f" FROM main.{DERIVED} WHERE {_SESSION}",
                parameters,
            ).fetchone()
        values: list[tuple[str, str, Any, Any]] = []
        if stats and is_there:  # else its row as a whole is a drift of its own
            values.append((STATS, "first_agent", stats[0], right.first_agent))
        first_agent, most, busy, as_of = derived or (None,) * 4
        values += [
            (DERIVED, "first_agent", first_agent, right.first_agent),
            (OVERLAP, "max_parallel", most, right.overlap.max_parallel),
            (OVERLAP, "busy_ms", busy, right.overlap.busy_ms),
        ]
        if stats or not is_there:
            values.append((DERIVED, "as_of_seq", as_of, right.version.changed_seq))
        for table, column, stored, value in values:
            if stored != (value if is_there else None):
                yield Drift(table, key, column, stored, value if is_there else None)


def verify(connection: sqlite3.Connection, bounds: Sequence[int]) -> list[Drift]:
    """All drifts, each look at some sessions in a snapshot of its own."""
    checker = Checker(connection, bounds)
    found: list[Drift] = []
    while not checker.is_over:
        with transaction(connection):
            found += checker.some()
    return found


def _differing(table: str, session: str | None, stored: Buckets, right: Buckets) -> Iterator[Drift]:
    """Drifts of a histogram, or of what one session contributes to it."""
    for agent, le_ms in sorted(stored.keys() | right.keys()):
        pair = stored.get((agent, le_ms)), right.get((agent, le_ms))
        key: dict[str, int | str] = {} if session is None else {"session_id": session}
        key |= {"first_agent": agent, "le_ms": le_ms}
        for position, column in enumerate(("sessions", "duration_ms_sum")):
            values = [None if side is None else side[position] for side in pair]
            if values[0] != values[1]:
                yield Drift(table, key, column, *values)


def _drifts_of_durations(connection: sqlite3.Connection, corrections: Buckets) -> list[Drift]:
    """The histogram against the sum of what sessions contribute, once that has been corrected."""
    right = _durations(connection, COUNTED)
    _add(right, corrections)
    stored = _durations(connection, DURATIONS)
    return list(_differing(DURATIONS, None, stored, _without_zeros(right)))


def _durations(connection: sqlite3.Connection, table: str) -> Buckets:
    with any_text(connection):
        rows = connection.execute(
            "SELECT first_agent, le_ms, sum(sessions), sum(duration_ms_sum)"
            f" FROM main.{table} GROUP BY first_agent, le_ms"
        ).fetchall()
    found = {(agent, le_ms): (count, total) for agent, le_ms, count, total in rows}
    return _without_zeros(found)


def _add(total: Buckets, more: Buckets, sign: int = 1) -> None:
    for key, (count, duration) in more.items():
        before = total.get(key, (0, 0))
        total[key] = before[0] + sign * count, before[1] + sign * duration


def _without_zeros(buckets: Buckets) -> Buckets:
    return {key: values for key, values in buckets.items() if values != (0, 0)}


def _counted(connection: sqlite3.Connection, session: str | bytes) -> Buckets:
    with any_text(connection):
        rows = connection.execute(
            f"SELECT first_agent, le_ms, sessions, duration_ms_sum FROM main.{COUNTED}"
            " WHERE session_id = CAST(? AS TEXT)",
            (session,),
        ).fetchall()
    return {(agent, le_ms): (count, total) for agent, le_ms, count, total in rows}


class _Pending:
    """Sessions that need not be right yet, as of a snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._mark = _walk_mark(connection)
        self._names: set[str] = set()
        self._is_every = False
        for source in _SOURCES:
            if not has_consumer(connection, source, CONSUMER):
                self._is_every = True
                continue
            try:
                batch = Consumer(connection, source, CONSUMER).peek(-1)
            except ChangesLost:
                self._is_every = True
            else:
                self._names |= _sessions_of(batch)

    def __contains__(self, session: str) -> bool:
        return (
            self._is_every
            or session in self._names
            or (self._mark is not None and _bytes(session) > _bytes(self._mark))
        )


def _bytes(text: str) -> bytes:
    """A text in the order in which SQLite compares it."""
    return text.encode("utf-8", "surrogateescape")


def _walk_mark(connection: sqlite3.Connection) -> str | None:
    """The session that the walk has come to, '' before the first; None where it is over."""
    with any_text(connection):
        found = connection.execute(
            f"SELECT mark FROM main.{WALKS} WHERE name = ?", (CONSUMER,)
        ).fetchone()
    return found[0] if found else ""


def _names_after(
    connection: sqlite3.Connection, mark: str, limit: int, stats: str = f"main.{STATS}"
) -> list[str]:
    """The next sessions of which something is derived, or should be."""
    arms = " UNION ".join(
        f"SELECT * FROM (SELECT session_id COLLATE BINARY AS name FROM {table}"
        " WHERE session_id COLLATE BINARY > CAST(:mark AS TEXT) AND typeof(session_id) = 'text'"
        " AND NOT instr(session_id, char(0)) ORDER BY session_id COLLATE BINARY LIMIT :limit)"
        for table in (stats, *(f"main.{one}" for one in (sessions.name, DERIVED, COUNTED)))
    )
    with any_text(connection):
        rows = connection.execute(
            f"SELECT name FROM ({arms}) ORDER BY name LIMIT :limit",
            {"mark": encoded(mark), "limit": limit},
        ).fetchall()
    return [name for (name,) in rows]


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
