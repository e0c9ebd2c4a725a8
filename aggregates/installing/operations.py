"""What revisions do to a database, with the SQL that they have frozen.

Offline (`--sql`) the same statements are printed, for tables in the hooks' shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from sqlalchemy import Connection

from aggregates.engines import compiler, driver
from aggregates.engines.base import Capability, Compiler, DriverConnection, OperationalError, quote
from aggregates.errors import AggregatesError, CannotAdopt
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import UPDATED_AT, Shape
from aggregates.frozen.statements import DROPPED, Recomputation, Statement
from aggregates.installing.adopted import remember, remember_journal_mode
from aggregates.installing.owned import OWN_FILLINGS, keep_or_drop
from aggregates.installing.surveying import RUNS, others, survey
from aggregates.installing.upgrading import WAIT, current
from aggregates.recomputing.filling import (
    BACKFILLS,
    REBUILD,
    REBUILDING,
    Superseded,
    fill,
    stored_position,
)
from aggregates.recomputing.slices import Recomputer, StaleError


def begin(op: Operations, down_revision: str | None) -> None:
    """Raise Superseded where the database is no longer at the revision that this one follows."""
    if not op.get_context().as_sql and current(_connection(op)) != down_revision:
        raise Superseded


def switch_to_wal(op: Operations) -> None:
    """Make readers and writers independent, unless `journal_mode=keep` was asked for."""
    context = op.get_context()
    if context.as_sql or _option(op, "journal_mode") == "keep":
        return
    if Capability.JOURNAL_MODES in _driver(op).capabilities:
        with context.autocommit_block():
            _driver(op).unblock_readers()


def check(op: Operations, shapes: Iterable[Shape], revisions: Path | None = None) -> None:
    """Raise CannotAdopt where a table is not one that the triggers can serve, or a name is taken.

    `revisions` is the folder of all revisions: nothing is begun that a later one could not finish.
    """
    if op.get_context().as_sql:
        return
    connection, shapes = _driver(op), list(shapes)
    for shape in shapes:
        connection.check_adoptable(shape)
    if revisions is not None:
        engine = _compiler(op).folder
        connection.check_names(one.name for one in frozen.installed(revisions.parent, None, engine))
        tell = _option(op, "on_survey")
        if tell is not None and (found := survey(_connection(op), shapes)) is not None:
            for one in found.lines():
                tell(one)


def install(
    op: Operations, revision: str, here: Path, sources: Iterable[str], shapes: Iterable[Shape] = ()
) -> None:
    """Make what a revision adds, fill it source by source while writers write, and keep it.

    Goes on where it was killed. `shapes` are those of sources that have no change log yet. Raises
    CannotAdopt, having changed nothing, where a name is taken, or a source is no longer as it was.
    """
    if _compiler(op).fills_at_once:
        _install_at_once(op, here)
        return
    sources = list(sources)
    of = {shape.table: shape for shape in shapes}
    if not is_resumed(op, revision):
        if not op.get_context().as_sql:
            known = {(one.kind, one.name) for one in frozen.earlier(here)}
            made = (one for one in frozen.made(here) if (one.kind, one.name) not in known)
            _driver(op).check_names(one.name for one in made if one.kind != "data")
            _check_sources(op, here, [name for name in sources if name not in of])
        for name, shape in of.items():
            create(op, here / f"ledger_{name}.sql", shape)
        _create_if_any(op, here / "tables.sql")
        for name in sources:
            begin_backfill(op, revision, here, name)
    for name in sources:
        if is_resumed(op, revision, name):
            backfill(op, revision, here, name)
            # Until now writers only appended to the log.
            _create_if_any(op, here / f"facts_{name}.sql")
            _create_if_any(op, here / f"posting_{name}.sql")
            _settle_owned(op, ())
    _create_if_any(op, here / "views.sql")
    _settle_owned(op, ())


def _install_at_once(op: Operations, here: Path) -> None:
    """Make what a revision adds, and fill it out of one snapshot, which keeps no writer waiting."""
    engine = _compiler(op).folder
    made = frozen.made(here, engine)
    if not made:
        raise AggregatesError(
            f"revision {here.name} carries no SQL for {op.get_context().dialect.name}; it can be"
            " installed on SQLite only"
        )
    if not op.get_context().as_sql:
        _driver(op).check_names(one.name for one in made if one.kind != "data")
    for statement in made:
        _execute(op, statement.sql)


def _check_sources(op: Operations, here: Path, sources: Iterable[str]) -> None:
    """Raise CannotAdopt where a table that has a change log has been made anew, and otherwise."""
    for name in sources:
        rows = frozen.recomputation(here, name).reading.slice
        try:
            _driver(op).execute(f"EXPLAIN {rows}", {"mark": None, "upto": None})
        except OperationalError as error:
            raise CannotAdopt(
                f"cannot read {name} as its change log does: {error}; nothing was changed. Put the"
                " table back as it was, or run `aggregates downgrade` and then migrate again"
            ) from error


def uninstall(op: Operations, here: Path) -> None:
    """Remove what `install` has made, finished or not, and put back what was there before."""
    engine = _compiler(op).folder
    made, before = frozen.made(here, engine), frozen.earlier(here, engine)
    _drop(op, made)
    objects = {(str(one.kind), one.name): one for one in before if one.kind != "data"}
    replaced = [objects[one.kind, one.name] for one in made if (one.kind, one.name) in objects]
    for one in sorted(replaced, key=lambda one: DROPPED.index(one.kind), reverse=True):
        _execute(op, one.installed)
    tables = {one.table for one in made if one.kind == "data"}
    rows = [one for one in before if one.kind == "data" and one.table in tables]
    for table in dict.fromkeys(one.table for one in rows):
        _execute(op, f"DELETE FROM {quote(table)}")
    for one in rows:
        _execute(op, one.sql)
    _settle_owned(op, made)


def remove_unfinished(op: Operations, revisions: Path) -> None:
    """Remove the tables of a revision, or of a rebuild, that was killed before they were filled."""
    if op.get_context().as_sql or not _driver(op).table_exists(BACKFILLS):
        return
    _execute(op, f"DELETE FROM {BACKFILLS} WHERE revision GLOB '{REBUILD} *'")
    for table in _driver(op).objects("table"):
        if table.name.startswith(REBUILDING):
            _execute(op, f"DROP TABLE {quote(table.name)}")
    query = f"SELECT DISTINCT revision FROM {BACKFILLS} WHERE revision NOT GLOB '{OWN_FILLINGS}'"
    for revision in _connection(op).exec_driver_sql(query).scalars().all():
        (here,) = (path for path in revisions.glob(f"{revision}_*") if path.is_dir())
        uninstall(op, here)
        _execute(op, f"DELETE FROM {BACKFILLS} WHERE revision = '{revision}'")


def adopt(op: Operations, shapes: Iterable[Shape], tables: Path) -> None:
    """Make tables that are missing in the hooks' shape, and add columns that are missing."""
    made = {one.name: one for one in frozen.statements(_of_engine(op, tables))}
    shapes = list(shapes)
    if op.get_context().as_sql:
        for shape in shapes:
            _execute(op, made[shape.table].sql)
            if UPDATED_AT in shape.added:  # the one column that the hooks do not make
                _add(op, shape.table, UPDATED_AT, shape.added[UPDATED_AT])
        return
    connection = _driver(op)
    wait = _option(op, "wait")
    connection.hold([one.table for one in shapes], float(WAIT if wait is None else wait))
    check(op, shapes)  # again, under the lock for writing
    is_foreign = not connection.table_exists(RUNS) and bool(others(connection))
    for shape in shapes:
        is_missing = not connection.table_exists(shape.table)
        if is_missing:
            _execute(op, made[shape.table].sql)
        for name, type_ in connection.missing_columns(shape).items():
            _add(op, shape.table, name, type_)
        remember(connection, shape, is_made=is_missing and is_foreign)
    if Capability.JOURNAL_MODES in connection.capabilities:
        remember_journal_mode(connection, _option(op, "journal_mode"))


