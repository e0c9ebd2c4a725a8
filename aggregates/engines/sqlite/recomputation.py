"""Aggregates out of the source: signed facts of slices and of log entries, folded together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aggregates.engines.base import Comparison, Compiler, Naming
from aggregates.engines.sqlite.constructs import ONCE_EACH
from aggregates.engines.sqlite.facts import image, of_rows
from aggregates.engines.sqlite.posting import seek_extremes, zero
from aggregates.frozen.statements import Recomputation
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Definition,
    Listing,
    Source,
    references,
)

_ROWS_OF_A_CLEARING = 500


def recomputation(
    compiler: Compiler,
    catalogue: Catalogue,
    source: Source,
    definitions: list[Definition],
    naming: Naming,
) -> Recomputation:
    """How to compute definitions of a source from its rows."""
    q = compiler.quote
    facts = f"{source.prefix}_facts"
    names = ["sign", "updated_at", "seq", source.log_key, *(fact.name for fact in source.facts)]
    columns = ", ".join(map(q, names))
    folds: list[str] = []
    sweeps: list[str] = []
    posted = [one for one in definitions if one.is_posted]
    for definition in posted:
        if isinstance(definition, Listing):
            folds += _listing_folds(compiler, definition, facts, naming)
        else:
            folds.append(_aggregate_fold(compiler, definition, facts, naming))
    for definition in posted:
        if isinstance(definition, Aggregate):
            folds += _extremes(compiler, definition, facts, naming)
            folds += _recounts(compiler, catalogue, definition, facts, naming)
    for definition in _dependents_last(posted):
        if isinstance(definition, Aggregate):
            # Pairs that have just gone were there when they were counted.
            sweeps += _recounts(compiler, catalogue, definition, facts, naming)
            sweeps.append(_sweep(compiler, definition, facts, naming))
    return Recomputation(
        source=source.name,
        key=source.key,
        log=source.log,
        log_key=source.log_key,
        facts=facts,
        create_facts=f"CREATE TEMP TABLE {q(facts)} ({columns})",
        slice=f"INSERT INTO temp.{q(facts)} ({columns})\nSELECT {columns}\n"
        f"FROM ({of_rows(compiler, source, _slice(compiler, source))})",
        entries=tuple(
            f"INSERT INTO temp.{q(facts)} ({columns})\nSELECT {columns}\n"
            f"FROM ({of_rows(compiler, source, _entries(compiler, source, side))})"
            for side in ("old", "new")
        ),  # type: ignore[arg-type]
        folds=tuple(folds),
        sweeps=tuple(sweeps),
        clears=tuple(_clear(compiler, one, naming) for one in _dependents_last(definitions)),
    )


def _slice(compiler: Compiler, source: Source) -> str:
    """The rows after a mark."""
    key = f"{compiler.quote(source.name)}.{compiler.quote(source.key)}"
    return f"{_rows(compiler, source, f'{key} > :mark')} ORDER BY {key} LIMIT :rows OFFSET 0"


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
    rows = f"{_rows(compiler, reduced, condition)} {ONCE_EACH}"
    return f"SELECT {compiler.columns(names)} FROM ({of_rows(compiler, reduced, rows)})"


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
        f"FROM main.{q(source.log)} WHERE seq > :seq AND operation <> '{without}'\n"
        f"AND {of_side} > :above AND {of_side} <= :upto ORDER BY seq {ONCE_EACH}"
    )


def _grouped(compiler: Compiler, definition: Definition) -> tuple[dict[str, str], str]:
    """SQL of the columns by name, and the WHERE."""
    source = definition.source
    names = {
        name: compiler.quote(name)
        for name in (source.log_key, *(fact.name for fact in source.facts))
    }
    parts = {
        part.name: compiler.render(part.expression, names)
        for part in (
            *definition.dimensions,
            *(definition.attributes if isinstance(definition, Listing) else ()),
        )
    }
    if isinstance(definition, Aggregate):
        parts |= {
            measure.name: f"sum(sign * ({compiler.render(measure.expression, names)}))"
            for measure in definition.measures
        }
    where = compiler.render(definition.filter.expression, names) if definition.filter else "true"
    # `true` is a keyword from 3.23 on
    return parts, where


def _aggregate_fold(compiler: Compiler, aggregate: Aggregate, facts: str, naming: Naming) -> str:
    q = compiler.quote
    parts, where = _grouped(compiler, aggregate)
    measures = [q(measure.name) for measure in aggregate.measures]
    updates = [f"{name} = {name} + excluded.{name}" for name in measures]
    columns = [*map(q, parts)]
    values = [*parts.values()]
    for latest in aggregate.latest:
        name = q(latest.name)
        columns.append(name)
        values.append(f"max({latest.of})")
        # What is older than the log, and has none, must not hide what has one.
        updates.append(
            f"{name} = CASE WHEN {name} IS NULL OR excluded.{name} > {name}"
            f" THEN excluded.{name} ELSE {name} END"
        )
    numbers = ", ".join(str(number + 1) for number in range(len(aggregate.dimensions)))
    changes = " OR ".join(f"{parts[measure.name]} <> 0" for measure in aggregate.measures)
    having = "" if aggregate.latest else f"\nHAVING {changes}"
    return (
        f"INSERT INTO {q(naming(aggregate.name))} ({', '.join(columns)})\n"
        f"SELECT {', '.join(values)}\nFROM temp.{q(facts)} WHERE {where}\n"
        f"GROUP BY {numbers}{having}\n"
        f"ON CONFLICT ({compiler.columns(aggregate.key)}) DO UPDATE SET {', '.join(updates)}"
    )


def _listing_folds(
    compiler: Compiler, listing: Listing, facts: str, naming: Naming
) -> Iterator[str]:
    q = compiler.quote
    parts, where = _grouped(compiler, listing)
    target = q(naming(listing.name))
    columns = ", ".join(map(q, parts))
    named = ", ".join(f"{sql} AS {q(name)}" for name, sql in parts.items())
    numbers = ", ".join(str(number + 1) for number in range(len(parts)))
    keys = compiler.columns(listing.key)
    grouped = f"FROM temp.{q(facts)} WHERE {where}\nGROUP BY {numbers} HAVING sum(sign)"
    yield (
        f"DELETE FROM {target} WHERE ({keys}) IN (\n"
        f"  SELECT {keys} FROM (SELECT {named} {grouped} < 0))"
    )
    yield f"INSERT INTO {target} ({columns})\nSELECT {named}\n{grouped} > 0"


def _extremes(
    compiler: Compiler, aggregate: Aggregate, facts: str, naming: Naming
) -> Iterator[str]:
    parts, where = _grouped(compiler, aggregate)
    keys = ", ".join(parts[name] for name in aggregate.key)
    for listing in dict.fromkeys(extreme.listing for extreme in aggregate.extremes):
        yield (
            f"UPDATE {compiler.quote(naming(aggregate.name))} SET "
            f"{seek_extremes(compiler, aggregate, listing, naming)}\n"
            f"WHERE ({compiler.columns(aggregate.key)}) IN (\n"
            f"  SELECT DISTINCT {keys} FROM temp.{compiler.quote(facts)} WHERE {where})"
        )


def _recounts(
    compiler: Compiler, catalogue: Catalogue, aggregate: Aggregate, facts: str, naming: Naming
) -> Iterator[str]:
    """Distinct counts of the keys that the facts touch, out of the pairs as they are now."""
    q = compiler.quote
    parts, where = _grouped(compiler, aggregate)
    keys = ", ".join(parts[name] for name in aggregate.key)
    target = q(naming(aggregate.name))
    for count in aggregate.distinct_counts:
        if catalogue.is_recounted(aggregate, count):
            same = " AND ".join(f"pair.{q(name)} = {target}.{q(name)}" for name in aggregate.key)
            yield (
                f"UPDATE {target} SET {q(count.name)} = (\n"
                f"  SELECT count(*) FROM {q(naming(count.pairs))} AS pair\n"
                f"  WHERE {same} AND pair.{q(count.counted)} <> '')\n"
                f"WHERE ({compiler.columns(aggregate.key)}) IN (\n"
                f"  SELECT DISTINCT {keys} FROM temp.{q(facts)} WHERE {where})"
            )


def _sweep(compiler: Compiler, aggregate: Aggregate, facts: str, naming: Naming) -> str:
    parts, where = _grouped(compiler, aggregate)
    keys = ", ".join(parts[name] for name in aggregate.key)
    return (
        f"DELETE FROM {compiler.quote(naming(aggregate.name))}\n"
        f"WHERE ({compiler.columns(aggregate.key)}) IN (\n"
        f"  SELECT {keys} FROM temp.{compiler.quote(facts)} WHERE sign < 0 AND {where})\n"
        f"AND {zero(compiler, aggregate)}"
    )


def _dependents_last(definitions: list[Definition]) -> list[Definition]:
    """What cascades write to comes after what they start from."""

    def depends(one: Definition) -> bool:
        return isinstance(one, Aggregate) and bool(one.needs)

    return sorted(definitions, key=depends)


def _clear(compiler: Compiler, definition: Definition, naming: Naming) -> str:
    target = compiler.quote(naming(definition.name))
    keys = compiler.columns(definition.key)
    few = f"SELECT {keys} FROM {target} LIMIT {_ROWS_OF_A_CLEARING}"
    return f"DELETE FROM {target} WHERE ({keys}) IN ({few})"


def comparison(
    compiler: Compiler, definition: Definition, naming: Naming, schema: str
) -> Comparison:
    """How to compare a stored aggregate with its shadow."""
    q = compiler.quote
    stored = f"main.{q(definition.name)}"
    shadow = f"{schema}.{q(naming(definition.name))}"
    some = f"NOT ({zero(compiler, definition)})" if isinstance(definition, Aggregate) else "true"
    key = " AND ".join(f"{q(name)} = ?" for name in definition.key)

    same = " AND ".join(
        [f"other.{q(name)} = one.{q(name)}" for name in definition.key]
        + [f"other.{q(name)} IS one.{q(name)}" for name in definition.values]
    )
    columns = compiler.columns((*definition.key, *definition.values))

    def only(is_stored: int, one: str, other: str, where: str) -> str:
        return (
            f"SELECT {is_stored}, {columns} FROM {one} AS one\nWHERE {where}"
            f" AND NOT EXISTS (SELECT 1 FROM {other} AS other WHERE {same})"
        )

    def both(where: str) -> str:
        return f"{only(1, stored, shadow, where)}\nUNION ALL {only(0, shadow, stored, where)}"

    keys = compiler.columns(definition.key)
    marks = ", ".join("?" * len(definition.key))
    bounds = {(True, False): f"({keys}) > ({marks})", (False, True): f"({keys}) <= ({marks})"}
    bounds[True, True] = f"{bounds[True, False]} AND {bounds[False, True]}"
    # What verify does not compare (when a key was last touched) stays as it is where it can.
    every = [*definition.key, *definition.values]
    if isinstance(definition, Aggregate):
        every += [latest.name for latest in definition.latest]
    all_columns = compiler.columns(tuple(every))
    return Comparison(
        table=definition.name,
        key=definition.key,
        values=definition.values,
        first_key=f"SELECT {keys} FROM {shadow} ORDER BY {keys} LIMIT 1 OFFSET ?",
        next_key=f"SELECT {keys} FROM {shadow} WHERE ({keys}) > ({marks})"
        f" ORDER BY {keys} LIMIT 1 OFFSET ?",
        rows={(False, False): both(some)}
        | {which: both(f"{some} AND {bound}") for which, bound in bounds.items()},
        one=both(f"{some} AND {key}"),
        remove=f"DELETE FROM {stored} WHERE {key}",
        restore=f"INSERT INTO {stored} ({all_columns})"
        f" SELECT {all_columns} FROM {shadow} WHERE {some} AND {key}",
    )
