"""One session as it went: its runs and its uses of tools, in the order of their starts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.engines.base import Compiler
from aggregates.model import sources
from aggregates.model.definition import Source
from aggregates.reader import queries
from aggregates.reader.moment import Moment
from aggregates.reader.sessions import (
    SessionStatistics,
    described,
    find_session,
    sessions,
    short_ids,
)
from aggregates.sessions.overlaps import milliseconds

_ALL = 2**62
"""A LIMIT that is none."""

_RUN_FACTS = (
    "invocation_id",
    "agent",
    "phase_name",
    "model_name",
    "status_name",
    "token_count",
    "tool_call_count",
    "start",
    "end",
    "duration_ms",
    "in_flight",
)
_TOOL_USE_FACTS = (
    "tool_use_id",
    "agent",
    "tool",
    "status_name",
    "start",
    "end",
    "duration_ms",
)


@dataclass(frozen=True, slots=True)
class TimelineRun:
    """A run of a session; times are canonical text in the source zone."""

    invocation_id: int
    agent_name: str
    phase: str
    model: str
    status: str
    """as its row has it"""
    tokens: int
    tool_calls: int
    start_time: str
    end_time: str | None
    duration_ms: int | None
    """milliseconds; of a running one until now; None where it is not known"""
    state: Literal["running", "abandoned", "ended"]
    """in flight and younger than the abandon timeout, in flight and older, or not in flight"""
    beside: int
    """runs of the session that were open while it was; one whose duration is not known counts as
    one at its start"""


@dataclass(frozen=True, slots=True)
class TimelineToolUse:
    """A use of a tool in a session; times are canonical text in the source zone."""

    tool_use_id: int
    agent_name: str
    tool_name: str
    status: str
    """as its row has it"""
    start_time: str
    end_time: str | None
    duration_ms: int | None
    """milliseconds; None where it is not known"""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One session with what happened in it."""

    at: str
    """moment of the reading, text in UTC with milliseconds and `Z`"""
    session: SessionStatistics
    runs: tuple[TimelineRun, ...]
    """by start; those whose start does not parse are left out"""
    tool_uses: tuple[TimelineToolUse, ...]
    """by start; those whose start does not parse are left out"""


def timeline(connection: Connection, moment: Moment, session: str) -> Timeline:
    """The session whose id is, or begins with, `session`; reads its rows by their keys.

    Raises NoSuchSession, or AmbiguousSession where several ids begin so.
    """
    session_id = find_session(connection, session)
    (statistics,) = described(connection, moment, "SELECT ? AS session_id", session_id)
    return _timeline(connection, moment, statistics, _ALL)


def timelines(connection: Connection, moment: Moment, limit: int, *, latest: int) -> list[Timeline]:
    """The active sessions, then the latest others, newest first; `limit` of them at most.

    Of each only the `latest` latest runs and tool uses by start are read, so that a long session
    costs no more than others; `beside` counts runs among those.
    """
    # A session that was resumed, or lasts for long, may have begun before many that have ended.
    active = sessions(connection, moment, limit, state="active")
    found = {one.session_id: one for one in [*active, *sessions(connection, moment, limit)]}
    short = short_ids(found)
    return [
        _timeline(connection, moment, replace(one, short_id=short[id_]), latest)
        for id_, one in [*found.items()][:limit]
    ]


def _timeline(
    connection: Connection, moment: Moment, statistics: SessionStatistics, latest: int
) -> Timeline:
    session_id, compiler = statistics.session_id, compiler_of(connection)
    found: list[queries.Row] = []
    intervals = []
    for *known, start, end, duration_ms, in_flight in queries.rows(
        connection, _runs(compiler), session_id, latest
    ):
        is_running = in_flight and start > moment.running_since
        if is_running and duration_ms is None:
            duration_ms = max(0, moment.ages([start])[start])
        state = "running" if is_running else "abandoned" if in_flight else "ended"
        found.append((*known, start, end, duration_ms, state))
        intervals.append((milliseconds(start), duration_ms or 0))
    return Timeline(
        at=moment.text,
        session=statistics,
        runs=tuple(
            TimelineRun(*(*row, count)) for row, count in zip(found, beside(intervals), strict=True)
        ),
        tool_uses=tuple(
            TimelineToolUse(*row)
            for row in queries.rows(connection, _tool_uses(compiler), session_id, latest)
        ),
    )


def beside(runs: Sequence[tuple[int, int]]) -> list[int]:
    """Of each run, as (start, duration) in milliseconds, how many others overlap it.

    Intervals are half open, `[start, start + duration)`; a run of no length counts as one at its
    instant.
    """
    # At twice the scale a run of no length can end between its instant and the next.
    doubled = [(2 * start, max(2 * (start + duration), 2 * start + 1)) for start, duration in runs]
    starts = sorted(start for start, _ in doubled)
    ends = sorted(end for _, end in doubled)
    # Those that start before it ends, without those that ended before it starts, and itself.
    return [bisect_left(starts, end) - bisect_right(ends, start) - 1 for start, end in doubled]


@lru_cache(maxsize=1)
def _runs(compiler: Compiler) -> str:
    return _listed(compiler, sources.agent_invocations, _RUN_FACTS, "_aggregates_session_starts")


@lru_cache(maxsize=1)
def _tool_uses(compiler: Compiler) -> str:
    return _listed(
        compiler, sources.agent_tool_uses, _TOOL_USE_FACTS, "_aggregates_session_tool_uses"
    )


def _listed(compiler: Compiler, source: Source, facts: tuple[str, ...], listing: str) -> str:
    # The key of the listing is this order, backwards.
    keys = (
        f"SELECT {source.log_key} FROM {listing} WHERE session_id = ?"
        f" ORDER BY start_time DESC, {source.log_key} DESC LIMIT ?"
    )
    rows = compiler.facts_where(source, facts, f"{source.key} IN ({keys})")
    return f"{rows} ORDER BY start, {source.log_key}"
