"""Drawings of a page, as SVG that stands in its HTML.

Places along the axis of time are percentages, so that a drawing is as wide as its place is while
its text keeps its size. Colours are classes: a strict policy of the page forbids styles of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

from markupsafe import Markup

from aggregates.reader import HourPoint, TimelineRun
from aggregates.render.text import clock, counted, duration, line, name
from aggregates.sessions.overlaps import milliseconds

_MILLISECOND = timedelta(milliseconds=1)
_BARS, _LANE, _AXIS = 96, 24, 20
"""Heights in pixels: of the bars, of one lane, of what is written along the axis."""
_SPARK = 20
_DATE, _DATE_ON_A_TELEPHONE = 5, 13
"""Per cent of the axis that a date takes."""
_NARROWEST = 0.6
"""Per cent of the axis that a run takes at least, so that it can be seen."""
_TICKS = 4
_ENDED_BADLY = ("failed", "error")


def load(hours: Sequence[HourPoint]) -> Markup:
    """The runs of each hour as a bar, those that failed on top of it."""
    top = max((hour.invocations for hour in hours), default=0)
    runs, failed = sum(one.invocations for one in hours), sum(one.failed for one in hours)
    said = f"Runs by the hour of their start: {runs:,} in all, {failed:,} of them failed"
    if top > 0:
        said += f", at most {top:,} in an hour"
    width = 100 / max(len(hours), 1)
    bars = (_bar(hour, at * width, width, top) for at, hour in enumerate(hours))
    return _svg("load", said, _BARS + _AXIS, [*_days(hours, width), *bars])


def sparkline(counts: Sequence[int], said: str) -> Markup:
    """A column for each count, scaled to the greatest of them."""
    top = max(counts, default=0)
    path = "".join(
        f"M{at} {_SPARK}v-{max(1, round(count * _SPARK / top))}h.8V{_SPARK}z"
        for at, count in enumerate(counts)
        if count > 0
    )
    return Markup(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 {} {}"'
        ' preserveAspectRatio="none"><path d="{}"/></svg>'
    ).format(said, len(counts), _SPARK, path)


@dataclass(frozen=True)
class Lane:
    """A run, and the line of a timeline that it lies in: no other one there overlaps it."""

    run: TimelineRun
    start: int
    """milliseconds, as `end` is; they are the same where no end is known"""
    end: int
    number: int


def lanes(runs: Iterable[TimelineRun]) -> list[Lane]:
    """Each run, by start, in the first lane that is free: there are as many as runs at once.

    Intervals are half open; a run whose end is not known, or of no length, counts as an instant.
    """
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    found: list[Lane] = []
    for run in runs:
        start = milliseconds(run.start_time)
        end = start + (run.duration_ms or 0)
        while busy and busy[0][0] <= start:
            heappush(free, heappop(busy)[1])
        number = heappop(free) if free else len(busy)
        heappush(busy, (max(end, start + 1), number))
        found.append(Lane(run, start, end, number))
    return found


def timeline(runs: Sequence[TimelineRun]) -> Markup:
    """The runs of a session on one axis of time, those side by side below each other."""
    found = lanes(runs)
    if not found:
        return Markup()
    depth = 1 + max(lane.number for lane in found)
    first, last = found[0].start, max(lane.end for lane in found)
    span = max(last - first, 1)
    begin, end = (_moment(found[0], at) for at in (first, last))
    said = (
        f"Timeline of {counted(len(runs), 'run')} from {clock(begin.isoformat())} to"
        f" {clock(end.isoformat())}, at most {depth:,} at once"
    )
    ticks = [_moment(found[0], first + span * tick // _TICKS) for tick in range(_TICKS + 1)]
    bars = (
        _run(
            lane,
            min(100 * (lane.start - first) / span, 100 - _NARROWEST),
            max(100 * (lane.end - lane.start) / span, _NARROWEST),
        )
        for lane in found
    )
    return _svg("timeline", said, depth * _LANE + _AXIS, [*_axis(ticks, depth * _LANE), *bars])


def _moment(lane: Lane, at: int) -> datetime:
    """What the clock shows then, by what it showed as a run began."""
    try:
        return datetime.fromisoformat(lane.run.start_time) + (at - lane.start) * _MILLISECOND
    except OverflowError:  # a run may begin in the last second of the year 9999
        return datetime.max


def outcome(run: TimelineRun) -> str:
    """What a run looks like: `running`, `failed`, `ok`, or `open` where no end of it is known."""
    if run.state == "running":
        return "running"
    if run.status in _ENDED_BADLY:
        return "failed"
    return "open" if run.duration_ms is None or run.state == "abandoned" else "ok"


def _run(lane: Lane, x: float, width: float) -> Markup:
    run, kind = lane.run, outcome(lane.run)
    mark = {"failed": "✕ ", "running": "▶ ", "open": "? "}.get(kind, "")
    said = (
        f"{line(run.agent_name) or 'unknown'}: {line(run.status) or 'unknown'},"
        f" {clock(run.start_time)}, {duration(run.duration_ms)}, {run.beside:,} beside it"
    )
    # In a drawing of its own, at whose edge the name is cut.
    return Markup(
        '<svg x="{:.2f}%" y="{}" width="{:.2f}%" height="{}" class="{}"><title>{}</title>'
        '<rect width="100%" height="100%" rx="3"/><text x="6" y="14">{}{}</text></svg>'
    ).format(x, lane.number * _LANE + 2, width, _LANE - 4, kind, said, mark, name(run.agent_name))


def _axis(ticks: Sequence[datetime], height: int) -> Iterator[Markup]:
    """Lines at even distances, and what the clock shows there."""
    pattern = "%H:%M:%S" if ticks[-1] - ticks[0] < timedelta(minutes=20) else "%H:%M"
    if ticks[-1].date() > ticks[0].date():
        pattern = "%m-%d %H:%M"
    for number, tick in enumerate(ticks):
        x = 100 * number / _TICKS
        anchor = {0: "start", _TICKS: "end"}.get(number, "middle")
        yield _line(x, height)
        said = _text(x, height + 15, f"{tick:{pattern}}", anchor)
        yield _minor(said) if number % 2 else said


def _days(hours: Sequence[HourPoint], width: float) -> Iterator[Markup]:
    """A line where a day begins, and its date."""
    for at, (before, hour) in enumerate(pairwise(hours), 1):
        if before.hour[:10] != hour.hour[:10]:
            yield _line(at * width, _BARS + _AXIS)
            said = _text(at * width, _BARS + 15, hour.hour[5:10], "start", dx=4)
            room = 100 - at * width
            if room >= _DATE:
                yield said if room >= _DATE_ON_A_TELEPHONE else _minor(said)


def _bar(hour: HourPoint, x: float, width: float, top: int) -> Markup:
    if hour.invocations <= 0:
        return Markup()
    whole = hour.invocations * _BARS / top
    failed = min(whole, max(0, hour.failed) * _BARS / top)
    return Markup("<g><title>{}</title>{}{}</g>").format(
        f"{clock(hour.hour)[:16]}: {counted(hour.invocations, 'run')}, {hour.failed:,} failed",
        _rect(x, width * 0.8, _BARS - whole + failed, whole - failed, "ok"),
        _rect(x, width * 0.8, _BARS - whole, failed, "failed") if failed else "",
    )


def _svg(kind: str, said: str, height: int, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg class="{}" role="img" aria-label="{}" width="100%" height="{}">{}</svg>'
    ).format(kind, said, height, Markup("").join(parts))


def _rect(x: float, width: float, y: float, height: float, kind: str) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.2f}%" width="{:.2f}%" y="{:.1f}" height="{:.1f}"/>'
    ).format(kind, x, width, y, height)


def _minor(part: Markup) -> Markup:
    """What a telephone has no room for."""
    return Markup('<g class="minor">{}</g>').format(part)


def _line(x: float, height: float) -> Markup:
    return Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="0" y2="{}"/>').format(x, x, height)


def _text(x: float, y: float, said: str, anchor: str, *, dx: int = 0) -> Markup:
    return Markup('<text x="{:.2f}%" dx="{}" y="{}" text-anchor="{}">{}</text>').format(
        x, dx, y, anchor, said
    )
