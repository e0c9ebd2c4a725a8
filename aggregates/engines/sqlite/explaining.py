"""What the errors of SQLite mean, and what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from aggregates.engines.base import DamagedFile, DriverError, LockHeld, OperationalError
from aggregates.errors import AggregatesError, DatabaseLocked, SchemaMismatch


# Of the driver's own classes too: whoever knows them catches what the driver would have raised.
class _Driver(DriverError, sqlite3.DatabaseError):
    pass


class _Operational(OperationalError, sqlite3.OperationalError):
    pass


class _Locked(LockHeld, sqlite3.OperationalError):
    pass


class _Damaged(DamagedFile, sqlite3.DatabaseError):
    pass


def translated(error: sqlite3.Error) -> DriverError:
    """An error of the driver as the rest of the package knows it."""
    kind: type[_Driver | _Operational | _Locked | _Damaged] = _Driver
    code = primary_code(error)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        kind = _Damaged
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        kind = _Locked
    elif isinstance(error, sqlite3.OperationalError):
        kind = _Operational
    found = kind(*error.args)
    for name in ("sqlite_errorcode", "sqlite_errorname"):
        if hasattr(error, name):
            setattr(found, name, getattr(error, name))
    return found


def primary_code(error: BaseException) -> int:
    """The code of an error: extended ones keep the primary one in the low byte."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


@contextmanager
def explained(database: str | sqlite3.Connection | Callable[[], str]) -> Iterator[None]:
    """Turn what a driver raises into an error that says what to do next."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise _explain(shown(database), cause or error) from error


def is_locked(error: BaseException) -> bool:
    """Whether an error says that somebody else holds a lock."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    locked = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, DatabaseLocked) or (
        cause is not None and primary_code(cause) in locked
    )


def shown(database: str | sqlite3.Connection | Callable[[], str]) -> str:
    """The database as a message may name it: without the password of a URL."""
    if isinstance(database, sqlite3.Connection):
        try:
            (_, _, file) = database.execute("PRAGMA database_list").fetchone()
        except sqlite3.ProgrammingError:
            return "the database"  # it is closed
        return str(file)
    if callable(database):
        database = database()
    return make_url(database).render_as_string() if "://" in database else database


_OF_WAL = (
    sqlite3.SQLITE_READONLY_CANTINIT,
    sqlite3.SQLITE_READONLY_CANTLOCK,
    sqlite3.SQLITE_READONLY_RECOVERY,
)


def _writable(error: BaseException) -> str:
    """What has to be made writable."""
    code = getattr(error, "sqlite_errorcode", None)
    if code in _OF_WAL:
        return "make it and its folder writable, as WAL keeps two files beside it, even to read"
    if code == sqlite3.SQLITE_READONLY_DIRECTORY:
        return "make its folder writable, as SQLite keeps a journal beside it"
    return (
        "it is read-only for this user, or was opened so; make it and its folder writable, or run"
        " as the user that the hooks run as"
    )


def _explain(database: str, error: BaseException) -> AggregatesError:
    code = primary_code(error)
    if is_locked(error):
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
        return AggregatesError(f"cannot write to {database}: {_writable(error)} ({error})")
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMismatch(
            f"{database}: {error}; `aggregates status --database {database}` lists what is missing,"
            " and how it is put back"
        )
    return AggregatesError(f"{database}: {error}")
