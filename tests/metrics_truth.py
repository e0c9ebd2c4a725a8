"""What each exported metric must be, recomputed in plain Python from the rows that hooks wrote."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from oracle import dimension, duration_ms, is_invocation, number_after, parse_time

Labels = frozenset[tuple[str, str]]
Truth = dict[str, dict[Labels, float]]
"""name of a sample -> labels -> value"""

RUN_BOUNDS = (1, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)
SESSION_BOUNDS = (60, 300, 600, 1800, 3600, 7200, 14400)
TOOL_BOUNDS = (0.1, 0.5, 1, 5, 10, 30, 60, 120, 300)
LATEST = 50
FAILED = ("failed", "error")
ENDED = ("completed", *FAILED)


def labels(**values: object) -> Labels:
    """As Prometheus has them; what has no name is `unknown`."""
    return frozenset((name, str(value) or "unknown") for name, value in values.items())


class Rows:
    """The rows of one moment."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            runs, self.sessions, self.uses = (
                [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
                for table in ("agent_invocations", "sessions", "agent_tool_uses")
            )
        self.runs = [row for row in runs if is_invocation(row["event_type"], row["agent_name"])]
        for row in (*self.runs, *self.sessions, *self.uses):
            parsed = [parse_time(row[name]) for name in ("start_time", "end_time")]
            row["start"], row["end"] = (one[0] if one else None for one in parsed)
            row["ms"] = duration_ms(row["start_time"], row["end_time"], row.get("duration_seconds"))
            row["open"] = row["start"] and row["end_time"] is None and row["status"] not in ENDED


def key(row: dict[str, Any], **columns: str) -> Labels:
    """Labels out of columns: `agent_name="agent_name"` and the like."""
    return labels(**{name: dimension(row[column]) for name, column in columns.items()})


def truth(path: Path, now: datetime) -> Truth:
    """Every old metric, and some new ones; `now` is the wall clock of the rows."""
    rows = Rows(path)
    found: Truth = defaultdict(dict)
    for name, series in (*_runs(rows, now), *_sessions(rows, now), *_tools(rows)):
        found[name].update(series)
    return dict(found)


def _histogram(
    name: str, bounds: Iterable[float], durations: Iterable[tuple[Labels, int]]
) -> Iterator[tuple[str, dict[Labels, float]]]:
    of: dict[Labels, list[int]] = defaultdict(list)
    for one, ms in durations:
        of[one].append(ms)
    yield f"{name}_count", {one: len(found) for one, found in of.items()}
    yield f"{name}_sum", {one: sum(found) / 1000 for one, found in of.items()}
    buckets: dict[Labels, float] = {}
    for one, found in of.items():
        for le in bounds:
            at_most = sum(ms <= 1000 * le for ms in found)
            buckets[one | labels(le=float(le))] = at_most
        buckets[one | labels(le="+Inf")] = len(found)
    yield f"{name}_bucket", buckets


def _runs(rows: Rows, now: datetime) -> Iterator[tuple[str, dict[Labels, float]]]:
    runs = rows.runs
    agent, phase = {"agent_name": "agent_name"}, {"phase": "phase"}
    model = {"model": "model"}
    rest = [run for run in runs if not run["open"]]
    four = {**agent, **phase, **model, "status": "status"}
    yield "agent_invocation_total", Counter(key(run, **four) for run in rest)
    yield "agent_workflow_runs_by_status", Counter(key(run, **four) for run in runs)
    phases = Counter(key(run, **phase) for run in rest)
    yield "phase_distribution_total", {key(run, **phase): 0 for run in runs} | phases
    errors = Counter(key(run, **agent, **phase) for run in runs if run["status"] in FAILED)
    yield "agent_error_total", {key(run, **agent, **phase): 0 for run in runs} | errors
    begun = Counter(key(run, **agent, **phase) for run in runs)
    yield "agent_workflow_runs_total", begun
    tokens: Counter[Labels] = Counter()
    for run in runs:
        if used := number_after("totalTokens", run["raw_output"]):
            tokens[key(run, **agent, **phase, **model)] += used
    yield "agent_tokens_total", tokens
    known = [
        (key(run, **agent, **phase, **model), run["ms"]) for run in runs if run["ms"] is not None
    ]
    yield from _histogram("agent_duration_seconds", RUN_BOUNDS, known)
    latest: dict[Labels, float] = {}
    for run in runs:
        if run["start"]:
            one = key(run, **agent)
            # The clock of the rows is UTC in these tests.
            at = (run["start"] - datetime(1970, 1, 1)) / timedelta(seconds=1)
            latest[one] = max(at, latest.get(one, at))
    yield "agent_last_execution_timestamp", latest
    ended = Counter(key(run, **agent) for run in runs if run["status"] in ENDED)
    good = Counter(key(run, **agent) for run in runs if run["status"] == "completed")
    yield "agent_success_rate", {one: 100 * good[one] / count for one, count in ended.items()}
    young = now - timedelta(hours=6)
    running = sum(bool(run["open"]) and run["start"] > young for run in runs)
    yield "parallel_executions_current", {labels(): running}


