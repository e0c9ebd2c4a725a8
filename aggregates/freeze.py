"""Write what the catalogue says as SQL that a revision carries for ever."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aggregates import script
from aggregates.catalogue import catalogue as shipped
from aggregates.compiler.base import Statement
from aggregates.compiler.sqlite import SQLite
from aggregates.definition import Catalogue

Schema = dict[tuple[str, str], str]
"""(kind, name) -> SQL."""


def live(catalogue: Catalogue = shipped) -> Schema:
    """What the definitions say should be installed."""
    compiler = SQLite()
    statements = [*compiler.bookkeeping(), *compiler.tables(catalogue)]
    for source in catalogue.sources:
        statements += [*compiler.ledger(source), *compiler.posting(catalogue, source)]
    return schema(statements)


def schema(statements: Iterable[Statement]) -> Schema:
    """The last word on each object."""
    return {(one.kind, one.name): one.sql for one in statements}


def write(path: Path, statements: Iterable[Statement]) -> None:
    """Write statements to a file of a revision."""
    text = script.dump((one.kind, one.name, one.sql) for one in statements)
    path.write_text(text, encoding="utf-8")
