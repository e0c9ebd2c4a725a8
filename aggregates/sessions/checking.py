"""Compare what is derived of sessions with what should be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import COUNTED, DERIVED, DURATIONS, OVERLAP
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Drift
from aggregates.sessions.pending import Pending, names_after
from aggregates.sessions.values import (
    SESSION,
    STARTS,
    STATS,
    Buckets,
    Expected,
    add_to,
    contribution,
    expected,
    histogram,
    without_zeros,
)


class Checker:
    """Compares what is derived of sessions with what should be, some of them at a time."""

    def __init__(
        self,
        connection: DriverConnection,
        bounds: Sequence[int],
        starts: str = f"main.{STARTS}",
        stats: str = f"main.{STATS}",
    ) -> None:
        self.connection = connection
        self._bounds = bounds
        self._starts = starts
        self._stats = stats
        self._sessions = pace.FIRST_SESSIONS
        self._mark = ""
        self._counted: Buckets = {}
        self._corrections: Buckets = {}
        self.is_over = False

    def some(self) -> list[Drift]:
        """Inside a transaction: the drifts of the next sessions, pending ones left out."""
        started = time.monotonic()
        names = names_after(self.connection, self._mark, self._sessions, self._stats)
        pending: Pending | None = None
        found: list[Drift] = []
        for session in names:
            counted = contribution(self.connection, self.connection.encoded(session))
            add_to(self._counted, counted)
            right = expected(self.connection, session, self._bounds, self._starts)
            drifts = [*self._drifts(right), *_differing(COUNTED, session, counted, right.buckets)]
            if drifts:
                pending = pending or Pending(self.connection)
                if session in pending:
                    continue
                found += drifts
                add_to(self._corrections, right.buckets)
                add_to(self._corrections, counted, -1)
        self._sessions = pace.adapted(
            self._sessions, time.monotonic() - started, 1, pace.MOST_SESSIONS
        )
        if names:
            self._mark = names[-1]
            return found
        self.is_over = True
        right_durations = dict(self._counted)
        add_to(right_durations, self._corrections)
        if without_zeros(right_durations) != histogram(self.connection, DURATIONS):
            # It may be that sessions were derived meanwhile: one look at everything tells.
            found += drifts_of_durations(self.connection, self._corrections)
        return found

    def _drifts(self, right: Expected) -> Iterator[Drift]:
        key: dict[str, int | str] = {"session_id": right.session}
        parameters = {"session": self.connection.encoded(right.session)}
        with self.connection.any_text():
            is_there = self.connection.execute(
                f"SELECT 1 FROM {self._stats} WHERE {SESSION}", parameters
            ).fetchone()
            stats = self.connection.execute(
                f"SELECT first_agent FROM main.{STATS} WHERE {SESSION}", parameters
            ).fetchone()
            derived = self.connection.execute(
                "SELECT first_agent, max_parallel, busy_ms, as_of_seq"
                f" FROM main.{DERIVED} WHERE {SESSION}",
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


def verify(connection: DriverConnection, bounds: Sequence[int]) -> list[Drift]:
    """All drifts, each look at some sessions in a snapshot of its own."""
    checker = Checker(connection, bounds)
    found: list[Drift] = []
    while not checker.is_over:
        with connection.snapshot():
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


def drifts_of_durations(connection: DriverConnection, corrections: Buckets) -> list[Drift]:
    """The histogram against the sum of what sessions contribute, once that has been corrected."""
    right = histogram(connection, COUNTED)
    add_to(right, corrections)
    stored = histogram(connection, DURATIONS)
    return list(_differing(DURATIONS, None, stored, without_zeros(right)))
