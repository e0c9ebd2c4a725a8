"""Tables of the definitions, and triggers that post each entry of the log to them.

The log's triggers compute the facts of an entry once and hand them to a view, as a call with
arguments; one small INSTEAD OF trigger for each definition and case does the arithmetic. Small ones
are cheaper than one that does it all: SQLite sets up the whole of a trigger, whatever of it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aggregates.compiler.base import Compiler, Naming, Statement, itself
from aggregates.compiler.sqlite.constructs import BOUNDS
from aggregates.compiler.sqlite.facts import of_entry
from aggregates.definition import (
    Aggregate,
    Catalogue,
    Definition,
    Expression,
    Extreme,
    Listing,
    Source,
)
from aggregates.dictionary import dictionary

DESCRIPTIONS = "aggregate_descriptions"
TOTALS = "aggregate_totals"
_OPERATIONS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}


def tables(compiler: Compiler, catalogue: Catalogue) -> list[Statement]:
    """Tables, indexes, views and descriptions of all definitions, and what keeps one by another."""
    bounds = ", ".join(f"({bound})" for bound in catalogue.bounds)
    return [
        Statement("table", BOUNDS, f"CREATE TABLE {BOUNDS} (\n  le_ms INTEGER PRIMARY KEY\n)"),
        Statement("data", BOUNDS, f"INSERT INTO {BOUNDS} VALUES {bounds}"),
        *(
            statement
            for definition in catalogue.definitions
            for statement in table(compiler, definition)
        ),
        *cascades(compiler, catalogue),
        _totals(compiler, catalogue),
        *_descriptions(catalogue),
    ]


def table(
    compiler: Compiler, definition: Definition, naming: Naming = itself, temporary: str = ""
) -> Iterator[Statement]:
    """The table of one definition, with its index."""
    q = compiler.quote
    name = naming(definition.name)
    columns = [
        f"{q(dimension.name)} {dimension.type} NOT NULL" for dimension in definition.dimensions
    ]
    if isinstance(definition, Listing):
        columns += [f"{q(one.name)} {one.type} NOT NULL" for one in definition.attributes]
        columns.append(f"PRIMARY KEY ({compiler.columns(definition.key)})")
    else:
        columns += [f"{q(name)} INTEGER NOT NULL DEFAULT 0" for name in definition.counts]
        columns += [f"{q(extreme.name)} TEXT" for extreme in definition.extremes]
        columns += [f"{q(definition.touched)} TEXT"] if definition.touched else []
        columns.append(f"PRIMARY KEY ({compiler.columns(definition.key)})")
    # A listing is its key. Aggregates have rowids: an upsert costs half of what it costs without.
    narrow = isinstance(definition, Listing) and len(definition.key) > 1
    body = ",\n  ".join(columns)
    sql = f"CREATE {temporary}TABLE {q(name)} (\n  {body}\n){' WITHOUT ROWID' if narrow else ''}"
    yield Statement("table", name, sql)
    if isinstance(definition, Listing) and definition.index and not temporary:
        index = f"_aggregates_{definition.name}_by_{'_'.join(definition.index)}"
        sql = f"CREATE INDEX {q(index)} ON {q(name)} ({compiler.columns(definition.index)})"
        yield Statement("index", index, sql)


def cascades(
    compiler: Compiler, catalogue: Catalogue, naming: Naming = itself, temporary: str = ""
) -> Iterator[Statement]:
    """Triggers on reference counts and listings that keep distinct counts and extremes.

    They do not depend on the order in which an entry is posted to the tables.
    """
    q = compiler.quote
    for aggregate in catalogue.aggregates():
        target = q(naming(aggregate.name))
        keys = compiler.columns(aggregate.key)

        def trigger(
            on: str, event: str, condition: str, body: str, aggregate: Aggregate = aggregate
        ) -> Statement:
            name = naming(internal(f"{on}_{event.lower()}"))
            when = f"\nWHEN {condition}" if condition else ""
            sql = (
                f"CREATE {temporary}TRIGGER {q(name)} AFTER {event} ON {q(naming(on))}{when}\n"
                f"BEGIN\n  {body}\nEND"
            )
            return Statement("trigger", name, sql)

        for count in aggregate.distinct_counts:
            counted, column = q(count.counted), q(count.name)
            for event, row, step in (("INSERT", "NEW", "1"), ("DELETE", "OLD", "-1")):
                values = compiler.columns(aggregate.key, f"{row}.")
                body = (
                    f"INSERT INTO {target} ({keys}, {column}) VALUES ({values}, {step})\n"
                    f"  ON CONFLICT ({keys}) DO UPDATE SET {column} = {column} + {step};"
                )
                if event == "DELETE":
                    body += f"\n  {_sweep_row(compiler, aggregate, naming, values)};"
                yield trigger(count.pairs, event, f"{row}.{counted} <> ''", body)
        for listing in dict.fromkeys(extreme.listing for extreme in aggregate.extremes):
            where = " AND ".join(f"{q(name)} = OLD.{q(name)}" for name in aggregate.key)
            of = [extreme for extreme in aggregate.extremes if extreme.listing == listing]
            assignments = seek_extremes(compiler, aggregate, listing, naming)
            was_extreme = " OR ".join(f"{q(one.name)} = OLD.{q(one.value)}" for one in of)
            body = f"UPDATE {target} SET {assignments}\n  WHERE {where} AND ({was_extreme});"
            yield trigger(listing, "DELETE", "", body)


def seek_extremes(
    compiler: Compiler, aggregate: Aggregate, listing: str, naming: Naming = itself
) -> str:
    """Assignments that look the extremes up in their listing, one seek each."""
    q = compiler.quote
    target = q(naming(aggregate.name))
    same = " AND ".join(f"listed.{q(name)} = {target}.{q(name)}" for name in aggregate.key)
    return ",\n    ".join(
        f"{q(extreme.name)} = (SELECT {extreme.function}(listed.{q(extreme.value)})"
        f" FROM {q(naming(listing))} AS listed WHERE {same})"
        for extreme in aggregate.extremes
        if extreme.listing == listing
    )


def internal(name: str) -> str:
    """The name of an internal object."""
    return name if name.startswith("_aggregates_") else f"_aggregates_{name}"


def zero(compiler: Compiler, aggregate: Aggregate) -> str:
    """Whether every count of a row is zero."""
    return " AND ".join(f"{compiler.quote(name)} = 0" for name in aggregate.counts)


def posting(compiler: Compiler, catalogue: Catalogue, source: Source) -> list[Statement]:
    """The view that takes an entry's facts, the triggers that call it, and those that post."""
    q = compiler.quote
    view = f"{source.prefix}_posting"
    facts, _ = of_entry(compiler, source, ("old", "new"))
    columns = ["updated_at", *facts]
    nulls = ", ".join(["NULL"] * len(columns))
    statements = [
        Statement(
            "view",
            view,
            f"CREATE VIEW {q(view)} (\n  {', '.join(columns)}\n) AS SELECT {nulls}",
        )
    ]
    for operation, sides in _OPERATIONS.items():
        names, select = of_entry(compiler, source, sides)
        name = f"{source.prefix}_post_{operation}"
        select = select.replace("SELECT ", "SELECT NEW.updated_at,\n  ", 1)
        statements.append(
            Statement(
                "trigger",
                name,
                f"CREATE TRIGGER {q(name)} AFTER INSERT ON {q(source.log)}\n"
                f"WHEN NEW.operation = '{operation}'\nBEGIN\n"
                f"  INSERT INTO {q(view)} (updated_at, {', '.join(names)})\n  {select};\nEND",
            )
        )
    for definition in catalogue.definitions:
        if definition.source is source:
            for case, condition, body in _cases(compiler, definition):
                name = internal(f"{definition.name}_{case}")
                statements.append(
                    Statement(
                        "trigger",
                        name,
                        f"CREATE TRIGGER {q(name)} INSTEAD OF INSERT ON {q(view)}\n"
                        f"WHEN {condition}\nBEGIN\n  {body}\nEND",
                    )
                )
    return statements


