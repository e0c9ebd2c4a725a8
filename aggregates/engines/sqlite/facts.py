"""From a row image to facts, so that each is computed once: of an entry, and of many rows.

Whoever fires a trigger, SQLite compiles it once a statement. So the log hands each image that comes
or goes to one view, as a call hands over arguments; a trigger there computes what needs only the
image, and hands that to the next. What arrives as `NEW.name` costs nothing to read, while a text
that comes out of a nested SELECT is copied each time. The last view takes all facts: whoever keeps
aggregates hangs triggers of their own on it.

The triggers on the source say OR ABORT where they call, as a program is compiled once for each
conflict policy that it is called under, and that of an upsert is another than that of an insert.
What they call is under the same policy. A policy of the writer's statement goes before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aggregates.engines.base import Compiler
from aggregates.engines.sqlite.calls import at_places, by_place, call, callee, on_call, trigger
from aggregates.engines.sqlite.constructs import (
    NUL,
    OF_COLUMN,
    QUICK,
    has_offset,
    literal_after,
    number_after,
    parsed_time,
    tail_of,
    value_at,
)
from aggregates.frozen.statements import Statement
from aggregates.model.constructs import canonical_time, key_text, same_clock
from aggregates.model.definition import Extracted, Fact, Source, references

# The query flattener would put an inner expression wherever it is read, and compute it each time.
ONCE_EACH = " LIMIT -1 OFFSET 0"

STEP, SIGN = "step", "sign"
"""Arguments of the facts' view: 1 a row comes, -1 one goes, 0 one that has begun ends; and -1 where
the facts are to be subtracted, else 1."""

_ENTRY = ("seq", "updated_at")

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


def of_entry(source: Source) -> tuple[str, ...]:
    """Columns of the entry that the facts' view takes, too: others look them up in the log."""
    return _ENTRY if source.begun else ()


def image(compiler: Compiler, source: Source, row: str) -> Values:
    """SQL of the image of a source row that goes by the name `row`, by column."""
    names = [one.column for one in source.tracked] + [one.column for one in source.extracted]
    return image_of(source, {name: f"{row}.{compiler.quote(name)}" for name in names})


def image_of(source: Source, columns: Values) -> Values:
    """SQL of the image of a source row whose columns are given."""
    taken = {one.name: _taken_out(one, columns[one.column]) for one in source.extracted}
    return {one.name: columns[one.column] for one in source.tracked} | taken


def _taken_out(one: Extracted, column: str, *, is_tail: bool = False) -> str:
    """SQL of a value in the text of a column, or in its tail."""
    if one.kind == "path":
        return value_at(column, one.key)
    after = number_after if one.kind == "number" else literal_after
    return after(column, one.key, is_tail=is_tail)


def arguments(compiler: Compiler, source: Source) -> Values:
    """SQL of the key and all facts that aggregates read, in a trigger on the facts' view."""
    known = {name: f"NEW.{compiler.quote(name)}" for name in source.public_facts}
    for fact in _deepest(source):
        known[fact.name] = compiler.render(fact.expression, known)
    return known


def programs(compiler: Compiler, source: Source) -> Iterator[Statement]:
    """The views and triggers that take each entry of the log to the facts' view."""
    program = _Program(compiler, source)
    yield callee(compiler, program.given, program.names)
    if source.begun is not None and program.compared:
        yield from program.fast()
    else:
        yield from program.short()
    if source.owner:
        # While nothing posts, as until an aggregate is filled: or writers would fail at the view.
        view = source.facts_view
        yield trigger(compiler, f"{view}_idle", on_call(compiler, view), "0", ["SELECT 1;"])
    yield from _entries(compiler, source, program.given, program.image)