def create(op: Operations, statements: Path, shape: Shape | None = None) -> None:
    """Execute the statements of a file, fitted to the table of a shape and to source columns."""
    found = frozen.statements(_of_engine(op, statements))
    if op.get_context().as_sql:
        found = [one.cautious for one in found]
    else:
        found = _driver(op).fit(shape, found)
    for statement in found:
        _execute(op, statement.installed)


def _create_if_any(op: Operations, path: Path) -> None:
    """Execute the statements of a file that a revision may have; views and triggers anew."""
    if path.is_file():
        _drop(op, [one for one in frozen.statements(path) if one.kind in ("trigger", "view")])
        create(op, path)


def remove(op: Operations, *files: Path) -> None:
    """Drop what the statements of files have made."""
    made = [one for path in files for one in frozen.statements(_of_engine(op, path))]
    _drop(op, made)
    _settle_owned(op, made)


def _settle_owned(op: Operations, made: Iterable[Statement]) -> None:
    """Let others' triggers stay where what they hang on has been made anew, and go with it."""
    if not op.get_context().as_sql:
        keep_or_drop(_driver(op), [one.name for one in made if one.kind in ("table", "view")])


def backfill(op: Operations, revision: str, here: Path, source: str) -> None:
    """Fill new tables from the source while writers write; goes on where it was killed.

    When it returns, a transaction is open in which the tables are exact.
    """
    sql = frozen.recomputation(here, source)
    if op.get_context().as_sql:
        _backfill_at_once(op, sql)
        return
    with op.get_context().autocommit_block():
        connection = _driver(op)
        connection.spill_to_disk()
        recomputer = Recomputer(connection, sql, stored_position(connection, revision, source))
        fill(recomputer, revision, _option(op, "progress"))
    # In the transaction that the block has begun for what follows it.
    recomputer.position = stored_position(connection, revision, source)
    try:
        recomputer.catch_up()
    except StaleError as error:
        raise Superseded from error
    recomputer.close()
    _execute(op, f"DELETE FROM {BACKFILLS} WHERE revision = '{revision}' AND source = '{source}'")


