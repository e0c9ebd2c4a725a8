"""Tables of the definitions, and triggers that post each entry of the log to them.

For each entry a trigger computes the facts once, and how they change each definition, and hands
them to a view, as a call with arguments; two small INSTEAD OF triggers for each definition do the
arithmetic. Small ones are cheaper than one that does it all: SQLite sets up the whole of a trigger
program, whatever of it runs, and frees it when the statement ends; above 128 KB in all, the C
library gives the memory back to the system each time, which takes longer than all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aggregates.compiler.base import Compiler, Naming, Statement, itself
from aggregates.compiler.sqlite.constructs import BOUNDS, ONCE
from aggregates.compiler.sqlite.facts import of_entry
from aggregates.compiler.sqlite.ledger import OPERATIONS, entry_view
from aggregates.definition import (
    Aggregate,
    Catalogue,
    Definition,
    Expression,
    Listing,
    Part,
    Source,
    references,
)
from aggregates.dictionary import dictionary

DESCRIPTIONS = "aggregate_descriptions"
TOTALS = "aggregate_totals"


def tables(compiler: Compiler, catalogue: Catalogue) -> list[Statement]:
    """Tables, views and descriptions of all definitions, and what keeps one by another."""
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
    """The table of one definition."""
    q = compiler.quote
    name = naming(definition.name)
    columns = [f"{q(dimension.name)} {dimension.type}" for dimension in definition.dimensions]
    if isinstance(definition, Listing):
        columns += [f"{q(one.name)} {one.type}" for one in definition.attributes]
    else:
        columns += [f"{q(name)} INTEGER DEFAULT 0" for name in definition.counts]
        columns += [f"{q(extreme.name)} TEXT" for extreme in definition.extremes]
        columns += [f"{q(definition.touched)} TEXT"] if definition.touched else []
    columns.append(f"PRIMARY KEY ({compiler.columns(definition.key)})")
    # One tree instead of two: SQLite keeps a copy of each page that a statement's triggers change,
    # in a file as soon as they are more than 15.
    body = ",\n  ".join(columns)
    sql = f"CREATE {temporary}TABLE {q(name)} (\n  {body}\n) WITHOUT ROWID"
    yield Statement("table", name, sql)


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
    """The triggers that compute an entry's facts, and those that post them."""
    q = compiler.quote
    definitions = [one for one in catalogue.definitions if one.source is source]
    facts, _ = of_entry(compiler, source, ("old", "new"))
    columns = ["updated_at", *(_posts(one) for one in definitions), *facts]
    view = posting_view(source)
    nulls = ", ".join(["NULL"] * len(columns))
    names = ",\n  ".join(columns)
    return [
        Statement("view", view, f"CREATE VIEW {q(view)} (\n  {names}\n) AS SELECT {nulls}"),
        *(_call(compiler, source, definitions, operation) for operation in OPERATIONS),
        *(trigger for one in definitions for trigger in _cases(compiler, one)),
    ]


def posting_view(source: Source) -> str:
    """The view that takes the facts of an entry, and how it changes each definition."""
    return f"{source.prefix}_posting"


def _posts(definition: Definition) -> str:
    """Name of the argument that says how an entry changes a definition.

    0: not at all; 1: the new row is added; 2: the old one is subtracted; 3: both, under different
    keys; 4: the difference is added, under one key.
    """
    return f"{definition.name.removeprefix('_aggregates_')}_posts"


def _call(
    compiler: Compiler, source: Source, definitions: list[Definition], operation: str
) -> Statement:
    q = compiler.quote
    sides = OPERATIONS[operation]
    facts, select = of_entry(compiler, source, sides)
    posts = {_posts(one): _how(compiler, one, sides) for one in definitions}
    computed = ",\n  ".join(posts.values())
    name = f"{source.prefix}_post_{operation}"
    return Statement(
        "trigger",
        name,
        f"CREATE TRIGGER {q(name)} INSTEAD OF INSERT ON {q(entry_view(source, operation))}\n"
        f"BEGIN\n  INSERT INTO {q(posting_view(source))} (updated_at,\n  {', '.join(posts)},\n"
        f"  {', '.join(facts)})\n"
        f"  SELECT NEW.updated_at,\n  {computed},\n  {', '.join(facts)}\n"
        f"  FROM ({select} {ONCE});\nEND",
    )


