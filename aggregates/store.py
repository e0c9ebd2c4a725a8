"""The object that users hold: one database, read through its aggregates."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from aggregates import inspection, reader, reconcile
from aggregates.database import connect_engine, read_transaction
from aggregates.errors import (
    AggregatesError,
    DatabaseLocked,
    DatabaseMissing,
    SchemaMismatch,
)

Progress = Callable[[int, int], None]
"""Called with (done, total) as a long job goes on."""


class Store:
    """One database with its aggregates.

    `database` is a URL or the plain path of a SQLite file. `source_timezone` is the zone of the
    naive times in it, an IANA name or a ZoneInfo; None is the system's own zone. A run that
    started `abandon_after` ago and has not ended is called abandoned.

    Raises DatabaseMissing where there is no such file. Methods raise DatabaseLocked, or
    SchemaMismatch where a table of ours is missing.
    """

    def __init__(
        self,
        database: str | Path,
        *,
        source_timezone: str | ZoneInfo | None = None,
        abandon_after: timedelta = reader.ABANDON_AFTER,
    ) -> None:
        path = sqlite_path(database)
        if path is not None and not path.is_file():
            raise DatabaseMissing(
                f"there is no database at {path}; `aggregates migrate --database {path}` makes one"
            )
        self.database = str(database)
        self.zone: tzinfo | None = (
            ZoneInfo(source_timezone) if isinstance(source_timezone, str) else source_timezone
        )
        self.abandon_after = abandon_after
        self._engine = connect_engine(self.database, keep_open=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def agents(
        self, since: datetime | None = None, *, now: datetime | None = None
    ) -> list[reader.AgentStatistics]:
        """The agents, all-time or of the window that `since` opens; see `reader.agents`."""
        with self._reading() as connection:
            return reader.agents(
                connection, since, now=now, abandon_after=self.abandon_after, zone=self.zone
            )

    def running(self, now: datetime | None = None) -> list[reader.RunningRun]:
        """The runs that started, have not ended and are not abandoned, oldest first."""
        with self._reading() as connection:
            return reader.running(connection, now, self.abandon_after, zone=self.zone)

    def hourly(self, since: datetime, until: datetime | None = None) -> list[reader.HourPoint]:
        """One point for each whole hour that [since, until) touches; `until` is now by default."""
        with self._reading() as connection:
            return reader.hourly(connection, since, until, zone=self.zone)

    def totals(self) -> dict[str, int]:
        """The totals by name."""
        with self._reading() as connection:
            return reader.totals(connection)

    def collect(self, now: datetime | None = None) -> reader.Collection:
        """Everything that a collector shows, from one snapshot."""
        with self._reading() as connection:
            return reader.collect(
                connection, now=now, abandon_after=self.abandon_after, zone=self.zone
            )

    def status(self) -> inspection.Inspection:
        """What is installed, compared with what should be. Changes nothing."""
        with self._reading() as connection:
            return inspection.inspect(connection)

    def verify(self, progress: Progress | None = None) -> reconcile.VerifyResult:
        """Compare the aggregates with their recomputation. Writers may go on writing."""
        with explained(self.database):
            return reconcile.verify(self._engine, progress)

    def repair(self, progress: Progress | None = None) -> reconcile.VerifyResult:
        """Verify, and make the drifted keys right; the drifts in the result are those repaired."""
        with explained(self.database):
            return reconcile.repair(self._engine, progress)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self.database), read_transaction(self._engine) as connection:
            yield connection


def sqlite_path(database: str | Path) -> Path | None:
    """The file of a SQLite database; None where the URL names a server, a URI or no file at all."""
    if isinstance(database, Path) or "://" not in database:
        return Path(database)
    try:
        url = make_url(database)
    except ArgumentError as error:
        raise AggregatesError(f"this is not the URL of a database: {database}") from error
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(name)


@contextmanager
def explained(database: str) -> Iterator[None]:
    """Turn what a driver raises into an error that says what to do next."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise _explain(_shown(database), cause or error) from error


def _shown(database: str) -> str:
    """The database as a message may name it: without the password of a URL."""
    return make_url(database).render_as_string() if "://" in database else database


def _explain(database: str, error: BaseException) -> AggregatesError:
    # Extended codes (a snapshot that is too old, a recovery) keep the primary one in the low byte.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseLocked(
            f"another program holds the lock of {database} ({error}); try again later"
        )
    if code == sqlite3.SQLITE_NOTADB:
        return AggregatesError(f"{database} is not a SQLite database; name another file")
    if code == sqlite3.SQLITE_CANTOPEN:
        return AggregatesError(
            f"cannot open {database}: the file must be readable and its folder writable ({error})"
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return AggregatesError(
            f"{database}: {error}; free space on its disk and run the command again: what was not"
            " committed is rolled back, and nothing is lost"
        )
    if code == sqlite3.SQLITE_READONLY:
        return AggregatesError(f"cannot write to {database}: make it writable ({error})")
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMismatch(
            f"{database}: {error}; `aggregates migrate --database {database}` installs what is"
            " missing, `aggregates status` lists it"
        )
    return AggregatesError(f"{database}: {error}")
