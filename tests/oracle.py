"""What the aggregates must hold, in plain Python: written from the specification alone."""

import math
import re
import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

Aggregates = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]

_RUN = ("invocations", "duration_count", "duration_ms_sum", "tokens_sum", "tool_calls_sum")
_STATS_KEY = ("event_type", "agent_name", "phase", "model", "status")

# name -> (key columns, measures)
CONTRACT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "agent_stats": (_STATS_KEY, (*_RUN, "unreadable_times")),
    "agent_hourly": (("hour", *_STATS_KEY), _RUN),
    "agent_durations": (
        ("event_type", "agent_name", "phase", "model", "le_ms"),
        ("runs", "duration_ms_sum"),
    ),
    "agent_durations_daily": (
        ("day", "event_type", "agent_name", "le_ms"),
        ("runs", "duration_ms_sum"),
    ),
    "agent_activity": (
        ("agent_name",),
        (
            "invocations",
            "succeeded",
            "failed",
            "in_flight",
            "sessions",
            "first_start",
            "last_start",
        ),
    ),
    "open_runs": (("invocation_id",), ("session_id", "agent_name", "phase", "start_time")),
    "session_agents": (("session_id", "agent_name"), ("invocations",)),
    "session_phases": (("session_id", "phase"), ("invocations",)),
    "session_stats": (
        ("session_id",),
        (
            *("invocations", "succeeded", "failed", "in_flight", "duration_count"),
            *("duration_ms_sum", "agents", "phases", "first_start", "last_end"),
        ),
    ),
    "sessions_summary": (
        ("status",),
        ("sessions", "duration_count", "duration_ms_sum", "unreadable_times"),
    ),
    "tool_stats": (
        ("agent_name", "tool_name", "status"),
        ("uses", "duration_count", "duration_ms_sum", "unreadable_times"),
    ),
    "tool_durations": (("agent_name", "tool_name", "le_ms"), ("uses", "duration_ms_sum")),
    "aggregate_totals": (("name",), ("value",)),
    # Internal ones, from which readers answer in one short read.
    "_aggregates_agent_starts": (("invocation_id",), ("agent_name", "start_time")),
    "_aggregates_session_starts": (("invocation_id",), ("session_id", "start_time")),
    "_aggregates_session_ends": (("invocation_id",), ("session_id", "end_time")),
    "_aggregates_sessions_by_start": (("start_time", "session_id"), ("sessions",)),
    "_aggregates_open_sessions": (("start_time", "session_id"), ("sessions",)),
    "_aggregates_session_tool_uses": (("tool_use_id",), ("session_id", "start_time")),
}

_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})"
    r"(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_BLANKS = " \t\n\r"
_INTEGER = re.compile(r" *(0|[1-9][0-9]*)[,} \r\n]")
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_MS = 315_360_000_000
_LARGEST_COUNT = 10**12


def dimension(value: object) -> str:
    """One column of a key, as text."""
    if isinstance(value, str):
        return "" if "\0" in value else value
    return str(value) if isinstance(value, int) else ""


def parse_time(value: object) -> tuple[datetime, bool] | None:
    """The wall clock, or UTC where there is an offset, and whether there is one."""
    match = _TIME.fullmatch(value.strip(_BLANKS)) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    milliseconds = int(((fraction or "") + "000")[:3])
    offset = timedelta(0)
    if sign:
        minutes = minutes or "00"
        if int(hours) > 23 or int(minutes) > 59:
            return None
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    try:
        clock = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
        clock += milliseconds * _MILLISECOND
        return clock - offset, bool(utc or sign)
    except (ValueError, OverflowError):
        return None


def canonical(time: datetime) -> str:
    """Time as the aggregates show it."""
    return time.isoformat(timespec="milliseconds")


def canonical_or_empty(value: object) -> str:
    """A value as the aggregates show it, '' where it does not parse."""
    parsed = parse_time(value)
    return canonical(parsed[0]) if parsed else ""


def has_unreadable(*times: object) -> int:
    """1 where a time is there and does not parse, else 0."""
    return int(any(time is not None and parse_time(time) is None for time in times))


def duration_ms(start: object, end: object, seconds: object) -> int | None:
    """The duration of a row, or None where it is unknown."""
    first, last = parse_time(start), parse_time(end)
    if first and last and first[1] == last[1]:
        elapsed = (last[0] - first[0]) // _MILLISECOND
        if 0 <= elapsed <= _LONGEST_MS:
            return elapsed
    if isinstance(seconds, int | float) and math.isfinite(seconds) and 0 <= seconds < 1e12:
        elapsed = math.floor(seconds * 1000 + 0.5)
        if elapsed <= _LONGEST_MS:
            return elapsed
    return None


def number_after(key: str, text: object) -> int:
    """The integer literal after the first occurrence of a key, else 0."""
    if not isinstance(text, str):
        return 0
    _, found, rest = text.partition(f'"{key}":')
    match = _INTEGER.match(rest) if found else None
    if match is None:
        return 0
    digits = match.group(1)
    return int(digits) if len(digits) < 14 and int(digits) <= _LARGEST_COUNT else 0


