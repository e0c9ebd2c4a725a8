"""Write what the catalogue says as SQL that a revision carries for ever."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from aggregates.errors import DefinitionError
from aggregates.frozen.statements import (
    THEIR_COLUMNS,
    Recomputation,
    Statement,
    dump,
    dump_recomputation,
    installed,
    migrations_folder,
)
from aggregates.model.definition import Catalogue, Source

Schema = dict[tuple[str, str], Statement]
"""Statements by (kind, name)."""

_REVISION = '''"""{message}"""

from pathlib import Path

from aggregates.installing import operations
from alembic import op

revision = "{revision}"
down_revision = "{down_revision}"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SOURCES = {sources}


def upgrade() -> None:
    operations.begin(op, down_revision)
    operations.install(op, revision, HERE, SOURCES)


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.uninstall(op, HERE)
'''


class Compiles(Protocol):
    """What is asked of an engine's compiler here."""

    def bookkeeping(self) -> list[Statement]:
        """Tables of what migrations remember of a database."""

    def consuming(self) -> list[Statement]:
        """Tables of what reads the change log, and of what was proved."""

    def ledger(self, source: Source) -> list[Statement]:
        """The change log of a source, and the triggers that write it."""

    def tables(self, catalogue: Catalogue) -> list[Statement]:
        """Tables, views and descriptions of all definitions, and what keeps one by another."""

    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """What posts each entry of the log to the aggregates at once."""

    def recomputation(
        self, catalogue: Catalogue, source: Source, *, only: tuple[str, ...]
    ) -> Recomputation:
        """How to compute some aggregates of a source from its rows."""


def live(compiler: Compiles, catalogue: Catalogue) -> Schema:
    """What the definitions say should be installed."""
    statements = [*compiler.bookkeeping(), *compiler.tables(catalogue), *compiler.consuming()]
    for source in catalogue.sources:
        statements += [*compiler.ledger(source), *compiler.posting(catalogue, source)]
    return schema(statements)


def frozen(folder: Path | None = None) -> Schema:
    """What the revisions up to head have installed."""
    return schema(installed(folder or migrations_folder()))


def schema(statements: Iterable[Statement]) -> Schema:
    """The last word on each object."""
    return {(one.kind, one.name): one for one in statements}


def write_revision(
    message: str, compiler: Compiles, catalogue: Catalogue, folder: Path | None = None
) -> Path | None:
    """Write the revision that takes a database from the frozen head to the catalogue.

    Answers the revision's file; None where head says what the catalogue says. Raises
    DefinitionError where a table of a released revision would change: such a step is written by
    hand, as its rows have to be kept.
    """
    folder = folder or migrations_folder()
    before, after = frozen(folder), live(compiler, catalogue)
    if same(before, after):
        return None
    if gone := sorted(name for kind, name in before.keys() - after.keys() if kind == "table"):
        raise DefinitionError(f"released tables are not in the catalogue: {', '.join(gone)}")
    for (kind, name), statement in after.items():
        if kind == "table" and statement.sql != before.get((kind, name), statement).sql:
            raise DefinitionError(
                f"{name} is released and would change: give the new one a name of its own, or"
                " write the revision by hand"
            )
    if new := [one.name for one in catalogue.sources if ("table", one.log) not in before]:
        raise DefinitionError(f"{', '.join(new)}: write the revision of a new source by hand")
    revision = f"{len(list((folder / 'versions').glob('*.py'))) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "catalogue"
    path = folder / "versions" / f"{revision}_{slug}.py"
    sources = write_files(path.with_suffix(""), compiler, catalogue, before, after)
    path.write_text(
        _REVISION.format(
            message=message,
            revision=revision,
            down_revision=f"{int(revision) - 1:04}",
            sources=json.dumps(sources).replace("[", "(").replace("]", ",)" if sources else ")"),
        ),
        encoding="utf-8",
    )
    return path


