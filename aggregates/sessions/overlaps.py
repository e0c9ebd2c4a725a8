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
    events: list[int] = []
    for start, duration in runs:
        events.append(start * 3 + 1)
        events.append((start + duration) * 3 + (0 if duration else 2))
    events.sort()
    is_open = most = busy = since = 0
    for event in events:
        if event % 3 == 1:
            if not is_open:
                since = event // 3
            is_open += 1
            most = max(most, is_open)
        else:
            is_open -= 1
            if not is_open:
                busy += event // 3 - since
    return Overlap(most, busy)


def milliseconds(time: str) -> int:
    """A canonical time as a number of milliseconds."""
    return (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND
