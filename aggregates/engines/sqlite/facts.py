"""From a row image to facts, so that each is computed once: of an entry, and of many rows.

Whoever fires a trigger, SQLite compiles it once a statement. So the log hands each image that comes
or goes to one view, as a call hands over arguments; a trigger there computes what needs only the
image, and hands that to the next. What arrives as `NEW.name` costs nothing to read, while a text
that comes out of a nested SELECT is copied each time. The last view takes all facts: whoever keeps
aggregates hangs triggers of their own on it.

Calls say OR ABORT, as a program is compiled once for each conflict policy that it is called under,
and that of a call without one is another. A policy of the writer's statement goes before both.
"""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.engines.base import Compiler
from aggregates.engines.sqlite.calls import call, callee, on_call, trigger
from aggregates.engines.sqlite.constructs import (
    QUICK,
    has_offset,
    number_after,
    parsed_time,
    tail_of,
)
from aggregates.frozen.statements import Statement
from aggregates.model.constructs import canonical_time, same_clock
from aggregates.model.definition import Extracted, Fact, Source, references

# The query flattener would put an inner expression wherever it is read, and compute it each time.
ONCE_EACH = " LIMIT -1 OFFSET 0"

STEP, SIGN = "step", "sign"
"""Arguments of the facts' view: 1 a row comes, -1 one goes, 0 one that has begun ends; and -1 where
the facts are to be subtracted, else 1."""

PARSE, PARSED = "_aggregates_parse", "_aggregates_parsed"

Values = dict[str, str]
"""SQL of the values of one call, by name."""


def depths(source: Source) -> dict[str, int]:
    """How many facts each fact stands on, one above the other."""
    depth: dict[str, int] = {}
    for fact in source.facts:
        below = [depth[name] for name in references(fact.expression) if name in depth]
        depth[fact.name] = 1 + max(below, default=-1)
    return depth


def image(compiler: Compiler, source: Source, row: str) -> Values:
    """SQL of the image of a source row that goes by the name `row`, by column."""
    quoted = {name: f"{row}.{compiler.quote(name)}" for name in source.image}
    for extracted in source.extracted:
        column = f"{row}.{compiler.quote(extracted.column)}"
        quoted[extracted.name] = number_after(column, extracted.key)
    return quoted


def arguments(compiler: Compiler, source: Source) -> Values:
    """SQL of the key and all facts that aggregates read, in a trigger on the facts' view."""
    known = {name: f"NEW.{compiler.quote(name)}" for name in source.public_facts}
    for fact in _deepest(source):
        known[fact.name] = compiler.render(fact.expression, known)
    return known


def programs(compiler: Compiler, source: Source) -> Iterator[Statement]:
    """The views and triggers that take each entry of the log to the facts' view."""
    q = compiler.quote
    depth = depths(source)
    given, times, facts = f"{source.prefix}_image", f"{source.prefix}_times", source.facts_view
    read = frozenset().union(*(references(fact.expression) for fact in source.facts))
    image_columns = [name for name in source.image if name in read]
    early = [fact for fact in source.facts if depth[fact.name] == 0]
    clocks = {
        fact.name: next(iter(references(fact.expression)))
        for fact in early
        if isinstance(fact.expression, canonical_time)
    }
    new = {name: f"NEW.{q(name)}" for name in (source.log_key, *image_columns)}

    quickly = {fact.name: compiler.render(fact.expression, new, **{QUICK: True}) for fact in early}
    raw = {f"raw_{name}": new[column] for name, column in clocks.items()}
    passed = {STEP: f"NEW.{STEP}", source.log_key: f"NEW.{q(source.log_key)}"}
    known = passed | {fact.name: f"NEW.{q(fact.name)}" for fact in early}
    derived = {
        fact.name: compiler.render(fact.expression, known)
        for fact in source.facts
        if depth[fact.name] == 1
    }
    handed = {
        name: known.get(name) or derived[name]
        for name in source.public_facts
        if name in known or name in derived
    }
    odd_times = (f"NEW.{q(name)} IS NULL AND NEW.raw_{name} IS NOT NULL" for name in clocks)
    is_odd = " OR ".join(odd_times) or "0"

    yield callee(compiler, given, map(q, [STEP, *new]))
    yield callee(compiler, times, map(q, [*passed, *quickly, *raw]))
    yield callee(compiler, facts, map(q, [STEP, SIGN, *handed]))
    timed = {**passed, **quickly, **raw}
    yield trigger(
        compiler,
        f"{given}_read",
        on_call(compiler, given),
        "",
        [call(compiler, times, timed.values())],
    )
    yield trigger(
        compiler,
        f"{times}_odd",
        on_call(compiler, times),
        is_odd,
        _parse_odd(compiler, source, times, known, raw),
    )
    sign = f"CASE WHEN NEW.{STEP} < 0 THEN -1 ELSE 1 END"
    called = {STEP: f"NEW.{STEP}", SIGN: sign, **handed}
    yield trigger(
        compiler,
        f"{times}_derive",
        on_call(compiler, times),
        f"NOT ({is_odd})",
        [call(compiler, facts, called.values())],
    )
    yield from _entries(compiler, source, given, image_columns)


def _entries(
    compiler: Compiler, source: Source, given: str, columns: list[str]
) -> Iterator[Statement]:
    """The triggers of the log: what an entry adds and what it subtracts, or both in one step."""
    q = compiler.quote
    key, old_key = q(source.log_key), q(f"old_{source.log_key}")
    ends = "NEW.is_ending IS NULL" if source.begun else "1"
    new = {STEP: ends, source.log_key: f"NEW.{key}"}
    old = {STEP: "-1", source.log_key: f"coalesce(NEW.{old_key}, NEW.{key})"}
    for side, of in (("new", new), ("old", old)):
        of |= {name: f"NEW.{q(f'{side}_{name}')}" for name in columns}
    both = " AND NEW.is_ending IS NULL" if source.begun else ""
    adds, subtracts = f"{source.prefix}_adds", f"{source.prefix}_subtracts"
    after = f"AFTER INSERT ON {q(source.log)}"
    for name, condition, values in (
        (adds, "NEW.operation <> 'delete'", new),
        (subtracts, f"NEW.operation <> 'insert'{both}", old),
    ):
        yield trigger(compiler, name, after, condition, [call(compiler, given, values.values())])


def parsing() -> Iterator[Statement]:
    """What parses times that hooks do not write, once for all sources: a call, and its answers."""
    yield Statement(
        "table",
        PARSED,
        f"CREATE TABLE {PARSED} (\nslot INTEGER PRIMARY KEY,\ntime TEXT,\nhas_offset INTEGER\n)",
    )
    yield Statement("view", PARSE, f"CREATE VIEW {PARSE} (slot, x) AS SELECT NULL, NULL")
    yield Statement(
        "trigger",
        f"{PARSE}_time",
        f"CREATE TRIGGER {PARSE}_time INSTEAD OF INSERT ON {PARSE} BEGIN\n"
        f"INSERT INTO {PARSED} VALUES (NEW.slot, {parsed_time('NEW.x')}, {has_offset('NEW.x')})\n"
        "  ON CONFLICT (slot) DO UPDATE SET time = excluded.time, has_offset = excluded.has_offset;"
        "\nEND",
    )


def _parse_odd(
    compiler: Compiler, source: Source, times: str, known: Values, raw: Values
) -> list[str]:
    """Have all times of the row parsed, and go on with the answers."""
    slots = {name: slot for slot, name in enumerate(raw, 1)}
    parses = [call(compiler, PARSE, [str(slot), f"NEW.{name}"]) for name, slot in slots.items()]

    def answer(column: str, slot: int) -> str:
        return f"(SELECT {column} FROM {PARSED} WHERE slot = {slot})"

    values = dict(known)
    for fact in source.facts:
        if isinstance(fact.expression, canonical_time):
            values[fact.name] = answer("time", slots[f"raw_{fact.name}"])
        elif isinstance(fact.expression, same_clock):
            values[fact.name] = " = ".join(answer("has_offset", slot) for slot in slots.values())
    values |= dict.fromkeys(raw, "NULL")
    return [*parses, call(compiler, times, values.values())]


