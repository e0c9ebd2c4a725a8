"""The definitions that ship: the one file to edit to add an aggregate."""

from __future__ import annotations

from sqlalchemy import func, literal, or_

from aggregates.model.constructs import day_of, flag
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Cluster,
    Dimension,
    DistinctCount,
    Extreme,
    Filter,
    Latest,
    Listing,
    Measure,
    Pending,
    Total,
)
from aggregates.model.sources import (
    UNREADABLE_TIMES,
    agent_invocations,
    agent_tool_uses,
    sessions,
)
from aggregates.model.views import views

_STARTS = "_aggregates_agent_starts"
_SESSION_STARTS = "_aggregates_session_starts"
_SESSION_ENDS = "_aggregates_session_ends"

# What a run changes of its agent lies on one page, and so does what it changes of its session.
BY_AGENT = Cluster("_aggregates_by_agent", "agent_name", has_few_keys=True)
BY_SESSION = Cluster("_aggregates_by_session", "session_id")


def _bounds() -> tuple[int, ...]:
    """Geometric, ratio 1.04 at most, from 10 ms to 24 h; Prometheus' bounds; and no limit."""
    bounds = {1000 * s for s in (1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)}
    bounds |= {100, 500, 86_400_000, 2**63 - 1}
    bound = 10
    while bound < 86_400_000:
        bounds.add(bound)
        bound = max(bound + 1, bound * 104 // 100)
    return tuple(sorted(bounds))


_fact = agent_invocations.fact


EVENT_TYPE = Dimension("event_type", _fact("event"), "kind of row")
AGENT_NAME = Dimension("agent_name", _fact("agent"), "name of the agent")
PHASE = Dimension("phase", _fact("phase_name"), "phase of the workflow")
MODEL = Dimension("model", _fact("model_name"), "model or service tier")
STATUS = Dimension("status", _fact("status_name"), "status of the row")
SESSION = Dimension("session_id", _fact("session"), "session of the run")
HOUR = Dimension("hour", _fact("hour"), "hour of the start: 2026-10-01T09:00:00")
DAY = Dimension("day", day_of(_fact("start")), "day of the start: 2026-10-01")
LE_MS = Dimension(
    "le_ms", _fact("le_ms"), "upper bound of the bucket, in milliseconds, inclusive", "INTEGER"
)
ID = Dimension("invocation_id", _fact("invocation_id"), "id of the row", "INTEGER")
START = Dimension("start_time", _fact("start"), "start in canonical text")


_one = literal(1)
_runs = (
    Measure("invocations", _one, "rows"),
    Measure("duration_count", flag(_fact("duration_ms").is_not(None)), "with a known duration"),
    Measure("duration_ms_sum", func.coalesce(_fact("duration_ms"), 0), "milliseconds, where known"),
    Measure("tokens_sum", _fact("token_count"), "tokens"),
    Measure("tool_calls_sum", _fact("tool_call_count"), "tool calls"),
)
_unreadable = Measure(
    "unreadable_times",
    flag(or_(_fact("unreadable_start"), _fact("unreadable_end"))),
    "with a start or an end that is there and does not parse",
)
_histogram = (
    Measure("runs", _one, "rows whose duration lies in the bucket"),
    Measure("duration_ms_sum", _fact("duration_ms"), "sum of their durations, in milliseconds"),
)
_invocations = Filter("invocations", _fact("is_invocation"), "invocations only")
_known = Filter("known", _fact("duration_ms").is_not(None), "rows with a known duration")
_started = Filter(
    "started", _fact("start").is_not(None), "invocations whose start parses", _invocations
)
_in_flight = Filter(
    "in_flight", _fact("in_flight"), "invocations that have started and not ended", _invocations
)
_with_end = Filter(
    "with_end", _fact("end").is_not(None), "invocations whose end parses", _invocations
)
_runs_there = (Measure("invocations", _one, "1 where the run is there"),)

agent_stats = Aggregate(
    name="agent_stats",
    source=agent_invocations,
    dimensions=(EVENT_TYPE, AGENT_NAME, PHASE, MODEL, STATUS),
    measures=(*_runs, _unreadable),
    description="all rows, all-time",
)

agent_hourly = Aggregate(
    name="agent_hourly",
    source=agent_invocations,
    dimensions=(HOUR, EVENT_TYPE, AGENT_NAME, PHASE, MODEL, STATUS),
    measures=_runs,
    description="all rows by the hour of their start; '' where it does not parse",
)

agent_durations = Aggregate(
    name="agent_durations",
    source=agent_invocations,
    # By agent, so that its percentiles are one range.
    dimensions=(AGENT_NAME, LE_MS, EVENT_TYPE, PHASE, MODEL),
    measures=_histogram,
    filter=_known,
    description="histogram of known durations, all-time; buckets are not cumulative",
)

agent_durations_daily = Aggregate(
    name="agent_durations_daily",
    source=agent_invocations,
    dimensions=(DAY, EVENT_TYPE, AGENT_NAME, LE_MS),
    measures=_histogram,
    filter=_known,
    description="histogram of known durations by the day of the start; '' where it does not parse",
)

agent_activity = Aggregate(
    name="agent_activity",
    source=agent_invocations,
    dimensions=(AGENT_NAME,),
    measures=(
        Measure("invocations", _one, "invocations"),
        Measure("succeeded", _fact("succeeded"), "that succeeded"),
        Measure("failed", _fact("failed"), "that failed"),
        Measure("in_flight", _fact("in_flight"), "that started and have not ended"),
    ),
    filter=_invocations,
    distinct_counts=(
        DistinctCount("sessions", "session_agents", "session_id", "distinct sessions, '' left out"),
    ),
    extremes=(
        Extreme("first_start", "min", _STARTS, "start_time", "earliest start"),
        Extreme("last_start", "max", _STARTS, "start_time", "latest start"),
    ),
    latest=(Latest("updated_at", "updated_at", "TEXT", "when a row of the key last changed, UTC"),),
    description="what each agent did, all-time",
    cluster=BY_AGENT,
    part=1,
)

session_agents = Aggregate(
    name="session_agents",
    source=agent_invocations,
    dimensions=(SESSION, AGENT_NAME),
    measures=(Measure("invocations", _one, "invocations of the agent in the session"),),
    filter=_invocations,
    description="reference counts behind agent_activity.sessions",
    cluster=BY_SESSION,
    part=1,
)

open_runs = Listing(
    name="open_runs",
    source=agent_invocations,
    # By time, so that those that are not abandoned are found without reading the others.
    dimensions=(START, ID),
    attributes=(SESSION, AGENT_NAME, PHASE),
    filter=_in_flight,
    description="invocations that have started and not ended, abandoned ones included",
)

agent_starts = Aggregate(
    name=_STARTS,
    source=agent_invocations,
    dimensions=(AGENT_NAME, START, ID),
    measures=_runs_there,
    filter=_started,
    description="starts of each agent by time, behind first_start and last_start",
    cluster=BY_AGENT,
    # Before the agent itself, which so lies beside its latest start.
    part=0,
)

session_phases = Aggregate(
    name="session_phases",
    source=agent_invocations,
    dimensions=(SESSION, PHASE),
    measures=(Measure("invocations", _one, "invocations of the phase in the session"),),
    filter=_invocations,
    description="reference counts behind session_stats.phases",
    cluster=BY_SESSION,
    part=2,
)

session_stats = Aggregate(
    name="session_stats",
    source=agent_invocations,
    dimensions=(SESSION,),
    measures=(
        *agent_activity.measures,
        *(one for one in _runs if one.name in ("duration_count", "duration_ms_sum")),
    ),
    filter=_invocations,
    distinct_counts=(
        DistinctCount("agents", "session_agents", "agent_name", "distinct agents", False),
        DistinctCount("phases", "session_phases", "phase", "distinct phases, '' left out", False),
    ),
    extremes=(
        Extreme("first_start", "min", _SESSION_STARTS, "start_time", "earliest start"),
        Extreme("last_end", "max", _SESSION_ENDS, "end_time", "latest end"),
    ),
    latest=(
        Latest("changed_seq", "seq", "INTEGER", "newest entry of the change log about a run of it"),
    ),
    pending=(
        Pending(
            "first_agent",
            "_aggregates_session_derived",
            "TEXT",
            "agent of the earliest start; NULL or of an earlier state while pending",
        ),
    ),
    description="the invocations of each session, all-time",
    cluster=BY_SESSION,
    part=0,
)

session_starts = Aggregate(
    name=_SESSION_STARTS,
    source=agent_invocations,
    dimensions=(SESSION, START, ID),
    measures=_runs_there,
    filter=_started,
    description="starts of each session by time, behind first_start and timelines",
    cluster=BY_SESSION,
    part=3,
)

session_ends = Aggregate(
    name=_SESSION_ENDS,
    source=agent_invocations,
    dimensions=(SESSION, Dimension("end_time", _fact("end"), "end in canonical text"), ID),
    measures=_runs_there,
    filter=_with_end,
    description="ends of each session by time, behind last_end",
    cluster=BY_SESSION,
    part=4,
)

session_totals = Aggregate(
    name="_aggregates_session_totals",
    source=agent_invocations,
    dimensions=(Dimension("agent_name", literal(""), "'': of all agents"),),
    measures=(),
    distinct_counts=(
        DistinctCount("sessions", "session_stats", "session_id", "sessions, '' left out"),
    ),
    filter=_invocations,
    description="what would be counted over many sessions",
    cluster=BY_AGENT,
    part=2,
)

sessions_summary = Aggregate(
    name="sessions_summary",
    source=sessions,
    dimensions=(STATUS,),
    measures=(
        Measure("sessions", _one, "rows of the table sessions"),
        *(one for one in _runs if one.name in ("duration_count", "duration_ms_sum")),
        _unreadable,
    ),
    description="sessions by status, with the durations from their own start to their own end",
)

sessions_by_start = Aggregate(
    name="_aggregates_sessions_by_start",
    source=sessions,
    dimensions=(START, SESSION),
    measures=(Measure("sessions", _one, "rows"),),
    filter=Filter("started", sessions.fact("start").is_not(None), "whose start parses"),
    description="sessions by their start, for the latest ones in one short read",
)

open_sessions = Aggregate(
    name="_aggregates_open_sessions",
    source=sessions,
    dimensions=(START, SESSION),
    measures=(Measure("sessions", _one, "rows"),),
    filter=Filter("open", sessions.fact("is_open"), "that have started and not ended"),
    description="sessions that have started and not ended, by their start",
)

TOOL = Dimension("tool_name", agent_tool_uses.fact("tool"), "name of the tool")
USE_ID = Dimension("tool_use_id", agent_tool_uses.fact("tool_use_id"), "id of the row", "INTEGER")

tool_stats = Aggregate(
    name="tool_stats",
    source=agent_tool_uses,
    dimensions=(AGENT_NAME, TOOL, STATUS),
    measures=(
        Measure("uses", _one, "rows"),
        *(one for one in _runs if one.name in ("duration_count", "duration_ms_sum")),
        _unreadable,
    ),
    description="uses of tools by agent, all-time",
)

tool_durations = Aggregate(
    name="tool_durations",
    source=agent_tool_uses,
    dimensions=(AGENT_NAME, TOOL, LE_MS),
    measures=(
        Measure("uses", _one, "uses whose duration lies in the bucket"),
        _histogram[1],
    ),
    filter=_known,
    description="histogram of known durations of tool uses, all-time; buckets are not cumulative",
)

session_tool_uses = Listing(
    name="_aggregates_session_tool_uses",
    source=agent_tool_uses,
    dimensions=(SESSION, START, USE_ID),
    filter=Filter("started", agent_tool_uses.fact("start").is_not(None), "whose start parses"),
    description="tool uses of each session by time, behind timelines",
)

catalogue = Catalogue(
    definitions=(
        agent_stats,
        agent_hourly,
        agent_durations,
        agent_durations_daily,
        agent_activity,
        session_agents,
        open_runs,
        agent_starts,
        session_phases,
        session_stats,
        session_starts,
        session_ends,
        session_totals,
        sessions_summary,
        sessions_by_start,
        open_sessions,
        tool_stats,
        tool_durations,
        session_tool_uses,
    ),
    totals=(
        Total("invocations", "agent_activity", "invocations, all-time", "invocations"),
        Total("succeeded", "agent_activity", "invocations that succeeded", "succeeded"),
        Total("failed", "agent_activity", "invocations that failed", "failed"),
        Total("in_flight", "agent_activity", "invocations not ended", "in_flight"),
        Total("agents", "agent_activity", "agents with an invocation"),
        Total("session_agent_pairs", "agent_activity", "agents of all sessions", "sessions"),
        Total("rows", "agent_stats", "rows of every kind", "invocations"),
        Total("durations", "agent_stats", "rows with a known duration", "duration_count"),
        Total("sessions", "_aggregates_session_totals", "sessions with an invocation", "sessions"),
        Total("session_rows", "sessions_summary", "rows of the table sessions", "sessions"),
        Total("tool_uses", "tool_stats", "uses of tools", "uses"),
        *(
            Total(
                name,
                aggregate.name,
                f"rows of {aggregate.source.name} with a start or an end that does not parse",
                _unreadable.name,
            )
            for name, source in UNREADABLE_TIMES.items()
            for aggregate in (agent_stats, sessions_summary, tool_stats)
            if aggregate.source is source
        ),
    ),
    bounds=_bounds(),
    views=views,
)
