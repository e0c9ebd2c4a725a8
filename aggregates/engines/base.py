"""What the rest of the package knows of an engine: its SQL, its connections, its databases.

A `Compiler` turns definitions into SQL and knows no database. A `DriverConnection` is a connection
of the driver's own, for jobs of many short transactions, and what is known of the schema behind it.
A `Database` opens them. `aggregates.engines` finds the engine that a URL or a connection is of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.engine.default import DefaultDialect

from aggregates.frozen.layout import normalised
from aggregates.frozen.shapes import ADDED, Shape
from aggregates.frozen.statements import DROPPED, Recomputation, Statement
from aggregates.model.definition import Catalogue, Definition, Expression, Source, rendered
from aggregates.model.mapping import TableMapping

_IDENTIFIERS = DefaultDialect().identifier_preparer

Naming = Callable[[str], str]
"""From the name of a definition to that of the table that holds it, or a shadow of it."""


def itself(name: str) -> str:
    """The naming of the tables that people read."""
    return name


def quote(name: str) -> str:
    """An identifier, in quotes whatever it is, as the standard has them."""
    return _IDENTIFIERS.quote_identifier(name)


@dataclass(frozen=True)
class Comparison:
    """The rows of a stored aggregate that differ from a shadow, and how to make one right.

    `rows` answers `(is_stored, key…, values…)` for the rows above one and up to another, `one` for
    a single key; both take their parameters twice. `next_key` takes a row, and how many rows of the
    shadow to pass over. Rows are told by the whole key of the table that they lie in. `remove` and
    `restore` take the key once.
    """

    table: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    first_key: str
    next_key: str
    rows: dict[tuple[bool, bool], str]
    """by whether there is a lower and an upper bound"""
    one: str
    remove: str
    restore: str
    read_latest: str = ""
    """the columns of a key that verify does not compare"""
    latest: tuple[str, ...] = ()
    """for each of them, what puts a value back unless a later one is there: value, key…, value"""
    carry: Mapping[tuple[bool, bool], str] = field(default_factory=dict)
    """what takes them over into the shadow, where they are later, for the rows that `rows` has"""


@dataclass(frozen=True)
class TableWalk:
    """Ranges of the rows of a table, one after the other, and whether they are as in its shadow.

    Takes less than half of the time of a Comparison, once for all definitions of a table, but does
    not tell what differs. Rows are told, and keys taken, as there; `differs` takes them four times.
    """

    names: tuple[str, ...]
    """of the definitions whose rows are compared"""
    first_key: str
    next_key: str
    differs: dict[tuple[bool, bool], str]
    """by whether there is a lower and an upper bound"""


@dataclass(frozen=True)
class WholeComparison:
    """How an aggregate differs from a recomputation that one snapshot holds, and what mends it.

    `differing` answers the key, what is stored, and what is right. `add` takes the key, and what is
    missing of each count; `sweep` takes the key, and removes what is zero.
    """

    key: tuple[str, ...]
    counts: tuple[str, ...]
    differing: str
    add: str
    sweep: str


SLICE = "_aggregates_slice"
"""A temporary table `(above, upto, rows)` of one row: which keys are at hand. They stay in the
database, as others may have written what is no text to us."""

Bounded = dict[tuple[bool, bool], str]
"""SQL for the keys of a slice, by whether it has a lower and an upper bound."""


@dataclass(frozen=True)
class MappedComparison:
    """What is kept of a table of another shape, that differs from what it should be.

    `differs` answers `(key, is_stored, is_right, stored…, right…)`.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    differs: Bounded


@dataclass(frozen=True)
class MappedTable:
    """A table of another shape, and what keeps its runs in `agent_invocations`."""

    mapping: TableMapping
    making: tuple[str, ...]
    """what makes the place where runs are kept"""
    statements: tuple[Statement, ...]
    """tables, views and triggers that keep them"""
    end_slice: Bounded
    """sets the end of a slice of at most `:rows` keys, and how many it holds"""
    refresh: Bounded
    """makes the runs of keys what they should be"""
    refresh_one: str
    """the same for one key"""
    comparisons: tuple[MappedComparison, ...]
    """each says what is right where those before it have found nothing"""


