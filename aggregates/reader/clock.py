"""From moments to the wall clock of the source zone, and to canonical text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def wall_clock(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """The naive time that a clock in the source zone shows; a naive moment is that already."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(zone).replace(tzinfo=None)


def cutoff(now: datetime | None, age: timedelta, zone: tzinfo | None) -> datetime:
    """The wall-clock time that lies `age` before now."""
    # Subtracted before it becomes wall-clock time, so that a change of clocks makes no difference.
    return wall_clock((now or datetime.now(UTC)) - age, zone)


def hour_of(wall: datetime) -> datetime:
    """The beginning of the hour that holds a time."""
    return wall.replace(minute=0, second=0, microsecond=0)


def canonical(wall: datetime) -> str:
    """As the tables hold it: `2026-10-01T09:57:33.551`."""
    return wall.isoformat(timespec="milliseconds")


def utc_text(moment: datetime, zone: tzinfo | None) -> str:
    """Text in UTC with milliseconds and `Z`."""
    utc = _aware(moment, zone).astimezone(UTC)
    return canonical(utc.replace(tzinfo=None)) + "Z"


def milliseconds_since(start_time: str, now: datetime, zone: tzinfo | None) -> int:
    """From a canonical time to now; negative where it lies ahead."""
    start = datetime.fromisoformat(start_time)
    try:
        age = _aware(now, zone) - _aware(start, zone)
    except (OverflowError, ValueError):
        # The last hours of the year 9999, which a source row may hold, have no moment in UTC.
        age = wall_clock(now, zone) - start
    return age // timedelta(milliseconds=1)


def milliseconds_between(start_time: str, end_time: str) -> int:
    """From one canonical time to another, as their clock shows them."""
    elapsed = datetime.fromisoformat(end_time) - datetime.fromisoformat(start_time)
    return elapsed // timedelta(milliseconds=1)


def _aware(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone) if zone else moment.astimezone()
