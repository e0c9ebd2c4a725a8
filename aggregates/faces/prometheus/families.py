"""The metrics that are exported, as data: the reference page is derived from it.

The names of the collector that this replaces are kept, with their labels and bounds, because
dashboards read them. Where such a name breaks Prometheus' conventions, one that does not stands
beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aggregates.reader import BOUNDS_MS

Kind = Literal["gauge", "counter", "histogram"]

_AGENT = ("agent_name",)
_RUN = ("agent_name", "phase", "model")
_TOOL = ("agent_name", "tool_name")
_SESSION = ("session_id",)


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its series."""

    name: str
    """of its samples; those of a histogram add `_bucket`, `_sum` and `_count`"""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds_ms: tuple[int, ...] = ()
    """of a histogram, in milliseconds; some of BOUNDS_MS"""
    is_old: bool = False
    """whether the collector that this replaces has this name"""
    better: str = ""
    """of an old name that breaks the conventions: the one that stands beside it"""

    @property
    def parts(self) -> int:
        """Numbers of a series: of a histogram the counts at its bounds, all, and the sum."""
        return len(self.bounds_ms) + 2 if self.kind == "histogram" else 1


def _bounds(*seconds: float) -> tuple[int, ...]:
    found = tuple(round(1000 * one) for one in seconds)
    assert set(found) <= set(BOUNDS_MS)
    return found


_RUN_BOUNDS = _bounds(1, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)
_SESSION_BOUNDS = _bounds(60, 300, 600, 1800, 3600, 7200, 14400)
_TOOL_BOUNDS = _bounds(0.1, 0.5, 1, 5, 10, 30, 60, 120, 300)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(name, "gauge", text, labels)


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name, "counter", text, labels)


def _old(name: str, text: str, *labels: str, kind: Kind = "gauge", better: str = "") -> Family:
    return Family(name, kind, text, labels, is_old=True, better=better)


_RUNS = (
    _old(
        "agent_invocation_total",
        "Runs that are not in flight, all-time, by their current status.",
        *("agent_name", "phase", "status", "model"),
        better="agent_workflow_runs_by_status",
    ),
    _gauge(
        "agent_workflow_runs_by_status",
        "Runs, all-time, by their current status; those in flight too.",
        *("agent_name", "phase", "status", "model"),
    ),
    _old(
        "phase_distribution_total",
        "Runs that are not in flight, all-time, by phase.",
        "phase",
        better="agent_workflow_runs_by_status",
    ),
    _counter("agent_workflow_runs_total", "Runs that were begun.", "agent_name", "phase"),
    _counter("agent_workflow_runs_ended_total", "Runs that have ended, well or badly.", *_RUN),
    _old("agent_error_total", "Runs that have failed.", "agent_name", "phase", kind="counter"),
    _counter("agent_tokens_total", "Tokens that runs have used.", *_RUN),
    Family(
        "agent_duration_seconds",
        "histogram",
        "How long runs took; each whose duration is known once.",
        _RUN,
        _RUN_BOUNDS,
        is_old=True,
    ),
    _old(
        "agent_last_execution_timestamp",
        "When the latest run of an agent started, in seconds since 1970.",
        *_AGENT,
        better="agent_workflow_last_start_timestamp_seconds",
    ),
    _gauge(
        "agent_workflow_last_start_timestamp_seconds",
        "When the latest run of an agent started, in seconds since 1970.",
        *_AGENT,
    ),
    _old(
        "agent_success_rate",
        "Of the runs that have ended, how many percent succeeded.",
        *_AGENT,
        better="agent_workflow_success_ratio",
    ),
    _gauge(
        "agent_workflow_success_ratio",
        "Of the runs that have ended, which share succeeded, from 0 to 1.",
        *_AGENT,
    ),
    _old(
        "parallel_executions_current",
        "Runs that have started, have not ended, and are not abandoned.",
    ),
    _gauge(
        "agent_workflow_runs_running",
        "Runs that have started, have not ended, and are not abandoned.",
        *_AGENT,
    ),
    _gauge(
        "agent_workflow_runs_abandoned",
        "Runs that started longer ago than the abandon timeout, and have not ended.",
        *_AGENT,
    ),
)

