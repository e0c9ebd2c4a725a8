"""What the aggregates must hold, in plain Python: written from the specification alone."""

import math
import re
import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

Aggregates = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]

_RUN = ("invocations", "duration_count", "duration_ms_sum", "tokens_sum", "tool_calls_sum")
_STATS_KEY = ("event_type", "agent_name", "phase", "model", "status")

# name -> (key columns, measures)
CONTRACT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "agent_stats": (_STATS_KEY, _RUN),
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
}

_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})"
    r"(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(?:(Z)|([+-])([0-9]{2}):([0-9]{2}))?"
)
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
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    milliseconds = int(((fraction or "") + "000")[:3])
    offset = timedelta(0)
    if sign:
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


def _some(
    aggregate: dict[tuple[Any, ...], tuple[Any, ...]],
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {k: v for k, v in aggregate.items() if any(m not in (0, None) for m in v)}


def recompute(connection: sqlite3.Connection) -> Aggregates:
    """Every aggregate, computed from the source table."""
    with any_text(connection):
        rows = connection.execute(
            "SELECT id, timestamp, session_id, event_type, phase, agent_name, model, start_time,"
            " end_time, duration_seconds, status, raw_output FROM agent_invocations"
        ).fetchall()
        bounds = [
            le for (le,) in connection.execute("SELECT le_ms FROM duration_bounds ORDER BY le_ms")
        ]
    sums: dict[str, dict[tuple[Any, ...], list[int]]] = {name: {} for name in CONTRACT}
    starts: dict[str, list[str]] = defaultdict(list)
    sessions: dict[str, set[str]] = defaultdict(set)
    open_runs: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def add(name: str, key: tuple[Any, ...], *values: int) -> None:
        total = sums[name].setdefault(key, [0] * len(values))
        for position, value in enumerate(values):
            total[position] += value

    for row in rows:
        (id_, _, session_id, event_type, phase, agent_name, model) = row[:7]
        (start_time, end_time, seconds, status, output) = row[7:]
        event, agent, model_, session = map(dimension, (event_type, agent_name, model, session_id))
        phase_, status_ = dimension(phase), dimension(status)
        parsed = parse_time(start_time)
        start = canonical(parsed[0]) if parsed else ""
        duration = duration_ms(start_time, end_time, seconds)
        measures = (
            1,
            int(duration is not None),
            duration or 0,
            number_after("totalTokens", output),
            number_after("totalToolUseCount", output),
        )
        key = (event, agent, phase_, model_, status_)
        add("agent_stats", key, *measures)
        add("agent_hourly", (f"{start[:13]}:00:00" if start else "", *key), *measures)
        if duration is not None:
            le_ms = bounds[bisect_left(bounds, duration)]
            add("agent_durations", (event, agent, phase_, model_, le_ms), 1, duration)
            add("agent_durations_daily", (start[:10], event, agent, le_ms), 1, duration)
        if not is_invocation(event_type, agent_name):
            continue
        succeeded, failed = status == "completed", status in ("failed", "error")
        in_flight = bool(start) and end_time is None and not (succeeded or failed)
        add("agent_activity", (agent,), 1, int(succeeded), int(failed), int(in_flight))
        add("session_agents", (session, agent), 1)
        if start:
            starts[agent].append(start)
        if session:
            sessions[agent].add(session)
        if in_flight:
            open_runs[(id_,)] = (session, agent, phase_, start)

    result: Aggregates = {
        name: {key: tuple(values) for key, values in aggregate.items()}
        for name, aggregate in sums.items()
    }
    result["open_runs"] = open_runs
    result["agent_activity"] = {
        (agent,): (
            *counts[:4],
            len(sessions[agent]),
            min(starts[agent], default=None),
            max(starts[agent], default=None),
        )
        for (agent,), counts in result["agent_activity"].items()
    }
    return {name: _some(aggregate) for name, aggregate in result.items()}


def stored(connection: sqlite3.Connection) -> Aggregates:
    """Every aggregate, read from its table."""
    result: Aggregates = {}
    with any_text(connection):
        for name, (key, measures) in CONTRACT.items():
            rows = connection.execute(f"SELECT {', '.join(key + measures)} FROM {name}").fetchall()
            width = len(key)
            result[name] = _some({row[:width]: row[width:] for row in rows})
            assert len({row[:width] for row in rows}) == len(rows), f"{name}: a key twice"
    return result


def differences(found: Aggregates, right: Aggregates) -> list[str]:
    """One line for each key that differs."""
    return [
        f"{name} {key}: stored {found[name].get(key)}, right {right[name].get(key)}"
        for name in CONTRACT
        for key in sorted(found[name].keys() | right[name].keys(), key=repr)
        if not _same(found[name].get(key), right[name].get(key))
    ]


def _same(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> bool:
    """Equal, and of the same types: 1.0 is not 1."""
    return one == other and (
        one is None or other is None or list(map(type, one)) == list(map(type, other))
    )
