"""What an application says of aggregates of its own: fields of tables, and what counts them.

runs = extend(agent_invocations, ticket=text("ticket_id"), cost=decimal("cost_usd", 6))

definitions = [
    aggregate(
        "ticket_cost",
        runs,
        "cost of each ticket",
        by={"ticket_id": "ticket"},
        measures={"runs": count(), "cost_micro_usd": total("cost")},
        where=runs.fact("is_invocation"),
    ),
]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from sqlalchemy import Text, and_, case, column, func, literal

from aggregates.errors import DefinitionError
from aggregates.model.constructs import (
    canonical_time,
    day_of,
    flag,
    hour_of,
    key_text,
    scaled,
    week_of,
)
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Dimension,
    DistinctCount,
    Expression,
    Extracted,
    Extreme,
    Fact,
    Filter,
    Measure,
    Source,
    Tracked,
    facts_of,
    internal,
)
from aggregates.model.sources import agent_invocations, agent_tool_uses, sessions

__all__ = [
    "Own",
    "agent_invocations",
    "agent_tool_uses",
    "aggregate",
    "bucket",
    "count",
    "day",
    "decimal",
    "distinct",
    "extend",
    "highest",
    "hour",
    "integer",
    "json",
    "lowest",
    "sessions",
    "table",
    "text",
    "time",
    "total",
    "unreadable",
    "week",
]

_MOST_DECIMALS = 9
_NO_LIMIT = 2**63 - 1
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Json:
    """A value in the JSON of a column."""

    column: str
    key: str
    has_functions: bool


@dataclass(frozen=True)
class Field:
    """What a table says, under a name that aggregates read it by."""

    of: str | Json
    meaning: Callable[[Expression], Expression]
    description: str


_PATH = re.compile(r"\$(\.[^.\[\]]+|\[\d+\])*")


def json(column: str, key: str, *, functions: bool = False) -> Json:
    """A value in the JSON of a column: what follows the first `"key":` in its text.

    It is found by core text functions, in every build of SQLite: a number, or a string without
    escapes, of any depth. With `functions` the key is a path, `$.usage.cost`, and JSON functions
    find the value: then every program that writes to the table needs a SQLite that has them, or its
    writes fail.
    """
    if functions != key.startswith("$"):
        raise DefinitionError(
            f"{key!r}: a path begins with $ and needs functions=True, a key has neither"
        )
    if re.search(r"['\"\\:]", key):
        raise DefinitionError(f"{key!r}: a key has no quotes, colons and backslashes")
    if functions and not _PATH.fullmatch(key):
        # A writer would fail with the first value that is JSON.
        raise DefinitionError(f"{key!r} is no path, such as $.usage.cost or $.items[0].price")
    return Json(column, key, functions)


def text(of: str | Json, description: str = "") -> Field:
    """A column, or a value in its JSON, as part of a key: `''` where it is NULL."""
    return Field(of, key_text, description or f"{_named(of)} as text")


def integer(of: str | Json, description: str = "") -> Field:
    """A number, rounded to a whole one: a decimal at a scale of 0."""
    return Field(of, lambda x: scaled(x, literal(0)), description or f"{_named(of)}, whole")


def decimal(of: str | Json, scale: int, description: str = "") -> Field:
    """A number as an integer of units of 10^-scale, rounded: cents of dollars at a scale of 2.

    Read are integers, reals, and texts such as `12`, `-0.505`, `.5` and `5e-07`, of 63 characters
    at most; none with blanks, a plus, a separator of thousands, or another exponent.

    Half a unit is rounded away from zero. A text is rounded as it is written, digit by digit:
    `'1.005'` is 101 cents. A real is rounded as it is stored, which may be just below what was
    written: 1.005 is 100. A column declared NUMERIC, DECIMAL or REAL makes reals of texts; one
    declared TEXT keeps them.

    NULL, which adds nothing, is what is none of these, and what is beyond 10^12 units (ten thousand
    million dollars in cents). `unreadable` counts such rows. A sum is exact up to
    9223372036854775807 units: nine million rows of the largest number.
    """
    if not isinstance(scale, int) or not 0 <= scale <= _MOST_DECIMALS:
        raise DefinitionError(f"{_named(of)}: a scale is from 0 to {_MOST_DECIMALS}, not {scale}")
    words = description or f"{_named(of)} in units of 10^-{scale}"
    return Field(of, lambda x: scaled(x, literal(scale)), words)


def time(of: str, description: str = "") -> Field:
    """A time in canonical text, `2026-10-01T09:57:33.551`; NULL where it does not parse.

    Times are texts, [as in the tables that ship](data-dictionary.md). `unreadable` counts what does
    not parse.
    """
    return Field(of, canonical_time, description or f"{of} in canonical text")


def table(name: str, /, *, key: str = "id", **fields: Field) -> Source:
    """A table with an INTEGER PRIMARY KEY, and what aggregates may read of it.

    Fields read ordinary columns: a generated one is refused, as what comes of it is not known
    before a row is written. Take the columns that it is generated from.
    """
    if not key.isidentifier():
        raise DefinitionError(f"{name}: the key {key!r} is not in letters, digits and _")
    empty = Source(
        name=name,
        key=key,
        log="",
        log_key="_key",
        tracked=(),
        extracted=(),
        facts=(),
        required=(),
        description=f"rows of {name}",
        owner=_UNNAMED,
    )
    return _with(empty, fields)


def extend(source: Source, /, **fields: Field) -> Source:
    """A source that ships, with fields of columns that its change log does not have.

    What is made of it has a change log of its own: read `agent_invocations` itself where its facts
    are enough.
    """
    if source.owner:
        raise DefinitionError(f"{source.name} is extended already: name all fields at once")
    return _with(replace(source, owner=_UNNAMED, begun=None, is_touched=False), fields)


@dataclass(frozen=True)
class Count:
    """How many rows, or those for which a condition holds."""

    where: Expression | None
    description: str


@dataclass(frozen=True)
class Sum:
    """The sum of a fact; what is NULL adds nothing."""

    fact: str
    description: str


@dataclass(frozen=True)
class Unreadable:
    """How many rows hold something that a field does not read."""

    fact: str
    description: str


@dataclass(frozen=True)
class Distinct:
    """How many different values a fact has; `''` is not one."""

    fact: str
    description: str


@dataclass(frozen=True)
class Limit:
    """The lowest or the highest value of a fact; NULL where no row has one."""

    function: Literal["min", "max"]
    fact: str
    description: str


@dataclass(frozen=True)
class Period:
    """The hour, day or week of a time."""

    fact: str
    meaning: Callable[[Expression], Expression]
    description: str


@dataclass(frozen=True)
class Bucket:
    """The upper bound of the bucket that a number lies in."""

    fact: str
    bounds: tuple[int, ...]
    description: str


Key = str | Period | Bucket
Counted = Count | Sum | Unreadable | Distinct | Limit


def count(description: str = "rows", *, where: Expression | None = None) -> Count:
    """The number of rows, or of those for which a condition over facts holds."""
    return Count(where, description)


def total(fact: str, description: str = "") -> Sum:
    """The sum of an integer or a decimal field, in its unit."""
    return Sum(fact, description or f"sum of {fact}")


def unreadable(field: str, description: str = "") -> Unreadable:
    """The number of rows in which a number or a time is there, and is none, or is out of range.

    These rows count like others, but no `total` has them, and no `bucket` of that field: so do not
    count them beside one. In JSON a value is there where `json` finds it.
    """
    return Unreadable(field, description or f"rows in which {field} is there and cannot be read")


def distinct(fact: str, description: str = "") -> Distinct:
    """The number of different values of a field; counted as it is read, not as it is written."""
    return Distinct(fact, description or f"different {fact}, '' left out")


def lowest(fact: str, description: str = "") -> Limit:
    """The lowest value of a field, which survives that its row is changed or deleted."""
    return Limit("min", fact, description or f"lowest {fact}")


def highest(fact: str, description: str = "") -> Limit:
    """The highest value of a field, which survives that its row is changed or deleted."""
    return Limit("max", fact, description or f"highest {fact}")


def hour(fact: str, description: str = "") -> Period:
    """A dimension: the hour of a time, `2026-10-01T09:00:00`; `''` where it does not parse."""
    return Period(fact, hour_of, description or f"hour of {fact}: 2026-10-01T09:00:00")


def day(fact: str, description: str = "") -> Period:
    """A dimension: the day of a time, `2026-10-01`; `''` where it does not parse."""
    return Period(fact, day_of, description or f"day of {fact}: 2026-10-01")


def week(fact: str, description: str = "") -> Period:
    """A dimension: the Monday of the week of a time; `''` where it does not parse."""
    return Period(fact, week_of, description or f"Monday of the week of {fact}: 2026-09-28")


def bucket(fact: str, *bounds: int, description: str = "") -> Bucket:
    """A dimension that makes a histogram of a number: the lowest bound that is not below it.

    Bounds are integers, in the unit of the field: 150 where that is cents, and 1.50 is meant. What
    lies above all bounds has 9223372036854775807. Rows without the number are left out.
    """
    for bound in bounds:
        if type(bound) is not int or not -_NO_LIMIT < bound < _NO_LIMIT:
            raise DefinitionError(
                f"{fact}: {bound!r} is no bound: those are integers, in the unit of the field"
            )
    if not bounds or list(bounds) != sorted(set(bounds)):
        raise DefinitionError(f"{fact}: bounds grow from one to the next")
    return Bucket(fact, bounds, description or f"upper bound of {fact}, inclusive")


@dataclass(frozen=True)
class Own:
    """An aggregate as an application declares it, and the tables behind it."""

    name: str
    definitions: tuple[Aggregate, ...]

    @property
    def source(self) -> Source:
        """Whose rows it counts."""
        return self.definitions[0].source


def aggregate(
    name: str,
    source: Source,
    description: str,
    *,
    by: Mapping[str, Key],
    measures: Mapping[str, Counted],
    where: Expression | None = None,
) -> Own:
    """An aggregate of a source: `measures` by the facts that `by` names, of the rows that count.

    `by` and `measures` are by the names of columns. Raises DefinitionError where something is named
    that the source does not have.
    """
    for word in (name, *by, *measures):
        if not _NAME.fullmatch(word):
            raise DefinitionError(f"{name}: {word!r} is not in small letters, digits and _")
    if not by or not any(isinstance(one, Count | Sum) for one in measures.values()):
        raise DefinitionError(f"{name}: it needs a dimension, and a count or a total")
    if twice := by.keys() & measures.keys():
        raise DefinitionError(f"{name}: {sorted(twice)} are dimensions and measures")
    return Own(name, tuple(_Unit(name, source, description, by, measures, where).definitions()))


@dataclass(frozen=True)
class _Unit:
    """The definitions that one aggregate of an application's becomes."""

    name: str
    source: Source
    description: str
    by: Mapping[str, Key]
    measures: Mapping[str, Counted]
    where: Expression | None

    def definitions(self) -> Iterable[Aggregate]:
        """What it stands on first."""
        key = tuple(self._dimension(*item) for item in self.by.items())
        buckets = [one for one in self.by.values() if isinstance(one, Bucket)]
        known = [self._fact(one.fact).is_not(None) for one in buckets]
        conditions = known if self.where is None else [self.where, *known]
        rows = Filter("rows", and_(*conditions), "the rows that count") if conditions else None
        sums = [self._measure(*item) for item in self.measures.items()]
        counts, extremes = [], []
        for word, one in self.measures.items():
            if not isinstance(one, Distinct | Limit):
                continue
            behind = self._behind(word, one, key, rows)
            yield behind
            if isinstance(one, Distinct):
                counts.append(DistinctCount(word, behind.name, word, one.description, False))
            else:
                extremes.append(Extreme(word, one.function, behind.name, word, one.description))
        yield Aggregate(
            name=self.name,
            source=self.source,
            dimensions=key,
            measures=tuple(filter(None, sums)),
            description=self.description,
            filter=rows,
            distinct_counts=tuple(counts),
            extremes=tuple(extremes),
            unit=self.name,
        )

    def _behind(
        self, word: str, one: Distinct | Limit, key: tuple[Dimension, ...], rows: Filter | None
    ) -> Aggregate:
        """How many rows have each value, by the key."""
        fact = self._fact(one.fact)
        if isinstance(one, Distinct):
            value = self._dimension(word, one.fact)
        else:
            known = Filter("known", fact.is_not(None), "the rows that have a value", rows)
            rows = known
            type_: Literal["TEXT", "INTEGER"] = "TEXT" if self._is_text(one.fact) else "INTEGER"
            value = Dimension(word, fact, one.description, type_)
        return Aggregate(
            name=f"_aggregates_{self.name}_{word}",
            source=self.source,
            dimensions=(*key, value),
            measures=(Measure("_rows", literal(1), "rows"),),
            description=f"values behind {self.name}.{word}",
            filter=rows,
            unit=self.name,
        )

    def _dimension(self, word: str, one: Key) -> Dimension:
        if isinstance(one, str):
            fact = self._fact(one)
            expression = func.coalesce(fact, "") if self._is_text(one) else key_text(fact)
            return Dimension(word, expression, self._described(one))
        fact = self._fact(one.fact)
        if isinstance(one, Period):
            found = self._declared(one.fact)
            if found is None or not isinstance(found.expression, canonical_time):
                raise DefinitionError(f"{self.name}.{word}: {one.fact} is no time")
            return Dimension(word, one.meaning(fact), one.description)
        if self._is_text(one.fact):
            raise DefinitionError(f"{self.name}.{word}: {one.fact} is no number")
        bound = case(*((fact <= bound, literal(bound)) for bound in one.bounds), else_=_NO_LIMIT)
        return Dimension(word, bound, one.description, "INTEGER")

    def _measure(self, word: str, one: Counted) -> Measure | None:
        if isinstance(one, Sum):
            if self._is_text(one.fact):
                raise DefinitionError(f"{self.name}.{word}: {one.fact} is a text")
            return Measure(word, func.coalesce(self._fact(one.fact), 0), one.description)
        if isinstance(one, Count):
            holds = literal(1) if one.where is None else flag(func.coalesce(one.where, 0))
            return Measure(word, holds, one.description)
        if isinstance(one, Unreadable):
            return Measure(word, self._fact(_unreadable(one.fact)), one.description)
        return None

    def _fact(self, name: str) -> Expression:
        try:
            return self.source.fact(name)
        except DefinitionError as error:
            known = ", ".join(self.source.public_facts)
            raise DefinitionError(f"{self.name}: {error}; there are {known}") from error

    def _is_text(self, name: str) -> bool:
        fact = self._declared(name)
        return fact is not None and isinstance(fact.expression.type, Text)

    def _described(self, name: str) -> str:
        fact = self._declared(name)
        return "key of the row" if fact is None else fact.description

    def _declared(self, name: str) -> Fact | None:
        return next((fact for fact in self.source.facts if fact.name == name), None)


