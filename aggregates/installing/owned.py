"""What revisions of an owner do: make, change and drop units, beside ours and beside writers.

A table of ours holds the text of each unit that is installed. So whoever inspects a database, puts
triggers back, or takes ours away, knows what is another's without its revisions.

An application's Alembic may run these, with a connection in any mode: transactions are begun and
ended here. Whatever is done can be killed at any instant, and done again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from textwrap import dedent

from alembic.operations import Operations

from aggregates.engines import driver
from aggregates.engines.base import DriverConnection, OperationalError, quote
from aggregates.engines.tables import INTERNAL, OWNED
from aggregates.errors import AggregatesError, CannotAdopt, SchemaMismatch, UnfitTable
from aggregates.frozen.statements import DROPPED, Statement
from aggregates.frozen.units import Unit
from aggregates.progress import Progress
from aggregates.recomputing.filling import BACKFILLS, Superseded, clear, fill, stored_position
from aggregates.recomputing.slices import Recomputer, StaleError

_DESCRIPTIONS = "aggregate_descriptions"


@dataclass(frozen=True)
class Owned:
    """A unit that is installed."""

    owner: str
    unit: Unit
    is_filling: bool
    """whether nothing posts to it yet, and rows are still to come; of a log, to all that stand on
    it"""

    @property
    def installed(self) -> list[Statement]:
        """What the database should hold of it."""
        return self.unit.others if self.is_filling else self.unit.kept


def owned(connection: DriverConnection, owner: str | None = None) -> list[Owned]:
    """All units that are installed, or those of one owner, those first that others stand on."""
    if not connection.table_exists(OWNED):
        return []
    rows = connection.execute(
        f"SELECT owner, unit, text FROM main.{OWNED} WHERE :owner IS NULL OR owner = :owner"
        " ORDER BY id",
        {"owner": owner},
    ).fetchall()
    marked = set()
    if connection.table_exists(BACKFILLS):
        query = f"SELECT revision FROM main.{BACKFILLS}"
        marked = {name for (name,) in connection.execute(query).fetchall()}
    found = [Owned(of, Unit(name, text), _filling(of, name) in marked) for of, name, text in rows]
    posted = {each.table for one in found if not one.is_filling for each in one.unit.posts}
    return [
        replace(one, is_filling=one.unit.facts not in posted) if one.unit.shape else one
        for one in found
    ]


def change(
    op: Operations,
    owner: str,
    made: Mapping[str, str],
    removed: Mapping[str, Collection[str]],
    progress: Progress | None = None,
) -> None:
    """Drop units, with the objects that they had, and make others and fill them.

    Raises CannotAdopt, having changed nothing, where a name is taken or a table cannot be served,
    and SchemaMismatch where our own tables are not there.
    """
    units = [Unit(name, _text(text)) for name, text in made.items()]
    if op.get_context().as_sql:
        _print(op, owner, units, removed)
        return
    with _outside_transactions(op) as connection:
        if not connection.table_exists(BACKFILLS):
            if units:
                raise SchemaMismatch(
                    "the aggregates that ship are not there: run `aggregates migrate` first"
                )
            return
        if units:
            rehearse(connection, owner, units, removed)
        _make(connection, owner, units, removed)
        for unit in units:
            _fill(connection, owner, unit, progress)
        if not units:
            with connection.write_lock():
                _drop_registry_if_empty(connection)


def keep_or_drop(connection: DriverConnection, gone: Collection[str]) -> None:
    """After a step of ours: put back what hung on views that were made anew, and descriptions.

    A unit that names an object of ours that is gone would fail writers, or stand still: it goes,
    with all of its owner.
    """
    found = owned(connection)
    gone = {*gone} - {one.name for one in connection.objects()}
    has_lost = {one.owner for one in found if one.unit.names_one_of(gone)}
    there = {one.name for one in connection.objects("trigger")}
    for one in found:
        if one.owner in has_lost:
            _drop(connection, one.owner, one.unit)
            continue
        for statement in one.installed:
            is_gone = statement.kind == "trigger" and statement.name not in there
            if is_gone or statement.kind == "data":
                connection.execute(statement.installed)
    _drop_registry_if_empty(connection)


def rehearse(
    connection: DriverConnection,
    owner: str,
    units: Sequence[Unit],
    removed: Mapping[str, Collection[str]],
) -> None:
    """Make units in an empty copy of the schema, and fill them.

    Raises what would stop that half way, or fail writers afterwards.
    """
    there = owned(connection)
    read = {unit.shape.table for unit in [*units, *(each.unit for each in there)] if unit.shape}
    with connection.scratch() as copy:
        for one in connection.objects():
            if one.kind != "trigger" or one.name.startswith(INTERNAL):
                with suppress(OperationalError):  # what an extension makes
                    copy.execute(one.sql)
        if any(connection.table_exists(one) and not copy.table_exists(one) for one in read):
            return  # its definition has functions that only its writers know
        for each in there:
            _register(copy, each.owner, each.unit)
        _make(copy, owner, units, removed)
        for unit in units:
            try:
                _fill(copy, owner, unit, None)
                for posting in unit.posts:
                    copy.execute(f"EXPLAIN INSERT INTO {quote(posting.table)} DEFAULT VALUES")
            except OperationalError as error:
                raise CannotAdopt(
                    f"cannot keep {unit.name}: {error}; nothing was changed: declare it otherwise,"
                    " and write its revision anew"
                ) from error


def _make(
    connection: DriverConnection,
    owner: str,
    units: Sequence[Unit],
    removed: Mapping[str, Collection[str]],
) -> None:
    """All but what fills units, and what posts to them."""
    names = {unit.name for unit in units}

    def leaving() -> list[Unit]:
        """What is removed, what is in the place of another, and what was never filled."""
        texts = {unit.name: unit.text for unit in units}
        return [
            one.unit
            for one in owned(connection, owner)
            if texts.get(one.unit.name, one.unit.text) != one.unit.text
            or (
                one.unit.name not in names
                and (one.unit.name in removed or (one.is_filling and one.unit.shape is None))
            )
        ]

    if found := leaving():
        _empty(connection, found)
    with connection.write_lock():
        for unit in leaving():
            _drop(connection, owner, unit)
        there = {one.unit.name for one in owned(connection, owner)}
        new = [unit for unit in units if unit.name not in there]
        _check(connection, new)
        for unit in new:
            _install(connection, owner, unit)


def _install(connection: DriverConnection, owner: str, unit: Unit) -> None:
    statements = unit.others
    if unit.shape:
        statements = connection.fit(unit.shape, [*statements, *unit.posting])
    for statement in statements:
        connection.execute(statement.installed)
    connection.execute(_REGISTRY)
    _register(connection, owner, unit)
    if unit.recomputation is not None:
        rows = unit.recomputation.reading
        connection.execute(
            f"INSERT INTO main.{BACKFILLS} (revision, source, mark, seq, rows_read)"
            f" SELECT ?, ?, -9e999, coalesce(max(seq), 0), 0 FROM main.{quote(rows.log)}",
            (_filling(owner, unit.name), rows.source),
        )


def _register(connection: DriverConnection, owner: str, unit: Unit) -> None:
    connection.execute(
        f"INSERT INTO main.{OWNED} (owner, unit, text) VALUES (?, ?, ?)",
        (owner, unit.name, unit.text),
    )


def _check(connection: DriverConnection, units: Sequence[Unit]) -> None:
    """Raise CannotAdopt or SchemaMismatch before anything is made."""
    connection.check_names(one.name for unit in units for one in unit.others if one.kind != "data")
    made = {one.name for unit in units for one in unit.others}
    for unit in units:
        check_table(connection, unit)
        for one in unit.posting:
            # A trigger that reads a fact which is not there would fail every writer.
            read = set(re.findall(r'\bNEW\."?(\w+)', one.sql))
            if one.table not in made and read - connection.columns(one.table).keys():
                raise SchemaMismatch(
                    f"{unit.name} reads facts of {one.table} that are not there: run `aggregates"
                    " migrate` first"
                )


def check_table(connection: DriverConnection, unit: Unit) -> None:
    """Raise CannotAdopt where the table of a change log is not there, or cannot be served."""
    if unit.shape is None:
        return
    table = unit.shape.table
    try:
        if not connection.table_exists(table):
            raise CannotAdopt(f"there is no table {table} to keep a change log of")
        connection.check_adoptable(unit.shape)
    except UnfitTable as error:
        raise CannotAdopt(
            f"cannot keep a change log of {table}: {error.reason}; nothing was changed"
        ) from error


def _fill(connection: DriverConnection, owner: str, unit: Unit, progress: Progress | None) -> None:
    """Fill a unit while writers write, and have it kept from then on."""
    sql, filling = unit.recomputation, _filling(owner, unit.name)
    if sql is None:
        return
    source = sql.reading.source
    try:
        recomputer = Recomputer(connection, sql, stored_position(connection, filling, source))
        is_kept = False
        while not is_kept:
            fill(recomputer, filling, progress)
            with connection.write_lock():
                recomputer.position = stored_position(connection, filling, source)
                try:
                    recomputer.catch_up()
                except StaleError:
                    continue
                for statement in unit.posting:
                    connection.execute(statement.installed)
                connection.execute(f"DELETE FROM main.{BACKFILLS} WHERE revision = ?", (filling,))
            is_kept = True
        recomputer.close()
    except Superseded:
        return  # it is filled, by this process before it was killed or by another


def _empty(connection: DriverConnection, units: Sequence[Unit]) -> None:
    """Take the rows out of tables that go, in short locks, as DROP TABLE reads them all."""
    with connection.write_lock():
        for unit in units:
            for one in unit.posts:
                connection.execute(f"DROP TRIGGER IF EXISTS {quote(one.name)}")
    for unit in units:
        if unit.recomputation is not None:
            clear(connection, unit.recomputation, lambda: True)


def _drop(connection: DriverConnection, owner: str, unit: Unit) -> None:
    for statement in _dropping(unit.objects):
        connection.execute(statement)
    for table in unit.described if connection.table_exists(_DESCRIPTIONS) else ():
        connection.execute(f"DELETE FROM main.{_DESCRIPTIONS} WHERE table_name = ?", (table,))
    connection.execute(f"DELETE FROM main.{OWNED} WHERE owner = ? AND unit = ?", (owner, unit.name))
    if connection.table_exists(BACKFILLS):
        filling = _filling(owner, unit.name)
        connection.execute(f"DELETE FROM main.{BACKFILLS} WHERE revision = ?", (filling,))


def _dropping(objects: Collection[str]) -> list[str]:
    """Statements that drop objects, given by kind and name: triggers first, as they name others."""
    found = [one.split(maxsplit=1) for one in objects]
    return [
        f"DROP {kind.upper()} IF EXISTS {quote(name)}"
        for kind, name in sorted(found, key=lambda one: DROPPED.index(one[0]))
    ]


_REGISTRY = (
    f"CREATE TABLE IF NOT EXISTS {OWNED} (\n  id INTEGER PRIMARY KEY,\n  owner TEXT NOT NULL,\n"
    "  unit TEXT NOT NULL,\n  text TEXT NOT NULL,\n  UNIQUE (owner, unit)\n)"
)


def _drop_registry_if_empty(connection: DriverConnection) -> None:
    if connection.table_exists(OWNED) and not owned(connection):
        connection.execute(f"DROP TABLE {OWNED}")


def _filling(owner: str, unit: str) -> str:
    """What the filling of a unit is called."""
    return f"own {owner} {unit}"


OWN_FILLINGS = "own *"
"""What the names of such fillings are like."""


def _text(text: str) -> str:
    """A text as it stands in a revision, in which it is indented."""
    return dedent(text).strip() + "\n"


@contextmanager
def _outside_transactions(op: Operations) -> Iterator[DriverConnection]:
    """The driver's own connection, in no transaction; what was done before is committed."""
    context = op.get_context()
    if context._in_external_transaction:
        raise AggregatesError(
            "env.py gives Alembic a connection in a transaction of its own, which would be held for"
            " as long as aggregates are filled: let Alembic begin it"
        )
    with context.autocommit_block():
        connection = driver(op.get_bind())
        connection.spill_to_disk()
        yield connection


def _print(
    op: Operations, owner: str, units: Sequence[Unit], removed: Mapping[str, Collection[str]]
) -> None:
    """The same as SQL, which fills in one transaction."""
    context = op.get_context()

    def execute(sql: str) -> None:
        context.impl.static_output(f"{sql};\n")

    names = {unit.name for unit in units} | removed.keys()
    for statement in _dropping([one for objects in removed.values() for one in objects]):
        execute(statement)
    if units:
        execute(_REGISTRY)
    for name in sorted(names):
        execute(f"DELETE FROM {OWNED} WHERE owner = '{owner}' AND unit = '{name}'")
    for unit in units:
        for one in [*unit.others, *(unit.posting if unit.shape else ())]:
            execute(one.installed)
        if unit.recomputation is not None:
            for sql in unit.recomputation.at_once():
                execute(sql)
            for one in unit.posting:
                execute(one.installed)
        text = unit.text.replace("'", "''")
        values = f"'{owner}', '{unit.name}', '{text}'"
        execute(f"INSERT INTO {OWNED} (owner, unit, text) VALUES ({values})")
