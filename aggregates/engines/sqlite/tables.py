"""Tables of the definitions, the views that people read them through, and what describes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from aggregates.engines.base import Compiler, Naming, itself
from aggregates.engines.sqlite import views
from aggregates.engines.sqlite.constructs import BOUNDS
from aggregates.engines.sqlite.placing import ID, MEMBER, PART, Placement, placed
from aggregates.frozen.statements import Statement
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Cluster,
    Definition,
    Listing,
    references,
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
        columns += [f"{q(name)} INTEGER" for name in definition.counts]
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

    def near(value: str, table: str, condition: str = "") -> str:
        """What another table or view says of this one's key."""
        same = " AND ".join(f"{q(name)} = kept.{place.columns[name]}" for name in aggregate.key)
        return f"(SELECT {value} FROM {q(table)} WHERE {same}{condition})"

    def there(name: str) -> str:
        """The condition that leaves out rows which hold nothing, and are gone from a cluster."""
        other = catalogue[name]
        assert isinstance(other, Aggregate)
        return "" if other.cluster else f" AND {q(other.counts[0])} <> 0"

    columns = {name: place.columns[name] for name in aggregate.key}
    columns |= {name: q(name) for name in aggregate.counts}
    for count in aggregate.distinct_counts:
        if not count.is_stored:
            condition = f" AND {q(count.counted)} <> ''{there(count.pairs)}"
            columns[count.name] = near("count(*)", count.pairs, condition)
    for extreme in aggregate.extremes:
        value = f"{extreme.function}({q(extreme.value)})"
        columns[extreme.name] = near(value, extreme.listing, there(extreme.listing))
    columns |= {one.name: q(one.name) for one in aggregate.latest}
    for pending in aggregate.pending:
        columns[pending.name] = near(q(pending.name), pending.table)
    listed = ",\n".join(
        value if value == q(name) else f"{value} AS {q(name)}" for name, value in columns.items()
    )
    rows = f"{place.table} AS kept" if aggregate.looks_up else place.table
    where = (
        f"\nWHERE {conditions}" if (conditions := _conditions(compiler, aggregate, place)) else ""
    )
    return Statement(
        "view",
        aggregate.name,
        f"CREATE VIEW {q(aggregate.name)} AS SELECT\n{listed}\nFROM {rows}{where}",
    )


def _conditions(compiler: Compiler, aggregate: Aggregate, place: Placement) -> str:
    """What tells the rows of an aggregate from others of its cluster; '' without one."""
    if aggregate.cluster is None:
        return ""
    conditions = [place.part]
    column, expression = next(iter(place.expressions.items()))
    if not references(expression):
        conditions.append(f"{column} = {compiler.render(expression, {})}")
    elif aggregate.cluster.has_few_keys and len(aggregate.key) == 1:
        conditions.append(f"{column} IN ({_keys(place.table, column)})")
    return " AND ".join(conditions)


def _keys(table: str, key: str) -> str:
    """SELECT of a cluster's keys, each found by the one before; a scan would read all parts."""
    # No text sorts before ''.
    following = f"SELECT min({key}) FROM {table} WHERE {key} > walk.x"
    return (
        f"WITH RECURSIVE walk (x) AS (\nSELECT ''\nUNION ALL\n"
        f"SELECT ({following}) FROM walk WHERE x IS NOT NULL\n)\nSELECT x FROM walk"
    )


def _totals(compiler: Compiler, catalogue: Catalogue) -> Statement:
    """The view of all totals, which reads each table once."""
    q = compiler.quote
    of_table: dict[str, list[str]] = {}
    for number, total in enumerate(catalogue.totals, 1):
        value = f"sum({q(total.measure)})" if total.measure else "count(*)"
        of_table.setdefault(total.aggregate, []).append(f"{value} AS v{number}")
    sums = " CROSS JOIN\n".join(
        f"(SELECT {', '.join(values)} FROM {q(table)})" for table, values in of_table.items()
    )
    names = ", ".join(f"('{total.name}', {n})" for n, total in enumerate(catalogue.totals, 1))
    cases = " ".join(f"WHEN {n} THEN v{n}" for n, _ in enumerate(catalogue.totals, 1))
    return Statement(
        "view",
        TOTALS,
        f"CREATE VIEW {TOTALS} AS WITH total (name, number) AS (VALUES\n{names}\n)\n"
        f"SELECT name, coalesce(CASE number {cases} END, 0) AS value\n"
        f"FROM {sums} CROSS JOIN\ntotal",
    )


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