class Compiler(ABC):
    """Turns definitions into one engine's SQL. Pure: knows no database."""

    dialect: Dialect
    folder: ClassVar[str] = ""
    """of a revision, in which the SQL of the engine lies"""
    fills_at_once: ClassVar[bool] = False
    """whether what a revision has frozen fills its tables too, in one statement"""

    def quote(self, name: str) -> str:
        """An identifier, in quotes where the engine needs them."""
        return str(self.dialect.identifier_preparer.quote(name))

    def columns(self, names: tuple[str, ...], prefix: str = "") -> str:
        """A list of columns."""
        return ", ".join(prefix + self.quote(name) for name in names)

    def render(self, expression: Expression, names: Mapping[str, str], **options: Any) -> str:
        """The SQL of an expression, its columns replaced by SQL of the row at hand."""
        return rendered(expression, names, self.dialect, **options)

    def dropping(self, statements: Sequence[Statement]) -> Iterator[str]:
        """What drops objects: triggers first, as they name the rest."""
        found = [one for one in statements if one.kind != "data"]
        for one in sorted(found, key=lambda one: DROPPED.index(one.kind)):
            yield f"DROP {one.kind.upper()} IF EXISTS {quote(one.name)}"

    def adding(self, table: str, name: str, type_: str) -> Iterator[str]:
        """What adds a column to a source table, and marks it as ours."""
        yield f"ALTER TABLE {quote(table)} ADD COLUMN {quote(name)} {type_} {ADDED}"

    @abstractmethod
    def bookkeeping(self) -> list[Statement]:
        """Tables of what migrations remember of a database."""

    @abstractmethod
    def consuming(self) -> list[Statement]:
        """Tables of what reads the change log, and of what was proved."""

    @abstractmethod
    def ledger(self, source: Source) -> list[Statement]:
        """The change log of a source, and the triggers that write it."""

    @abstractmethod
    def tables(self, catalogue: Catalogue) -> list[Statement]:
        """Tables, views and descriptions of all definitions, and what keeps one by another."""

    @abstractmethod
    def facts(self, source: Source) -> list[Statement]:
        """What takes each entry of the log to the source's view of facts."""

    @abstractmethod
    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """What posts the facts of each entry to the aggregates at once."""

    @abstractmethod
    def facts_where(self, source: Source, names: tuple[str, ...], condition: str) -> str:
        """SELECT of some facts of the rows for which a condition holds, out of the source."""

    @abstractmethod
    def images_where(self, source: Source, names: tuple[str, ...], condition: str) -> str:
        """SELECT of what `facts_of_image` takes, of the rows for which a condition holds."""

    @abstractmethod
    def facts_of_image(self, source: Source, names: tuple[str, ...]) -> str:
        """SELECT of some facts of one row, out of those columns of its image that they stand on."""

    @abstractmethod
    def joined(self, expression: str) -> str:
        """An aggregate function: the integers of a group, in a text with commas."""

    @abstractmethod
    def is_text(self, column: str) -> str:
        """Whether a column of a source holds a text."""

    @abstractmethod
    def is_key(self, column: str) -> str:
        """Whether a column of a source holds a text that is a key as it is."""

    @abstractmethod
    def in_bytes(self, column: str) -> str:
        """A column of a source, compared byte by byte."""

    @abstractmethod
    def newest(self, source: Source, rows: int) -> str:
        """A condition that the newest rows of a source meet, so many at most."""

    def beside(self, join: str, view: str, alias: str, value: str, key: str = "session_id") -> str:
        """A join with the few rows of a view that have a value for their key."""
        return f"{join} {view} AS {alias} ON {alias}.{key} = {value}"

    @abstractmethod
    def as_stored(self, column: str, listed: str) -> str:
        """SELECT of the values of a source's column that are the keys which a query lists."""

    def key_of_row(self, source: Source, row: str) -> str:
        """What the log has as the key of a row of a source."""
        return f"{row}.{self.quote(source.key)}"

    @abstractmethod
    def recomputation(
        self,
        catalogue: Catalogue,
        source: Source,
        naming: Naming = itself,
        only: tuple[str, ...] | None = None,
    ) -> Recomputation:
        """How to compute all aggregates of a source, or only some, from its rows."""

    @abstractmethod
    def facts_table(self, source: Source) -> str:
        """What makes a temporary table of the facts of all rows, for the rest of a transaction."""

    @abstractmethod
    def count_facts(self, source: Source) -> str:
        """How many rows that table has."""

    @abstractmethod
    def whole_comparison(self, catalogue: Catalogue, definition: Definition) -> WholeComparison:
        """How to compare an aggregate with that table."""

    @abstractmethod
    def fold(self, source: Source) -> str:
        """What posts all that waits in the queue of a source."""

    @abstractmethod
    def fill(self, source: Source) -> str:
        """What computes all aggregates of a source again, in the place of what they hold."""

    @abstractmethod
    def shadows(
        self, catalogue: Catalogue, naming: Naming, schema: str = "temp"
    ) -> list[Statement]:
        """Tables like those of the definitions, in a schema of the connection."""

    @abstractmethod
    def selected(
        self, catalogue: Catalogue, definition: Definition, naming: Naming, schema: str
    ) -> str:
        """A SELECT, in parentheses, of the keys and measures that a table holds of a definition."""

    @abstractmethod
    def comparison(
        self,
        catalogue: Catalogue,
        definition: Definition,
        naming: Naming,
        schema: str = "temp",
    ) -> Comparison:
        """How to compare a stored aggregate with its shadow."""

    @abstractmethod
    def walks(
        self,
        catalogue: Catalogue,
        definitions: Sequence[Definition],
        naming: Naming,
        schema: str = "temp",
    ) -> list[TableWalk]:
        """How to find the ranges of tables in which definitions differ from their shadows."""


