"""What a scrape of all metrics needs, at once: counts, and histograms of few exact bounds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.reader import queries
from aggregates.reader.agents import RunGroup, run_groups
from aggregates.reader.collection import totals
from aggregates.reader.histograms import integers
from aggregates.reader.meaning import meaning
from aggregates.reader.moment import Moment
from aggregates.reader.sessions import (
    LATEST,
    SessionStatistics,
    SessionTotals,
    active_count,
    session_totals,
    sessions,
)

BOUNDS_MS = tuple(
    round(1000 * seconds)
    for seconds in (*(0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400),)
)
"""Milliseconds; each is a bound of the stored histograms too, so that counts at them are exact."""


@dataclass(frozen=True, slots=True)
class AgentNow:
    """What is known of an agent beside its counts."""

    agent_name: str
    in_flight: int
    """started and not ended, abandoned ones too"""
    running: int
    """in flight, and younger than the abandon timeout"""
    last_start: str | None
    """canonical text in the source zone"""


@dataclass(frozen=True, slots=True)
class ToolGroup:
    """The uses, all-time, that have an agent, a tool and a status in common."""

    agent_name: str
    tool_name: str
    status: str
    uses: int
    succeeded: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class Durations:
    """A histogram of known durations, all-time."""

    key: tuple[str, ...]
    counts: tuple[int, ...]
    """how many lie in each bucket up to one of BOUNDS_MS, and how many beyond; not cumulative"""
    duration_ms_sum: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything that a scrape shows of agents, sessions and tools, from one snapshot."""

    at: str
    """moment of the reading, text in UTC with milliseconds and `Z`"""
    totals: dict[str, int]
    runs: tuple[RunGroup, ...]
    agents: tuple[AgentNow, ...]
    run_durations: tuple[Durations, ...]
    """by agent, phase and model"""
    session_totals: SessionTotals
    session_durations: tuple[Durations, ...]
    """of sessions that have ended, by first agent; as of the last round of `run`"""
    sessions: tuple[SessionStatistics, ...]
    """the latest by start, newest first"""
    tools: tuple[ToolGroup, ...]
    tool_durations: tuple[Durations, ...]
    """by agent and tool"""


def metrics(connection: Connection, moment: Moment, *, latest_sessions: int = LATEST) -> Metrics:
    """All of it. Call it inside one read transaction, so that the parts agree."""
    by_name = totals(connection)
    is_invocation = meaning(compiler_of(connection)).is_invocation
    return Metrics(
        at=moment.text,
        totals=by_name,
        runs=tuple(run_groups(connection)),
        agents=tuple(_agents(connection, moment)),
        run_durations=durations(
            connection,
            "agent_durations",
            ("agent_name", "phase", "model"),
            "runs",
            is_invocation,
        ),
        session_totals=session_totals(connection, by_name, active_count(connection, moment)),
        session_durations=durations(connection, "session_durations", ("first_agent",), "sessions"),
        sessions=tuple(sessions(connection, moment, latest_sessions) if latest_sessions else ()),
        tools=tuple(_tools(connection)),
        tool_durations=durations(connection, "tool_durations", ("agent_name", "tool_name"), "uses"),
    )


def durations(
    connection: Connection, table: str, key: Sequence[str], measure: str, condition: str = "1 = 1"
) -> tuple[Durations, ...]:
    """The histograms of a table at BOUNDS_MS, by key."""
    columns, width = ", ".join(key), len(key)
    words = compiler_of(connection)
    # One row a histogram, as for percentiles: hundreds of bounds take longer to fetch, or to fold.
    found = queries.rows(
        connection,
        f"SELECT {columns}, {words.joined('le_ms')}, {words.joined(measure)}, sum(duration_ms_sum)"
        f" FROM {table} WHERE {condition} GROUP BY {columns}",
    )
    return tuple(
        Durations(row[:width], counts, row[-1])
        for row in found
        if any(counts := _counts(row[width], row[width + 1]))
    )


@lru_cache(maxsize=4096)
def _counts(le_ms_text: str, counts_text: str) -> tuple[int, ...]:
    """Of one histogram as text. From one scrape to the next most of them have not changed."""
    counts = [0] * (len(BOUNDS_MS) + 1)
    pairs = zip(integers(le_ms_text), integers(counts_text), strict=True)
    for le_ms, count in pairs:
        counts[bisect_left(BOUNDS_MS, le_ms)] += count
    return tuple(counts)


def _agents(connection: Connection, moment: Moment) -> list[AgentNow]:
    found = queries.rows(
        connection,
        "SELECT agent_name, in_flight, coalesce(running, 0), last_start FROM agent_activity"
        " LEFT JOIN (SELECT agent_name, count(*) AS running FROM open_runs WHERE start_time > ?"
        " GROUP BY agent_name) USING (agent_name) WHERE invocations <> 0 ORDER BY agent_name",
        moment.running_since,
    )
    return [AgentNow(*row) for row in found]


def _tools(connection: Connection) -> list[ToolGroup]:
    means = meaning(compiler_of(connection))
    found = queries.rows(
        connection,
        f"SELECT agent_name, tool_name, status, uses, {means.succeeded}, {means.failed}"
        " FROM tool_stats WHERE uses <> 0 ORDER BY agent_name, tool_name, status",
    )
    return [ToolGroup(*(*row[:-2], *map(bool, row[-2:]))) for row in found]
