"""Commands that make, migrate and strip a database, and the one that freezes a revision."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from aggregates import render, samples
from aggregates.cli.proofs import NOT_AS_IT_SHOULD_BE
from aggregates.cli.settings import (
    Settings,
    pass_settings,
    shared_options,
    tell,
    text,
    wait_option,
)
from aggregates.configuration import configuration
from aggregates.engines import compiler, explained, file_of, open_database, shown
from aggregates.engines.base import Database
from aggregates.errors import AggregatesError, CannotAdopt
from aggregates.frozen import freezing
from aggregates.frozen.shapes import shape_of
from aggregates.installing import upgrading
from aggregates.installing.surveying import survey
from aggregates.model import mapping
from aggregates.model.catalogue import catalogue
from aggregates.model.mapping import TableMapping
from aggregates.own_revisions import write_own_revision
from aggregates.proving import rebuilding, reinstalling
from aggregates.proving.inspecting import inspect
from aggregates.store import Store


@click.command("sample")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="Rows of agent_invocations.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    help="Days of history.  [default: 1,000 rows a day, over 7 days at least, 10 years at most]",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed makes the same sample."
)
@click.option(
    "--row-bytes",
    type=click.IntRange(min=0),
    default=1400,
    show_default=True,
    help="Average size of a row.",
)
@shared_options
def sample_command(path: Path, rows: int, days: int | None, seed: int, row_bytes: int) -> None:
    """Write a sample database of ROWS rows to PATH, as agents' hooks would have."""
    write_sample(path, rows=rows, days=days, seed=seed, row_bytes=row_bytes)
    click.echo(f"{path}: {render.counted(rows, 'row')}")


@click.command("migrate")
@click.option(
    "--journal-mode",
    type=click.Choice(["wal", "keep"]),
    help="Switch SQLite to WAL, in which readers block no writer, or leave the mode alone."
    "  [default: wal on the first migration, then keep]",
)
@click.option(
    "--mapping",
    "mapping_name",
    type=text,
    metavar="NAME|FILE",
    help="Keep the runs of a table of another shape, as this mapping says.",
)
@click.option(
    "--reinstall",
    is_flag=True,
    help="Put triggers and views back that are missing or altered, and tables that are gone.",
)
@click.option(
    "--yes",
    is_flag=True,
    help="Adopt tables that are not as the hooks make them, without asking.",
)
@wait_option
@shared_options
@pass_settings
@click.pass_context
def migrate_command(
    ctx: click.Context,
    settings: Settings,
    /,
    journal_mode: upgrading.JournalMode | None,
    mapping_name: str | None,
    reinstall: bool,
    yes: bool,
    wait: float,
) -> None:
    """Install or upgrade the aggregates, and fill them from the history.

    Makes the database if it is not there. Writers may go on writing. Every program that writes
    to the file needs SQLite 3.24 or newer from then on. Ends with status 4 where something is not
    installed as it should be, which `--reinstall` puts right.
    """
    database = settings.named_database()
    migrate(
        database,
        journal_mode=journal_mode,
        mapping=None if mapping_name is None else mapping.named(mapping_name),
        is_agreed=yes,
        wait=wait,
    )
    with _opened(database, wait) as opened:
        if reinstall:
            _reinstall(opened)
            tell(
                settings.pasteable(
                    "triggers and views are back; nothing is believed until it is proved:"
                    " run `aggregates repair`"
                )
            )
        with opened.reading() as connection:
            status = inspect(connection, catalogue.sources)
    click.echo(f"{shown(database)}: revision {status.revision}, journal mode {status.journal_mode}")
    findings = [one for one in status.findings if not one.is_doubt]
    for finding in [*findings, *status.warnings]:
        tell(settings.pasteable(str(finding)))
    if findings:
        ctx.exit(NOT_AS_IT_SHOULD_BE)


