"""The tables that others write, and what a row of each means."""

from __future__ import annotations

from sqlalchemy import and_, case, column, literal, literal_column, null, or_

from aggregates.model.constructs import (
    canonical_time,
    elapsed_ms,
    first_within,
    flag,
    hour_of,
    is_name,
    key_text,
    lowest_bound,
    same_clock,
    seconds_to_ms,
)
from aggregates.model.definition import Begun, Expression, Extracted, Fact, Source, Tracked

NOT_NAMES = ("", "unknown")
NOT_INVOCATIONS = ("subagent_stop", "tool_tracking_start")
SUCCEEDED = ("completed",)
FAILED = ("failed", "error")
LONGEST_MS = 315_360_000_000  # 3,650 days


def _raw(name: str) -> Expression:
    """A column of a row image, or an earlier fact."""
    return column(name)


def _word(text: str) -> Expression:
    """A text where SQLAlchemy would not write it out: `IS DISTINCT FROM` in SQLite's dialect."""
    return literal_column(f"'{text}'")


def _is_one_of(text: Expression, words: tuple[str, ...]) -> Expression:
    """Whether a text that is not NULL is one of the words."""
    return or_(*(text == word for word in words))


_SAME_CLOCK = Fact(
    "is_same_clock",
    same_clock(_raw("start_time"), _raw("end_time")),
    "whether start and end both carry an offset, or neither does",
    is_internal=True,
)
_HAS_NO_END = Fact(
    "has_no_end", _raw("end_time").is_(None), "whether end_time is NULL", is_internal=True
)
_HAS_NO_START = Fact(
    "has_no_start", _raw("start_time").is_(None), "whether start_time is NULL", is_internal=True
)
_IS_THERE = (_HAS_NO_START, _HAS_NO_END)
_UNREADABLE = (
    Fact(
        "unreadable_start",
        and_(_raw("start").is_(None), ~_raw("has_no_start")),
        "whether start_time is there and is no time",
    ),
    Fact(
        "unreadable_end",
        and_(_raw("end").is_(None), ~_raw("has_no_end")),
        "whether end_time is there and is no time",
    ),
)
_MEASURED = Fact(
    "measured_ms",
    seconds_to_ms(_raw("duration_seconds")),
    "the duration as the hook measured it",
    is_internal=True,
)


def _duration(measured: Expression) -> Fact:
    """Where `start`, `end` and `is_same_clock` are facts before it."""
    # Half of all writes are of a run that has no end yet.
    is_known = and_(_raw("is_same_clock"), _raw("end").is_not(None))
    elapsed = case((is_known, elapsed_ms(_raw("start"), _raw("end"))))
    return Fact(
        "duration_ms",
        first_within(LONGEST_MS, elapsed, measured),
        "milliseconds from start to end, both with or both without an offset; else as the hook"
        " measured it, where it does; NULL where it is unknown",
    )


_START = Fact("start", canonical_time(_raw("start_time")), "start in canonical text")
_END = Fact("end", canonical_time(_raw("end_time")), "end in canonical text")
_SESSION = Fact("session", key_text(_raw("session_id")), "session_id as text")
_AGENT = Fact("agent", key_text(_raw("agent_name")), "agent_name as text")
_STATUS = Fact("status_name", key_text(_raw("status")), "status as text")
_HOUR = Fact("hour", hour_of(_raw("start")), "hour of the start: 2026-10-01T09:00:00, else ''")
_LE_MS = Fact("le_ms", lowest_bound(_raw("duration_ms")), "bucket of the duration")
_IS_OPEN = and_(
    _raw("start").is_not(None),
    _raw("has_no_end"),
    ~_is_one_of(_raw("status_name"), (*SUCCEEDED, *FAILED)),
)
_SUCCEEDED = flag(_is_one_of(_raw("status_name"), SUCCEEDED))
_FAILED = flag(_is_one_of(_raw("status_name"), FAILED))
_IS_INVOCATION = and_(
    is_name(_raw("agent_name")),
    *(_raw("event_type").is_distinct_from(_word(kind)) for kind in NOT_INVOCATIONS),
)

