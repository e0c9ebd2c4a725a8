"""Everything that a collector shows, at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from aggregates.reader import queries
from aggregates.reader.agents import AgentStatistics, RunCount, all_time, run_counts
from aggregates.reader.moment import Moment
from aggregates.reader.runs import HourPoint, RunningRun, hourly, running
from aggregates.reader.sessions import (
    LATEST,
    SessionStatistics,
    SessionTotals,
    active_count,
    session_totals,
    sessions,
)
from aggregates.reader.tools import AgentTools, ToolStatistics, tools, tools_by_agent
from aggregates.reader.unreadable import UnreadableTimes, unreadable_times


@dataclass(frozen=True, slots=True)
class Collection:
    """Everything that a collector shows, from one snapshot."""

    at: str
    """moment of the collection, text in UTC with milliseconds and `Z`"""
    totals: dict[str, int]
    agents: tuple[AgentStatistics, ...]
    running: tuple[RunningRun, ...]
    hours: tuple[HourPoint, ...]
    """those of the source zone in the last 24 hours, the current one (still growing) included"""
    run_counts: tuple[RunCount, ...]
    """invocations by agent, phase, model and status"""
    session_totals: SessionTotals
    """what all sessions add up to"""
    sessions: tuple[SessionStatistics, ...]
    """the latest by start, newest first"""
    tools: tuple[ToolStatistics, ...]
    """each tool of each agent, all-time, most uses first, without percentiles"""
    agent_tools: tuple[AgentTools, ...]
    """all tools of each agent, all-time, most uses first"""
    unreadable_times: tuple[UnreadableTimes, ...] = ()
    """by source, where rows have times that do not parse"""


def totals(connection: Connection) -> dict[str, int]:
    """What would otherwise have to be counted over many rows, by name."""
    return dict(queries.rows(connection, "SELECT name, value FROM aggregate_totals ORDER BY name"))


def collect(connection: Connection, moment: Moment, *, latest_sessions: int = LATEST) -> Collection:
    """Everything at once. Call it inside one read transaction, so that the parts agree."""
    by_name = totals(connection)
    now_running = running(connection, moment)
    agents = all_time(connection, Counter(run.agent_name for run in now_running))
    of_tools = tools(connection, with_percentiles=False)
    invocations = {agent.agent_name: agent.invocations for agent in agents}
    return Collection(
        at=moment.text,
        totals=by_name,
        agents=tuple(agents),
        running=tuple(now_running),
        hours=tuple(
            hourly(connection, moment.now - timedelta(hours=23), moment.now, zone=moment.zone)
        ),
        run_counts=tuple(run_counts(connection)),
        session_totals=session_totals(connection, by_name, active_count(connection, moment)),
        sessions=tuple(sessions(connection, moment, latest_sessions)),
        tools=tuple(of_tools),
        agent_tools=tuple(tools_by_agent(of_tools, invocations)),
        unreadable_times=unreadable_times(connection, by_name),
    )
