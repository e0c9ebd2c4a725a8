"""The columns of every table, those that tell most with the lowest rank."""

from __future__ import annotations

from aggregates.reader import (
    AgentStatistics,
    AgentTools,
    HourPoint,
    RunningRun,
    SessionStatistics,
    ToolStatistics,
)
from aggregates.render.grids import Column
from aggregates.render.text import clock, duration, name, rate

AGENTS: list[Column[AgentStatistics]] = [
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("runs", lambda one: f"{one.invocations:,}"),
    Column("succeeded", lambda one: f"{one.succeeded:,}", rank=5),
    Column("failed", lambda one: f"{one.failed:,}", rank=4),
    Column("success", lambda one: rate(one.success_rate)),
    Column("running", lambda one: f"{one.running:,}", rank=1),
    Column("abandoned", lambda one: f"{one.abandoned:,}", rank=5),
    Column("mean", lambda one: duration(one.mean_duration_ms), rank=6),
    Column("p50", lambda one: duration(one.p50_ms), rank=2),
    Column("p90", lambda one: duration(one.p90_ms), rank=7),
    Column("p95", lambda one: duration(one.p95_ms), rank=1),
    Column("p99", lambda one: duration(one.p99_ms), rank=7),
    Column("tokens", lambda one: f"{one.tokens:,}", rank=3),
    Column("tool calls", lambda one: f"{one.tool_calls:,}", rank=6),
    Column("last start", lambda one: clock(one.last_start), rank=6),
]

RUNNING: list[Column[RunningRun]] = [
    Column("run", lambda one: str(one.invocation_id), rank=2),
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("phase", lambda one: name(one.phase), is_text=True, rank=1),
    Column("session", lambda one: name(one.session_id), is_text=True, rank=3),
    Column("started", lambda one: clock(one.start_time), rank=4),
    Column("since", lambda one: duration(one.age_ms)),
]

HOURS: list[Column[HourPoint]] = [
    Column("hour", lambda one: _hour(one), is_text=True),
    Column("runs", lambda one: f"{one.invocations:,}"),
    Column("succeeded", lambda one: f"{one.succeeded:,}", rank=1),
    Column("failed", lambda one: f"{one.failed:,}"),
    Column(
        "mean",
        lambda one: duration(
            one.duration_ms_sum / one.duration_count if one.duration_count else None
        ),
        rank=1,
    ),
    Column("tokens", lambda one: f"{one.tokens:,}", rank=2),
    Column("tool calls", lambda one: f"{one.tool_calls:,}", rank=3),
]

SESSIONS: list[Column[SessionStatistics]] = [
    Column("session", lambda one: name(one.short_id), is_text=True),
    Column("state", lambda one: one.state, is_text=True),
    Column("status", lambda one: name(one.status), is_text=True, rank=6),
    Column("started", lambda one: clock(one.began), rank=1),
    Column("ended", lambda one: clock(one.end_time), rank=5),
    Column("elapsed", lambda one: duration(one.elapsed_ms), rank=1),
    Column("runs", lambda one: f"{one.invocations:,}"),
    Column("succeeded", lambda one: f"{one.succeeded:,}", rank=5),
    Column("failed", lambda one: f"{one.failed:,}", rank=3),
    Column("in flight", lambda one: f"{one.in_flight:,}", rank=4),
    Column("success", lambda one: rate(one.success_rate), rank=2),
    Column("agents", lambda one: f"{one.agents:,}", rank=2),
    Column("phases", lambda one: f"{one.phases:,}", rank=4),
    Column("time of runs", lambda one: duration(one.duration_ms_sum), rank=3),
    Column(
        "at once", lambda one: "-" if one.max_parallel is None else f"{one.max_parallel:,}", rank=4
    ),
    Column("idle", lambda one: duration(one.idle_ms), rank=5),
    Column("efficiency", lambda one: rate(one.efficiency), rank=5),
]

TOOLS: list[Column[ToolStatistics]] = [
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("tool", lambda one: name(one.tool_name), is_text=True),
    Column("uses", lambda one: f"{one.uses:,}"),
    Column("succeeded", lambda one: f"{one.succeeded:,}", rank=4),
    Column("failed", lambda one: f"{one.failed:,}", rank=3),
    Column("success", lambda one: rate(one.success_rate)),
    Column("mean", lambda one: duration(one.mean_duration_ms), rank=4),
    Column("p50", lambda one: duration(one.p50_ms), rank=2),
    Column("p95", lambda one: duration(one.p95_ms), rank=1),
]

AGENT_TOOLS: list[Column[AgentTools]] = [
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("tools", lambda one: f"{one.tools:,}"),
    Column("uses", lambda one: f"{one.uses:,}"),
    Column("runs", lambda one: f"{one.invocations:,}", rank=2),
    Column("uses a run", lambda one: _number(one.uses_per_invocation), rank=1),
    Column("primary tool", lambda one: name(one.primary_tool or "-"), is_text=True, rank=1),
    Column("its uses", lambda one: f"{one.primary_tool_uses:,}", rank=3),
]


def _hour(point: HourPoint) -> str:
    """The hour, with how long it lasted where clocks changed in it."""
    shown = point.hour.replace("T", " ")[:16]
    return shown if point.minutes == 60 else f"{shown} ({point.minutes} min)"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
