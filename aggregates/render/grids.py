"""Tables that fit where they go: columns for a terminal of any width, or as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.table import Table

Row = TypeVar("Row")

_NARROWEST_TEXT = 12
_BETWEEN = 3
"""Cells from one column to the next; there is one more at the end of a line."""


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: what it is called, and what it says of a row."""

    heading: str
    cell: Callable[[Row], str]
    is_text: bool = False
    """text stands left and may be cut short; numbers stand right and are whole"""
    rank: int = 0
    """where there is no room, columns of the highest rank are left out first"""


def table(columns: Sequence[Column[Row]], rows: Sequence[Row], width: int) -> Table:
    """The rows with as many columns as fit."""
    return drawn(*fitted(columns, rows, width))


def fitted(
    columns: Sequence[Column[Row]], rows: Sequence[Row], width: int
) -> tuple[list[Column[Row]], list[list[str]]]:
    """The columns that fit into a width, and their cells, of which texts may be cut short."""
    shown = list(columns)
    cells = {id(column): [column.cell(row) for row in rows] for column in columns}
    widths = {
        id(column): max(map(cell_len, [column.heading, *cells[id(column)]])) for column in columns
    }

    def least(column: Column[Row]) -> int:
        natural = widths[id(column)]
        return (
            min(natural, max(_NARROWEST_TEXT, cell_len(column.heading)))
            if column.is_text
            else natural
        )

    while sum(least(one) + _BETWEEN for one in shown) >= width and len(shown) > 1:
        last = max(shown, key=lambda one: one.rank)
        if last.rank == 0:
            break
        shown.remove(last)
    excess = sum(widths[id(one)] + _BETWEEN for one in shown) + 1 - width
    texts = [one for one in shown if one.is_text]
    while excess > 0 and any(widths[id(one)] > least(one) for one in texts):
        widest = max(texts, key=lambda one: widths[id(one)] - least(one))
        widths[id(widest)] -= 1
        excess -= 1
    cut = [
        [_cut(cell, widths[id(one)]) if one.is_text else cell for cell in cells[id(one)]]
        for one in shown
    ]
    return shown, [list(row) for row in zip(*cut, strict=True)]


def drawn(columns: Sequence[Column[Row]], cells: Sequence[Sequence[str]]) -> Table:
    """A table of cells that fit."""
    found = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        found.add_column(
            column.heading, justify="left" if column.is_text else "right", no_wrap=True
        )
    for row in cells:
        found.add_row(*row)
    return found


def markdown(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> str:
    """The rows with all columns, as a table in Markdown."""
    lines = [
        [column.heading for column in columns],
        ["---" if column.is_text else "---:" for column in columns],
        *([_escaped(column.cell(row)) for column in columns] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _escaped(text: str) -> str:
    return re.sub(r"([\\|<>`*\[\]])", r"\\\1", text)