def is_resumed(op: Operations, revision: str, source: str = "%") -> bool:
    """Whether the tables of a revision are there already, partly filled (out of one source)."""
    if op.get_context().as_sql:
        return source != "%"
    connection = _driver(op)
    if not connection.table_exists(BACKFILLS):
        return False
    query = f"SELECT 1 FROM {BACKFILLS} WHERE revision = ? AND source LIKE ?"
    return connection.execute(query, (revision, source)).fetchone() is not None


def begin_backfill(op: Operations, revision: str, here: Path, source: str) -> None:
    """Record that tables exist whose rows are still to come."""
    log = frozen.recomputation(here, source).reading.log
    _execute(
        op,
        f"INSERT INTO {BACKFILLS} (revision, source, mark, seq, rows_read)"
        f" SELECT '{revision}', '{source}', -9e999, coalesce(max(seq), 0), 0 FROM {log}",
    )


def drop_added_columns(op: Operations, shapes: Iterable[Shape]) -> None:
    """Drop the columns that an adoption has added, where that was asked for."""
    if not _option(op, "drop_columns") or op.get_context().as_sql:
        return
    connection = _driver(op)
    for shape in shapes:
        for name in connection.added_columns(shape):
            connection.drop_column(shape.table, name)


def _backfill_at_once(op: Operations, sql: Recomputation) -> None:
    for statement in sql.at_once():
        _execute(op, statement)
    _execute(op, f"DELETE FROM {BACKFILLS} WHERE source = '{sql.reading.source}'")


def _drop(op: Operations, statements: Iterable[Statement]) -> None:
    for sql in _compiler(op).dropping(list(statements)):
        _execute(op, sql)


def _execute(op: Operations, sql: str) -> None:
    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(f"{sql};\n")
    else:
        # Without parameters a percent sign is one.
        _connection(op).exec_driver_sql(sql, execution_options={"no_parameters": True})


def _add(op: Operations, table: str, name: str, type_: str) -> None:
    for sql in _compiler(op).adding(table, name, type_):
        _execute(op, sql)


def _compiler(op: Operations) -> Compiler:
    return compiler(op.get_context().dialect.name)


def _of_engine(op: Operations, path: Path) -> Path:
    """A file of a revision, as the engine of the database has it."""
    return path.parent / _compiler(op).folder / path.name


def _connection(op: Operations) -> Connection:
    connection = op.get_bind()
    assert isinstance(connection, Connection)
    return connection


def _driver(op: Operations) -> DriverConnection:
    return driver(_connection(op))


def _option(op: Operations, name: str) -> Any:
    config = op.get_context().config
    return None if config is None else config.attributes.get(name)
