"""What a benchmark found: targets and tables, for the terminal and for `docs/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A figure that should not be above a limit, and what keeps it there where it is."""

    name: str
    value: float
    limit: float
    unit: str = ""
    bound: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure is at most its limit, as they are printed."""
        return round(self.value, 2) <= self.limit

    @property
    def measured(self) -> str:
        """The figure as it is printed."""
        shown = f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:,.2f}"
        return f"{shown}{self.unit}"


@dataclass(frozen=True)
class Table:
    """Figures as people read them."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Section:
    """What one benchmark found."""

    title: str
    text: str
    targets: list[Target]
    tables: list[Table]


def markdown(sections: Sequence[Section], machine: str) -> str:
    """The page of all sections."""
    parts = ["# Benchmarks", f"Written by `python -m tests.benchmarks`. {machine}"]
    for section in sections:
        parts += [f"## {section.title}", section.text]
        for table, remarks in _tables(section):
            parts += [f"**{table.title}**", "\n".join(_lines(table, markdown=True)), *remarks]
    return "\n\n".join(parts) + "\n"


def plain(section: Section) -> str:
    """A section for the terminal."""
    parts = [section.title, section.text]
    for table, remarks in _tables(section):
        parts += ["\n".join([table.title, *_lines(table)]), *remarks]
    return "\n\n".join(parts) + "\n"


def _tables(section: Section) -> Iterator[tuple[Table, list[str]]]:
    """Tables, and what is to be said of them."""
    if section.targets:
        yield _targets_table(section.targets), _missed(section.targets)
    for table in section.tables:
        yield table, []


def _targets_table(targets: Iterable[Target]) -> Table:
    rows = [
        (one.name, one.measured, f"≤ {one.limit:,g}{one.unit}", "met" if one.is_met else "missed")
        for one in targets
    ]
    return Table("Targets", ("figure", "measured", "target", ""), rows)


def _missed(targets: Iterable[Target]) -> list[str]:
    """A paragraph for each reason for which targets are missed."""
    reasons: dict[str, list[str]] = {}
    for one in targets:
        if not one.is_met:
            text = f"{one.name}: {one.measured}, target {one.limit:,g}{one.unit}"
            reasons.setdefault(one.bound, []).append(text)
    return [f"Missed: {'; '.join(some)}. {bound}".strip() for bound, some in reasons.items()]


def _lines(table: Table, *, markdown: bool = False) -> Iterator[str]:
    widths = [
        max(len(row[position]) for row in (table.columns, *table.rows))
        for position in range(len(table.columns))
    ]

    def line(cells: Sequence[str]) -> str:
        # All columns but the first hold figures.
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip()

    yield line(table.columns)
    if markdown:
        bars = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        yield f"| {' | '.join(bars)} |"
    yield from map(line, table.rows)
