"""The forms in which a result goes to stdout."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, Literal, TypeVar

import click

from aggregates import render
from aggregates.cli.as_json import plain, print_json
from aggregates.cli.settings import at_least_one
from aggregates.render import grids

Format = Literal["table", "json", "csv", "markdown"]
Row = TypeVar("Row")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
limit_option = click.option("--limit", type=at_least_one, help="At most this many.")
agent_option = click.option("--agent", metavar="NAME", help="Only this agent.")


def format_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--format`, and `--json` for short, as the argument `output` of a command."""

    @wraps(command)
    def chosen(*args: Any, output_format: Format | None, as_json: bool, **kwargs: Any) -> None:
        if as_json and output_format not in (None, "json"):
            raise click.UsageError(f"--json and --format {output_format} exclude each other")
        command(*args, output="json" if as_json else output_format or "table", **kwargs)

    option = click.option(
        "--format",
        "output_format",
        type=click.Choice(["table", "json", "csv", "markdown"]),
        help="A table for people, Markdown, or JSON or CSV with stable keys.  [default: table]",
    )
    json = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
    return option(json(chosen))


def print_rows(
    output: Format,
    rows: Sequence[Row],
    columns: Sequence[grids.Column[Row]],
    of: type[Row],
) -> None:
    """A list of results of one dataclass."""
    if output == "json":
        print_json(list(rows))
    elif output == "csv":
        names = [field.name for field in fields(of)]  # type: ignore[arg-type]
        print_csv(names, [[getattr(row, name) for name in names] for row in rows])
    elif output == "markdown":
        click.echo(grids.markdown(columns, rows))
    else:
        out = render.console()
        out.print(grids.table(columns, rows, out.width))
        if not rows:
            out.print("nothing found")


def print_csv(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """CSV with a line of names; on a terminal, control characters are escaped."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    show = render.line if sys.stdout.isatty() else str
    for row in rows:
        writer.writerow("" if cell is None else show(plain(cell)) for cell in row)
