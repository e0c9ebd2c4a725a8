"""Read the aggregate tables: pure functions of a connection.

Nothing here scans a table that grows with the history: the cost of a reading depends on the number
of agents, of tools, of hours or sessions asked for, and of what is open inside a window, not on the
number of rows ever written. Rows of the source tables are looked up by their keys: those of the
sessions that are shown, and the newest ones.

Times in the tables are naive wall-clock times of one zone, the *source zone*. A `datetime` that a
function takes is aware, or naive in the source zone; ``zone=None`` is the system's own zone.
Functions that run several queries are exact only inside one read transaction of the caller.
"""

from __future__ import annotations

from aggregates.reader.agents import (
    AgentStatistics,
    RunCount,
    RunGroup,
    agents,
    latest_start,
    run_counts,
)
from aggregates.reader.clock import wall_clock
from aggregates.reader.collection import Collection, collect, totals
from aggregates.reader.histograms import Percentiles, percentiles
from aggregates.reader.metrics import (
    BOUNDS_MS,
    AgentNow,
    Durations,
    Metrics,
    ToolGroup,
    metrics,
)
from aggregates.reader.moment import ABANDON_AFTER, IDLE_AFTER, SESSION_WINDOW, Moment
from aggregates.reader.runs import HourPoint, RunningRun, hourly, hourly_by_agent, running
from aggregates.reader.sessions import (
    LATEST,
    SessionStatistics,
    SessionTotals,
    active_count,
    sessions,
)
from aggregates.reader.timelines import Timeline, TimelineRun, TimelineToolUse, timeline, timelines
from aggregates.reader.tools import AgentTools, ToolStatistics, agent_tools, tools
from aggregates.reader.unreadable import UnreadableTimes, unreadable_times

__all__ = [
    "ABANDON_AFTER",
    "BOUNDS_MS",
    "IDLE_AFTER",
    "LATEST",
    "SESSION_WINDOW",
    "AgentNow",
    "AgentStatistics",
    "AgentTools",
    "Collection",
    "Durations",
    "HourPoint",
    "Metrics",
    "Moment",
    "Percentiles",
    "RunCount",
    "RunGroup",
    "RunningRun",
    "SessionStatistics",
    "SessionTotals",
    "Timeline",
    "TimelineRun",
    "TimelineToolUse",
    "ToolGroup",
    "ToolStatistics",
    "UnreadableTimes",
    "active_count",
    "agent_tools",
    "agents",
    "collect",
    "hourly",
    "hourly_by_agent",
    "latest_start",
    "metrics",
    "percentiles",
    "run_counts",
    "running",
    "sessions",
    "timeline",
    "timelines",
    "tools",
    "totals",
    "unreadable_times",
    "wall_clock",
]
