"""Statistics of each agent, and counts by what tells runs apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.reader import queries
from aggregates.reader.clock import canonical, hour_of, wall_clock
from aggregates.reader.histograms import Percentiles, percentiles_by
from aggregates.reader.meaning import meaning
from aggregates.reader.moment import Moment
from aggregates.reader.runs import open_since


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
class RunCount:
    """How many invocations, all-time, have an agent, phase, model and status in common."""

    agent_name: str
    phase: str
    model: str
    status: str
    """as of now"""
    invocations: int


@dataclass(frozen=True, slots=True)
class RunGroup:
    """The invocations, all-time, that have an agent, phase, model and status in common."""

    agent_name: str
    phase: str
    model: str
    status: str
    """as of now"""
    invocations: int
    tokens: int
    succeeded: bool
    """whether that status says so"""
    failed: bool
    """whether that status says so"""


def agents(
    connection: Connection, moment: Moment, since: datetime | None = None
) -> list[AgentStatistics]:
    """The agents, most invocations first.

    `since` opens a window at the beginning of the hour that holds it. Counts, sums and what is in
    flight are then exactly those of the runs that started in the window; percentiles are those of
    the whole days that the window touches, as durations are kept by day.
    """
    oldest = moment.running_since
    if since is None:
        return all_time(connection, open_since(connection, oldest))
    return _in_window(connection, hour_of(wall_clock(since, moment.zone)), oldest)


def run_counts(connection: Connection) -> list[RunCount]:
    """The invocations, all-time, by everything that tells them apart."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for one in run_groups(connection):
        found[one.agent_name, one.phase, one.model, one.status] += one.invocations
    return [RunCount(*key, invocations) for key, invocations in found.items()]


def run_groups(connection: Connection) -> list[RunGroup]:
    """The invocations, all-time, by everything that tells them apart, and what became of them.

    The agent of one whose name holds a NUL byte is `''`, under which agent_stats has rows without a
    name too, which are no invocations: agent_activity tells how many are, and what became of them,
    but not their phase, model and status.
    """
    means = meaning(compiler_of(connection))
    found = queries.rows(
        connection,
        "SELECT agent_name, phase, model, status, sum(invocations), sum(tokens_sum),"
        f" {means.succeeded}, {means.failed} FROM agent_stats WHERE {means.is_invocation}"
        " GROUP BY agent_name, phase, model, status HAVING sum(invocations) <> 0"
        " ORDER BY agent_name, phase, model, status",
    )
    groups = [RunGroup(*(*row[:-2], *map(bool, row[-2:]))) for row in found]
    nameless = queries.rows(
        connection,
        "SELECT succeeded, failed, invocations - succeeded - failed FROM agent_activity"
        " WHERE agent_name = ''",
    )
    outcomes = (True, False), (False, True), (False, False)
    for counts in nameless:
        for outcome, count in zip(outcomes, counts, strict=True):
            if count:
                groups.append(RunGroup("", "", "", "", count, 0, *outcome))
    return groups


def all_time(connection: Connection, running_now: Counter[str]) -> list[AgentStatistics]:
    """The agents, of whose runs that are not abandoned the number is given."""
    means = meaning(compiler_of(connection))
    measures = {
        row[0]: row[1:]
        for row in queries.rows(
            connection,
            "SELECT agent_name, sum(duration_count), sum(duration_ms_sum), sum(tokens_sum),"
            " sum(tool_calls_sum) FROM agent_stats"
            f" WHERE {means.is_invocation} GROUP BY agent_name",
        )
    }
    histograms = percentiles_by(
        connection,
        ("agent_name",),
        "SELECT agent_name, le_ms, runs, duration_ms_sum FROM agent_durations"
        f" WHERE {means.is_invocation}",
    )
    return [
        _statistics(
            agent_name,
            counts=(invocations, succeeded, failed),
            measures=measures.get(agent_name, (0, 0, 0, 0)),
            in_flight=in_flight,
            running_now=running_now[agent_name],
            sessions=sessions,
            percentile=histograms.get((agent_name,), Percentiles()),
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
        ) in queries.rows(
            connection,
            "SELECT agent_name, invocations, succeeded, failed, in_flight, sessions, first_start,"
            " last_start, updated_at FROM agent_activity"
            # A key whose every measure is zero is a leftover, and is not shown.
            " WHERE invocations <> 0 OR succeeded <> 0 OR failed <> 0 OR in_flight <> 0"
            " OR sessions <> 0 ORDER BY invocations DESC, agent_name",
        )
    ]


def _in_window(connection: Connection, start: datetime, oldest: str) -> list[AgentStatistics]:
    start_text = canonical(start)
    means = meaning(compiler_of(connection))
    counted = queries.rows(
        connection,
        f"SELECT agent_name, sum(invocations), {means.outcomes('invocations')},"
        " sum(duration_count), sum(duration_ms_sum), sum(tokens_sum), sum(tool_calls_sum)"
        f" FROM agent_hourly WHERE hour >= ? AND {means.is_invocation}"
        " GROUP BY agent_name ORDER BY 2 DESC, 1",
        start.isoformat(),
    )
    histograms = percentiles_by(
        connection,
        ("agent_name",),
        "SELECT agent_name, le_ms, sum(runs) AS runs, sum(duration_ms_sum) AS duration_ms_sum"
        f" FROM agent_durations_daily WHERE day >= ? AND {means.is_invocation}"
        " GROUP BY agent_name, le_ms",
        start.date().isoformat(),
    )
    in_flight = open_since(connection, start_text, inclusive=True)
    running_now = open_since(connection, oldest) if oldest >= start_text else in_flight
    times = {
        row[0]: row[1:]
        for row in queries.rows(
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
            percentile=histograms.get((row[0],), Percentiles()),
            times=times.get(row[0], (None, None, None)),
        )
        for row in counted
    ]


def latest_start(agents: Iterable[AgentStatistics]) -> str | None:
    """When the last run of some agents started, canonical text; None where no start is known."""
    return max((one.last_start for one in agents if one.last_start is not None), default=None)


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
