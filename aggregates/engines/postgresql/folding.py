"""Post what waits in the queues, in short transactions, by one process at a time."""

from __future__ import annotations

import time

import psycopg

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
    " AND proname LIKE '\\_aggregates\\_%\\_fold' AND has_function_privilege(oid, 'EXECUTE')"
    " ORDER BY proname"
)


def fold(connection: DriverConnection, seconds: float = _SECONDS) -> bool:
    """Post what waits, for at most some seconds; whether nothing was left to do.

    The connection commits each statement. Where another process is at it, it is left to that one.
    """
    until = time.monotonic() + seconds
    driver = connection.driver
    for (name,) in connection.execute(_QUEUES).fetchall():
        while True:
            with driver.transaction():
                # Before the snapshot of the statement that posts.
                (is_ours,) = driver.execute(f"SELECT pg_try_advisory_xact_lock({LOCK})").fetchone()
                if not is_ours:
                    return False
                try:
                    with driver.transaction():
                        (posted,) = driver.execute(f'SELECT "{name}"({STEP})').fetchone()
                except psycopg.errors.InsufficientPrivilege:
                    return False  # a reader that may only read; the views are exact all the same
            if posted < STEP:
                break
            if time.monotonic() > until:
                return False
    return True
