"""The change log of a source: its table, and the triggers that write it."""

from __future__ import annotations

from collections.abc import Iterator

from aggregates.compiler.base import Compiler, Statement
from aggregates.compiler.sqlite.facts import image, numbers
from aggregates.definition import Source

NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

# What no frozen text can know: the UNIQUE keys that a database has put on the source. These two
# comments stand where a migration adds them.
OTHER_KEYS = "/* or the same value of another unique key */"
THEIR_COLUMNS = "/* and the columns of other unique keys */"

OPERATIONS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}
"""Of entries, with the images that they have."""

_ENTRIES_KEPT = 100_000
_ENTRIES_BETWEEN_PRUNINGS = 256


def entry_view(source: Source, operation: str) -> str:
    """The view that takes an entry as a call takes arguments: one trigger logs it, one posts it."""
    return f"{source.prefix}_entry_{operation}"


def ledger(compiler: Compiler, source: Source) -> list[Statement]:
    """The change log of a source, and the triggers that write it."""
    q = compiler.quote
    table, key, log = q(source.name), q(source.key), q(source.log)
    copies = q(f"{source.prefix}_replaced")
    names = source.image
    log_key = q(source.log_key)
    old_key = q(f"old_{source.log_key}")

    def copied(row: str) -> str:
        return ",\n    ".join(image(compiler, source, row).values())

    def entry(operation: str, keys: str, where: str = "") -> str:
        """The call that makes an entry; with `where`, only if that holds."""
        of = {"old": "OLD", "new": "NEW"}
        rows = {side: of[side] for side in OPERATIONS[operation]}
        values = [f"{row}.{q(one.name)}" for row in rows.values() for one in source.tracked]
        columns = [q(f"{side}_{one.name}") for side in rows for one in source.tracked]
        extracted = [f"{side}_{one.name}" for side in rows for one in source.extracted]
        named = {"update": f"{log_key}, {old_key}"}.get(operation, log_key)
        parsed = f"  FROM ({numbers(compiler, source, rows)})" if extracted else ""
        return (
            f"INSERT INTO {call[operation]} (updated_at, {named},"
            f"\n    {', '.join([*columns, *extracted])})\n"
            f"  SELECT {NOW}, {keys},\n    {', '.join([*values, *extracted])}\n"
            f"{parsed}{where};"
        )

    def logged(*sides: str) -> str:
        return ", ".join(q(f"{side}_{name}") for side in sides for name in names)

    call = {operation: q(entry_view(source, operation)) for operation in OPERATIONS}
    # (A DELETE without WHERE would write a page even where there is nothing to delete.)
    # Rows that REPLACE took away fire no DELETE trigger. Before a write, copies of the rows that it
    # may replace are kept; after it, the copies whose row is gone go to the log as deletes.
    flush = f"""INSERT INTO {call["delete"]} (updated_at, {log_key}, {logged("old")})
  SELECT {NOW}, * FROM {copies} AS copy
  WHERE {{gone}}NOT EXISTS (SELECT 1 FROM {table} AS kept WHERE kept.{key} = copy.{key});
  DELETE FROM {copies} WHERE {key} IS NOT NULL;"""
    flush_before = flush.format(gone="")
    flush_inserted = flush.format(gone=f"copy.{key} = NEW.{key} OR ")
    flush_updated = flush.format(gone=f"(copy.{key} = NEW.{key} AND OLD.{key} <> NEW.{key}) OR ")
    clashing = f"clash.{key} = NEW.{key} {OTHER_KEYS}"
    others_clashing = f"({clashing}) AND clash.{key} <> OLD.{key}"

    def keep_copies(condition: str) -> str:
        return f"""{flush_before}
  INSERT INTO {copies} SELECT clash.{key},
    {copied("clash")}
  FROM {table} AS clash WHERE {condition};"""

    def may_replace(condition: str) -> str:
        return (
            f"EXISTS (SELECT 1 FROM {table} AS clash WHERE {condition})"
            f"\n  OR EXISTS (SELECT 1 FROM {copies})"
        )

    touch = f"UPDATE {table} SET updated_at = {NOW} WHERE {key} = NEW.{key};"
    may_change, changed = _changed(compiler, source)
    aliases = ", ".join(dict.fromkeys((key, "rowid", "oid", "_rowid_")))
    columns = [q(column.name) for column in source.tracked]
    columns += dict.fromkeys(q(extracted.column) for extracted in source.extracted)
    key_columns = f"{aliases} {THEIR_COLUMNS}"
    watched = f"{', '.join(columns)}, {key_columns}"

    def trigger(name: str, event: str, condition: str, body: str) -> Statement:
        name = f"{source.prefix}_{name}"
        when = f"\nWHEN {condition}" if condition else ""
        sql = f"CREATE TRIGGER {q(name)} {event} ON {table}{when}\nBEGIN\n  {body}\nEND"
        return Statement("trigger", name, sql)

    def entries() -> Iterator[Statement]:
        for operation, of in OPERATIONS.items():
            columns = ["updated_at", log_key, *([old_key] if operation == "update" else [])]
            columns += [q(f"{side}_{name}") for side in of for name in names]
            listed = ", ".join(columns)
            nulls = ", ".join(["NULL"] * len(columns))
            yield Statement(
                "view",
                entry_view(source, operation),
                f"CREATE VIEW {call[operation]} (\n  {listed}\n) AS SELECT {nulls}",
            )
            name = f"{source.prefix}_log_{operation}"
            values = ", ".join(f"NEW.{column}" for column in columns)
            yield Statement(
                "trigger",
                name,
                f"CREATE TRIGGER {q(name)} INSTEAD OF INSERT ON {call[operation]}\nBEGIN\n"
                f"  INSERT INTO {log} (operation, {listed})\n"
                f"  VALUES ('{operation}', {values});\nEND",
            )

    sides = ",\n  ".join(q(f"{side}_{name}") for name in names for side in ("old", "new"))
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
            f"CREATE TABLE {copies} (\n  {key},\n  {compiler.columns(names)}\n)",
        ),
        *entries(),
        trigger("before_insert", "BEFORE INSERT", may_replace(clashing), keep_copies(clashing)),
        trigger(
            "before_update",
            f"BEFORE UPDATE OF {key_columns}",
            may_replace(others_clashing),
            keep_copies(others_clashing),
        ),
        trigger(
            "insert",
            "AFTER INSERT",
            "",
            f"""{flush_inserted}
  {entry("insert", f"NEW.{key}")}
  {touch}""",
        ),
        trigger(
            "update",
            f"AFTER UPDATE OF {watched}",
            may_change,
            f"""{flush_updated}
  {entry("update", f"NEW.{key}, nullif(OLD.{key}, NEW.{key})", f" WHERE {changed}")}""",
        ),
        trigger(
            "update_replacing",
            f"AFTER UPDATE OF {key_columns}",
            f"EXISTS (SELECT 1 FROM {copies})",
            flush_updated,
        ),
        # The nested update finds the very same time ('now' stands still within a statement) and
        # ends there.
        trigger("touch", "AFTER UPDATE", f"NEW.updated_at IS NOT {NOW}", touch),
        trigger(
            "delete",
            "AFTER DELETE",
            "",
            f"""DELETE FROM {copies} WHERE {key} = OLD.{key};
  {entry("delete", f"OLD.{key}")}""",
        ),
        Statement(
            "trigger",
            f"{source.prefix}_prune",
            f"""CREATE TRIGGER {q(f"{source.prefix}_prune")} AFTER INSERT ON {log}
WHEN NEW.seq % {_ENTRIES_BETWEEN_PRUNINGS} = 0
BEGIN
  DELETE FROM {log} WHERE seq <= min(NEW.seq - {_ENTRIES_KEPT},
    (SELECT min(seq) FROM {log}) + {4 * _ENTRIES_BETWEEN_PRUNINGS});
END""",
        ),
    ]


def _changed(compiler: Compiler, source: Source) -> tuple[str, str]:
    """Whether an update may change the image, and, with the numbers at hand, whether it does."""
    q = compiler.quote
    # What a completed run changes comes first.
    names = [q(column.name) for column in reversed(source.tracked)]
    tests = [f"OLD.{name} COLLATE BINARY IS NOT NEW.{name}" for name in names]
    tests.append(f"OLD.{q(source.key)} <> NEW.{q(source.key)}")
    # Equal numbers may be of different types.
    tests += [f"typeof(OLD.{name}) <> typeof(NEW.{name})" for name in names]
    untracked = dict.fromkeys(q(extracted.column) for extracted in source.extracted)
    may = [f"OLD.{name} COLLATE BINARY IS NOT NEW.{name}" for name in untracked]
    does = [f"old_{one.name} <> new_{one.name}" for one in source.extracted]
    return "\n  OR ".join([*tests, *may]), "\n  OR ".join([*does, *tests])
