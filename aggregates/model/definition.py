"""What an aggregate is: data, from which all SQL and all documentation is derived.

A *row image* is what the change log keeps of a source row: its tracked columns as stored, and
small numbers taken out of its JSON. *Facts* are what the image means (canonical times, a duration,
whether the row counts). Dimensions, measures and filters are SQLAlchemy Core expressions over the
facts, so that one expression serves a log entry's old and new values and the source row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeGuard

from sqlalchemy import ColumnElement, Dialect, and_, column, literal_column
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import ColumnClause

from aggregates.errors import DefinitionError

Expression = ColumnElement[Any]
Type = Literal["TEXT", "INTEGER"]


@lru_cache(maxsize=4096)
def references(expression: Expression) -> frozenset[str]:
    """Names of the columns that an expression reads."""
    return frozenset(
        str(element.name) for element in visitors.iterate(expression) if _is_column(element)
    )


def _is_column(element: object) -> TypeGuard[ColumnClause[Any]]:
    return isinstance(element, ColumnClause) and not element.is_literal


def rendered(
    expression: Expression, names: Mapping[str, str], dialect: Dialect, **options: Any
) -> str:
    """The SQL of an expression, its columns replaced by SQL of the row at hand."""

    def replace(element: object, **kw: object) -> object:
        return literal_column(names[element.name]) if _is_column(element) else None

    bound = visitors.replacement_traverse(expression, {}, replace)
    compile_kwargs = {"literal_binds": True, **options}
    compiled = bound.compile(dialect=dialect, compile_kwargs=compile_kwargs)
    if getattr(compiled, "positiontup", None):
        raise DefinitionError(f"{compiled} keeps a value apart from its SQL: write it otherwise")
    return str(compiled).strip()


@dataclass(frozen=True)
class Tracked:
    """A column of a source table whose values go to the change log as they are stored."""

    name: str
    description: str
    type: str = "TEXT"
    """in which the column is made where the table has none"""
    of: str = ""
    """the column, where the log has another name for it"""

    @property
    def column(self) -> str:
        """The column of the source table."""
        return self.of or self.name


@dataclass(frozen=True)
class Extracted:
    """What follows the first `"key":` in the text of an untracked column.

    A `number` is an integer, else 0. A `literal` is the text of a string without escapes, or a
    number as it is written, else NULL. A `path` leads JSON functions to a value, as text.
    """

    name: str
    column: str
    key: str
    description: str
    kind: Literal["number", "literal", "path"] = "number"


@dataclass(frozen=True)
class Fact:
    """What a row image means; the expression reads the image, or facts before this one."""

    name: str
    expression: Expression
    description: str
    is_internal: bool = False
    """whether only other facts read it"""


@dataclass(frozen=True)
class Begun:
    """A row as its writer inserts it when something begins: what its end will change.

    An update that ends such a row under an unchanged identity, as most updates do, is posted as one
    step and not as a row that goes and another that comes.
    """

    values: Mapping[str, str | None]
    """columns as stored, those of JSON too, that tell such a row"""
    facts: Mapping[str, Expression]
    """what facts are of it, out of those that its end leaves alone"""


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
    begun: Begun | None = field(default=None, hash=False, compare=False)
    """rows that are inserted as something begins, where there are such"""
    short_name: str = ""
    """in the names of internal objects, which whoever opens the database reads; else the name"""
    owner: str = ""
    """who keeps a change log of the table for what is their own; empty where it is this project"""
    of_table: str = ""
    """the table, where the source has another name"""

    def __hash__(self) -> int:
        # Each reading looks up what it has rendered; all facts together take longer than that.
        return hash(self.name)

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
    def table(self) -> str:
        """The table that others write."""
        return self.of_table or self.name

    @property
    def prefix(self) -> str:
        """Of the names of all internal tables and triggers of this source."""
        return f"_aggregates_{self.short_name or self.name}"

    @property
    def facts_view(self) -> str:
        """The view that takes the facts of each row that comes, goes or ends: a contract.

        Whoever keeps aggregates of this source hangs INSTEAD OF triggers of their own on it.
        """
        return f"{self.prefix}_facts"

    def standing_on(self, names: Iterable[str]) -> frozenset[str]:
        """Names of facts, and of all facts and columns of the image that they stand on."""
        needed = set(names)
        for fact in reversed(self.facts):
            if fact.name in needed:
                needed |= references(fact.expression)
        return frozenset(needed)

    def reduced_to(self, names: Iterable[str]) -> Source:
        """The source with some facts only, and with what they stand on."""
        needed = self.standing_on(names)
        return replace(
            self,
            facts=tuple(fact for fact in self.facts if fact.name in needed),
            tracked=tuple(column for column in self.tracked if column.name in needed),
            extracted=tuple(one for one in self.extracted if one.name in needed),
            # updated_at lies at the end of the row, behind all that hooks have written.
            is_touched=False,
        )

    def fact(self, name: str) -> Expression:
        """A fact, or the key, as a column that expressions of aggregates can read."""
        if name not in self.public_facts:
            raise DefinitionError(f"{self.name} has no fact {name}")
        return column(name)

    @cached_property
    def public_facts(self) -> tuple[str, ...]:
        """Names of the key and of the facts that aggregates may read."""
        return (self.log_key, *(fact.name for fact in self.facts if not fact.is_internal))


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
    """Which rows an aggregate holds: of those that `within` lets through, where there is such."""

    within: Filter | None = None

    @property
    def outermost(self) -> Filter:
        """The filter that this one narrows, or itself."""
        return self if self.within is None else self.within.outermost

    @property
    def narrowing(self) -> Expression | None:
        """What has to hold beside the outermost filter; None for that one itself."""
        if self.within is None:
            return None
        outer = self.within.narrowing
        return self.expression if outer is None else and_(outer, self.expression)

    @property
    def whole(self) -> Expression:
        """All that has to hold."""
        return self.expression if self.within is None else and_(self.within.whole, self.expression)


@dataclass(frozen=True)
class DistinctCount:
    """How many different values of a dimension of `pairs` go with a key; `''` is not one."""

    name: str
    pairs: str
    """an aggregate of reference counts, by `counted` and by this aggregate's key"""
    counted: str
    description: str
    is_stored: bool = True
    """False where the pairs of a key lie side by side, so that a view counts them"""


