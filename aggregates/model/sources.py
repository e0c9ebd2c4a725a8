"""The tables that others write, and what a row of each means."""

from __future__ import annotations

from sqlalchemy import and_, case, column, func, null, or_

from aggregates.model.constructs import (
    canonical_time,
    elapsed_ms,
    first_within,
    has_offset,
    is_name,
    key_text,
    lowest_bound,
    seconds_to_ms,
)
from aggregates.model.definition import Expression, Extracted, Fact, Source, Tracked

NOT_INVOCATIONS = ("subagent_stop", "tool_tracking_start")
SUCCEEDED = ("completed",)
FAILED = ("failed", "error")
LONGEST_MS = 315_360_000_000  # 3,650 days


def flag(condition: Expression) -> Expression:
    """1 where the condition holds, else 0."""
    return case((condition, 1), else_=0)


def _raw(name: str) -> Expression:
    """A column of a row image, or an earlier fact."""
    return column(name)


def _is_one_of(name: str, words: tuple[str, ...]) -> Expression:
    """Whether a column of the image is one of the words; false, not NULL, where it is NULL."""
    return or_(*(func.coalesce(_raw(name), "") == word for word in words))


def _duration(seconds: Expression) -> Fact:
    """Where `start` and `end` are facts before it."""
    both_or_none = has_offset(_raw("start_time")) == has_offset(_raw("end_time"))
    elapsed = case((both_or_none, elapsed_ms(_raw("start"), _raw("end"))))
    return Fact(
        "duration_ms",
        first_within(LONGEST_MS, elapsed, seconds),
        "milliseconds from start to end, both with or both without an offset; else as the hook"
        " measured it, where it does; NULL where it is unknown",
    )


_START = Fact("start", canonical_time(_raw("start_time")), "start in canonical text")
_END = Fact("end", canonical_time(_raw("end_time")), "end in canonical text")
_SESSION = Fact("session", key_text(_raw("session_id")), "session_id as text")
_AGENT = Fact("agent", key_text(_raw("agent_name")), "agent_name as text")
_STATUS = Fact("status_name", key_text(_raw("status")), "status as text")
_LE_MS = Fact("le_ms", lowest_bound(_raw("duration_ms")), "bucket of the duration")
_MEASURED_DURATION = _duration(seconds_to_ms(_raw("duration_seconds")))
_NOT_ENDED = and_(_raw("end_time").is_(None), ~_is_one_of("status", (*SUCCEEDED, *FAILED)))


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
        _MEASURED_DURATION,
        Fact("succeeded", flag(_is_one_of("status", SUCCEEDED)), "whether the run succeeded"),
        Fact("failed", flag(_is_one_of("status", FAILED)), "whether the run failed"),
        Fact(
            "in_flight",
            and_(_raw("start").is_not(None), _NOT_ENDED),
            "whether the run has started and not ended",
        ),
        _LE_MS,
    ),
    description="one row a run of an agent, and markers, written by the agents' hooks",
    is_touched=True,
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
        _duration(null()),
        Fact(
            "is_open",
            and_(_raw("start").is_not(None), _NOT_ENDED),
            "whether the session has started and not ended",
        ),
    ),
    description="one row a session, written again when it is resumed",
)

agent_tool_uses = Source(
    name="agent_tool_uses",
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
        _MEASURED_DURATION,
        _LE_MS,
    ),
    description="one row a use of a tool by an agent",
)