_SESSIONS = (
    _old(
        "active_sessions_count",
        "Sessions whose row has not ended, with an event inside the idle timeout.",
        better="agent_workflow_active_sessions",
    ),
    _gauge(
        "agent_workflow_active_sessions",
        "Sessions whose row has not ended, with an event inside the idle timeout.",
    ),
    _gauge("agent_workflow_sessions", "Rows of the table sessions, by status.", "status"),
    _old("total_sessions", "Sessions with a run.", better="agent_workflow_sessions_with_runs"),
    _gauge("agent_workflow_sessions_with_runs", "Sessions with a run."),
    _old("total_unique_agents", "Agents with a run.", better="agent_workflow_agents"),
    _gauge("agent_workflow_agents", "Agents with a run."),
    _old(
        "avg_agents_per_session",
        "Distinct agents of a session, on average; 0 where there is none.",
        better="agent_workflow_agents_per_session",
    ),
    _gauge(
        "agent_workflow_agents_per_session",
        "Distinct agents of a session, on average; 0 where there is none.",
    ),
    Family(
        "session_duration_seconds",
        "histogram",
        "How long sessions took; each that has ended once, at its latest end.",
        (),
        _SESSION_BOUNDS,
        is_old=True,
    ),
    Family(
        "session_duration_by_first_agent",
        "histogram",
        "How long sessions took, in seconds, by the agent that ran first.",
        ("first_agent",),
        _SESSION_BOUNDS,
        is_old=True,
        better="agent_workflow_session_duration_seconds",
    ),
    Family(
        "agent_workflow_session_duration_seconds",
        "histogram",
        "How long sessions took, by the agent that ran first.",
        ("first_agent",),
        _SESSION_BOUNDS,
    ),
)

_SESSION_START = (
    "When the session started, or was last resumed, in seconds since 1970; where no row tells, when"
    " its first run did."
)
_EACH_SESSION = (
    _old(
        "session_agents_total",
        "Runs of agents in the session.",
        *_SESSION,
        better="agent_workflow_session_runs",
    ),
    _gauge("agent_workflow_session_runs", "Runs of agents in the session.", *_SESSION),
    _old("session_agent_diversity", "Distinct agents of the session.", *_SESSION),
    _old("session_phases_completed", "Distinct phases of the session.", *_SESSION),
    _old(
        "session_success_rate",
        "Of the runs of the session that have ended, how many percent succeeded.",
        *_SESSION,
        better="agent_workflow_session_success_ratio",
    ),
    _gauge(
        "agent_workflow_session_success_ratio",
        "Of the runs of the session that have ended, which share succeeded, from 0 to 1.",
        *_SESSION,
    ),
    _old(
        "session_error_count",
        "Runs of the session that have failed.",
        *_SESSION,
        better="agent_workflow_session_errors",
    ),
    _gauge("agent_workflow_session_errors", "Runs of the session that have failed.", *_SESSION),
    _old(
        "session_total_agent_time",
        "Seconds that the runs of the session took, added up.",
        *_SESSION,
        better="agent_workflow_session_agent_seconds",
    ),
    _gauge(
        "agent_workflow_session_agent_seconds",
        "How long the runs of the session took, added up.",
        *_SESSION,
    ),
    _old(
        "session_start_timestamp",
        _SESSION_START,
        *_SESSION,
        better="agent_workflow_session_start_timestamp_seconds",
    ),
    _gauge(
        "agent_workflow_session_start_timestamp_seconds",
        _SESSION_START,
        *_SESSION,
    ),
    _old(
        "session_idle_time",
        "Seconds of the session in which no run was open.",
        *_SESSION,
        better="agent_workflow_session_idle_seconds",
    ),
    _gauge(
        "agent_workflow_session_idle_seconds",
        "How long no run of the session was open.",
        *_SESSION,
    ),
    _old(
        "session_efficiency_ratio",
        "Share of the session in which a run was open, from 0 to 1.",
        *_SESSION,
    ),
    _old("session_parallel_factor", "Most runs of the session open at one instant.", *_SESSION),
    _old(
        "session_completion_status",
        "0: the session is open; 1: it has ended; 2: it has failed, or was abandoned.",
        *("session_id", "status"),
    ),
)

