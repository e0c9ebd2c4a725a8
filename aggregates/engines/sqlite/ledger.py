"""The change log of a source: its table, and the triggers that write it."""

from __future__ import annotations

from aggregates.engines.base import Compiler
from aggregates.engines.sqlite.facts import image
from aggregates.frozen.statements import OTHER_KEYS, THEIR_COLUMNS, Statement
from aggregates.model.definition import Source

NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

_ENTRIES_KEPT = 100_000
_ENTRIES_BETWEEN_PRUNINGS = 16


def ledger(compiler: Compiler, source: Source) -> list[Statement]:
    """The change log of a source, and the triggers that write it."""
    q = compiler.quote
    table, key, log = q(source.name), q(source.key), q(source.log)
    copies = q(f"{source.prefix}_replaced")
    log_key, old_key = q(source.log_key), q(f"old_{source.log_key}")
    untracked = dict.fromkeys(one.column for one in source.extracted)
    copied = (*(one.name for one in source.tracked), *untracked)

    def logged(*sides: str) -> str:
        return ", ".join(q(f"{side}_{name}") for side in sides for name in source.image)

    def entry(operation: str, row: str, side: str, of: str = key) -> str:
        values = image(compiler, source, row).values()
        return (
            f"INSERT INTO {log} (operation, updated_at, {log_key},\n    {logged(side)})\n"
            f"  VALUES ('{operation}', {NOW}, {row}.{of},\n    {', '.join(values)});"
        )

    # Rows that REPLACE took away fire no DELETE trigger. Before a write, copies of the rows that it
    # may replace are kept; after it, those whose row is gone are marked, and deleted with the rest:
    # a trigger on the copies logs the marked ones as deletes.
    # (A DELETE without WHERE would write a page even where there is nothing to delete.)
    empty = f"DELETE FROM {copies} WHERE {log_key} IS NOT NULL;"
    settle = f"""UPDATE {copies} SET is_gone = 1
  WHERE {{gone}}NOT EXISTS (SELECT 1 FROM {table} AS kept WHERE kept.{key} = {copies}.{log_key});
  {empty}"""
    settle_before = settle.format(gone="")
    settle_inserted = settle.format(gone=f"{log_key} = NEW.{key} OR ")
    settle_updated = settle.format(gone=f"({log_key} = NEW.{key} AND OLD.{key} <> NEW.{key}) OR ")
    clashing = f"clash.{key} = NEW.{key}"
    if source.unique is not None:
        clashing += f" OR clash.{q(source.unique)} = NEW.{q(source.unique)}"
        # What a statement that replaced nothing has left behind is known by rowids, which VACUUM
        # may have changed since. It is dropped before any write that would settle it.
        settle_before = empty
    clashing += f" {OTHER_KEYS}"
    others_clashing = f"({clashing}) AND clash.{key} <> OLD.{key}"

    def keep_copies(condition: str) -> str:
        return f"""{settle_before}
  INSERT INTO {copies} ({log_key}, {compiler.columns(copied)})
  SELECT clash.{key}, {compiler.columns(copied, "clash.")}
  FROM {table} AS clash WHERE {condition};"""

    def may_replace(condition: str) -> str:
        return (
            f"EXISTS (SELECT 1 FROM {table} AS clash WHERE {condition})"
            f"\n  OR EXISTS (SELECT 1 FROM {copies})"
        )

    touch = f"UPDATE {table} SET updated_at = {NOW} WHERE {key} = NEW.{key};"
    touched = f"\n  {touch}" if source.is_touched else ""
    changed = _changed(compiler, source)
    names = dict.fromkeys((key, "rowid", "oid", "_rowid_"))
    if source.unique is not None:
        names[q(source.unique)] = None
    key_columns = f"{', '.join(names)} {THEIR_COLUMNS}"
    watched = f"{compiler.columns(copied)}, {', '.join(names)} {THEIR_COLUMNS}"
    before, after = (image(compiler, source, row) for row in ("OLD", "NEW"))
    update = f"""INSERT INTO {log} (operation, updated_at, {log_key}, {old_key},
    {logged("old", "new")})
  VALUES ('update', {NOW}, NEW.{key}, nullif(OLD.{key}, NEW.{key}),
    {", ".join([*before.values(), *after.values()])});"""

    def trigger(name: str, event: str, condition: str, body: str, on: str = table) -> Statement:
        name = f"{source.prefix}_{name}"
        when = f"\nWHEN {condition}" if condition else ""
        sql = f"CREATE TRIGGER {q(name)} {event} ON {on}{when}\nBEGIN\n  {body}\nEND"
        return Statement("trigger", name, sql)

    sides = ",\n  ".join(q(f"{side}_{name}") for name in source.image for side in ("old", "new"))
    return [
        # No types: a value is kept as it is. The newest entry is never pruned, so that `seq` grows
        # without AUTOINCREMENT, which costs a write of its own.
        Statement(
            "table",
            source.log,
            f"CREATE TABLE {log} (\n  seq INTEGER PRIMARY KEY,\n  operation TEXT,\n"
            f"  updated_at TEXT,\n  {log_key} INTEGER,\n  {old_key} INTEGER,\n"
            f"  {sides}\n)",
        ),
        Statement(
            "table",
            f"{source.prefix}_replaced",
            f"CREATE TABLE {copies} (\n  {log_key}, {compiler.columns(copied)},\n  is_gone\n)",
        ),
        trigger("before_insert", "BEFORE INSERT", may_replace(clashing), keep_copies(clashing)),
        trigger(
            "before_update",
            f"BEFORE UPDATE OF {key_columns if source.unique is None else watched}",
            may_replace(others_clashing),
            keep_copies(others_clashing),
        ),
        trigger(
            "replaced",
            "AFTER DELETE",
            "OLD.is_gone",
            entry("delete", "OLD", "old", of=log_key),
            on=copies,
        ),
        trigger(
            "insert",
            "AFTER INSERT",
            "",
            f"{settle_inserted}\n  {entry('insert', 'NEW', 'new')}{touched}",
        ),
        trigger("update", f"AFTER UPDATE OF {watched}", changed, f"{settle_updated}\n  {update}"),
        trigger(
            "update_replacing",
            f"AFTER UPDATE OF {key_columns}",
            f"EXISTS (SELECT 1 FROM {copies})",
            settle_updated,
        ),
        *(
            [trigger("touch", "AFTER UPDATE", f"NEW.updated_at IS NOT {NOW}", touch)]
            * source.is_touched
        ),
        trigger(
            "delete",
            "AFTER DELETE",
            "",
            f"DELETE FROM {copies} WHERE {log_key} = OLD.{key};\n  {entry('delete', 'OLD', 'old')}",
        ),
        trigger(
            "prune",
            "AFTER INSERT",
            f"NEW.seq % {_ENTRIES_BETWEEN_PRUNINGS} = 0",
            f"DELETE FROM {log} WHERE seq <= min(NEW.seq - {_ENTRIES_KEPT},\n"
            f"    (SELECT min(seq) FROM {log}) + {4 * _ENTRIES_BETWEEN_PRUNINGS});",
            on=log,
        ),
    ]


def _changed(compiler: Compiler, source: Source) -> str:
    """Whether an update changes the key or the image."""
    q = compiler.quote
    # What a completed run changes comes first.
    names = [q(column.name) for column in reversed(source.tracked)]
    tests = [f"OLD.{name} COLLATE BINARY IS NOT NEW.{name}" for name in names]
    tests.append(f"OLD.{q(source.key)} <> NEW.{q(source.key)}")
    # Equal numbers may be of different types.
    tests += [f"typeof(OLD.{name}) <> typeof(NEW.{name})" for name in names]
    before, after = (image(compiler, source, row) for row in ("OLD", "NEW"))
    for column in dict.fromkeys(one.column for one in source.extracted):
        differ = [
            f"{before[one.name]}\n    <> {after[one.name]}"
            for one in source.extracted
            if one.column == column
        ]
        name = q(column)
        tests.append(f"OLD.{name} COLLATE BINARY IS NOT NEW.{name} AND ({' OR '.join(differ)})")
    return "\n  OR ".join(tests)