class _Program:
    """What computes the facts of an image.

    Where writers begin and end rows, times as hooks write them take a fast path. What is written
    less often is rather short: whoever opens the database parses it.
    """

    def __init__(self, compiler: Compiler, source: Source) -> None:
        self.compiler = compiler
        self.source = source
        self.given, self.times = f"{source.prefix}_image", f"{source.prefix}_times"
        read = frozenset().union(*(references(fact.expression) for fact in source.facts))
        self.image = [name for name in source.image if name in read]
        depth = depths(source)
        self.early = [fact for fact in source.facts if depth[fact.name] == 0]
        self.late = [fact for fact in source.facts if depth[fact.name] == 1]
        self.clocks = {
            fact.name: next(iter(references(fact.expression)))
            for fact in self.early
            if isinstance(fact.expression, canonical_time)
        }
        """columns by the facts that are times"""
        self.compared = {
            fact.name for fact in self.early if isinstance(fact.expression, same_clock)
        }
        """facts that compare clocks"""
        passed = (*of_entry(source), source.log_key)
        self.names = by_place([*passed, *self.image, NUL], named=(STEP,))
        """arguments of the view that is handed an image"""
        self.new = at_places(self.names)
        self.passed = {name: self.new[name] for name in (STEP, *passed)}

    def fast(self) -> Iterator[Statement]:
        """Compute facts of the image, then what stands on them; odd times go another way."""
        compiler = self.compiler
        texts = {column: self.new[column] for column in self.clocks.values()}
        # What is said of the texts alone is computed where it is read: they are handed on.
        of_texts = [
            fact
            for fact in self.early
            if references(fact.expression) <= texts.keys()
            and fact.name not in self.compared | self.clocks.keys()
        ]
        first = {
            fact.name: self._early(fact, **{QUICK: True})
            for fact in self.early
            if fact not in of_texts
        }
        given = self.passed | first | texts
        names = by_place((name for name in given if name != STEP), named=(STEP,))
        known = at_places(names)
        texts = {name: known.pop(name) for name in texts}
        unparsed = [f"{known[name]} > 0" for name in self.compared]
        missing = (
            f"{known[name]} IS NULL AND {texts[column]} IS NOT NULL"
            for name, column in self.clocks.items()
        )
        is_odd = " AND ".join([*unparsed, f"({' OR '.join(missing)})"])
        yield callee(compiler, self.times, names)
        yield self._facts_view()
        yield trigger(
            compiler,
            f"{self.given}_read",
            on_call(compiler, self.given),
            "",
            [call(compiler, self.times, given.values())],
        )
        yield trigger(
            compiler,
            f"{self.times}_odd",
            on_call(compiler, self.times),
            is_odd,
            [
                *self._parses(texts),
                self._select(self.times, known | self._answers() | texts),
            ],
        )
        said = {fact.name: compiler.render(fact.expression, texts) for fact in of_texts}
        facts = self._facts(known | said)
        yield trigger(
            compiler,
            f"{self.times}_derive",
            on_call(compiler, self.times),
            f"NOT ({is_odd})",
            [call(compiler, self.source.facts_view, facts.values())],
        )

    def short(self) -> Iterator[Statement]:
        """Have all times parsed, and compute the facts at once."""
        compiler, q = self.compiler, self.compiler.quote
        answers = self._answers()
        stands = frozenset().union(*(references(fact.expression) for fact in self.late))
        known = dict(self.passed)
        named: Values = {}
        for fact in self.early:
            known[fact.name] = answers.get(fact.name) or self._early(fact)
            is_long = references(fact.expression) - set(self.clocks.values())
            if fact.name in stands and is_long:
                named[q(fact.name)] = known[fact.name]
                known[fact.name] = q(fact.name)
        yield self._facts_view()
        yield trigger(
            compiler,
            f"{self.given}_read",
            on_call(compiler, self.given),
            "",
            [
                *self._parses({column: self.new[column] for column in self.clocks.values()}),
                self._select(self.source.facts_view, self._facts(known), named),
            ],
        )

    def _facts(self, known: Values) -> Values:
        """What is handed to the facts' view, where the key and the early facts are known."""
        late = {fact.name: self.compiler.render(fact.expression, known) for fact in self.late}
        sign = f"CASE WHEN NEW.{STEP} < 0 THEN -1 ELSE 1 END"
        facts = known | late
        names = (*of_entry(self.source), *self.source.public_facts)
        handed = {name: facts[name] for name in names if name in facts}
        return {STEP: known[STEP], SIGN: sign, **handed}

    def _facts_view(self) -> Statement:
        names = self._facts(self.passed | {fact.name: "0" for fact in self.early})
        return callee(self.compiler, self.source.facts_view, map(self.compiler.quote, names))

    def _early(self, fact: Fact, **options: Any) -> str:
        """The SQL of a fact of the image alone."""
        if isinstance(fact.expression, key_text):
            options[NUL] = self.new[NUL]
            columns = {one.name: one.column for one in self.source.tracked}
            for name in references(fact.expression) & columns.keys():
                options[OF_COLUMN] = (self.source.table, columns[name])
        return self.compiler.render(fact.expression, self.new, **options)

    def _parses(self, texts: Values) -> list[str]:
        return [
            call(self.compiler, PARSE, [str(slot), x]) for slot, x in enumerate(texts.values(), 1)
        ]

    def _answers(self) -> Values:
        """Where what was parsed is found, by fact; clocks are compared below zero then."""
        tables = {name: f"p{slot}" for slot, name in enumerate(self.clocks, 1)}
        answers = {name: f"{table}.time" for name, table in tables.items()}
        for fact in self.early:
            if fact.name in self.compared:
                read = references(fact.expression)
                both = [tables[name] for name, column in self.clocks.items() if column in read]
                answers[fact.name] = f"-({' IS '.join(f'{one}.has_offset' for one in both)})"
        return answers

    def _select(self, view: str, values: Values, named: Values | None = None) -> str:
        """A call with values out of what was parsed."""
        slots = range(1, len(self.clocks) + 1)
        tables = [f"{PARSED} AS p{slot}" for slot in slots]
        if named:
            tables.append(
                "(SELECT " + ", ".join(f"{x} AS {name}" for name, x in named.items()) + ")"
            )
        where = " AND ".join(f"p{slot}.slot = {slot}" for slot in slots)
        return (
            f"INSERT INTO {self.compiler.quote(view)} SELECT {', '.join(values.values())}"
            + (f" FROM {', '.join(tables)}" if tables else "")
            + (f" WHERE {where};" if where else ";")
        )


