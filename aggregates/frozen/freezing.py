"""Write what the catalogue says as SQL that a revision carries for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Protocol

from alembic.script import ScriptDirectory
from alembic.util import rev_id

from aggregates.errors import DefinitionError
from aggregates.frozen.layout import wrapped
from aggregates.frozen.statements import (
    THEIR_COLUMNS,
    Recomputation,
    Statement,
    dump,
    dump_folding,
    dump_reading,
    installed,
    migrations_folder,
)
from aggregates.model.definition import Aggregate, Catalogue, Definition, Source

Schema = dict[tuple[str, str], Statement]
"""Statements by (kind, name)."""

_REVISION = '''"""{message}"""

from pathlib import Path

from alembic import op

from aggregates.installing import operations

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

    def facts(self, source: Source) -> list[Statement]:
        """What takes each entry of the log to the source's view of facts."""

    def posting(self, catalogue: Catalogue, source: Source) -> list[Statement]:
        """What posts the facts of each entry to the aggregates at once."""

    def recomputation(
        self, catalogue: Catalogue, source: Source, *, only: tuple[str, ...] | None = None
    ) -> Recomputation:
        """How to compute some aggregates of a source from its rows."""


def live(compiler: Compiles, catalogue: Catalogue) -> Schema:
    """What the definitions say should be installed."""
    statements = [*compiler.bookkeeping(), *compiler.tables(catalogue), *compiler.consuming()]
    for source in catalogue.sources:
        statements += compiler.ledger(source)
        statements += [*compiler.facts(source), *compiler.posting(catalogue, source)]
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
    DefinitionError where something released would go, or its rows would have to be kept: such a
    step is written by hand.
    """
    folder = folder or migrations_folder()
    before, after = frozen(folder), live(compiler, catalogue)
    if same(before, after):
        return None
    _check(catalogue, before, after)
    down, revision = ScriptDirectory(str(folder)).get_current_head(), rev_id()
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "catalogue"
    path = folder / "versions" / f"{revision}_{slug}.py"
    sources = write_files(path.with_suffix(""), compiler, catalogue, before, after)
    path.write_text(
        _REVISION.format(
            message=message,
            revision=revision,
            down_revision=down,
            sources=_tuple(sources),
        ),
        encoding="utf-8",
    )
    return path


def write_files(
    here: Path, compiler: Compiles, catalogue: Catalogue, before: Schema, after: Schema
) -> list[str]:
    """Write the SQL that takes one schema to another; the names of the sources concerned.

    `tables.sql` is made at first. `rows_SOURCE.sql`, once a source, says how its rows become facts,
    and `folds_SOURCE.sql` how these are added up. `facts_SOURCE.sql`, once a source, and
    `posting_SOURCE.sql` keep that up from then on; `views.sql` comes last. What was there in the
    place of what changed is in the earlier revisions. `review.md` says what changed, for people.
    """
    added = {key for key in after if key not in before}
    changed = {key for key in after if key in before and after[key].sql != before[key].sql}
    # A view takes the triggers on it with it.
    views = {name for kind, name in changed if kind == "view"}
    changed |= {
        key for key, one in before.items() if one.kind == "trigger" and one.table in views
    } & after.keys()
    facts = {source.name: schema(compiler.facts(source)) for source in catalogue.sources}
    of_sources = set().union(*facts.values())
    if fixed := [key[1] for key in changed if THEIR_COLUMNS in after[key].sql or key in of_sources]:
        raise DefinitionError(f"{', '.join(fixed)}: write a change of a source by hand")
    here.mkdir()
    rest = {key: after[key] for key in after if key in added | changed}

    def take(name: str, some: Iterable[Statement]) -> bool:
        """Write those of some statements that are left, if there are any."""
        found = [one for one in some if (one.kind, one.name) in rest]
        for one in found:
            del rest[one.kind, one.name]
        if found:
            write(here / name, found)
        return bool(found)

    made = [one for one in rest.values() if one.kind in ("table", "index", "data")]
    take("tables.sql", made)
    concerned = []
    for source in catalogue.sources:
        if take(f"facts_{source.name}.sql", facts[source.name].values()):
            (here / f"rows_{source.name}.sql").write_text(
                dump_reading(compiler.recomputation(catalogue, source).reading), encoding="utf-8"
            )
        if only := _added(catalogue, source, before):
            folding = compiler.recomputation(catalogue, source, only=only).folding
            text = dump_folding(folding)
            (here / f"folds_{source.name}.sql").write_text(text, encoding="utf-8")
        is_posted = take(f"posting_{source.name}.sql", compiler.posting(catalogue, source))
        if only or is_posted:
            concerned.append(source.name)
    take("views.sql", [*rest.values()])
    new = [after[key] for key in after if key in added | changed]
    (here / "review.md").write_text(review(before, new), encoding="utf-8")
    return concerned


def review(before: Schema, statements: Iterable[Statement]) -> str:
    """What changes, statement by statement: those that are new by name, others as a difference."""
    lines = ["# What this revision changes", ""]
    for one in statements:
        old = before.get((one.kind, one.name))
        if old is None:
            lines.append(f"- new {one.kind} `{one.name}`")
            continue
        lines += [f"- {one.kind} `{one.name}`, changed:", "", "```diff"]
        earlier, later = (wrapped(each.sql).splitlines() for each in (old, one))
        difference = unified_diff(earlier, later, lineterm="", n=1)
        lines += [line for line in difference if line[:3] not in _HEADS]
        lines += ["```", ""]
    return "\n".join(lines).rstrip() + "\n"


_HEADS = ("---", "+++")


def same(one: Schema, other: Schema) -> bool:
    """Whether two schemas have the same objects with the same SQL."""
    return {key: value.sql for key, value in one.items()} == {
        key: value.sql for key, value in other.items()
    }


def write(path: Path, statements: Iterable[Statement]) -> None:
    """Write statements to a file of a revision."""
    text = dump((one.kind, one.name, one.sql) for one in statements)
    path.write_text(text, encoding="utf-8")


def _check(catalogue: Catalogue, before: Schema, after: Schema) -> None:
    """Raise DefinitionError where a revision would need more than what is written of itself."""
    if gone := sorted(name for _, name in before.keys() - after.keys()):
        raise DefinitionError(f"released, and not in the catalogue: {', '.join(gone)}")
    for key, statement in after.items():
        is_kept = key[0] == "table" or (key[0] == "data" and "OR REPLACE" not in statement.sql)
        if is_kept and statement.sql != before.get(key, statement).sql:
            raise DefinitionError(
                f"{key[1]} is released and would change: give the new one a name of its own, or"
                " write the revision by hand"
            )
    if new := [one.name for one in catalogue.sources if ("table", one.log) not in before]:
        raise DefinitionError(f"{', '.join(new)}: write the revision of a new source by hand")
    for one in catalogue.definitions:
        if _is_new(one, before) and ("table", one.table) in before:
            raise DefinitionError(
                f"{one.name}: the cluster {one.table} is released, and filled: give the new one"
                " another cluster, or none"
            )


def _is_new(one: Definition, before: Schema) -> bool:
    """Whether no revision has installed a definition: its table, or its view of a cluster."""
    return not {("table", one.name), ("view", one.name)} & before.keys()


def _added(catalogue: Catalogue, source: Source, before: Schema) -> tuple[str, ...]:
    """Names of the definitions of a source that no revision has installed."""
    new = [one for one in catalogue.definitions if one.source is source and _is_new(one, before)]
    names = tuple(one.name for one in new)
    for one in new:
        counts = one.distinct_counts if isinstance(one, Aggregate) else ()
        for count in counts:
            if count.is_stored and count.pairs not in names:
                raise DefinitionError(f"{one.name} needs {count.pairs}, new like itself")
    return names


def _tuple(names: Iterable[str]) -> str:
    """The source of a tuple, as ruff lays it out."""
    quoted = [f'"{name}"' for name in names]
    return f"({', '.join(quoted)}{',' if len(quoted) == 1 else ''})"
