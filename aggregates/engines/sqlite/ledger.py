"""The change log of a source: its table, and the triggers that write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aggregates.engines.base import Compiler
from aggregates.engines.sqlite.calls import at_places, by_place, call, callee, trigger
from aggregates.engines.sqlite.constructs import numbers_after
from aggregates.engines.sqlite.facts import Values, image, image_of
from aggregates.frozen.statements import (
    AND_THE_SAME_TYPE,
    OR_ANOTHER_TYPE,
    OR_IT_IS_GONE,
    OTHER_KEYS,
    THEIR_COLUMNS,
    Statement,
)
from aggregates.model.definition import Source, references

OR_ABORT = "OR ABORT "
"""Of what the triggers on a source write: the policy of all that follows from it."""

NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

IS_NEW = "is_new"
"""An argument: whether a row has come, or else is gone."""

_ENTRIES_KEPT = 100_000
_ENTRIES_BETWEEN_PRUNINGS = 16


def ledger(compiler: Compiler, source: Source) -> list[Statement]:
    """The change log of a source, and the triggers that write it."""
    return [*_Ledger(compiler, source).statements()]


class _Ledger:
    def __init__(self, compiler: Compiler, source: Source) -> None:
        q = compiler.quote
        self.compiler = compiler
        self.source = source
        self.table, self.key, self.log = q(source.table), q(source.key), q(source.log)
        self.log_key, self.old_key = q(source.log_key), q(f"old_{source.log_key}")
        self.copies = q(f"{source.prefix}_replaced")
        self.changed, self.gone = f"{source.prefix}_changed", f"{source.prefix}_gone"
        self.row, self.entry = f"{source.prefix}_row", f"{source.prefix}_entry"
        untracked = dict.fromkeys(one.column for one in source.extracted)
        self.names = [one.column for one in source.tracked] + [*untracked]
        """columns that an image is made of"""
        self.columns = [*map(q, self.names)]

    def statements(self) -> Iterator[Statement]:
        """The tables, and the triggers in an order in which the last one made may run first."""
        q = self.compiler.quote
        source = self.source
        sides = ",\n".join(q(f"{side}_{name}") for name in source.image for side in ("old", "new"))
        is_ending = "is_ending INTEGER,\n" if source.begun else ""
        # No types: a value is kept as it is. The newest entry is never pruned, so that `seq` grows
        # without AUTOINCREMENT, which costs a write of its own.
        yield Statement(
            "table",
            source.log,
            f"CREATE TABLE {self.log} (\nseq INTEGER PRIMARY KEY,\noperation TEXT,\n"
            f"updated_at TEXT,\n{self.log_key} INTEGER,\n{self.old_key} INTEGER,\n{is_ending}"
            f"{sides}\n)",
        )
        yield Statement(
            "table",
            f"{source.prefix}_replaced",
            f"CREATE TABLE {self.copies} ({self.log_key}, {', '.join(self.columns)})",
        )
        yield from self._rows() if source.extracted else self._gone()
        yield from self._replacements()
        yield from self._writes()
        # As many as have come, however many there are: a writer waits for it.
        oldest = _ENTRIES_KEPT + _ENTRIES_BETWEEN_PRUNINGS
        yield self._trigger(
            "prune",
            "AFTER INSERT",
            f"NEW.seq % {_ENTRIES_BETWEEN_PRUNINGS} = 0",
            f"DELETE FROM {self.log}"
            f" WHERE seq BETWEEN NEW.seq - {oldest} AND NEW.seq - {_ENTRIES_KEPT};",
            on=self.log,
        )

    def _gone(self) -> Iterator[Statement]:
        """What logs a row that is gone, however it went."""
        gone = self.compiler.quote(self.gone)
        yield Statement("view", self.gone, f"CREATE VIEW {gone} AS SELECT * FROM {self.copies}")
        old = image(self.compiler, self.source, "NEW")
        entry = self._entry("delete", f"NEW.{self.log_key}", old=old)
        yield self._trigger("gone_log", "INSTEAD OF INSERT", "", entry, on=gone)

    def _rows(self) -> Iterator[Statement]:
        """What logs a row that has come or gone: its numbers are taken out of texts, once.

        One program does so for both, as an INSERT compiles both: it may take rows away.
        """
        source = self.source
        given = by_place((source.key, *self.names), named=(IS_NEW,))
        read = by_place((source.key, *source.image), named=(IS_NEW,))
        columns, row = at_places(given), at_places(read)
        yield callee(self.compiler, self.row, given)
        yield callee(self.compiler, self.entry, read)
        values = (columns[IS_NEW], columns[source.key], *image_of(source, columns).values())
        call_entry = call(self.compiler, self.entry, values, OR_ABORT)
        yield self._trigger(
            "row_read", "INSTEAD OF INSERT", "", call_entry, on=self.compiler.quote(self.row)
        )
        key = row[source.key]
        for operation, side, condition in (
            ("insert", "new", f"NEW.{IS_NEW}"),
            ("delete", "old", f"NOT NEW.{IS_NEW}"),
        ):
            yield self._trigger(
                f"entry_{operation}",
                "INSTEAD OF INSERT",
                condition,
                self._entry(operation, key, **{side: row}),
                on=self.compiler.quote(self.entry),
            )

    def _replacements(self) -> Iterator[Statement]:
        """Rows that REPLACE takes away fire no DELETE trigger.

        Before a write, copies of the rows that it may replace are kept; after it, those whose row
        is gone are logged as deletes. What a write that replaced nothing has left behind goes
        before the next copies are kept.
        """
        source, key = self.source, self.key
        clashing = f"clash.{key} = NEW.{key}"
        if source.unique is not None:
            unique = self.compiler.quote(source.unique)
            clashing += f" OR clash.{unique} = NEW.{unique}"
        clashing = f"({clashing} {OTHER_KEYS})"
        columns = ", ".join((key, *self.columns))

        def copy(condition: str) -> str:
            return (
                f"{self._empty()}\nINSERT INTO {self.copies} SELECT {columns}"
                f" FROM {self.table} AS clash WHERE {condition};"
            )

        # Where writes are many, two more statements each are too many.
        is_needed = f"EXISTS (SELECT 1 FROM {self.table} AS clash WHERE {clashing})"
        yield self._trigger(
            "before_insert", "BEFORE INSERT", is_needed if source.begun else "", copy(clashing)
        )
        yield self._trigger(
            "before_update",
            f"BEFORE UPDATE OF {self._key_columns()}",
            "",
            copy(f"{clashing} AND clash.{key} <> OLD.{key}"),
        )

    def _writes(self) -> Iterator[Statement]:
        q = self.compiler.quote
        source, key = self.source, self.key
        # Here, and not in a program that is called: what is not on the source may not name it, or
        # tools that make the source anew would fail at it.
        touch = f"UPDATE {self.table} SET updated_at = {NOW} WHERE {key} = NEW.{key};"
        gone = f"NOT EXISTS (SELECT 1 FROM {self.table} AS kept WHERE kept.{key} = {{copy}})"
        is_gone = f"OR {gone}" if source.unique is not None else OR_IT_IS_GONE
        inserted = f"{self.log_key} = NEW.{key} {is_gone}"
        updated = f"{self.log_key} = NEW.{key} AND OLD.{key} <> NEW.{key} OR {gone}"
        yield self._trigger(
            "insert",
            "AFTER INSERT",
            "",
            self._settle(inserted.format(copy=self.log_key)),
            self._comes(),
            *([touch] if source.is_touched else []),
        )
        yield self._trigger(
            "delete",
            "AFTER DELETE",
            "",
            f"DELETE FROM {self.copies} WHERE {self.log_key} = OLD.{key};",
            self._goes(),
        )
        if source.is_touched:
            yield self._trigger("touch", "AFTER UPDATE", f"NEW.updated_at IS NOT {NOW}", touch)
        watched = [one.column for one in source.tracked]
        watched += dict.fromkeys(one.column for one in source.extracted)
        yield from self._updates(f"{', '.join(map(q, watched))}, {self._key_columns()}")
        # Made after the one that logs the update, so that it runs, and logs, before it.
        yield self._trigger(
            "replaced",
            f"AFTER UPDATE OF {self._key_columns()}",
            "",
            self._settle(updated.format(copy=self.log_key)),
        )

    def _comes(self) -> str:
        """What logs a row that has come."""
        if self.source.extracted:
            row = (f"NEW.{name}" for name in (self.key, *self.columns))
            return call(self.compiler, self.row, ("1", *row), OR_ABORT)
        new = image(self.compiler, self.source, "NEW")
        return self._entry("insert", f"NEW.{self.key}", new=new)

    def _goes(self) -> str:
        """What logs a row that has been deleted."""
        row = (f"OLD.{name}" for name in (self.key, *self.columns))
        if self.source.extracted:
            return call(self.compiler, self.row, ("0", *row), OR_ABORT)
        return call(self.compiler, self.gone, row, OR_ABORT)

    def _updates(self, columns: str) -> Iterator[Statement]:
        """What an update logs; where numbers are taken out of a text, they are compared, too."""
        compiler, source = self.compiler, self.source
        old, new = (image(compiler, source, row) for row in ("OLD", "NEW"))
        event = f"AFTER UPDATE OF {columns}"
        if not source.extracted:
            # A column may have a collation of its own, arguments have none.
            binary = {name: f"{sql} COLLATE BINARY" for name, sql in old.items()}
            keys = (f"OLD.{self.key}", f"NEW.{self.key}")
            yield self._trigger(
                "update",
                event,
                f"{' <> '.join(keys)} OR {self._differs(binary, new)}",
                self._change(*keys, old, new),
            )
            return
        sides = {
            side: by_place([f"{side} {name}" for name in (source.key, *source.image)], prefix=side)
            for side in ("old", "new")
        }
        yield callee(compiler, self.changed, sides["old"] | sides["new"])
        yield self._trigger("update", event, "", self._read_both_sides(old, new))
        (old_key, *olds), (key, *news) = (at_places(side).values() for side in sides.values())
        old, new = (dict(zip(source.image, side, strict=True)) for side in (olds, news))
        yield self._trigger(
            "changed_log",
            "INSTEAD OF INSERT",
            f"{old_key} <> {key} OR {self._differs(old, new)}",
            self._change(old_key, key, old, new),
            on=compiler.quote(self.changed),
        )

    def _read_both_sides(self, old: Values, new: Values) -> str:
        """The call of what compares two sides, with their numbers."""
        texts: list[tuple[str, str]] = []
        for row, side in (("OLD", old), ("NEW", new)):
            for one in self.source.extracted:
                if one.kind == "number":
                    side[one.name] = f"n{len(texts)}"
                    texts.append((f"{row}.{self.compiler.quote(one.column)}", one.key))
        values = (f"OLD.{self.key}", *old.values(), f"NEW.{self.key}", *new.values())
        if not texts:
            return call(self.compiler, self.changed, values, OR_ABORT)
        into = f"INSERT {OR_ABORT}INTO {self.compiler.quote(self.changed)}"
        return f"{into} SELECT {', '.join(values)}\nFROM ({numbers_after(texts)});"

    def _entry(self, operation: str, key: str, **sides: Values) -> str:
        """What appends a row that comes, or goes, to the log."""
        return self._append(operation, key, "NULL", "NULL", sides)

    def _change(self, old_key: str, key: str, old: Values, new: Values) -> str:
        """What appends an update to the log, with its old key only where it has changed."""
        ends = self._ends(old_key, key, old, new)
        moved = f"nullif({old_key}, {key})"
        return self._append(
            "update", key, moved, f"CASE WHEN {ends} THEN 1 END", {"old": old, "new": new}
        )

    def _append(
        self, operation: str, key: str, old_key: str, is_ending: str, sides: Mapping[str, Values]
    ) -> str:
        values = ["NULL", f"'{operation}'", NOW, key, old_key]
        values += [is_ending] if self.source.begun else []
        for name in self.source.image:
            values += [sides.get(side, {}).get(name, "NULL") for side in ("old", "new")]
        return f"INSERT {OR_ABORT}INTO {self.log} VALUES ({', '.join(values)});"

    def _settle(self, gone: str) -> str:
        """Log the copies of rows that are gone, and forget all."""
        view, row = (self.row, "0, *") if self.source.extracted else (self.gone, "*")
        into = f"INSERT {OR_ABORT}INTO {self.compiler.quote(view)}"
        logged = f"{into} SELECT {row} FROM {self.copies} WHERE {gone}"
        return f"{logged};\n{self._empty()}"

    def _empty(self) -> str:
        # A DELETE without WHERE would write a page even where there is nothing to delete.
        return f"DELETE FROM {self.copies} WHERE 1;"

    def _key_columns(self) -> str:
        names = dict.fromkeys((self.key, "rowid", "oid", "_rowid_"))
        if self.source.unique is not None:
            names[self.compiler.quote(self.source.unique)] = None
        return f"{', '.join(names)} {THEIR_COLUMNS}"

    def _differs(self, old: Values, new: Values) -> str:
        """Whether two images differ; equal numbers may be of different types."""
        # What a completed run changes comes first.
        names = [*reversed([one.name for one in self.source.tracked])]
        names += [one.name for one in self.source.extracted]
        return self._compared(f"IS NOT {{}} {OR_ANOTHER_TYPE}", old, new, names)

    def _ends(self, old_key: str, key: str, old: Values, new: Values) -> str:
        """Whether an update only ends what its row has begun."""
        begun = self.source.begun
        if begun is None:
            return ""
        tests = [f"{old_key} = {key}"]
        for name, value in begun.values.items():
            numbers = [one.name for one in self.source.extracted if one.column == name]
            if numbers:
                tests += [f"{old[number]} = 0" for number in numbers]
            else:
                tests.append(
                    f"{old[name]} IS NULL" if value is None else f"{old[name]} = '{value}'"
                )
        read = frozenset().union(*(references(fact.expression) for fact in self.source.facts))
        kept = [one.name for one in self.source.tracked if one.name in read - begun.values.keys()]
        tests.append(self._compared(f"IS {{}} {AND_THE_SAME_TYPE}", old, new, kept))
        return " AND ".join(tests)

    def _compared(self, how: str, old: Values, new: Values, names: list[str]) -> str:
        """Two rows of some columns, side by side."""
        of = {one.name: one.column for one in self.source.tracked}
        # Always quoted, as a list: any name may hold a comma.
        named = (of.get(name, name).replace('"', '""') for name in names)
        columns = ", ".join(f'"{name}"' for name in named)
        compared = how.format(_row(new, names), table=f'"{self.source.table}"', columns=columns)
        return f"{_row(old, names)} {compared}"

    def _trigger(
        self, name: str, event: str, condition: str, *body: str, on: str | None = None
    ) -> Statement:
        name = f"{self.source.prefix}_{name}"
        return trigger(self.compiler, name, f"{event} ON {on or self.table}", condition, body)


def _row(values: Values, names: Iterable[str]) -> str:
    return f"({', '.join(values[name] for name in names)})"
