"""Tables of the definitions, and triggers that post each entry of the log to them.

For each entry a trigger computes the facts once, and how they change each definition, and hands
them to a view, as a call with arguments; two small INSTEAD OF triggers for each definition do the
arithmetic. Small ones are cheaper than one that does it all: SQLite sets up the whole of a trigger
program, whatever of it runs, and frees it when the statement ends; above 128 KB in all, the C
library gives the memory back to the system each time, which takes longer than all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aggregates.engines.base import Compiler, Naming, itself
from aggregates.engines.sqlite import views
from aggregates.engines.sqlite.constructs import BOUNDS
from aggregates.engines.sqlite.facts import SIDES, Values, deepest, stages
from aggregates.frozen.statements import Statement
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Definition,
    Expression,
    Listing,
    Part,
    Source,
    references,
)
from aggregates.model.dictionary import dictionary

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
        *(views.view(compiler, view) for view in catalogue.views),
        *_descriptions(catalogue),
    ]


def table(
    compiler: Compiler, definition: Definition, naming: Naming = itself, schema: str = ""
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
        columns += [f"{q(column.name)} {column.type}" for column in definition.unverified]
    columns.append(f"PRIMARY KEY ({compiler.columns(definition.key)})")
    # One tree instead of two: SQLite keeps a copy of each page that a statement's triggers change,
    # in a file as soon as they are more than 15.
    body = ",\n  ".join(columns)
    sql = f"CREATE TABLE {within(schema)}{q(name)} (\n  {body}\n) WITHOUT ROWID"
    yield Statement("table", name, sql)


def cascades(
    compiler: Compiler, catalogue: Catalogue, naming: Naming = itself, schema: str = ""
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
            name = naming(internal(f"{aggregate.name}_of_{on}_{event.lower()}"))
            when = f"\nWHEN {condition}" if condition else ""
            sql = (
                f"CREATE TRIGGER {within(schema)}{q(name)} AFTER {event} ON {q(naming(on))}{when}\n"
                f"BEGIN\n  {body}\nEND"
            )
            return Statement("trigger", name, sql)

        for count in aggregate.distinct_counts:
            if schema and catalogue.is_recounted(aggregate, count):
                continue  # a recomputation counts again by itself
            counted, column = q(count.counted), q(count.name)
            paired = catalogue[count.pairs].key
            for event, row, step in (("INSERT", "NEW", "1"), ("DELETE", "OLD", "-1")):
                values = ", ".join(
                    f"{row}.{q(one.name)}"
                    if one.name in paired
                    else compiler.render(one.expression, {})
                    for one in aggregate.dimensions
                )
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


def within(schema: str) -> str:
    """What stands before the name of an object of a schema; nothing in frozen SQL."""
    return f"{schema}." if schema else ""


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
    definitions = [one for one in catalogue.definitions if one.source is source and one.is_posted]
    wanted = frozenset[str]().union(*(one.reads for one in definitions))
    facts = {side: deepest(compiler, source, side) for side in SIDES}
    codes = {_posts(one): _how(compiler, one, facts) for one in definitions}
    last = {"updated_at": "NEW.updated_at", "seq": "NEW.seq"} | codes
    last |= {f"{side}_{name}": facts[side][name] for side in SIDES for name in sorted(wanted)}
    calls = [*stages(compiler, source, wanted), last]
    views = [f"{source.prefix}_facts_{number}" for number in range(1, len(calls))]
    views.append(posting_view(source))
    events = [f"AFTER INSERT ON {compiler.quote(source.log)}"]
    events += [f"INSTEAD OF INSERT ON {compiler.quote(view)}" for view in views]
    return [
        *(_view(compiler, view, values) for view, values in zip(views, calls, strict=True)),
        *(
            _call(compiler, f"{source.prefix}_post_{number}", event, view, values)
            for number, (event, view, values) in enumerate(
                zip(events, views, calls, strict=False), 1
            )
        ),
        *_cases(compiler, catalogue, source, definitions),
    ]


def _view(compiler: Compiler, name: str, values: Values) -> Statement:
    """A view that takes values as a call takes arguments."""
    columns, nulls = compiler.columns(tuple(values)), ", ".join(["NULL"] * len(values))
    sql = f"CREATE VIEW {compiler.quote(name)} (\n  {columns}\n) AS SELECT {nulls}"
    return Statement("view", name, sql)


def _call(compiler: Compiler, name: str, event: str, view: str, values: Values) -> Statement:
    """The trigger that calls a view."""
    computed = ",\n  ".join(values.values())
    return Statement(
        "trigger",
        name,
        f"CREATE TRIGGER {compiler.quote(name)} {event}\nBEGIN\n"
        f"  INSERT INTO {compiler.quote(view)} VALUES (\n  {computed});\nEND",
    )


def posting_view(source: Source) -> str:
    """The view that takes the facts of an entry, and how it changes each definition."""
    return f"{source.prefix}_posting"


def _posts(definition: Definition) -> str:
    """Name of the argument that says how an entry changes a definition.

    0: not at all; 1: the new row is added; 2: the old one is subtracted; 3: both, under different
    keys; 4: the difference is added, under one key.
    """
    return f"{definition.name.removeprefix('_aggregates_')}_posts"


def _how(compiler: Compiler, definition: Definition, facts: dict[str, Values]) -> str:
    """How an entry changes a definition; see `_posts`."""

    def of(side: str, expression: Expression) -> str:
        return compiler.render(expression, facts[side])

    def compared(operator: str, expression: Expression) -> str:
        return f"{of('old', expression)} {operator} {of('new', expression)}"

    holds = {side: f"NEW.{side}_exists" for side in SIDES}
    if definition.filter:
        for side, exists in holds.items():
            holds[side] = f"({exists} AND {of(side, definition.filter.expression)})"
    parts: tuple[Part, ...] = definition.dimensions
    parts += definition.attributes if isinstance(definition, Listing) else ()
    # The last dimensions are those that a completed run changes.
    same = [compared("=", part.expression) for part in reversed(parts)]
    difference = "0"
    if isinstance(definition, Aggregate):
        differ = [
            compared("<>", measure.expression)
            for measure in definition.measures
            if references(measure.expression)
        ]
        difference = f"CASE WHEN {' OR '.join(differ)} THEN 4 ELSE 0 END" if differ else "0"
        difference = "4" if definition.latest else difference
    return (
        f"CASE WHEN {' AND '.join([*holds.values(), *same])}\n    THEN {difference}"
        f" ELSE {holds['new']} + 2 * {holds['old']} END"
    )


def _cases(
    compiler: Compiler, catalogue: Catalogue, source: Source, definitions: list[Definition]
) -> Iterator[Statement]:
    """The triggers that add to and subtract from definitions.

    One adds to most and one subtracts from most; a definition from whose table triggers go on has
    two of its own, as SQLite would collect the rows of an INSERT ... SELECT into it first.
    """

    def trigger(name: str, condition: str, bodies: Iterable[str]) -> Statement:
        name = internal(name)
        when = f"\nWHEN {condition}" if condition else ""
        body = "\n  ".join(bodies)
        return Statement(
            "trigger",
            name,
            f"CREATE TRIGGER {compiler.quote(name)} INSTEAD OF INSERT ON"
            f" {compiler.quote(posting_view(source))}{when}\nBEGIN\n  {body}\nEND",
        )

    carried_on = {name for one in catalogue.aggregates() for name in one.needs}
    together = [one for one in definitions if one.name not in carried_on]
    yield trigger(f"{source.name}_plus", "", (_plus(compiler, one, _adds(one)) for one in together))
    yield trigger(
        f"{source.name}_minus",
        " OR ".join(map(_subtracts, together)),
        (_minus(compiler, one, _subtracts(one)) for one in together),
    )
    for one in definitions:
        if one.name in carried_on:
            yield trigger(f"{one.name}_plus", _adds(one), [_plus(compiler, one)])
            yield trigger(f"{one.name}_minus", _subtracts(one), [_minus(compiler, one)])


def posting_of(
    compiler: Compiler, catalogue: Catalogue, definition: Definition
) -> list[tuple[str, str]]:
    """The pieces that one definition has in the triggers of all, with a heading each."""
    facts = {side: deepest(compiler, definition.source, side) for side in SIDES}
    code = ("code of an entry", _how(compiler, definition, facts))
    if any(definition.name in one.needs for one in catalogue.aggregates()):
        return [code]
    plus, minus = (
        _plus(compiler, definition, _adds(definition)),
        _minus(compiler, definition, _subtracts(definition)),
    )
    return [code, ("what adds", plus.rstrip(";")), ("what subtracts", minus.rstrip(";"))]


def _adds(definition: Definition) -> str:
    return f"NEW.{_posts(definition)} NOT IN (0, 2)"


def _subtracts(definition: Definition) -> str:
    codes = "= 2" if isinstance(definition, Listing) else "IN (2, 3)"
    return f"NEW.{_posts(definition)} {codes}"


def _plus(compiler: Compiler, definition: Definition, condition: str = "") -> str:
    """What adds the new row, or the difference; with a condition, only where it holds."""
    keys = compiler.columns(definition.key)
    key = [_argument(compiler, definition, part, "new") for part in definition.dimensions]
    columns, updates = (
        _new_attributes(compiler, definition)
        if isinstance(definition, Listing)
        else _differences(compiler, definition)
    )
    values = ",\n    ".join([", ".join(key), *columns.values()])
    row = f"SELECT {values}\n  WHERE {condition}" if condition else f"VALUES ({values})"
    upsert = (
        f"INSERT INTO {compiler.quote(definition.name)} ({', '.join([keys, *columns])})\n  {row}\n"
        f"  ON CONFLICT ({keys}) DO "
        + (f"UPDATE SET\n    {', '.join(updates)};" if updates else "NOTHING;")
    )
    if not isinstance(definition, Listing):
        return upsert
    # The new row is there when what depends on the listing looks for it as the old one goes.
    old = [_argument(compiler, definition, part, "old") for part in definition.dimensions]
    stays = " AND ".join(f"{before} = {now}" for before, now in zip(old, key, strict=True))
    moved = f"NEW.{_posts(definition)} = 3 AND NOT ({stays})"
    return f"{upsert}\n  {_minus(compiler, definition, moved)}"


def _minus(compiler: Compiler, definition: Definition, condition: str = "") -> str:
    """What subtracts the old row; with a condition, only where it holds."""
    target = compiler.quote(definition.name)
    key = (
        f"{compiler.quote(part.name)} = {_argument(compiler, definition, part, 'old')}"
        for part in definition.dimensions
    )
    where = " AND ".join([*filter(None, [condition]), *key])
    if isinstance(definition, Listing):
        return f"DELETE FROM {target}\n  WHERE {where};"
    less = [
        f"{compiler.quote(measure.name)} = {compiler.quote(measure.name)}"
        f" - {_operand(_argument(compiler, definition, measure, 'old'))}"
        for measure in definition.measures
    ]
    for latest in definition.latest:
        name = compiler.quote(latest.name)
        less.append(f"{name} = coalesce(max({name}, NEW.{latest.of}), NEW.{latest.of})")
    return (
        f"UPDATE {target} SET {', '.join(less)}\n  WHERE {where};\n"
        f"  DELETE FROM {target} WHERE {where}\n    AND {zero(compiler, definition)};"
    )


def _argument(compiler: Compiler, definition: Definition, part: Part, side: str) -> str:
    source = definition.source
    names = (source.log_key, *(fact.name for fact in source.facts))
    return compiler.render(part.expression, {name: f"NEW.{side}_{name}" for name in names})


def _operand(sql: str) -> str:
    """An expression that a minus may stand before."""
    return sql if re.fullmatch(r"[\w.]+|\w+\([^()]*\)", sql) else f"({sql})"


def _new_attributes(compiler: Compiler, listing: Listing) -> tuple[dict[str, str], list[str]]:
    """SQL of the columns beside the key, and what an upsert sets."""
    columns = {
        compiler.quote(one.name): _argument(compiler, listing, one, "new")
        for one in listing.attributes
    }
    return columns, [f"{name} = excluded.{name}" for name in columns]


def _differences(compiler: Compiler, aggregate: Aggregate) -> tuple[dict[str, str], list[str]]:
    """SQL of what is added to the columns beside the key, and what an upsert sets."""
    q = compiler.quote
    posts = f"NEW.{_posts(aggregate)}"
    columns = {}
    for measure in aggregate.measures:
        old, new = (
            _operand(_argument(compiler, aggregate, measure, side)) for side in ("old", "new")
        )
        columns[q(measure.name)] = (
            f"CASE {posts} WHEN 4 THEN 0 ELSE {new} END"
            if old == new
            else f"{new} - CASE {posts} WHEN 4 THEN {old} ELSE 0 END"
        )
    updates = [f"{name} = {name} + excluded.{name}" for name in columns]
    for extreme in aggregate.extremes:
        name, better = q(extreme.name), "<" if extreme.function == "min" else ">"
        columns[name] = f"NEW.new_{extreme.fact}"
        updates.append(
            f"{name} = CASE WHEN {name} IS NULL OR excluded.{name} {better} {name}"
            f" THEN excluded.{name} ELSE {name} END"
        )
    for latest in aggregate.latest:
        name = q(latest.name)
        columns[name] = f"NEW.{latest.of}"
        updates.append(f"{name} = coalesce(max({name}, excluded.{name}), excluded.{name})")
    return columns, updates


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
