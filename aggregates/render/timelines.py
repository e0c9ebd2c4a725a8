"""A session as a picture: one line a run, and where on the axis of time it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from aggregates.reader import SessionStatistics, Timeline, TimelineRun, TimelineToolUse
from aggregates.render.grids import Column, drawn, fitted, markdown
from aggregates.render.text import clock, counted, duration, line, name, rate

_NARROWEST_AXIS = 20
_WIDEST_AXIS = 100
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class _Event:
    """What runs and tool uses have in common."""

    key: int
    what: str
    phase: str
    status: str
    state: str
    start_time: str
    duration_ms: int | None
    beside: int | None

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.start_time)


_COLUMNS: list[Column[_Event]] = [
    Column("id", lambda one: str(one.key), rank=5),
    Column("agent, or tool of one", lambda one: one.what, is_text=True),
    Column("phase", lambda one: one.phase, is_text=True, rank=2),
    Column("status", lambda one: name(one.status), is_text=True, rank=3),
    Column("start", lambda one: clock(one.start_time)[11:], rank=4),
    Column("duration", lambda one: _duration(one), rank=1),
    Column("beside", lambda one: "" if one.beside is None else f"{one.beside:,}", rank=3),
]


def show_timeline(out: Console, timeline: Timeline, limit: int | None = None) -> None:
    """What the session is, and its latest runs and tool uses on one axis of time."""
    for text in _heading(timeline.session):
        out.print(text)
    runs, uses = _events(timeline, limit)
    if not runs and not uses:
        out.print("nothing in it has a start")
        return
    axis_width = max(_NARROWEST_AXIS, out.width * 2 // 5)
    columns, cells = fitted(_COLUMNS, [*runs, *uses], out.width - axis_width - 3)
    taken = sum(
        max(map(cell_len, [column.heading, *(row[place] for row in cells)])) + 3
        for place, column in enumerate(columns)
    )
    width = max(_NARROWEST_AXIS, min(_WIDEST_AXIS, out.width - taken - 4))
    axis = _Axis([*runs, *uses], width, ascii_only=out.options.ascii_only)
    table = drawn(columns, [])
    table.add_column(Text(axis.heading), no_wrap=True)
    for event, row in zip([*runs, *uses], cells, strict=True):
        table.add_row(*row, axis.bar(event))
        if event is (runs or uses)[-1] and uses:
            table.add_row()
    out.print(table)
    hidden = len(timeline.runs) + len(timeline.tool_uses) - len(runs) - len(uses)
    if hidden > 0:
        out.print(f"and {hidden:,} before them")


def timeline_markdown(timeline: Timeline, limit: int | None = None) -> str:
    """The same as Markdown, without the picture."""
    runs, uses = _events(timeline, limit)
    return "\n".join([*_heading(timeline.session), "", markdown(_COLUMNS, [*runs, *uses])])


def _events(timeline: Timeline, limit: int | None) -> tuple[list[_Event], list[_Event]]:
    first = 0 if limit is None else -limit
    return (
        [_of_run(one) for one in timeline.runs[first:]],
        [_of_tool_use(one) for one in timeline.tool_uses[first:]],
    )


def _of_run(run: TimelineRun) -> _Event:
    return _Event(
        key=run.invocation_id,
        what=name(run.agent_name),
        phase=name(run.phase),
        status=run.status,
        state=run.state,
        start_time=run.start_time,
        duration_ms=run.duration_ms,
        beside=run.beside,
    )


def _of_tool_use(use: TimelineToolUse) -> _Event:
    return _Event(
        key=use.tool_use_id,
        what=f"{name(use.tool_name)} ({name(use.agent_name)})",
        phase="",
        status=use.status,
        state="ended",
        start_time=use.start_time,
        duration_ms=use.duration_ms,
        beside=None,
    )


def _heading(session: SessionStatistics) -> list[str]:
    times = f"since {clock(session.began)}"
    if session.end_time is not None:
        times = f"{clock(session.start_time)} to {clock(session.end_time)}"
    return [
        f"session {line(session.session_id) or 'unknown'}: {session.state},"
        f" status {name(session.status)}",
        f"{times}, {duration(session.elapsed_ms)}; latest event {clock(session.last_event)}",
        f"{counted(session.invocations, 'run')}: {session.succeeded:,} succeeded,"
        f" {session.failed:,} failed, {session.in_flight:,} in flight,"
        f" success {rate(session.success_rate)};"
        f" {counted(session.agents, 'agent')}, {counted(session.phases, 'phase')},"
        f" {duration(session.duration_ms_sum)} of runs",
    ]


def _duration(event: _Event) -> str:
    if event.state == "running":
        return f"{duration(event.duration_ms)}…"
    return "abandoned" if event.state == "abandoned" else duration(event.duration_ms)


class _Axis:
    """From times to places in a line of some characters."""

    def __init__(self, events: Sequence[_Event], width: int, *, ascii_only: bool) -> None:
        self._width = width
        self._first = min(event.start for event in events)
        last = max(event.start + (event.duration_ms or 0) * _MILLISECOND for event in events)
        self._span = max(last - self._first, _MILLISECOND)
        self._full, self._open, self._instant = "=>?" if ascii_only else "█▶·"
        begin, end = (f"{time:%H:%M:%S}" for time in (self._first, last))
        if last.date() > self._first.date():
            begin, end = (f"{time:%m-%d %H:%M}"[:11] for time in (self._first, last))
        self.heading = f"{begin}{end:>{width - len(begin)}}"

    def bar(self, event: _Event) -> Text:
        """Blanks, then one character for each part of the axis that the event touches."""
        begin = event.start - self._first
        end = begin + (event.duration_ms or 0) * _MILLISECOND
        left = min(self._width - 1, begin * self._width // self._span)
        right = max(left + 1, -(-end * self._width // self._span))
        bar = self._full * (right - left)
        style = "red" if event.status in ("failed", "error") else "cyan"
        if event.duration_ms is None:
            bar, style = self._instant, "yellow"
        elif event.state == "running":
            bar, style = bar[:-1] + self._open, "green"
        return Text(" " * left + bar, style=style)
