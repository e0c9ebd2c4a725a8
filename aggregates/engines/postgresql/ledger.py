"""The change log of a source: the queue that triggers append to, and the log that a fold fills.

Whatever is in the queue of a snapshot is not posted in it: a fold takes entries out of the queue,
numbers them and posts them in one transaction. So numbers are given in an order in which no entry
appears later below one that is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.engines.base import Compiler
from aggregates.engines.postgresql.facts import SETTINGS, of_rows, type_of
from aggregates.frozen.statements import Statement
from aggregates.model.definition import Source

QUEUE = "_queue"
_OFTEN = (
    "WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,"
    " autovacuum_vacuum_insert_scale_factor = 0, autovacuum_analyze_scale_factor = 0,"
    " autovacuum_analyze_threshold = 10000, autovacuum_vacuum_cost_delay = 0)"
)

_ALIASES = {"old": "was", "new": "now"}
"""OLD and NEW are variables of a trigger function."""


def queue_of(source: Source) -> str:
    """The table of what no fold has posted yet."""
    return f"{source.prefix}{QUEUE}"


def unposted_of(source: Source) -> str:
    """The view of what no fold has posted yet, with the numbers that a fold would give now."""
    return f"{source.prefix}_unposted"


def columns_of(source: Source) -> tuple[str, ...]:
    """Columns of an entry, beside its number."""
    sides = (f"{side}_{name}" for name in source.image for side in ("old", "new"))
    return ("operation", "updated_at", source.log_key, f"old_{source.log_key}", *sides)


def ledger(compiler: Compiler, source: Source) -> Iterator[Statement]:
    """The tables, and the triggers on the source that write them."""
    q = compiler.quote
    log, queue, unposted = q(source.log), queue_of(source), unposted_of(source)
    types = {
        "operation": "text NOT NULL",
        "updated_at": "timestamptz NOT NULL DEFAULT clock_timestamp()",
        source.log_key: type_of(source, source.log_key),
        f"old_{source.log_key}": type_of(source, source.log_key),
    }
    types |= {
        f"{side}_{name}": type_of(source, name) for name in source.image for side in ("old", "new")
    }
    columns = ",\n".join(f"{q(name)} {types[name]}" for name in columns_of(source))
    yield Statement(
        "table", source.log, f"CREATE TABLE {log} (\nseq bigint PRIMARY KEY,\n{columns}\n)"
    )
    yield Statement(
        "table",
        queue,
        f"CREATE TABLE {queue} (\nentry bigint GENERATED ALWAYS AS IDENTITY,\n{columns}\n)\n"
        f"{_OFTEN}",
    )
    yield Statement(
        "view",
        unposted,
        f"CREATE VIEW {unposted} AS SELECT\n"
        f"(SELECT coalesce(max(seq), 0) FROM {log}) + row_number() OVER (ORDER BY entry) AS seq,\n"
        f"entry, {', '.join(map(q, columns_of(source)))}\nFROM {queue}",
    )
    yield from _Triggers(compiler, source).statements()


class _Triggers:
    def __init__(self, compiler: Compiler, source: Source) -> None:
        self.compiler = compiler
        self.source = source
        self.table = compiler.quote(source.table)

    def statements(self) -> Iterator[Statement]:
        q = self.compiler.quote
        key = q(self.source.log_key)
        differs = " OR ".join(
            f"was.{q(name)} IS DISTINCT FROM now.{q(name)}"
            for name in (self.source.log_key, *self.source.image)
        )
        old_key = f"CASE WHEN was.{key} IS DISTINCT FROM now.{key} THEN was.{key} END"
        # Rows stand in both tables in the order in which they were updated, whatever their key.
        was, now = (self._rows(one, "row_number() OVER () AS place") for one in ("gone", "come"))
        both = f"{was} AS was\nFULL JOIN {now} AS now USING (place)"
        come, go = "REFERENCING NEW TABLE AS come", "REFERENCING OLD TABLE AS gone"
        yield from self._logging(
            "insert", f"AFTER INSERT {{on}} {come}", self._one("come", "insert")
        )
        yield from self._logging(
            "update",
            f"AFTER UPDATE {{on}} {come} OLD TABLE AS gone",
            self._entries("update", f"now.{key}", old_key, ("old", "new"), both, differs),
        )
        yield from self._logging("delete", f"AFTER DELETE {{on}} {go}", self._one("gone", "delete"))
        # What TRUNCATE takes away is in no transition table.
        yield from self._logging(
            "truncate", "BEFORE TRUNCATE {on}", self._one(self.table, "delete")
        )
        if self.source.is_touched:
            yield from self._touching()

    def _rows(self, table: str, also: str = "") -> str:
        images = of_rows(self.compiler, self.source, table, also=also)
        return f"(\n{images}\n)"

    def _one(self, table: str, operation: str) -> str:
        """What logs rows that have come, or gone."""
        side = {"insert": "new", "delete": "old"}[operation]
        alias = _ALIASES[side]
        key = f"{alias}.{self.compiler.quote(self.source.log_key)}"
        return self._entries(operation, key, "", (side,), f"{self._rows(table)} AS {alias}")

    def _entries(
        self,
        operation: str,
        key: str,
        old_key: str,
        sides: tuple[str, ...],
        rows: str,
        condition: str = "",
    ) -> str:
        q = self.compiler.quote
        source = self.source
        values = {"operation": f"'{operation}'", source.log_key: key}
        if old_key:
            values[f"old_{source.log_key}"] = old_key
        for side in sides:
            values |= {f"{side}_{name}": f"{_ALIASES[side]}.{q(name)}" for name in source.image}
        where = f"\nWHERE {condition}" if condition else ""
        return (
            f"INSERT INTO {queue_of(source)} ({', '.join(map(q, values))})\n"
            f"SELECT {', '.join(values.values())}\nFROM {rows}{where};\nRETURN NULL;"
        )

    def _logging(self, name: str, event: str, body: str) -> Iterator[Statement]:
        # Whoever writes to the source needs no right on what is ours.
        yield from self._trigger(
            name, event, "FOR EACH STATEMENT", body, f"SECURITY DEFINER\n{SETTINGS}"
        )

    def _touching(self) -> Iterator[Statement]:
        yield from self._trigger(
            "touch",
            "BEFORE INSERT OR UPDATE {on}",
            "FOR EACH ROW",
            "NEW.updated_at := clock_timestamp();\nRETURN NEW;",
            "",
        )

    def _trigger(
        self, name: str, event: str, each: str, body: str, options: str
    ) -> Iterator[Statement]:
        name = f"{self.source.prefix}_{name}"
        yield Statement(
            "function",
            f"{name}()",
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {options}".rstrip()
            + f" AS $$\nBEGIN\n{body}\nEND\n$$",
        )
        yield Statement(
            "trigger",
            name,
            f"CREATE TRIGGER {name} {event.format(on=f'ON {self.table}')}\n"
            f"{each} EXECUTE FUNCTION {name}()",
        )