def owned_by(owner: str, declared: Iterable[Own]) -> Catalogue:
    """What an owner has declared, as definitions that its own triggers post.

    Raises DefinitionError where that contradicts itself.
    """
    if not _OWNER.fullmatch(owner):
        raise DefinitionError(f"{owner!r} is no label: take small letters and digits, as in acme")
    declared = [*declared]
    every = [definition for one in declared for definition in one.definitions]
    theirs = {id(one.source): one.source for one in every if one.source.owner}
    tables = [source.table for source in theirs.values()]
    if twice := {name for name in tables if tables.count(name) > 1}:
        raise DefinitionError(f"{sorted(twice)}: declare one source of a table, with all fields")
    named = {}
    for key, source in theirs.items():
        read = {name for one in every if one.source is source for name in facts_of(one)}
        named[key] = _named_by(owner, source.reduced_to(read))
    return Catalogue(
        tuple(
            replace(one, owner=owner, source=named.get(id(one.source), one.source)) for one in every
        ),
        totals=(),
        bounds=(),
    )


def _named_by(owner: str, source: Source) -> Source:
    """The source under a name that nobody else gives."""
    name = re.sub(r"\W", "_", f"{source.table}__{owner}")
    log = f"{internal(name)}_changes"
    return replace(source, name=name, of_table=source.table, log=log, owner=owner, short_name="")


