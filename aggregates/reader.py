"""Read the aggregate tables: pure functions of a connection.

Nothing here reads a source table, and nothing scans a table that grows with the history: the cost
of a reading depends on the number of agents, of hours asked for and of runs that are open inside
the window, not on the number of rows ever written.

Times in the tables are naive wall-clock times of one zone, the *source zone*. A function that
takes a moment takes it aware, or naive in the source zone; ``zone=None`` is the system's own zone.
Functions that run several queries are exact only inside one read transaction of the caller.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection

ABANDON_AFTER = timedelta(hours=6)
"""A run that started this long ago and has not ended is called abandoned."""

_ONLY_INVOCATIONS = (
    "event_type NOT IN ('subagent_stop', 'tool_tracking_start')"
    " AND agent_name NOT IN ('', 'unknown')"
)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Nearest-rank percentiles of durations in milliseconds; None where no duration is known.

    The relative error is at most 2 % from 10 ms to 24 h; beyond, the mean of the bucket stands in.
    """

    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class AgentStatistics:
    """What is known of one agent, all-time or since the beginning of a window.

    Durations are in milliseconds and of every run whose duration is known, failed ones too.
    """

    agent_name: str
    invocations: int
    succeeded: int
    failed: int
    ended: int
    """succeeded + failed: the denominator of `success_rate`"""
    success_rate: float | None
    """succeeded / ended, from 0 to 1; None where nothing ended"""
    in_flight: int
    """started and not ended: running + abandoned"""
    running: int
    """in flight, and younger than the abandon timeout"""
    abandoned: int
    """in flight, and older than the abandon timeout"""
    sessions: int | None
    """distinct sessions, all-time; None in a window, for which no table holds it"""
    duration_count: int
    """runs whose duration is known"""
    mean_duration_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    tokens: int
    tool_calls: int
    first_start: str | None
    """earliest start, canonical text in the source zone; None where it lies before the window"""
    last_start: str | None
    """latest start, canonical text in the source zone"""
    updated_at: str | None
    """when any of its rows last changed, text in UTC"""


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run that has started, has not ended, and is younger than the abandon timeout."""

    invocation_id: int
    session_id: str
    agent_name: str
    phase: str
    start_time: str
    """canonical text in the source zone"""
    age_ms: int
    """since the start; negative where the start lies ahead of our clock"""


@dataclass(frozen=True, slots=True)
class HourPoint:
    """The invocations that started inside one hour of the source zone."""

    hour: str
    """`2026-10-01T09:00:00`, in the source zone"""
    invocations: int
    succeeded: int
    failed: int
    duration_count: int
    duration_ms_sum: int
    """milliseconds, over `duration_count` runs"""
    tokens: int
    tool_calls: int


@dataclass(frozen=True, slots=True)
class Collection:
    """Everything that a collector shows, from one snapshot."""

    at: str
    """moment of the collection, text in UTC with milliseconds and `Z`"""
    totals: dict[str, int]
    agents: tuple[AgentStatistics, ...]
    running: tuple[RunningRun, ...]
    hours: tuple[HourPoint, ...]
    """the last 24 hours of the source zone, the current one (still growing) included"""


def wall_clock(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """The naive time that a clock in the source zone shows; a naive moment is that already."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(zone).replace(tzinfo=None)


def agents(
    connection: Connection,
    since: datetime | None = None,
    *,
    now: datetime | None = None,
    abandon_after: timedelta = ABANDON_AFTER,
    zone: tzinfo | None = None,
) -> list[AgentStatistics]:
    """The agents, most invocations first.

    `since` opens a window at the beginning of the hour that holds it. Counts, sums and what is in
    flight are then exactly those of the runs that started in the window; percentiles are those of
    the whole days that the window touches, as durations are kept by day.
    """
    cutoff = _canonical(_cutoff(now, abandon_after, zone))
    if since is None:
        running_now = _open_since(connection, cutoff)
        return _all_time(connection, running_now)
    return _in_window(connection, _hour(wall_clock(since, zone)), cutoff)


