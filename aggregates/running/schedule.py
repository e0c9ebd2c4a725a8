"""When which job is due, and how long it may take: decided by what the database has recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from aggregates.changes import Log, utc_text
from aggregates.changes.pruning import Retention
from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import VERIFICATIONS
from aggregates.model.definition import Source
from aggregates.proving.record import Proof, newest_proof, proofs, proved_at, reinstalled_at
from aggregates.proving.rounds import OpenRound, demand, demanded_at, open_round

_ENTRIES_BEHIND = 25_000
"""Of a change log, after which a proof goes on early: the log itself ends at 100,000."""
_LONGEST_WAIT = timedelta(days=7)
"""For which a rebuild that is due lets a round of proof come to its end."""


@dataclass(frozen=True)
class Schedule:
    """When what is due."""

    verify_every: timedelta = timedelta(hours=1)
    rebuild_every: timedelta = timedelta(hours=24)
    stale_after: timedelta = timedelta(hours=6)
    """where the last checkpoint is older, a verify of the whole is due at once"""
    share: float = 0.05
    """of the time, above 0 and at most 1, that verifies take: where the whole does not fit into it,
    the next one goes on"""
    retention: Retention = field(default_factory=Retention)


@dataclass(frozen=True)
class Job:
    """What is to be done now."""

    kind: Literal["verify", "rebuild"]
    budget: float = math.inf
    """seconds after which a verify leaves the rest to the next one"""


def due(connection: DriverConnection, sources: Sequence[Source], schedule: Schedule) -> Job | None:
    """The job whose time has come, if there is one."""
    now = datetime.now(UTC)
    found = proofs(connection, 1000)
    newest = newest_proof(found)
    proved = "" if newest is None else newest.started_at
    if proved < max(reinstalled_at(found), demanded_at(connection)):
        return Job("verify")
    usual = schedule.verify_every.total_seconds()
    under_way = open_round(connection)
    ran = None if under_way is None else under_way.ran_at
    if under_way is not None and ran is not None and ran > proved:
        elapsed = _seconds_since(ran, now)
        if elapsed >= usual or _is_behind(connection, sources, under_way):
            return Job("verify", schedule.share * max(0.0, min(elapsed, usual)))
    elif newest is None or _seconds_since(newest.started_at, now) > _rest(schedule, newest):
        return Job("verify", schedule.share * usual)
    return Job("rebuild") if _is_rebuild_due(connection, schedule, found, under_way, now) else None


def note_staleness(connection: DriverConnection, schedule: Schedule, saved_at: str) -> None:
    """Want a verify of the whole at once where the last checkpoint, text in UTC, is too old.

    In the database: it is still wanted where the process that begins it is killed.
    """
    now = datetime.now(UTC)
    if saved_at >= utc_text(now - schedule.stale_after):
        return
    if demanded_at(connection) <= (proved_at(proofs(connection, 1000)) or ""):
        demand(connection, utc_text(now))


def _rest(schedule: Schedule, newest: Proof) -> float:
    """Seconds from the beginning of a proof to that of the next.

    More than usual where a run took more than its share: comparing is not split, nor is a proof
    that was due at once.
    """
    usual = schedule.verify_every.total_seconds()
    return usual if newest.kind == "rebuild" else max(usual, newest.seconds / schedule.share)


def _seconds_since(text: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(text)).total_seconds()


def _is_behind(
    connection: DriverConnection, sources: Sequence[Source], under_way: OpenRound
) -> bool:
    """Whether so much is in a log that it may soon not reach back to the proof's last run."""
    return any(
        Log(connection, source).ends()[1] - under_way.positions[source.name] > _ENTRIES_BEHIND
        for source in sources
        if source.name in under_way.positions
    )


def _is_rebuild_due(
    connection: DriverConnection,
    schedule: Schedule,
    found: Sequence[Proof],
    under_way: OpenRound | None,
    now: datetime,
) -> bool:
    (first,) = connection.execute(f"SELECT min(started_at) FROM main.{VERIFICATIONS}").fetchone()
    rebuilds = [one.started_at for one in found if one.kind == "rebuild" and one.is_complete]
    rebuilt = max(rebuilds, default=first)
    # It changes the schema, and whatever does so ends a proof that is under way.
    wait = timedelta(0) if under_way is None else _LONGEST_WAIT
    return bool(rebuilt < utc_text(now - schedule.rebuild_every - wait))
