"""Definitions as PostgreSQL's SQL: triggers append, a fold posts, views add what is not posted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from aggregates.engines.base import Compiler, WholeComparison, quote
from aggregates.engines.postgresql import consuming, facts, ledger, posting, proving, tables
from aggregates.errors import AggregatesError
from aggregates.frozen.layout import wrapped
from aggregates.frozen.shapes import UPDATED_AT
from aggregates.frozen.statements import Statement
from aggregates.model.definition import Catalogue, Definition, Source


def not_yet(*_: Any, **__: Any) -> Any:
    """What stands in the place of a job that goes by slices of a file."""
    raise AggregatesError(
        "this command is not on PostgreSQL yet; docs/how-to/postgresql.md says which ones are"
    )


class PostgreSQL(Compiler):
    """SQL for PostgreSQL 14 and later."""

    dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
    folder = "postgresql"
    fills_at_once = True

    def bookkeeping(self) -> list[Statement]:
        """What reads times and JSON, and tables of what migrations and readers remember."""
        return _laid_out([*facts.parsing(), *consuming.tables()])

    def consuming(self) -> list[Statement]:
        """What is pending."""
        return _laid_out(consuming.pending())

    def ledger(self, source: Source) -> list[Statement]:
        """The queue and the change log of a source, and the triggers that write it."""
        return _laid_out(ledger.ledger(self, source))

    def tables(self, catalogue: Catalogue) -> list[Statement]:
        """Tables of what is posted, totals, and descriptions of everything."""
        return _laid_out([*tables.tables(self, catalogue), *tables.comments(self, catalogue)])

    def facts(self, source: Source) -> list[Statement]:
        """The view of the facts that are not posted."""
        return _laid_out(tables.changes(self, source))

    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """The exact views of a source, and what folds its queue."""
        return _laid_out(
            [
                *tables.views(self, catalogue, source),
                *posting.posting(self, catalogue, source),
            ]
        )

    def facts_where(self, source: Source, names: tuple[str, ...], condition: str) -> str:
        """SELECT of some facts of the rows for which a condition holds, out of the source."""
        images = facts.of_rows(self, source, self.quote(source.table), condition=condition)
        found = facts.facts(self, source, images)
        return f"SELECT {self.columns(names)} FROM ({found}) AS found"

    def images_where(self, source: Source, names: tuple[str, ...], condition: str) -> str:
        """SELECT of what `facts_of_image` takes, of the rows for which a condition holds."""
        images = facts.of_rows(self, source, self.quote(source.table), condition=condition)
        return f"SELECT {self.columns(self._image(source, names))} FROM ({images}) AS image"

    def facts_of_image(self, source: Source, names: tuple[str, ...]) -> str:
        """SELECT of some facts of one row, out of those columns of its image that they stand on."""
        reduced = source.reduced_to(names)
        given = ", ".join(
            f"CAST(? AS {facts.type_of(source, name)}) AS {self.quote(name)}"
            for name in self._image(source, names)
        )
        found = facts.facts(self, reduced, f"SELECT {given}")
        return f"SELECT {self.columns(names)} FROM ({found}) AS found"

    def _image(self, source: Source, names: tuple[str, ...]) -> tuple[str, ...]:
        needed = source.standing_on(names)
        return tuple(name for name in (source.log_key, *source.image) if name in needed)

    def joined(self, expression: str) -> str:
        """An aggregate function: the integers of a group, in a text with commas."""
        return f"string_agg(CAST({expression} AS text), ',')"

    def is_text(self, column: str) -> str:
        """Whether a column of a source holds a text."""
        return f"{column} IS NOT NULL"

    is_key = is_text

    def in_bytes(self, column: str) -> str:
        """A column of a source, compared byte by byte."""
        return f'{column} COLLATE "C"'

    def key_of_row(self, source: Source, row: str) -> str:
        """What the log has as the key of a row of a source."""
        return facts.key_of_row(self, source, row)

    def newest(self, source: Source, rows: int) -> str:
        """A condition that the newest rows of a source meet, so many at most."""
        table, key = self.quote(source.table), self.quote(facts.key_of(source))
        if source.unique:
            return f"{key} IN (SELECT {key} FROM {table} LIMIT {rows})"
        return f"{key} > (SELECT max({key}) FROM {table}) - {rows}"

    def beside(self, join: str, view: str, alias: str, value: str, key: str = "session_id") -> str:
        """A join with the few rows of a view that have a value for their key."""
        # Without OFFSET the view would be computed as a whole.
        rows = f"(SELECT * FROM {view} WHERE {key} = {value} OFFSET 0)"
        return f"{join.removeprefix('CROSS ')} LATERAL {rows} AS {alias} ON true"

    def as_stored(self, column: str, listed: str) -> str:
        """SELECT of the values of a source's column that are the keys which a query lists."""
        return f"SELECT {column} FROM ({listed}) AS wanted"

    def facts_table(self, source: Source) -> str:
        """What makes a temporary table of the facts of all rows, for the rest of a transaction."""
        name = proving.facts_table(source)
        made = f"CREATE TEMP TABLE {name} ON COMMIT DROP AS\n{posting.of_source(self, source)}"
        return f"SET LOCAL work_mem = '64MB';\n{made}"

    def count_facts(self, source: Source) -> str:
        """How many rows that table has."""
        return f"SELECT count(*) FROM {proving.facts_table(source)}"

    def whole_comparison(self, catalogue: Catalogue, definition: Definition) -> WholeComparison:
        """How to compare an aggregate with that table."""
        return proving.comparison(posting.Kept(self, catalogue, definition))

    def fold(self, source: Source) -> str:
        """What posts all that waits in the queue of a source."""
        return f"SELECT {source.prefix}_fold({2**62})"

    def fill(self, source: Source) -> str:
        """What computes all aggregates of a source again, in the place of what they hold."""
        return f"SELECT {source.prefix}_fill()"

    recomputation: Any = not_yet
    shadows: Any = not_yet
    selected: Any = not_yet
    comparison: Any = not_yet
    walks: Any = not_yet

    def dropping(self, statements: Sequence[Statement]) -> Iterator[str]:
        """What drops objects, those first that were made last."""
        for one in reversed([one for one in statements if one.kind != "data"]):
            if one.kind == "function":
                name, _, arguments = one.name.partition("(")
                yield f"DROP FUNCTION IF EXISTS {quote(name)}({arguments}"
            elif one.kind == "trigger":
                yield f"DROP TRIGGER IF EXISTS {quote(one.name)} ON {quote(one.table)}"
            else:
                yield f"DROP {one.kind.upper()} IF EXISTS {quote(one.name)}"

    def adding(self, table: str, name: str, type_: str) -> Iterator[str]:
        """What adds a column to a source table, and marks it as ours."""
        found = "timestamptz" if name == UPDATED_AT else _TYPES.get(type_, type_)
        yield f"ALTER TABLE {quote(table)} ADD COLUMN {quote(name)} {found}"
        yield f"COMMENT ON COLUMN {quote(table)}.{quote(name)} IS '{OURS}'"


OURS = "added by aggregates"
"""The comment on a column of ours, for as long as the column is there."""

_TYPES = {"REAL": "double precision", "JSON": "jsonb"}


def _laid_out(statements: Iterable[Statement]) -> list[Statement]:
    return [Statement(one.kind, one.name, wrapped(one.sql)) for one in statements]


COMPILER = PostgreSQL()