class Capability(Enum):
    """What not every engine can."""

    JOURNAL_MODES = auto()
    """readers block writers in some modes of a database, and it can be switched to another"""
    PROOF_FILE = auto()
    """shadows can lie in a file beside the database, from one connection to the next"""
    QUEUES = auto()
    """changes wait in queues until a fold posts them; a long snapshot keeps no writer waiting, so
    that one statement fills, compares or replaces an aggregate"""


class DriverError(Exception):
    """Something that a driver has raised; `explained` says what it means."""


class OperationalError(DriverError):
    """The database cannot do that now: it is locked, its disk is full, a table is not there."""


class LockHeld(OperationalError):
    """Another connection has held a lock for longer than we wait."""


class DamagedFile(DriverError):
    """A file is no database, or no whole one."""


class Rows(Protocol):
    """What a statement answers; its errors are DriverErrors too."""

    @property
    def rowcount(self) -> int:
        """Rows that were written."""

    def fetchone(self) -> Any:
        """The next row, a tuple; None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


@dataclass(frozen=True)
class SchemaObject:
    """Something that a database's schema holds."""

    kind: str
    """`table`, `index`, `view` or `trigger`"""
    name: str
    table: str
    """the table that it is on; its own name where it is one"""
    sql: str
    """the statement that makes it; '' where the engine has made it by itself"""


