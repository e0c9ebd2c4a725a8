"""Tables of what is posted, the views that are exact, and what describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from aggregates.engines.base import Compiler
from aggregates.engines.postgresql.constructs import BOUNDS
from aggregates.engines.postgresql.facts import facts, of_entries
from aggregates.engines.postgresql.ledger import unposted_of
from aggregates.engines.postgresql.posting import Kept, changes_of, come_name, kept, lines
from aggregates.engines.tables import CONSUMERS, DURATIONS, VERIFICATIONS
from aggregates.frozen.statements import Statement
from aggregates.model.definition import Aggregate, Catalogue, Extreme, Listing, Source, Total
from aggregates.model.dictionary import Entry, dictionary

DESCRIPTIONS = "aggregate_descriptions"
TOTALS = "aggregate_totals"

_HOT = (
    "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01,"
    " autovacuum_vacuum_threshold = 1000)"
)


def tables(compiler: Compiler, catalogue: Catalogue) -> Iterator[Statement]:
    """Tables, views and descriptions of all definitions."""
    bounds = ", ".join(f"({bound})" for bound in catalogue.bounds)
    yield Statement("table", BOUNDS, f"CREATE TABLE {BOUNDS} (le_ms bigint PRIMARY KEY)")
    yield Statement("data", BOUNDS, f"INSERT INTO {BOUNDS} VALUES {bounds}")
    for source in catalogue.sources:
        for one in kept(compiler, catalogue, source):
            columns = [f"{name} {type_}" for name, type_ in one.types.items()]
            columns = [
                f"{each} NOT NULL" if each.split()[0] in (*one.key, *one.counts) else each
                for each in columns
            ]
            yield Statement(
                "table",
                one.table,
                f"CREATE TABLE {one.table} (\n{lines(columns)},\n"
                f"PRIMARY KEY ({', '.join(one.key)})\n) {_HOT}",
            )
    yield _totals(compiler, catalogue)
    yield from _descriptions(catalogue)


def changes(compiler: Compiler, source: Source) -> Iterator[Statement]:
    """The view of the facts that are not posted."""
    name, entries = changes_of(source), of_entries(compiler, source, unposted_of(source))
    yield Statement("view", name, f"CREATE VIEW {name} AS\n{facts(compiler, source, entries)}")


def views(compiler: Compiler, catalogue: Catalogue, source: Source) -> Iterator[Statement]:
    """The exact views of all definitions of a source."""
    for one in kept(compiler, catalogue, source):
        yield _exact(compiler, one)


def _exact(compiler: Compiler, one: Kept) -> Statement:
    q = compiler.quote
    name, definition = q(one.definition.name), one.definition
    if isinstance(definition, Listing):
        rows = f"SELECT {', '.join(one.key)} FROM (\n{exact_rows(one)}\n) AS listed"
    elif definition.extremes or definition.pending:
        rows = _looked_up(one, definition)
    else:
        rows = exact_rows(one)
    return Statement("view", definition.name, f"CREATE VIEW {name} AS\n{rows}")


def _looked_up(one: Kept, aggregate: Aggregate) -> str:
    q = one.compiler.quote
    listed = [f"held.{name}" for name in one.types]
    listed += [f"{_extreme(one, extreme)} AS {q(extreme.name)}" for extreme in one.extremes]
    same = " AND ".join(f"kept.{name} = held.{name}" for name in one.key)
    for pending in aggregate.pending:
        value = f"SELECT {q(pending.name)} FROM {q(pending.table)} AS kept WHERE {same}"
        listed.append(f"({value}) AS {q(pending.name)}")
    return f"SELECT {lines(listed)}\nFROM (\n{exact_rows(one, come=True)}\n) AS held"


def _extreme(one: Kept, extreme: Extreme) -> str:
    """What has come, or the first of what is posted and still there: out of an index."""
    listing = Kept(one.compiler, one.catalogue, one.catalogue[extreme.listing])
    key, value = ", ".join(listing.key), one.compiler.quote(extreme.value)
    same = " AND ".join(f"kept.{name} = held.{name}" for name in one.key)
    function, direction = {"min": ("least", ""), "max": ("greatest", " DESC")}[extreme.function]
    return (
        f"{function}(held.{come_name(extreme)}, (\n"
        f"SELECT {value} FROM {listing.table} AS kept WHERE {same}\n"
        f"AND ({key}) NOT IN (SELECT {key} FROM {one.unposted(extreme.listing)} AS changed"
        f" WHERE {listing.counts[0]} < 0)\n"
        f"ORDER BY {value}{direction} LIMIT 1))"
    )


def _totals(compiler: Compiler, catalogue: Catalogue) -> Statement:
    """Each aggregate is read once for all totals of it."""
    q = compiler.quote

    def of(aggregate: str, totals: list[Total]) -> str:
        sums = [f"sum({q(one.measure)})" if one.measure else "count(*)" for one in totals]
        named = lines(f"{value} AS of_{one.name}" for value, one in zip(sums, totals, strict=True))
        values = lines(f"('{one.name}', CAST(found.of_{one.name} AS bigint))" for one in totals)
        return (
            f"SELECT total.name, coalesce(total.value, 0) AS value\n"
            f"FROM (SELECT {named}\nFROM {q(aggregate)}) AS found\n"
            f"CROSS JOIN LATERAL (VALUES {values}) AS total (name, value)"
        )

    by_aggregate: dict[str, list[Total]] = {}
    for total in catalogue.totals:
        by_aggregate.setdefault(total.aggregate, []).append(total)
    rows = "\nUNION ALL\n".join(of(*one) for one in by_aggregate.items())
    return Statement("view", TOTALS, f"CREATE VIEW {TOTALS} AS\n{rows}")


def comments(compiler: Compiler, catalogue: Catalogue) -> Iterator[Statement]:
    """The descriptions where tools show them, once everything is there."""
    q = compiler.quote
    # Comments on tables of others are theirs.
    sources = {source.name for source in catalogue.sources}
    tables = {CONSUMERS, VERIFICATIONS, DURATIONS, BOUNDS, DESCRIPTIONS}
    tables |= {source.log for source in catalogue.sources}
    for table, entries in groupby(_entries(catalogue), key=lambda entry: entry[0]):
        if table in sources:
            continue
        made = ";\n".join(
            f"COMMENT ON {f'COLUMN {q(table)}.{q(column)}' if column else f'{{kind}} {q(table)}'}"
            f" IS {quoted(text)}"
            for _, column, text in entries
        )
        kind = "TABLE" if table in tables else "VIEW"
        yield Statement("data", f"comments {table}", made.replace("{kind}", kind))


def _entries(catalogue: Catalogue) -> list[Entry]:
    """What is described of what there is on this engine."""
    found = dictionary(replace(catalogue, views=()))
    return [entry for entry in found if entry[1] != "is_ending"]


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def _descriptions(catalogue: Catalogue) -> Iterator[Statement]:
    """A table of them."""
    yield Statement(
        "table",
        DESCRIPTIONS,
        f"CREATE TABLE {DESCRIPTIONS} (\ntable_name text NOT NULL,\ncolumn_name text NOT NULL,\n"
        "description text NOT NULL,\nPRIMARY KEY (table_name, column_name)\n)",
    )
    for table, entries in groupby(_entries(catalogue), key=lambda entry: entry[0]):
        rows = ",\n  ".join(f"({', '.join(map(quoted, entry))})" for entry in entries)
        yield Statement(
            "data",
            f"{DESCRIPTIONS} {table}",
            f"INSERT INTO {DESCRIPTIONS} VALUES\n  {rows}",
        )


def exact_rows(one: Kept, *, come: bool = False) -> str:
    """SELECT of what is posted of keys that nothing has changed since, and of others the sum.

    NOT IN keeps the order of an index, and asks the queue once.
    """
    changed = one.unposted(one.definition.name, come=come)
    key = ", ".join(one.key)
    posted, summed = [*one.types], [f"changed.{name}" for name in one.key]
    summed += [f"coalesce(posted.{name}, 0) + changed.{name}" for name in one.counts]
    summed += [
        f"greatest(posted.{name}, changed.{name})"
        for name in (one.compiler.quote(latest.name) for latest in one.latest)
    ]
    for name in map(come_name, one.extremes) if come else ():
        posted.append(f'CAST(NULL AS text) COLLATE "C" AS {name}')
        summed.append(f"changed.{name}")
    is_there = " OR ".join(
        f"coalesce(posted.{name}, 0) + changed.{name} <> 0" for name in one.counts
    )
    return (
        f"SELECT {', '.join(posted)} FROM {one.table}\n"
        f"WHERE ({key}) NOT IN (SELECT {key} FROM {one.unposted(one.definition.name)} AS changed)"
        f"\nUNION ALL\nSELECT {', '.join(summed)}\nFROM {changed} AS changed\n"
        f"LEFT JOIN {one.table} AS posted USING ({key})\nWHERE {is_there}"
    )
