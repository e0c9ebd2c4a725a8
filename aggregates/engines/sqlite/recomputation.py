"""Aggregates out of the source: signed facts of slices and of log entries, folded together."""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.engines.base import Compiler, Naming
from aggregates.engines.sqlite.facts import (
    ONCE_EACH,
    image,
    kept_facts,
    of_kept,
    of_rows,
    tails,
    tails_of_row,
)
from aggregates.engines.sqlite.placing import Placement, placed
from aggregates.engines.sqlite.posting import zero
from aggregates.frozen.statements import Folding, Reading
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Definition,
    DistinctCount,
    Listing,
    Measure,
    Source,
    internal,
    references,
)

_ROWS_OF_A_CLEARING = 500


def reading(compiler: Compiler, source: Source) -> Reading:
    """How rows of a source, and entries of its log, become facts."""
    columns = tuple(map(compiler.quote, ("sign", "updated_at", "seq", *kept_facts(source))))
    return Reading(
        source=source.name,
        of_table=source.table,
        key=source.key,
        log=source.log,
        log_key=source.log_key,
        columns=columns,
        facts=f"SELECT {', '.join(columns)}\nFROM ({of_rows(compiler, source, '{rows}')})",
        end=_end(compiler, source),
        slice=_slice(compiler, source),
        entries=(_entries(compiler, source, "old"), _entries(compiler, source, "new")),
    )


def folding(
    compiler: Compiler,
    catalogue: Catalogue,
    source: Source,
    definitions: list[Definition],
    naming: Naming,
) -> Folding:
    """How the facts of many rows are added to definitions of a source."""
    fold = _Fold(compiler, catalogue, source, definitions, naming)
    folds: list[str] = []
    sweeps: list[str] = []
    aggregates = [one for one in definitions if isinstance(one, Aggregate)]
    for one in aggregates:
        # Pairs that come and go are told from those that are there while these are not counted yet.
        folds += [fold.distinct(one, count) for count in one.distinct_counts if count.is_stored]
    for definition in definitions:
        if isinstance(definition, Listing):
            folds += fold.listing(definition)
        elif definition.measures:
            folds.append(fold.aggregate(definition))
    for one in aggregates:
        sweeps.append(fold.sweep(one))
    return Folding(
        source=source.name,
        groups=tuple(fold.groups.values()),
        folds=tuple(folds),
        sweeps=tuple(sweeps),
        clears=tuple(
            dict.fromkeys(_clear(placed(compiler, catalogue, one, naming)) for one in definitions)
        ),
    )


def _key(compiler: Compiler, source: Source) -> str:
    return f"{compiler.quote(source.table)}.{compiler.quote(source.key)}"


def _slice(compiler: Compiler, source: Source) -> str:
    """The rows after a mark and up to another."""
    # Without a LIMIT the flattener takes what facts are made of right out of the rows.
    key = _key(compiler, source)
    return _rows(compiler, source, f"{key} > :mark AND {key} <= :upto")


def _end(compiler: Compiler, source: Source) -> str:
    """How many rows there are after a mark, up to a number, and the key of the last."""
    key = _key(compiler, source)
    return (
        f"SELECT count(*), max(k) FROM (SELECT {key} AS k FROM main.{compiler.quote(source.table)}"
        f" WHERE {key} > :mark ORDER BY {key} LIMIT :rows)"
    )


def _rows(compiler: Compiler, source: Source, condition: str) -> str:
    """Rows of the source. `+` takes the affinity of a column away, COLLATE its collation."""
    q = compiler.quote
    row = q(source.table)
    of = image(compiler, source, row)
    for column in source.tracked:
        of[column.name] = f"+{of[column.name]} COLLATE BINARY"
    of |= {one.name: "NULL" for one in source.extracted} | tails_of_row(compiler, source, row)
    values = ",\n  ".join(f"{sql} AS {q(name)}" for name, sql in of.items())
    touched = "updated_at" if source.is_touched else "NULL"
    return (
        f"SELECT 1 AS sign, {touched} AS updated_at, NULL AS seq,\n"
        f"  {row}.{q(source.key)} AS {q(source.log_key)}, {values}\n"
        f"FROM main.{row} WHERE {condition}"
    )