MEANING: dict[str, Expression] = {
    "is_invocation": and_(
        *(_raw("agent_name") != text for text in NOT_NAMES),
        *(_raw("event_type") != text for text in NOT_INVOCATIONS),
    ),
    "succeeded": flag(_is_one_of(_raw("status"), SUCCEEDED)),
    "failed": flag(_raw("status").in_(FAILED)),
}
"""What the facts of these names are, over columns of an aggregate's key, which are never NULL."""

agent_invocations = Source(
    name="agent_invocations",
    short_name="run",
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
            _IS_INVOCATION,
            "whether the row counts as an invocation",
        ),
        _SESSION,
        Fact("event", key_text(_raw("event_type")), "event_type as text"),
        _AGENT,
        Fact("phase_name", key_text(_raw("phase")), "phase as text"),
        Fact("model_name", key_text(_raw("model")), "model as text"),
        _STATUS,
        Fact("token_count", _raw("tokens"), "tokens"),
        Fact("tool_call_count", _raw("tool_calls"), "tool calls"),
        _START,
        _END,
        _SAME_CLOCK,
        *_IS_THERE,
        _MEASURED,
        _duration(_raw("measured_ms")),
        Fact("succeeded", _SUCCEEDED, "whether the run succeeded"),
        Fact("failed", _FAILED, "whether the run failed"),
        Fact("in_flight", _IS_OPEN, "whether the run has started and not ended"),
        *_UNREADABLE,
        _HOUR,
        _LE_MS,
    ),
    description="one row a run of an agent, and markers, written by the agents' hooks",
    is_touched=True,
    begun=Begun(
        # As hooks insert a run when it starts.
        values={
            "status": "started",
            "end_time": None,
            "duration_seconds": None,
            "model": None,
            "raw_output": None,
        },
        facts={
            "status_name": literal("started"),
            "end": null(),
            "unreadable_end": literal(0),
            "duration_ms": null(),
            "le_ms": null(),
            "model_name": literal(""),
            "token_count": literal(0),
            "tool_call_count": literal(0),
            "succeeded": literal(0),
            "failed": literal(0),
            "in_flight": _raw("start").is_not(None),
        },
    ),
)

sessions = Source(
    name="sessions",
    key="rowid",
    unique="session_id",
    log="session_changes",
    log_key="session_row",
    required=("session_id",),
    tracked=(
        Tracked("session_id", "the session"),
        Tracked("start_time", "start of the session, or when it was last resumed", "TIMESTAMP"),
        Tracked("end_time", "end of the session, as of its last answer", "TIMESTAMP"),
        Tracked("status", "active, completed, or the writer's own word"),
    ),
    extracted=(),
    facts=(
        _SESSION,
        _STATUS,
        _START,
        _END,
        _SAME_CLOCK,
        *_IS_THERE,
        _duration(null()),
        Fact("is_open", _IS_OPEN, "whether the session has started and not ended"),
        *_UNREADABLE,
    ),
    description="one row a session, written again when it is resumed",
)

agent_tool_uses = Source(
    name="agent_tool_uses",
    short_name="use",
    key="id",
    log="agent_tool_use_changes",
    log_key="tool_use_id",
    required=("tool_name",),
    tracked=(
        Tracked("session_id", "session of the use"),
        Tracked("agent_name", "name of the agent"),
        Tracked("tool_name", "name of the tool"),
        Tracked("start_time", "start of the use", "TIMESTAMP"),
        Tracked("end_time", "end of the use", "TIMESTAMP"),
        Tracked("duration_seconds", "duration as the hook measured it", "REAL"),
        Tracked("status", "started, completed, error, or the writer's own word"),
    ),
    extracted=(),
    facts=(
        _SESSION,
        _AGENT,
        Fact("tool", key_text(_raw("tool_name")), "tool_name as text"),
        _STATUS,
        _START,
        _END,
        _SAME_CLOCK,
        *_IS_THERE,
        _MEASURED,
        _duration(_raw("measured_ms")),
        *_UNREADABLE,
        _LE_MS,
    ),
    description="one row a use of a tool by an agent",
)

UNREADABLE_TIMES = {
    "unreadable_run_times": agent_invocations,
    "unreadable_session_times": sessions,
    "unreadable_tool_times": agent_tool_uses,
}
"""Totals of the rows whose times are there and do not parse."""
