"""From definitions to the SQL of a database engine, and databases of it: the door to an engine.

Nobody else imports an engine's own modules: they ask here for the one that a URL, or a connection,
is of, and know it by `aggregates.engines.base`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from aggregates.engines.base import Compiler, Database, DriverConnection
from aggregates.engines.postgresql.compiler import COMPILER as POSTGRESQL_COMPILER
from aggregates.engines.sqlite import database as sqlite
from aggregates.engines.sqlite import explaining
from aggregates.engines.sqlite.connection import COMPILER
from aggregates.engines.sqlite.samples import new_hooks_database
from aggregates.errors import AggregatesError

__all__ = [
    "compiler",
    "compiler_of",
    "database_url",
    "driver",
    "explained",
    "file_of",
    "is_in_memory",
    "is_locked",
    "new_hooks_database",
    "open_database",
    "shown",
]

POSTGRESQL = "postgresql"


def database_url(database: str | Path) -> URL:
    """The URL of a database that is named by a URL or by the path of a SQLite file."""
    if isinstance(database, Path) or "://" not in database:
        return URL.create("sqlite", database=str(database))
    try:
        return make_url(database)
    except ArgumentError as error:
        raise AggregatesError(f"this is not the URL of a database: {database}") from error


def open_database(
    database: str | Path,
    *,
    lock_timeout: float = 5.0,
    keep_open: bool = False,
    on_wait: Callable[[str], None] | None = None,
) -> Database:
    """The database of a URL or path; it waits `lock_timeout` seconds for a lock.

    `on_wait` is told what it waits for. With `keep_open` it keeps a connection from one use to the
    next. Raises AggregatesError for an engine that is not supported.
    """
    url = database_url(database)
    name = url.get_backend_name()
    if name == POSTGRESQL:
        opens: Callable[..., Database] = _postgresql().PostgreSQLDatabase
    elif name == "sqlite":
        opens = sqlite.SQLiteDatabase
    else:
        raise AggregatesError(
            f"{name} is not supported; name a SQLite file, its URL, or one of postgresql://"
        )
    return opens(url, lock_timeout=lock_timeout, keep_open=keep_open, on_wait=on_wait)


def driver(connection: Any) -> DriverConnection:
    """The driver's own connection, of a SQLAlchemy one or of one that is the driver's already."""
    known = (
        connection.connection.driver_connection
        if isinstance(connection, Connection)
        else connection
    )
    if type(known).__module__.startswith("psycopg"):
        found: DriverConnection = _postgresql().driver(known)
        return found
    return sqlite.driver(known)


def _postgresql() -> Any:
    """What opens such databases; its driver is an extra."""
    try:
        from aggregates.engines.postgresql import database
    except ImportError as error:
        raise AggregatesError(
            f"{error}; PostgreSQL needs its driver: pip install 'agent-aggregates[postgres]'"
        ) from error
    return database


def compiler(name: str) -> Compiler:
    """The compiler of an engine, by SQLAlchemy's name of it; always the same one."""
    return {"sqlite": COMPILER, POSTGRESQL: POSTGRESQL_COMPILER}[name]


def compiler_of(connection: Connection) -> Compiler:
    """The compiler of the engine that a connection is of."""
    return compiler(connection.dialect.name)


def shown(database: str) -> str:
    """A database as a message may name it: without the password of a URL."""
    return database_url(database).render_as_string() if "://" in database else database


@contextmanager
def explained(database: str | Callable[[], str]) -> Iterator[None]:
    """Turn what a driver raises inside into an error that says what to do next."""
    with explaining.explained(database):
        try:
            yield
        except Exception:
            if (loaded := _postgresql_explaining()) is None:
                raise
            with loaded.explained(database):
                raise


def is_locked(error: BaseException) -> bool:
    """Whether an error says that somebody else holds a lock of the database."""
    loaded = _postgresql_explaining()
    return explaining.is_locked(error) or (loaded is not None and loaded.is_locked(error))


def _postgresql_explaining() -> Any:
    """What knows the errors of that driver; None where nobody has asked for the driver."""
    return sys.modules.get("aggregates.engines.postgresql.explaining")


def file_of(database: str | Path) -> Path | None:
    """The file of a SQLite database; None where the URL names a server, a URI or no file at all."""
    if isinstance(database, Path) or "://" not in database:
        return Path(database)
    url = database_url(database)
    return sqlite.file_of(url) if url.get_backend_name() == "sqlite" else None


def is_in_memory(database: str | Path) -> bool:
    """Whether a database goes when its connection closes."""
    url = database_url(database)
    return url.get_backend_name() == "sqlite" and sqlite.is_in_memory(url)