_OWNER = re.compile(r"[a-z][a-z0-9]*")
_UNNAMED = "?"
"""The owner of what is declared, until the configuration names one."""


def _named(of: str | Json) -> str:
    return of if isinstance(of, str) else f"{of.key} in {of.column}"


def _with(source: Source, fields: Mapping[str, Field]) -> Source:
    """The source with fields, and with the columns that they are of."""
    facts = {fact.name: fact for fact in source.facts}
    taken = {*facts, *source.image, source.log_key, *_TAKEN}
    for name in fields:
        if not _NAME.fullmatch(name):
            raise DefinitionError(f"{source.name}: {name!r} is not in small letters, digits and _")
        if name in taken:
            raise DefinitionError(f"{source.name}: {name} is taken: name the field otherwise")
    tracked = {one.column: one for one in source.tracked}
    extracted = {one.name: one for one in source.extracted}
    for name, one in fields.items():
        if isinstance(one.of, Json):
            read = _value(one.of)
            if extracted.setdefault(read.name, read) != read:
                raise DefinitionError(
                    f"{source.name}: {read.description} and {extracted[read.name].description}"
                    " would be logged under one name"
                )
            logged = read.name
        else:
            # SQLite does not tell large letters from small ones here.
            of = _folded(one.of)
            new = f"{of}_column" if of in {*taken, *fields, source.key} else of
            tracked.setdefault(of, Tracked(new, f"{of} as it is stored", of=of))
            logged = tracked[of].name
        stored: Expression = column(logged)
        facts[name] = Fact(name, one.meaning(stored), one.description)
        if one.meaning is not key_text:
            name = _unreadable(name)
            if name in {*taken, *fields}:
                raise DefinitionError(f"{source.name}: {name} is taken: name the field otherwise")
            is_odd = flag(and_(stored.is_not(None), one.meaning(stored).is_(None)))
            facts[name] = Fact(name, is_odd, f"{one.description}: is there, and cannot be read")
    return replace(
        source,
        tracked=tuple(tracked.values()),
        extracted=tuple(extracted.values()),
        facts=tuple(facts.values()),
    )


def _unreadable(field: str) -> str:
    """The fact that a field cannot be read."""
    return f"unreadable_{field}"


def _value(of: Json) -> Extracted:
    kind: Literal["literal", "path"] = "path" if of.has_functions else "literal"
    name = _folded(re.sub(r"\W+", "_", f"{of.column}_{of.key}").strip("_"))
    return Extracted(f"{name}_value", _folded(of.column), of.key, _named(of), kind)


def _folded(name: str) -> str:
    """A name without capital letters, as far as SQLite takes those for the small ones."""
    return name.translate(_SMALL)


_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_TAKEN = ("step", "sign", "seq", "updated_at", "operation")
"""Names of what else a change log and its view of facts hold."""
