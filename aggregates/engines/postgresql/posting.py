"""What a fold does: entries out of the queue, their number into the log, their sum into tables.

A definition is held as rows by key: a listing too, whose whole row is its key, counted once. A
*change* is what some facts add to it, by key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Boolean, ColumnClause, literal

from aggregates.engines.base import Compiler
from aggregates.engines.postgresql.facts import SETTINGS, facts, of_entries, of_rows
from aggregates.engines.postgresql.ledger import columns_of, queue_of, unposted_of
from aggregates.frozen.statements import Statement
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Definition,
    Dimension,
    DistinctCount,
    Expression,
    Extreme,
    Latest,
    Measure,
    Part,
    Source,
    references,
)

ROWS = "rows"
"""How many rows of a source a row of a listing is of: one."""
POSTED = "_aggregates_posted_"

_LOG_KEPT = 100_000


def changes_of(source: Source) -> str:
    """The view of the facts that are not posted."""
    return f"{source.prefix}_changes"


def lines(items: Iterable[str]) -> str:
    """Items of a list, a line each."""
    return ",\n".join(items)


@dataclass(frozen=True)
class Kept:
    """A definition as it is held."""

    compiler: Compiler
    catalogue: Catalogue
    definition: Definition

    @property
    def source(self) -> Source:
        """The source whose facts are added up."""
        return self.definition.source

    @property
    def table(self) -> str:
        """The table of what is posted."""
        return POSTED + self.definition.name.removeprefix("_aggregates_")

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The key."""
        attributes = getattr(self.definition, "attributes", ())
        return (*self.definition.dimensions, *attributes)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns, quoted."""
        return tuple(self.compiler.quote(one.name) for one in self.dimensions)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What adds up over rows."""
        if isinstance(self.definition, Aggregate):
            return self.definition.measures
        return (Measure(ROWS, literal(1), "1 where the row is there"),)

    @property
    def distinct_counts(self) -> tuple[DistinctCount, ...]:
        """What is counted of pairs; on PostgreSQL all of it is stored."""
        return getattr(self.definition, "distinct_counts", ())

    @property
    def counts(self) -> tuple[str, ...]:
        """Names of the columns that are zero where a key has no rows, quoted."""
        names = [one.name for one in self.measures] + [one.name for one in self.distinct_counts]
        return tuple(map(self.compiler.quote, names))

    @property
    def extremes(self) -> tuple[Extreme, ...]:
        """What views look up in listings."""
        return getattr(self.definition, "extremes", ())

    @property
    def latest(self) -> tuple[Latest, ...]:
        """Columns that only rise."""
        return getattr(self.definition, "latest", ())

    @cached_property
    def types(self) -> dict[str, str]:
        """Types of all columns."""
        q = self.compiler.quote
        found = {q(one.name): _type(one.type) for one in self.dimensions}
        found |= dict.fromkeys(self.counts, "bigint")
        return found | {q(one.name): latest_type(one) for one in self.latest}

    def change(
        self, facts: str, change_of: Callable[[str], str], posted: bool = True, come: bool = False
    ) -> str:
        """SELECT of what facts add to it; `change_of` names, or is, the same of another.

        Without `posted` nothing is there yet. With `come` it tells what values have come of those
        that views look up. All is added up in one grouping: a join of what a queue holds would be
        planned for the few rows that it had once.
        """
        key = [self._dimension(one) for one in self.dimensions]
        sums = {
            name: f"sign * {self._number(one)}"
            for name, one in zip(self.counts, self.measures, strict=False)
        }
        q = self.compiler.quote
        latest = {q(one.name): one.of for one in self.latest}
        filter_ = self.definition.filter
        where = f"\nWHERE {self._render(filter_.whole)}" if filter_ is not None else ""
        parts = [self._part(key, {**sums, **latest}, come, f"{facts} AS fact{where}")]
        for count in self.distinct_counts:
            difference, rows = self._distinct(count, change_of, posted)
            parts.append(self._part(self._key_of_pairs(), {q(count.name): difference}, come, rows))
        for extreme in self.extremes if come else ():
            listing = Kept(self.compiler, self.catalogue, self.catalogue[extreme.listing])
            rows = f"{change_of(extreme.listing)} AS changed\nWHERE {listing.counts[0]} > 0"
            value = {come_name(extreme): f"changed.{q(extreme.value)}"}
            parts.append(self._part([f"changed.{name}" for name in self.key], value, come, rows))
        columns = [*self.key]
        columns += [f"CAST(sum({name}) AS bigint) AS {name}" for name in self.counts]
        columns += [f"max({name}) AS {name}" for name in latest]
        if come:
            names = [(one.function, come_name(one)) for one in self.extremes]
            columns += [f"{function}({name}) AS {name}" for function, name in names]
        rows = "\nUNION ALL\n".join(parts)
        return f"SELECT {lines(columns)}\nFROM (\n{rows}\n) AS part\nGROUP BY {', '.join(self.key)}"

    def _part(self, key: list[str], values: dict[str, str], come: bool, rows: str) -> str:
        """SELECT of some of the columns of a change; the others add nothing."""
        q = self.compiler.quote
        columns = dict(zip(self.key, key, strict=True))
        columns |= {name: values.get(name, "0") for name in self.counts}
        for one in self.latest:
            columns[q(one.name)] = values.get(q(one.name), f"CAST(NULL AS {latest_type(one)})")
        for extreme in self.extremes if come else ():
            nothing = 'CAST(NULL AS text) COLLATE "C"'
            columns[come_name(extreme)] = values.get(come_name(extreme), nothing)
        listed = lines(f"{sql} AS {name}" for name, sql in columns.items())
        return f"SELECT {listed}\nFROM {rows}"

    def _key_of_pairs(self) -> list[str]:
        """The key, out of a change of pairs."""
        return [
            f"changed.{self.compiler.quote(one.name)}"
            if references(one.expression)
            else self._dimension(one)
            for one in self.dimensions
        ]

    def _distinct(
        self, count: DistinctCount, change_of: Callable[[str], str], posted: bool
    ) -> tuple[str, str]:
        """Whether a pair comes or goes, and the pairs that change."""
        pairs = Kept(self.compiler, self.catalogue, self.catalogue[count.pairs])
        n = pairs.counts[0]
        difference, before = f"CAST(changed.{n} <> 0 AS integer)", ""
        if posted:
            old = f"coalesce(posted.{n}, 0)"
            difference = f"CAST({old} + changed.{n} <> 0 AS integer) - CAST({old} <> 0 AS integer)"
            before = f" LEFT JOIN {pairs.table} AS posted ON {pairs.same('posted', 'changed')}"
        rows = f"{change_of(count.pairs)} AS changed{before}"
        return difference, f"{rows}\nWHERE changed.{self.compiler.quote(count.counted)} <> ''"

    def unposted(self, name: str, *, come: bool = False) -> str:
        """What the queue adds to a definition, in parentheses."""
        other = Kept(self.compiler, self.catalogue, self.catalogue[name])
        return f"(\n{other.change(changes_of(other.source), self.unposted, come=come)}\n)"

    def same(self, one: str, other: str) -> str:
        """Whether two rows have the same key."""
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in self.key)

    @property
    def is_there(self) -> str:
        """Whether a row, or a change, holds anything."""
        return " OR ".join(f"{name} <> 0" for name in self.counts)

    def is_gone(self, posted: str, change: str) -> str:
        """Whether nothing is left of what is posted."""
        return " AND ".join(f"{posted}.{name} + {change}.{name} = 0" for name in self.counts)

    def _render(self, expression: Expression) -> str:
        names = {name: f"fact.{self.compiler.quote(name)}" for name in references(expression)}
        return self.compiler.render(expression, names)

    def _dimension(self, one: Part) -> str:
        collation = ' COLLATE "C"' if getattr(one, "type", "TEXT") == "TEXT" else ""
        return f"({self._render(one.expression)}){collation}"

    def _number(self, measure: Measure) -> str:
        sql = self._render(measure.expression)
        is_condition = isinstance(measure.expression, ColumnClause) and any(
            isinstance(fact.expression.type, Boolean)
            for fact in self.source.facts
            if fact.name == measure.expression.name
        )
        return f"CAST({sql} AS integer)" if is_condition else f"({sql})"