def running(
    connection: Connection,
    now: datetime | None = None,
    abandon_after: timedelta = ABANDON_AFTER,
    *,
    zone: tzinfo | None = None,
) -> list[RunningRun]:
    """The runs in flight that started less than `abandon_after` before `now`, oldest first."""
    now = now or datetime.now(UTC)
    found = _rows(
        connection,
        "SELECT invocation_id, session_id, agent_name, phase, start_time FROM open_runs"
        " WHERE start_time > ? ORDER BY start_time, invocation_id",
        _canonical(_cutoff(now, abandon_after, zone)),
    )
    return [
        RunningRun(
            invocation_id, session_id, agent_name, phase, start_time, _age_ms(start_time, now, zone)
        )
        for invocation_id, session_id, agent_name, phase, start_time in found
    ]


def hourly(
    connection: Connection,
    since: datetime,
    until: datetime | None = None,
    *,
    zone: tzinfo | None = None,
) -> list[HourPoint]:
    """One point for each whole hour that [since, until) touches, hours without a run included.

    `until` is now by default.
    """
    first = _hour(wall_clock(since, zone))
    # An `until` on the hour does not touch the hour that it begins.
    last = _hour(wall_clock(until or datetime.now(UTC), zone) - datetime.resolution)
    found = {
        row[0]: row
        for row in _rows(
            connection,
            "SELECT hour, sum(invocations),"
            " sum(CASE WHEN status = 'completed' THEN invocations ELSE 0 END),"
            " sum(CASE WHEN status IN ('failed', 'error') THEN invocations ELSE 0 END),"
            " sum(duration_count), sum(duration_ms_sum), sum(tokens_sum), sum(tool_calls_sum)"
            f" FROM agent_hourly WHERE hour BETWEEN ? AND ? AND {_ONLY_INVOCATIONS}"
            " GROUP BY hour",
            first.isoformat(),
            last.isoformat(),
        )
    }
    hours = (
        (first + timedelta(hours=hour)).isoformat()
        for hour in range((last - first) // timedelta(hours=1) + 1)
    )
    return [HourPoint(*found.get(hour, (hour, 0, 0, 0, 0, 0, 0, 0))) for hour in hours]


def totals(connection: Connection) -> dict[str, int]:
    """What would otherwise have to be counted over many rows, by name."""
    return dict(_rows(connection, "SELECT name, value FROM aggregate_totals ORDER BY name"))


def collect(
    connection: Connection,
    *,
    now: datetime | None = None,
    abandon_after: timedelta = ABANDON_AFTER,
    zone: tzinfo | None = None,
) -> Collection:
    """Everything at once. Call it inside one read transaction, so that the parts agree."""
    now = now or datetime.now(UTC)
    now_running = running(connection, now, abandon_after, zone=zone)
    return Collection(
        at=_utc_text(now, zone),
        totals=totals(connection),
        agents=tuple(_all_time(connection, Counter(run.agent_name for run in now_running))),
        running=tuple(now_running),
        hours=tuple(hourly(connection, now - timedelta(hours=23), now, zone=zone)),
    )


def percentiles(
    le_ms: Sequence[int], runs: Sequence[int], bounds: Sequence[int], end_sums: Mapping[int, int]
) -> Percentiles:
    """Nearest-rank percentiles of a histogram of integer milliseconds.

    `le_ms` and `runs` are its buckets in order, each of the integers above the bound before `le_ms`
    up to `le_ms` itself; empty ones may be missing. `bounds` are all bounds in order. `end_sums`
    holds the sum of the durations in the first and in the last bucket, by `le_ms`.
    """
    cumulative = list(accumulate(runs))
    known = cumulative[-1] if cumulative else 0
    if known <= 0:
        return Percentiles()

    def nearest(p: int) -> float:
        # The rank is ceil(known * p / 100), in integers so that no rank is off by rounding.
        position = bisect_left(cumulative, -(-known * p // 100))
        high = le_ms[position]
        if high in end_sums:
            # The first bucket begins at 0, the last has no end: only the mean says where they are.
            return end_sums[high] / runs[position]
        low = bounds[bisect_left(bounds, high) - 1] + 1
        # Of all estimates this one has the least greatest relative error, (high-low)/(high+low).
        return 2 * low * high / (low + high)

    return Percentiles(nearest(50), nearest(90), nearest(95), nearest(99))


def _all_time(connection: Connection, running_now: Counter[str]) -> list[AgentStatistics]:
    measures = {
        row[0]: row[1:]
        for row in _rows(
            connection,
            "SELECT agent_name, sum(duration_count), sum(duration_ms_sum), sum(tokens_sum),"
            f" sum(tool_calls_sum) FROM agent_stats WHERE {_ONLY_INVOCATIONS} GROUP BY agent_name",
        )
    }
    histograms = _histograms(
        connection,
        "SELECT agent_name, le_ms, runs, duration_ms_sum FROM _aggregates_agent_percentiles",
    )
    return [
        _statistics(
            agent_name,
            counts=(invocations, succeeded, failed),
            measures=measures.get(agent_name, (0, 0, 0, 0)),
            in_flight=in_flight,
            running_now=running_now[agent_name],
            sessions=sessions,
            percentile=histograms.get(agent_name, Percentiles()),
            times=(first_start, last_start, updated_at),
        )
        for (
            agent_name,
            invocations,
            succeeded,
            failed,
            in_flight,
            sessions,
            first_start,
            last_start,
            updated_at,
        ) in _rows(
            connection,
            "SELECT agent_name, invocations, succeeded, failed, in_flight, sessions, first_start,"
            " last_start, updated_at FROM agent_activity"
            # A key whose every measure is zero is a leftover, and is not shown.
            " WHERE invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0"
            " OR sessions <> 0 ORDER BY invocations DESC, agent_name",
        )
    ]


def _in_window(connection: Connection, start: datetime, cutoff: str) -> list[AgentStatistics]:
    start_text = _canonical(start)
    counted = _rows(
        connection,
        "SELECT agent_name, sum(invocations),"
        " sum(CASE WHEN status = 'completed' THEN invocations ELSE 0 END),"
        " sum(CASE WHEN status IN ('failed', 'error') THEN invocations ELSE 0 END),"
        " sum(duration_count), sum(duration_ms_sum), sum(tokens_sum), sum(tool_calls_sum)"
        f" FROM agent_hourly WHERE hour >= ? AND {_ONLY_INVOCATIONS}"
        " GROUP BY agent_name ORDER BY 2 DESC, 1",
        start.isoformat(),
    )
    histograms = _histograms(
        connection,
        "SELECT agent_name, le_ms, sum(runs) AS runs, sum(duration_ms_sum) AS duration_ms_sum"
        f" FROM agent_durations_daily WHERE day >= ? AND {_ONLY_INVOCATIONS}"
        " GROUP BY agent_name, le_ms",
        start.date().isoformat(),
    )
    in_flight = _open_since(connection, start_text, inclusive=True)
    running_now = _open_since(connection, cutoff) if cutoff >= start_text else in_flight
    times = {
        row[0]: row[1:]
        for row in _rows(
            connection,
            "SELECT agent_name, CASE WHEN first_start >= ? THEN first_start END, last_start,"
            " updated_at FROM agent_activity",
            start_text,
        )
    }
    return [
        _statistics(
            row[0],
            counts=row[1:4],
            measures=row[4:8],
            in_flight=in_flight[row[0]],
            running_now=running_now[row[0]],
            sessions=None,
            percentile=histograms.get(row[0], Percentiles()),
            times=times.get(row[0], (None, None, None)),
        )
        for row in counted
    ]


def _statistics(
    agent_name: str,
    *,
    counts: tuple[int, int, int],
    measures: tuple[int, int, int, int],
    in_flight: int,
    running_now: int,
    sessions: int | None,
    percentile: Percentiles,
    times: tuple[str | None, str | None, str | None],
) -> AgentStatistics:
    invocations, succeeded, failed = counts
    duration_count, duration_ms_sum, tokens, tool_calls = measures
    first_start, last_start, updated_at = times
    ended = succeeded + failed
    return AgentStatistics(
        agent_name=agent_name,
        invocations=invocations,
        succeeded=succeeded,
        failed=failed,
        ended=ended,
        success_rate=succeeded / ended if ended else None,
        in_flight=in_flight,
        running=running_now,
        abandoned=in_flight - running_now,
        sessions=sessions,
        duration_count=duration_count,
        mean_duration_ms=duration_ms_sum / duration_count if duration_count else None,
        p50_ms=percentile.p50_ms,
        p90_ms=percentile.p90_ms,
        p95_ms=percentile.p95_ms,
        p99_ms=percentile.p99_ms,
        tokens=tokens,
        tool_calls=tool_calls,
        first_start=first_start,
        last_start=last_start,
        updated_at=updated_at,
    )


def _histograms(
    connection: Connection, histogram: str, *parameters: object
) -> dict[str, Percentiles]:
    """Percentiles by agent, of a query for (agent_name, le_ms, runs, duration_ms_sum)."""
    bounds = _bounds(connection)
    if not bounds:
        return {}
    ends = bounds[0], bounds[-1]
    end_sums: dict[str, dict[int, int]] = {}
    for agent_name, le_ms, duration_ms_sum in _rows(
        connection,
        f"SELECT agent_name, le_ms, duration_ms_sum FROM ({histogram}) AS histogram"
        " WHERE le_ms IN (?, ?)",
        *parameters,
        *ends,
    ):
        end_sums.setdefault(agent_name, {})[le_ms] = duration_ms_sum
    # One row an agent: a histogram as thousands of rows takes twice as long to fetch and to fold.
    found = _rows(
        connection,
        "SELECT agent_name, group_concat(le_ms), group_concat(runs)"
        f" FROM ({histogram}) AS histogram WHERE runs <> 0 GROUP BY agent_name",
        *parameters,
    )
    return {
        agent_name: _percentiles_of(
            le_ms, runs, tuple(bounds), tuple(end_sums.get(agent_name, {}).items())
        )
        for agent_name, le_ms, runs in found
    }


@lru_cache(maxsize=1024)
def _percentiles_of(
    le_ms_text: str, runs_text: str, bounds: tuple[int, ...], end_sums: tuple[tuple[int, int], ...]
) -> Percentiles:
    """Of one histogram as text. From one collection to the next most agents have not changed."""
    le_ms, runs = _integers(le_ms_text), _integers(runs_text)
    if le_ms != sorted(le_ms):
        # Both lists are in one order, but nothing promises that it is that of the bounds.
        le_ms, runs = map(list, zip(*sorted(zip(le_ms, runs, strict=True)), strict=True))
    return percentiles(le_ms, runs, bounds, dict(end_sums))


def _bounds(connection: Connection) -> list[int]:
    """The bounds of all histograms; they never change, so a connection reads them once."""
    bounds: list[int] = connection.info.get("duration_bounds", [])
    if not bounds:
        found = _rows(connection, "SELECT le_ms FROM duration_bounds ORDER BY le_ms")
        bounds = connection.info["duration_bounds"] = [le_ms for (le_ms,) in found]
    return bounds


def _integers(text: str) -> list[int]:
    found: list[int] = json.loads(f"[{text}]")
    return found


def _open_since(connection: Connection, start: str, *, inclusive: bool = False) -> Counter[str]:
    """Runs in flight by agent; reads a range of the index on start_time, never the whole table."""
    comparison = ">=" if inclusive else ">"
    return Counter(
        dict(
            _rows(
                connection,
                "SELECT agent_name, count(*) FROM open_runs"
                f" WHERE start_time {comparison} ? GROUP BY agent_name",
                start,
            )
        )
    )


def _rows(connection: Connection, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """All rows as the driver's own tuples: a histogram is thousands of them."""
    with connection.exec_driver_sql(statement, parameters) as result:
        return list(result.cursor.fetchall()) if result.cursor else []


def _cutoff(now: datetime | None, abandon_after: timedelta, zone: tzinfo | None) -> datetime:
    # Subtracted before it becomes wall-clock time, so that a change of clocks makes no difference.
    return wall_clock((now or datetime.now(UTC)) - abandon_after, zone)


def _hour(wall: datetime) -> datetime:
    return wall.replace(minute=0, second=0, microsecond=0)


def _canonical(wall: datetime) -> str:
    return wall.isoformat(timespec="milliseconds")


def _aware(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone) if zone else moment.astimezone()


def _utc_text(moment: datetime, zone: tzinfo | None) -> str:
    utc = _aware(moment, zone).astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _age_ms(start_time: str, now: datetime, zone: tzinfo | None) -> int:
    start = datetime.fromisoformat(start_time)
    try:
        age = _aware(now, zone) - _aware(start, zone)
    except (OverflowError, ValueError):
        # The last hours of the year 9999, which a source row may hold, have no moment in UTC.
        age = wall_clock(now, zone) - start
    return age // timedelta(milliseconds=1)
