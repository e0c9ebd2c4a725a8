"""Statistics of tools: of each tool of an agent, and of all tools of each agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.reader import queries
from aggregates.reader.histograms import Percentiles, percentiles_by
from aggregates.reader.meaning import meaning

_UNKNOWN = Percentiles()


@dataclass(frozen=True, slots=True)
class ToolStatistics:
    """How an agent used a tool, all-time.

    Durations are in milliseconds and of every use whose duration is known, failed ones too.
    """

    agent_name: str
    tool_name: str
    uses: int
    succeeded: int
    failed: int
    ended: int
    """succeeded + failed: the denominator of `success_rate`"""
    success_rate: float | None
    """succeeded / ended, from 0 to 1; None where nothing ended"""
    duration_count: int
    """uses whose duration is known"""
    duration_ms_sum: int
    """milliseconds, over `duration_count` uses"""
    mean_duration_ms: float | None
    p50_ms: float | None
    """None in a collection, which does not read the histograms of all tools"""
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class AgentTools:
    """The tools of an agent that has used one, all-time."""

    agent_name: str
    tools: int
    """distinct tools; one without a name is not counted"""
    uses: int
    """of all tools"""
    invocations: int
    """of the agent: the denominator of `uses_per_invocation`"""
    uses_per_invocation: float | None
    """uses / invocations; None where there is no invocation"""
    primary_tool: str | None
    """the tool with most uses, of several the first by name; None where none has a name"""
    primary_tool_uses: int


def tools(
    connection: Connection, *, agent: str | None = None, with_percentiles: bool = True
) -> list[ToolStatistics]:
    """Each tool of each agent, or of one, most uses first."""
    condition, parameters = ("", ()) if agent is None else (" WHERE agent_name = ?", (agent,))
    histograms = (
        {}
        if not with_percentiles
        else percentiles_by(
            connection,
            ("agent_name", "tool_name"),
            "SELECT agent_name, tool_name, le_ms, uses AS runs, duration_ms_sum"
            f" FROM tool_durations{condition}",
            *parameters,
        )
    )
    counted = queries.rows(
        connection,
        "SELECT agent_name, tool_name, sum(uses),"
        f" {meaning(compiler_of(connection)).outcomes('uses')},"
        f" sum(duration_count), sum(duration_ms_sum) FROM tool_stats{condition}"
        # A key whose every measure is zero is a leftover, and is not shown.
        " GROUP BY agent_name, tool_name HAVING sum(uses) <> 0 ORDER BY 3 DESC, 1, 2",
        *parameters,
    )
    return [_statistics(row, histograms.get(row[:2], _UNKNOWN)) for row in counted]


def agent_tools(connection: Connection, *, agent: str | None = None) -> list[AgentTools]:
    """The tools of each agent, or of one, most uses first."""
    invocations: dict[str, int] = dict(
        queries.rows(connection, "SELECT agent_name, invocations FROM agent_activity")
    )
    return tools_by_agent(tools(connection, agent=agent), invocations)


def tools_by_agent(
    of: Iterable[ToolStatistics], invocations: Mapping[str, int]
) -> list[AgentTools]:
    """What the statistics of tools say of each agent, given the invocations of agents by name."""
    by_agent: dict[str, list[ToolStatistics]] = {}
    for one in of:
        by_agent.setdefault(one.agent_name, []).append(one)
    found = [_tools_of(name, some, invocations.get(name, 0)) for name, some in by_agent.items()]
    return sorted(found, key=lambda one: (-one.uses, one.agent_name))


def _tools_of(agent_name: str, some: list[ToolStatistics], invocations: int) -> AgentTools:
    named = [one for one in some if one.tool_name]
    primary = min(named, key=lambda one: (-one.uses, one.tool_name), default=None)
    uses = sum(one.uses for one in some)
    return AgentTools(
        agent_name=agent_name,
        tools=len(named),
        uses=uses,
        invocations=invocations,
        uses_per_invocation=uses / invocations if invocations else None,
        primary_tool=primary.tool_name if primary else None,
        primary_tool_uses=primary.uses if primary else 0,
    )


def _statistics(row: queries.Row, percentile: Percentiles) -> ToolStatistics:
    agent_name, tool_name, uses, succeeded, failed, duration_count, duration_ms_sum = row
    ended = succeeded + failed
    return ToolStatistics(
        agent_name=agent_name,
        tool_name=tool_name,
        uses=uses,
        succeeded=succeeded,
        failed=failed,
        ended=ended,
        success_rate=succeeded / ended if ended else None,
        duration_count=duration_count,
        duration_ms_sum=duration_ms_sum,
        mean_duration_ms=duration_ms_sum / duration_count if duration_count else None,
        p50_ms=percentile.p50_ms,
        p95_ms=percentile.p95_ms,
    )
