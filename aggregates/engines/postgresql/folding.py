"""Post what waits in the queues, in short transactions, by one process at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel, errors

from aggregates.engines.base import DriverConnection

STEP = 10_000
"""Entries at most that a transaction posts."""

_SECONDS = 1.0
"""So long a reader goes on, where writers are faster."""

LOCK = "hashtextextended('aggregates fold ' || current_schema(), 0)"
"""Of whoever takes entries out of the queues of a schema."""

WRITERS = "hashtextextended('aggregates writers ' || current_schema(), 0)"
"""Of whoever writes to what consumers and jobs keep."""

_QUEUES = (
    "SELECT proname FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace"
    " AND proname LIKE '\\_aggregates\\_%\\_fold' ORDER BY proname"
)
_MAY_ONLY_READ = (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)
"""A role, or a server: what it reads is exact all the same."""


def fold(connection: DriverConnection, seconds: float = _SECONDS) -> bool:
    """Post what waits, for at most some seconds; whether nothing was left to do.

    The connection commits each statement. Where another process is at it, it is left to that one.
    """
    until = time.monotonic() + seconds
    queues = connection.execute(_QUEUES).fetchall()
    try:
        for (name,) in queues:
            while (posted := _step(connection.driver, name)) == STEP:
                if time.monotonic() > until:
                    return False
            if posted is None:
                return False
    except _MAY_ONLY_READ:
        return False
    return True


def _step(driver: psycopg.Connection[Any], name: str) -> int | None:
    """Entries that were posted; None where another process is at it."""
    # Each statement has a snapshot of its own: the one that posts sees what others have posted
    # before the lock was ours.
    with _read_committed(driver), driver.transaction():
        ((is_ours,),) = driver.execute(f"SELECT pg_try_advisory_xact_lock({LOCK})").fetchall()
        if not is_ours:
            return None
        ((posted,),) = driver.execute(f'SELECT "{name}"({STEP})').fetchall()
        return int(posted)


@contextmanager
def _read_committed(driver: psycopg.Connection[Any]) -> Iterator[None]:
    before = driver.isolation_level
    driver.isolation_level = IsolationLevel.READ_COMMITTED
    try:
        yield
    finally:
        driver.isolation_level = before