def _cases(compiler: Compiler, definition: Definition) -> Iterator[tuple[str, str, str]]:
    """What an entry does to a definition: name, condition and body of each case."""
    source = definition.source

    def render(expression: Expression, side: str) -> str:
        names = (source.log_key, *(fact.name for fact in source.facts))
        return compiler.render(expression, {name: f"NEW.{side}_{name}" for name in names})

    def holds(side: str) -> str:
        exists = f"NEW.{side}_{source.log_key} IS NOT NULL"
        if definition.filter is None:
            return exists
        return f"{exists} AND {render(definition.filter.expression, side)}"

    parts = definition.dimensions
    if isinstance(definition, Listing):
        parts += definition.attributes
    # The last dimensions are those that a completed run changes.
    same = " AND ".join(
        f"{render(part.expression, 'old')} = {render(part.expression, 'new')}"
        for part in reversed(parts)
    )
    key = {
        side: [render(dimension.expression, side) for dimension in definition.dimensions]
        for side in ("old", "new")
    }
    if isinstance(definition, Listing):
        yield from _listing_cases(compiler, definition, render, holds, same, key)
    else:
        yield from _aggregate_cases(compiler, definition, render, holds, same, key)


Render = Callable[[Expression, str], str]
Case = tuple[str, str, str]


def _listing_cases(
    compiler: Compiler,
    listing: Listing,
    render: Render,
    holds: Callable[[str], str],
    same: str,
    key: dict[str, list[str]],
) -> Iterator[Case]:
    keys = compiler.columns(listing.key)
    attributes = [compiler.quote(one.name) for one in listing.attributes]
    values = [*key["new"], *(render(one.expression, "new") for one in listing.attributes)]
    updates = ", ".join(f"{name} = excluded.{name}" for name in attributes)
    columns = ", ".join([keys, *attributes])
    insert = (
        f"INSERT INTO {compiler.quote(listing.name)} ({columns})\n  VALUES ({', '.join(values)})\n"
        f"  ON CONFLICT ({keys}) DO " + (f"UPDATE SET {updates};" if updates else "NOTHING;")
    )
    delete = (
        f"DELETE FROM {compiler.quote(listing.name)}"
        f"\n  WHERE {_equal(compiler, listing.key, key['old'])}"
    )
    stays = " AND ".join(f"{old} = {new}" for old, new in zip(key["old"], key["new"], strict=True))
    yield "plus", f"{holds('new')}\n  AND ({holds('old')}) IS NOT 1", insert
    yield "minus", f"{holds('old')}\n  AND ({holds('new')}) IS NOT 1", f"{delete};"
    # One trigger, so that the new row is there when what depends on the listing looks for it.
    moved = f"{holds('old')} AND {holds('new')}\n  AND NOT ({same})"
    yield "move", moved, f"{insert}\n  {delete} AND NOT ({stays});"


