"""Commands about tables of another shape, whose runs a mapping tells."""

from __future__ import annotations

from contextlib import closing

import click

from aggregates.cli.settings import Settings, pass_settings, shared_options, text
from aggregates.engines import explained, file_of, open_database
from aggregates.errors import DatabaseMissing
from aggregates.installing.suggesting import suggest
from aggregates.model import mapping


@click.group("mapping")
def mapping_group() -> None:
    """Tables of another shape: which of their columns say what of a run."""


@mapping_group.command("list")
@shared_options
def list_command() -> None:
    """Name the mappings that ship, and the tables that they read."""
    for one in mapping.shipped():
        click.echo(f"{one.name}: {one.table} ({', '.join(one.columns)})")


@mapping_group.command("show")
@click.argument("name", type=text)
@shared_options
def show_command(name: str) -> None:
    """Print the mapping NAME that ships, to be edited; or check the file of that name."""
    click.echo(mapping.named(name).text, nl=False)


@mapping_group.command("suggest")
@click.option("--table", type=text, metavar="NAME", help="Of this table.")
@shared_options
@pass_settings
def suggest_command(settings: Settings, table: str | None) -> None:
    """Print a mapping of the table that looks most like one of runs.

    It is one that ships, where one fits; else one to edit, from the columns that are there and a
    thousand of their values.
    """
    database = settings.named_database()
    path = file_of(database)
    if path is not None and not path.exists():
        raise DatabaseMissing(f"there is no database at {path}; name one that holds runs")
    with (
        explained(database),
        closing(open_database(database)) as opened,
        opened.own_connection() as connection,
    ):
        found = suggest(connection, table)
    click.echo(found.text, nl=False)
    if found.fitting:
        names = " or ".join(f"`aggregates migrate --mapping {name}`" for name in found.fitting)
        click.echo(f"a mapping that ships fits: {names}", err=True)
    else:
        click.echo(
            "edit it, save it to a file, and run `aggregates migrate --mapping FILE`", err=True
        )


COMMANDS = (mapping_group,)
