"""From one snapshot to the values of all series."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate

from aggregates.faces.prometheus.families import BY_NAME, Family
from aggregates.reader import BOUNDS_MS, Durations, Metrics, RunGroup, SessionStatistics
from aggregates.running.health import Health

Labels = tuple[str, ...]
Gauges = dict[str, dict[Labels, float]]
"""name -> values of the labels -> value"""
Counts = dict[str, dict[Labels, tuple[int, ...]]]
"""As Gauges, of counters and histograms: what must never fall.

Of a counter its value; of a histogram how many lie at or below each bound, how many there are, and
the sum of their durations in milliseconds.
"""

UNKNOWN = "unknown"
"""The label of what has no name."""
_LONGEST = 1000
"""Characters of a label, which stands in a hundred lines of a scrape."""
_HASHED = 12
"""Hexadecimal digits of a hashed session id: among thousands a collision is not to be expected."""


@lru_cache(maxsize=20_000)
def shown(name: str) -> str:
    """A name as the value of a label: any text but what is not UTF-8, or ends a string in C.

    Names that begin with the same 1000 characters, and go on, are one label.
    """
    if not name:
        return UNKNOWN
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}…"
    if "\0" in name:
        name = name.replace("\0", "\ufffd")
    return name.encode("utf-8", "replace").decode() if not name.isprintable() else name


def gauges(metrics: Metrics, health: Health, *, zone: tzinfo | None, hash_sessions: bool) -> Gauges:
    """Whatever may fall."""
    return {
        **_of_runs(metrics, zone),
        **_of_sessions(metrics),
        **_of_each_session(metrics, zone, hash_sessions),
        **_of_tools(metrics),
        **_of_store(metrics, health),
    }


def counts(metrics: Metrics) -> Counts:
    """What may only rise, but for edits of history."""
    begun: Counter[Labels] = Counter()
    ended: Counter[Labels] = Counter()
    failed: Counter[Labels] = Counter()
    tokens: Counter[Labels] = Counter()
    for run in metrics.runs:
        agent, phase, model = shown(run.agent_name), shown(run.phase), shown(run.model)
        begun[agent, phase] += run.invocations
        failed[agent, phase] += run.invocations * run.failed
        # A run gets its model, and its tokens, as it ends.
        if run.succeeded or run.failed:
            ended[agent, phase, model] += run.invocations
        if run.tokens:
            tokens[agent, phase, model] += run.tokens
    uses: Counter[Labels] = Counter()
    errors: Counter[Labels] = Counter()
    for use in metrics.tools:
        key = shown(use.agent_name), shown(use.tool_name)
        uses[key] += use.uses
        errors[key] += use.uses * use.failed
    first_agents = _histogram(BY_NAME["session_duration_by_first_agent"], metrics.session_durations)
    found: dict[str, Mapping[Labels, int]] = {
        "agent_workflow_runs_total": begun,
        "agent_workflow_runs_ended_total": ended,
        "agent_error_total": failed,
        "agent_tokens_total": tokens,
        "agent_workflow_tool_uses_total": uses,
        "agent_workflow_tool_errors_total": errors,
    }
    return {
        **{name: {key: (n,) for key, n in series.items()} for name, series in found.items()},
        "agent_duration_seconds": _histogram(
            BY_NAME["agent_duration_seconds"], metrics.run_durations
        ),
        "agent_tool_duration_seconds": _histogram(
            BY_NAME["agent_tool_duration_seconds"], metrics.tool_durations
        ),
        "session_duration_seconds": _histogram(
            BY_NAME["session_duration_seconds"],
            [Durations((), one.counts, one.duration_ms_sum) for one in metrics.session_durations],
        )
        or {(): (0,) * BY_NAME["session_duration_seconds"].parts},
        "session_duration_by_first_agent": first_agents,
        "agent_workflow_session_duration_seconds": first_agents,
    }


def _histogram(family: Family, durations: Iterable[Durations]) -> dict[Labels, tuple[int, ...]]:
    """Cumulative counts at the bounds of a family, the count and the sum."""
    places = [BOUNDS_MS.index(le) for le in family.bounds_ms]
    found: dict[Labels, tuple[int, ...]] = {}
    for one in durations:
        up_to = list(accumulate(one.counts))
        key = tuple(map(shown, one.key))
        value = (*(up_to[place] for place in places), up_to[-1], one.duration_ms_sum)
        other = found.get(key)
        found[key] = value if other is None else tuple(map(sum, zip(value, other, strict=True)))
    return found


def _of_runs(metrics: Metrics, zone: tzinfo | None) -> Gauges:
    runs: Counter[Labels] = Counter()
    not_in_flight: Counter[Labels] = Counter()
    phases: Counter[Labels] = Counter()
    succeeded: Counter[Labels] = Counter()
    ended: Counter[Labels] = Counter()
    for run, rest in zip(metrics.runs, _not_in_flight(metrics), strict=True):
        agent, phase = shown(run.agent_name), shown(run.phase)
        key = agent, phase, shown(run.status), shown(run.model)
        runs[key] += run.invocations
        phases[phase,] += rest
        if rest:
            not_in_flight[key] += rest
        if run.succeeded or run.failed:
            ended[agent,] += run.invocations
            succeeded[agent,] += run.invocations * run.succeeded
    starts: dict[Labels, float] = {}
    running: Counter[Labels] = Counter()
    abandoned: Counter[Labels] = Counter()
    for one in metrics.agents:
        agent = shown(one.agent_name)
        running[agent,] += one.running
        abandoned[agent,] += one.in_flight - one.running
        if one.last_start is not None:
            start = _timestamp(one.last_start, zone)
            starts[agent,] = max(start, starts.get((agent,), start))
    return {
        "agent_workflow_runs_by_status": dict(runs),
        "agent_invocation_total": dict(not_in_flight),
        "phase_distribution_total": dict(phases),
        "agent_last_execution_timestamp": starts,
        "agent_workflow_last_start_timestamp_seconds": starts,
        **_ratios("agent_success_rate", "agent_workflow_success_ratio", succeeded, ended),
        "parallel_executions_current": {(): running.total()},
        "agent_workflow_runs_running": dict(running),
        "agent_workflow_runs_abandoned": dict(abandoned),
    }


def _not_in_flight(metrics: Metrics) -> Sequence[int]:
    """Of each group of runs, how many are not in flight.

    How many of an agent are is stored, but not which: those whose status is `started`, as hooks
    leave them, go first. An agent's sum is exact; its groups are where no run without an end is
    odd, in that its start does not parse, or its end is there and its status is not.
    """
    left: Counter[str] = Counter()
    for one in metrics.agents:
        left[one.agent_name] += one.in_flight

    def order(place: int) -> tuple[bool, int]:
        return metrics.runs[place].status != "started", place

    found = [run.invocations for run in metrics.runs]
    for place in sorted(range(len(found)), key=order):
        run: RunGroup = metrics.runs[place]
        if not (run.succeeded or run.failed):
            taken = min(found[place], left[run.agent_name])
            found[place] -= taken
            left[run.agent_name] -= taken
    return found


def _of_sessions(metrics: Metrics) -> Gauges:
    of = metrics.session_totals
    by_status: Counter[Labels] = Counter()
    for status, count in of.by_status.items():
        by_status[shown(status),] += count
    per_session: dict[Labels, float] = {(): of.agents_per_session or 0.0}
    agents: dict[Labels, float] = {(): metrics.totals.get("agents", 0)}
    return {
        "active_sessions_count": {(): of.active},
        "agent_workflow_active_sessions": {(): of.active},
        "agent_workflow_sessions": dict(by_status),
        "total_sessions": {(): of.sessions},
        "agent_workflow_sessions_with_runs": {(): of.sessions},
        "total_unique_agents": agents,
        "agent_workflow_agents": agents,
        "avg_agents_per_session": per_session,
        "agent_workflow_agents_per_session": per_session,
    }


def _of_each_session(metrics: Metrics, zone: tzinfo | None, hash_sessions: bool) -> Gauges:
    found: Gauges = defaultdict(dict)

    def put(*names: str, key: Labels, value: float | None) -> None:
        if value is not None:
            for name in names:
                found[name][key] = value

    for one in metrics.sessions:
        key = (_hashed(one.session_id) if hash_sessions else shown(one.short_id),)
        put("session_agents_total", "agent_workflow_session_runs", key=key, value=one.invocations)
        put("session_agent_diversity", key=key, value=one.agents)
        put("session_phases_completed", key=key, value=one.phases)
        ratio = one.success_rate
        put("session_success_rate", key=key, value=None if ratio is None else 100 * ratio)
        put("agent_workflow_session_success_ratio", key=key, value=ratio)
        put("session_error_count", "agent_workflow_session_errors", key=key, value=one.failed)
        put(
            *("session_total_agent_time", "agent_workflow_session_agent_seconds"),
            key=key,
            value=one.duration_ms_sum / 1000,
        )
        put(
            *("session_start_timestamp", "agent_workflow_session_start_timestamp_seconds"),
            key=key,
            value=None if one.began is None else _timestamp(one.began, zone),
        )
        put(
            *("session_idle_time", "agent_workflow_session_idle_seconds"),
            key=key,
            value=None if one.idle_ms is None else one.idle_ms / 1000,
        )
        put("session_efficiency_ratio", key=key, value=one.efficiency)
        put("session_parallel_factor", key=key, value=one.max_parallel)
        put(
            "session_completion_status",
            key=(*key, shown(one.status)),
            value=_completion(one),
        )
    return found


def _completion(session: SessionStatistics) -> int | None:
    if session.state == "unknown":
        return None
    if session.state == "abandoned" or session.status in ("failed", "error"):
        return 2
    return 1 if session.state == "ended" else 0


def _hashed(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "replace")).hexdigest()[:_HASHED]


def _of_tools(metrics: Metrics) -> Gauges:
    uses: Counter[Labels] = Counter()
    ended: Counter[Labels] = Counter()
    succeeded: Counter[Labels] = Counter()
    of_agent: dict[str, Counter[str]] = defaultdict(Counter)
    for one in metrics.tools:
        agent, tool = shown(one.agent_name), shown(one.tool_name)
        uses[agent, tool] += one.uses
        # A tool without a name is no tool of its own, but its uses are.
        of_agent[agent][one.tool_name] += one.uses
        if one.succeeded or one.failed:
            ended[agent, tool] += one.uses
            succeeded[agent, tool] += one.uses * one.succeeded
    runs: Counter[str] = Counter()
    for run in metrics.runs:
        runs[shown(run.agent_name)] += run.invocations
    each_run: dict[Labels, float] = {
        (agent,): tools.total() / runs[agent] for agent, tools in of_agent.items() if runs[agent]
    }
    primary: dict[Labels, float] = {}
    diversity: dict[Labels, float] = {}
    for agent, tools in of_agent.items():
        named = [tool for tool in tools if tool]
        diversity[agent,] = len(named)
        if named:
            most = min(named, key=lambda tool: (-tools[tool], tool))
            primary[agent, shown(most)] = 1
    return {
        "agent_tool_usage_total": dict(uses),
        **_ratios("agent_tool_success_rate", "agent_workflow_tool_success_ratio", succeeded, ended),
        "tools_per_agent_invocation": each_run,
        "agent_workflow_tool_uses_per_run": each_run,
        "agent_tool_diversity": diversity,
        "agent_primary_tool_info": primary,
        "agent_primary_tool": primary,
    }


def _of_store(metrics: Metrics, health: Health) -> Gauges:
    now = datetime.fromisoformat(metrics.at)
    consumers = {(one.name, one.source): one for one in health.consumers}
    found: Gauges = {
        "agent_workflow_unreadable_times": {
            (source,): metrics.totals.get(name, 0)
            for source, name in (
                ("agent_invocations", "unreadable_run_times"),
                ("sessions", "unreadable_session_times"),
                ("agent_tool_uses", "unreadable_tool_times"),
            )
        },
        "agent_workflow_log_entries": {(name,): n for name, n in health.log_entries.items()},
        "agent_workflow_log_lag_entries": {
            (shown(name), source): one.behind for (name, source), one in consumers.items()
        },
        "agent_workflow_checkpoint_age_seconds": {
            (shown(name), source): _seconds_since(one.checkpoint.saved_at, now)
            for (name, source), one in consumers.items()
        },
        "agent_workflow_consumer_lost": {
            (shown(name), source): one.is_lost for (name, source), one in consumers.items()
        },
        "agent_workflow_session_durations_pending": {(): health.has_pending_sessions},
    }
    if health.proved_at is not None:
        proved = datetime.fromisoformat(health.proved_at).timestamp()
        found["agent_workflow_last_verify_timestamp_seconds"] = {(): proved}
    return found


def of_file(metrics: Metrics, file: str, size: int) -> Gauges:
    """What is known of the database's file: its name, without its folder, and its size."""
    agents, invocations = (metrics.totals.get(name, 0) for name in ("agents", "invocations"))
    return {
        "agent_workflow_database_info": {
            (shown(file), str(size), str(invocations), str(agents)): 1
        },
        "agent_workflow_database_size_bytes": {(): size},
    }


def _ratios(percent: str, ratio: str, part: Counter[Labels], whole: Counter[Labels]) -> Gauges:
    found = {key: part[key] / n for key, n in whole.items() if n}
    return {percent: {key: 100 * one for key, one in found.items()}, ratio: dict(found)}


def _timestamp(start: str, zone: tzinfo | None) -> float:
    """Seconds since 1970 of a canonical time in the source zone."""
    wall = datetime.fromisoformat(start)
    try:
        return wall.replace(tzinfo=zone).timestamp() if zone else wall.astimezone().timestamp()
    except (OverflowError, ValueError, OSError):
        # The first and last hours of all years have no moment in some zones.
        return wall.replace(tzinfo=UTC).timestamp()


def _seconds_since(text: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(text)).total_seconds())