def _sessions(rows: Rows, now: datetime) -> Iterator[tuple[str, dict[Labels, float]]]:
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in rows.runs:
        of[dimension(run["session_id"])].append(run)
    events: dict[str, list[datetime]] = defaultdict(list)
    for row in (*rows.runs, *rows.uses, *rows.sessions):
        times = [row["start"]] if row in rows.uses else [row["start"], row["end"]]
        events[dimension(row["session_id"])] += [time for time in times if time]
    active = {
        dimension(one["session_id"])
        for one in rows.sessions
        if one["open"]
        and one["start"] > now - timedelta(hours=24)
        and max(events[dimension(one["session_id"])]) > now - timedelta(minutes=30)
    }
    yield "active_sessions_count", {labels(): len(active)}
    with_runs = of.keys() - {""}
    agents = {dimension(run["agent_name"]) for run in rows.runs}
    pairs = sum(len({run["agent_name"] for run in of[one]}) for one in with_runs)
    yield "total_sessions", {labels(): len(with_runs)}
    yield "total_unique_agents", {labels(): len(agents)}
    yield "avg_agents_per_session", {labels(): pairs / len(with_runs) if with_runs else 0}
    known = [one for one in rows.sessions if one["ms"] is not None]

    def first_agent(session: dict[str, Any]) -> str:
        started = [run for run in of[dimension(session["session_id"])] if run["start"]]
        first = min(started, key=lambda run: (run["start"], run["id"]), default=None)
        return dimension(first["agent_name"]) if first else ""

    yield from _histogram(
        "session_duration_seconds", SESSION_BOUNDS, [(labels(), one["ms"]) for one in known]
    )
    yield from _histogram(
        "session_duration_by_first_agent",
        SESSION_BOUNDS,
        [(labels(first_agent=first_agent(one)), one["ms"]) for one in known],
    )
    told = {dimension(one["session_id"]) for one in rows.sessions}
    bare = [
        {
            "session_id": one,
            "start": min((run["start"] for run in of[one] if run["start"]), default=None),
            "ms": None,
        }
        for one in with_runs - told
    ]
    latest = sorted(
        (one for one in (*rows.sessions, *bare) if one["start"]), key=lambda one: one["session_id"]
    )
    latest.sort(key=lambda one: one["start"], reverse=True)
    latest = latest[:LATEST]
    for session in latest:
        # Ids of the samples differ in their first 8 characters.
        one = labels(session_id=session["session_id"][:8])
        runs = of[session["session_id"]]
        ended = [run for run in runs if run["status"] in ENDED]
        yield "session_agents_total", {one: len(runs)}
        yield "session_agent_diversity", {one: len({run["agent_name"] for run in runs})}
        named = {dimension(run["phase"]) for run in runs} - {""}
        yield "session_phases_completed", {one: len(named)}
        good = sum(run["status"] == "completed" for run in ended)
        if ended:
            yield "session_success_rate", {one: 100 * good / len(ended)}
        yield "session_error_count", {one: len(ended) - good}
        total = sum(run["ms"] or 0 for run in runs) / 1000
        yield "session_total_agent_time", {one: total}
        start = (session["start"] - datetime(1970, 1, 1)) / timedelta(seconds=1)
        yield "session_start_timestamp", {one: start}
        intervals = [
            (run["start"], run["start"] + timedelta(milliseconds=run["ms"]))
            for run in ended
            if run["start"] and run["ms"] is not None
        ]
        is_settled = not any(run["open"] for run in runs)
        if is_settled:
            at_once = [
                sum(start <= moment < end or start == end == moment for start, end in intervals)
                for moment, _ in intervals
            ]
            yield "session_parallel_factor", {one: max(at_once, default=0)}
        if is_settled and session["ms"] is not None:
            busy, covered = timedelta(0), datetime.min
            for start, end in sorted(intervals):
                busy += max(timedelta(0), end - max(start, covered))
                covered = max(covered, end)
            busy_ms = busy / timedelta(milliseconds=1)
            yield "session_idle_time", {one: max(0, session["ms"] - busy_ms) / 1000}
            if session["ms"]:
                yield "session_efficiency_ratio", {one: min(1, busy_ms / session["ms"])}
        if session["session_id"] not in told:
            continue
        is_open = bool(session["open"])
        is_active = session["session_id"] in active
        status = labels(status=dimension(session["status"]))
        value = 0 if is_active else 2 if is_open or session["status"] in FAILED else 1
        yield "session_completion_status", {one | status: value}


def _tools(rows: Rows) -> Iterator[tuple[str, dict[Labels, float]]]:
    agent = {"agent_name": "agent_name"}
    both = {**agent, "tool_name": "tool_name"}
    uses = Counter(key(use, **both) for use in rows.uses)
    yield "agent_tool_usage_total", uses
    yield "agent_workflow_tool_uses_total", uses
    ended = Counter(key(use, **both) for use in rows.uses if use["status"] in ENDED)
    good = Counter(key(use, **both) for use in rows.uses if use["status"] == "completed")
    rates = {one: 100 * good[one] / count for one, count in ended.items()}
    yield "agent_tool_success_rate", rates
    known = [(key(use, **both), use["ms"]) for use in rows.uses if use["ms"] is not None]
    yield from _histogram("agent_tool_duration_seconds", TOOL_BOUNDS, known)
    runs = Counter(key(run, **agent) for run in rows.runs)
    by_agent: dict[Labels, Counter[str]] = defaultdict(Counter)
    for use in rows.uses:
        by_agent[key(use, **agent)][dimension(use["tool_name"])] += 1
    for one, tools in by_agent.items():
        if runs[one]:
            yield "tools_per_agent_invocation", {one: tools.total() / runs[one]}
        named = {tool: count for tool, count in tools.items() if tool}
        yield "agent_tool_diversity", {one: len(named)}
        if named:
            most = min(named, key=lambda tool: (-named[tool], tool))
            yield "agent_primary_tool_info", {one | labels(primary_tool=most): 1}
            yield "agent_primary_tool", {one | labels(primary_tool=most): 1}
