"""Definitions as SQLite's SQL: triggers post each change at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from aggregates.engines.base import Comparison, Compiler, Naming, TableWalk, itself
from aggregates.engines.sqlite import (
    comparing,
    consuming,
    facts,
    ledger,
    posting,
    recomputation,
    tables,
)
from aggregates.frozen.layout import wrapped
from aggregates.frozen.statements import Recomputation, Statement
from aggregates.model.definition import Catalogue, Definition, Source


class SQLite(Compiler):
    """SQL for SQLite 3.24 and later, in builds without JSON functions too."""

    dialect = SQLiteDialect_pysqlite()

    def bookkeeping(self) -> list[Statement]:
        """Tables of what migrations remember of a database, and what all sources share."""
        # Marks have no type: they may be infinite.
        backfills = Statement(
            "table",
            "_aggregates_backfills",
            "CREATE TABLE _aggregates_backfills (\n  revision TEXT NOT NULL,\n"
            "  source TEXT NOT NULL,\n  mark,\n  seq INTEGER NOT NULL,\n"
            "  rows_read INTEGER NOT NULL,\n  schema_version INTEGER,\n"
            "  PRIMARY KEY (revision, source)\n)",
        )
        return _laid_out([backfills, *facts.parsing()])

    def consuming(self) -> list[Statement]:
        """Tables of what reads the change log, and of what was proved."""
        return _laid_out(consuming.consuming())

    def ledger(self, source: Source) -> list[Statement]:
        """The change log of a source, and the triggers that write it."""
        return _laid_out(ledger.ledger(self, source))

    def tables(self, catalogue: Catalogue) -> list[Statement]:
        """Tables, views and descriptions of all definitions, and what keeps one by another."""
        return _laid_out(tables.tables(self, catalogue))

    def facts(self, source: Source) -> list[Statement]:
        """What takes each entry of the log to the source's view of facts."""
        return _laid_out(facts.programs(self, source))

    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """What posts the facts of each entry to the aggregates at once."""
        return _laid_out(posting.posting(self, catalogue, source))

    def facts_where(self, source: Source, names: tuple[str, ...], condition: str) -> str:
        """SELECT of some facts of the rows for which a condition holds, out of the source."""
        return recomputation.facts_where(self, source, names, condition)

    def images_where(self, source: Source, names: tuple[str, ...], condition: str) -> str:
        """SELECT of what `facts_of_image` takes, of the rows for which a condition holds."""
        return recomputation.images_where(self, source, names, condition)

    def facts_of_image(self, source: Source, names: tuple[str, ...]) -> str:
        """SELECT of some facts of one row, out of those columns of its image that they stand on."""
        return recomputation.facts_of_image(self, source, names)

    def recomputation(
        self,
        catalogue: Catalogue,
        source: Source,
        naming: Naming = itself,
        only: tuple[str, ...] | None = None,
    ) -> Recomputation:
        """How to compute all aggregates of a source, or only some, from its rows."""
        definitions = [
            one
            for one in catalogue.definitions
            if one.source is source and (only is None or one.name in only)
        ]
        return Recomputation(
            recomputation.reading(self, source),
            recomputation.folding(self, catalogue, source, definitions, naming),
        )

    def shadows(
        self, catalogue: Catalogue, naming: Naming, schema: str = "temp"
    ) -> list[Statement]:
        """Tables like those of the definitions, in a schema of the connection."""
        return _laid_out(tables.stored(self, catalogue, naming, schema))

    def selected(
        self, catalogue: Catalogue, definition: Definition, naming: Naming, schema: str
    ) -> str:
        """A SELECT, in parentheses, of the keys and measures that a table holds of a definition."""
        return comparing.selected(self, catalogue, definition, naming, schema)

    def comparison(
        self,
        catalogue: Catalogue,
        definition: Definition,
        naming: Naming,
        schema: str = "temp",
    ) -> Comparison:
        """How to compare a stored aggregate with its shadow."""
        return comparing.comparison(self, catalogue, definition, naming, schema)

    def walks(
        self,
        catalogue: Catalogue,
        definitions: Sequence[Definition],
        naming: Naming,
        schema: str = "temp",
    ) -> list[TableWalk]:
        """How to find the ranges of tables in which definitions differ from their shadows."""
        return list(comparing.walks(self, catalogue, definitions, naming, schema))

    def _has_no_queues(self, *_: Any) -> Any:
        raise NotImplementedError("triggers post each change at once: see Capability.QUEUES")

    facts_table: Any = _has_no_queues
    count_facts: Any = _has_no_queues
    whole_comparison: Any = _has_no_queues
    fold: Any = _has_no_queues
    fill: Any = _has_no_queues

    def joined(self, expression: str) -> str:
        """An aggregate function: the integers of a group, in a text with commas."""
        return f"group_concat({expression})"

    def is_text(self, column: str) -> str:
        """Whether a column of a source holds a text."""
        return f"typeof({column}) = 'text'"

    def is_key(self, column: str) -> str:
        """Whether a column of a source holds a text that is a key as it is."""
        return f"{self.is_text(column)} AND NOT instr({column}, char(0))"

    def in_bytes(self, column: str) -> str:
        """A column of a source, compared byte by byte."""
        return f"{column} COLLATE BINARY"

    def newest(self, source: Source, rows: int) -> str:
        """A condition that the newest rows of a source meet, so many at most."""
        table, key = self.quote(source.name), self.quote(source.key)
        return f"{key} > (SELECT max({key}) FROM {table}) - {rows}"

    def as_stored(self, column: str, listed: str) -> str:
        """SELECT of the values of a source's column that are the keys which a query lists.

        A column without a type may hold an integer, whose text is the key. The plus takes the type
        of our column from a value: what theirs makes of it decides, and its index serves.
        """
        return (
            f"WITH wanted AS ({listed}) SELECT +{column} FROM wanted UNION ALL"
            f" SELECT +CAST({column} AS INTEGER) FROM wanted"
            f" WHERE CAST(CAST({column} AS INTEGER) AS TEXT) = {column}"
        )


def _laid_out(statements: Iterable[Statement]) -> list[Statement]:
    return [replace(statement, sql=wrapped(statement.sql)) for statement in statements]
