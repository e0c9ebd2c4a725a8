"""Compute whole aggregates again and put them in the place of the old ones, while writers write.

The new tables are filled beside the old ones, in short transactions that a kill only interrupts;
readers see the old values until one short transaction lets old and new tables change their trees.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from sqlalchemy import Engine

from aggregates import sessions
from aggregates.changes import utc_text
from aggregates.engines.sqlite.compiler import SQLite, quote
from aggregates.engines.sqlite.connections import raw_connection, transaction
from aggregates.errors import AggregatesError, DefinitionError
from aggregates.installing.upgrading import check_revision
from aggregates.model.catalogue import catalogue
from aggregates.model.definition import Catalogue
from aggregates.proving.record import Proof, record
from aggregates.proving.repairing import VerifyResult, verify
from aggregates.proving.repairing import chosen as choose
from aggregates.recomputing.drift import Progress
from aggregates.recomputing.filling import (
    BACKFILLS,
    REBUILD,
    REBUILDING,
    Superseded,
    clear,
    fill,
    stored_position,
)
from aggregates.recomputing.slices import Recomputer, StaleError


def rebuild(
    engine: Engine,
    progress: Progress | None = None,
    *,
    tables: Sequence[str] = (),
    dry_run: bool = False,
) -> VerifyResult:
    """Recompute aggregates, all by default, with the tables that they need.

    Killed at any instant it leaves either the old or the new; called again it goes on. A dry run
    only verifies. Raises SchemaMismatch where the database is not at the head revision,
    DefinitionError for the name of no table, AggregatesError where another process begins to
    rebuild other tables meanwhile.
    """
    if dry_run:
        return verify(engine, progress, tables=tables)
    check_revision(engine)
    names, of_sessions = choose(tables, None)
    if tables and of_sessions:
        named = ", ".join(of_sessions)
        raise DefinitionError(
            f"{named}: derived from the change log, not rebuilt; `aggregates repair --table"
            f" {of_sessions[0]}` mends it"
        )
    chosen = catalogue.only(names)
    started, started_at = time.monotonic(), utc_text(datetime.now(UTC))
    rows = None
    while rows is None:
        with raw_connection(engine) as connection:
            rows = _rebuild(connection, chosen, progress)
    with raw_connection(engine) as connection:
        with suppress(_Overtaken), _noticing_others():
            _remove_all(connection)
        result = VerifyResult(
            rows,
            time.monotonic() - started,
            [],
            tables=tuple(one.name for one in chosen.definitions),
        )
        record(connection, Proof("rebuild", started_at, result.seconds, rows, 0, not tables))
    return result


def _rebuild(
    connection: sqlite3.Connection, chosen: Catalogue, progress: Progress | None
) -> int | None:
    """Rows read; None where the log no longer reached back in the last moment."""
    recomputers: list[Recomputer] = []
    try:
        with _noticing_others():
            _begin(connection, chosen)
            _fill(connection, chosen, recomputers, progress)
            _swap(connection, chosen, recomputers)
    except StaleError:
        return None
    except _Overtaken:
        if _fillings(connection) - _expected(chosen):
            raise AggregatesError(
                "another process has begun to rebuild other tables; wait until it has ended"
            ) from None
        # Another process fills, or has filled, the tables of both.
        return None
    return sum(recomputer.position.rows for recomputer in recomputers)


class _Overtaken(Exception):
    """Another process rebuilds too, and has removed tables, or made them, or is done."""


@contextmanager
def _noticing_others() -> Iterator[None]:
    try:
        yield
    except Superseded as error:
        raise _Overtaken from error
    except sqlite3.OperationalError as error:
        # No such table, or it is there already.
        if REBUILDING in str(error):
            raise _Overtaken from error
        raise


def _fill(
    connection: sqlite3.Connection,
    chosen: Catalogue,
    recomputers: list[Recomputer],
    progress: Progress | None,
) -> None:
    """Fill the new tables, until only a few entries of each log are left."""
    filling = _filling(chosen)
    for source in chosen.sources:
        sql = SQLite().recomputation(chosen, source, _new)
        position = stored_position(connection, filling, source.name)
        recomputers.append(Recomputer(connection, sql, position))
    is_close = False
    while not is_close:
        for recomputer in recomputers:
            fill(recomputer, filling, progress)
        # While one was filled, entries have come for another.
        is_close = all(recomputer.is_close() for recomputer in recomputers)


def _begin(connection: sqlite3.Connection, chosen: Catalogue) -> None:
    """Make the new tables, unless an interrupted rebuild of the same ones has left them."""
    filling = _filling(chosen)
    is_same = _names(connection, "table") == {_new(one.name) for one in chosen.definitions}
    if is_same and _fillings(connection) == _expected(chosen):
        return
    _forget_fillings(connection)
    _remove_all(connection)
    with transaction(connection, "IMMEDIATE"):
        _check_alone(connection)
        for statement in SQLite().shadows(chosen, _new, "main"):
            connection.execute(statement.sql)
        for source in chosen.sources:
            connection.execute(
                f"INSERT INTO main.{BACKFILLS} (revision, source, mark, seq, rows_read)"
                f" SELECT ?, ?, -9e999, coalesce(max(seq), 0), 0 FROM main.{quote(source.log)}",
                (filling, source.name),
            )


def _filling(chosen: Catalogue) -> str:
    """What the filling is called. Of other tables it has another name.

    A process that fills tables which others have replaced by their own sees so at its next step.
    """
    return " ".join([REBUILD, *(one.name for one in chosen.definitions)])


def _expected(chosen: Catalogue) -> set[tuple[str, str]]:
    """What `_fillings` answers during a rebuild of some tables."""
    return {(_filling(chosen), source.name) for source in chosen.sources}


def _fillings(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """The rebuilds that were begun: (filling, source)."""
    rows = connection.execute(
        f"SELECT revision, source FROM main.{BACKFILLS} WHERE revision GLOB ?", (f"{REBUILD} *",)
    )
    return {(filling, source) for filling, source in rows}


def _forget_fillings(connection: sqlite3.Connection) -> None:
    connection.execute(f"DELETE FROM main.{BACKFILLS} WHERE revision GLOB ?", (f"{REBUILD} *",))


def _swap(
    connection: sqlite3.Connection, chosen: Catalogue, recomputers: Sequence[Recomputer]
) -> None:
    """In one short transaction: bring the new tables up to date, and exchange the trees.

    The tables are alike to the letter, so that the schema's pointer to the root of each tree is all
    that has to change. Renaming them would take some 40 ms a table under the writers' lock, as
    SQLite then reads the whole schema again; copying their rows, far longer. The connection still
    knows the old roots: it must not be used any more.
    """
    connection.execute("PRAGMA writable_schema = ON")
    with transaction(connection, "IMMEDIATE"):
        for recomputer in recomputers:
            source = recomputer.sql.source
            recomputer.position = stored_position(connection, _filling(chosen), source)
            recomputer.catch_up()
        _forget_fillings(connection)
        if sessions.STATS in {one.name for one in chosen.definitions}:
            # Nothing is derived yet in the new one.
            sessions.restart_walk(connection)
        # Indexes that people have made are of the old rows.
        names = {one.name for one in chosen.definitions}
        indexes = [
            (name, sql)
            for name, table, sql in connection.execute(
                "SELECT name, tbl_name, sql FROM main.sqlite_master"
                " WHERE type = 'index' AND sql IS NOT NULL"
            )
            if table in names
        ]
        for name, _ in indexes:
            connection.execute(f"DROP INDEX main.{quote(name)}")
        roots = dict(
            connection.execute("SELECT name, rootpage FROM main.sqlite_master WHERE type = 'table'")
        )
        for definition in chosen.definitions:
            pair = definition.name, _new(definition.name)
            for name, other in (pair, pair[::-1]):
                connection.execute(
                    "UPDATE main.sqlite_master SET rootpage = ? WHERE type = 'table' AND name = ?",
                    (roots[other], name),
                )
        # All other connections read the schema again.
        (version,) = connection.execute("PRAGMA main.schema_version").fetchone()
        connection.execute(f"PRAGMA main.schema_version = {version + 1}")
        if indexes:
            connection.execute("PRAGMA writable_schema = RESET")
        for _, sql in indexes:
            connection.execute(sql)


def _remove_all(connection: sqlite3.Connection) -> None:
    """Drop tables of a rebuild: emptied a few rows a transaction, as DROP TABLE reads them all.

    All are dropped at once: whoever writes has to read the schema again after each change of it,
    and gives up where it has changed again meanwhile, time after time. Raises _Overtaken where
    another process fills them.
    """

    def go_on() -> bool:
        _check_alone(connection)
        return True

    _drop(connection, "trigger")
    found = _names(connection, "table")
    for definition in catalogue.definitions:
        if _new(definition.name) in found:
            only = catalogue.only([definition.name])
            clear(
                connection,
                SQLite().recomputation(only, definition.source, _new, only=(definition.name,)),
                go_on,
            )
    _drop(connection, "table")


def _check_alone(connection: sqlite3.Connection) -> None:
    """Inside a transaction: raise _Overtaken where a rebuild has been begun."""
    if _fillings(connection):
        raise _Overtaken


def _drop(connection: sqlite3.Connection, kind: str) -> None:
    """Drop all tables of a rebuild, or triggers on them."""
    if not _names(connection, kind):
        return
    with transaction(connection, "IMMEDIATE"):
        _check_alone(connection)
        for name in _names(connection, kind):
            connection.execute(f"DROP {kind.upper()} main.{quote(name)}")


def _names(connection: sqlite3.Connection, kind: str) -> set[str]:
    """Tables of a rebuild, or triggers on them."""
    rows = connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = ? AND tbl_name GLOB ?",
        (kind, f"{REBUILDING}*"),
    )
    return {name for (name,) in rows}


def _new(name: str) -> str:
    return REBUILDING + name.removeprefix("_aggregates_")
