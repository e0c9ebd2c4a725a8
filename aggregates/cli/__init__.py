"""The command line.

The result goes to stdout, everything else to stderr. Exit status: 0 well, 1 error, 2 usage,
3 drift found, 4 schema or triggers not as they should be, 10 no such database, 11 locked. Whoever
reads stdout may stop early: the status is what it would have been.
"""

from __future__ import annotations

import click

from aggregates import __version__
from aggregates.cli import (
    changes,
    databases,
    datasette,
    mappings,
    proofs,
    readings,
    reports,
    serving,
    streams,
)
from aggregates.cli.settings import Commands, shared_options


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aggregates")
@shared_options
def main() -> None:
    """Exact aggregates of AI-agent runs, kept by triggers inside the agents' own database.

    Exit status: 0 well, 1 error, 2 usage, 3 drift found, 4 schema or triggers not as they should
    be, 10 no such database, 11 locked, 130 Ctrl-C.
    """
    streams.prepare()


for command in (
    *databases.COMMANDS,
    *mappings.COMMANDS,
    *readings.COMMANDS,
    reports.report_group,
    *proofs.COMMANDS,
    *changes.COMMANDS,
    *datasette.COMMANDS,
    *serving.COMMANDS,
):
    main.add_command(command)