def write_files(
    here: Path, compiler: Compiles, catalogue: Catalogue, before: Schema, after: Schema
) -> list[str]:
    """Write the SQL that takes one schema to another; the names of the sources concerned.

    `tables.sql` is made at first, `ledger_SOURCE.sql` and `recomputation_SOURCE.sql` say how to
    fill it, `posting_SOURCE.sql` keeps it from then on; `views.sql` comes last. `before.sql` holds
    what was there in the place of what changed.
    """
    added = {key for key in after if key not in before}
    changed = {key for key in after if key in before and after[key].sql != before[key].sql}
    # A view takes the triggers on it with it.
    views = {name for kind, name in changed if kind == "view"}
    changed |= {
        key for key, one in before.items() if one.kind == "trigger" and one.table in views
    } & after.keys()
    changed = {key for key in changed if key[0] != "data"}
    if fitted := [key[1] for key in changed if THEIR_COLUMNS in after[key].sql]:
        raise DefinitionError(f"{', '.join(fitted)}: write a change of the ledger by hand")
    here.mkdir()
    ledgers = {
        source.name: compiler.ledger(source)
        for source in catalogue.sources
        if ("table", source.log) in added
    }
    rest = {key: after[key] for key in after if key in added | changed}
    for name, statements in ledgers.items():
        write(here / f"ledger_{name}.sql", statements)
        rest = {key: one for key, one in rest.items() if one not in statements}
    data = [one for key, one in after.items() if key[0] == "data" and one != before.get(key)]
    # What posts the entries of a log comes last: until then writers only append to it.
    logs = {source.log for source in catalogue.sources}
    names = {name for kind, name in added if kind == "table"} - logs
    tables = [
        one
        for one in rest.values()
        if one.kind in ("table", "index") or (one.kind == "trigger" and one.table in names)
    ]
    write(here / "tables.sql", [*tables, *data])
    rest = {key: one for key, one in rest.items() if one not in tables and one not in data}
    concerned = []
    for source in catalogue.sources:
        posting = schema(compiler.posting(catalogue, source))
        cascades = [
            one
            for one in rest.values()
            if one.kind == "trigger" and one.table in _tables(source, catalogue)
        ]
        kept = [one for one in rest.values() if (one.kind, one.name) in posting or one in cascades]
        rest = {key: one for key, one in rest.items() if one not in kept}
        if only := _added(catalogue, source, before):
            recomputation = compiler.recomputation(catalogue, source, only=only)
            text = dump_recomputation(recomputation)
            (here / f"recomputation_{source.name}.sql").write_text(text, encoding="utf-8")
        if only or kept:
            write(here / f"posting_{source.name}.sql", kept)
            concerned.append(source.name)
    write(here / "views.sql", rest.values())
    replaced = {("data", one.name) for one in data}
    write(here / "before.sql", [before[key] for key in before if key in changed | replaced])
    return concerned


def _tables(source: Source, catalogue: Catalogue) -> set[str]:
    return {one.name for one in catalogue.definitions if one.source is source}


def same(one: Schema, other: Schema) -> bool:
    """Whether two schemas have the same objects with the same SQL."""
    return {key: value.sql for key, value in one.items()} == {
        key: value.sql for key, value in other.items()
    }


def write(path: Path, statements: Iterable[Statement]) -> None:
    """Write statements to a file of a revision."""
    text = dump((one.kind, one.name, one.sql) for one in statements)
    path.write_text(text, encoding="utf-8")


def _added(catalogue: Catalogue, source: Source, before: Schema) -> tuple[str, ...]:
    """Names of the definitions of a source that no revision has installed."""
    names = tuple(
        one.name
        for one in catalogue.definitions
        if one.source is source and ("table", one.name) not in before
    )
    for one in catalogue.aggregates():
        if one.name not in names:
            continue
        counted = [
            part.pairs for part in one.distinct_counts if not catalogue.is_recounted(one, part)
        ]
        for table in [*counted, *(part.listing for part in one.extremes)]:
            if table not in names:
                raise DefinitionError(f"{one.name} needs a {table} of its own, new like itself")
    return names