def is_invocation(event_type: object, agent_name: object) -> bool:
    """Whether a row counts as an invocation."""
    return (
        event_type not in ("subagent_stop", "tool_tracking_start")
        and isinstance(agent_name, str)
        and agent_name not in ("", "unknown")
    )


@contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Text that is not UTF-8 is readable inside."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = before


def nonzero(
    aggregate: dict[tuple[Any, ...], tuple[Any, ...]],
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {k: v for k, v in aggregate.items() if any(m not in (0, None) for m in v)}


class _Tables:
    """Aggregates that are being added up."""

    def __init__(self) -> None:
        self.sums: dict[str, dict[tuple[Any, ...], list[int]]] = {name: {} for name in CONTRACT}

    def add(self, name: str, key: tuple[Any, ...], *values: int) -> None:
        """Add to the measures of a key."""
        total = self.sums[name].setdefault(key, [0] * len(values))
        for position, value in enumerate(values):
            total[position] += value

    def total(self, name: str, measure: str) -> int:
        """A measure, over all keys."""
        position = CONTRACT[name][1].index(measure)
        return sum(values[position] for values in self.sums[name].values())


def recompute(connection: sqlite3.Connection) -> Aggregates:
    """Every aggregate, computed from the source tables."""
    bounds = [
        le for (le,) in connection.execute("SELECT le_ms FROM duration_bounds ORDER BY le_ms")
    ]
    tables = _Tables()
    with any_text(connection):
        result = {
            **_of_invocations(connection, tables, bounds),
            **_of_sessions(connection, tables),
            **_of_tool_uses(connection, tables, bounds),
        }
    for name, sums in tables.sums.items():
        if name not in result:
            result[name] = {key: tuple(values) for key, values in sums.items()}
    result["aggregate_totals"] = {
        ("invocations",): (tables.total("agent_activity", "invocations"),),
        ("succeeded",): (tables.total("agent_activity", "succeeded"),),
        ("failed",): (tables.total("agent_activity", "failed"),),
        ("in_flight",): (tables.total("agent_activity", "in_flight"),),
        ("agents",): (len(tables.sums["agent_activity"]),),
        ("session_agent_pairs",): (len([key for key in result["session_agents"] if key[0]]),),
        ("rows",): (tables.total("agent_stats", "invocations"),),
        ("durations",): (tables.total("agent_stats", "duration_count"),),
        ("sessions",): (len([key for key in result["session_stats"] if key != ("",)]),),
        ("session_rows",): (tables.total("sessions_summary", "sessions"),),
        ("tool_uses",): (tables.total("tool_stats", "uses"),),
        ("unreadable_run_times",): (tables.total("agent_stats", "unreadable_times"),),
        ("unreadable_session_times",): (tables.total("sessions_summary", "unreadable_times"),),
        ("unreadable_tool_times",): (tables.total("tool_stats", "unreadable_times"),),
    }
    return {name: nonzero(result[name]) for name in CONTRACT}


def _of_invocations(
    connection: sqlite3.Connection, tables: _Tables, bounds: list[int]
) -> Aggregates:
    """Aggregates of agent_invocations: their sums, and what else there is."""
    rows = connection.execute(
        "SELECT id, session_id, event_type, phase, agent_name, model, start_time, end_time,"
        " duration_seconds, status, raw_output FROM agent_invocations"
    )
    starts: dict[str, list[str]] = defaultdict(list)
    first_starts: dict[str, list[str]] = defaultdict(list)
    last_ends: dict[str, list[str]] = defaultdict(list)
    sessions: dict[str, set[str]] = defaultdict(set)
    agents: dict[str, set[str]] = defaultdict(set)
    phases: dict[str, set[str]] = defaultdict(set)
    listed: Aggregates = {
        name: {}
        for name in (
            *("open_runs", "_aggregates_agent_starts"),
            *("_aggregates_session_starts", "_aggregates_session_ends"),
        )
    }
    for row in rows:
        (id_, session_id, event_type, phase, agent_name, model) = row[:6]
        (start_time, end_time, seconds, status, output) = row[6:]
        event, agent, model_, session = map(dimension, (event_type, agent_name, model, session_id))
        phase_, status_ = dimension(phase), dimension(status)
        start, end = canonical_or_empty(start_time), canonical_or_empty(end_time)
        duration = duration_ms(start_time, end_time, seconds)
        known = (int(duration is not None), duration or 0)
        measures = (
            *(1, *known),
            number_after("totalTokens", output),
            number_after("totalToolUseCount", output),
        )
        key = (event, agent, phase_, model_, status_)
        tables.add("agent_stats", key, *measures, has_unreadable(start_time, end_time))
        tables.add("agent_hourly", (f"{start[:13]}:00:00" if start else "", *key), *measures)
        le_ms = bounds[bisect_left(bounds, duration)] if duration is not None else None
        if duration is not None:
            tables.add("agent_durations", (event, agent, phase_, model_, le_ms), 1, duration)
            tables.add("agent_durations_daily", (start[:10], event, agent, le_ms), 1, duration)
        if not is_invocation(event_type, agent_name):
            continue
        outcome = (int(status == "completed"), int(status in ("failed", "error")))
        in_flight = bool(start) and end_time is None and not any(outcome)
        tables.add("agent_activity", (agent,), 1, *outcome, int(in_flight))
        tables.add("session_stats", (session,), 1, *outcome, int(in_flight), *known)
        tables.add("session_agents", (session, agent), 1)
        tables.add("session_phases", (session, phase_), 1)
        agents[session] |= {agent} - {""}
        phases[session] |= {phase_} - {""}
        sessions[agent] |= {session} - {""}
        if start:
            starts[agent].append(start)
            first_starts[session].append(start)
            listed["_aggregates_agent_starts"][(id_,)] = (agent, start)
            listed["_aggregates_session_starts"][(id_,)] = (session, start)
        if end:
            last_ends[session].append(end)
            listed["_aggregates_session_ends"][(id_,)] = (session, end)
        if in_flight:
            listed["open_runs"][(id_,)] = (session, agent, phase_, start)
    activity = {
        (agent,): (
            *counts,
            len(sessions[agent]),
            min(starts[agent], default=None),
            max(starts[agent], default=None),
        )
        for (agent,), counts in tables.sums["agent_activity"].items()
    }
    stats = {
        (session,): (
            *counts,
            len(agents[session]),
            len(phases[session]),
            min(first_starts[session], default=None),
            max(last_ends[session], default=None),
        )
        for (session,), counts in tables.sums["session_stats"].items()
    }
    return {**listed, "agent_activity": activity, "session_stats": stats}


def _of_sessions(connection: sqlite3.Connection, tables: _Tables) -> Aggregates:
    """Aggregates of the table sessions, which are all sums."""
    for session_id, start_time, end_time, status in connection.execute(
        "SELECT session_id, start_time, end_time, status FROM sessions"
    ):
        duration = duration_ms(start_time, end_time, None)
        known = (int(duration is not None), duration or 0)
        odd = has_unreadable(start_time, end_time)
        tables.add("sessions_summary", (dimension(status),), 1, *known, odd)
        if start := canonical_or_empty(start_time):
            key = (start, dimension(session_id))
            tables.add("_aggregates_sessions_by_start", key, 1)
            if end_time is None and status not in ("completed", "failed", "error"):
                tables.add("_aggregates_open_sessions", key, 1)
    return {}


def _of_tool_uses(connection: sqlite3.Connection, tables: _Tables, bounds: list[int]) -> Aggregates:
    """Aggregates of agent_tool_uses: their sums, and the uses by session and start."""
    listed = {}
    for id_, session_id, agent_name, tool_name, *times, status in connection.execute(
        "SELECT id, session_id, agent_name, tool_name, start_time, end_time, duration_seconds,"
        " status FROM agent_tool_uses"
    ):
        key = (dimension(agent_name), dimension(tool_name))
        duration = duration_ms(*times)
        known = (int(duration is not None), duration or 0)
        odd = has_unreadable(*times[:2])
        tables.add("tool_stats", (*key, dimension(status)), 1, *known, odd)
        if duration is not None:
            le_ms = bounds[bisect_left(bounds, duration)]
            tables.add("tool_durations", (*key, le_ms), 1, duration)
        if start := canonical_or_empty(times[0]):
            listed[(id_,)] = (dimension(session_id), start)
    return {"_aggregates_session_tool_uses": listed}


def stored(connection: sqlite3.Connection, names: Iterable[str] = CONTRACT) -> Aggregates:
    """Every aggregate, or only some, read from their tables."""
    result: Aggregates = {}
    with any_text(connection):
        for name in names:
            key, measures = CONTRACT[name]
            rows = connection.execute(f"SELECT {', '.join(key + measures)} FROM {name}").fetchall()
            width = len(key)
            result[name] = nonzero({row[:width]: row[width:] for row in rows})
            assert len({row[:width] for row in rows}) == len(rows), f"{name}: a key twice"
    return result


def differences(found: Aggregates, right: Aggregates) -> list[str]:
    """One line for each key that differs, of the tables that were found."""
    return [
        f"{name} {key}: stored {found[name].get(key)}, right {right[name].get(key)}"
        for name in found
        for key in sorted(found[name].keys() | right[name].keys(), key=repr)
        if not _same(found[name].get(key), right[name].get(key))
    ]


def _same(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> bool:
    """Equal, and of the same types: 1.0 is not 1."""
    return one == other and (
        one is None or other is None or list(map(type, one)) == list(map(type, other))
    )