def _aggregate_cases(
    compiler: Compiler,
    aggregate: Aggregate,
    render: Render,
    holds: Callable[[str], str],
    same: str,
    key: dict[str, list[str]],
) -> Iterator[Case]:
    q = compiler.quote
    target = q(aggregate.name)
    keys = compiler.columns(aggregate.key)
    measures = [q(measure.name) for measure in aggregate.measures]
    of = {
        side: [render(measure.expression, side) for measure in aggregate.measures]
        for side in ("old", "new")
    }
    stays = f"({holds('old')} AND {holds('new')}\n    AND {same})"
    starts = {extreme.name: "NEW.new_start" for extreme in aggregate.extremes}
    later = "max(coalesce({0}, ''), {1})".format
    touched = q(aggregate.touched) if aggregate.touched else ""

    def upsert(side: str, values: list[str], extremes: dict[str, str]) -> str:
        columns = [keys, *measures, *map(q, extremes), *filter(None, [touched])]
        new = [*key[side], *values, *extremes.values()] + ["NEW.updated_at"] * bool(touched)
        updates = [f"{name} = {name} + excluded.{name}" for name in measures]
        updates += [
            f"{q(one.name)} = {_extreme(one, q(one.name), f'excluded.{q(one.name)}')}"
            for one in aggregate.extremes
            if one.name in extremes
        ]
        updates += [f"{touched} = {later(touched, f'excluded.{touched}')}"] if touched else []
        return (
            f"INSERT INTO {target} ({', '.join(columns)})\n  VALUES ({', '.join(new)})\n"
            f"  ON CONFLICT ({keys}) DO UPDATE SET {', '.join(updates)};"
        )

    yield "plus", f"{holds('new')}\n  AND {stays} IS NOT 1", upsert("new", of["new"], starts)
    yield (
        "minus",
        f"{holds('old')}\n  AND {stays} IS NOT 1",
        upsert("old", [f"-({value})" for value in of["old"]], {})
        + f"\n  DELETE FROM {target} WHERE {_equal(compiler, aggregate.key, key['old'])}"
        f"\n    AND {zero(compiler, aggregate)};",
    )
    differing = [
        (name, old, new)
        for name, old, new in zip(measures, of["old"], of["new"], strict=True)
        if old.replace("NEW.old_", "NEW.new_") != old
    ]
    if not differing:
        return
    updates = [f"{name} = {name} + ({new}) - ({old})" for name, old, new in differing]
    updates += [
        f"{q(one.name)} = {_extreme(one, q(one.name), starts[one.name])}"
        for one in aggregate.extremes
    ]
    updates += [f"{touched} = {later(touched, 'NEW.updated_at')}"] if touched else []
    differs = " OR ".join(f"{old} <> {new}" for _, old, new in differing)
    condition = stays if touched else f"{stays}\n  AND ({differs})"
    where = _equal(compiler, aggregate.key, key["new"])
    yield "change", condition, f"UPDATE {target} SET {', '.join(updates)}\n  WHERE {where};"


def _equal(compiler: Compiler, names: tuple[str, ...], values: list[str]) -> str:
    return " AND ".join(
        f"{compiler.quote(name)} = {value}" for name, value in zip(names, values, strict=True)
    )


def _extreme(extreme: Extreme, stored: str, value: str) -> str:
    better = "<" if extreme.function == "min" else ">"
    return f"CASE WHEN {stored} IS NULL OR {value} {better} {stored} THEN {value} ELSE {stored} END"


def _sweep_row(compiler: Compiler, aggregate: Aggregate, naming: Naming, values: str) -> str:
    keys = compiler.columns(aggregate.key)
    return (
        f"DELETE FROM {compiler.quote(naming(aggregate.name))}"
        f" WHERE ({keys}) = ({values}) AND {zero(compiler, aggregate)}"
    )


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
        f"CREATE TABLE {DESCRIPTIONS} (\n  table_name TEXT NOT NULL,\n"
        "  column_name TEXT NOT NULL,\n  description TEXT NOT NULL,\n"
        "  PRIMARY KEY (table_name, column_name)\n)",
    )
    rows = ",\n  ".join(
        "(" + ", ".join("'" + text.replace("'", "''") + "'" for text in entry) + ")"
        for entry in dictionary(catalogue)
    )
    yield Statement("data", DESCRIPTIONS, f"INSERT INTO {DESCRIPTIONS} VALUES\n  {rows}")