def _how(compiler: Compiler, definition: Definition, sides: tuple[str, ...]) -> str:
    """How an entry with these sides changes a definition; see `_posts`."""
    holds = {
        side: _render(compiler, definition, definition.filter.expression, side)
        if definition.filter
        else "1"
        for side in sides
    }
    if len(sides) == 1:
        (side,) = sides
        code = 1 if side == "new" else 2
        return f"CASE WHEN {holds[side]} THEN {code} ELSE 0 END" if definition.filter else str(code)
    parts: tuple[Part, ...] = definition.dimensions
    parts += definition.attributes if isinstance(definition, Listing) else ()
    # The last dimensions are those that a completed run changes.
    same = [_changes(compiler, definition, part.expression, "=") for part in reversed(parts)]
    both = [holds["old"], holds["new"]] if definition.filter else []
    difference = "0"
    if isinstance(definition, Aggregate):
        differ = [
            _changes(compiler, definition, measure.expression, "<>")
            for measure in definition.measures
            if references(measure.expression)
        ]
        difference = f"CASE WHEN {' OR '.join(differ)} THEN 4 ELSE 0 END" if differ else "0"
        difference = "4" if definition.touched else difference
    moved = f"({holds['new']}) + 2 * ({holds['old']})" if definition.filter else "3"
    return f"CASE WHEN {' AND '.join([*both, *same])}\n    THEN {difference} ELSE {moved} END"


def _render(compiler: Compiler, definition: Definition, expression: Expression, side: str) -> str:
    """An expression over the facts of one side."""
    source = definition.source
    names = (source.log_key, *(fact.name for fact in source.facts))
    return compiler.render(expression, {name: f"{side}_{name}" for name in names})


def _changes(
    compiler: Compiler, definition: Definition, expression: Expression, operator: str
) -> str:
    old, new = (_render(compiler, definition, expression, side) for side in ("old", "new"))
    return f"{old} {operator} {new}"


def _cases(compiler: Compiler, definition: Definition) -> Iterator[Statement]:
    """The triggers that add to and subtract from a definition."""
    view = posting_view(definition.source)
    posts = f"NEW.{_posts(definition)}"
    if isinstance(definition, Listing):
        plus, minus = _listing_bodies(compiler, definition)
        subtracts = f"{posts} = 2"
    else:
        plus, minus = _aggregate_bodies(compiler, definition, posts)
        subtracts = f"{posts} IN (2, 3)"
    for case, condition, body in (
        ("plus", f"{posts} NOT IN (0, 2)", plus),
        ("minus", subtracts, minus),
    ):
        name = internal(f"{definition.name}_{case}")
        yield Statement(
            "trigger",
            name,
            f"CREATE TRIGGER {compiler.quote(name)} INSTEAD OF INSERT ON {compiler.quote(view)}\n"
            f"WHEN {condition}\nBEGIN\n  {body}\nEND",
        )


def _argument(compiler: Compiler, definition: Definition, part: Part, side: str) -> str:
    source = definition.source
    names = (source.log_key, *(fact.name for fact in source.facts))
    return compiler.render(part.expression, {name: f"NEW.{side}_{name}" for name in names})


def _operand(sql: str) -> str:
    """An expression that a minus may stand before."""
    return sql if re.fullmatch(r"[\w.]+|\w+\([^()]*\)", sql) else f"({sql})"