@click.command("downgrade")
@click.option("--drop-columns", is_flag=True, help="Drop the column updated_at too (SQLite 3.35).")
@click.option(
    "--to",
    "revision",
    type=text,
    default="base",
    show_default=True,
    metavar="REVISION",
    help="Where to stop: acme@-1 takes back the last revision of the label acme, acme@base all.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@shared_options
@pass_settings
def downgrade_command(
    settings: Settings, /, drop_columns: bool, revision: str, yes: bool, wait: float
) -> None:
    """Remove everything that `migrate` installed; the source tables' data stays.

    Holds the lock for writing while it does: for less than a second, but --drop-columns writes the
    whole table again. Stop the hooks of a large database first.
    """
    with settings.store() as store:
        database = store.database
    if not yes:
        click.confirm(
            f"Remove all aggregates and the change log from {shown(database)}?"
            if revision == "base"
            else f"Take back what {shown(database)} has beyond {revision}?",
            abort=True,
            err=True,
        )
    with explained(database):
        upgrading.downgrade(
            database,
            drop_columns=drop_columns,
            revision=revision,
            wait=wait,
            on_wait=tell,
            own=_own_revisions(),
        )
    open_database(database).forget_proof()
    left = "aggregates removed" if revision == "base" else f"back at {revision}"
    click.echo(f"{shown(database)}: {left}")


@click.command("revision")
@click.option(
    "--message", "-m", type=text, required=True, help="What the revision adds, in a few words."
)
@shared_options
@pass_settings
def revision_command(settings: Settings, message: str) -> None:
    """Write the revision that the definitions ask for, with the SQL that they become.

    Where `aggregates.toml` or `pyproject.toml` names definitions of your own, it is what takes the
    database from what it holds of them to what they are now. Without, it is for those who work on
    the catalogue, in a checkout. Review what is written, then commit it.
    """
    own = configuration()
    if own is None:
        path = freezing.write_revision(message, compiler("sqlite"), catalogue)
        click.echo("head says what the catalogue says" if path is None else str(path))
        return
    database = settings.named_database()
    _check_exists(database)
    with explained(database):
        path = write_own_revision(database, message, own)
    click.echo("the database holds what is declared" if path is None else str(path))


def _check_exists(database: str) -> None:
    Store(database).close()


def write_sample(
    path: Path, *, rows: int, days: int | None = None, seed: int = 1, row_bytes: int = 1400
) -> None:
    """Write a sample to a path where nothing is."""
    if path.exists():
        raise AggregatesError(f"{path} is there already; name another file, or remove it first")
    # Moved into place when it is whole: a sample cut short must not pass for one.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with explained(str(path)), render.progress_bar("writing") as progress:
            samples.write_sample(
                partial, rows, days=days, seed=seed, row_bytes=row_bytes, progress=progress
            )
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def migrate(
    database: str,
    *,
    journal_mode: upgrading.JournalMode | None = None,
    mapping: TableMapping | None = None,
    is_agreed: bool = False,
    wait: float = upgrading.WAIT,
) -> None:
    """Install or upgrade the aggregates; makes the database where there is none.

    Asks first, or raises CannotAdopt where nobody can answer, where others than the hooks have made
    its tables, unless that `is_agreed` to.
    """
    path = file_of(database)
    is_new = path is not None and not path.exists()
    if not is_new and mapping is None:
        _agree(database, wait, is_agreed=is_agreed)
    with explained(database), render.progress_bar("filling") as progress:
        upgrading.upgrade(
            database,
            progress=progress,
            journal_mode=journal_mode,
            wait=wait,
            on_wait=tell,
            mapping=mapping,
            own=_own_revisions(),
        )
    if is_new:
        click.echo(f"{path}: made a new database", err=True)


def _own_revisions() -> Path | None:
    """The folder of an application's revisions, where one is named."""
    own = configuration()
    return None if own is None else own.migrations


def _agree(database: str, wait: float, *, is_agreed: bool) -> None:
    named = shown(database)
    with _opened(database, wait) as opened, opened.reading() as connection:
        found = survey(connection, [shape_of(source) for source in catalogue.sources])
    if found is None:
        return
    for one in found.lines():
        tell(one)
    if is_agreed:
        return
    if not sys.stdin.isatty():
        raise CannotAdopt(
            f"{named}: its tables are not as the agents' hooks make them, as the list above"
            " says; nothing was changed. Where it is the right database, and that is meant:"
            f" `aggregates migrate --yes --database {named}`. Where runs lie in another table:"
            f" `aggregates mapping suggest --database {named}`"
        )
    click.confirm(f"Adopt {named} as it is?", abort=True, err=True)


@contextmanager
def _opened(database: str, wait: float) -> Iterator[Database]:
    """Waits so long for a lock, and says so."""
    with (
        explained(database),
        closing(open_database(database, lock_timeout=wait, on_wait=tell)) as opened,
    ):
        yield opened


def _reinstall(opened: Database) -> None:
    if reinstalling.reinstall(opened, catalogue.sources):
        with render.progress_bar("rebuilding") as progress:
            rebuilding.rebuild(opened, catalogue, progress)


COMMANDS = (sample_command, migrate_command, downgrade_command, revision_command)
