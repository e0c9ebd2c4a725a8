"""Runs that are open now, and runs by the hour of their start."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.reader import queries
from aggregates.reader.clock import hour_of, minutes_of_hours, wall_clock
from aggregates.reader.meaning import meaning
from aggregates.reader.moment import Moment


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
    """The invocations that started inside one hour of the source zone's wall clock."""

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
    minutes: int
    """how long that hour lasted: 60, but 120 where clocks were set back in it and it was there
    twice, and 0 where they left it out and a run bears its time nevertheless"""


def running(connection: Connection, moment: Moment) -> list[RunningRun]:
    """The runs in flight that are not abandoned, oldest first."""
    found = queries.rows(
        connection,
        "SELECT invocation_id, session_id, agent_name, phase, start_time FROM open_runs"
        " WHERE start_time > ? ORDER BY start_time, invocation_id",
        moment.running_since,
    )
    ages_ms = moment.ages(row[-1] for row in found)
    return [RunningRun(*(*row, ages_ms[row[-1]])) for row in found]


def hourly(
    connection: Connection,
    since: datetime,
    until: datetime | None = None,
    *,
    agent: str | None = None,
    zone: tzinfo | None = None,
) -> list[HourPoint]:
    """One point for each whole hour that [since, until) touches, hours without a run included.

    `until` is now by default. With `agent` only the runs of that agent are counted. Hours are those
    that a clock in the source zone shows: one that is there twice, as clocks are set back, is one
    point, and one that they leave out has none unless a run bears its time.
    """
    first, last = _hours(since, until, zone)
    means = meaning(compiler_of(connection))
    found = {
        row[0]: row
        for row in queries.rows(
            connection,
            f"SELECT hour, sum(invocations), {means.outcomes('invocations')},"
            " sum(duration_count), sum(duration_ms_sum), sum(tokens_sum), sum(tool_calls_sum)"
            f" FROM agent_hourly WHERE hour BETWEEN ? AND ? AND {means.is_invocation}"
            f"{'' if agent is None else ' AND agent_name = ?'} GROUP BY hour",
            first.isoformat(),
            last.isoformat(),
            *([] if agent is None else [agent]),
        )
    }
    count = (last - first) // timedelta(hours=1) + 1
    minutes = minutes_of_hours((first + timedelta(hours=hour) for hour in range(count)), zone)
    texts = {hour.isoformat(): lasted for hour, lasted in minutes.items()}
    return [
        HourPoint(*(*found.get(hour, (hour, 0, 0, 0, 0, 0, 0, 0)), lasted))
        for hour, lasted in texts.items()
        if lasted or hour in found
    ]


def hourly_by_agent(
    connection: Connection,
    since: datetime,
    until: datetime | None = None,
    *,
    zone: tzinfo | None = None,
) -> dict[str, dict[str, int]]:
    """Invocations of each agent by the hour of their start: agent -> hour -> how many.

    The hours are those that `hourly` answers for the same window, of which only those are there in
    which the agent has one.
    """
    first, last = _hours(since, until, zone)
    means = meaning(compiler_of(connection))
    found: dict[str, dict[str, int]] = {}
    for agent_name, hour, invocations in queries.rows(
        connection,
        "SELECT agent_name, hour, sum(invocations) FROM agent_hourly"
        f" WHERE hour BETWEEN ? AND ? AND {means.is_invocation} GROUP BY agent_name, hour",
        first.isoformat(),
        last.isoformat(),
    ):
        found.setdefault(agent_name, {})[hour] = invocations
    return found


def open_since(connection: Connection, start: str, *, inclusive: bool = False) -> Counter[str]:
    """Runs in flight by agent; reads a range of the index on start_time, never the whole table."""
    comparison = ">=" if inclusive else ">"
    return Counter(
        dict(
            queries.rows(
                connection,
                "SELECT agent_name, count(*) FROM open_runs"
                f" WHERE start_time {comparison} ? GROUP BY agent_name",
                start,
            )
        )
    )


def _hours(
    since: datetime, until: datetime | None, zone: tzinfo | None
) -> tuple[datetime, datetime]:
    """The first and the last hour that [since, until) touches."""
    first = hour_of(wall_clock(since, zone))
    # An `until` on the hour does not touch the hour that it begins.
    return first, hour_of(wall_clock(until or datetime.now(UTC), zone) - datetime.resolution)