def facts_where(compiler: Compiler, source: Source, names: tuple[str, ...], condition: str) -> str:
    """SELECT of some facts of the rows for which a condition holds, out of the source itself."""
    reduced = source.reduced_to(names)
    facts = of_rows(compiler, reduced, _rows(compiler, reduced, condition))
    return f"SELECT {compiler.columns(names)} FROM ({facts}{ONCE_EACH})"


def images_where(compiler: Compiler, source: Source, names: tuple[str, ...], condition: str) -> str:
    """SELECT of the columns that some facts stand on, of the rows for which a condition holds."""
    reduced = source.reduced_to(names)
    rows = _rows(compiler, reduced, condition)
    return f"SELECT {compiler.columns(reduced.image)} FROM ({rows})"


def facts_of_image(compiler: Compiler, source: Source, names: tuple[str, ...]) -> str:
    """SELECT of some facts of one row; those columns are its parameters."""
    reduced = source.reduced_to(names)
    values = ", ".join(f"? AS {compiler.quote(name)}" for name in reduced.image)
    key = compiler.quote(source.log_key)
    row = f"SELECT 1 AS sign, NULL AS updated_at, NULL AS seq, NULL AS {key}, {values}"
    return f"SELECT {compiler.columns(names)} FROM ({of_rows(compiler, reduced, row)})"


def _entries(compiler: Compiler, source: Source, side: str) -> str:
    """One side of the entries after a position whose key lies in a range."""
    q = compiler.quote
    key = q(source.log_key)
    of_side = f"coalesce({q(f'old_{source.log_key}')}, {key})" if side == "old" else key
    without = "insert" if side == "old" else "delete"
    of = {name: q(f"{side}_{name}") for name in source.image} | dict.fromkeys(tails(source), "NULL")
    values = ", ".join(f"{sql} AS {q(name)}" for name, sql in of.items())
    sign = -1 if side == "old" else 1
    return (
        f"SELECT {sign} AS sign, updated_at, seq, {of_side} AS {key}, {values}\n"
        f"FROM main.{q(source.log)} WHERE seq > :seq AND seq <= :last"
        f" AND operation <> '{without}'\n"
        f"AND {of_side} > :above AND {of_side} <= :upto"
    )


