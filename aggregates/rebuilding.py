"""Compute whole aggregates again and put them in the place of the old ones, while writers write.

The new tables are filled beside the old ones, in short transactions that a kill only interrupts;
readers see the old values until one transaction renames all of them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine

from aggregates.backfilling import BACKFILLS, clear, fill, stored_position
from aggregates.catalogue import catalogue
from aggregates.changes import utc_text
from aggregates.compiler.sqlite import SQLite, quote
from aggregates.database import raw_connection, transaction
from aggregates.definition import Catalogue
from aggregates.derived import Deriver
from aggregates.proofs import Proof, record
from aggregates.recompute import Recomputer, StaleError
from aggregates.reconcile import VerifyResult, check_revision, verify
from aggregates.verification import Progress

REBUILD = "rebuild"
"""What a filling is called that belongs to no revision."""
_NEW, _OLD = "_aggregates_rebuilding_", "_aggregates_rebuilt_"


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
    DefinitionError for the name of no table.
    """
    if dry_run:
        return verify(engine, progress, tables=tables)
    check_revision(engine)
    chosen = catalogue.only(tables or [one.name for one in catalogue.definitions])
    started, started_at = time.monotonic(), utc_text(datetime.now(UTC))
    with raw_connection(engine) as connection:
        rows = _rebuild(connection, chosen, progress)
        remove_leftovers(connection)
        if "session_stats" in {one.name for one in chosen.definitions}:
            Deriver(connection, catalogue.bounds).start_over()
        result = VerifyResult(
            rows,
            time.monotonic() - started,
            [],
            tables=tuple(one.name for one in chosen.definitions),
        )
        record(connection, Proof("rebuild", started_at, result.seconds, rows, 0, not tables))
    return result


def remove_leftovers(connection: sqlite3.Connection) -> None:
    """Drop old tables that were replaced: emptied a few rows a transaction, as DROP reads them."""
    for definition in catalogue.definitions:
        old = _old(definition.name)
        if _has(connection, old):
            only = catalogue.only([definition.name])
            sql = SQLite().recomputation(only, definition.source, _old, only=(definition.name,))
            clear(connection, sql)
            connection.execute(f"DROP TABLE main.{quote(old)}")


def _rebuild(connection: sqlite3.Connection, chosen: Catalogue, progress: Progress | None) -> int:
    compiler = SQLite()
    _begin(connection, chosen)
    recomputers = []
    for source in chosen.sources:
        sql = compiler.recomputation(chosen, source, _new)
        recomputer = Recomputer(connection, sql, stored_position(connection, REBUILD, source.name))
        fill(recomputer, REBUILD, progress)
        recomputers.append(recomputer)
    while not _swap(connection, chosen, recomputers):
        for recomputer in recomputers:
            fill(recomputer, REBUILD, progress)
    rows = sum(recomputer.position.rows for recomputer in recomputers)
    for recomputer in recomputers:
        recomputer.close()
    return rows


def _begin(connection: sqlite3.Connection, chosen: Catalogue) -> None:
    """Make the new tables, unless an interrupted rebuild of the same ones has left them."""
    names = {_new(one.name) for one in chosen.definitions}
    found = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name GLOB ?",
            (f"{_NEW}*",),
        )
    }
    sources = {
        source
        for (source,) in connection.execute(
            f"SELECT source FROM main.{BACKFILLS} WHERE revision = ?", (REBUILD,)
        )
    }
    if found == names and sources == {source.name for source in chosen.sources}:
        return
    for name in found:
        connection.execute(f"DROP TABLE main.{quote(name)}")
    with transaction(connection, "IMMEDIATE"):
        connection.execute(f"DELETE FROM main.{BACKFILLS} WHERE revision = ?", (REBUILD,))
        for statement in SQLite().shadows(chosen, _new, "main"):
            connection.execute(statement.sql)
        for source in chosen.sources:
            connection.execute(
                f"INSERT INTO main.{BACKFILLS} (revision, source, mark, seq, rows_read)"
                f" SELECT ?, ?, -9e999, coalesce(max(seq), 0), 0 FROM main.{quote(source.log)}",
                (REBUILD, source.name),
            )


def _swap(
    connection: sqlite3.Connection, chosen: Catalogue, recomputers: Sequence[Recomputer]
) -> bool:
    """In one short transaction: bring the new tables up to date, and rename. False: fill again."""
    # Otherwise SQLite would rewrite all triggers and views that name a table.
    connection.execute("PRAGMA legacy_alter_table = ON")
    try:
        with transaction(connection, "IMMEDIATE"):
            for recomputer in recomputers:
                source = recomputer.sql.source
                recomputer.position = stored_position(connection, REBUILD, source)
                recomputer.catch_up()
            for definition in chosen.definitions:
                _rename(connection, definition.name)
            connection.execute(f"DELETE FROM main.{BACKFILLS} WHERE revision = ?", (REBUILD,))
    except StaleError:
        return False
    finally:
        connection.execute("PRAGMA legacy_alter_table = OFF")
    return True


def _rename(connection: sqlite3.Connection, name: str) -> None:
    # Triggers on a table go with it when it is renamed.
    kept = _triggers_on(connection, name)
    for trigger, _ in [*kept, *_triggers_on(connection, _new(name))]:
        connection.execute(f"DROP TRIGGER main.{quote(trigger)}")
    if _has(connection, _old(name)):
        connection.execute(f"DROP TABLE main.{quote(_old(name))}")
    connection.execute(f"ALTER TABLE main.{quote(name)} RENAME TO {quote(_old(name))}")
    connection.execute(f"ALTER TABLE main.{quote(_new(name))} RENAME TO {quote(name)}")
    for _, sql in kept:
        connection.execute(sql)


def _triggers_on(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    )
    return [(name, sql) for name, sql in rows]


def _has(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return found is not None


def _new(name: str) -> str:
    return _NEW + name.removeprefix("_aggregates_")


def _old(name: str) -> str:
    return _OLD + name.removeprefix("_aggregates_")