def _type(of: str) -> str:
    return 'text COLLATE "C"' if of == "TEXT" else "bigint"


def come_name(one: Extreme) -> str:
    """The column of a change that tells what has come."""
    return f"come_{one.name}"


def latest_type(one: Latest) -> str:
    """The type of the column of the log that it is the highest of."""
    return {"updated_at": "timestamptz", "seq": "bigint"}[one.of]


def kept(compiler: Compiler, catalogue: Catalogue, source: Source) -> list[Kept]:
    """The definitions of a source as they are held."""
    return [Kept(compiler, catalogue, one) for one in catalogue.definitions if one.source is source]


def change_name(name: str) -> str:
    """The name of a change inside of a statement."""
    return f"change_{name.removeprefix('_aggregates_')}"


def posting(compiler: Compiler, catalogue: Catalogue, source: Source) -> Iterator[Statement]:
    """The functions that post what is in the queue, and that compute all out of the source."""
    held = kept(compiler, catalogue, source)
    for name, argument, options, body in (
        ("fold", "at_most bigint", "", _fold(compiler, source, held)),
        ("fill", "", " SET work_mem = '32MB'", _fill(compiler, source, held)),
    ):
        function = f"{source.prefix}_{name}"
        yield Statement(
            "function",
            f"{function}({argument.partition(' ')[2]})",
            f"CREATE FUNCTION {function}({argument}) RETURNS bigint LANGUAGE plpgsql\n"
            f"{SETTINGS}{options} AS $$\n"
            f"DECLARE\n  found bigint;\nBEGIN\n{body}\nRETURN found;\nEND\n$$",
        )
    yield Statement("data", f"{source.prefix}_fill", f"SELECT {source.prefix}_fill()")


