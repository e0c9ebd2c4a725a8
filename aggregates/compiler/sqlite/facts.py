"""From a row image to facts: as nested SELECTs, so that each fact is computed once."""

from __future__ import annotations

from itertools import product

from aggregates.compiler.base import Compiler
from aggregates.compiler.sqlite.constructs import ONCE, ONCE_EACH, number_after
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
    """Columns and SELECT of the facts of a log entry `NEW`, for `old`, `new` or both.

    Where the old and the new value are the same text, what takes long is computed once.
    """
    both = len(sides) == 2
    key = f"NEW.{source.log_key}"
    old_key = f"coalesce(NEW.old_{source.log_key}, {key})" if both else key
    known = {
        side: {source.log_key: old_key if side == "old" else key}
        | {name: f"NEW.{compiler.quote(f'{side}_{name}')}" for name in source.image}
        for side in sides
    }
    *inner, last = levels(source)
    query = ""
    columns: dict[str, str] = {}
    for level in inner:
        same_as_new: dict[str, str] = {}
        computed: dict[str, str] = {}
        for fact, side in product(level, sides):
            name = f"{side}_{fact.name}"
            computed[name] = compiler.render(fact.expression, known[side])
            reads = references(fact.expression)
            if both and side == "old" and len(reads) == 1 and reads <= set(source.image):
                (read,) = reads
                old, new = known["old"][read], known["new"][read]
                same = f"typeof({new}) = 'text' AND {old} = {new}"
                computed[name] = f"CASE WHEN {same} THEN NULL ELSE {computed[name]} END"
                same_as_new[name] = f"CASE WHEN {same} THEN new_{fact.name} ELSE {name} END"
        query = _select({**columns, **computed}, query)
        columns = {name: name for name in (*columns, *computed)}
        if same_as_new:
            query = _select({**columns, **same_as_new}, query)
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


def _select(columns: dict[str, str], query: str) -> str:
    parts = [sql if sql == name else f"{sql} AS {name}" for name, sql in columns.items()]
    return f"SELECT {_list(parts)}" + (f"\nFROM ({query} {ONCE})" if query else "")


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
