"""The forms in which a result goes to stdout."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, Literal, TypeVar

import click

from aggregates import render
from aggregates.cli.as_json import plain, print_json
from aggregates.cli.settings import at_least_one, text
from aggregates.render import grids

Format = Literal["table", "json", "csv", "markdown"]
Row = TypeVar("Row")

_FORMULA = r"=+\-@\uff1d\uff0b\uff0d\uff20"
"""What a formula may begin with in a spreadsheet, full-width forms included."""
_FORMULA_BEGINS = re.compile(rf'^(?=[{_FORMULA}\t\r\n])|(?<=[;\t\r\n])[\s"]*(?=[{_FORMULA}])')
"""Where a cell of one may begin: where `;` separates cells, a text becomes several."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
limit_option = click.option("--limit", type=at_least_one, help="At most this many.")
agent_option = click.option("--agent", type=text, metavar="NAME", help="Only this agent.")


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
        help="A table for people, Markdown, JSON with stable keys, or CSV with the same ones, in"
        " which an apostrophe stands before what could be a formula.  [default: table]",
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
    """CSV with a line of names, in which no text is a formula; on a terminal, control characters
    are escaped."""
    show = render.line if sys.stdout.isatty() else str
    # Not by click, which strips what looks like a colour.
    sys.stdout.write(_csv_line(names))
    for row in rows:
        cells = ["" if cell is None else show(_unformulated(plain(cell))) for cell in row]
        sys.stdout.write(_csv_line(cells))


def _unformulated(cell: object) -> object:
    """What a spreadsheet would take for a formula in a text gets an apostrophe before it."""
    return _FORMULA_BEGINS.sub(r"\g<0>'", cell) if isinstance(cell, str) else cell


def _csv_line(cells: Sequence[str]) -> str:
    """Cells in quotes where they need them, and a line feed."""
    line = io.StringIO(newline="")
    # Of a line's end, both characters are quoted in a cell: some programs begin a line at either.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"
