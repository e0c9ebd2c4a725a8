"""What posts the facts of a row to the aggregates of one owner.

The facts of a row that comes (step 1), goes (-1), or ends as it has begun (0) arrive at the facts'
view. Each owner's triggers there add them with their sign; a row that ends leaves the key that it
had as it began, where its end changes the key. Aggregates under one filter share a trigger, and
those of a cluster a statement.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import true

from aggregates.engines.base import Compiler
from aggregates.engines.sqlite.calls import on_call, trigger
from aggregates.engines.sqlite.facts import SIGN, STEP, Values, arguments, of_entry
from aggregates.engines.sqlite.placing import ID, PART, Placement, placed
from aggregates.errors import DefinitionError
from aggregates.frozen.statements import Statement
from aggregates.model.constructs import beginning, canonical_time, lowest_bound
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Definition,
    DistinctCount,
    Expression,
    Filter,
    Latest,
    Listing,
    Measure,
    Source,
    outermost,
    references,
)


def posting(compiler: Compiler, catalogue: Catalogue, source: Source) -> Iterator[Statement]:
    """The triggers on the facts' view that keep the aggregates of a catalogue."""
    row = _Row(compiler, catalogue, source)
    found = [one for one in catalogue.definitions if one.source is source]
    groups = {_group(one): outermost(one) for one in found}
    for name, condition in groups.items():
        group = [one for one in found if _group(one) == name]
        yield trigger(
            compiler,
            f"{source.prefix}_post_{name}",
            on_call(compiler, source.facts_view),
            row.condition(condition),
            row.statements(group),
        )


def zero(compiler: Compiler, aggregate: Aggregate, prefix: str = "") -> str:
    """Whether a row holds nothing."""
    return " AND ".join(f"{prefix}{compiler.quote(name)} = 0" for name in aggregate.counts)


def latest_sql(compiler: Compiler, source: Source, latest: Latest) -> str:
    """A column of the newest entry of the log."""
    if latest.of in of_entry(source):
        return f"NEW.{latest.of}"
    log, column = compiler.quote(source.log), compiler.quote(latest.of)
    return f"(SELECT {column} FROM {log} ORDER BY seq DESC LIMIT 1)"


@dataclass
class _Arm:
    """Rows that a posting adds to a table: at most one, under a condition."""

    values: Values
    """by physical column"""
    where: str


