"""Wait for a lock, and tell that somebody else holds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from aggregates.engines.sqlite.explaining import is_locked, shown

READ = "BEGIN DEFERRED"
_SOON = 1.0
"""Seconds after which a wait is told: busy writers that come and go are no news."""


@dataclass(frozen=True)
class Patience:
    """How many seconds to wait for a lock, and whom to tell."""

    seconds: float
    tell: Callable[[str], None] | None

    def tell_of(self, connection: sqlite3.Connection, what: str) -> None:
        """Say what is waited for, and for how long."""
        if self.tell is not None:
            self.tell(f"waiting for {what} of {shown(connection)}, for up to {self.seconds:g} s")


class PatientConnection(sqlite3.Connection):
    """A connection that knows whom to tell."""

    patience: Patience | None = None


def patience_of(connection: sqlite3.Connection) -> Patience | None:
    """What a connection knows of it."""
    return getattr(connection, "patience", None)


def execute(connection: sqlite3.Connection, statement: str) -> None:
    """Execute what begins or ends a transaction; where that has to wait, tell."""
    patience = patience_of(connection)
    if patience is None or patience.tell is None:
        connection.execute(statement)
        return
    _execute(connection, statement, patience)
    if statement == READ:
        try:
            # It takes no lock before something is read.
            _execute(connection, "SELECT 1 FROM main.sqlite_master LIMIT 1", patience)
        except sqlite3.Error:
            connection.execute("ROLLBACK")
            raise


def _execute(connection: sqlite3.Connection, statement: str, patience: Patience) -> None:
    try:
        _set_timeout(connection, min(_SOON, patience.seconds))
        try:
            connection.execute(statement).fetchall()
        except sqlite3.OperationalError as error:
            if not is_locked(error):
                raise
            patience.tell_of(connection, "the lock that another program holds")
            _set_timeout(connection, max(0.0, patience.seconds - _SOON))
            connection.execute(statement).fetchall()
    finally:
        _set_timeout(connection, patience.seconds)


def _set_timeout(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
