"""Write a revision of an application's own, into its folder and its branch, with Alembic."""

from __future__ import annotations

import sys
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory

from aggregates.configuration import Configuration
from aggregates.engines import driver, open_database
from aggregates.errors import AggregatesError, SchemaMismatch
from aggregates.installing import upgrading
from aggregates.installing.autogenerate import OPTION, Declared
from aggregates.installing.owned import owned


def write_own_revision(database: str, message: str, own: Configuration) -> Path | None:
    """Write what takes a database to what is declared; None where it holds that.

    Raises AggregatesError where no folder is named for it, and where there are revisions that have
    not run yet.
    """
    if own.migrations is None:
        raise AggregatesError(
            "no folder is named for revisions, as `migrations` in aggregates.toml: where your"
            " application has an Alembic, `alembic revision --autogenerate` writes them"
        )
    own.migrations.mkdir(parents=True, exist_ok=True)
    config = upgrading.configured(database, own=own.migrations)
    config.attributes[OPTION] = Declared(own.label, own.declared())
    script = ScriptDirectory.from_config(config)
    is_first = not any(
        Path(one.path).parent == own.migrations.resolve() for one in script.walk_revisions()
    )
    with closing(open_database(database)) as opened, opened.reading() as connection:
        wrong = upgrading.mismatch(upgrading.current(connection))
        versions = tuple(upgrading.versions_known(connection, script))
        is_there = not all(one.is_filling for one in owned(driver(connection), own.label))
    if wrong:
        raise SchemaMismatch(wrong)
    if is_first and is_there:
        raise SchemaMismatch(
            f"the database holds aggregates of {own.label}, and no revision in {own.migrations} has"
            " made them: put its files back, or take another label"
        )
    if unknown := [one for one in versions if not upgrading.is_known(one, script)]:
        raise SchemaMismatch(
            f"the database is at revision {unknown[0]}, which is not in {own.migrations}: put its"
            " file back"
        )
    if {*script.get_revisions("heads")} - {*script.get_revisions(versions)}:
        raise AggregatesError(
            "revisions have been written that the database is not at: run `aggregates migrate`, and"
            " then this again; or remove the file of one that is to be written anew"
        )
    with redirect_stdout(sys.stderr):  # Alembic tells what it does
        written = command.revision(
            config,
            message,
            autogenerate=True,
            head="base" if is_first else f"{own.label}@head",
            branch_label=own.label if is_first else None,
            version_path=str(own.migrations),
            depends_on=upgrading.head(),
            process_revision_directives=_unless_empty,
        )
    return Path(written.path) if written and not isinstance(written, list) else None


def _unless_empty(context: Any, revision: Any, directives: list[Any]) -> None:
    if directives[0].upgrade_ops.is_empty():
        directives.clear()