def _entries(
    compiler: Compiler, source: Source, given: str, columns: list[str]
) -> Iterator[Statement]:
    """The triggers of the log: what an entry adds and what it subtracts, or both in one step."""
    q = compiler.quote
    key, old_key = q(source.log_key), q(f"old_{source.log_key}")
    ends = "NEW.is_ending IS NULL" if source.begun else "1"
    entry = {name: f"NEW.{name}" for name in of_entry(source)}
    new = {STEP: ends, **entry, source.log_key: f"NEW.{key}"}
    old = {STEP: "-1", **entry, source.log_key: f"coalesce(NEW.{old_key}, NEW.{key})"}
    for side, of in (("new", new), ("old", old)):
        of |= {name: f"NEW.{q(f'{side}_{name}')}" for name in columns}
        of[NUL] = "char(0)"
    after = f"AFTER INSERT ON {q(source.log)}"
    if source.begun is None:
        sides = " UNION ALL ".join(
            f"SELECT {', '.join(values.values())} WHERE NEW.operation <> '{operation}'"
            for operation, values in (("insert", old), ("delete", new))
        )
        body = f"INSERT INTO {q(given)} {sides};"
        yield trigger(compiler, f"{source.prefix}_images", after, "", [body])
        return
    for name, condition, values in (
        ("adds", "NEW.operation <> 'delete'", new),
        ("subtracts", "NEW.operation <> 'insert' AND NEW.is_ending IS NULL", old),
    ):
        body = call(compiler, given, values.values())
        yield trigger(compiler, f"{source.prefix}_{name}", after, condition, [body])


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
    # Rows of the source have tails, entries of the log have what was taken out of them.
    numbers = {
        one.name: f"coalesce({q(one.name)}, {_taken_out(one, q(tail), is_tail=True)})"
        for tail, some in tails(source).items()
        for one in some
    }
    levels = _levels(source)
    query = rows
    if others := [one.name for one in source.extracted if one.kind != "number"]:
        # Facts read these more than once.
        taken = {name: f"{numbers.pop(name)} AS {q(name)}" for name in others}
        columns = [taken.get(name, q(name)) for name in found]
        query = f"SELECT {_list(columns)}\nFROM ({query}{ONCE_EACH})"
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
        query = f"SELECT {_list(columns)}\nFROM ({query}{ONCE_EACH if number or others else ''})"
        found = {name: q(name) for name in (*kept, *(fact.name for fact in level))}
    return query


def tails(source: Source) -> dict[str, list[Extracted]]:
    """What numbers are sought in, by name: the ends of texts.

    Each begins where the first of its keys could stand. The texts are long, and each of them is
    searched only once, however many numbers are taken out of it.
    """
    found: dict[str, list[Extracted]] = {}
    for one in source.extracted:
        end = "text" if one.kind == "path" else "tail"
        found.setdefault(f"{one.column}_{end}", []).append(one)
    return found


def tails_of_row(compiler: Compiler, source: Source, row: str) -> Values:
    """SQL of the tails of a source row that goes by the name `row`."""
    return {
        name: column if some[0].kind == "path" else tail_of(column, [one.key for one in some])
        for name, some in tails(source).items()
        for column in [f"{row}.{compiler.quote(some[0].column)}"]
    }


def _levels(source: Source) -> list[list[Fact]]:
    """Facts by what they stand on; the deepest are computed where they are read.

    Numbers are taken out of tails, which are to be computed once, before.
    """
    depth = depths(source)
    deepest = _deepest(source)
    numbers = {one.name for one in source.extracted if one.kind == "number"}
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