_TOOLS = (
    _old(
        "agent_tool_usage_total",
        "Uses of the tool by the agent, all-time.",
        *_TOOL,
        better="agent_workflow_tool_uses_total",
    ),
    _counter("agent_workflow_tool_uses_total", "Uses of the tool by the agent.", *_TOOL),
    _counter(
        "agent_workflow_tool_errors_total", "Uses of the tool by the agent that failed.", *_TOOL
    ),
    _old(
        "agent_tool_success_rate",
        "Of the uses that have ended, how many percent succeeded.",
        *_TOOL,
        better="agent_workflow_tool_success_ratio",
    ),
    _gauge(
        "agent_workflow_tool_success_ratio",
        "Of the uses that have ended, which share succeeded, from 0 to 1.",
        *_TOOL,
    ),
    Family(
        "agent_tool_duration_seconds",
        "histogram",
        "How long uses of the tool took; each whose duration is known once.",
        _TOOL,
        _TOOL_BOUNDS,
        is_old=True,
    ),
    _old(
        "tools_per_agent_invocation",
        "Uses of tools for each run of the agent.",
        *_AGENT,
        better="agent_workflow_tool_uses_per_run",
    ),
    _gauge("agent_workflow_tool_uses_per_run", "Uses of tools for each run of the agent.", *_AGENT),
    _old("agent_tool_diversity", "Distinct tools that the agent has used.", *_AGENT),
    _old(
        "agent_primary_tool_info",
        "1, with the tool that the agent has used most.",
        *("agent_name", "primary_tool"),
    ),
    _old(
        "agent_primary_tool",
        "1, with the tool that the agent has used most.",
        *("agent_name", "primary_tool"),
    ),
)

_STORE = (
    _old(
        "agent_workflow_database_info",
        "1, with the name of the database's file and what it holds.",
        *("path", "size_bytes", "total_invocations", "unique_agents"),
    ),
    _gauge("agent_workflow_database_size_bytes", "Size of the database's file."),
    _gauge(
        "agent_workflow_unreadable_times",
        "Rows with a start or an end that is there and does not parse.",
        "source",
    ),
    _gauge("agent_workflow_log_entries", "Entries that a change log holds.", "source"),
    _gauge(
        "agent_workflow_log_lag_entries",
        "Entries of a change log that a consumer has not taken.",
        *("consumer", "source"),
    ),
    _gauge(
        "agent_workflow_checkpoint_age_seconds",
        "How long ago a consumer saved its checkpoint.",
        *("consumer", "source"),
    ),
    _gauge(
        "agent_workflow_consumer_lost",
        "1 where a consumer has missed changes, and must rebuild what it keeps.",
        *("consumer", "source"),
    ),
    _gauge(
        "agent_workflow_last_verify_timestamp_seconds",
        "When the newest proof of the whole began, in seconds since 1970.",
    ),
    _gauge(
        "agent_workflow_session_durations_pending",
        "1 where upkeep has not come to all sessions: durations of sessions, and how their runs"
        " overlap, are missing or as they were.",
    ),
    _counter("agent_workflow_drifts_found_total", "Values that proofs have found to be wrong."),
    _counter("agent_workflow_drifts_repaired_total", "Values that have been made right."),
    _counter(
        "agent_workflow_corrections_total",
        "Times that the true value of a series of a counter or histogram has fallen.",
        "metric",
    ),
    _gauge(
        "agent_workflow_held_series",
        "Series of counters and histograms that are shown above their true value.",
    ),
)

_SCRAPE = (
    _gauge("agent_workflow_up", "1 where the database was read, 0 where it could not be."),
    _gauge("agent_workflow_scrape_duration_seconds", "How long that took."),
    _counter(
        "agent_workflow_scrape_errors_total",
        "Times that this process could not read the database.",
    ),
    _old(
        "exporter_memory_usage_mb",
        "Memory of this process, in megabytes.",
        better="process_resident_memory_bytes",
    ),
    _gauge(
        "agent_workflow_marks_stored",
        "1 where the highest values shown are stored beside the database, 0 where they cannot be.",
    ),
)

FAMILIES = (*_RUNS, *_SESSIONS, *_EACH_SESSION, *_TOOLS, *_STORE, *_SCRAPE)
BY_NAME = {family.name: family for family in FAMILIES}

REPLACED = {
    "exporter_query_…": (
        "agent_workflow_scrape_duration_seconds",
        "agent_workflow_scrape_errors_total",
    )
}
"""Old names that are gone, as they told of the exporter itself, and what tells it now."""
