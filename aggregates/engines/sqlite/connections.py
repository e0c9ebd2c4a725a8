"""Connections: the one place that knows how a database is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from aggregates.errors import AggregatesError, DatabaseLocked, SchemaMismatch

_BEGIN = "aggregates_begin"
_HAS_CACHE = "aggregates_has_cache"
_CACHE_KIB = 8000
"""A collection of a busy database reads a thousand pages, twice what SQLite keeps by default."""


def database_url(database: str | Path) -> URL:
    """The URL of a database that is named by a URL or by the path of a SQLite file."""
    if isinstance(database, Path) or "://" not in database:
        return URL.create("sqlite", database=str(database))
    try:
        return make_url(database)
    except ArgumentError as error:
        raise AggregatesError(f"this is not the URL of a database: {database}") from error


def is_in_memory(url: URL) -> bool:
    """Whether a URL names a database that goes when its connection closes."""
    name = url.database or ":memory:"
    return url.get_backend_name() == "sqlite" and (
        name.startswith((":memory:", "file::memory:")) or url.query.get("mode") == "memory"
    )


def connect_engine(
    database: str | Path, *, lock_timeout: float = 5.0, keep_open: bool = False
) -> Engine:
    """An engine whose transactions are explicit; waits `lock_timeout` seconds for a lock.

    With `keep_open` it keeps a connection from one use to the next: reading the schema of a file
    takes longer than reading all metrics.
    """
    url = database_url(database)
    if url.get_backend_name() != "sqlite":
        raise AggregatesError(
            f"{url.get_backend_name()} is not supported yet; name a SQLite file or its URL"
        )
    try:
        engine = create_engine(
            url,
            connect_args={"timeout": lock_timeout},
            poolclass=QueuePool if keep_open else NullPool,
        )
    except (NoSuchModuleError, ImportError) as error:
        raise AggregatesError(f"{url.drivername}: {error}; install the driver") from error

    @event.listens_for(engine, "connect")
    def explicit_transactions(connection: sqlite3.Connection, record: object) -> None:
        # Otherwise Python begins transactions by itself, and not before DDL.
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(f"BEGIN {options.get(_BEGIN, 'DEFERRED')}")
        if keep_open and not connection.info.get(_HAS_CACHE):
            # Not as it connects: this reads the file, which may be locked.
            connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.info[_HAS_CACHE] = True

    return engine


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """One snapshot for everything that is read inside."""
    with engine.connect() as connection, connection.begin():
        yield connection


def writing(connection: Connection) -> Connection:
    """The connection, whose transactions take the write lock as they begin.

    One that reads first and writes later can fail at once, whatever the timeout.
    """
    return connection.execution_options(**{_BEGIN: "IMMEDIATE"})


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for jobs of many short transactions."""
    raw: Any = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


@contextmanager
def raw_connection(engine: Engine) -> Iterator[sqlite3.Connection]:
    """A connection of the driver's own, which goes in the end with its temporary tables."""
    with engine.connect() as own:
        connection = driver(own)
        own.detach()
        yield connection


@contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Text that is not UTF-8 is readable inside: what is wrong in it comes as surrogates."""
    before = connection.text_factory
    connection.text_factory = _decoded
    try:
        yield
    finally:
        connection.text_factory = before


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> str | bytes:
    """A text that `any_text` has read, as a parameter of `CAST(? AS TEXT)`.

    Only what is not UTF-8 goes as bytes: SQLite takes those to be in the encoding of the file,
    which may be UTF-16.
    """
    data = text.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


@contextmanager
def transaction(connection: sqlite3.Connection, mode: str = "DEFERRED") -> Iterator[None]:
    """A transaction of the driver's own connection; raises DatabaseLocked."""
    with explained(connection):
        connection.execute(f"BEGIN {mode}")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    with explained(connection):
        connection.execute("COMMIT")


@contextmanager
def explained(database: str | sqlite3.Connection | Callable[[], str]) -> Iterator[None]:
    """Turn what a driver raises into an error that says what to do next."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise _explain(_shown(database), cause or error) from error


def _shown(database: str | sqlite3.Connection | Callable[[], str]) -> str:
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
        return AggregatesError(
            f"cannot write to {database}: make it and its folder writable, as WAL keeps two files"
            f" beside it, even to read ({error})"
        )
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMismatch(
            f"{database}: {error}; `aggregates status` lists what is missing, `aggregates migrate"
            f" --reinstall --database {database}` puts it back"
        )
    return AggregatesError(f"{database}: {error}")
