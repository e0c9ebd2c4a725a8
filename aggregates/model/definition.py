"""What an aggregate is: data, from which all SQL and all documentation is derived.

A *row image* is what the change log keeps of a source row: its tracked columns as stored, and
small numbers taken out of its JSON. *Facts* are what the image means (canonical times, a duration,
whether the row counts). Dimensions, measures and filters are SQLAlchemy Core expressions over the
facts, so that one expression serves a log entry's old and new values and the source row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import ColumnElement, column
from sqlalchemy.sql import visitors

from aggregates.errors import DefinitionError

Expression = ColumnElement[Any]
Type = Literal["TEXT", "INTEGER"]


def references(expression: Expression) -> frozenset[str]:
    """Names of the columns that an expression reads."""
    return frozenset(
        str(element.name)  # type: ignore[attr-defined]
        for element in visitors.iterate(expression)
        if element.__visit_name__ == "column"
    )


@dataclass(frozen=True)
class Tracked:
    """A column of a source table whose values go to the change log as they are stored."""

    name: str
    description: str
    type: str = "TEXT"
    """in which the column is made where the table has none"""


@dataclass(frozen=True)
class Extracted:
    """The integer after the first `"key":` in the text of an untracked column, else 0."""

    name: str
    column: str
    key: str
    description: str


@dataclass(frozen=True)
class Fact:
    """What a row image means; the expression reads the image, or facts before this one."""

    name: str
    expression: Expression
    description: str


@dataclass(frozen=True)
class Source:
    """A table that others write, with the change log that its triggers keep."""

    name: str
    key: str
    """its INTEGER PRIMARY KEY, or `rowid`"""
    log: str
    log_key: str
    """name of the key in the log: `invocation_id`"""
    tracked: tuple[Tracked, ...]
    extracted: tuple[Extracted, ...]
    facts: tuple[Fact, ...]
    required: tuple[str, ...]
    """columns without which a table of this name is not the one that we mean"""
    description: str
    unique: str | None = None
    """the column that tells rows apart where the key is `rowid`, which VACUUM changes"""
    is_touched: bool = False
    """whether it has a column `updated_at` of ours"""

    def __post_init__(self) -> None:
        known = {self.log_key, *self.image}
        for fact in self.facts:
            if unknown := references(fact.expression) - known:
                raise DefinitionError(f"{self.name}: fact {fact.name} reads {sorted(unknown)}")
            known.add(fact.name)

    @cached_property
    def image(self) -> tuple[str, ...]:
        """Columns of a row image, without the key."""
        columns: tuple[Tracked | Extracted, ...] = (*self.tracked, *self.extracted)
        return tuple(column.name for column in columns)

    @property
    def prefix(self) -> str:
        """Of the names of all internal tables and triggers of this source."""
        return f"_aggregates_{self.name}"

    def fact(self, name: str) -> Expression:
        """A fact, or the key, as a column that expressions of aggregates can read."""
        if name != self.log_key and name not in {fact.name for fact in self.facts}:
            raise DefinitionError(f"{self.name} has no fact {name}")
        return column(name)


@dataclass(frozen=True)
class Part:
    """A named and described piece of a definition."""

    name: str
    expression: Expression
    description: str


@dataclass(frozen=True)
class Dimension(Part):
    """One column of an aggregate's key."""

    type: Type = "TEXT"


@dataclass(frozen=True)
class Measure(Part):
    """An integer that adds up over the rows of a key."""


@dataclass(frozen=True)
class Filter(Part):
    """Which rows an aggregate holds."""


@dataclass(frozen=True)
class DistinctCount:
    """How many different values of a dimension of `pairs` go with a key; `''` is not one."""

    name: str
    pairs: str
    """an aggregate of reference counts, by `counted` and by this aggregate's key"""
    counted: str
    description: str


@dataclass(frozen=True)
class Extreme:
    """The lowest or highest value in a listing for a key; survives the removal of the extreme."""

    name: str
    function: Literal["min", "max"]
    listing: str
    value: str
    """a column of the listing"""
    fact: str
    """what the listing holds there, NULL for rows that it leaves out"""
    description: str


@dataclass(frozen=True)
class Latest:
    """The highest value that an entry about a key had; not verified, as old rows have none."""

    name: str
    of: Literal["updated_at", "seq"]
    """a column of the change log"""
    type: Type
    description: str


@dataclass(frozen=True)
class Pending:
    """A column that triggers leave alone: consumers of the change log fill it."""

    name: str
    type: Type
    description: str