def _taken(compiler: Compiler, source: Source, limit: str = "") -> str:
    """CTEs that move entries of the queue that the snapshot holds to the log."""
    columns = ", ".join(map(compiler.quote, columns_of(source)))
    log, queue = compiler.quote(source.log), queue_of(source)
    # None has come between those, as only one process at a time takes any.
    taken = " WHERE entry <= (SELECT max(entry) FROM entries)" if limit else ""
    return f"""entries AS MATERIALIZED (SELECT * FROM {unposted_of(source)}{limit}),
taken AS (DELETE FROM {queue}{taken}),
logged AS (INSERT INTO {log} (seq, {columns}) SELECT seq, {columns} FROM entries)"""


def _pruned(compiler: Compiler, source: Source) -> str:
    log = compiler.quote(source.log)
    return f"DELETE FROM {log} WHERE seq <= (SELECT max(seq) FROM {log}) - {_LOG_KEPT};"


def _fold(compiler: Compiler, source: Source, held: list[Kept]) -> str:
    facts_sql = facts(compiler, source, of_entries(compiler, source, "entries"))
    limit = " ORDER BY seq LIMIT at_most"
    parts = [_taken(compiler, source, limit), f"facts AS MATERIALIZED (\n{facts_sql}\n)"]
    parts += [
        f"{change_name(one.definition.name)} AS MATERIALIZED (\n"
        f"{one.change('facts', change_name)}\n)"
        for one in _in_order(held)
    ]
    for one in held:
        change = change_name(one.definition.name)
        columns = ", ".join(one.types)
        gone = f"{one.same('posted', 'changed')} AND {one.is_gone('posted', 'changed')}"
        added = [f"{name} = posted.{name} + excluded.{name}" for name in one.counts]
        added += [
            f"{name} = greatest(posted.{name}, excluded.{name})"
            for name in (compiler.quote(latest.name) for latest in one.latest)
        ]
        parts.append(
            f"swept_{change} AS (DELETE FROM {one.table} AS posted USING {change} AS changed\n"
            f"WHERE {gone})"
        )
        parts.append(
            f"posted_{change} AS (INSERT INTO {one.table} AS posted ({columns})\n"
            f"SELECT {columns} FROM {change} AS changed\n"
            f"WHERE ({one.is_there})\n"
            f"AND NOT EXISTS (SELECT FROM {one.table} AS posted WHERE {gone})\n"
            f"ON CONFLICT ({', '.join(one.key)}) DO UPDATE SET\n{lines(added)})"
        )
    # An empty queue is the common case, and looked at in no time.
    return f"""IF NOT EXISTS (SELECT FROM {queue_of(source)}) THEN
RETURN 0;
END IF;
WITH {lines(parts)}
SELECT count(*) INTO found FROM entries;
{_pruned(compiler, source)}"""


def of_source(compiler: Compiler, source: Source, seq: str = "0") -> str:
    """SELECT of the facts of all rows, as of rows that come with an entry of a number."""
    images = (
        f"SELECT 1 AS sign, {seq} AS seq, CAST(NULL AS timestamptz) AS updated_at, image.*\n"
        f"FROM (\n{of_rows(compiler, source, compiler.quote(source.table))}\n) AS image"
    )
    return facts(compiler, source, images)


def _fill(compiler: Compiler, source: Source, held: list[Kept]) -> str:
    log = compiler.quote(source.log)
    newest = f"coalesce((SELECT max(seq) FROM entries), (SELECT max(seq) FROM {log}), 0)"
    deletes = "\n".join(f"DELETE FROM {one.table};" for one in held)
    parts = [
        _taken(compiler, source),
        f"facts AS MATERIALIZED (\n{of_source(compiler, source, newest)}\n)",
    ]
    parts += [
        f"{change_name(one.definition.name)} AS MATERIALIZED (\n"
        f"{one.change('facts', change_name, posted=False)}\n)"
        for one in _in_order(held)
    ]
    for one in held:
        change, columns = change_name(one.definition.name), ", ".join(one.types)
        parts.append(
            f"posted_{change} AS (INSERT INTO {one.table} ({columns})"
            f" SELECT {columns} FROM {change}\nWHERE {one.is_there})"
        )
    return f"{deletes}\nWITH {lines(parts)}\nSELECT count(*) INTO found FROM facts;"


def _in_order(held: list[Kept]) -> list[Kept]:
    """Pairs before what counts them."""
    ordered: list[Kept] = []
    left = list(held)
    while left:
        names = {one.definition.name for one in left}
        ready = [one for one in left if not names & {count.pairs for count in one.distinct_counts}]
        ordered += ready
        left = [one for one in left if one not in ready]
    return ordered