def kept_facts(source: Source) -> tuple[str, ...]:
    """Names of the key and the facts of many rows that are kept, not computed at each reading."""
    deepest = {fact.name for fact in _deepest(source)}
    return tuple(name for name in source.public_facts if name not in deepest)


def of_kept(compiler: Compiler, source: Source) -> Values:
    """SQL of the key and all facts that aggregates read, of a row of kept ones."""
    known = {name: compiler.quote(name) for name in kept_facts(source)}
    for fact in _deepest(source):
        known[fact.name] = compiler.render(fact.expression, known)
    return known


def of_rows(compiler: Compiler, source: Source, rows: str) -> str:
    """SELECT of the kept facts of many rows; `rows` is a SELECT of key, image and tails."""
    q = compiler.quote
    always = ("sign", "updated_at", "seq")
    found = {name: q(name) for name in (*always, source.log_key, *source.image, *tails(source))}
    # Rows of the source have tails, entries of the log have numbers.
    numbers = {
        one.name: f"coalesce({q(one.name)}, {number_after(q(tail), one.key, is_tail=True)})"
        for tail, some in tails(source).items()
        for one in some
    }
    levels = _levels(source)
    query = rows
    for number, level in enumerate(levels):
        later = [fact for other in levels[number + 1 :] for fact in other]
        read = frozenset(kept_facts(source)).union(*(references(fact.expression) for fact in later))
        if read & numbers.keys():
            read |= tails(source).keys()
        kept = [name for name in found if name in always or name in read]
        columns = [q(name) for name in kept]
        columns += [
            f"{compiler.render(fact.expression, found | numbers)} AS {q(fact.name)}"
            for fact in level
        ]
        query = f"SELECT {_list(columns)}\nFROM ({query}{ONCE_EACH if number else ''})"
        found = {name: q(name) for name in (*kept, *(fact.name for fact in level))}
    return query


def tails(source: Source) -> dict[str, list[Extracted]]:
    """What numbers are sought in, by name: the ends of texts.

    Each begins where the first of its keys could stand. The texts are long, and each of them is
    searched only once, however many numbers are taken out of it.
    """
    found: dict[str, list[Extracted]] = {}
    for one in source.extracted:
        found.setdefault(f"{one.column}_tail", []).append(one)
    return found


def tails_of_row(compiler: Compiler, source: Source, row: str) -> Values:
    """SQL of the tails of a source row that goes by the name `row`."""
    return {
        name: tail_of(f"{row}.{compiler.quote(some[0].column)}", [one.key for one in some])
        for name, some in tails(source).items()
    }


def _levels(source: Source) -> list[list[Fact]]:
    """Facts by what they stand on; the deepest are computed where they are read.

    Numbers are taken out of tails, which are to be computed once, before.
    """
    depth = depths(source)
    deepest = _deepest(source)
    numbers = {one.name for one in source.extracted}
    level_of = {
        fact.name: max(depth[fact.name], 1 if references(fact.expression) & numbers else 0)
        for fact in source.facts
        if fact not in deepest
    }
    return [
        [fact for fact in source.facts if level_of.get(fact.name) == level]
        for level in sorted(set(level_of.values()))
    ]


def _deepest(source: Source) -> list[Fact]:
    """Facts that are computed where they are read."""
    depth = depths(source)
    return [fact for fact in source.facts if depth[fact.name] > 1]


def _list(parts: list[str]) -> str:
    return ",\n  ".join(parts)
