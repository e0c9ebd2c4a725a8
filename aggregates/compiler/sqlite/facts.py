"""From a row image to facts: as nested SELECTs, so that each fact is computed once."""

from __future__ import annotations

from itertools import product

from aggregates.compiler.base import Compiler
from aggregates.compiler.sqlite.constructs import ONCE_EACH, number_after, number_after_sql
from aggregates.definition import Fact, Source, references


def levels(source: Source) -> list[list[Fact]]:
    """Facts that others read, the deepest first; the last level holds all the rest."""
    depth: dict[str, int] = {}
    for fact in source.facts:
        below = [depth[name] for name in references(fact.expression) if name in depth]
        depth[fact.name] = 1 + max(below, default=-1)
    read = {name for fact in source.facts for name in references(fact.expression)}
    inner: list[list[Fact]] = [[] for _ in range(max(depth.values()) + 1)]
    for fact in source.facts:
        inner[depth[fact.name] if fact.name in read else -1].append(fact)
    return [level for level in inner if level]


def image(compiler: Compiler, source: Source, row: str) -> dict[str, str]:
    """SQL of the image of a source row that goes by the name `row`, by column."""
    quoted = {name: f"{row}.{compiler.quote(name)}" for name in source.image}
    for extracted in source.extracted:
        column = f"{row}.{compiler.quote(extracted.column)}"
        quoted[extracted.name] = number_after(column, extracted.key)
    return quoted


def of_entry(compiler: Compiler, source: Source, sides: tuple[str, ...]) -> tuple[list[str], str]:
    """Columns and SELECT of the facts of a log entry `NEW`, for `old`, `new` or both."""
    key = f"NEW.{source.log_key}"
    old_key = f"coalesce(NEW.old_{source.log_key}, {key})" if len(sides) == 2 else key
    known = {
        side: {source.log_key: old_key if side == "old" else key}
        | {name: f"NEW.{compiler.quote(f'{side}_{name}')}" for name in source.image}
        for side in sides
    }
    *inner, last = levels(source)
    query = ""
    columns: list[str] = []
    for level in inner:
        if not columns and _is_one_function(compiler, level):
            query = _parsed(compiler, source, level, sides)
            columns = [f"{side}_{fact.name}" for fact, side in product(level, sides)]
        else:
            computed = {
                f"{side}_{fact.name}": compiler.render(fact.expression, known[side])
                for fact, side in product(level, sides)
            }
            query = _select({name: name for name in columns} | computed, query)
            columns += computed
        for fact, side in product(level, sides):
            known[side][fact.name] = f"{side}_{fact.name}"
    result = {}
    for side in sides:
        result[f"{side}_{source.log_key}"] = known[side][source.log_key]
        for fact in source.facts:
            name = f"{side}_{fact.name}"
            is_last = fact in last
            result[name] = compiler.render(fact.expression, known[side]) if is_last else name
    return list(result), _select(result, query)


def _is_one_function(compiler: Compiler, facts: list[Fact]) -> bool:
    """Whether facts are one and the same function of one column each."""
    shapes = {
        compiler.render(fact.expression, _value(fact))
        for fact in facts
        if len(references(fact.expression)) == 1
    }
    return len(shapes) == 1 and all(len(references(fact.expression)) == 1 for fact in facts)


def _parsed(compiler: Compiler, source: Source, facts: list[Fact], sides: tuple[str, ...]) -> str:
    """SELECT of facts that are one function of one column each.

    An old value that is the same text as the new one stays out, and takes its result.
    """
    (shape,) = {compiler.render(fact.expression, _value(fact)) for fact in facts}
    rows, same_as_new = {}, {}
    for fact, side in product(facts, sides):
        (column,) = references(fact.expression)
        value = f"NEW.{compiler.quote(f'{side}_{column}')}"
        name = f"{side}_{fact.name}"
        if side == "old" and len(sides) == 2:
            new = f"NEW.{compiler.quote(f'new_{column}')}"
            same = f"typeof({new}) = 'text' AND {value} = {new}"
            same_as_new[name] = f"CASE WHEN {same} THEN new_{fact.name} ELSE {name} END"
            value = f"CASE WHEN {same} THEN NULL ELSE {value} END"
        rows[name] = f"{value} AS value"
    query = once_for_all(shape, rows)
    return _select({**{name: name for name in rows}, **same_as_new}, query)


def once_for_all(shape: str, rows: dict[str, str]) -> str:
    """SELECT of one expression for several rows of arguments, as columns of the rows' names.

    The program of a trigger is set up for each statement, whatever of it runs, and a function of
    constants takes registers of its own: so what is long is written down once.
    """
    listed = "\n  UNION ALL ".join(
        f"SELECT {number} AS number, {row}" for number, row in enumerate(rows.values(), 1)
    )
    columns = {
        name: f"max(CASE number WHEN {number} THEN parsed END)"
        for number, name in enumerate(rows, 1)
    }
    query = f"SELECT number, {shape} AS parsed\n  FROM ({listed} {ONCE_EACH})"
    return _select(columns, query)


def numbers(compiler: Compiler, source: Source, rows: dict[str, str]) -> str:
    """SELECT of the extracted numbers of rows by side: `old_tokens`, `new_tokens`, ..."""
    arguments = {
        f"{side}_{one.name}": f"{row}.{compiler.quote(one.column)} AS value,"
        f" '\"{one.key}\":' AS key"
        for side, row in rows.items()
        for one in source.extracted
    }
    return once_for_all(number_after_sql("value", "key"), arguments)


def _value(fact: Fact) -> dict[str, str]:
    return dict.fromkeys(references(fact.expression), "value")


def _select(columns: dict[str, str], query: str) -> str:
    parts = [sql if sql == name else f"{sql} AS {name}" for name, sql in columns.items()]
    return f"SELECT {_list(parts)}" + (f"\nFROM ({query} {ONCE_EACH})" if query else "")


def of_rows(compiler: Compiler, source: Source, rows: str) -> str:
    """SELECT of the facts of many rows.

    `rows` is a SELECT of key and image under their names, with a LIMIT and OFFSET of its own.
    """
    names = {name: compiler.quote(name) for name in (source.log_key, *source.image)}
    query = rows
    for level in levels(source):
        facts = [
            f"{compiler.render(fact.expression, names)} AS {compiler.quote(fact.name)}"
            for fact in level
        ]
        query = f"SELECT *, {_list(facts)}\nFROM ({query}) {ONCE_EACH}"
        names |= {fact.name: compiler.quote(fact.name) for fact in level}
    return query


def _list(parts: list[str]) -> str:
    return ",\n  ".join(parts)
