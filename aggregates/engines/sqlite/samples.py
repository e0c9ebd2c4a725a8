"""A new file with the hooks' tables, for a sample that is written in one go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aggregates.engines.base import DriverConnection
from aggregates.engines.sqlite.connection import SQLiteConnection
from aggregates.engines.sqlite.hooks_schema import HOOK_INDEXES, HOOK_TABLES
from aggregates.errors import AggregatesError


@contextmanager
def new_hooks_database(path: Path) -> Iterator[DriverConnection]:
    """A connection to a new file with the hooks' tables, whole as it ends; gone after an error.

    Raises AggregatesError where `path` exists.
    """
    _create(path)
    try:
        # Nobody else can know the file yet, and a half-written one is thrown away: no journal.
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("BEGIN")
            for table in HOOK_TABLES.values():
                connection.execute(table)
            yield SQLiteConnection(connection)
            for index in HOOK_INDEXES:
                connection.execute(index)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _create(path: Path) -> None:
    # A journal left by another database of this name would be played into the new one.
    for suffix in ("-journal", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            raise AggregatesError(f"{beside} exists already: name another file.")
    try:
        path.open("xb").close()
    except FileExistsError:
        raise AggregatesError(f"{path} exists already: name another file.") from None
    except OSError as error:
        raise AggregatesError(f"Cannot create {path}: {error.strerror}.") from error
