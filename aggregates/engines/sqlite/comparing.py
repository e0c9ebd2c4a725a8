"""Aggregates beside their recomputation: what differs, and how to make it right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aggregates.engines.base import Comparison, Compiler, Naming, TableWalk, itself
from aggregates.engines.sqlite.placing import PART, Placement, placed
from aggregates.engines.sqlite.posting import zero
from aggregates.model.definition import Aggregate, Catalogue, Definition


def selected(
    compiler: Compiler, catalogue: Catalogue, definition: Definition, naming: Naming, schema: str
) -> str:
    """A SELECT, in parentheses, of the keys and measures that a table holds of a definition."""
    place = placed(compiler, catalogue, definition, naming)
    columns = [f"{column} AS {compiler.quote(name)}" for name, column in place.columns.items()]
    columns += [compiler.quote(name) for name in definition.values]
    where = f" WHERE {place.part}" if place.part else ""
    return f"(SELECT {', '.join(columns)} FROM {schema}.{place.table}{where})"


def comparison(
    compiler: Compiler, catalogue: Catalogue, definition: Definition, naming: Naming, schema: str
) -> Comparison:
    """How to compare a stored aggregate with its shadow."""
    q = compiler.quote
    place, shadowed = (placed(compiler, catalogue, definition, one) for one in (itself, naming))
    stored, shadow = f"main.{place.table}", f"{schema}.{shadowed.table}"
    columns = [*place.columns.values()]
    values = [q(name) for name in definition.values]
    of_cluster = [place.part] if place.part else []
    conditions = [*of_cluster]
    if isinstance(definition, Aggregate):
        conditions.append(f"NOT ({zero(compiler, definition)})")
    some = " AND ".join(conditions) or "true"
    same = " AND ".join(
        [f"other.{name} = one.{name}" for name in (*columns, *place.constants)]
        + [f"other.{name} IS one.{name}" for name in values]
    )
    read = ", ".join([*columns, *values])

    def only(is_stored: int, one: str, other: str, where: str) -> str:
        return (
            f"SELECT {is_stored}, {read} FROM {one} AS one\nWHERE {where}"
            f" AND NOT EXISTS (SELECT 1 FROM {other} AS other WHERE {same})"
        )

    def both(where: str) -> str:
        return f"{only(1, stored, shadow, where)}\nUNION ALL {only(0, shadow, stored, where)}"

    one_key = " AND ".join([*(f"{name} = ?" for name in columns), *conditions])
    bounds = _bounds(place)
    parts = " AND ".join(f"{name} = {value}" for name, value in place.constants.items()) or "true"
    every_row = " AND ".join([*(f"{name} = ?" for name in columns), *of_cluster])
    of_part = " AND ".join(f"{name} = ?" for name in columns) + f" AND {parts}"
    # What verify does not compare (when a key was last touched) stays as it is where it can.
    every = [*columns, *place.constants, *values]
    if isinstance(definition, Aggregate):
        every += [q(latest.name) for latest in definition.latest]
    all_columns = ", ".join(every)
    latest = [q(one.name) for one in getattr(definition, "latest", ())]
    there = " AND ".join(
        f"kept.{name} = {shadowed.table}.{name}" for name in (*columns, *place.constants)
    )
    carried = ", ".join(
        f"{name} = coalesce(max({name}, {old}), {name}, {old})"
        for name in latest
        for old in [f"(SELECT kept.{name} FROM {stored} AS kept WHERE {there})"]
    )

    def carry(*conditions: str) -> str:
        return f"UPDATE {shadow} SET {carried} WHERE {' AND '.join([parts, *conditions])}"

    return Comparison(
        read_latest=f"SELECT {', '.join(latest)} FROM {stored} WHERE {of_part}" if latest else "",
        latest=tuple(
            f"UPDATE {stored} SET {name} = ? WHERE {of_part} AND coalesce({name} < ?, true)"
            for name in latest
        ),
        carry={which: carry(*one) for which, one in bounds.items()} if latest else {},
        table=definition.name,
        key=definition.key,
        values=definition.values,
        first_key=_first_key(place, shadow, parts),
        next_key=_next_key(place, shadow, parts),
        rows={which: both(" AND ".join([some, *one])) for which, one in bounds.items()},
        one=both(one_key),
        # One that no trigger writes, too: readers know a cluster's rows by key and part alone.
        remove=f"DELETE FROM {stored} WHERE {every_row}",
        restore=f"INSERT INTO {stored} ({all_columns})"
        f" SELECT {all_columns} FROM {shadow} WHERE {one_key}",
    )


def walks(
    compiler: Compiler,
    catalogue: Catalogue,
    definitions: Sequence[Definition],
    naming: Naming,
    schema: str,
) -> Iterator[TableWalk]:
    """How to find the ranges of tables in which rows of definitions differ from shadows."""
    q = compiler.quote
    by_table: dict[str, list[Definition]] = {}
    for one in definitions:
        by_table.setdefault(one.table, []).append(one)
    for of_table in by_table.values():
        place = placed(compiler, catalogue, of_table[0])
        shadowed = placed(compiler, catalogue, of_table[0], naming)
        stored, shadow = f"main.{place.table}", f"{schema}.{shadowed.table}"
        # What a row of another part has there is 0 in both: a CASE would have them sorted first.
        values = dict.fromkeys(q(name) for one in of_table for name in one.values)
        kept = _kept(compiler, catalogue, of_table)
        yield TableWalk(
            names=tuple(one.name for one in of_table),
            first_key=_first_key(place, shadow),
            next_key=_next_key(place, shadow),
            differs={
                which: _differs(stored, shadow, [*place.key, *values], [kept, *bounds])
                for which, bounds in _bounds(place).items()
            },
        )


def _differs(stored: str, shadow: str, columns: list[str], conditions: list[str]) -> str:
    """Whether two tables hold other rows, where every row has a key of its own.

    Both are read in the order of their keys and merged, as the ORDER BY asks for.
    """
    where = " AND ".join(conditions)
    read = ", ".join(columns)
    numbers = ", ".join(str(number) for number in range(1, len(columns) + 1))
    counts = [f"(SELECT count(*) FROM {table} WHERE {where})" for table in (stored, shadow)]
    return (
        f"SELECT {' <> '.join(counts)} OR EXISTS (SELECT 1 FROM (\n"
        f"SELECT {read} FROM {stored} WHERE {where}\n"
        f"EXCEPT SELECT {read} FROM {shadow} WHERE {where}\nORDER BY {numbers} LIMIT 1))"
    )


def _kept(compiler: Compiler, catalogue: Catalogue, definitions: Iterable[Definition]) -> str:
    """Whether a row of a table is one of some definitions, and holds something."""
    cases = ""
    for one in definitions:
        holds = f"NOT ({zero(compiler, one)})" if isinstance(one, Aggregate) else "true"
        part = placed(compiler, catalogue, one).constants.get(PART)
        if part is None:
            return holds
        cases += f" WHEN {part} THEN {holds}"
    return f"CASE {PART}{cases} END"


def _bounds(place: Placement) -> dict[tuple[bool, bool], list[str]]:
    """Conditions by whether there is a lower and an upper bound of a table's key."""
    keys, marks = ", ".join(place.key), ", ".join("?" * len(place.key))
    above, upto = [f"({keys}) > ({marks})"], [f"({keys}) <= ({marks})"]
    return {
        (False, False): [],
        (True, False): above,
        (False, True): upto,
        (True, True): above + upto,
    }


def _first_key(place: Placement, table: str, condition: str = "true") -> str:
    keys = ", ".join(place.key)
    return f"SELECT {keys} FROM {table} WHERE {condition} ORDER BY {keys} LIMIT 1 OFFSET ?"


def _next_key(place: Placement, table: str, condition: str = "true") -> str:
    keys, marks = ", ".join(place.key), ", ".join("?" * len(place.key))
    return _first_key(place, table, f"({keys}) > ({marks}) AND {condition}")