class DriverConnection(ABC):
    """A connection of the driver's own, outside a transaction until one is begun.

    What its driver raises comes as a DriverError, and as DatabaseLocked and the like where a
    transaction begins or ends.
    """

    compiler: ClassVar[Compiler]
    capabilities: ClassVar[frozenset[Capability]]
    driver: Any
    """the connection as its driver knows it"""

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Rows:
        """Execute a statement."""

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each of many rows of parameters."""

    @abstractmethod
    def execute_any_text(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Execute a statement whose parameters may hold text that `any_text` has read."""

    @abstractmethod
    def shown_rows(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """All rows; a byte of text that is not UTF-8 is read as `\\xff`."""

    @abstractmethod
    def any_text(self) -> AbstractContextManager[None]:
        """Text that is not UTF-8 is readable inside: what is wrong in it comes as surrogates."""

    @abstractmethod
    def encoded(self, text: str) -> str | bytes:
        """A text that `any_text` has read, as a parameter of `CAST(? AS TEXT)`."""

    @abstractmethod
    def check_file(self) -> None:
        """Raise DatabaseReplaced or DatabaseMissing where the database is not what it leads to.

        So does whatever begins a transaction.
        """

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """A transaction that reads one state, and writes at most tables of its connection."""

    @abstractmethod
    def write_lock(self) -> AbstractContextManager[None]:
        """A transaction that takes the writers' lock as it begins."""

    @abstractmethod
    def folding_turn(self) -> AbstractContextManager[None]:
        """Nobody else posts what waits in queues inside; begun outside a transaction."""

    @abstractmethod
    def in_bulk(self) -> AbstractContextManager[None]:
        """Many transactions in a row: the last of them may be lost where the machine loses power.

        They stay whole, and in order. `settle` is to be called between them.
        """

    @abstractmethod
    def expect_large_tables(self) -> None:
        """Be told that temporary tables of this connection will be large."""

    @abstractmethod
    def settle(self) -> None:
        """Put in its place what has been committed, while others write, if that is still to do."""

    @abstractmethod
    def undone(self) -> AbstractContextManager[None]:
        """Undo what is done inside, in a transaction of the caller's or not; rows are tuples."""

    @abstractmethod
    def explained(self) -> AbstractContextManager[None]:
        """Turn what the driver raises inside into an error that says what to do next."""

    @abstractmethod
    def set_lock_timeout(self, seconds: float) -> None:
        """Wait so long for a lock from now on."""

    @abstractmethod
    def spill_to_disk(self) -> None:
        """Keep temporary tables on the disk, not in memory."""

    @abstractmethod
    def journal_mode(self) -> str:
        """The mode in which the database keeps its journal."""

    @abstractmethod
    def readers_block(self) -> bool:
        """Whether a reader keeps writers from committing."""

    def deleted_file(self) -> str | None:
        """The path of a file that no folder names any more: only a mount of it leads there."""
        return None

    def post(self) -> None:  # noqa: B027
        """Post what waits in queues, where there are such and no transaction is open."""

    def waiting(self) -> int:
        """How many changes wait in queues, so that each reader adds them up."""
        return 0

    @abstractmethod
    def unblock_readers(self) -> None:
        """Make readers and writers independent; tried for a while, then DatabaseLocked."""

    @abstractmethod
    def schema_version(self) -> int:
        """A number that every change of the schema changes."""

    @abstractmethod
    def objects(self, kind: str | None = None) -> list[SchemaObject]:
        """What the schema holds, of one kind or all, in the order in which it was made."""

    def is_as_made(self, found: SchemaObject, statement: Statement) -> bool:
        """Whether an object is as a statement makes it."""
        return normalised(found.sql) == normalised(statement.installed)

    @abstractmethod
    def table_exists(self, table: str) -> bool:
        """Whether there is a table or view of that name."""

    @abstractmethod
    def has_table(self, schema: str, table: str) -> bool:
        """Whether a schema of the connection, such as `temp`, holds a table of just that name."""

    @abstractmethod
    def drop_column(self, table: str, column: str) -> None:
        """Drop a column; AggregatesError where the engine is too old for it."""

    @abstractmethod
    def columns(self, table: str) -> dict[str, str]:
        """Names and types of the columns of a table, in order."""

    @abstractmethod
    def primary_key(self, table: str) -> str | None:
        """The one column of the primary key of a table; None where that is not one."""

    @abstractmethod
    def missing_columns(self, shape: Shape) -> dict[str, str]:
        """Names and types of the columns to add to a table."""

    @abstractmethod
    def added_columns(self, shape: Shape) -> list[str]:
        """The columns of a table that a migration has added."""

    @abstractmethod
    def hold(self, tables: Sequence[str], seconds: float) -> None:
        """Keep writers of tables away for the rest of a transaction that writes."""

    @abstractmethod
    def check_adoptable(self, shape: Shape) -> None:
        """Raise CannotAdopt where a table of this name is not one that the triggers can serve."""

    @abstractmethod
    def with_its_key(self, shape: Shape) -> str:
        """A script that makes a table again, with all its rows and the key that it lacks."""

    @abstractmethod
    def renaming(self, now: str, name: str, aside: str | None = None) -> list[str]:
        """Statements that give a table the name again that its triggers know it by.

        Where another table has that name, it gets the name `aside`.
        """

    @abstractmethod
    def check_names(self, names: Iterable[str]) -> None:
        """Raise CannotAdopt where a name of ours is taken."""

    @abstractmethod
    def fit(self, shape: Shape | None, statements: list[Statement]) -> list[Statement]:
        """The statements with the keys of a table, and the types of columns, taken into account."""

    @abstractmethod
    def mapped(self, mapping: TableMapping) -> MappedTable:
        """What keeps the runs of a table; UnfitTable where it is not as the mapping says."""

    @abstractmethod
    def check_exchanging(self) -> None:
        """Raise AggregatesError where `exchanging` cannot work."""

    @abstractmethod
    def exchanging(self, pairs: Sequence[tuple[str, str]]) -> AbstractContextManager[None]:
        """Hold the writers' lock inside; as it ends, the two tables of each pair change their rows.

        They are alike to the letter. Nothing may use the connection afterwards.
        """

    @abstractmethod
    def attach_proof(self, file: Path, names: str) -> str:
        """The schema of the shadows in a file; they are gone where it is one of other tables.

        So they are where it is damaged, or the schema of the database has changed since.
        """

    @abstractmethod
    def scratch(self) -> AbstractContextManager[DriverConnection]:
        """A connection to an empty database, which goes in the end."""


class Marks(ABC):
    """Texts by name, which outlive the process and are not part of the database.

    Whoever has a turn is alone with them, among the threads and the processes of one machine.
    """

    @abstractmethod
    def turn(self) -> AbstractContextManager[dict[str, str]]:
        """All of them; what is set inside is stored in the end, unless it raises.

        Raises a DriverError where they cannot be read or stored.
        """

    @abstractmethod
    def close(self) -> None:
        """Close what is open; a later turn opens it again."""


class Database(ABC):
    """A database that was opened; it connects when it is first asked something.

    Where another has taken its place meanwhile, whoever asks next is answered by that one; raises
    DatabaseMissing where none has.
    """

    compiler: ClassVar[Compiler]
    capabilities: ClassVar[frozenset[Capability]]

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot for everything that is read inside."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @abstractmethod
    def writer(self) -> AbstractContextManager[Connection]:
        """A connection whose transactions take the writers' lock as they begin.

        One that reads first and writes later can fail at once, whatever the timeout.
        """

    @abstractmethod
    def own_connection(self) -> AbstractContextManager[DriverConnection]:
        """A connection of the driver's own, which goes in the end with its temporary tables."""

    @property
    @abstractmethod
    def proof_file(self) -> Path | None:
        """Where a proof with a budget is left from run to run; None where it cannot be."""

    @abstractmethod
    def forget_proof(self) -> None:
        """Remove that file, if there is one."""

    @abstractmethod
    def marks(self) -> Marks | None:
        """What is to be remembered beside the database; None where it has no place."""

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