class _Row:
    """What a row's facts do to the definitions of its source."""

    def __init__(self, compiler: Compiler, catalogue: Catalogue, source: Source) -> None:
        self.compiler = compiler
        self.catalogue = catalogue
        self.source = source
        self.now = arguments(compiler, source)
        begun = source.begun.facts if source.begun else {}
        self.ends = frozenset(begun)
        """facts that an end changes"""
        self.begun = dict(self.now)
        for name, expression in begun.items():
            self.begun[name] = compiler.render(expression, self.now)

    def condition(self, outer: Filter | None) -> str:
        """The WHEN of a trigger of all definitions under a filter."""
        if outer is None:
            return ""
        holds = self._render(outer.expression)
        if self._is_ending(outer.expression):
            before = _constant(self._render(outer.expression, self.begun))
            if before != "0":
                holds = f"{holds} OR NEW.{STEP} = 0 AND {before}"
        return holds

    def statements(self, group: list[Definition]) -> Iterator[str]:
        """What adds, and takes out of listings; those first that others look at."""
        ordered = sorted(group, key=self._rank)
        clusters = []
        for _, some in groupby(ordered, key=self._rank):
            mates = list(some)
            if isinstance(mates[0], Listing):
                yield from self._listing(mates[0])
                continue
            aggregates = [one for one in mates if isinstance(one, Aggregate)]
            yield self._upsert(aggregates)
            if aggregates[0].cluster is None:
                yield from self._sweep(aggregates[0])
            else:
                clusters.append(aggregates)
        for aggregates in clusters:
            # After all that looks at what was there.
            yield from self._sweep_cluster(aggregates)

    def _sweep(self, one: Aggregate) -> Iterator[str]:
        """Delete rows that hold nothing, where writers leave many: those of a time that is over.

        What only an edit of history leaves is shown by no reader, and goes with a rebuild.
        """
        if self.source.begun and (
            not self._moves(one) or len([*self._arms(one, self._place(one))]) == 1
        ):
            return
        read = frozenset().union(*(references(part.expression) for part in one.dimensions))
        # Some have few keys: of names alone where rows begin and end, and of a histogram.
        times = self._facts_by(canonical_time) | self._facts_by(beginning)
        if self.source.begun and not read & times:
            return
        if read & self._facts_by(lowest_bound):
            return
        # Those that an end moves stand beside each other, before and after.
        same = " AND ".join(
            f"{column} = {self._render(expression)}"
            for column, expression in self._place(one).expressions.items()
            if not (self.source.begun and self._is_ending(expression))
        )
        yield (
            f"DELETE FROM {self._place(one).table} WHERE NEW.{STEP} < 1 AND {same}"
            f" AND {self.compiler.quote(one.counts[0])} = 0;"
        )

    def _sweep_cluster(self, mates: list[Aggregate]) -> Iterator[str]:
        """Delete the rows of a row that is gone which hold nothing any more."""
        places = [self._place(one) for one in mates if one.measures]
        table, (key, *_) = places[0].table, places[0].key
        few = [place for place in places if ID not in place.expressions]
        parts = sorted(place.constants[PART] for place in few)
        between = f"BETWEEN {parts[0]} AND {parts[-1]}" if len(parts) > 1 else f"= {parts[0]}"
        conditions = [f"{key} = {self._render(few[0].expressions[key])} AND {PART} {between}"]
        # All that is listed of a key is never read, only one row of it.
        for place in places:
            if place not in few:
                same = {name: self._render(each) for name, each in place.expressions.items()}
                tests = (f"{name} = {value}" for name, value in (same | place.constants).items())
                conditions.append(" AND ".join(tests))
        is_empty = f"{self.compiler.quote(mates[0].counts[0])} = 0"
        for condition in conditions:
            yield f"DELETE FROM {table} WHERE NEW.{STEP} < 0 AND {condition} AND {is_empty};"

    def _facts_by(self, construct: type[Expression]) -> set[str]:
        """Names of the facts that a construct computes."""
        return {fact.name for fact in self.source.facts if isinstance(fact.expression, construct)}

    def _place(self, one: Definition) -> Placement:
        return placed(self.compiler, self.catalogue, one)

    def _rank(self, one: Definition) -> tuple[int, str]:
        """Tables with counts of pairs come after those of the pairs."""
        counts = any(
            count.is_stored
            for other in self.catalogue.aggregates()
            if other.table == one.table
            for count in other.distinct_counts
        )
        return int(counts), one.table

    def _render(self, expression: Expression, names: Mapping[str, str] | None = None) -> str:
        return self.compiler.render(expression, names or self.now)

    def _is_ending(self, expression: Expression) -> bool:
        return bool(references(expression) & self.ends)

    def _moves(self, one: Definition) -> bool:
        """Whether an end changes the key of a row, or whether it is there at all."""
        filters = [] if one.filter is None else [one.filter.whole]
        parts = [*(part.expression for part in one.dimensions), *filters]
        return any(map(self._is_ending, parts))

    def _arms(self, one: Aggregate, place: Placement) -> Iterator[_Arm]:
        q = self.compiler.quote
        moves = self._moves(one)
        narrowing = one.filter.narrowing if one.filter else None
        outer = one.filter.outermost.expression if one.filter else None
        key = {name: self._render(expression) for name, expression in place.expressions.items()}
        measures = {q(measure.name): self._change(measure, moves) for measure in one.measures}
        counts = {
            q(count.name): self._distinct(one, count)
            for count in one.distinct_counts
            if count.is_stored
        }
        latest = {q(each.name): latest_sql(self.compiler, self.source, each) for each in one.latest}
        where = [] if narrowing is None else [self._render(narrowing)]
        if self.source.begun and moves and outer is not None and self._is_ending(outer):
            where += (
                [] if _constant(self._render(outer, self.begun)) == "0" else [self._render(outer)]
            )
        if (
            self.source.begun
            and not moves
            and not latest
            and set(measures.values()) <= {f"NEW.{STEP}"}
        ):
            where.append(f"NEW.{STEP}")
        if not measures:
            # Rows that only end make no pair.
            where = list(dict.fromkeys([*where, f"NEW.{STEP}"]))
            where += [self._is_new(one, count) for count in one.distinct_counts]
            counts = dict.fromkeys(counts, f"NEW.{STEP}")
        yield _Arm(place.constants | key | measures | counts | latest, " AND ".join(where))
        if not (moves and self.source.begun):
            return
        holds = [
            _constant(self._render(each, self.begun))
            for each in (outer, narrowing)
            if each is not None
        ]
        if "0" in holds:
            return
        key = {
            name: _constant(self._render(expression, self.begun))
            for name, expression in place.expressions.items()
        }
        less = {
            q(measure.name): _less(_constant(self._render(measure.expression, self.begun)))
            for measure in one.measures
        }
        where = [f"NEW.{STEP} = 0", *(each for each in holds if each != "1")]
        yield _Arm(place.constants | key | less | latest, " AND ".join(where))

    def _change(self, measure: Measure, moves: bool) -> str:
        """What a measure changes by."""
        now = self._render(measure.expression)
        if now == "1":
            return f"NEW.{SIGN}" if moves else f"NEW.{STEP}"
        if moves or not self._is_ending(measure.expression):
            factor = SIGN if moves or self.source.begun is None else STEP
            return f"NEW.{factor} * {_operand(now)}"
        before = _constant(self._render(measure.expression, self.begun))
        if before == "0":
            return f"NEW.{SIGN} * {_operand(now)}"
        return f"NEW.{SIGN} * {_operand(now)} - (NEW.{STEP} = 0) * {_operand(before)}"

    def _distinct(self, one: Aggregate, count: DistinctCount) -> str:
        """What a distinct count changes by."""
        return f"NEW.{STEP} * (NEW.{STEP} AND {self._is_new(one, count)})"

    def _is_new(self, one: Aggregate, count: DistinctCount) -> str:
        """Whether a pair, which has been counted already, has just come or gone."""
        pairs = self.catalogue[count.pairs]
        assert isinstance(pairs, Aggregate)
        place = placed(self.compiler, self.catalogue, pairs)
        key = {name: self._render(each) for name, each in place.expressions.items()}
        same = " AND ".join(
            f"pair.{column} = {value}" for column, value in (place.constants | key).items()
        )
        value = next(
            self._render(part.expression) for part in pairs.dimensions if part.name == count.counted
        )
        first = self.compiler.quote(pairs.measures[0].name)
        return (
            f"{value} <> '' AND (SELECT pair.{first} FROM {place.table}"
            f" AS pair WHERE {same}) IS (NEW.{STEP} > 0)"
        )

    def _upsert(self, some: list[Aggregate]) -> str:
        """One statement that adds to all of a table."""
        q = self.compiler.quote
        places = [placed(self.compiler, self.catalogue, one) for one in some]
        columns = list(places[0].key)
        latest = dict.fromkeys(q(each.name) for one in some for each in one.latest)
        columns += dict.fromkeys(q(name) for one in some for name in one.counts)
        columns += latest
        arms = [
            arm for one, place in zip(some, places, strict=True) for arm in self._arms(one, place)
        ]
        rows = []
        for arm in arms:
            values = ", ".join(
                arm.values.get(column, "NULL" if column in latest else "0") for column in columns
            )
            where = f" WHERE {arm.where}" if arm.where else ""
            rows.append(f"SELECT {values}{where}")
        if len(arms) == 1 and not arms[0].where:
            source = rows[0].replace("SELECT", "VALUES (", 1) + ")"
        else:
            source = "\n  UNION ALL ".join(rows) + ("" if arms[-1].where else " WHERE true")
        updates = [
            f"{column} = coalesce(excluded.{column}, {column})"
            if column in latest
            else f"{column} = {column} + excluded.{column}"
            for column in columns[len(places[0].key) :]
        ]
        into = f"INSERT INTO {places[0].table}"
        if some[0].cluster is None:
            # People may add a column to a table that they read.
            into += f" ({', '.join(columns)})"
        return (
            f"{into}\n  {source}\n"
            f"  ON CONFLICT ({', '.join(places[0].key)}) DO UPDATE SET {', '.join(updates)};"
        )

    def _listing(self, listing: Listing) -> Iterator[str]:
        q = self.compiler.quote
        key = {q(part.name): self._render(part.expression) for part in listing.dimensions}
        rest = {q(part.name): self._render(part.expression) for part in listing.attributes}
        # Beside the trigger's condition, which holds at an end where it did before, too.
        narrowing: Expression = listing.filter.whole
        if not self._is_ending(listing.filter.outermost.expression):
            narrowing = true() if (inner := listing.filter.narrowing) is None else inner
        holds = before = self._render(narrowing)
        also = "" if holds == "1" else f" AND {holds}"
        comes, goes = f"NEW.{STEP} > 0{also}", f"NEW.{STEP} < 0{also}"
        changed = [
            f"{q(part.name)} = excluded.{q(part.name)}"
            for part in listing.attributes
            if self._is_ending(part.expression)
        ]
        if changed or self._is_ending(narrowing):
            comes = f"NEW.{STEP} >= 0{also}"
        if self._is_ending(narrowing):
            # One that is listed on comes back at once.
            before = _constant(self._render(narrowing, self.begun))
            goes = f"NEW.{STEP} < 1"
        if before != "0" and any(self._is_ending(part.expression) for part in listing.dimensions):
            raise DefinitionError(
                f"{listing.name}: an end changes the key of a row that is listed before it:"
                " let the filter take only rows that have ended"
            )
        conflict = "DO NOTHING"
        if changed:
            conflict = f"({', '.join(key)}) DO UPDATE SET {', '.join(changed)}"
        table = q(listing.name)
        same = " AND ".join(f"{column} = {value}" for column, value in key.items())
        yield f"DELETE FROM {table} WHERE {goes} AND {same};"
        yield (
            f"INSERT INTO {table} ({', '.join([*key, *rest])})\n"
            f"  SELECT {', '.join([*key.values(), *rest.values()])} WHERE {comes}\n"
            f"  ON CONFLICT {conflict};"
        )


def _group(one: Definition) -> str:
    """The trigger that posts a definition: one for each owner, unit and outermost filter."""
    name = outermost(one)
    unit = one.unit if isinstance(one, Aggregate) else ""
    return "_".join(filter(None, (one.owner, unit, "rows" if name is None else name.name)))


def _constant(sql: str) -> str:
    """The value of an expression that reads nothing; any other as it is."""
    if "NEW." in sql or "SELECT" in sql:
        return sql
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            (value,) = connection.execute(f"SELECT quote({sql})").fetchone()
        except sqlite3.Error as error:
            raise DefinitionError(f"SQLite cannot compute {sql}: {error}") from error
    return str(value)


def _operand(sql: str) -> str:
    """An expression that an operator may stand before."""
    is_simple = sql.replace("_", "").replace(".", "").replace('"', "").isalnum()
    return sql if is_simple else f"({sql})"


def _less(value: str) -> str:
    return f"-{_operand(value)}" if value not in ("0", "-0") else "0"
