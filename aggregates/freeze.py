"""Write what the catalogue says as SQL that a revision carries for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from aggregates import script
from aggregates.catalogue import catalogue as shipped
from aggregates.compiler.base import Statement
from aggregates.compiler.sqlite import SQLite
from aggregates.compiler.sqlite.ledger import THEIR_COLUMNS
from aggregates.definition import Aggregate, Catalogue, DistinctCount, Extreme, Source
from aggregates.errors import DefinitionError

Schema = dict[tuple[str, str], Statement]
"""Statements by (kind, name)."""

_REVISION = '''"""{message}"""

from pathlib import Path

from aggregates import operations
from alembic import op

revision = "{revision}"
down_revision = "{down_revision}"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")


def upgrade() -> None:
    operations.begin(op, down_revision)
    if not operations.is_resumed(op, revision):
        operations.create(op, HERE / "tables.sql")
{begin}{fill}    operations.replace(op, HERE / "posting.sql")


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.remove(op, HERE / "tables.sql", HERE / "posting.sql")
    operations.create(op, HERE / "before.sql")
'''


def live(catalogue: Catalogue = shipped) -> Schema:
    """What the definitions say should be installed."""
    compiler = SQLite()
    statements = [*compiler.bookkeeping(), *compiler.tables(catalogue)]
    for source in catalogue.sources:
        statements += [*compiler.ledger(source), *compiler.posting(catalogue, source)]
    return schema(statements)


def frozen(folder: Path | None = None) -> Schema:
    """What the revisions up to head have installed."""
    return schema(script.installed(folder or script.migrations_folder()))


def schema(statements: Iterable[Statement]) -> Schema:
    """The last word on each object."""
    return {(one.kind, one.name): one for one in statements}


def write_revision(
    message: str, catalogue: Catalogue = shipped, folder: Path | None = None
) -> Path | None:
    """Write the revision that takes a database from the frozen head to the catalogue.

    Answers the revision's file; None where head says what the catalogue says. Raises
    DefinitionError where a table of a released revision would change: such a step is written by
    hand, as its rows have to be kept.
    """
    folder = folder or script.migrations_folder()
    before, after = frozen(folder), live(catalogue)
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
    added = [one for key, one in after.items() if key not in before]
    changed = [one for key, one in after.items() if key in before and one.sql != before[key].sql]
    # A view takes the triggers on it with it.
    views = {one.name for one in changed if one.kind == "view"}
    replaced = {(one.kind, one.name) for one in changed} | {
        key for key, one in before.items() if one.kind == "trigger" and _on(one) in views
    }
    if fitted := [key[1] for key in replaced if THEIR_COLUMNS in after[key].sql]:
        raise DefinitionError(f"{', '.join(fitted)}: write a change of the ledger by hand")
    tables = [one for one in added if one.kind in ("table", "index", "data")]
    sources = [one for one in catalogue.sources if _added(catalogue, one, before)]
    revision = f"{len(list((folder / 'versions').glob('*.py'))) + 1:04}"
    down_revision = f"{int(revision) - 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "catalogue"
    path = folder / "versions" / f"{revision}_{slug}.py"
    here = path.with_suffix("")
    here.mkdir()
    cascades = [
        one for one in added if one.kind == "trigger" and _on(one) in {t.name for t in tables}
    ]
    write(here / "tables.sql", [*tables, *cascades])
    write(
        here / "posting.sql",
        [
            one
            for key, one in after.items()
            if key in replaced or (one in added and one not in tables and one not in cascades)
        ],
    )
    write(here / "before.sql", [before[key] for key in before if key in replaced])
    begin, fill = [], []
    for source in sources:
        only = _added(catalogue, source, before)
        name = f"recomputation_{source.name}.sql"
        recomputation = SQLite().recomputation(catalogue, source, only=only)
        (here / name).write_text(script.dump_recomputation(recomputation), encoding="utf-8")
        begin.append(f'        operations.begin_backfill(op, revision, HERE / "{name}")\n')
        fill.append(f'    operations.backfill(op, revision, HERE / "{name}")\n')
    path.write_text(
        _REVISION.format(
            message=message,
            revision=revision,
            down_revision=down_revision,
            begin="".join(begin),
            fill="".join(fill),
        ),
        encoding="utf-8",
    )
    return path


def same(one: Schema, other: Schema) -> bool:
    """Whether two schemas have the same objects with the same SQL."""
    return {key: value.sql for key, value in one.items()} == {
        key: value.sql for key, value in other.items()
    }


def write(path: Path, statements: Iterable[Statement]) -> None:
    """Write statements to a file of a revision."""
    text = script.dump((one.kind, one.name, one.sql) for one in statements)
    path.write_text(text, encoding="utf-8")


def _added(catalogue: Catalogue, source: Source, before: Schema) -> tuple[str, ...]:
    """Names of the definitions of a source that no revision has installed."""
    names = tuple(
        one.name
        for one in catalogue.definitions
        if one.source is source and ("table", one.name) not in before
    )
    for one in catalogue.definitions:
        if one.name in names and isinstance(one, Aggregate):
            needed: list[DistinctCount | Extreme] = [*one.distinct_counts, *one.extremes]
            for part in needed:
                table = part.pairs if isinstance(part, DistinctCount) else part.listing
                if table not in names:
                    raise DefinitionError(
                        f"{one.name}.{part.name} needs a {table} of its own, new like itself"
                    )
    return names


def _on(trigger: Statement) -> str:
    found = re.search(r"\bON\s+(\S+)", trigger.sql)
    return found[1].strip('"') if found else ""
