"""Aggregates out of the source: signed facts of slices and of log entries, folded together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aggregates.engines.base import Comparison, Compiler, Naming, itself
from aggregates.engines.sqlite.facts import (
    image,
    kept_facts,
    of_kept,
    of_rows,
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
    Source,
    references,
)

_ROWS_OF_A_CLEARING = 500


def reading(compiler: Compiler, source: Source) -> Reading:
    """How rows of a source, and entries of its log, become facts."""
    columns = tuple(map(compiler.quote, ("sign", "updated_at", "seq", *kept_facts(source))))
    return Reading(
        source=source.name,
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
    facts = f"{source.prefix}_read"
    fold = _Fold(compiler, catalogue, facts, naming)
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
        folds=tuple(folds),
        sweeps=tuple(sweeps),
        clears=tuple(
            dict.fromkeys(_clear(placed(compiler, catalogue, one, naming)) for one in definitions)
        ),
    )


def _key(compiler: Compiler, source: Source) -> str:
    return f"{compiler.quote(source.name)}.{compiler.quote(source.key)}"


def _slice(compiler: Compiler, source: Source) -> str:
    """The rows after a mark and up to another."""
    # Without a LIMIT the flattener takes what facts are made of right out of the rows.
    key = _key(compiler, source)
    return _rows(compiler, source, f"{key} > :mark AND {key} <= :upto")


def _end(compiler: Compiler, source: Source) -> str:
    """How many rows there are after a mark, up to a number, and the key of the last."""
    key = _key(compiler, source)
    return (
        f"SELECT count(*), max(k) FROM (SELECT {key} AS k FROM main.{compiler.quote(source.name)}"
        f" WHERE {key} > :mark ORDER BY {key} LIMIT :rows)"
    )


def _rows(compiler: Compiler, source: Source, condition: str) -> str:
    """Rows of the source. `+` takes the affinity of a column away, COLLATE its collation."""
    q = compiler.quote
    row = q(source.name)
    of = image(compiler, source, row)
    for column in source.tracked:
        of[column.name] = f"+{of[column.name]} COLLATE BINARY"
    values = ",\n  ".join(f"{sql} AS {q(name)}" for name, sql in of.items())
    touched = "updated_at" if source.is_touched else "NULL"
    return (
        f"SELECT 1 AS sign, {touched} AS updated_at, NULL AS seq,\n"
        f"  {row}.{q(source.key)} AS {q(source.log_key)}, {values}\n"
        f"FROM main.{row} WHERE {condition}"
    )


def facts_where(compiler: Compiler, source: Source, names: tuple[str, ...], condition: str) -> str:
    """SELECT of some facts of the rows for which a condition holds, out of the source itself."""
    reduced = _reduced(source, names)
    facts = of_rows(compiler, reduced, _rows(compiler, reduced, condition))
    return f"SELECT {compiler.columns(names)} FROM ({facts})"


def images_where(compiler: Compiler, source: Source, names: tuple[str, ...], condition: str) -> str:
    """SELECT of the columns that some facts stand on, of the rows for which a condition holds."""
    reduced = _reduced(source, names)
    rows = _rows(compiler, reduced, condition)
    return f"SELECT {compiler.columns(reduced.image)} FROM ({rows})"


def facts_of_image(compiler: Compiler, source: Source, names: tuple[str, ...]) -> str:
    """SELECT of some facts of one row; those columns are its parameters."""
    reduced = _reduced(source, names)
    values = ", ".join(f"? AS {compiler.quote(name)}" for name in reduced.image)
    key = compiler.quote(source.log_key)
    row = f"SELECT 1 AS sign, NULL AS updated_at, NULL AS seq, NULL AS {key}, {values}"
    return f"SELECT {compiler.columns(names)} FROM ({of_rows(compiler, reduced, row)})"


def _reduced(source: Source, names: tuple[str, ...]) -> Source:
    """The source with those facts only, and with what they stand on."""
    needed = set(names)
    for fact in reversed(source.facts):
        if fact.name in needed:
            needed |= references(fact.expression)
    return replace(
        source,
        facts=tuple(fact for fact in source.facts if fact.name in needed),
        tracked=tuple(column for column in source.tracked if column.name in needed),
        extracted=tuple(one for one in source.extracted if one.name in needed),
        # updated_at lies at the end of the row, behind all that hooks have written.
        is_touched=False,
    )


def _entries(compiler: Compiler, source: Source, side: str) -> str:
    """One side of the entries after a position whose key lies in a range."""
    q = compiler.quote
    key = q(source.log_key)
    of_side = f"coalesce({q(f'old_{source.log_key}')}, {key})" if side == "old" else key
    without = "insert" if side == "old" else "delete"
    values = ", ".join(f"{q(f'{side}_{name}')} AS {q(name)}" for name in source.image)
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
        self, compiler: Compiler, catalogue: Catalogue, facts: str, naming: Naming
    ) -> None:
        self.compiler = compiler
        self.catalogue = catalogue
        self.facts = f"temp.{compiler.quote(facts)}"
        self.naming = naming

    def aggregate(self, one: Aggregate) -> str:
        """Add sums by key."""
        q = self.compiler.quote
        place, names = self._place(one), self._names(one.source)
        key = self._key(one, place)
        sums = {
            q(measure.name): _signed(self.compiler.render(measure.expression, names))
            for measure in one.measures
        }
        latest = {q(each.name): f"max({each.of})" for each in one.latest}
        updates = [f"{name} = {name} + excluded.{name}" for name in sums]
        # What is older than the log, and has none, must not hide what has one.
        updates += [
            f"{name} = CASE WHEN {name} IS NULL OR excluded.{name} > {name}"
            f" THEN excluded.{name} ELSE {name} END"
            for name in latest
        ]
        changes = " OR ".join(f"{value} <> 0" for value in sums.values())
        having = "" if latest else f" HAVING {changes}"
        if any(references(part.expression) == {one.source.log_key} for part in one.dimensions):
            return self._each(one, place, key, updates)
        values = place.constants | key | sums | latest
        return (
            f"INSERT INTO {place.table} ({', '.join(values)})\n"
            f"SELECT {', '.join(values.values())}\nFROM {self.facts}{self._where(one)}\n"
            f"GROUP BY {self._numbers(place, key)}{having}\n"
            f"ON CONFLICT ({', '.join(place.key)}) DO UPDATE SET {', '.join(updates)}"
        )

    def _each(
        self, one: Aggregate, place: Placement, key: dict[str, str], updates: list[str]
    ) -> str:
        """Add rows of which each has a key of its own."""
        q = self.compiler.quote
        values = place.constants | key | {q(measure.name): "sign" for measure in one.measures}
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
        place, theirs = self._place(one), self._place(pairs)
        names = self._names(one.source)
        dimensions = {
            q(part.name): self.compiler.render(part.expression, names) for part in pairs.dimensions
        }
        read = ", ".join(f"{sql} AS {name}" for name, sql in dimensions.items())
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
        change = "sum((before + change <> 0) - (before <> 0))"
        values = place.constants | key | {q(count.name): change}
        first = q(pairs.counts[0]) if isinstance(pairs, Aggregate) else ""
        numbers = ", ".join(str(position) for position in range(1, len(dimensions) + 1))
        column = q(count.name)
        return (
            f"INSERT INTO {place.table} ({', '.join(values)})\n"
            f"SELECT {', '.join(values.values())}\n"
            f"FROM (SELECT pair.*, coalesce((SELECT there.{first} FROM {theirs.table} AS there"
            f" WHERE {same}), 0) AS before\n"
            f"  FROM (SELECT {read}, sum(sign) AS change FROM {self.facts}{self._where(pairs)}"
            f" GROUP BY {numbers}) AS pair)\n"
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


def selected(
    compiler: Compiler, catalogue: Catalogue, definition: Definition, naming: Naming, schema: str
) -> str:
    """A SELECT, in parentheses, of the keys and measures that a table holds of a definition."""
    place = placed(compiler, catalogue, definition, naming)
    columns = [f"{column} AS {compiler.quote(name)}" for name, column in place.columns.items()]
    columns += [compiler.quote(name) for name in definition.values]
    where = f" WHERE {place.part}" if place.part else ""
    return f"(SELECT {', '.join(columns)} FROM {schema}.{place.table}{where})"


def comparison(
    compiler: Compiler, catalogue: Catalogue, definition: Definition, naming: Naming, schema: str
) -> Comparison:
    """How to compare a stored aggregate with its shadow."""
    q = compiler.quote
    place, shadowed = (placed(compiler, catalogue, definition, one) for one in (itself, naming))
    stored, shadow = f"main.{place.table}", f"{schema}.{shadowed.table}"
    columns = [*place.columns.values()]
    values = [q(name) for name in definition.values]
    of_cluster = [place.part] if place.part else []
    conditions = [*of_cluster]
    if isinstance(definition, Aggregate):
        conditions.append(f"NOT ({zero(compiler, definition)})")
    some = " AND ".join(conditions) or "true"
    same = " AND ".join(
        [f"other.{name} = one.{name}" for name in (*columns, *place.constants)]
        + [f"other.{name} IS one.{name}" for name in values]
    )
    read = ", ".join([*columns, *values])

    def only(is_stored: int, one: str, other: str, where: str) -> str:
        return (
            f"SELECT {is_stored}, {read} FROM {one} AS one\nWHERE {where}"
            f" AND NOT EXISTS (SELECT 1 FROM {other} AS other WHERE {same})"
        )

    def both(where: str) -> str:
        return f"{only(1, stored, shadow, where)}\nUNION ALL {only(0, shadow, stored, where)}"

    keys = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    one_key = " AND ".join([*(f"{name} = ?" for name in columns), *conditions])
    bounds = {(True, False): f"({keys}) > ({marks})", (False, True): f"({keys}) <= ({marks})"}
    bounds[True, True] = f"{bounds[True, False]} AND {bounds[False, True]}"
    parts = " AND ".join(f"{name} = {value}" for name, value in place.constants.items()) or "true"
    every_row = " AND ".join([*(f"{name} = ?" for name in columns), *of_cluster])
    of_part = " AND ".join(f"{name} = ?" for name in columns) + f" AND {parts}"
    # What verify does not compare (when a key was last touched) stays as it is where it can.
    every = [*columns, *place.constants, *values]
    if isinstance(definition, Aggregate):
        every += [q(latest.name) for latest in definition.latest]
    all_columns = ", ".join(every)
    latest = [q(one.name) for one in getattr(definition, "latest", ())]
    there = " AND ".join(
        f"kept.{name} = {shadowed.table}.{name}" for name in (*columns, *place.constants)
    )
    carried = ", ".join(
        f"{name} = coalesce(max({name}, {old}), {name}, {old})"
        for name in latest
        for old in [f"(SELECT kept.{name} FROM {stored} AS kept WHERE {there})"]
    )

    def carry(*conditions: str) -> str:
        return f"UPDATE {shadow} SET {carried} WHERE {' AND '.join([parts, *conditions])}"

    return Comparison(
        read_latest=f"SELECT {', '.join(latest)} FROM {stored} WHERE {of_part}" if latest else "",
        latest=tuple(
            f"UPDATE {stored} SET {name} = ? WHERE {of_part} AND coalesce({name} < ?, true)"
            for name in latest
        ),
        carry={(False, False): carry()} | {which: carry(one) for which, one in bounds.items()}
        if latest
        else {},
        table=definition.name,
        key=definition.key,
        values=definition.values,
        first_key=f"SELECT {keys} FROM {shadow} WHERE {parts} ORDER BY {keys} LIMIT 1 OFFSET ?",
        next_key=f"SELECT {keys} FROM {shadow} WHERE ({keys}) > ({marks}) AND {parts}"
        f" ORDER BY {keys} LIMIT 1 OFFSET ?",
        rows={(False, False): both(some)}
        | {which: both(f"{some} AND {bound}") for which, bound in bounds.items()},
        one=both(one_key),
        # One that no trigger writes, too: readers know a cluster's rows by key and part alone.
        remove=f"DELETE FROM {stored} WHERE {every_row}",
        restore=f"INSERT INTO {stored} ({all_columns})"
        f" SELECT {all_columns} FROM {shadow} WHERE {one_key}",
    )
