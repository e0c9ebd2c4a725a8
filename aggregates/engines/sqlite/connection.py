"""A connection of sqlite3's own, as the rest of the package knows it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from aggregates.engines.base import (
    Capability,
    DriverConnection,
    MappedTable,
    OperationalError,
    Rows,
    SchemaObject,
    quote,
)
from aggregates.engines.sqlite import adoption, keys, mapping, proofs, renaming, trees, waiting
from aggregates.engines.sqlite.compiler import SQLite
from aggregates.engines.sqlite.explaining import explained, primary_code, shown, translated
from aggregates.engines.sqlite.files import OpenedFile
from aggregates.errors import AggregatesError, DatabaseLocked
from aggregates.frozen.shapes import Shape, is_added
from aggregates.frozen.statements import Statement
from aggregates.model.mapping import TableMapping

COMPILER = SQLite()
CAPABILITIES = frozenset({Capability.JOURNAL_MODES, Capability.PROOF_FILE})

_WAL_ATTEMPTS_SECONDS = 30.0
_WAL_ATTEMPT_SECONDS = 0.5
_NORMAL = 1
"""The value of `synchronous` that does not wait for the disk at each commit in WAL."""
_CACHE_KIB = 16_000


class SQLiteConnection(DriverConnection):
    """Wraps a connection that begins no transaction by itself; `file` is what it has opened."""

    compiler = COMPILER
    capabilities = CAPABILITIES

    def __init__(self, driver: sqlite3.Connection, file: OpenedFile | None = None) -> None:
        self.driver: sqlite3.Connection = driver
        self._file = file

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        """Execute a statement."""
        try:
            return _Rows(waiting.execute(self.driver, sql, parameters))
        except sqlite3.Error as error:
            raise translated(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each of many rows of parameters."""
        try:
            self.driver.executemany(sql, rows)
        except sqlite3.Error as error:
            raise translated(error) from error

    def execute_any_text(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Execute a statement whose parameters may hold text that `any_text` has read."""
        try:
            return self.execute(sql, parameters)
        except UnicodeEncodeError:
            bound = [self.encoded(one) if isinstance(one, str) else one for one in parameters]
            for position, is_text in reversed(list(_marks(sql, parameters))):
                if is_text:
                    sql = f"{sql[:position]}CAST(? AS TEXT){sql[position + 1 :]}"
            return self.execute(sql, bound)

    def shown_rows(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows; a byte of text that is not UTF-8 is read as `\\xff`."""
        try:
            return self.driver.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            if "decode to UTF-8" not in str(error):
                raise translated(error) from error
        # Slower, and hardly ever needed.
        with self._text_as("backslashreplace"):
            return self.execute(sql, parameters).fetchall()

    def any_text(self) -> AbstractContextManager[None]:
        """Text that is not UTF-8 is readable inside: what is wrong in it comes as surrogates."""
        return self._text_as("surrogateescape")

    def encoded(self, text: str) -> str | bytes:
        """A text that `any_text` has read, as a parameter of `CAST(? AS TEXT)`.

        Only what is not UTF-8 goes as bytes: SQLite takes those to be in the encoding of the file,
        which may be UTF-16.
        """
        data = text.encode("utf-8", "surrogateescape")
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data

    def check_file(self) -> None:
        """Raise DatabaseReplaced or DatabaseMissing where its path leads elsewhere, or nowhere."""
        if self._file is not None:
            self._file.check()

    def snapshot(self) -> AbstractContextManager[None]:
        """A transaction that reads one state, and writes at most tables of its connection."""
        return self._transaction("DEFERRED")

    def write_lock(self) -> AbstractContextManager[None]:
        """A transaction that takes the writers' lock as it begins."""
        return self._transaction("IMMEDIATE")

    def folding_turn(self) -> AbstractContextManager[None]:
        """Triggers post each change at once."""
        return nullcontext()

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """Many transactions in a row, which do not wait for the disk, nor for a checkpoint."""
        # A page that a transaction has changed, and that no longer fits in, goes to the disk twice.
        wanted = {"cache_size": -_CACHE_KIB}
        if not self.readers_block():
            wanted |= {"synchronous": _NORMAL, "wal_autocheckpoint": 0}
        before = {name: self._setting(name) for name in wanted}
        self._set(wanted)
        try:
            yield
        finally:
            self._set(before)

    def expect_large_tables(self) -> None:
        """Keep more of temporary tables in memory than a few pages."""
        self.execute(f"PRAGMA temp.cache_size = -{_CACHE_KIB}")

    def settle(self) -> None:
        """Take into the file what others do not read from the WAL any more."""
        if not self.readers_block():
            # As after a commit: what cannot be done now is left to whoever comes next.
            with suppress(OperationalError):
                self.execute("PRAGMA main.wal_checkpoint(PASSIVE)").fetchall()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo what is done inside, in a transaction of the caller's or not; rows are tuples."""
        factories = self.driver.row_factory, self.driver.text_factory
        self.driver.row_factory, self.driver.text_factory = None, str
        self.execute("SAVEPOINT undone")
        try:
            yield
        finally:
            self.execute("ROLLBACK TO undone")
            self.execute("RELEASE undone")
            self.driver.row_factory, self.driver.text_factory = factories

    def explained(self) -> AbstractContextManager[None]:
        """Turn what the driver raises inside into an error that says what to do next."""
        return explained(self.driver)

    def set_lock_timeout(self, seconds: float) -> None:
        """Wait so long for a lock from now on."""
        waiting.set_timeout(self.driver, seconds)

    def spill_to_disk(self) -> None:
        """Keep temporary tables on the disk, not in memory."""
        self.execute("PRAGMA temp_store = FILE")

    def journal_mode(self) -> str:
        """The mode in which the database keeps its journal."""
        (mode,) = self.execute("PRAGMA main.journal_mode").fetchone()
        return str(mode)

    def readers_block(self) -> bool:
        """Whether a reader keeps writers from committing: in every mode but WAL."""
        return self.journal_mode() != "wal"

    def deleted_file(self) -> str | None:
        """The path of a file that no folder names any more: only a mount of it leads there."""
        path = shown(self.driver)
        return path if path and os.path.exists(path) and not os.stat(path).st_nlink else None

    def unblock_readers(self) -> None:
        """Switch to WAL; tried for a while, as any other open transaction prevents it."""
        patience = waiting.patience_of(self.driver)
        deadline = time.monotonic() + (patience.seconds if patience else _WAL_ATTEMPTS_SECONDS)
        is_told = False
        while (mode := self._try_wal(deadline)) not in ("wal", "memory"):
            # An in-memory database has a mode of its own, and nobody else that it could block.
            if time.monotonic() > deadline:
                raise DatabaseLocked(
                    "the journal mode did not become WAL because other connections stayed open"
                    f" (it is {mode}); close them, or keep the mode: --journal-mode keep"
                )
            if patience is not None and not is_told:
                what = "the end of other programs' transactions, to switch to the journal mode WAL"
                patience.tell_of(self.driver, what)
                is_told = True
            time.sleep(0.05)

    def _try_wal(self, deadline: float) -> str:
        """The mode after a try; `busy` where it could not be read."""
        (before,) = self.execute("PRAGMA busy_timeout").fetchone()
        left = max(0.0, deadline - time.monotonic())
        self.set_lock_timeout(min(_WAL_ATTEMPT_SECONDS, left))
        try:
            (mode,) = self.driver.execute("PRAGMA main.journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                raise translated(error) from error
            return "busy"
        finally:
            self.set_lock_timeout(before / 1000)
        return str(mode)

    def schema_version(self) -> int:
        """A number that every change of the schema changes."""
        return trees.schema_version(self)

    def objects(self, kind: str | None = None) -> list[SchemaObject]:
        """What the schema holds, of one kind or all, in the order in which it was made."""
        rows = self.execute(
            "SELECT type, name, tbl_name, coalesce(sql, '') FROM main.sqlite_master"
            " WHERE :kind IS NULL OR type = :kind ORDER BY rowid",
            {"kind": kind},
        )
        return [SchemaObject(*row) for row in rows]

    def table_exists(self, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return adoption.table_exists(self, table)

    def has_table(self, schema: str, table: str) -> bool:
        """Whether a schema of the connection, such as `temp`, holds a table of just that name."""
        found = self.execute(f"SELECT 1 FROM {schema}.sqlite_master WHERE name = ?", (table,))
        return found.fetchone() is not None

    def drop_column(self, table: str, column: str) -> None:
        """Drop a column; AggregatesError where the library is too old for it."""
        try:
            self.execute(f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)}")
        except sqlite3.OperationalError as error:
            if 'near "DROP"' not in str(error):
                raise
            raise AggregatesError(
                f"SQLite {sqlite3.sqlite_version} cannot drop columns (3.35 can); keep them, or"
                " use a newer Python"
            ) from error

    def columns(self, table: str) -> dict[str, str]:
        """Names and types of the columns of a table, in order."""
        return adoption.columns(self, table)

    def primary_key(self, table: str) -> str | None:
        """The one column of the primary key of a table; None where that is not one."""
        return adoption.primary_key(self, table)

    def missing_columns(self, shape: Shape) -> dict[str, str]:
        """Names and types of the columns to add to a table."""
        return adoption.missing_columns(self, shape)

    def added_columns(self, shape: Shape) -> list[str]:
        """The columns that we have added to a table, as its definition says."""
        tables = {one.name.lower(): one.sql for one in self.objects("table")}
        definition = tables.get(shape.table.lower(), "")
        return [name for name, type_ in shape.added.items() if is_added(definition, name, type_)]

    def hold(self, tables: Sequence[str], seconds: float) -> None:
        """The writers' lock, which the transaction has, does."""

    def check_adoptable(self, shape: Shape) -> None:
        """Raise CannotAdopt where a table of this name is not one that the triggers can serve."""
        adoption.check_adoptable(self, shape)

    def with_its_key(self, shape: Shape) -> str:
        """A script that makes a table again, with all its rows and the key that it lacks."""
        return keys.script(self, shape)

    def renaming(self, now: str, name: str, aside: str | None = None) -> list[str]:
        """Statements that give a table the name again that its triggers know it by."""
        return renaming.statements(self, now, name, aside)

    def check_names(self, names: Iterable[str]) -> None:
        """Raise CannotAdopt where a name of ours is taken."""
        adoption.check_names(self, names)

    def fit(self, shape: Shape | None, statements: list[Statement]) -> list[Statement]:
        """The statements with the keys of a table, and the types of columns, taken into account."""
        return adoption.fit(self, shape, statements)

    def mapped(self, of: TableMapping) -> MappedTable:
        """What keeps the runs of a table; UnfitTable where it is not as the mapping says."""
        return mapping.mapped(self, of)

    def check_exchanging(self) -> None:
        """Raise AggregatesError where the library does not let tables change their trees."""
        trees.allow_exchange(self)
        trees.end_exchange(self)

    @contextmanager
    def exchanging(self, pairs: Sequence[tuple[str, str]]) -> Iterator[None]:
        """Hold the writers' lock; as it ends, the tables of each pair change their trees."""
        trees.allow_exchange(self)
        with self.write_lock():
            yield
            trees.exchange(self, pairs)

    def attach_proof(self, file: Path, names: str) -> str:
        """The schema of the shadows in a file; they are gone where it is one of other tables."""
        proofs.attach(self, file, names)
        return proofs.SCHEMA

    @contextmanager
    def scratch(self) -> Iterator[DriverConnection]:
        """A connection to an empty database, which goes in the end."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            yield SQLiteConnection(connection)

    def _setting(self, name: str) -> int:
        (value,) = self.execute(f"PRAGMA main.{name}").fetchone()
        return int(value)

    def _set(self, values: Mapping[str, int]) -> None:
        for name, value in values.items():
            self.execute(f"PRAGMA main.{name} = {value}")

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        self.check_file()
        with self.explained():
            waiting.execute(self.driver, f"BEGIN {mode}")
        try:
            yield
        except BaseException:
            if self.driver.in_transaction:
                self.execute("ROLLBACK")
            raise
        with self.explained():
            waiting.execute(self.driver, "COMMIT")

    @contextmanager
    def _text_as(self, errors: str) -> Iterator[None]:
        before = self.driver.text_factory
        self.driver.text_factory = lambda data: data.decode("utf-8", errors)
        try:
            yield
        finally:
            self.driver.text_factory = before


class _Rows:
    """A cursor whose errors are translated too: it goes on reading as it is fetched from."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def fetchone(self) -> Any:
        try:
            return self._cursor.fetchone()
        except sqlite3.Error as error:
            raise translated(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return self._cursor.fetchall()
        except sqlite3.Error as error:
            raise translated(error) from error

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._cursor
        except sqlite3.Error as error:
            raise translated(error) from error


def _marks(sql: str, parameters: Sequence[Any]) -> Iterator[tuple[int, bool]]:
    """Where each parameter stands in a statement, and whether it is text."""
    position = -1
    for one in parameters:
        position = sql.index("?", position + 1)
        yield position, isinstance(one, str)
