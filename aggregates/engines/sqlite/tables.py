"""Tables of the definitions, the views that people read them through, and what describes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from aggregates.engines.base import Compiler, Naming, itself
from aggregates.engines.sqlite import views
from aggregates.engines.sqlite.constructs import BOUNDS
from aggregates.engines.sqlite.placing import ID, MEMBER, PART, placed
from aggregates.frozen.statements import Statement
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Cluster,
    Definition,
    DistinctCount,
    Extreme,
    Listing,
)
from aggregates.model.dictionary import dictionary

DESCRIPTIONS = "aggregate_descriptions"
TOTALS = "aggregate_totals"


def tables(compiler: Compiler, catalogue: Catalogue) -> Iterator[Statement]:
    """Tables, views and descriptions of all definitions."""
    bounds = ", ".join(f"({bound})" for bound in catalogue.bounds)
    yield Statement("table", BOUNDS, f"CREATE TABLE {BOUNDS} (le_ms INTEGER PRIMARY KEY)")
    yield Statement("data", BOUNDS, f"INSERT INTO {BOUNDS} VALUES {bounds}")
    yield from stored(compiler, catalogue)
    for aggregate in catalogue.aggregates():
        if aggregate.is_view:
            yield _contract(compiler, catalogue, aggregate)
    yield _totals(compiler, catalogue)
    for view in catalogue.views:
        yield views.view(compiler, view)
    yield from _descriptions(catalogue)


def stored(
    compiler: Compiler, catalogue: Catalogue, naming: Naming = itself, schema: str = ""
) -> Iterator[Statement]:
    """The tables that hold the definitions, or shadows of them in a schema."""
    for definition in catalogue.definitions:
        if not (isinstance(definition, Aggregate) and definition.cluster):
            yield _table(compiler, definition, naming, schema)
    for cluster in catalogue.clusters:
        yield _cluster(compiler, catalogue, cluster, naming, schema)


def _table(compiler: Compiler, definition: Definition, naming: Naming, schema: str) -> Statement:
    q = compiler.quote
    columns = [f"{q(dimension.name)} {dimension.type}" for dimension in definition.dimensions]
    if isinstance(definition, Listing):
        columns += [f"{q(one.name)} {one.type}" for one in definition.attributes]
    else:
        columns += [f"{q(name)} INTEGER DEFAULT 0" for name in definition.counts]
        columns += [f"{q(column.name)} {column.type}" for column in definition.latest]
    columns.append(f"PRIMARY KEY ({compiler.columns(definition.key)})")
    return _create(compiler, naming(definition.table), schema, columns)


def _cluster(
    compiler: Compiler, catalogue: Catalogue, cluster: Cluster, naming: Naming, schema: str
) -> Statement:
    q = compiler.quote
    key = [q(cluster.key), PART, MEMBER, ID]
    types = dict(zip(key, ("TEXT", "INTEGER", "TEXT", "INTEGER"), strict=True))
    for one in catalogue.cluster_of(cluster):
        types |= {q(name): "INTEGER DEFAULT 0" for name in one.counts}
    for one in catalogue.cluster_of(cluster):
        types |= {q(column.name): column.type for column in one.latest}
    columns = [f"{name} {type_}" for name, type_ in types.items()]
    columns.append(f"PRIMARY KEY ({', '.join(key)})")
    return _create(compiler, naming(cluster.name), schema, columns)


def _create(compiler: Compiler, name: str, schema: str, columns: list[str]) -> Statement:
    # One tree instead of two: SQLite keeps a copy of each page that a statement's triggers change,
    # in a file as soon as they are more than 15.
    within = f"{schema}." if schema else ""
    body = ",\n".join(columns)
    sql = f"CREATE TABLE {within}{compiler.quote(name)} (\n{body}\n) WITHOUT ROWID"
    return Statement("table", name, sql)


def _contract(compiler: Compiler, catalogue: Catalogue, aggregate: Aggregate) -> Statement:
    """The view of an aggregate whose rows lie in another table, or that looks things up."""
    q = compiler.quote
    place = placed(compiler, catalogue, aggregate)
    columns = [f"kept.{place.columns[name]} AS {q(name)}" for name in aggregate.key]
    columns += [f"kept.{q(name)}" for name in (one.name for one in aggregate.measures)]
    for count in aggregate.distinct_counts:
        counted = (
            f"kept.{q(count.name)}"
            if count.is_stored
            else _counted(compiler, catalogue, aggregate, count)
        )
        columns.append(f"{counted} AS {q(count.name)}")
    for extreme in aggregate.extremes:
        sought = _sought(compiler, catalogue, aggregate, extreme)
        columns.append(f"{sought} AS {q(extreme.name)}")
    columns += [f"kept.{q(one.name)}" for one in aggregate.latest]
    for pending in aggregate.pending:
        same = " AND ".join(
            f"derived.{q(name)} = kept.{place.columns[name]}" for name in aggregate.key
        )
        columns.append(
            f"(SELECT {q(pending.name)} FROM {q(pending.table)} AS derived WHERE {same})"
            f" AS {q(pending.name)}"
        )
    where = f" WHERE kept.{place.part}" if place.part else ""
    if aggregate.cluster and aggregate.cluster.has_few_keys and len(aggregate.key) == 1:
        where += f" AND kept.{place.key[0]} IN ({_keys(place.table, place.key[0])})"
    listed = ",\n".join(columns)
    return Statement(
        "view",
        aggregate.name,
        f"CREATE VIEW {q(aggregate.name)} AS SELECT\n{listed}\nFROM {place.table} AS kept{where}",
    )


def _keys(table: str, key: str) -> str:
    """SELECT of a cluster's keys, each found by the one before; a scan would read all parts."""
    following = f"SELECT min({key}) FROM {table} AS later WHERE later.{key} > walk.{key}"
    return (
        f"WITH RECURSIVE walk ({key}) AS (\nSELECT min({key}) FROM {table}\nUNION ALL\n"
        f"SELECT ({following}) FROM walk WHERE walk.{key} IS NOT NULL\n)\nSELECT {key} FROM walk"
    )


