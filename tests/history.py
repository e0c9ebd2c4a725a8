"""The rows that hooks write, as plain Python: what views and examples are compared with."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from oracle import any_text, canonical, dimension, duration_ms, is_invocation, parse_time
from oracle import number_after as number_after

_Row = TypeVar("_Row")
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Work:
    """A run of an agent, or the use of a tool."""

    session: str
    agent: str
    name: str
    """the phase, or the tool"""
    status: str
    start: str
    """canonical text; '' where it does not parse"""
    end: str
    duration_ms: int | None
    tokens: int = 0
    tool_calls: int = 0
    is_in_flight: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.status == "completed"

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.status in ("failed", "error")


def invocations(connection: sqlite3.Connection) -> list[Work]:
    """The rows of `agent_invocations` that count as invocations."""
    with any_text(connection):
        rows = connection.execute(
            "SELECT event_type, session_id, agent_name, phase, status, start_time, end_time,"
            " duration_seconds, raw_output FROM agent_invocations"
        ).fetchall()
    found = []
    for event, session, agent, phase, status, start, end, seconds, output in rows:
        if not is_invocation(event, agent) or dimension(agent) == "":
            continue
        ended = status in ("completed", "failed", "error")
        found.append(
            Work(
                *map(dimension, (session, agent, phase, status)),
                *map(_time, (start, end)),
                duration_ms(start, end, seconds),
                number_after("totalTokens", output),
                number_after("totalToolUseCount", output),
                bool(_time(start)) and end is None and not ended,
            )
        )
    return found


def tool_uses(connection: sqlite3.Connection) -> list[Work]:
    """The rows of `agent_tool_uses`."""
    with any_text(connection):
        rows = connection.execute(
            "SELECT session_id, agent_name, tool_name, status, start_time, end_time,"
            " duration_seconds FROM agent_tool_uses"
        ).fetchall()
    return [
        Work(*map(dimension, row[:4]), *map(_time, row[4:6]), duration_ms(*row[4:7]))
        for row in rows
    ]


def _time(value: object) -> str:
    parsed = parse_time(value)
    return canonical(parsed[0]) if parsed else ""


def grouped(rows: Iterable[_Row], key: Callable[[_Row], _Key]) -> dict[_Key, list[_Row]]:
    """The rows by key."""
    found: dict[_Key, list[_Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def durations(rows: Iterable[Work]) -> list[int]:
    """Those that are known, in order."""
    return sorted(row.duration_ms for row in rows if row.duration_ms is not None)


def mean_seconds(rows: Iterable[Work]) -> float | None:
    """Of the known durations."""
    known = durations(rows)
    return sum(known) / len(known) / 1000 if known else None


def success_rate(rows: Sequence[Work]) -> float | None:
    """Of what has ended."""
    ended = sum(row.succeeded or row.failed for row in rows)
    return sum(row.succeeded for row in rows) / ended if ended else None


def nearest_rank(known: Sequence[int], percent: int) -> float | None:
    """The exact percentile, in milliseconds; below 10 ms and above 24 h the mean of all there."""
    if not known:
        return None
    exact = known[ceil(len(known) * percent / 100) - 1]
    if 10 < exact <= 86_400_000:
        return exact
    end = [one for one in known if (one <= 10) == (exact <= 10) and not 10 < one <= 86_400_000]
    return sum(end) / len(end)


def is_close(seconds: float | None, right_ms: float | None) -> bool:
    """Whether an estimate of a percentile, rounded to four places, is as good as is promised."""
    if seconds is None or right_ms is None:
        return seconds is right_ms
    return abs(seconds * 1000 - right_ms) <= 0.02 * right_ms + 0.051
