"""Who does the upkeep of a database, and which of its work gets no lock: as the database tells."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aggregates.changes import utc_text
from aggregates.engines.base import DriverConnection, OperationalError
from aggregates.engines.tables import LEASES, STORE_MARK, WALKS
from aggregates.running.lease import LEASE

_LATE = timedelta(minutes=10)
"""After a lease has expired: most rounds begin every few seconds."""
_LONG = timedelta(minutes=1)
"""A wait that is worth telling."""
_MARK = "lock_waits"


@dataclass(frozen=True)
class LockWait:
    """Work that tried for long to get the writers' lock: others wrote without a pause."""

    work: str
    """`consuming`, `verify` or `rebuild`"""
    began_at: str
    """text in UTC with milliseconds and `Z`"""
    ended_at: str | None = None
    """text in UTC; null where it has not got the lock yet"""

    def seconds(self, now: datetime) -> float:
        """How long it lasted, or has lasted until now."""
        end = now if self.ended_at is None else datetime.fromisoformat(self.ended_at)
        return (end - datetime.fromisoformat(self.began_at)).total_seconds()


@dataclass(frozen=True)
class Keeping:
    """The process that does the upkeep, and what it waits for."""

    owner: str | None = None
    """its host and number; null where none does"""
    expires_at: str | None = None
    """when its lease ends, or has ended, text in UTC; it renews it in each round"""
    is_late: bool = False
    """whether that was minutes ago: it was killed, rests for long, or gets no lock"""
    lock_waits: list[LockWait] = field(default_factory=list)
    """the last long wait of each kind of work"""


def keeping(connection: DriverConnection) -> Keeping:
    """What the database says; nothing where its tables are not there."""
    if not all(connection.table_exists(name) for name in (LEASES, WALKS)):
        return Keeping()
    found = connection.execute(
        f"SELECT owner, expires_at FROM main.{LEASES} WHERE name = ?", (LEASE,)
    ).fetchone()
    owner, expires_at = found or (None, None)
    return Keeping(
        owner,
        expires_at,
        expires_at is not None and expires_at < utc_text(datetime.now(UTC) - _LATE),
        lock_waits(connection),
    )


def lock_waits(connection: DriverConnection) -> list[LockWait]:
    """Those that are stored."""
    found = connection.execute(f"SELECT mark FROM main.{WALKS} WHERE name = ?", (_MARK,)).fetchone()
    with suppress(ValueError, TypeError):  # another version has written it
        return [LockWait(**one) for one in json.loads(found[0])] if found else []
    return []


class LockWaits:
    """Since when the work of a process gets no lock; stored as soon as one of them gets it."""

    def __init__(self) -> None:
        self._waits: dict[str, LockWait] = {}
        self._is_first = True

    def no_lock(self, work: str) -> None:
        """It has tried, and got none."""
        if work not in self._waits or self._waits[work].ended_at is not None:
            self._waits[work] = LockWait(work, utc_text())

    def got_lock(self, work: str) -> None:
        """It is done, whether it had to wait or not."""
        if work in self._waits and self._waits[work].ended_at is None:
            self._waits[work] = replace(self._waits[work], ended_at=utc_text())

    def save(self, connection: DriverConnection) -> None:
        """Store those that lasted long, unless the database is locked: then the next time."""
        if not self._waits and not self._is_first:
            return
        now = datetime.now(UTC)
        stored = lock_waits(connection)
        # Whoever else has waited does so no more: we hold the lease.
        right = {one.work: one for one in stored if one.ended_at is not None}
        right |= {
            work: wait
            for work, wait in list(self._waits.items())
            if wait.seconds(now) >= _LONG.total_seconds()
        }
        with suppress(OperationalError):
            if [*right.values()] != stored:
                connection.execute(
                    STORE_MARK,
                    (_MARK, json.dumps([asdict(one) for one in right.values()])),
                )
            self._is_first = False
            self._waits = {
                work: wait for work, wait in self._waits.items() if wait.ended_at is None
            }
