"""What keeps runs of a table of another shape, and what they should be.

Nothing is added up here. Whatever a write does to a row, its key is *refreshed*: what is kept of it
is made again from the row as it then is. So it does not matter how often that happens, nor in which
order triggers run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aggregates.engines.base import (
    SLICE,
    Bounded,
    DriverConnection,
    MappedComparison,
    MappedTable,
    quote,
)
from aggregates.engines.sqlite import adoption
from aggregates.engines.sqlite.calls import call, callee, on_call, trigger
from aggregates.engines.sqlite.mapped_values import chosen, columns_of_run, holds, text_of
from aggregates.engines.tables import MAPPED_KEY, MAPPED_PREFIX
from aggregates.errors import UnfitTable
from aggregates.frozen.shapes import ADDED, is_added, shape_of
from aggregates.frozen.statements import Statement
from aggregates.model.mapping import OF_THE_END, Events, TableMapping
from aggregates.model.sources import agent_invocations

_RUNS, _REFRESH = f"{MAPPED_PREFIX}_runs", f"{MAPPED_PREFIX}_refresh"
_EVENTS, _PUT = f"{MAPPED_PREFIX}_events", f"{MAPPED_PREFIX}_put"
_CLASHES = f"{MAPPED_PREFIX}_clashes"
_SETTLED = f"DELETE FROM {_CLASHES} WHERE key IS NOT NULL;"
_TABLE = agent_invocations.name
_SHAPE = shape_of(agent_invocations)


def mapped(connection: DriverConnection, mapping: TableMapping) -> MappedTable:
    """What keeps the runs of a table. Raises UnfitTable where it is not as the mapping says."""
    if mapping.is_in_place:
        return _InPlace(connection, mapping).mapped()
    if mapping.events is not None:
        return _Pairs(connection, mapping, mapping.events).mapped()
    return _Rows(connection, mapping).mapped()


class _Rows:
    """A row is a run, which is kept in an `agent_invocations` of ours."""

    def __init__(self, connection: DriverConnection, mapping: TableMapping) -> None:
        self.compiler = connection.compiler
        self.mapping = mapping
        self.table, self.key = quote(mapping.table), quote(mapping.key)
        self.clashes = _checked(connection, mapping)
        self.run = columns_of_run(self.compiler, mapping, self.row_of)
        self.columns = tuple(self.run)
        self.listed = ", ".join(self.columns)

    def row_of(self, field: str) -> str:
        return "theirs"

    def mapped(self) -> MappedTable:
        rows = f"FROM main.{self.table} WHERE {self.key} IS NOT NULL"
        return MappedTable(
            mapping=self.mapping,
            making=tuple(self.making()),
            statements=tuple(self.statements()),
            end_slice=_bounded(
                lambda within: (
                    f"UPDATE temp.{SLICE} SET (upto, rows) = (SELECT max(k), count(*) FROM"
                    f" (SELECT {self.key} AS k {rows} AND {within(self.key)}"
                    f" ORDER BY {self.key} LIMIT :rows))"
                )
            ),
            refresh=_bounded(
                lambda within: (
                    f"INSERT INTO main.{_REFRESH} SELECT {self.key} {rows} AND {within(self.key)}"
                )
            ),
            refresh_one=f"INSERT INTO main.{_REFRESH} VALUES (?)",
            comparisons=tuple(self.comparisons()),
        )

    def making(self) -> Iterator[str]:
        """What makes the table of runs; no references, as a writer may have them checked."""
        types = {"duration_seconds": "REAL"}
        kept = [one.name for one in agent_invocations.tracked]
        kept += dict.fromkeys(one.column for one in agent_invocations.extracted)
        columns = ", ".join(f"{name} {types.get(name, 'TEXT')}" for name in kept)
        yield f"CREATE TABLE {_TABLE} (id INTEGER PRIMARY KEY, {columns}, {MAPPED_KEY} UNIQUE)"

    def selected(self) -> str:
        """The runs, as they should be."""
        columns = "".join(f",\n{sql} AS {name}" for name, sql in self.run.items())
        conditions = [f"theirs.{self.key} IS NOT NULL"]
        conditions += holds(self.compiler, self.mapping.where, "theirs")
        return (
            f"SELECT theirs.{self.key} AS {MAPPED_KEY}{columns}\nFROM {self.table} AS theirs"
            f"\nWHERE {' AND '.join(conditions)}"
        )

    def statements(self) -> Iterator[Statement]:
        yield Statement("view", _RUNS, f"CREATE VIEW {_RUNS} AS {self.selected()}")
        yield from self.refreshing()
        yield from self.clashing()
        yield from self.writes()

    def refreshing(self) -> Iterator[Statement]:
        yield callee(self.compiler, _REFRESH, ["key"])
        yield self.putting(_REFRESH)

    def putting(self, view: str) -> Statement:
        """What makes the run of a key what it should be."""
        run = f"FROM {_RUNS} WHERE {MAPPED_KEY} = NEW.key"
        settings = ", ".join(f"{name} = excluded.{name}" for name in self.columns)
        excluded = ", ".join(f"excluded.{name}" for name in self.columns)
        return trigger(
            self.compiler,
            f"{view}_run",
            on_call(self.compiler, view),
            "",
            [
                f"DELETE FROM {_TABLE} WHERE {MAPPED_KEY} = NEW.key"
                f" AND NOT EXISTS (SELECT 1 {run});",
                f"INSERT INTO {_TABLE} ({MAPPED_KEY}, {self.listed})"
                f" SELECT {MAPPED_KEY}, {self.listed} {run}"
                f" ON CONFLICT ({MAPPED_KEY}) DO UPDATE SET {settings}"
                f" WHERE ({self.listed}) IS NOT ({excluded});",
            ],
        )

    def clashing(self) -> Iterator[Statement]:
        """Keys of rows that REPLACE may take away, for which no DELETE trigger fires."""
        if not self.clashes:
            return
        clash = f"FROM {self.table} AS clash WHERE ({' OR '.join(self.clashes)})"
        yield Statement("table", _CLASHES, f"CREATE TABLE {_CLASHES} (key)")
        other = f" AND clash.{self.key} IS NOT OLD.{self.key}"
        for event, more in (("INSERT", ""), ("UPDATE", other)):
            yield trigger(
                self.compiler,
                f"{MAPPED_PREFIX}_before_{event.lower()}",
                f"BEFORE {event} ON {self.table}",
                f"EXISTS (SELECT 1 {clash}{more})",
                [f"INSERT INTO {_CLASHES} SELECT clash.{self.key} {clash}{more};"],
            )

    def writes(self) -> Iterator[Statement]:
        # What a write that took nothing away has left there is refreshed in vain.
        settle = [f"INSERT OR ABORT INTO {_REFRESH} SELECT key FROM {_CLASHES};", _SETTLED]
        settle = settle if self.clashes else []
        moved = (
            f"INSERT OR ABORT INTO {_REFRESH} SELECT OLD.{self.key}"
            f" WHERE OLD.{self.key} IS NOT NEW.{self.key};"
        )
        old, new = (call(self.compiler, _REFRESH, [f"{row}.{self.key}"]) for row in ("OLD", "NEW"))
        for event, body in (
            ("INSERT", self.inserted(settle, new)),
            ("UPDATE", [*settle, moved, new]),
            ("DELETE", [old]),
        ):
            yield trigger(
                self.compiler,
                f"{MAPPED_PREFIX}_{event.lower()}",
                f"AFTER {event} ON {self.table}",
                self.concerns(event),
                body,
            )

    def inserted(self, settle: list[str], new: str) -> list[str]:
        """What a new row sets off: none of what changes a run, which its writer would compile."""
        gone = f"SELECT +NEW.{self.key}"
        if self.clashes:
            gone += (
                f" UNION ALL SELECT key FROM {_CLASHES} WHERE NOT EXISTS"
                f" (SELECT 1 FROM {self.table} AS theirs WHERE theirs.{self.key} = {_CLASHES}.key)"
            )
        return [
            f"DELETE FROM {_TABLE} WHERE {MAPPED_KEY} IN ({gone});",
            *settle[1:],
            f"INSERT INTO {_TABLE} ({MAPPED_KEY}, {self.listed}) SELECT {MAPPED_KEY}, {self.listed}"
            f" FROM {_RUNS} WHERE {MAPPED_KEY} = NEW.{self.key};",
        ]

    def concerns(self, event: str) -> str:
        """The condition under which a write can change a run; '' for always."""
        return ""

    def comparisons(self) -> Iterator[MappedComparison]:
        yield _comparison(self.selected(), _TABLE, MAPPED_KEY, self.columns)


class _Pairs(_Rows):
    """A run is an event, and the next one with the same values where that ends it.

    Which events there are, and what they have in common with others, lies in a table of ours: the
    next one is looked up in its index, as there may be none in theirs.
    """

    def __init__(self, connection: DriverConnection, mapping: TableMapping, events: Events) -> None:
        self.events = events
        super().__init__(connection, mapping)

    def row_of(self, field: str) -> str:
        return "ended" if field in OF_THE_END else "begun"

    def is_end(self, row: str) -> str:
        """Whether an event ends a run; NULL where it neither begins one nor ends one."""
        kinds = dict.fromkeys(self.events.begin, "0") | dict.fromkeys(self.events.end, "1")
        return chosen(self.compiler, self.events.kind, row, kinds)

    def selected_events(self) -> str:
        """The events, as they should be."""
        same = " || char(31) || ".join(
            text_of(self.compiler, value, "theirs") for value in self.events.same
        )
        conditions = [f"theirs.{self.key} IS NOT NULL"]
        conditions += holds(self.compiler, self.mapping.where, "theirs")
        return (
            "SELECT event, same, is_end\nFROM ("
            f"SELECT theirs.{self.key} AS event, {same} AS same, {self.is_end('theirs')} AS is_end"
            f"\nFROM {self.table} AS theirs\nWHERE {' AND '.join(conditions)})"
            "\nWHERE is_end IS NOT NULL"
        )

    def selected(self) -> str:
        columns = "".join(f",\n{sql} AS {name}" for name, sql in self.run.items())
        following = (
            f"SELECT CASE WHEN later.is_end THEN later.event END FROM {_EVENTS} AS later"
            " WHERE later.same = kept.same AND later.event > kept.event"
            " ORDER BY later.event LIMIT 1"
        )
        return (
            f"SELECT begun.{self.key} AS {MAPPED_KEY}{columns}\nFROM {_EVENTS} AS kept"
            f"\nJOIN {self.table} AS begun ON begun.{self.key} = kept.event"
            f"\nLEFT JOIN {self.table} AS ended ON ended.{self.key} = ({following})"
            f"\nWHERE kept.is_end = 0"
        )

    def refreshing(self) -> Iterator[Statement]:
        events = f"CREATE TABLE {_EVENTS} (event INTEGER PRIMARY KEY, same TEXT, is_end INTEGER)"
        yield Statement("table", _EVENTS, events)
        index = f"{_EVENTS}_by_same"
        yield Statement("index", index, f"CREATE INDEX {index} ON {_EVENTS} (same, event)")
        yield callee(self.compiler, _PUT, ["key"])
        yield self.putting(_PUT)
        for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
            earlier = (
                f"SELECT event FROM {_EVENTS} WHERE same = {row}.same AND event < {row}.event"
                " ORDER BY event DESC LIMIT 1"
            )
            yield trigger(
                self.compiler,
                f"{_EVENTS}_{event.lower()}",
                f"AFTER {event} ON {_EVENTS}",
                "",
                [f"INSERT OR ABORT INTO {_PUT} {earlier};"],
            )
        yield callee(self.compiler, _REFRESH, ["key"])
        yield trigger(
            self.compiler,
            f"{_REFRESH}_event",
            on_call(self.compiler, _REFRESH),
            "",
            [
                f"DELETE FROM {_EVENTS} WHERE event = NEW.key;",
                f"INSERT INTO {_EVENTS} {self.selected_events()} AND event = NEW.key;",
                call(self.compiler, _PUT, ["NEW.key"]),
            ],
        )

    def inserted(self, settle: list[str], new: str) -> list[str]:
        return [*settle, new]

    def concerns(self, event: str) -> str:
        rows = [row for row in ("OLD", "NEW") if event not in _HAS_NO[row]]
        tests = [f"{self.is_end('NEW')} IS NOT NULL"] if "NEW" in rows else []
        tests += [
            f"EXISTS (SELECT 1 FROM {_EVENTS} WHERE event = {row}.{self.key})" for row in rows
        ]
        tests += [f"EXISTS (SELECT 1 FROM {_CLASHES})"] if self.clashes else []
        return " OR ".join(tests)

    def comparisons(self) -> Iterator[MappedComparison]:
        yield _comparison(self.selected_events(), _EVENTS, "event", ("same", "is_end"))
        yield from super().comparisons()


_HAS_NO = {"OLD": ("INSERT",), "NEW": ("DELETE",)}


class _InPlace(_Rows):
    """The table is `agent_invocations` itself: columns that we have added to it are filled."""

    def __init__(self, connection: DriverConnection, mapping: TableMapping) -> None:
        super().__init__(connection, mapping)
        columns = {name.lower() for name in connection.columns(_TABLE)}
        (definition,) = (
            one.sql for one in connection.objects("table") if one.name.lower() == _TABLE
        )
        ours = {name for name, type_ in _SHAPE.added.items() if is_added(definition, name, type_)}
        plain = {
            name
            for name, value in mapping.fields.items()
            if value.column.lower() == name and value.json is None and value.unit == "text"
        } - {"status"}
        self.run = {name: sql for name, sql in self.run.items() if name not in plain}
        self.columns = tuple(self.run)
        self.listed = ", ".join(self.columns)
        if taken := sorted((columns - ours) & self.run.keys()):
            raise UnfitTable(
                _TABLE,
                f"it has {', '.join(taken)} of its own, which a mapping cannot fill",
                "leave that out of the mapping, where it is as the hooks write it",
            )
        self.missing = {name: _SHAPE.added[name] for name in self.columns if name not in columns}

    def making(self) -> Iterator[str]:
        for name, type_ in self.missing.items():
            yield f"ALTER TABLE {_TABLE} ADD COLUMN {name} {type_} {ADDED}"

    def putting(self, view: str) -> Statement:
        run = f"(SELECT {self.listed} FROM {_RUNS} WHERE {MAPPED_KEY} = NEW.key)"
        return trigger(
            self.compiler,
            f"{view}_run",
            on_call(self.compiler, view),
            "",
            [
                f"UPDATE {_TABLE} SET ({self.listed}) = {run}"
                f" WHERE {self.key} = NEW.key AND ({self.listed}) IS NOT {run};"
            ],
        )

    def clashing(self) -> Iterator[Statement]:
        # The row goes with all that was filled in.
        yield from ()

    def writes(self) -> Iterator[Statement]:
        refresh = [call(self.compiler, _REFRESH, [f"NEW.{self.key}"])]
        for event in ("INSERT", "UPDATE"):
            name = f"{MAPPED_PREFIX}_{event.lower()}"
            yield trigger(self.compiler, name, f"AFTER {event} ON {_TABLE}", "", refresh)

    def comparisons(self) -> Iterator[MappedComparison]:
        yield _comparison(self.selected(), _TABLE, self.mapping.key, self.columns)


def _checked(connection: DriverConnection, mapping: TableMapping) -> list[str]:
    """The conditions under which REPLACE takes a row away.

    Raises UnfitTable where a table is not one that can be mapped so.
    """
    if mapping.is_in_place:
        connection.check_adoptable(_SHAPE)
    rowid = adoption.check_mapped(
        connection,
        mapping.table,
        mapping.key,
        mapping.columns,
        has_order=mapping.events is not None,
    )
    clashes = [one.clash for one in adoption.unique_keys(connection, mapping.table)]
    clashes += [f"clash.{rowid} = NEW.{rowid}"] if rowid else []
    return [f"({clash})" for clash in clashes]


def _comparison(right: str, table: str, key: str, columns: Sequence[str]) -> MappedComparison:
    """How to compare what is kept with what it should be."""
    stored, wanted = (", ".join(f"{one}.{name}" for name in columns) for one in ("kept", "w"))
    nulls = ", ".join("NULL" for _ in columns)
    # A plus takes the affinity away, with which the index of a column without one is of no use.
    of_right = MAPPED_KEY if table == _TABLE else key
    return MappedComparison(
        table=table,
        key=key,
        columns=tuple(columns),
        differs=_bounded(
            lambda within: (
                f"SELECT w.{of_right}, kept.{key} IS NOT NULL, 1, {stored}, {wanted}"
                f"\nFROM ({right}) AS w"
                f"\nLEFT JOIN main.{table} AS kept ON kept.{key} = +w.{of_right}"
                f"\nWHERE {within(f'w.{of_right}')}"
                f" AND (kept.{key} IS NULL OR ({stored}) IS NOT ({wanted}))"
                f"\nUNION ALL SELECT kept.{key}, 1, 0, {stored}, {nulls}\nFROM main.{table} AS kept"
                f"\nWHERE kept.{key} IS NOT NULL AND {within(f'kept.{key}')}"
                f" AND NOT EXISTS (SELECT 1 FROM ({right}) AS w WHERE w.{of_right} = kept.{key})"
            )
        ),
    )


def _bounded(of: Callable[[Callable[[str], str]], str]) -> Bounded:
    """SQL for the keys of a slice, by whether that has a lower and an upper bound."""

    def within(has_lower: bool, has_upper: bool) -> Callable[[str], str]:
        bounds = [f"> (SELECT above FROM temp.{SLICE})"] * has_lower
        bounds += [f"<= (SELECT upto FROM temp.{SLICE})"] * has_upper
        return lambda key: " AND ".join(f"{key} {bound}" for bound in bounds) or "1"

    both = (False, True)
    return {(lower, upper): of(within(lower, upper)) for lower in both for upper in both}
