"""How well a database is kept: what waits in its logs, and what proofs have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aggregates.changes import ConsumerStatus, Log, consumers
from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import VERIFICATIONS
from aggregates.model.definition import Source
from aggregates.proving.record import Kind, proofs, proved_at
from aggregates.running.keeping import Keeping, keeping
from aggregates.sessions.pending import CONSUMER, SOURCES, walk_mark

_LOOKED_THROUGH = 1000
"""Lines of the record: more than are kept."""


@dataclass(frozen=True, slots=True)
class DriftFound:
    """A proof that has found drift."""

    number: int
    """of its line in the record; later ones have higher numbers"""
    kind: Kind
    drifts: int


@dataclass(frozen=True, slots=True)
class Health:
    """How well a database is kept, from one snapshot."""

    consumers: tuple[ConsumerStatus, ...]
    log_entries: dict[str, int]
    """what each log holds, by source"""
    proved_at: str | None
    """when the newest proof of the whole began that nothing since makes doubtful, text in UTC"""
    proofs: int
    """number of the newest line in the record of proofs; 0 where there is none"""
    findings: tuple[DriftFound, ...]
    """oldest first, of those that are still on record"""
    keeping: Keeping
    """the process that does the upkeep"""
    has_pending_sessions: bool
    """whether what is derived of sessions is not that of their rows, of some at least"""


def health(connection: DriverConnection, sources: Sequence[Source]) -> Health:
    """Of a database; call it inside one read transaction, so that the parts agree."""
    ends = {source.name: Log(connection, source).ends() for source in sources}
    rows = connection.execute(
        f"SELECT id, kind, drifts FROM main.{VERIFICATIONS} WHERE drifts > 0 ORDER BY id"
    ).fetchall()
    (newest,) = connection.execute(f"SELECT max(id) FROM main.{VERIFICATIONS}").fetchone()
    found = tuple(consumers(connection, sources))
    up_to_date = {
        one.source for one in found if one.name == CONSUMER and not (one.behind or one.is_lost)
    }
    return Health(
        consumers=found,
        log_entries={name: newest - oldest + 1 for name, (oldest, newest) in ends.items()},
        proved_at=proved_at(proofs(connection, _LOOKED_THROUGH)),
        proofs=newest or 0,
        findings=tuple(DriftFound(*row) for row in rows),
        keeping=keeping(connection),
        has_pending_sessions=walk_mark(connection) is not None
        or not {source.name for source in SOURCES} <= up_to_date,
    )
