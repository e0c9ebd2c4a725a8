"""Compute whole aggregates again and put them in the place of the old ones, while writers write.

The new tables are filled beside the old ones, in short transactions that a kill only interrupts;
readers see the old values until one short transaction lets old and new tables change their trees.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from aggregates import sessions
from aggregates.changes import utc_text
from aggregates.engines.base import Capability, Database, DriverConnection, OperationalError, quote
from aggregates.errors import AggregatesError, DefinitionError
from aggregates.model.definition import Catalogue
from aggregates.progress import Progress
from aggregates.proving import whole
from aggregates.proving.inspecting import check_installed
from aggregates.proving.record import Proof, record
from aggregates.proving.repairing import VerifyResult, verify
from aggregates.proving.repairing import chosen as choose
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Key
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
    database: Database,
    catalogue: Catalogue,
    progress: Progress | None = None,
    *,
    tables: Sequence[str] = (),
    dry_run: bool = False,
) -> VerifyResult:
    """Recompute aggregates, all by default, with the tables that they need.

    Killed at any instant it leaves either the old or the new; called again it goes on. A dry run
    only verifies. Raises SchemaMismatch where the database is not at the head revision, or triggers
    or tables are not as they should be, DefinitionError for the name of no table, AggregatesError
    where another process begins to rebuild other tables meanwhile.
    """
    if dry_run:
        return verify(database, catalogue, progress, tables=tables)
    check_installed(database, catalogue.sources)
    names, of_sessions = choose(catalogue, tables, None)
    if tables and of_sessions:
        named = ", ".join(of_sessions)
        raise DefinitionError(
            f"{named}: derived from the change log, not rebuilt; `aggregates repair --table"
            f" {of_sessions[0]}` mends it"
        )
    chosen = catalogue.only(names)
    if Capability.QUEUES in database.capabilities:
        found = whole.prove(database, catalogue, "rebuild", names, progress, is_whole=not tables)
        return VerifyResult(*found, tables=names)
    started, started_at = time.monotonic(), utc_text(datetime.now(UTC))
    rows = None
    while rows is None:
        with database.own_connection() as connection:
            rows = _rebuild(connection, catalogue, chosen, progress)
    with database.own_connection() as connection:
        with suppress(_Overtaken), _noticing_others():
            _remove_all(connection, catalogue)
        result = VerifyResult(
            rows,
            time.monotonic() - started,
            [],
            tables=tuple(one.name for one in chosen.definitions),
        )
        with connection.write_lock():
            record(connection, Proof("rebuild", started_at, result.seconds, rows, 0, not tables))
    return result


def _rebuild(
    connection: DriverConnection,
    catalogue: Catalogue,
    chosen: Catalogue,
    progress: Progress | None,
) -> int | None:
    """Rows read; None where the log no longer reached back in the last moment."""
    recomputers: list[Recomputer] = []
    connection.check_exchanging()  # before all is read in vain
    try:
        with _noticing_others():
            _begin(connection, catalogue, chosen)
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
    except OperationalError as error:
        # No such table, or it is there already.
        if REBUILDING in str(error):
            raise _Overtaken from error
        raise


def _fill(
    connection: DriverConnection,
    chosen: Catalogue,
    recomputers: list[Recomputer],
    progress: Progress | None,
) -> None:
    """Fill the new tables, until only a few entries of each log are left."""
    filling = _filling(chosen)
    for source in chosen.sources:
        sql = connection.compiler.recomputation(chosen, source, _new)
        position = stored_position(connection, filling, source.name)
        recomputers.append(Recomputer(connection, sql, position))
    _read(recomputers, filling, progress)
    for name in [one.name for one in chosen.aggregates() if one.latest]:
        _carry_over(connection, chosen, name)
    _read(recomputers, filling, progress)


def _read(recomputers: Sequence[Recomputer], filling: str, progress: Progress | None) -> None:
    is_close = False
    while not is_close:
        for recomputer in recomputers:
            fill(recomputer, filling, progress)
        # While one was filled, entries have come for another.
        is_close = all(recomputer.is_close() for recomputer in recomputers)


def _carry_over(connection: DriverConnection, chosen: Catalogue, name: str) -> None:
    """Keep what no row of the source tells: when a key was last touched, before the new tables.

    What is touched from now on, the log tells of. A few keys at a time.
    """
    comparison = connection.compiler.comparison(chosen, chosen[name], _new, "main")
    size = pace.FIRST_SLICE
    lower: Key | None = None
    is_last = False
    while not is_last:
        with connection.any_text():
            found = (
                connection.execute(comparison.first_key, (size,))
                if lower is None
                else connection.execute_any_text(comparison.next_key, (*lower, size))
            )
            upper: Key | None = found.fetchone()
            carry = comparison.carry[lower is not None, upper is not None]
            with connection.write_lock():
                started = time.monotonic()
                _check_still_ours(connection, chosen)
                connection.execute_any_text(carry, (lower or ()) + (upper or ()))
            held = time.monotonic() - started
        size = pace.adapted(size, held, pace.SMALLEST_SLICE, pace.LARGEST_SLICE)
        lower, is_last = upper, upper is None
        time.sleep(held)


def _check_still_ours(connection: DriverConnection, chosen: Catalogue) -> None:
    """Inside a transaction: raise _Overtaken where another process has ended the rebuild."""
    if not _fillings(connection) >= _expected(chosen):
        raise _Overtaken


def _begin(connection: DriverConnection, catalogue: Catalogue, chosen: Catalogue) -> None:
    """Make the new tables, unless an interrupted rebuild of the same ones has left them."""
    filling = _filling(chosen)
    is_same = _names(connection, "table") == {_new(one.table) for one in chosen.definitions}
    if is_same and _fillings(connection) == _expected(chosen):
        return
    _forget_fillings(connection)
    _remove_all(connection, catalogue)
    with connection.write_lock():
        _check_alone(connection)
        for statement in connection.compiler.shadows(chosen, _new, "main"):
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


def _fillings(connection: DriverConnection) -> set[tuple[str, str]]:
    """The rebuilds that were begun: (filling, source)."""
    rows = connection.execute(
        f"SELECT revision, source FROM main.{BACKFILLS} WHERE revision GLOB ?", (f"{REBUILD} *",)
    )
    return {(filling, source) for filling, source in rows}


def _forget_fillings(connection: DriverConnection) -> None:
    connection.execute(f"DELETE FROM main.{BACKFILLS} WHERE revision GLOB ?", (f"{REBUILD} *",))


def _swap(
    connection: DriverConnection, chosen: Catalogue, recomputers: Sequence[Recomputer]
) -> None:
    """In one short transaction: bring the new tables up to date, and exchange the trees.

    The connection must not be used any more afterwards.
    """
    tables = dict.fromkeys(one.table for one in chosen.definitions)
    pairs = [(table, _new(table)) for table in tables]
    with connection.exchanging(pairs):
        for recomputer in recomputers:
            source = recomputer.rows.source
            recomputer.position = stored_position(connection, _filling(chosen), source)
            recomputer.catch_up()
        _forget_fillings(connection)
        if sessions.STATS in {one.name for one in chosen.definitions}:
            # Nothing is derived yet in the new one.
            sessions.restart_walk(connection)


def _remove_all(connection: DriverConnection, catalogue: Catalogue) -> None:
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
    for source in catalogue.sources:
        names = tuple(
            one.name
            for one in catalogue.definitions
            if one.source is source and _new(one.table) in found
        )
        if names:
            sql = connection.compiler.recomputation(catalogue, source, _new, only=names)
            clear(connection, sql, go_on)
    _drop(connection, "table")


def _check_alone(connection: DriverConnection) -> None:
    """Inside a transaction: raise _Overtaken where a rebuild has been begun."""
    if _fillings(connection):
        raise _Overtaken


def _drop(connection: DriverConnection, kind: str) -> None:
    """Drop all tables of a rebuild, or triggers on them."""
    if not _names(connection, kind):
        return
    with connection.write_lock():
        _check_alone(connection)
        for name in _names(connection, kind):
            connection.execute(f"DROP {kind.upper()} main.{quote(name)}")


def _names(connection: DriverConnection, kind: str) -> set[str]:
    """Tables of a rebuild, or triggers on them."""
    found = connection.objects(kind)
    return {one.name for one in found if one.table.startswith(REBUILDING)}


def _new(name: str) -> str:
    return REBUILDING + name.removeprefix("_aggregates_")
