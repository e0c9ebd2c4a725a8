"""A collection on a screen: what matters now first, and no more than fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from rich.console import Console, Group, RenderableType

from aggregates.reader import Collection, HourPoint, latest_start
from aggregates.render.grids import Column, Row, table
from aggregates.render.tables import AGENT_TOOLS, AGENTS, RUNNING, SESSIONS
from aggregates.render.text import clock, counted, line, rate, sparkline, unreadable_lines

_MOST_ROWS = {"running": 10, "agents": 20, "sessions": 10, "tools": 10}
"""Of each list, those that matter most first."""
_FEWEST_ROWS = 3
_LINES_ROUND_A_LIST = 5
_SHORTEST_LINE, _WIDTH_OF_A_LEGEND = 24, 50
"""Of the runs of hours, each with a character of its own while there is room for that."""


def show_collection(out: Console, collection: Collection) -> None:
    """Totals, the last 24 hours, what is running, agents, the latest sessions, agents' tools."""
    out.print(Group(*_parts(out, collection, _MOST_ROWS)))


def screen(out: Console, collection: Collection, note: str | None = None) -> RenderableType:
    """The same below a note, if any, cut so that it fits on a terminal of the console's height."""
    notes = [] if note is None else [line(note)]
    wanted = {
        "running": len(collection.running),
        "agents": len(collection.agents),
        "sessions": len(collection.sessions),
        "tools": len(collection.agent_tools),
    }
    free = out.height - len(out.render_lines(Group(*notes, *_summary(out, collection))))
    given = dict.fromkeys(wanted, 0)
    for what, rows in wanted.items():
        fewest = min(rows, _FEWEST_ROWS)
        if fewest and fewest + _LINES_ROUND_A_LIST <= free:
            given[what] = fewest
            free -= fewest + _LINES_ROUND_A_LIST
    for what, rows in given.items():
        if rows:
            more = min(free, min(wanted[what], _MOST_ROWS[what]) - rows)
            given[what] += more
            free -= more
    return Group(*notes, *_parts(out, collection, given))


def show_load(out: Console, hours: Sequence[HourPoint], last_start: str | None) -> None:
    """The runs of each hour, and the greatest of them; where there is none, when the last was."""
    out.print(_load(out, hours, last_start))


def _parts(
    out: Console, collection: Collection, at_most: dict[str, int]
) -> Iterator[RenderableType]:
    yield from _summary(out, collection)
    yield from _list(out, RUNNING, collection.running, at_most["running"], "running")
    yield from _list(out, AGENTS, collection.agents, at_most["agents"], "agents")
    yield from _list(out, SESSIONS, collection.sessions, at_most["sessions"], "sessions")
    yield from _list(
        out, AGENT_TOOLS, collection.agent_tools, at_most["tools"], "agents with tools"
    )


def _summary(out: Console, collection: Collection) -> Iterator[str]:
    totals, sessions = collection.totals, collection.session_totals
    succeeded, failed = totals.get("succeeded", 0), totals.get("failed", 0)
    ended = succeeded + failed
    yield (
        f"{collection.at}  {counted(totals.get('invocations', 0), 'run')} of"
        f" {counted(totals.get('agents', 0), 'agent')}, {len(collection.running):,} running;"
        f" {ended:,} ended, {rate(succeeded / ended if ended else None)} of them well"
    )
    per_session = sessions.agents_per_session
    yield (
        f"{counted(sessions.sessions, 'session')} with runs, {sessions.active:,} active;"
        f" {'-' if per_session is None else f'{per_session:.1f}'} agents a session;"
        f" {counted(totals.get('tool_uses', 0), 'use')} of tools"
    )
    yield _load(out, collection.hours, latest_start(collection.agents))
    yield from unreadable_lines(collection.unreadable_times)


def _list(
    out: Console, columns: Sequence[Column[Row]], rows: Sequence[Row], at_most: int, what: str
) -> Iterator[RenderableType]:
    if not at_most or not rows:
        return
    yield table(columns, rows[:at_most], out.width)
    if len(rows) > at_most:
        yield f"and {len(rows) - at_most:,} more {what}"


def _load(out: Console, hours: Sequence[HourPoint], last_start: str | None) -> str:
    counts = [hour.invocations for hour in hours]
    span = f"last {sum(hour.minutes for hour in hours) / 60:,.10g} h"
    if not any(counts):
        last = "none has a start" if last_start is None else f"the last was at {clock(last_start)}"
        return f"no run started in the {span}: {last}"
    room = max(_SHORTEST_LINE, out.width - _WIDTH_OF_A_LEGEND)
    size = ceil(len(counts) / room)
    first = len(counts) % size or size
    counts = [sum(counts[:first])] + [
        sum(counts[start : start + size]) for start in range(first, len(counts), size)
    ]
    drawn = sparkline(counts, ascii_only=out.options.ascii_only)
    each = "an hour" if size == 1 else f"in {size} h"
    return f"|{drawn}| runs {each}, {span}, at most {max(counts):,}"