def _related(
    compiler: Compiler, catalogue: Catalogue, aggregate: Aggregate, other: Definition
) -> tuple[str, dict[str, str]]:
    """FROM and WHERE of the rows of another aggregate under this one's key, and its columns."""
    place, theirs = (placed(compiler, catalogue, one) for one in (aggregate, other))
    same = [f"near.{theirs.columns[name]} = kept.{place.columns[name]}" for name in aggregate.key]
    same += [f"near.{theirs.part}"] if theirs.part else []
    return f"FROM {theirs.table} AS near WHERE {' AND '.join(same)}", theirs.columns


def _counted(
    compiler: Compiler, catalogue: Catalogue, aggregate: Aggregate, count: DistinctCount
) -> str:
    rows, columns = _related(compiler, catalogue, aggregate, catalogue[count.pairs])
    return f"(SELECT count(*) {rows} AND near.{columns[count.counted]} <> '')"


def _sought(
    compiler: Compiler, catalogue: Catalogue, aggregate: Aggregate, extreme: Extreme
) -> str:
    rows, columns = _related(compiler, catalogue, aggregate, catalogue[extreme.listing])
    return f"(SELECT {extreme.function}(near.{columns[extreme.value]}) {rows})"


def _totals(compiler: Compiler, catalogue: Catalogue) -> Statement:
    q = compiler.quote
    arms = "\nUNION ALL ".join(
        f"SELECT '{total.name}' AS name, "
        + (f"coalesce(sum({q(total.measure)}), 0)" if total.measure else "count(*)")
        + f" AS value FROM {q(total.aggregate)}"
        for total in catalogue.totals
    )
    return Statement("view", TOTALS, f"CREATE VIEW {TOTALS} AS\n{arms}")


def _descriptions(catalogue: Catalogue) -> Iterator[Statement]:
    yield Statement(
        "table",
        DESCRIPTIONS,
        f"CREATE TABLE {DESCRIPTIONS} (\ntable_name TEXT NOT NULL,\n"
        "column_name TEXT NOT NULL,\ndescription TEXT NOT NULL,\n"
        "PRIMARY KEY (table_name, column_name)\n)",
    )
    for table, entries in groupby(dictionary(catalogue), key=lambda entry: entry[0]):
        rows = ",\n  ".join(
            "(" + ", ".join("'" + text.replace("'", "''") + "'" for text in entry) + ")"
            for entry in entries
        )
        yield Statement(
            "data",
            f"{DESCRIPTIONS} {table}",
            f"INSERT OR REPLACE INTO {DESCRIPTIONS} VALUES\n  {rows}",
        )
