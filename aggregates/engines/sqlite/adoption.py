"""Fit the frozen triggers to the source table that a database has, or say why that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlparse import tokens

from aggregates.engines.base import DriverConnection, quote
from aggregates.errors import CannotAdopt, UnfitTable
from aggregates.frozen.layout import tokenize
from aggregates.frozen.shapes import Shape
from aggregates.frozen.statements import (
    OR_IT_IS_GONE,
    OTHER_KEYS,
    THEIR_COLUMNS,
    Statement,
    conditions_added,
)

_GENERATED = (2, 3)
_UNTYPED = ("", "BLOB", "ANY")


@dataclass(frozen=True)
class _Column:
    name: str
    key_position: int
    is_generated: bool
    is_untyped: bool = False
    """whether it keeps numbers as they are given, 5 and 5.0 apart"""


@dataclass(frozen=True)
class UniqueKey:
    """A UNIQUE key that others have put on a source table."""

    columns: tuple[str, ...]
    """whose change can make a row clash"""
    clash: str
    """condition under which the row `clash` and the row `NEW` have the same key"""


def table_exists(connection: DriverConnection, table: str) -> bool:
    """Whether there is a table or view of that name."""
    return _kind(connection, table) is not None


def columns(connection: DriverConnection, table: str) -> dict[str, str]:
    """Names and types of the columns of a table, in order."""
    return {row[1]: row[2] for row in _pragma(connection, "table_info", table)}


def primary_key(connection: DriverConnection, table: str) -> str | None:
    """The one column of the primary key of a table; None where that is not one."""
    keys = [column.name for column in _columns(connection, table) if column.key_position]
    return keys[0] if len(keys) == 1 else None


def missing_columns(connection: DriverConnection, shape: Shape) -> dict[str, str]:
    """Names and types of the columns to add."""
    present = {column.name.lower() for column in _columns(connection, shape.table)}
    return {name: type_ for name, type_ in shape.added.items() if name.lower() not in present}


def check_adoptable(connection: DriverConnection, shape: Shape) -> None:
    """Raise CannotAdopt where a table of this name is not one that the triggers can serve."""
    kind = _kind(connection, shape.table)
    if kind is None:
        check_names(connection, [shape.table])
        return

    def refuse(found: str, needed: str, *, lacks_key: bool = False) -> UnfitTable:
        is_keyless = lacks_key and not keys
        remedy = "rename it, or name another database"
        if is_keyless:
            remedy = "give it its key, by the script that `aggregates status` prints"
        return UnfitTable(
            shape.table,
            f"{found}, but {needed}",
            remedy,
            lacks_key=lacks_key,
            is_keyless=is_keyless,
        )

    keys: list[str] = []
    if kind != "table":
        raise refuse(f"it is a {kind}", "a table is needed")
    columns = {column.name.lower(): column for column in _columns(connection, shape.table)}
    keys = [column.name.lower() for column in columns.values() if column.key_position]
    found = f"its primary key is ({', '.join(keys)})" if keys else "no key"
    if shape.unique is None:
        needed = f"{shape.key} INTEGER PRIMARY KEY is needed"
        if keys != [shape.key]:
            raise refuse(found, needed, lacks_key=True)
        if any(origin == "pk" for _, _, origin, _ in _indexes(connection, shape.table)):
            raise refuse(f"its primary key {shape.key} is not the rowid", needed, lacks_key=True)
    elif keys != [shape.unique]:
        raise refuse(found, f"{shape.unique} PRIMARY KEY is needed", lacks_key=True)
    elif "rowid" in columns:
        raise refuse("a column is named rowid", "the key of that name is needed")
    elif _is_without_rowid(connection, shape.table):
        raise refuse("it is WITHOUT ROWID", "a table with rowids is needed", lacks_key=True)
    for name in shape.required:
        if name not in columns:
            found = ", ".join(column.name for column in columns.values())
            raise refuse(f"its columns are {found}", f"{name} is needed")
    unique_keys(connection, shape.table)
    for name in (*shape.required, *shape.added):
        if name in columns and columns[name].is_generated:
            raise refuse(f"{name} is a generated column", "an ordinary one is needed")
    missing = [name for name in shape.added if name not in columns]
    if missing and _is_strict(connection, shape.table):
        raise refuse("it is STRICT", f"its columns {', '.join(missing)} must be there")


def check_mapped(
    connection: DriverConnection,
    table: str,
    key: str,
    read: Iterable[str],
    *,
    has_order: bool,
) -> str | None:
    """Raise UnfitTable where a table has no such key or columns; answer a name of its rowid.

    None where that is the key itself, or there is none. `has_order` asks for ids that grow.
    """

    def refuse(found: str, needed: str) -> UnfitTable:
        return UnfitTable(table, f"{found}, but {needed}", _EDIT)

    if (kind := _kind(connection, table)) != "table":
        found = f"the database has a {kind} of that name" if kind else "there is no such table"
        raise refuse(found, "the mapping reads a table")
    columns = _columns(connection, table)
    names = [column.name.lower() for column in columns]
    keys = [column.name for column in columns if column.key_position]
    if [key.lower()] != [one.lower() for one in keys]:
        found = f"its primary key is ({', '.join(keys)})" if keys else "it has no primary key"
        raise refuse(found, f"the mapping names {key}, and tells rows apart by it")
    if missing := [name for name in read if name.lower() not in names]:
        found = f"its columns are {', '.join(column.name for column in columns)}"
        raise refuse(found, f"the mapping reads {', '.join(missing)}")
    index = next(
        (name for name, _, origin, _ in _indexes(connection, table) if origin == "pk"), None
    )
    if index is None:
        return None
    if has_order:
        raise refuse(f"{key} is no INTEGER PRIMARY KEY", "events are in the order of their ids")
    collation = _pragma(connection, "index_xinfo", index)[0][4]
    if collation != "BINARY":
        raise refuse(f"{key} has the collation {collation}", "keys are compared as they stand")
    if _is_without_rowid(connection, table):
        return None
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in names), None)


_EDIT = "edit the mapping, or print another: `aggregates mapping suggest`"


def check_names(connection: DriverConnection, names: Iterable[str]) -> None:
    """Raise CannotAdopt where a name of ours is taken."""
    query = "SELECT lower(name), type FROM sqlite_master"
    taken = {row[0]: row[1] for row in connection.execute(query)}
    for name in names:
        if kind := taken.get(name.lower()):
            raise CannotAdopt(
                f"cannot install {name}: the database has a {kind} of that name; nothing was"
                " changed: rename it, or name another database"
            )


def fit(
    connection: DriverConnection, shape: Shape | None, statements: list[Statement]
) -> list[Statement]:
    """The statements with the UNIQUE keys of the table, and columns without a type, in them.

    For a table in the hooks' shape they stay as they are. Columns may be of any table.
    """
    is_text = partial(_is_text, connection)
    statements = [replace(one, sql=conditions_added(one.sql, is_text)) for one in statements]
    if shape is None:
        return statements
    keys = unique_keys(connection, shape.table)
    untyped = [one.name.lower() for one in _columns(connection, shape.table) if one.is_untyped]
    if not keys and not untyped:
        return statements
    clash = "".join(f"\n    OR ({key.clash})" for key in keys)
    names = dict.fromkeys(name for key in keys for name in key.columns)
    columns = "".join(f", {quote(name)}" for name in names)
    gone = f"OR NOT EXISTS (SELECT 1 FROM {quote(shape.table)} AS kept WHERE kept.{shape.key} ="

    def fitted(one: Statement) -> str:
        sql = one.sql
        if keys and one.table == shape.table:
            sql = sql.replace(OTHER_KEYS, clash).replace(THEIR_COLUMNS, columns)
            sql = _IS_GONE.sub(rf"{gone} \1)", sql)
        return _COMPARED.sub(partial(_with_types, table=shape.table, untyped=untyped), sql)

    return [replace(one, sql=fitted(one)) if one.kind == "trigger" else one for one in statements]


def _is_text(connection: DriverConnection, table: str, column: str) -> bool:
    """Whether a column turns numbers into text; what is gone is told of otherwise."""
    types = {name.lower(): type_.upper() for name, type_ in columns(connection, table).items()}
    # https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    type_ = types.get(column.lower(), "TEXT")
    return "INT" not in type_ and any(word in type_ for word in ("CHAR", "CLOB", "TEXT"))


_IS_GONE = re.compile(re.escape(OR_IT_IS_GONE).replace(r"\{copy\}", r"(\w+)"))
_COMPARED = re.compile(
    r"\(([^()]*)\)\s+IS(?: NOT)?\s+\(([^()]*)\)\s+/\* (or another|and the same)\s+type,"
    r'\s+in\s+columns\s+of\s+"([^"]+)"\s+without\s+one:\s+(.+?)\*/',
    re.DOTALL,
)
"""Where a trigger compares values of a row with those that it had."""
_VALUE = re.compile(r'(?:OLD|NEW)\.(?:"(?:[^"]|"")+"|\w+)')


def _with_types(found: re.Match[str], table: str, untyped: Iterable[str]) -> str:
    """Compare the types, too, of columns that keep 5 and 5.0 apart."""
    *rows, word, of, names = found.groups()
    if of != table:
        return found[0]
    test = "OR typeof({}) <> typeof({})" if word == "or another" else "AND typeof({}) = typeof({})"
    sides = [_VALUE.findall(row) for row in rows]
    columns = [name.replace('""', '"') for name in re.findall('"((?:[^"]|"")+)"', names)]
    tests = [
        test.format(old, new)
        for column, old, new in zip(columns, *sides, strict=True)
        if column.lower() in untyped
    ]
    return "\n    ".join([found[0], *tests])


def unique_keys(connection: DriverConnection, table: str) -> list[UniqueKey]:
    """The UNIQUE keys of a table other than its primary key, in the order of their names."""
    columns = [one for one in _columns(connection, table) if one.name.lower() != "updated_at"]
    plain = [column.name for column in columns if not column.is_generated]
    generated = [column.name for column in columns if column.is_generated]
    row = ", ".join(f"NEW.{quote(name)} AS {quote(name)}" for name in [*plain, *generated])
    keys = []
    for name, is_unique, origin, is_partial in sorted(_indexes(connection, table)):
        if not is_unique or origin == "pk":
            continue
        terms, condition = _definition(connection, name)
        members = [
            (column, collation)
            for _, _, column, _, collation, is_key in _pragma(connection, "index_xinfo", name)
            if is_key
        ]
        read = [*terms, condition] if is_partial or not all(name for name, _ in members) else []
        if any(re.search(r"\b(id|rowid|oid|_rowid_)\b", term, re.IGNORECASE) for term in read):
            # Before an INSERT nobody knows the id that a row will get.
            raise UnfitTable(
                table,
                f"the UNIQUE index {name} reads id in an expression or condition, which triggers"
                " cannot follow",
                "drop that index first",
            )
        clashes = []
        for position, (column, collation) in enumerate(members):
            ours = quote(column) if column else f"({terms[position]})"
            theirs = (
                f"NEW.{quote(column)}"
                if column
                else f"(SELECT {terms[position]} FROM (SELECT {row}))"
            )
            ours = f"clash.{ours}" if column else ours
            clashes.append(f"{ours} COLLATE {quote(collation)} = {theirs}")
        if is_partial:
            clashes += [f"({condition})", f"(SELECT {condition} FROM (SELECT {row}))"]
        # What an expression, a condition or a generated column reads is not known.
        simple = not is_partial and all(column in plain for column, _ in members)
        watched = tuple(column for column, _ in members) if simple else tuple(plain)
        keys.append(UniqueKey(watched, " AND ".join(clashes)))
    return keys


def _definition(connection: DriverConnection, index: str) -> tuple[list[str], str]:
    """The terms of an index and its WHERE, as they were written; nothing for a UNIQUE column."""
    found = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (index,)
    ).fetchone()
    if not found or not found[0]:
        return [], ""
    terms, rest = _terms(found[0])
    after = [value for kind, value in rest if kind not in tokens.Comment]
    text = "".join(after).strip().rstrip(";")
    return terms, text[len("WHERE") :].strip() if text else ""


def _terms(sql: str) -> tuple[list[str], list[tuple[tokens._TokenType, str]]]:
    """What stands between the outer parentheses, split at its commas, and the tokens after it."""
    lexed = [token for token in tokenize(sql) if token[0] not in tokens.Comment]
    depth = 0
    terms = [""]
    for position, (_, value) in enumerate(lexed):
        depth -= value == ")"
        if depth == 0 and value == ")":
            return [_without_order(term) for term in terms], lexed[position + 1 :]
        if depth == 1 and value == ",":
            terms.append("")
        elif depth:
            terms[-1] += value
        depth += value == "("
    return terms, []


def _without_order(term: str) -> str:
    words = term.strip().rsplit(None, 1)
    return words[0] if len(words) == 2 and words[1].upper() in ("ASC", "DESC") else term.strip()


def _kind(connection: DriverConnection, table: str) -> str | None:
    found = connection.execute(
        "SELECT type, sql FROM sqlite_master WHERE lower(name) = lower(?)"
        " AND type IN ('table', 'view')",
        (table,),
    ).fetchone()
    if found is None:
        return None
    kind, sql = found
    is_virtual = (sql or "").lstrip().upper().startswith("CREATE VIRTUAL")
    return "virtual table" if is_virtual else str(kind)


def _is_without_rowid(connection: DriverConnection, table: str) -> bool:
    """Whether the index of the primary key leads to no rowid."""
    return any(
        origin == "pk" and all(row[1] != -1 for row in _pragma(connection, "index_xinfo", name))
        for name, _, origin, _ in _indexes(connection, table)
    )


def order_of_rows(connection: DriverConnection, table: str) -> str:
    """The columns that tell which row was written first; the key, where nothing does."""
    if not _is_without_rowid(connection, table):
        return "rowid"
    keys = sorted((one.key_position, one.name) for one in _columns(connection, table))
    return ", ".join(quote(name) for position, name in keys if position)


def _is_strict(connection: DriverConnection, table: str) -> bool:
    """Whether columns can have no types but a few; a library below 3.37 knows no such tables."""
    return any(row[5] for row in _pragma(connection, "table_list", table))


def _columns(connection: DriverConnection, table: str) -> list[_Column]:
    found = _pragma(connection, "table_xinfo", table)
    return [
        _Column(row[1], row[5], row[6] in _GENERATED, row[2].upper() in _UNTYPED) for row in found
    ]


def _indexes(connection: DriverConnection, table: str) -> Iterator[tuple[str, bool, str, bool]]:
    for row in _pragma(connection, "index_list", table):
        yield row[1], bool(row[2]), row[3], bool(row[4])


def _pragma(connection: DriverConnection, name: str, argument: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"PRAGMA main.{name}({quote(argument)})").fetchall()
