"""Compare what is derived of sessions with what should be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import COUNTED, DERIVED, DURATIONS, OVERLAP
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Drift
from aggregates.sessions.overlaps import Overlap
from aggregates.sessions.pending import Pending, names_after
from aggregates.sessions.ranges import Derived, Range
from aggregates.sessions.values import (
    Buckets,
    Expected,
    Version,
    add_to,
    histogram,
    without_zeros,
)

_ATTEMPTS = 4


class Checker:
    """Compares what is derived of sessions with what should be, some of them at a time.

    `starts` and `stats` are recomputed aggregates `with_runs`, SELECTs in parentheses.
    """

    def __init__(
        self,
        connection: DriverConnection,
        bounds: Sequence[int],
        starts: str,
        stats: str,
    ) -> None:
        self.connection = connection
        self._bounds = bounds
        self._starts = starts
        self._stats = stats
        self._sessions = pace.FIRST_SESSIONS
        self._mark = ""
        self._counted: Buckets = {}
        self._corrections: Buckets = {}
        self._long: tuple[Range, Version] | None = None
        self._read: tuple[str, Version, Overlap] | None = None
        self._attempts = 0
        self.is_over = False

    def read_ahead(self) -> None:
        """Outside a transaction: read a session that is too long to be read inside one."""
        if self._long is None:
            return
        some, version = self._long
        self._read = some.names[0], version, some.of_a_long_one()
        self._long = None

    def some(self) -> list[Drift]:
        """Inside a transaction: the drifts of the next sessions, pending ones left out."""
        started = time.monotonic()
        names = names_after(self.connection, self._mark, self._sessions, self._stats)
        if not names:
            self.is_over = True
            return self._drifts_of_durations()
        some = Range(self.connection, self._mark, names, self._starts, self._stats)
        known = self._known(some) if some.is_one_long else None
        if self._long is not None:
            return []
        there, derived, contributions = some.there(), some.derived(), some.contributions()
        pending: Pending | None = None
        found: list[Drift] = []
        for right in some.expected(self._bounds, known):
            counted = contributions.get(right.session, {})
            add_to(self._counted, counted)
            is_there = right.session in there
            drifts = [
                *_differing_values(right, derived.get(right.session), is_there=is_there),
                *_differing(COUNTED, right.session, counted, right.buckets),
            ]
            if drifts:
                pending = pending or Pending(self.connection)
                if right.session in pending:
                    continue
                found += drifts
                add_to(self._corrections, right.buckets)
                add_to(self._corrections, counted, -1)
        self._mark = some.names[-1]
        self._sessions = pace.adapted(
            len(some.names), time.monotonic() - started, 1, pace.MOST_SESSIONS
        )
        return found

    def _known(self, some: Range) -> Overlap | None:
        """How the runs of a long session overlap, if it has been read and is as it was then.

        Else it is to be read ahead; one that never rests is read inside the transaction in the end.
        """
        name = some.names[0]
        version = some.versions()[name]
        if self._read is not None and self._read[:2] == (name, version):
            self._attempts = 0
            return self._read[2]
        self._attempts = (self._attempts + 1) % _ATTEMPTS
        if self._attempts:
            self._long = some, version
        return None

    def _drifts_of_durations(self) -> list[Drift]:
        right = dict(self._counted)
        add_to(right, self._corrections)
        if without_zeros(right) == histogram(self.connection, DURATIONS):
            return []
        # It may be that sessions were derived meanwhile: one look at everything tells.
        return drifts_of_durations(self.connection, self._corrections)


def _differing_values(
    right: Expected, stored: Derived | None, *, is_there: bool
) -> Iterator[Drift]:
    """Drifts of what is derived of a session, which is there or should not be."""
    first_agent, most, busy, as_of = stored or (None,) * 4
    values: list[tuple[str, str, Any, Any]] = [
        (DERIVED, "first_agent", first_agent, right.first_agent),
        (OVERLAP, "max_parallel", most, right.overlap.max_parallel),
        (OVERLAP, "busy_ms", busy, right.overlap.busy_ms),
    ]
    changed_seq = right.version.changed_seq
    if changed_seq is not None or not is_there:
        values.append((DERIVED, "as_of_seq", as_of, changed_seq))
    for table, column, found, value in values:
        if found != (value if is_there else None):
            key: dict[str, int | str] = {"session_id": right.session}
            yield Drift(table, key, column, found, value if is_there else None)


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
