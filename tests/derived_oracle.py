"""What is derived of sessions, in plain Python and by brute force, from the source tables."""

import sqlite3
from bisect import bisect_left
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from oracle import any_text, canonical, dimension, duration_ms, is_invocation, parse_time

_MILLISECOND = timedelta(milliseconds=1)


class Run(NamedTuple):
    """An ended run: half open, `[start, start + length)`, in milliseconds."""

    start: int
    length: int


class Derived(NamedTuple):
    """Of all sessions that have a name."""

    first_agent: dict[str, str]
    overlap: dict[str, tuple[int, int]]
    """(max_parallel, busy_ms)"""
    durations: dict[tuple[str, int], tuple[int, int]]
    """(first_agent, le_ms) -> (sessions, duration_ms_sum)"""


def most_at_once(runs: list[Run]) -> int:
    """How many are open at the fullest instant, each of which is the start of some run."""

    def is_open(run: Run, instant: int) -> bool:
        return instant == run.start or run.start < instant < run.start + run.length

    return max((sum(is_open(run, one.start) for run in runs) for one in runs), default=0)


def covered(runs: list[Run]) -> int:
    """Milliseconds in which any is open: every piece between two neighbouring instants counts."""
    instants = sorted({run.start for run in runs} | {run.start + run.length for run in runs})
    return sum(
        after - before
        for before, after in pairwise(instants)
        if any(run.start <= before and after <= run.start + run.length for run in runs)
    )


def derive(connection: sqlite3.Connection) -> Derived:
    """What should be derived, computed from `agent_invocations` and `sessions` alone."""
    runs: dict[str, list[Run]] = defaultdict(list)
    firsts: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    bounds = [
        le for (le,) in connection.execute("SELECT le_ms FROM duration_bounds ORDER BY le_ms")
    ]
    with any_text(connection):
        invocations = connection.execute(
            "SELECT id, event_type, agent_name, session_id, start_time, end_time,"
            " duration_seconds, status FROM agent_invocations"
        ).fetchall()
        sessions = connection.execute(
            "SELECT session_id, start_time, end_time FROM sessions"
        ).fetchall()
    for id_, event, agent, session_id, start, end, seconds, status in invocations:
        session = dimension(session_id)
        if not is_invocation(event, agent) or not session:
            continue
        firsts[session] += []
        parsed = parse_time(start)
        if parsed is None:
            continue
        firsts[session].append((canonical(parsed[0]), id_, dimension(agent)))
        length = duration_ms(start, end, seconds)
        if length is not None and status in ("completed", "failed", "error"):
            since = (parsed[0] - datetime(1, 1, 1)) // _MILLISECOND
            runs[session].append(Run(since, length))
    first_agent = {session: min(of)[2] if of else "" for session, of in firsts.items()}
    durations: dict[tuple[str, int], tuple[int, int]] = {}
    for session_id, start, end in sessions:
        session, length = dimension(session_id), duration_ms(start, end, None)
        if session and length is not None:
            key = first_agent.get(session, ""), bounds[bisect_left(bounds, length)]
            count, total = durations.get(key, (0, 0))
            durations[key] = count + 1, total + length
    overlap = {
        session: (most_at_once(runs[session]), covered(runs[session])) for session in first_agent
    }
    return Derived(first_agent, overlap, durations)


def derived_differences(connection: sqlite3.Connection) -> list[str]:
    """One line for each value that is pending, or not what it should be."""
    right = derive(connection)
    with any_text(connection):
        overlap = connection.execute("SELECT * FROM session_overlap").fetchall()
        first_agent = connection.execute("SELECT session_id, first_agent FROM session_stats")
        firsts = {session: agent for session, agent in first_agent if session}
        durations = {
            (agent, le_ms): values
            for agent, le_ms, *values in connection.execute("SELECT * FROM session_durations")
        }
    lines = [f"pending: {session}" for session, *_, is_pending in overlap if is_pending]
    found = Derived(
        firsts,
        {session: (most, busy) for session, most, busy, _ in overlap},
        {key: (count, total) for key, (count, total) in durations.items()},
    )
    for name, stored, expected in zip(Derived._fields, found, right, strict=True):
        lines += [
            f"{name} {key!r}: stored {stored.get(key)!r}, right {expected.get(key)!r}"
            for key in stored.keys() | expected.keys()
            if stored.get(key) != expected.get(key)
        ]
    return sorted(lines)