def _listing_bodies(compiler: Compiler, listing: Listing) -> tuple[str, str]:
    key = {
        side: [_argument(compiler, listing, part, side) for part in listing.dimensions]
        for side in ("old", "new")
    }
    keys = compiler.columns(listing.key)
    attributes = [compiler.quote(one.name) for one in listing.attributes]
    values = [
        *key["new"],
        *(_argument(compiler, listing, one, "new") for one in listing.attributes),
    ]
    updates = ", ".join(f"{name} = excluded.{name}" for name in attributes)
    insert = (
        f"INSERT INTO {compiler.quote(listing.name)} ({', '.join([keys, *attributes])})\n"
        f"  VALUES ({', '.join(values)})\n"
        f"  ON CONFLICT ({keys}) DO " + (f"UPDATE SET {updates};" if updates else "NOTHING;")
    )
    delete = (
        f"DELETE FROM {compiler.quote(listing.name)}"
        f"\n  WHERE {_equal(compiler, listing.key, key['old'])}"
    )
    stays = " AND ".join(f"{old} = {new}" for old, new in zip(key["old"], key["new"], strict=True))
    # The new row is there when what depends on the listing looks for it as the old one goes.
    return f"{insert}\n  {delete} AND NOT ({stays});", f"{delete};"


def _aggregate_bodies(compiler: Compiler, aggregate: Aggregate, posts: str) -> tuple[str, str]:
    q = compiler.quote
    target = q(aggregate.name)
    keys = compiler.columns(aggregate.key)
    key = {
        side: [_argument(compiler, aggregate, part, side) for part in aggregate.dimensions]
        for side in ("old", "new")
    }
    measures = {
        q(measure.name): {
            side: _operand(_argument(compiler, aggregate, measure, side)) for side in ("old", "new")
        }
        for measure in aggregate.measures
    }

    def difference(of: dict[str, str]) -> str:
        if of["old"] == of["new"]:
            return f"CASE {posts} WHEN 4 THEN 0 ELSE {of['new']} END"
        return f"{of['new']} - CASE {posts} WHEN 4 THEN {of['old']} ELSE 0 END"

    columns = {name: difference(of) for name, of in measures.items()}
    updates = [f"{name} = {name} + excluded.{name}" for name in measures]
    for extreme in aggregate.extremes:
        name, better = q(extreme.name), "<" if extreme.function == "min" else ">"
        columns[name] = f"NEW.new_{extreme.fact}"
        updates.append(
            f"{name} = CASE WHEN {name} IS NULL OR excluded.{name} {better} {name}"
            f" THEN excluded.{name} ELSE {name} END"
        )
    later = ""
    if aggregate.touched:
        name = q(aggregate.touched)
        columns[name] = "NEW.updated_at"
        updates.append(f"{name} = max(coalesce({name}, ''), excluded.{name})")
        later = f", {name} = max(coalesce({name}, ''), NEW.updated_at)"
    values = ",\n    ".join(columns.values())
    plus = (
        f"INSERT INTO {target} ({keys},\n    {', '.join(columns)})\n"
        f"  VALUES ({', '.join(key['new'])},\n    {values})\n"
        f"  ON CONFLICT ({keys}) DO UPDATE SET\n    {', '.join(updates)};"
    )
    less = ", ".join(f"{name} = {name} - {of['old']}" for name, of in measures.items())
    where = _equal(compiler, aggregate.key, key["old"])
    minus = (
        f"UPDATE {target} SET {less}{later}\n  WHERE {where};\n"
        f"  DELETE FROM {target} WHERE {where}\n    AND {zero(compiler, aggregate)};"
    )
    return plus, minus


def _equal(compiler: Compiler, names: tuple[str, ...], values: list[str]) -> str:
    return " AND ".join(
        f"{compiler.quote(name)} = {value}" for name, value in zip(names, values, strict=True)
    )


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
    yield Statement("data", DESCRIPTIONS, f"INSERT OR REPLACE INTO {DESCRIPTIONS} VALUES\n  {rows}")
