"""Whether the tables that are there are such as the triggers can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aggregates.engines.base import DriverConnection
from aggregates.engines.postgresql.compiler import OURS
from aggregates.errors import CannotAdopt, UnfitTable
from aggregates.frozen.shapes import UPDATED_AT, Shape

_WORDS = ("text", "character varying", "character", "uuid", "smallint", "integer", "bigint")
_FITTING = {
    "TIMESTAMP": (
        ("timestamp without time zone", "timestamp with time zone", "text", "character varying"),
        "timestamp, timestamptz or text",
    ),
    "REAL": (
        ("double precision", "real", "smallint", "integer", "bigint"),
        "double precision, real or an integer",
    ),
    "JSON": (("json", "jsonb", "text", "character varying"), "json, jsonb or text"),
    "TEXT": (_WORDS, "text, varchar, uuid, an enum or an integer"),
}
_NAMES = (("text", "character varying"), "text or varchar")
_MOMENT = (("timestamp with time zone",), "timestamptz")
_KEYS = ("integer", "bigint", "smallint")


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    type: str
    is_enum: bool
    is_ours: bool
    """whether a migration has added it"""


def table_columns(connection: DriverConnection, table: str) -> list[Column]:
    """The columns of a table of the schema, in order."""
    rows = connection.execute(
        "SELECT attname, format_type(coalesce(nullif(typbasetype, 0), atttypid), NULL),"
        " typtype = 'e', coalesce(col_description(attrelid, attnum) = :ours, false)"
        " FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
        " WHERE attrelid = to_regclass(quote_ident(:table)) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        {"table": table, "ours": OURS},
    )
    return [Column(*row) for row in rows]


def unique_keys(connection: DriverConnection, table: str) -> list[tuple[str, ...]]:
    """The columns of each unique index of a table that holds for all of its rows, primary first."""
    rows = connection.execute(
        "SELECT array(SELECT attname::text"
        " FROM unnest(indkey) WITH ORDINALITY AS at (number, place)"
        " JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place)"
        " FROM pg_index WHERE indrelid = to_regclass(quote_ident(:table)) AND indisunique"
        " AND indpred IS NULL AND indexprs IS NULL ORDER BY indisprimary DESC, indexrelid",
        {"table": table},
    )
    return [tuple(columns) for (columns,) in rows]


def kind_of(connection: DriverConnection, table: str) -> str | None:
    """What there is of a name, in one letter as PostgreSQL has it; None where there is nothing."""
    found = connection.execute(
        "SELECT relkind::text FROM pg_class WHERE oid = to_regclass(quote_ident(:table))",
        {"table": table},
    ).fetchone()
    return None if found is None else str(found[0])


def check_adoptable(connection: DriverConnection, shape: Shape) -> None:
    """Raise CannotAdopt where a table of this name is not one that the triggers can serve."""
    kind = kind_of(connection, shape.table)
    if kind is None:
        return
    if kind not in ("r", "p"):
        raise _refused(shape, "it is no table", "rename it, or name another schema")
    for reason, remedy in _faults(connection, shape):
        raise _refused(shape, reason, remedy)


def _faults(connection: DriverConnection, shape: Shape) -> Iterator[tuple[str, str]]:
    columns = {one.name: one for one in table_columns(connection, shape.table)}
    for name in (shape.unique or shape.key, *shape.required):
        if name not in columns:
            yield f"it has no column {name}", "rename the column, or name another schema"
    key = shape.unique or shape.key
    if not shape.unique and columns[key].type not in _KEYS:
        yield f"its {key} is {columns[key].type}", "make it integer or bigint"
    keys = unique_keys(connection, shape.table)
    # That of a partitioned table holds the columns that it is partitioned by, too.
    is_partitioned = kind_of(connection, shape.table) == "p"
    if (key,) not in keys and not (is_partitioned and any(key in one for one in keys)):
        yield f"{key} is not its primary key", f"make {key} its primary key, or UNIQUE"
    wanted: dict[str, Any] = dict.fromkeys(shape.required, _FITTING["TEXT"])
    wanted |= {name: _FITTING[type_] for name, type_ in shape.added.items()}
    if shape.unique:
        wanted[shape.unique] = _NAMES
    if UPDATED_AT in wanted:
        wanted[UPDATED_AT] = _MOMENT
    for name, (types, words) in wanted.items():
        if name in columns and columns[name].type not in types:
            if columns[name].is_enum and types is _WORDS:
                continue
            yield f"its {name} is {columns[name].type}, not {words}", "change the column's type"


def _refused(shape: Shape, reason: str, remedy: str) -> CannotAdopt:
    return UnfitTable(shape.table, reason, remedy)