@dataclass(frozen=True)
class Aggregate:
    """Measures by dimensions of the rows that a filter lets through."""

    name: str
    source: Source
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    description: str
    filter: Filter | None = None
    distinct_counts: tuple[DistinctCount, ...] = ()
    extremes: tuple[Extreme, ...] = ()
    latest: tuple[Latest, ...] = ()
    pending: tuple[Pending, ...] = ()

    def __post_init__(self) -> None:
        check(self, (*self.dimensions, *self.measures, *filter(None, [self.filter])))

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def reads(self) -> frozenset[str]:
        """Names of the facts that it reads."""
        parts = (*self.dimensions, *self.measures, *filter(None, [self.filter]))
        return facts_of(parts).union(extreme.fact for extreme in self.extremes)

    @property
    def needs(self) -> frozenset[str]:
        """Names of the tables from whose changes triggers keep a part of this one."""
        pairs = (count.pairs for count in self.distinct_counts)
        return frozenset([*pairs, *(extreme.listing for extreme in self.extremes)])

    @property
    def unverified(self) -> tuple[Latest | Pending, ...]:
        """The columns that verify does not compare."""
        return (*self.latest, *self.pending)

    @property
    def is_posted(self) -> bool:
        """Whether entries change it, and not only what other tables' triggers carry on."""
        return bool(self.measures)

    @property
    def counts(self) -> tuple[str, ...]:
        """Names of the columns that are zero where a key has no rows."""
        distinct = (count.name for count in self.distinct_counts)
        return (*(measure.name for measure in self.measures), *distinct)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that verify compares."""
        return (*self.counts, *(extreme.name for extreme in self.extremes))


@dataclass(frozen=True)
class Listing:
    """One narrow row for each source row that a filter lets through, ordered by its key."""

    name: str
    source: Source
    dimensions: tuple[Dimension, ...]
    """the key, which holds that of the source"""
    filter: Filter
    description: str
    attributes: tuple[Dimension, ...] = ()
    is_posted = True

    def __post_init__(self) -> None:
        check(self, (*self.dimensions, *self.attributes, self.filter))

    @property
    def reads(self) -> frozenset[str]:
        """Names of the facts that it reads."""
        return facts_of((*self.dimensions, *self.attributes, self.filter))

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that verify compares."""
        return tuple(attribute.name for attribute in self.attributes)


@dataclass(frozen=True)
class Total:
    """One number of a small aggregate: a sum of a measure, or the number of its rows."""

    name: str
    aggregate: str
    description: str
    measure: str | None = None


@dataclass(frozen=True)
class View:
    """What people read of the aggregates: seconds, rates, averages, percentiles."""

    name: str
    sql: str
    """a SELECT in words that every engine knows; `{name}` stands for an expression"""
    description: str
    columns: Mapping[str, str]
    """descriptions by name, in the order in which the SELECT answers them"""
    expressions: Mapping[str, Expression] = field(default_factory=dict, repr=False)
    """over columns that are there where the SQL names them"""


Definition = Aggregate | Listing


@dataclass(frozen=True)
class Catalogue:
    """Definitions that are installed together; a name stands once."""

    definitions: tuple[Definition, ...]
    totals: tuple[Total, ...]
    bounds: tuple[int, ...] = field(repr=False)
    """of all histograms, in milliseconds"""
    views: tuple[View, ...] = ()
    """each after those that it reads"""

    def __post_init__(self) -> None:
        names = [one.name for one in (*self.definitions, *self.views)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise DefinitionError(f"defined twice: {sorted(twice)}")
        for aggregate in self.aggregates():
            if unknown := aggregate.needs - set(names):
                raise DefinitionError(f"{aggregate.name} needs {sorted(unknown)}")

    def __getitem__(self, name: str) -> Definition:
        for definition in self.definitions:
            if definition.name == name:
                return definition
        raise DefinitionError(f"there is no definition of {name}")

    def aggregates(self) -> Iterator[Aggregate]:
        """The definitions that group."""
        return (one for one in self.definitions if isinstance(one, Aggregate))

    def only(self, names: Iterable[str]) -> Catalogue:
        """Some definitions, and those that they need; without totals.

        Raises DefinitionError for a name that is not defined.
        """
        wanted = set(names)
        for name in names:
            self[name]
        found: set[str] = set()
        while wanted - found:
            found |= wanted
            for one in self.aggregates():
                if one.name in found:
                    wanted |= one.needs
        kept = tuple(one for one in self.definitions if one.name in found)
        return replace(self, definitions=kept, totals=())

    def is_recounted(self, aggregate: Aggregate, count: DistinctCount) -> bool:
        """Whether the pairs of one key lie side by side, so that they are soon counted again."""
        return self[count.pairs].key[: len(aggregate.key)] == aggregate.key

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the definitions, in order."""
        return tuple(dict.fromkeys(definition.source for definition in self.definitions))


def facts_of(parts: Iterable[Part]) -> frozenset[str]:
    """Names of the facts that parts read."""
    return frozenset().union(*(references(part.expression) for part in parts))


def check(definition: Definition, parts: tuple[Part, ...]) -> None:
    """Raise DefinitionError where a part reads what the source does not say."""
    for part in parts:
        for name in references(part.expression):
            try:
                definition.source.fact(name)
            except DefinitionError as error:
                raise DefinitionError(f"{definition.name}.{part.name}: {error}") from error
