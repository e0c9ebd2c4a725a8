"""Give a source table the key again that another tool has made it without."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from aggregates.engines.base import DriverConnection, SchemaObject, quote
from aggregates.engines.sqlite.adoption import order_of_rows
from aggregates.engines.sqlite.hooks_schema import HOOK_TABLES
from aggregates.engines.tables import WITHOUT_KEY
from aggregates.frozen.shapes import Shape


def script(connection: DriverConnection, shape: Shape) -> str:
    """Make a table again with its key, all its rows, and the indexes and triggers of others.

    The old table stays beside it under another name: a shell goes on after a statement that has
    failed. No id is lost, but of rows with the same id only the last keeps it; of a session the
    last row stays, as its writers replace it.
    """
    table = quote(shape.table)
    ends = ("_with_key", WITHOUT_KEY)
    new, aside = (quote(_free(connection, shape.table + end)) for end in ends)
    types = connection.columns(shape.table)
    types |= {name: type_ for name, type_ in _hooks(connection, shape).items() if name in types}
    key = shape.unique or shape.key
    if key not in map(str.lower, types):
        types = {key: "", **types}
    columns = (
        f"{quote(name)} {_KEY[shape.unique is None] if name.lower() == key else type_}".rstrip()
        for name, type_ in types.items()
    )
    theirs = _theirs(connection, shape.table)
    steps = [
        # With it, views and references that name the table go on naming it.
        "PRAGMA legacy_alter_table = ON",
        "PRAGMA foreign_keys = OFF",
        "BEGIN IMMEDIATE",
        f"CREATE TABLE {new} ({', '.join(columns)})",
        f"INSERT OR REPLACE INTO {new} ({', '.join(map(quote, types))})"
        f" {_rows(connection, shape, types)}",
        *(f"DROP {one.kind.upper()} {quote(one.name)}" for one in theirs),
        f"ALTER TABLE {table} RENAME TO {aside}",
        f"ALTER TABLE {new} RENAME TO {table}",
        *(one.sql for one in theirs),
        "COMMIT",
        "PRAGMA legacy_alter_table = OFF",
    ]
    return "; ".join(steps) + ";"


_KEY = {True: "INTEGER PRIMARY KEY AUTOINCREMENT", False: "TEXT PRIMARY KEY"}


def _free(connection: DriverConnection, name: str) -> str:
    """A name that no table has."""
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(one for one in names if not connection.table_exists(one))


def _hooks(connection: DriverConnection, shape: Shape) -> dict[str, str]:
    """The types that the hooks give the columns; CREATE TABLE AS has forgotten them."""
    with connection.scratch() as scratch:
        scratch.execute(HOOK_TABLES[shape.table])
        return scratch.columns(shape.table)


def _rows(connection: DriverConnection, shape: Shape, names: Iterable[str]) -> str:
    """All rows, in the order in which they were written."""
    table, key = quote(shape.table), quote(shape.key)
    if shape.unique is not None:
        return f"SELECT {', '.join(map(quote, names))} FROM {table} NOT INDEXED"
    id_, order = "NULL", order_of_rows(connection, shape.table)
    if shape.key in map(str.lower, connection.columns(shape.table)):
        number = f"CAST({key} AS INTEGER)"
        is_last = f"row_number() OVER (PARTITION BY {number} ORDER BY {order} DESC) = 1"
        id_ = f"CASE WHEN {number} = {key} AND {is_last} THEN {number} END"
    values = (f"{id_} AS new_key" if one.lower() == shape.key else quote(one) for one in names)
    # Ids that are given come first: one that is chosen must not be taken.
    return f"SELECT {', '.join(values)} FROM {table} ORDER BY new_key IS NULL, {order}"


def _theirs(connection: DriverConnection, table: str) -> list[SchemaObject]:
    """Indexes and triggers on a table, but for ours and those that SQLite makes by itself."""
    return [
        one
        for one in connection.objects()
        if one.kind in ("index", "trigger")
        and one.table.lower() == table.lower()
        and one.sql
        and not one.name.startswith("_aggregates_")
    ]
