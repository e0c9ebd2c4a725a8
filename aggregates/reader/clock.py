"""From moments to the wall clock of the source zone, and to canonical text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from aggregates.sessions.overlaps import milliseconds


def wall_clock(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """The naive time that a clock in the source zone shows; a naive moment is that already.

    A moment that lies before the year 1 there, or after 9999, is the first or the last one.
    """
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return datetime.min if moment.year == 1 else datetime.max


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
    return canonical(_utc(moment, zone)) + "Z"


def milliseconds_since(start_time: str, now: datetime, zone: tzinfo | None) -> int:
    """From a canonical time to now; negative where it lies ahead."""
    start = datetime.fromisoformat(start_time)
    try:
        # In UTC: Python subtracts times of one zone as their clock shows them.
        age = _utc(now, zone) - _utc(start, zone)
    except (OverflowError, ValueError):
        # The last hours of the year 9999, which a source row may hold, have no moment in UTC.
        age = wall_clock(now, zone) - start
    return age // timedelta(milliseconds=1)


def ages(start_times: Iterable[str], now: datetime, zone: tzinfo | None) -> dict[str, int]:
    """`milliseconds_since` by time; asks for the offset from UTC once an hour, not once a time."""
    until = milliseconds(utc_text(now, zone)[:-1])
    offsets: dict[str, int | None] = {}
    found = {}
    for start_time in start_times:
        hour = start_time[:13]
        if hour not in offsets:
            offsets[hour] = _offset_throughout(hour, zone)
        offset = offsets[hour]
        found[start_time] = (
            milliseconds_since(start_time, now, zone)
            if offset is None
            else until - milliseconds(start_time) + offset
        )
    return found


def _offset_throughout(hour: str, zone: tzinfo | None) -> int | None:
    """Milliseconds by which the zone is ahead of UTC in an hour; None where that changes in it."""
    begin = datetime.fromisoformat(f"{hour}:00")
    try:
        first, last = (
            wall - _utc(wall, zone)
            for wall in (begin, begin.replace(minute=59, second=59, microsecond=999_000))
        )
    except (OverflowError, ValueError):
        return None
    return first // timedelta(milliseconds=1) if first == last else None


def milliseconds_between(start_time: str, end_time: str) -> int:
    """From one canonical time to another, as their clock shows them."""
    elapsed = datetime.fromisoformat(end_time) - datetime.fromisoformat(start_time)
    return elapsed // timedelta(milliseconds=1)


def _utc(moment: datetime, zone: tzinfo | None) -> datetime:
    """The naive time in UTC."""
    if moment.tzinfo is None and zone:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).replace(tzinfo=None)
