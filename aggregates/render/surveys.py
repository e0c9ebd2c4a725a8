"""What a first migration would make of a database that others have made."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from aggregates.installing.surveying import Survey
from aggregates.render.text import line


def show_survey(out: Console, found: Survey) -> None:
    """What was found, what will be tracked, and what will stay empty."""
    if found.others:
        out.print(f"other tables, left alone: {line(', '.join(found.others))}")
    for name in found.missing:
        out.print(f"{name} is not there: an empty one is made, for hooks that write to this file")
    if not found.tracked:
        return
    table = Table("table", "column", "found", "what becomes of it", box=box.SIMPLE_HEAD)
    for column in found.tracked:
        type_, becomes = line(column.type or "no type"), "tracked"
        if column.type is None:
            type_, becomes = "-", "added; empty until a writer fills it"
        elif column.is_taken_over:
            becomes = "overwritten with the time of each change"
        table.add_row(column.table, column.name, type_, becomes)
    for name, columns in found.untracked.items():
        for untracked in columns:
            table.add_row(name, line(untracked), "", "not tracked")
    out.print(table)
