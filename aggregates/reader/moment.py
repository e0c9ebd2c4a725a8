"""The moment of a reading, and what counts as running and as active then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property, partial

from aggregates.reader.clock import ages, canonical, cutoff, utc_text

ABANDON_AFTER = timedelta(hours=6)
"""A run that started this long ago and has not ended is called abandoned."""
SESSION_WINDOW = timedelta(hours=24)
"""A session that started this long ago and has not ended is called abandoned."""
IDLE_AFTER = timedelta(minutes=30)
"""So is one in which nothing has happened for this long."""


@dataclass(frozen=True)
class Moment:
    """When a database is read, the zone of the naive times in it, and what is too old then."""

    now: datetime = field(default_factory=partial(datetime.now, UTC))
    """aware, or naive in the source zone"""
    zone: tzinfo | None = None
    """the source zone; None is the system's own"""
    abandon_after: timedelta = ABANDON_AFTER
    """a run in flight is running until it is as old as this"""
    session_window: timedelta = SESSION_WINDOW
    """an open session is active until it started this long ago"""
    idle_after: timedelta = IDLE_AFTER
    """or its latest event is as old as this: its own start, a start or an end of a run, a start of
    a tool use"""

    @property
    def text(self) -> str:
        """In UTC, with milliseconds and `Z`."""
        return utc_text(self.now, self.zone)

    @cached_property
    def running_since(self) -> str:
        """The canonical start after which a run in flight is running."""
        return self._ago(self.abandon_after)

    @cached_property
    def active_since(self) -> str:
        """The canonical start after which an open session may be active."""
        return self._ago(self.session_window)

    @cached_property
    def idle_since(self) -> str:
        """The canonical time after which it must have had an event for that."""
        return self._ago(self.idle_after)

    def ages(self, start_times: Iterable[str]) -> dict[str, int]:
        """Milliseconds since each of some canonical times; negative where it lies ahead."""
        return ages(start_times, self.now, self.zone)

    def _ago(self, age: timedelta) -> str:
        return canonical(cutoff(self.now, age, self.zone))
