"""The command that describes the database to Datasette."""

from __future__ import annotations

import json
from typing import TextIO

import click

from aggregates.cli.settings import Settings, pass_settings, shared_options
from aggregates.engines import file_of
from aggregates.errors import AggregatesError
from aggregates.faces.datasette import internal_objects, metadata
from aggregates.model.catalogue import catalogue
from aggregates.model.dictionary import dictionary


@click.command("datasette")
@click.argument(
    "path", metavar="[PATH]", type=click.File("w", encoding="utf-8", lazy=True), default="-"
)
@shared_options
@pass_settings
def datasette_command(settings: Settings, path: TextIO) -> None:
    """Write metadata for Datasette to PATH, or to standard output.

    Descriptions of tables and columns, the order of tables, and queries to begin with. Then:
    `datasette agent_workflow.db -m metadata.json`.
    """
    file = file_of(settings.named_database())
    if file is None:
        raise AggregatesError("Datasette opens SQLite files: name one with --database")
    settings.store().close()  # says so where there is no such file
    found = metadata(file.stem, dictionary(catalogue), internal_objects(catalogue))
    click.echo(json.dumps(found, indent=2), file=path)


COMMANDS = (datasette_command,)
