"""The definitions that ship: the one file to edit to add an aggregate."""

from __future__ import annotations

from sqlalchemy import and_, case, column, func, literal, or_

from aggregates.constructs import (
    canonical_time,
    day_of,
    elapsed_ms,
    first_within,
    has_offset,
    hour_of,
    is_name,
    key_text,
    lowest_bound,
    seconds_to_ms,
)
from aggregates.definition import (
    Aggregate,
    Catalogue,
    Dimension,
    DistinctCount,
    Expression,
    Extracted,
    Extreme,
    Fact,
    Filter,
    Listing,
    Measure,
    Source,
    Total,
    Tracked,
)

NOT_INVOCATIONS = ("subagent_stop", "tool_tracking_start")
SUCCEEDED = ("completed",)
FAILED = ("failed", "error")
_STARTS = "_aggregates_agent_starts"
LONGEST_MS = 315_360_000_000  # 3,650 days


def _bounds() -> tuple[int, ...]:
    """Geometric, ratio 1.04 at most, from 10 ms to 24 h; Prometheus' bounds; and no limit."""
    bounds = {1000 * s for s in (1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)}
    bounds |= {100, 500, 86_400_000, 2**63 - 1}
    bound = 10
    while bound < 86_400_000:
        bounds.add(bound)
        bound = max(bound + 1, bound * 104 // 100)
    return tuple(sorted(bounds))


def _flag(condition: Expression) -> Expression:
    """1 where the condition holds, else 0."""
    return case((condition, 1), else_=0)


def _raw(name: str) -> Expression:
    """A column of a row image, or an earlier fact."""
    return column(name)


def _is_one_of(name: str, words: tuple[str, ...]) -> Expression:
    """Whether a column of the image is one of the words; false, not NULL, where it is NULL."""
    return or_(*(func.coalesce(_raw(name), "") == word for word in words))


agent_invocations = Source(
    name="agent_invocations",
    key="id",
    log="agent_invocation_changes",
    log_key="invocation_id",
    required=("agent_name",),
    tracked=(
        Tracked("timestamp", "when the hook wrote the row", "TIMESTAMP"),
        Tracked("session_id", "session of the run"),
        Tracked("event_type", "kind of row: a run, or a marker that is not one"),
        Tracked("phase", "phase of the workflow"),
        Tracked("agent_name", "name of the agent"),
        Tracked("model", "model, or service tier, of the run"),
        Tracked("start_time", "start of the run", "TIMESTAMP"),
        Tracked("end_time", "end of the run", "TIMESTAMP"),
        Tracked("duration_seconds", "duration as the hook measured it", "REAL"),
        Tracked("status", "started, completed, failed, error, or the writer's own word"),
    ),
    extracted=(
        Extracted("tokens", "raw_output", "totalTokens", "tokens, out of raw_output"),
        Extracted("tool_calls", "raw_output", "totalToolUseCount", "tool calls, out of raw_output"),
    ),
    facts=(
        Fact(
            "is_invocation",
            and_(
                is_name(_raw("agent_name")),
                ~_is_one_of("event_type", NOT_INVOCATIONS),
            ),
            "whether the row counts as an invocation",
        ),
        Fact("session", key_text(_raw("session_id")), "session_id as text"),
        Fact("event", key_text(_raw("event_type")), "event_type as text"),
        Fact("agent", key_text(_raw("agent_name")), "agent_name as text"),
        Fact("phase_name", key_text(_raw("phase")), "phase as text"),
        Fact("model_name", key_text(_raw("model")), "model as text"),
        Fact("status_name", key_text(_raw("status")), "status as text"),
        Fact("token_count", _raw("tokens"), "tokens"),
        Fact("tool_call_count", _raw("tool_calls"), "tool calls"),
        Fact("start", canonical_time(_raw("start_time")), "start in canonical text"),
        Fact("end", canonical_time(_raw("end_time")), "end in canonical text"),
        Fact(
            "duration_ms",
            first_within(
                LONGEST_MS,
                case(
                    (
                        has_offset(_raw("start_time")) == has_offset(_raw("end_time")),
                        elapsed_ms(_raw("start"), _raw("end")),
                    )
                ),
                seconds_to_ms(_raw("duration_seconds")),
            ),
            "milliseconds from start to end, both with or both without an offset; else as the hook"
            " measured it; NULL where it is unknown",
        ),
        Fact("succeeded", _flag(_is_one_of("status", SUCCEEDED)), "whether the run succeeded"),
        Fact("failed", _flag(_is_one_of("status", FAILED)), "whether the run failed"),
        Fact(
            "in_flight",
            and_(
                _raw("start").is_not(None),
                _raw("end_time").is_(None),
                ~_is_one_of("status", (*SUCCEEDED, *FAILED)),
            ),
            "whether the run has started and not ended",
        ),
        Fact("le_ms", lowest_bound(_raw("duration_ms")), "bucket of the duration"),
    ),
    description="one row a run of an agent, and markers, written by the agents' hooks",
)

_fact = agent_invocations.fact


EVENT_TYPE = Dimension("event_type", _fact("event"), "kind of row")
AGENT_NAME = Dimension("agent_name", _fact("agent"), "name of the agent")
PHASE = Dimension("phase", _fact("phase_name"), "phase of the workflow")
MODEL = Dimension("model", _fact("model_name"), "model or service tier")
STATUS = Dimension("status", _fact("status_name"), "status of the row")
SESSION = Dimension("session_id", _fact("session"), "session of the run")
HOUR = Dimension("hour", hour_of(_fact("start")), "hour of the start: 2026-10-01T09:00:00")
DAY = Dimension("day", day_of(_fact("start")), "day of the start: 2026-10-01")
LE_MS = Dimension(
    "le_ms", _fact("le_ms"), "upper bound of the bucket, in milliseconds, inclusive", "INTEGER"
)
ID = Dimension("invocation_id", _fact("invocation_id"), "id of the row", "INTEGER")
START = Dimension("start_time", _fact("start"), "start in canonical text")


_one = literal(1)
_runs = (
    Measure("invocations", _one, "rows"),
    Measure("duration_count", _flag(_fact("duration_ms").is_not(None)), "with a known duration"),
    Measure("duration_ms_sum", func.coalesce(_fact("duration_ms"), 0), "milliseconds, where known"),
    Measure("tokens_sum", _fact("token_count"), "tokens"),
    Measure("tool_calls_sum", _fact("tool_call_count"), "tool calls"),
)
_histogram = (
    Measure("runs", _one, "rows whose duration lies in the bucket"),
    Measure("duration_ms_sum", _fact("duration_ms"), "sum of their durations, in milliseconds"),
)
_invocations = Filter("invocations", _fact("is_invocation"), "invocations only")
_known = Filter("known", _fact("duration_ms").is_not(None), "rows with a known duration")
_known_invocations = Filter(
    "known_invocations",
    and_(_fact("is_invocation"), _fact("duration_ms").is_not(None)),
    "invocations with a known duration",
)
_started = Filter(
    "started",
    and_(_fact("is_invocation"), _fact("start").is_not(None)),
    "invocations whose start parses",
)
_in_flight = Filter(
    "in_flight",
    and_(_fact("is_invocation"), _fact("in_flight")),
    "invocations that have started and not ended",
)

agent_stats = Aggregate(
    name="agent_stats",
    source=agent_invocations,
    dimensions=(EVENT_TYPE, AGENT_NAME, PHASE, MODEL, STATUS),
    measures=_runs,
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
    dimensions=(EVENT_TYPE, AGENT_NAME, PHASE, MODEL, LE_MS),
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

agent_percentiles = Aggregate(
    name="_aggregates_agent_percentiles",
    source=agent_invocations,
    dimensions=(AGENT_NAME, LE_MS),
    measures=_histogram,
    filter=_known_invocations,
    description="histogram of an agent's invocations, for percentiles in one short read",
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
        Extreme("first_start", "min", _STARTS, "start_time", "start", "earliest start"),
        Extreme("last_start", "max", _STARTS, "start_time", "start", "latest start"),
    ),
    touched="updated_at",
    description="what each agent did, all-time",
)

session_agents = Aggregate(
    name="session_agents",
    source=agent_invocations,
    dimensions=(SESSION, AGENT_NAME),
    measures=(Measure("invocations", _one, "invocations of the agent in the session"),),
    filter=_invocations,
    description="reference counts behind agent_activity.sessions",
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

agent_starts = Listing(
    name=_STARTS,
    source=agent_invocations,
    dimensions=(AGENT_NAME, START, ID),
    filter=_started,
    description="starts of each agent by time, behind first_start and last_start",
)

catalogue = Catalogue(
    definitions=(
        agent_stats,
        agent_hourly,
        agent_durations,
        agent_durations_daily,
        agent_percentiles,
        agent_activity,
        session_agents,
        open_runs,
        agent_starts,
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
    ),
    bounds=_bounds(),
)