@dataclass(frozen=True)
class Extreme:
    """The lowest or highest value of an aggregate ordered by it: a view looks it up."""

    name: str
    function: Literal["min", "max"]
    listing: str
    """an aggregate by this one's key, and then by the value"""
    value: str
    """a dimension of it"""
    description: str


@dataclass(frozen=True)
class Cluster:
    """One tree for several aggregates of a key, so that what a write changes lies side by side."""

    name: str
    """of the table, whose columns are the key, `part`, `member`, `id` and all measures"""
    key: str
    """the first dimension of each of its aggregates"""
    has_few_keys: bool = False
    """whether there are many rows of other parts under each key: a reader goes from key to key"""


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
    """A column that triggers leave alone: a consumer of the change log keeps it elsewhere."""

    name: str
    table: str
    """where it is, under the same name and by the same key"""
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
    cluster: Cluster | None = None
    part: int = 0
    """which of the cluster's aggregates it is"""
    owner: str = ""
    """whose trigger posts it, a word of an application's; this project's own where it is empty"""
    unit: str = ""
    """what it is made, changed and dropped with, in triggers of its own, where an owner says so"""

    def __post_init__(self) -> None:
        check(self, (*self.dimensions, *self.measures, *filters_of(self)))
        if self.cluster and self.cluster.key != self.key[0]:
            raise DefinitionError(f"{self.name}: {self.cluster.name} is by {self.cluster.key}")

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def needs(self) -> frozenset[str]:
        """Names of the aggregates from whose rows a part of this one is counted or looked up."""
        pairs = (count.pairs for count in self.distinct_counts)
        return frozenset([*pairs, *(extreme.listing for extreme in self.extremes)])

    @property
    def counts(self) -> tuple[str, ...]:
        """Names of the stored columns that are zero where a key has no rows."""
        distinct = (count.name for count in self.distinct_counts if count.is_stored)
        return (*(measure.name for measure in self.measures), *distinct)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that verify compares."""
        return self.counts

    @property
    def is_view(self) -> bool:
        """Whether people read it through a view over its table."""
        return self.cluster is not None or self.looks_up

    @property
    def looks_up(self) -> bool:
        """Whether that view takes something of a row from elsewhere."""
        counted = (one for one in self.distinct_counts if not one.is_stored)
        return any((*self.extremes, *self.pending, *counted))

    @property
    def table(self) -> str:
        """The table that holds it."""
        if self.cluster is not None:
            return self.cluster.name
        return internal(self.name) if self.is_view else self.name


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
    owner: str = ""
    """as that of an aggregate"""

    def __post_init__(self) -> None:
        check(self, (*self.dimensions, *self.attributes, *filters_of(self)))

    @property
    def table(self) -> str:
        """The table that holds it."""
        return self.name

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
    """a SELECT in words that every library knows; `{name}` stands for an expression"""
    description: str
    columns: Mapping[str, str]
    """descriptions by name, in the order in which the SELECT answers them; none if internal"""
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
            for count in aggregate.distinct_counts:
                pairs = self[count.pairs]
                if count.is_stored and pairs.table == aggregate.table:
                    # One statement posts to a cluster: it cannot see pairs that it counts itself.
                    raise DefinitionError(
                        f"{aggregate.name}.{count.name}: {count.pairs} lies in the same cluster:"
                        " put it elsewhere, or let a view count (is_stored=False)"
                    )
                if count.is_stored:
                    _check_pairs(aggregate, count, pairs)

    def __getitem__(self, name: str) -> Definition:
        for definition in self.definitions:
            if definition.name == name:
                return definition
        raise DefinitionError(f"there is no definition of {name}")

    def aggregates(self) -> Iterator[Aggregate]:
        """The definitions that group."""
        return (one for one in self.definitions if isinstance(one, Aggregate))

    def only(self, names: Iterable[str]) -> Catalogue:
        """Some definitions, those that they need, and all of their clusters; without totals.

        Raises DefinitionError for a name that is not defined.
        """
        wanted = set(names)
        for name in names:
            self[name]
        found: set[str] = set()
        while wanted - found:
            found |= wanted
            clusters = {one.cluster for one in self.aggregates() if one.name in found} - {None}
            for one in self.aggregates():
                if one.name in found:
                    wanted |= one.needs
                if one.cluster in clusters:
                    wanted.add(one.name)
        kept = tuple(one for one in self.definitions if one.name in found)
        return replace(self, definitions=kept, totals=())

    def cluster_of(self, cluster: Cluster) -> tuple[Aggregate, ...]:
        """The aggregates that lie in a cluster, by part."""
        return tuple(
            sorted(
                (one for one in self.aggregates() if one.cluster == cluster),
                key=lambda one: one.part,
            )
        )

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters of the definitions, in order."""
        found = (one.cluster for one in self.aggregates() if one.cluster is not None)
        return tuple(dict.fromkeys(found))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the definitions, in order."""
        return tuple(dict.fromkeys(definition.source for definition in self.definitions))


def internal(name: str) -> str:
    """The name of an internal object."""
    return name if name.startswith("_aggregates_") else f"_aggregates_{name}"


def filters_of(definition: Definition) -> Iterator[Filter]:
    """The filter of a definition, and those that it narrows."""
    one = definition.filter
    while one is not None:
        yield one
        one = one.within


def facts_of(definition: Definition) -> frozenset[str]:
    """Names of the facts that a definition reads."""
    parts = [*definition.dimensions, *filters_of(definition)]
    parts += definition.measures if isinstance(definition, Aggregate) else definition.attributes
    return frozenset().union(*(references(part.expression) for part in parts))


def _check_pairs(aggregate: Aggregate, count: DistinctCount, pairs: Definition) -> None:
    """Raise DefinitionError where pairs come and go unseen by what counts them."""
    if (pairs.owner, outermost(pairs)) != (aggregate.owner, outermost(aggregate)):
        raise DefinitionError(
            f"{aggregate.name}.{count.name}: {count.pairs} is posted by another trigger: give both"
            " one owner and one outermost filter"
        )
    begun = aggregate.source.begun
    parts = (*pairs.dimensions, *filters_of(pairs))
    if begun and any(references(part.expression) & begun.facts.keys() for part in parts):
        raise DefinitionError(
            f"{aggregate.name}.{count.name}: an end of a row moves pairs of {count.pairs}: let a"
            " view count (is_stored=False)"
        )


def outermost(definition: Definition) -> Filter | None:
    """The outermost filter of a definition."""
    return None if definition.filter is None else definition.filter.outermost


def check(definition: Definition, parts: tuple[Part, ...]) -> None:
    """Raise DefinitionError where a part reads what the source does not say."""
    for part in parts:
        for name in references(part.expression):
            try:
                definition.source.fact(name)
            except DefinitionError as error:
                raise DefinitionError(f"{definition.name}.{part.name}: {error}") from error
