"""The lease of the one process that does the upkeep of a database: it expires by itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from aggregates.changes import utc_text
from aggregates.engines.base import DriverConnection, DriverError
from aggregates.engines.tables import LEASES

LEASE = "upkeep"
LASTS = timedelta(seconds=60)
_LONGEST_RELEASE = 0.2
"""Seconds."""


def acquire(connection: DriverConnection, owner: str) -> bool:
    """Take the lease, or keep it; False where another process holds it."""
    now = datetime.now(UTC)
    connection.execute(
        f"INSERT INTO main.{LEASES} AS held (name, owner, expires_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at ="
        " excluded.expires_at WHERE held.owner = excluded.owner OR held.expires_at < ?",
        (LEASE, owner, utc_text(now + LASTS), utc_text(now)),
    )
    (holder,) = connection.execute(
        f"SELECT owner FROM main.{LEASES} WHERE name = ?", (LEASE,)
    ).fetchone()
    return bool(holder == owner)


def release(connection: DriverConnection, owner: str) -> None:
    """Give the lease back, if it is ours and the database lets us at once: it expires anyhow."""
    with suppress(DriverError):
        connection.set_lock_timeout(_LONGEST_RELEASE)
        connection.execute(
            f"DELETE FROM main.{LEASES} WHERE name = ? AND owner = ?", (LEASE, owner)
        )