class _Fold:
    """Statements that add the facts of many rows to the tables of definitions."""

    def __init__(
        self,
        compiler: Compiler,
        catalogue: Catalogue,
        source: Source,
        definitions: list[Definition],
        naming: Naming,
    ) -> None:
        self.compiler = compiler
        self.catalogue = catalogue
        self.facts = f"temp.{compiler.quote(f'_aggregates_{source.name}_read')}"
        self.definitions = definitions
        self.naming = naming
        self.groups: dict[str, str] = {}
        """what sums facts up, by table; a table stands after those that it is summed up from"""

    def aggregate(self, one: Aggregate) -> str:
        """Add sums by key."""
        place = self._place(one)
        sums = [self.compiler.quote(measure.name) for measure in one.measures]
        updates = [f"{name} = {name} + excluded.{name}" for name in sums]
        # What is older than the log, and has none, must not hide what has one.
        latest = [self.compiler.quote(each.name) for each in one.latest]
        updates += [
            f"{name} = CASE WHEN {name} IS NULL OR excluded.{name} > {name}"
            f" THEN excluded.{name} ELSE {name} END"
            for name in latest
        ]
        if any(references(part.expression) == {one.source.log_key} for part in one.dimensions):
            return self._each(one, place, self._key(one, place), updates)
        key = {place.columns[name]: self.compiler.quote(name) for name in one.key}
        values = place.constants | key | {name: name for name in (*sums, *latest)}
        # Without a WHERE the parser would take ON for that of a join.
        return (
            f"INSERT INTO {place.table} ({', '.join(values)})\n"
            f"SELECT {', '.join(values.values())} FROM {self.grouped(one)} WHERE true\n"
            f"ON CONFLICT ({', '.join(place.key)}) DO UPDATE SET {', '.join(updates)}"
        )

    def grouped(self, one: Aggregate) -> str:
        """The temporary table of an aggregate's sums, out of the facts or of finer sums."""
        q = self.compiler.quote
        table = f"temp.{q(internal(f'grouped_{one.name}'))}"
        if table not in self.groups:
            finer = self._finer(one)
            names = self._names(one.source)
            if finer is not None:
                rows = self.grouped(finer)
                key = {q(name): q(name) for name in one.key}
                sums = {q(measure.name): f"sum({q(measure.name)})" for measure in self._summed(one)}
            else:
                rows = f"{self.facts}{self._where(one)}"
                key = {
                    q(part.name): self.compiler.render(part.expression, names)
                    for part in one.dimensions
                }
                sums = {
                    q(measure.name): _signed(self.compiler.render(measure.expression, names))
                    for measure in self._summed(one)
                }
            latest = {q(each.name): f"max({each.of})" for each in one.latest}
            changes = " OR ".join(f"{value} <> 0" for value in sums.values())
            having = "" if latest else f" HAVING {changes}"
            values = key | sums | latest
            numbers = ", ".join(str(number) for number in range(1, len(key) + 1))
            self.groups[table] = (
                f"INSERT INTO {table} ({', '.join(values)})\n"
                f"SELECT {', '.join(values.values())}\nFROM {rows}\nGROUP BY {numbers}{having}"
            )
        return table

    def _finer(self, one: Aggregate) -> Aggregate | None:
        """An aggregate of the same rows with more dimensions, if there is one."""
        for other in self.definitions:
            if (
                isinstance(other, Aggregate)
                and set(one.dimensions) < set(other.dimensions)
                and one.filter == other.filter
                and not one.latest
                and self._means_the_same(one, other)
            ):
                return other
        return None

    def _means_the_same(self, one: Aggregate, finer: Aggregate) -> bool:
        """Whether no name of a measure is another one's where they are summed up together."""
        together = [
            measure
            for other in self.definitions
            if isinstance(other, Aggregate) and other.filter == one.filter
            for measure in other.measures
        ]
        names = {measure.name: measure for measure in one.measures}
        return names.keys().isdisjoint(finer.key) and all(
            names.get(measure.name, measure) == measure for measure in together
        )

    def _summed(self, one: Aggregate) -> dict[Measure, None]:
        """The measures that are summed up by the key of an aggregate, for coarser ones too."""
        measures = dict.fromkeys(one.measures)
        for other in self.definitions:
            if isinstance(other, Aggregate) and self._finer(other) is one:
                measures |= self._summed(other)
        return measures

    def _each(
        self, one: Aggregate, place: Placement, key: dict[str, str], updates: list[str]
    ) -> str:
        """Add rows of which each has a key of its own."""
        q = self.compiler.quote
        names = self._names(one.source)
        values = place.constants | key
        for measure in one.measures:
            value = self.compiler.render(measure.expression, names)
            values[q(measure.name)] = "sign" if value == "1" else f"sign * ({value})"
        where = self._where(one) or " WHERE true"
        return (
            f"INSERT INTO {place.table} ({', '.join(values)})\n"
            f"SELECT {', '.join(values.values())} FROM {self.facts}{where}\n"
            f"ORDER BY {self._numbers(place, key)}\n"
            f"ON CONFLICT ({', '.join(place.key)}) DO UPDATE SET {', '.join(updates)}"
        )

    def distinct(self, one: Aggregate, count: DistinctCount) -> str:
        """Count pairs that come and go."""
        q = self.compiler.quote
        pairs = self.catalogue[count.pairs]
        assert isinstance(pairs, Aggregate)
        place, theirs = self._place(one), self._place(pairs)
        same = " AND ".join(
            [
                f"there.{theirs.columns[part.name]} = pair.{q(part.name)}"
                for part in pairs.dimensions
            ]
            + [f"there.{name} = {value}" for name, value in theirs.constants.items()]
        )
        counted = next(q(part.name) for part in pairs.dimensions if part.name == count.counted)
        paired = {part.name for part in pairs.dimensions}
        key = {
            place.columns[part.name]: q(part.name)
            if part.name in paired
            else self.compiler.render(part.expression, {})
            for part in one.dimensions
        }
        first = q(pairs.counts[0])
        change = f"sum((before + {first} <> 0) - (before <> 0))"
        values = place.constants | key | {q(count.name): change}
        column = q(count.name)
        return (
            f"INSERT INTO {place.table} ({', '.join(values)})\n"
            f"SELECT {', '.join(values.values())}\n"
            f"FROM (SELECT pair.*, coalesce((SELECT there.{first} FROM {theirs.table} AS there"
            f" WHERE {same}), 0) AS before FROM {self.grouped(pairs)} AS pair)\n"
            f"WHERE {counted} <> '' GROUP BY {self._numbers(place, key)} HAVING {change} <> 0\n"
            f"ON CONFLICT ({', '.join(place.key)}) DO UPDATE SET"
            f" {column} = {column} + excluded.{column}"
        )

    def listing(self, one: Listing) -> Iterator[str]:
        """Put rows in and take rows out."""
        q = self.compiler.quote
        place, names = self._place(one), self._names(one.source)
        parts = {
            q(part.name): self.compiler.render(part.expression, names)
            for part in (*one.dimensions, *one.attributes)
        }
        named = ", ".join(f"{sql} AS {name}" for name, sql in parts.items())
        numbers = ", ".join(str(position) for position in range(1, len(parts) + 1))
        keys = ", ".join(place.key)
        grouped = f"FROM {self.facts}{self._where(one)}\nGROUP BY {numbers} HAVING sum(sign)"
        yield (
            f"DELETE FROM {place.table} WHERE ({keys}) IN (\n"
            f"  SELECT {keys} FROM (SELECT {named} {grouped} < 0))"
        )
        yield (f"INSERT INTO {place.table} ({', '.join(parts)})\nSELECT {named}\n{grouped} > 0")

    def sweep(self, one: Aggregate) -> str:
        """Delete rows that hold nothing, of the keys from which something was subtracted."""
        place = self._place(one)
        key = self._key(one, place)
        constants = "".join(f" AND {name} = {value}" for name, value in place.constants.items())
        where = self._where(one) or " WHERE true"
        return (
            f"DELETE FROM {place.table} WHERE ({', '.join(key)}) IN (\n"
            f"  SELECT {', '.join(key.values())} FROM {self.facts}{where} AND sign < 0)"
            f"{constants} AND {zero(self.compiler, one)}"
        )

    def _place(self, one: Definition) -> Placement:
        return placed(self.compiler, self.catalogue, one, self.naming)

    def _names(self, source: Source) -> dict[str, str]:
        return of_kept(self.compiler, source)

    def _key(self, one: Definition, place: Placement) -> dict[str, str]:
        names = self._names(one.source)
        return {
            column: self.compiler.render(expression, names)
            for column, expression in place.expressions.items()
        }

    def _where(self, one: Definition) -> str:
        if one.filter is None:
            return ""
        whole = self.compiler.render(one.filter.whole, self._names(one.source))
        return f" WHERE {whole}"

    @staticmethod
    def _numbers(place: Placement, key: dict[str, str]) -> str:
        """Positions of the key in a SELECT that begins with the constants."""
        first = len(place.constants) + 1
        return ", ".join(str(first + number) for number in range(len(key)))


def _signed(sql: str) -> str:
    return "sum(sign)" if sql == "1" else f"sum(sign * ({sql}))"


def _clear(place: Placement) -> str:
    keys = ", ".join(place.key)
    few = f"SELECT {keys} FROM {place.table} LIMIT {_ROWS_OF_A_CLEARING}"
    return f"DELETE FROM {place.table} WHERE ({keys}) IN ({few})"
