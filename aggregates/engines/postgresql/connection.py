"""A connection of the driver's own, and what is known of the schema behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.pq import TransactionStatus

from aggregates.engines.base import (
    Capability,
    DriverConnection,
    Rows,
    SchemaObject,
    quote,
)
from aggregates.engines.postgresql import adoption, explaining
from aggregates.engines.postgresql.adoption import kind_of, table_columns, unique_keys
from aggregates.engines.postgresql.compiler import COMPILER, not_yet
from aggregates.engines.postgresql.folding import LOCK, WRITERS, fold
from aggregates.engines.postgresql.ledger import QUEUE
from aggregates.errors import CannotAdopt, DatabaseLocked
from aggregates.frozen.shapes import Shape
from aggregates.frozen.statements import Statement

CAPABILITIES = frozenset({Capability.QUEUES})

_TURN_SECONDS, _PAUSE_SECONDS = 0.1, 0.2
"""So long is a lock of a source table waited for at a time, and writers wait behind us."""


class PostgreSQLConnection(DriverConnection):
    """A connection of psycopg's."""

    compiler = COMPILER
    capabilities = CAPABILITIES

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.driver = connection

    def execute(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        """Execute a statement, with `?` or `:name` for parameters."""
        try:
            # Without parameters a percent sign is one.
            found: Rows = (
                self.driver.execute(_in_our_words(statement, True), parameters)
                if parameters
                else self.driver.execute(_in_our_words(statement, False))
            )
        except psycopg.Error as error:
            raise explaining.translated(error) from error
        return found

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each of many rows of parameters."""
        try:
            with self.driver.cursor() as cursor:
                cursor.executemany(_in_our_words(statement, True), rows)
        except psycopg.Error as error:
            raise explaining.translated(error) from error

    def execute_any_text(self, statement: str, parameters: Sequence[Any]) -> Rows:
        """Execute a statement; all text is UTF-8 here."""
        return self.execute(statement, parameters)

    def shown_rows(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows."""
        return self.execute(statement, parameters).fetchall()

    def any_text(self) -> AbstractContextManager[None]:
        """All text is readable."""
        return nullcontext()

    def encoded(self, text: str) -> str | bytes:
        """The text as it is."""
        return text

    def check_file(self) -> None:
        """A server leads to no other database."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction that reads one state; what waits is posted before."""
        with self._transaction(IsolationLevel.REPEATABLE_READ):
            yield

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """A transaction that none of our processes is in at the same time."""
        with self._transaction(IsolationLevel.READ_COMMITTED):
            self.execute(f"SELECT pg_advisory_xact_lock({WRITERS})")
            yield

    @contextmanager
    def _transaction(self, level: IsolationLevel) -> Iterator[None]:
        self.post()
        self.driver.isolation_level = level
        try:
            with self.driver.transaction():
                yield
        except psycopg.Error as error:
            raise explaining.translated(error) from error
        finally:
            self.driver.isolation_level = None

    @contextmanager
    def folding_turn(self) -> Iterator[None]:
        """Nobody else posts what waits in queues inside; begun outside a transaction."""
        # Of the session, so that it is there before the snapshot.
        self.execute(f"SELECT pg_advisory_lock({LOCK})")
        try:
            yield
        finally:
            self.execute(f"SELECT pg_advisory_unlock({LOCK})")

    def in_bulk(self) -> AbstractContextManager[None]:
        """Many transactions in a row."""
        return nullcontext()

    def expect_large_tables(self) -> None:
        """Nothing is to be told."""

    def settle(self) -> None:
        """Nothing is to be put in its place."""

    def explained(self) -> AbstractContextManager[None]:
        """Turn what the driver raises inside into an error that says what to do next."""
        info = self.driver.info
        return explaining.explained(f"postgresql://{info.user}@/{info.dbname}")

    def set_lock_timeout(self, seconds: float) -> None:
        """Wait so long for a lock from now on."""
        self.execute(f"SET lock_timeout = {round(seconds * 1000)}")

    def spill_to_disk(self) -> None:
        """The server does."""

    def journal_mode(self) -> str:
        """Its write-ahead log keeps nobody waiting."""
        return "wal"

    def readers_block(self) -> bool:
        """Whether a reader keeps writers from committing."""
        return False

    def post(self) -> None:
        """Post what waits in queues, where no transaction is open."""
        if self.driver.info.transaction_status is TransactionStatus.IDLE:
            fold(self)

    def waiting(self) -> int:
        """How many changes wait in queues, so that each reader adds them up."""
        queues = [one.name for one in self.objects("table") if one.name.endswith(QUEUE)]
        counts = (self.execute(f"SELECT count(*) FROM {quote(name)}").fetchone() for name in queues)
        return sum(count for (count,) in counts)

    def unblock_readers(self) -> None:
        """They are independent."""

    def schema_version(self) -> int:
        """A number that every change of the schema changes."""
        (found,) = self.execute(_VERSION).fetchone()
        return int(found)

    def objects(self, kind: str | None = None) -> list[SchemaObject]:
        """What the schema holds, of one kind or all, in the order in which it was made."""
        rows = self.execute(_OBJECTS, {"kind": kind}).fetchall()
        return [SchemaObject(*row) for row in rows]

    def is_as_made(self, found: SchemaObject, statement: Statement) -> bool:
        """Whether it is: of a function its body, of a trigger that it is there, and fires."""
        if found.kind == "function":
            return found.sql == statement.sql.split("$$")[1]
        return found.table == statement.table and found.sql != DISABLED

    def table_exists(self, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return kind_of(self, table) is not None

    def has_table(self, schema: str, table: str) -> bool:
        """Whether a schema holds a table of just that name."""
        found = self.execute("SELECT to_regclass(?)", (f"{quote(schema)}.{quote(table)}",))
        return found.fetchone()[0] is not None

    def drop_column(self, table: str, column: str) -> None:
        """Drop a column."""
        self.execute(f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)}")

    def columns(self, table: str) -> dict[str, str]:
        """Names and types of the columns of a table, in order."""
        return {one.name: one.type for one in table_columns(self, table)}

    def primary_key(self, table: str) -> str | None:
        """The one column of the first unique key of a table; None where that is not one."""
        keys = unique_keys(self, table)
        return keys[0][0] if keys and len(keys[0]) == 1 else None

    def missing_columns(self, shape: Shape) -> dict[str, str]:
        """Names and types of the columns to add to a table."""
        present = self.columns(shape.table)
        return {name: type_ for name, type_ in shape.added.items() if name not in present}

    def added_columns(self, shape: Shape) -> list[str]:
        """The columns that a migration has added to a table, as their comments say."""
        return [one.name for one in table_columns(self, shape.table) if one.is_ours]

    def check_adoptable(self, shape: Shape) -> None:
        """Raise CannotAdopt where a table of this name is not one that the triggers can serve."""
        adoption.check_adoptable(self, shape)

    def check_names(self, names: Iterable[str]) -> None:
        """Raise CannotAdopt where a name of ours is taken."""
        taken = {one.name for one in self.objects()} & {*names}
        if taken:
            raise CannotAdopt(
                f"the name {min(taken)} is taken in the schema; nothing was changed: rename that,"
                " or name another schema (?options=-csearch_path=NAME in the URL)"
            )

    def hold(self, tables: Sequence[str], seconds: float) -> None:
        """Lock source tables for the rest of the transaction.

        Whoever comes after us waits behind us, so that each attempt is short.
        """
        there = [table for table in tables if self.table_exists(table)]
        if not there:
            return
        until = time.monotonic() + seconds
        names = ", ".join(map(quote, there))
        while True:
            try:
                with self.driver.transaction():
                    self.driver.execute(
                        sql.SQL("SET LOCAL lock_timeout = {}").format(round(_TURN_SECONDS * 1000))
                    )
                    self.driver.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
                    return
            except psycopg.errors.LockNotAvailable as error:
                if time.monotonic() > until:
                    raise DatabaseLocked(
                        f"other transactions hold {names}; try again when they are over"
                    ) from error
                time.sleep(_PAUSE_SECONDS)

    def fit(self, shape: Shape | None, statements: list[Statement]) -> list[Statement]:
        """The statements: functions take what types the columns have."""
        return statements

    @contextmanager
    def scratch(self) -> Iterator[DriverConnection]:
        """This connection, in a schema of its own with nothing in it, which goes in the end."""
        with self.driver.transaction(force_rollback=True):
            self.execute("SET LOCAL search_path = pg_temp")
            yield self

    undone: Any = not_yet
    renaming: Any = not_yet
    with_its_key: Any = not_yet
    mapped: Any = not_yet
    check_exchanging: Any = not_yet
    exchanging: Any = not_yet
    attach_proof: Any = not_yet


DISABLED = "disabled"

_VERSION = """
SELECT coalesce(hashtextextended(string_agg(version, ','), 0), 0) FROM (
  SELECT version FROM (
    SELECT pg_class.oid || ' ' || pg_class.xmin AS version FROM pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace
    UNION ALL
    SELECT oid || ' ' || xmin FROM pg_proc
    WHERE pronamespace = quote_ident(current_schema())::regnamespace
    UNION ALL
    SELECT pg_trigger.oid || ' ' || pg_trigger.xmin FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = quote_ident(current_schema())::regnamespace
  ) AS one ORDER BY version
) AS every"""

_OBJECTS = """
SELECT kind, name, of_table, definition FROM (
  SELECT oid, CASE WHEN relkind IN ('r', 'p') THEN 'table' ELSE 'view' END AS kind, relname AS name,
    relname AS of_table,
    CASE WHEN relkind IN ('r', 'p') THEN '' ELSE md5(pg_get_viewdef(oid)) END AS definition
  FROM pg_class
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    AND relnamespace = quote_ident(current_schema())::regnamespace
  UNION ALL
  SELECT pg_trigger.oid, 'trigger', tgname, relname,
    CASE WHEN tgenabled IN ('O', 'A') THEN pg_get_triggerdef(pg_trigger.oid) ELSE 'disabled' END
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
  WHERE NOT tgisinternal AND tgparentid = 0
    AND relnamespace = quote_ident(current_schema())::regnamespace
  UNION ALL
  SELECT oid, 'function', proname || '(' || oidvectortypes(proargtypes) || ')', '', prosrc
  FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace
) AS object WHERE :kind::text IS NULL OR kind = :kind ORDER BY oid"""


_WORDS = re.compile(r"'(?:[^']|'')*'|\bmain\.|\?|%|(?<![:\w]):([a-z_]+)")


@lru_cache(maxsize=1024)
def _in_our_words(statement: str, has_parameters: bool) -> str:
    """A statement as the driver takes it, which knows no `?` and no `:name`.

    `main.` tells a table of the database from one of the connection's, where there is such.
    """

    def replaced(found: re.Match[str]) -> str:
        word = found[0]
        if word == "main.":
            return ""
        if not has_parameters:
            return word
        if word == "?":
            return "%s"
        return f"%({found[1]})s" if found[1] else word.replace("%", "%%")

    return _WORDS.sub(replaced, statement)
