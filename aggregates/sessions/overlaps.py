"""How the runs of a session overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_EPOCH = datetime(1, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Overlap:
    """How runs overlap."""

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


def milliseconds(time: str) -> int:
    """A canonical time as a number of milliseconds."""
    return (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND
