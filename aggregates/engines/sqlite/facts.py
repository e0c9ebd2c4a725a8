"""From a row image to facts, so that each is computed once: of one entry, and of many rows."""

from __future__ import annotations

from aggregates.engines.base import Compiler
from aggregates.engines.sqlite.constructs import ONCE_EACH, number_after
from aggregates.model.definition import Fact, Source, references


def depths(source: Source) -> dict[str, int]:
    """How many facts each fact stands on, one above the other."""
    depth: dict[str, int] = {}
    for fact in source.facts:
        below = [depth[name] for name in references(fact.expression) if name in depth]
        depth[fact.name] = 1 + max(below, default=-1)
    return depth


def levels(source: Source) -> list[list[Fact]]:
    """Facts that others read, the deepest first; the last level holds all the rest."""
    depth = depths(source)
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


SIDES = ("old", "new")
"""Of a log entry; an insert has no old one and a delete no new one."""

Values = dict[str, str]
"""SQL of the values of one call, by name."""


def stages(compiler: Compiler, source: Source, wanted: frozenset[str]) -> list[Values]:
    """What the triggers of an entry compute one after the other: facts of one depth at a time.

    Each hands its values to the next through a view, as a call takes arguments: what arrives as
    `NEW.name` costs nothing to read, while a text that comes out of a nested SELECT is copied each
    time. What is neither wanted in the end nor read on the way is left behind. The deepest facts
    are not among them: they are rendered where they are used, by `deepest`.
    """
    depth = depths(source)
    found = []
    for number in range(max(1, max(depth.values()))):
        later = [fact for fact in source.facts if depth[fact.name] > number]
        needed = wanted.union(*(references(fact.expression) for fact in later))
        values = {"updated_at": "NEW.updated_at", "seq": "NEW.seq"}
        for side, without in zip(SIDES, ("insert", "delete"), strict=True):
            exists = f"{side}_exists"
            values[exists] = f"NEW.{exists}" if number else f"NEW.operation <> '{without}'"
            known = _arguments(compiler, source, side)
            if number == 0 and side == "old":
                known[source.log_key] = f"coalesce(NEW.old_{source.log_key}, NEW.{source.log_key})"
            elif number == 0:
                known[source.log_key] = f"NEW.{source.log_key}"
            for fact in source.facts:
                if depth[fact.name] == number:
                    known[fact.name] = compiler.render(fact.expression, known)
            values |= {
                f"{side}_{name}": sql
                for name, sql in known.items()
                if name in needed and depth.get(name, 0) <= number
            }
        found.append(values)
    return found


def deepest(compiler: Compiler, source: Source, side: str) -> Values:
    """SQL of the key and all facts of one side, where the values of the last stage are at hand."""
    depth = depths(source)
    known = _arguments(compiler, source, side)
    for fact in source.facts:
        if depth[fact.name] == max(1, *depth.values()):
            known[fact.name] = compiler.render(fact.expression, known)
    return known


def _arguments(compiler: Compiler, source: Source, side: str) -> Values:
    names = (source.log_key, *source.image, *(fact.name for fact in source.facts))
    return {name: f"NEW.{compiler.quote(f'{side}_{name}')}" for name in names}


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
