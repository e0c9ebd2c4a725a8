"""What every engine's compiler shares: rendering of expressions, and the shape of its answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Dialect, literal_column
from sqlalchemy.sql import visitors

from aggregates.frozen.statements import Recomputation, Statement
from aggregates.model.definition import Catalogue, Definition, Expression, Source

Naming = Callable[[str], str]
"""From the name of a definition to that of the table that holds it, or a shadow of it."""


def itself(name: str) -> str:
    """The naming of the tables that people read."""
    return name


@dataclass(frozen=True)
class Comparison:
    """The rows of a stored aggregate that differ from a shadow, and how to make one right.

    `rows` answers `(is_stored, key…, values…)` for the keys above one and up to another, `one` for
    a single key; both take their keys twice. `next_key` takes a key, and how many keys of the
    shadow to pass over. `remove` and `restore` take the key once.
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


class Compiler(ABC):
    """Turns definitions into one engine's SQL. Pure: knows no database."""

    dialect: Dialect

    def quote(self, name: str) -> str:
        """An identifier, in quotes where the engine needs them."""
        return str(self.dialect.identifier_preparer.quote(name))

    def columns(self, names: tuple[str, ...], prefix: str = "") -> str:
        """A list of columns."""
        return ", ".join(prefix + self.quote(name) for name in names)

    def render(self, expression: Expression, names: Mapping[str, str]) -> str:
        """The SQL of an expression, its columns replaced by SQL of the row at hand."""

        def replace(element: object, **kw: object) -> object:
            if getattr(element, "__visit_name__", "") != "column":
                return None
            return literal_column(names[element.name])  # type: ignore[attr-defined]

        bound = visitors.replacement_traverse(expression, {}, replace)
        return str(
            bound.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True})
        ).strip()

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
    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """What posts each entry of the log to the aggregates at once."""

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
    def shadows(
        self, catalogue: Catalogue, naming: Naming, schema: str = "temp"
    ) -> list[Statement]:
        """Tables like those of the definitions, in a schema of the connection."""

    @abstractmethod
    def comparison(
        self, definition: Definition, naming: Naming, schema: str = "temp"
    ) -> Comparison:
        """How to compare a stored aggregate with its shadow."""
