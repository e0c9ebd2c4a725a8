"""How a SQLite database is opened, and where its files are."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.exc import NoSuchModuleError

from aggregates.engines.base import Database, Marks
from aggregates.engines.sqlite import proofs, waiting
from aggregates.engines.sqlite.connection import CAPABILITIES, COMPILER, SQLiteConnection
from aggregates.engines.sqlite.files import OpenedFile
from aggregates.engines.sqlite.marks import MarksFile
from aggregates.engines.sqlite.waiting import Patience, PatientConnection
from aggregates.errors import AggregatesError, DatabaseMissing, DatabaseReplaced

log = logging.getLogger("aggregates")

_BEGIN = "aggregates_begin"
_HAS_CACHE = "aggregates_has_cache"
_KEPT_SECONDS = 0.5
_CACHE_KIB = 8000
"""A collection of a busy database reads a thousand pages, twice what SQLite keeps by default."""
"""Rows of a slice lie in so many pages of temporary tables, and each statement comes to them."""


class SQLiteDatabase(Database):
    """A file, or a database in memory.

    Waits `lock_timeout` seconds for a lock, and tells `on_wait` that it does. With `keep_open` it
    keeps a connection from one use to the next, if that comes soon: reading the schema of a file
    takes longer than reading all metrics. But as long as anybody has the file open, what is written
    stays in the write-ahead log beside it, and another file that is moved to its path would be
    damaged by that.
    """

    compiler = COMPILER
    capabilities = CAPABILITIES

    def __init__(
        self,
        url: URL,
        *,
        lock_timeout: float,
        keep_open: bool,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        path = file_of(url)
        if path is not None and path.is_dir():
            raise DatabaseMissing(
                f"{path} is a folder; name a file in it: --database {path / 'agent_workflow.db'}"
            )
        opened = path or _file_of_uri(url)
        self._file = None if opened is None else OpenedFile(opened.absolute())
        if path is not None:
            # From another working directory a relative path would lead elsewhere.
            url = url.set(database=str(path.absolute()))
        super().__init__(_engine(url, keep_open, Patience(lock_timeout, on_wait)))
        self._is_kept = keep_open and self._file is not None
        self._use = threading.Lock()
        self._users = 0
        self._left = 0.0
        self._rest: threading.Timer | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot for everything that is read inside."""
        with self._used(), super().reading() as connection:
            yield connection

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A connection whose transactions take the writers' lock as they begin."""
        with self._used(), self.engine.connect() as connection:
            yield connection.execution_options(**{_BEGIN: "IMMEDIATE"})

    @contextmanager
    def own_connection(self) -> Iterator[SQLiteConnection]:
        """A connection of the driver's own, which goes in the end with its temporary tables."""
        self._open_anew_if_replaced()
        file = self._file
        with self.engine.connect() as pooled:
            connection = driver(pooled, file)
            pooled.detach()
            # Whoever wants one has large temporary tables.
            connection.execute("PRAGMA temp_store = DEFAULT")
            yield connection

    @property
    def proof_file(self) -> Path | None:
        """Where a proof with a budget is left from run to run; None where it cannot be."""
        return self._beside("proof")

    def forget_proof(self) -> None:
        """Remove that file, if there is one."""
        if self.proof_file is not None:
            proofs.forget(self.proof_file)

    def marks(self) -> Marks | None:
        """In a file beside the database."""
        file = self._beside("shown")
        return None if file is None or self._file is None else MarksFile(file)

    def _beside(self, suffix: str) -> Path | None:
        name = self.engine.url.database
        return None if not name or name == ":memory:" else Path(f"{name}-{suffix}")

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Keep what is open, and close it where nothing is asked for some time afterwards."""
        with self._use:
            self._open_anew_if_replaced()
            self._users += 1
        try:
            yield
        finally:
            with self._use:
                self._users -= 1
                self._left = time.monotonic()
                if self._is_kept and self._rest is None:
                    self._rest_after(_KEPT_SECONDS)

    def _rest_after(self, seconds: float) -> None:
        self._rest = threading.Timer(seconds, self._rest_if_idle)
        self._rest.daemon = True
        self._rest.start()

    def _rest_if_idle(self) -> None:
        with self._use:
            self._rest = None
            remaining = _KEPT_SECONDS - (time.monotonic() - self._left)
            if self._users:
                return
            if remaining > 0:
                self._rest_after(remaining)
            else:
                self.engine.dispose()

    def _open_anew_if_replaced(self) -> None:
        """Close what is open where another file has taken the place of the one that it is of."""
        if self._file is None:
            return
        try:
            self._file.check()
        except DatabaseReplaced:
            log.warning("another file has taken the place of %s: opened anew", self._file.path)
            self._file = OpenedFile(self._file.path)
            self.engine.dispose()


def driver(connection: Any, file: OpenedFile | None = None) -> SQLiteConnection:
    """The driver's own connection, of a SQLAlchemy one or of one that is the driver's already.

    `file` is what it has opened, where it may outlive that.
    """
    if not isinstance(connection, sqlite3.Connection):
        connection = connection.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return SQLiteConnection(connection, file)


def file_of(url: URL) -> Path | None:
    """The file of a database; None where the URL names a URI or no file at all."""
    name = url.database
    return None if not name or name.startswith((":memory:", "file:")) else Path(name)


def _file_of_uri(url: URL) -> Path | None:
    """The file that a URI, such as `file:a.db?mode=ro`, names."""
    name = url.database or ""
    if not name.startswith("file:") or is_in_memory(url):
        return None
    path = unquote(urlsplit(name).path)
    return Path(path) if path else None


def is_in_memory(url: URL) -> bool:
    """Whether a URL names a database that goes when its connection closes."""
    name = url.database or ":memory:"
    return name.startswith((":memory:", "file::memory:")) or url.query.get("mode") == "memory"


def _engine(url: URL, keep_open: bool, patience: Patience) -> Engine:
    """An engine whose transactions are explicit."""
    try:
        engine = create_engine(
            url,
            connect_args={"timeout": patience.seconds, "factory": PatientConnection},
            poolclass=QueuePool if keep_open else NullPool,
        )
    except (NoSuchModuleError, ImportError) as error:
        raise AggregatesError(f"{url.drivername}: {error}; install the driver") from error

    @event.listens_for(engine, "connect")
    def explicit_transactions(connection: PatientConnection, record: object) -> None:
        # Otherwise Python begins transactions by itself, and not before DDL.
        connection.isolation_level = None
        if keep_open:
            # A subquery that could go to a file takes memory for twenty pages, however short it is:
            # so much that malloc may ask the system for it each time, and give it back.
            connection.execute("PRAGMA temp_store = MEMORY")
        connection.patience = patience

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            _execute(connection, f"BEGIN {options.get(_BEGIN, 'DEFERRED')}")
        if keep_open and not connection.info.get(_HAS_CACHE):
            # Not as it connects: this reads the file, which may be locked.
            connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.info[_HAS_CACHE] = True

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        # The driver's own, which follows, would wait without a word; it finds nothing to do.
        if patience.tell is not None:
            _execute(connection, "COMMIT")

    return engine


def _execute(connection: Connection, statement: str) -> None:
    raw = driver(connection).driver
    if statement != "COMMIT" or raw.in_transaction:
        waiting.execute(raw, statement)
