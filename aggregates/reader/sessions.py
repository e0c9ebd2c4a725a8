"""Sessions: the latest, the active, the abandoned, and one that is named.

A session is a row of the table `sessions`, and whatever its invocations add up to. Listings go by
the start that the row tells. Where hooks write no such row there are only the invocations: those
sessions are listed by the start of their first run, as far as the newest rows are of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.engines.tables import DERIVED, PENDING
from aggregates.errors import AmbiguousSession, NoSuchSession
from aggregates.model import sources
from aggregates.reader import queries
from aggregates.reader.clock import canonical, milliseconds_between, wall_clock
from aggregates.reader.facts import facts_where
from aggregates.reader.meaning import meaning
from aggregates.reader.moment import Moment
from aggregates.sessions.overlaps import Overlap, milliseconds, overlap

LATEST = 50
"""Sessions of a listing, and of a collection."""

_COUNTS = ", ".join(
    f"coalesce({name}, 0)"
    for name in (
        "invocations",
        "succeeded",
        "failed",
        "in_flight",
        "agents",
        "phases",
        "duration_count",
        "duration_ms_sum",
    )
)
# Each is one seek, as both tables are ordered by session and start.
_LATEST_EVENTS = (
    "(SELECT max(start_time) FROM _aggregates_session_starts AS run"
    " WHERE run.session_id = listed.session_id) AS latest_run,"
    " (SELECT max(start_time) FROM _aggregates_session_tool_uses AS tool_use"
    " WHERE tool_use.session_id = listed.session_id) AS latest_tool_use"
)
_NEWEST = 900
"""Rows that are looked through for sessions without one of their own; SQLite may take no more than
999 parameters."""
_SHORTEST_ID = 8
_LONGEST_OVERLAP = 1000
"""Runs of a session up to which those that run now are laid over all others."""
_CANDIDATES = 5
_ALL = 2**62
_LISTED = "listed.session_id"
_LAST_CHARACTER = chr(0x10FFFF)

_OWN = ("session", "status_name", "start", "end", "duration_ms", "is_open")
_NO_ROW = ("", None, None, None, 0, 0)
_RUN = ("session", "start", "duration_ms", "in_flight", "succeeded", "failed")
# All runs of the listed sessions in which a run is in flight since some time.
_RUNS = (
    "id IN (SELECT run.invocation_id FROM ({listed}) AS listed"
    " {stats} AND stats.invocations <= ? {run}"
    " WHERE listed.session_id IN (SELECT session_id FROM open_runs WHERE start_time > ?))"
)

State = Literal["active", "abandoned", "ended", "unknown"]


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    """One session: what its own row says, and what its invocations add up to.

    Times are canonical text in the source zone, durations milliseconds.
    """

    session_id: str
    short_id: str
    """a prefix, of at least 8 characters, that no other session of the answer has"""
    state: Literal["active", "abandoned", "ended", "unknown"]
    """`active` and `abandoned` ones have started and not ended; `unknown` where no row tells"""
    status: str
    """as its row has it: `active`, `completed`, …"""
    start_time: str | None
    """of its row: when it started, or was last resumed"""
    end_time: str | None
    """of its row: as of its last answer"""
    elapsed_ms: int | None
    """from start to end; of an active one until now, of an abandoned one until its latest event"""
    last_event: str | None
    """its latest event: own start or end, a start or an end of a run, a start of a tool use"""
    invocations: int
    succeeded: int
    failed: int
    ended: int
    """succeeded + failed: the denominator of `success_rate`"""
    success_rate: float | None
    """succeeded / ended, from 0 to 1; None where nothing ended"""
    in_flight: int
    """invocations that started and did not end, abandoned ones too"""
    agents: int
    """distinct agents"""
    phases: int
    """distinct phases"""
    duration_count: int
    """invocations whose duration is known"""
    duration_ms_sum: int
    """milliseconds, over `duration_count` invocations; those side by side count each"""
    first_start: str | None
    """earliest start of an invocation"""
    last_end: str | None
    """latest end of an invocation"""
    first_agent: str | None
    """agent of that start; None while pending"""
    max_parallel: int | None
    """most runs open at one instant, those that run now too where the session has at most 1,000
    invocations; None while nothing is derived"""
    busy_ms: int | None
    """milliseconds in which at least one run was open; None while nothing is derived"""
    idle_ms: int | None
    """elapsed_ms - busy_ms, not below 0; None where either is not known"""
    efficiency: float | None
    """busy_ms / elapsed_ms, from 0 to 1; None where either is not known, or nothing elapsed"""
    is_pending: bool
    """whether the session has changed since the last four were derived"""

    @property
    def began(self) -> str | None:
        """What listings go by: `start_time`, or `first_start` where no row tells one."""
        return self.start_time or self.first_start


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """What all sessions add up to, all-time."""

    sessions: int
    """with an invocation: the denominator of `agents_per_session`"""
    session_agent_pairs: int
    """agents of each session, added up"""
    agents_per_session: float | None
    """session_agent_pairs / sessions"""
    session_rows: int
    """rows of the table `sessions`"""
    by_status: dict[str, int]
    """rows of the table `sessions` by their status"""
    duration_count: int
    """of those, with a known start and end: the denominator of `mean_duration_ms`"""
    duration_ms_sum: int
    """milliseconds, over `duration_count` sessions"""
    mean_duration_ms: float | None
    """duration_ms_sum / duration_count"""
    active: int
    """sessions that are active now"""


def sessions(
    connection: Connection,
    moment: Moment,
    limit: int = LATEST,
    *,
    state: Literal["active", "abandoned"] | None = None,
    since: datetime | None = None,
    agent: str | None = None,
) -> list[SessionStatistics]:
    """The latest sessions by start, newest first; with `state` only those that are in it.

    `since` leaves out what started earlier, `agent` what it has no invocation in. To find those of
    a rare agent, the sessions since then are gone through one by one.
    """
    first = None if since is None else canonical(wall_clock(since, moment.zone))
    table, at_most = "_aggregates_sessions_by_start", limit
    if state is not None:
        table = "_aggregates_open_sessions"
        at_most += active_count(connection, moment)
    if state == "active":
        first = max(first or "", moment.active_since)
        at_most = _ALL
    conditions = ["session_id <> ''"]
    parameters: list[object] = []
    if first is not None:
        conditions.append("start_time >= ?")
        parameters.append(first)
    if agent is not None:
        conditions.append(
            "EXISTS (SELECT 1 FROM session_agents AS pair"
            " WHERE pair.session_id = listed.session_id AND pair.agent_name = ?)"
        )
        parameters.append(agent)
    parameters.append(at_most)
    latest = (
        "SELECT session_id, start_time FROM ({}) AS listed"
        f" WHERE {' AND '.join(conditions)} ORDER BY start_time DESC, session_id LIMIT ?"
    )
    listed = latest.format(f"SELECT * FROM {table} AS listed WHERE sessions <> 0")
    without_row = (
        queries.rows(connection, latest.format(_without_row(connection)), *parameters)
        if state is None
        else []
    )
    if without_row:
        listed = (
            f"SELECT * FROM ({listed}) AS listed UNION ALL"
            " SELECT session_id, coalesce(first_start, '') FROM session_stats"
            f" WHERE session_id IN ({', '.join('?' * len(without_row))})"
            " ORDER BY start_time DESC, session_id LIMIT ?"
        )
        parameters += [*(session_id for session_id, _ in without_row), at_most]
    found = described(connection, moment, listed, *parameters)
    return [one for one in found if state is None or one.state == state][:limit]


def _without_row(connection: Connection) -> str:
    """A query for the sessions without a row that the newest runs are of."""
    source = sources.agent_invocations
    words = compiler_of(connection)
    table, key = map(words.quote, (source.name, source.key))
    return (
        # Where no start is known it comes last, on every engine.
        "SELECT stats.session_id, coalesce(first_start, '') AS start_time FROM"
        f" (SELECT DISTINCT session_id FROM {table}"
        f" WHERE {key} > (SELECT max({key}) FROM {table}) - {_NEWEST}) AS newest"
        # CROSS, as nothing tells SQLite that those are few.
        f" {words.beside('CROSS JOIN', 'session_stats', 'stats', 'newest.session_id')}"
        # Rows that are no runs are of sessions too.
        " WHERE stats.invocations <> 0 AND NOT EXISTS (SELECT 1"
        f" FROM {sources.sessions.name} AS own WHERE own.session_id = newest.session_id)"
    )


def active_count(connection: Connection, moment: Moment) -> int:
    """How many sessions are active; reads those only that are open and began inside the window."""
    events = (
        ("_aggregates_session_starts", "start_time"),
        ("session_stats", "last_end"),
        ("_aggregates_session_tool_uses", "start_time"),
    )
    happened = "".join(
        f" OR EXISTS (SELECT 1 FROM {table} AS event"
        f" WHERE event.session_id = listed.session_id AND event.{time} > ?)"
        for table, time in events
    )
    ((count,),) = queries.rows(
        connection,
        "SELECT count(*) FROM _aggregates_open_sessions AS listed"
        f" WHERE start_time > ? AND session_id <> '' AND sessions <> 0"
        f" AND (start_time > ?{happened})",
        moment.active_since,
        *[moment.idle_since] * (1 + len(events)),
    )
    return int(count)


def session_totals(connection: Connection, totals: Mapping[str, int], active: int) -> SessionTotals:
    """Out of the totals by name, the sessions by status, and the number of active ones."""
    by_status = {
        status: values
        for status, *values in queries.rows(
            connection,
            "SELECT status, sessions, duration_count, duration_ms_sum FROM sessions_summary"
            " WHERE sessions <> 0 ORDER BY status",
        )
    }
    known = sum(count for _, count, _ in by_status.values())
    elapsed = sum(ms for _, _, ms in by_status.values())
    with_runs, pairs = totals.get("sessions", 0), totals.get("session_agent_pairs", 0)
    return SessionTotals(
        sessions=with_runs,
        session_agent_pairs=pairs,
        agents_per_session=pairs / with_runs if with_runs else None,
        session_rows=sum(count for count, _, _ in by_status.values()),
        by_status={status: count for status, (count, _, _) in by_status.items()},
        duration_count=known,
        duration_ms_sum=elapsed,
        mean_duration_ms=elapsed / known if known else None,
        active=active,
    )


def described(
    connection: Connection, moment: Moment, listed: str, *parameters: object
) -> list[SessionStatistics]:
    """The sessions that a query for `session_id` lists, newest first."""
    counted = queries.rows(
        connection,
        f"SELECT listed.session_id, {_COUNTS}, first_start, last_end, {_LATEST_EVENTS},"
        f" derived.first_agent, max_parallel, busy_ms, stats.session_id IS NOT NULL AND ({PENDING})"
        f" FROM ({listed}) AS listed"
        f" {compiler_of(connection).beside('LEFT JOIN', 'session_stats', 'stats', _LISTED)}"
        # As the view session_overlap does, which SQLite would compute for all sessions here.
        f" LEFT JOIN {DERIVED} AS derived ON derived.session_id = stats.session_id",
        *parameters,
    )
    running = _running_overlaps(connection, moment, listed, parameters)
    own = _own_rows(connection, listed, parameters)
    earliest = moment.active_since
    short = short_ids(row[0] for row in counted)
    recent = (start for _, start, _, _, is_open, _ in own.values() if is_open and start > earliest)
    until_now = moment.ages(recent)
    found = []
    for (
        session_id,
        invocations,
        succeeded,
        failed,
        in_flight,
        agents,
        phases,
        duration_count,
        duration_ms_sum,
        first_start,
        last_end,
        latest_run,
        latest_use,
        first_agent,
        max_parallel,
        busy_ms,
        is_pending,
    ) in counted:
        if not invocations:
            max_parallel, busy_ms = 0, 0
        elif session_id in running:
            shape = running[session_id]
            max_parallel, busy_ms = shape.max_parallel, shape.busy_ms
        status, start, end, duration_ms, is_open, has_ended = own.get(session_id, _NO_ROW)
        last_event = max(start or "", end or "", last_end or "", latest_run or "", latest_use or "")
        state: State = "unknown"
        if is_open and start > earliest and last_event > moment.idle_since:
            state, duration_ms = "active", until_now[start]
        elif is_open:
            state, duration_ms = "abandoned", milliseconds_between(start, last_event)
        elif start or end or has_ended:
            state = "ended"
        ended = succeeded + failed
        found.append(
            SessionStatistics(
                session_id=session_id,
                short_id=short[session_id],
                state=state,
                status=status,
                start_time=start,
                end_time=end,
                elapsed_ms=duration_ms,
                last_event=last_event or None,
                invocations=invocations,
                succeeded=succeeded,
                failed=failed,
                ended=ended,
                success_rate=succeeded / ended if ended else None,
                in_flight=in_flight,
                agents=agents,
                phases=phases,
                duration_count=duration_count,
                duration_ms_sum=duration_ms_sum,
                first_start=first_start,
                last_end=last_end,
                first_agent=first_agent,
                max_parallel=max_parallel,
                busy_ms=busy_ms,
                idle_ms=_idle(duration_ms, busy_ms),
                efficiency=_efficiency(duration_ms, busy_ms),
                is_pending=bool(is_pending),
            )
        )
    # Stable: those that start together stay in the order of their ids.
    found.sort(key=lambda one: one.session_id)
    found.sort(key=lambda one: one.began or "", reverse=True)
    return found


def _idle(elapsed_ms: int | None, busy_ms: int | None) -> int | None:
    return None if elapsed_ms is None or busy_ms is None else max(0, elapsed_ms - busy_ms)


def _efficiency(elapsed_ms: int | None, busy_ms: int | None) -> float | None:
    # Runs may lie outside what the session's own row says.
    return min(1.0, busy_ms / elapsed_ms) if elapsed_ms and busy_ms is not None else None


def _running_overlaps(
    connection: Connection, moment: Moment, listed: str, parameters: Sequence[object]
) -> dict[str, Overlap]:
    """Of the listed sessions with runs that run now, and so last until now: from all their runs.

    Longer sessions are left out: a collection must not cost what a session is long.
    """
    oldest = moment.running_since
    words = compiler_of(connection)
    found = facts_where(
        connection,
        sources.agent_invocations,
        _RUN,
        _RUNS.format(
            listed=listed,
            stats=words.beside("JOIN", "session_stats", "stats", _LISTED),
            run=words.beside("JOIN", "_aggregates_session_starts", "run", _LISTED),
        ),
        *parameters,
        _LONGEST_OVERLAP,
        oldest,
        also="succeeded + failed > 0",
    )
    starts = (start for _, start, _, in_flight, *_ in found if in_flight and start > oldest)
    until_now = moment.ages(starts)
    runs: dict[str, list[tuple[int, int]]] = {}
    for session_id, start, duration_ms, in_flight, _, _, has_ended in found:
        of_session = runs.setdefault(session_id, [])
        if in_flight and start in until_now:
            of_session.append((milliseconds(start), max(0, until_now[start])))
        elif has_ended and duration_ms is not None:
            of_session.append((milliseconds(start), duration_ms))
    return {session_id: overlap(of_session) for session_id, of_session in runs.items()}


def find_session(connection: Connection, prefix: str) -> str:
    """The id of the one session whose id begins so, or is just that.

    Raises NoSuchSession, or AmbiguousSession where there are several.
    """
    found: set[str] = set()
    for table in ("session_stats", "sessions"):
        found |= {
            session_id
            for (session_id,) in queries.rows(
                connection,
                f"SELECT session_id FROM {table} WHERE session_id BETWEEN ? AND ?"
                f" AND {compiler_of(connection).is_text('session_id')} ORDER BY session_id LIMIT ?",
                prefix,
                prefix + _LAST_CHARACTER,
                _CANDIDATES + 1,
            )
        }
    if prefix in found or len(found) == 1:
        return prefix if prefix in found else found.pop()
    if not found:
        raise NoSuchSession(
            f"there is no session {prefix!r}; `aggregates report sessions` lists the latest"
        )
    some = ", ".join(sorted(found)[:_CANDIDATES])
    more = ", …" if len(found) > _CANDIDATES else ""
    raise AmbiguousSession(f"several sessions begin with {prefix!r}: {some}{more}; name more of it")


def short_ids(session_ids: Iterable[str]) -> dict[str, str]:
    """Of each id the shortest prefix, of at least 8 characters, that no other of them has.

    An id that others begin with stays whole.
    """
    ordered = sorted(set(session_ids))
    short = {one: one[:_SHORTEST_ID] for one in ordered}
    if len(set(short.values())) == len(ordered):
        return short
    shared = [_shared(one, other) for one, other in pairwise(ordered)]
    longest = map(max, [0, *shared], [*shared, 0])
    return {
        one: one[: max(_SHORTEST_ID, 1 + of)] for one, of in zip(ordered, longest, strict=False)
    }


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _own_rows(
    connection: Connection, listed: str, parameters: Sequence[object]
) -> dict[str, queries.Row]:
    """What the rows of the listed sessions say, by session; `_NO_ROW` is like one of them."""
    means = meaning(compiler_of(connection), status="status_name")
    keys = compiler_of(connection).as_stored("session_id", listed)
    found = facts_where(
        connection,
        sources.sessions,
        _OWN,
        f"session_id IN ({keys})",
        *parameters,
        also=f"{means.succeeded} + {means.failed} > 0",
    )
    return {row[0]: row[1:] for row in found}
