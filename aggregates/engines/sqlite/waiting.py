"""Wait for a lock, and tell that somebody else holds it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aggregates.engines.sqlite.explaining import primary_code, shown

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


def set_timeout(connection: sqlite3.Connection, seconds: float) -> None:
    """Wait so long for a lock from now on."""
    if isinstance(connection, PatientConnection) and connection.patience is not None:
        connection.patience = replace(connection.patience, seconds=seconds)
    _set_timeout(connection, seconds)


def execute(
    connection: sqlite3.Connection,
    statement: str,
    parameters: Sequence[Any] | Mapping[str, Any] = (),
) -> sqlite3.Cursor:
    """Execute a statement; where it has to wait for a lock, tell."""
    patience = patience_of(connection)
    takes_no_lock = connection.in_transaction and statement != "COMMIT"
    if takes_no_lock or patience is None or patience.tell is None:
        return connection.execute(statement, parameters)
    done = _execute(connection, statement, parameters, patience)
    if statement == READ:
        try:
            # It takes no lock before something is read.
            _execute(connection, "SELECT 1 FROM main.sqlite_master LIMIT 1", (), patience).close()
        except sqlite3.Error:
            connection.execute("ROLLBACK")
            raise
    return done


def _execute(
    connection: sqlite3.Connection,
    statement: str,
    parameters: Sequence[Any] | Mapping[str, Any],
    patience: Patience,
) -> sqlite3.Cursor:
    try:
        _set_timeout(connection, min(_SOON, patience.seconds))
        try:
            return connection.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            if patience.seconds < _SOON or primary_code(error) != sqlite3.SQLITE_BUSY:
                raise
            patience.tell_of(connection, "the lock that another program holds")
            _set_timeout(connection, max(0.0, patience.seconds - _SOON))
            return connection.execute(statement, parameters)
    finally:
        _set_timeout(connection, patience.seconds)


def _set_timeout(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
