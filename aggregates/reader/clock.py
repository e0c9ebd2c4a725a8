"""From moments to the wall clock of the source zone, and to canonical text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

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


def cutoff(now: datetime, age: timedelta, zone: tzinfo | None) -> datetime:
    """The wall-clock time that lies `age` before now."""
    # Subtracted before it becomes wall-clock time, so that a change of clocks makes no difference.
    return wall_clock(now - age, zone)


def hour_of(wall: datetime) -> datetime:
    """The beginning of the hour that holds a time."""
    return wall.replace(minute=0, second=0, microsecond=0)


def minutes_of_hours(hours: Iterable[datetime], zone: tzinfo | None) -> dict[datetime, int]:
    """How long each hour of the wall clock lasted, by its beginning.

    60 minutes, but where clocks changed: 120 for an hour that was there twice, 0 for one that they
    left out, and 30 or 90 where they change by half an hour.
    """
    days: dict[date, set[timedelta]] = {}
    found = {}
    for hour in hours:
        day = hour.date()
        if day not in days:
            days[day] = _offsets_around(day, zone)
        found[hour] = 60 if len(days[day]) == 1 else _minutes_of(hour, days[day], zone)
    return found


def _offsets_around(day: date, zone: tzinfo | None) -> set[timedelta]:
    """What the zone is ahead of UTC by, before and after all that a day there may hold."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    try:
        return {_offset_at(noon + timedelta(hours=hours), zone) for hours in (-36, 36)}
    except OverflowError:  # the first days of the year 1, and the last ones of 9999
        return {timedelta(0)}


def _minutes_of(hour: datetime, offsets: set[timedelta], zone: tzinfo | None) -> int:
    """For how many minutes the wall clock showed an hour, with whichever offset."""
    begins = [hour.replace(tzinfo=UTC) - offset for offset in offsets]
    return sum(
        _offset_at(begin + timedelta(minutes=minute), zone) == offset
        for begin, offset in zip(begins, offsets, strict=True)
        for minute in range(60)
    )


def _offset_at(moment: datetime, zone: tzinfo | None) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


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
