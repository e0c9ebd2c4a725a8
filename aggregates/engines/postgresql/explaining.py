"""What the errors of PostgreSQL mean, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from aggregates.engines.base import DriverError, LockHeld, OperationalError
from aggregates.errors import (
    AggregatesError,
    DatabaseLocked,
    DatabaseMissing,
    SchemaMismatch,
)

_LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)
_NOT_THERE = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)


# Of the driver's own classes too: whoever knows them catches what the driver would have raised.
class _Driver(DriverError, psycopg.DatabaseError):
    pass


class _Operational(OperationalError, psycopg.DatabaseError):
    pass


class _Locked(LockHeld, psycopg.DatabaseError):
    pass


def translated(error: psycopg.Error) -> DriverError:
    """An error of the driver as the rest of the package knows it."""
    if isinstance(error, _LOCKED):
        return _Locked(*error.args)
    if isinstance(error, (psycopg.OperationalError, *_NOT_THERE)):
        return _Operational(*error.args)
    return _Driver(*error.args)


def _cause(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, DriverError) and error.__cause__ is not None:
        error = error.__cause__
    return error


@contextmanager
def explained(database: str | Callable[[], str]) -> Iterator[None]:
    """Turn what a driver raises into an error that says what to do next."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = _cause(error)
        if not isinstance(cause, psycopg.Error):
            raise
        raise _explain(shown(database), cause) from error


def is_locked(error: BaseException) -> bool:
    """Whether an error says that somebody else holds a lock."""
    return isinstance(error, DatabaseLocked) or isinstance(_cause(error), _LOCKED)


def shown(database: str | Callable[[], str]) -> str:
    """The database as a message may name it: without the password."""
    if callable(database):
        database = database()
    return make_url(database).render_as_string()


def _explain(database: str, error: BaseException) -> AggregatesError:
    if is_locked(error):
        return DatabaseLocked(
            f"another transaction holds a lock in {database} ({error}); try again later"
        )
    if isinstance(error, _NOT_THERE):
        return SchemaMismatch(
            f"{database}: {_first_line(error)}; `aggregates status --database {database}` lists"
            " what is missing"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return AggregatesError(
            f"{database}: {_first_line(error)}; connect as the owner of the tables, or GRANT that"
        )
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return DatabaseMissing(
            f"cannot connect to {database}: {_first_line(error)}; check the URL, and that the"
            " server is running"
        )
    return AggregatesError(f"{database}: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
