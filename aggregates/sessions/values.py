"""What is right of one session, computed from its runs and its own rows alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from aggregates.engines.base import Compiler, DriverConnection
from aggregates.engines.tables import COUNTED, DERIVED, DURATIONS, OVERLAP
from aggregates.model.sources import agent_invocations, sessions
from aggregates.sessions.overlaps import Overlap, milliseconds, overlap

STATS = "session_stats"
TABLES = {OVERLAP: (OVERLAP, DERIVED), DURATIONS: (DURATIONS, COUNTED)}
"""What people read of it: name -> tables that hold it."""
STARTS = "_aggregates_session_starts"
"""The listing by which the runs of a session are found."""
SESSION = "session_id = CAST(:session AS TEXT)"
_RUNS_OF_A_READ = 1000

Buckets = dict[tuple[str, int], tuple[int, int]]
"""Sessions and the sum of their durations, by first agent and bound."""


class Version(NamedTuple):
    """What tells whether something that is derived of a session may have become another."""

    changed_seq: int | None
    """newest entry about its runs, 0 where they are older than the log; None where it has none"""
    durations: tuple[int | None, ...]
    """of its own rows in the table sessions"""


@dataclass(frozen=True)
class Expected:
    """What should be derived of one session."""

    session: str
    first_agent: str
    overlap: Overlap
    buckets: Buckets
    version: Version
    """as of which it was read"""


class Run(NamedTuple):
    """What of a run matters here."""

    start: str
    invocation_id: int
    agent: str
    duration_ms: int | None
    succeeded: int
    failed: int


def expected(
    connection: DriverConnection,
    session: str,
    bounds: Sequence[int],
) -> Expected:
    """What is derived of a session, from its runs, which the stored starts name, and its row."""
    with connection.any_text():
        runs = list(_runs(connection, session))
    first = min(runs, default=None)
    lasted = (
        (milliseconds(run.start), run.duration_ms)
        for run in runs
        if run.duration_ms is not None and (run.succeeded or run.failed)
    )
    version = version_of(connection, session)
    return computed(session, first.agent if first else "", overlap(lasted), version, bounds)


def computed(
    session: str,
    first_agent: str,
    runs: Overlap,
    version: Version,
    bounds: Sequence[int],
) -> Expected:
    """What is derived of a session with such a first agent, runs and rows."""
    buckets: Buckets = {}
    for duration in version.durations:
        if duration is not None:
            key = first_agent, bounds[bisect_left(bounds, duration)]
            count, total = buckets.get(key, (0, 0))
            buckets[key] = count + 1, total + duration
    return Expected(
        session,
        first_agent,
        runs,
        buckets,
        version,
    )


def _runs(connection: DriverConnection, session: str) -> Iterator[Run]:
    """The runs of a session, some in each read."""
    mark: tuple[str, int] = ("", 0)
    after = f"{SESSION} AND (start_time, invocation_id) > (:start, :id)"
    while True:
        parameters = {"session": connection.encoded(session), "start": mark[0], "id": mark[1]}
        # A slice ends where its last entry lies: what the source says of it may be something else.
        last = connection.execute(
            f"SELECT start_time, invocation_id FROM (SELECT * FROM main.{STARTS} WHERE {after}"
            f" ORDER BY start_time, invocation_id LIMIT {_RUNS_OF_A_READ}) AS part"
            " ORDER BY start_time DESC, invocation_id DESC LIMIT 1",
            parameters,
        ).fetchone()
        if last is None:
            return
        upto = {"last_start": last[0], "last_id": last[1]}
        for row in connection.execute(
            _slice_sql(connection.compiler, after), parameters | upto
        ).fetchall():
            yield Run(*row)
        mark = last


@lru_cache(maxsize=4)
def _slice_sql(compiler: Compiler, after: str) -> str:
    keys = (
        f"SELECT invocation_id FROM main.{STARTS}"
        f" WHERE {after} AND (start_time, invocation_id) <= (:last_start, :last_id)"
    )
    runs = compiler.facts_where(agent_invocations, Run._fields, f"id IN ({keys})")
    # A listing that has drifted names runs without a start too.
    return f"SELECT * FROM ({runs}) AS found WHERE start IS NOT NULL"


def version_of(connection: DriverConnection, session: str) -> Version:
    """The version of a session's runs and rows that is there now."""
    changed = connection.execute(
        f"SELECT coalesce(changed_seq, 0) FROM main.{STATS} WHERE {SESSION}",
        {"session": connection.encoded(session)},
    ).fetchone()
    return Version(changed[0] if changed else None, own_durations(connection, session))


def own_durations(connection: DriverConnection, session: str) -> tuple[int | None, ...]:
    """How long a session's rows in the table sessions say that it lasted."""
    parameters = {"session": connection.encoded(session)}
    with connection.any_text():
        rows = connection.execute(_durations_sql(connection.compiler), parameters).fetchall()
    # The table may take names for the same that are not: in any case, or as numbers.
    return tuple(duration for name, duration in rows if name == session)


@lru_cache(maxsize=4)
def _durations_sql(compiler: Compiler) -> str:
    return own_durations_sql(compiler, SESSION)


def own_durations_sql(compiler: Compiler, condition: str) -> str:
    """SELECT of sessions by name, with their durations, out of the table sessions."""
    return compiler.facts_where(sessions, ("session", "duration_ms"), condition)


def histogram(connection: DriverConnection, table: str) -> Buckets:
    """The histogram that a table holds, or adds up to."""
    with connection.any_text():
        rows = connection.execute(
            "SELECT first_agent, le_ms, sum(sessions), sum(duration_ms_sum)"
            f" FROM main.{table} GROUP BY first_agent, le_ms"
        ).fetchall()
    found = {(agent, le_ms): (count, total) for agent, le_ms, count, total in rows}
    return without_zeros(found)


def add_to(total: Buckets, more: Buckets, sign: int = 1) -> None:
    """Add to a histogram, or subtract from it."""
    for key, (count, duration) in more.items():
        before = total.get(key, (0, 0))
        total[key] = before[0] + sign * count, before[1] + sign * duration


def without_zeros(buckets: Buckets) -> Buckets:
    """A histogram without buckets that hold nothing."""
    return {key: values for key, values in buckets.items() if values != (0, 0)}


def contribution(connection: DriverConnection, session: str | bytes) -> Buckets:
    """What a session contributes to the histogram, as it is recorded."""
    with connection.any_text():
        rows = connection.execute(
            f"SELECT first_agent, le_ms, sessions, duration_ms_sum FROM main.{COUNTED}"
            " WHERE session_id = CAST(? AS TEXT)",
            (session,),
        ).fetchall()
    return {(agent, le_ms): (count, total) for agent, le_ms, count, total in rows}
