"""What a benchmark found: targets, tables and plots, for the terminal and for `docs/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A figure that should not be above a limit."""

    name: str
    value: float
    limit: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure is at most its limit."""
        return self.value <= self.limit


@dataclass(frozen=True)
class Table:
    """Figures as people read them."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Plot:
    """Series of (x, y); where each x is a text the plot has bars, else lines on log scales."""

    name: str
    title: str
    axes: tuple[str, str]
    series: dict[str, Sequence[tuple[str | float, float]]]
    limit: float | None = None


@dataclass(frozen=True)
class Section:
    """What one benchmark found."""

    title: str
    text: str
    targets: list[Target]
    tables: list[Table]
    plots: list[Plot] = field(default_factory=list)


def targets_table(targets: Iterable[Target]) -> Table:
    """Targets with what was measured."""
    rows = [
        (
            one.name,
            f"{one.value:.2f}{one.unit}",
            f"≤ {one.limit:g}{one.unit}",
            "met" if one.is_met else "missed",
        )
        for one in targets
    ]
    return Table("Targets", ("figure", "measured", "target", ""), rows)


def markdown(sections: Sequence[Section], machine: str) -> str:
    """The page of all sections."""
    parts = ["# Benchmarks", f"Written by `python -m tests.benchmarks`. {machine}"]
    for section in sections:
        parts += [f"## {section.title}", section.text]
        for table in _tables(section):
            parts += [f"**{table.title}**", "\n".join(_lines(table, markdown=True))]
        parts += [f"![{one.title}](benchmarks/{one.name}.svg)" for one in section.plots]
    return "\n\n".join(parts) + "\n"


def plain(section: Section) -> str:
    """A section for the terminal."""
    parts = [section.title, section.text]
    parts += ["\n".join([table.title, *_lines(table)]) for table in _tables(section)]
    return "\n\n".join(parts) + "\n"


def draw(plot: Plot, folder: Path) -> None:
    """Write one plot as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = plot.name  # the same figures give the same file
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    first = next(iter(plot.series.values()))
    if isinstance(first[0][0], str):
        _draw_bars(axes, plot)
    else:
        for label, points in plot.series.items():
            axes.plot(*zip(*points, strict=True), marker="o", label=label)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(plot.axes[0])
        axes.set_ylabel(plot.axes[1])
        if plot.limit is not None:
            axes.axhline(plot.limit, color="grey", linestyle="dashed", linewidth=1)
        axes.grid(alpha=0.3)
    axes.set_title(plot.title)
    if len(plot.series) > 1:
        axes.legend()
    figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None})
    pyplot.close(figure)


def _draw_bars(axes: object, plot: Plot) -> None:
    labels = [str(x) for x, _ in next(iter(plot.series.values()))]
    height = 0.8 / len(plot.series)
    for number, (label, points) in enumerate(plot.series.items()):
        places = [place + number * height for place in range(len(points))]
        axes.barh(places, [y for _, y in points], height, label=label)  # type: ignore[attr-defined]
    middle = height * (len(plot.series) - 1) / 2
    axes.set_yticks([place + middle for place in range(len(labels))], labels)  # type: ignore[attr-defined]
    axes.invert_yaxis()  # type: ignore[attr-defined]
    axes.set_xlabel(plot.axes[1])  # type: ignore[attr-defined]
    if plot.limit is not None:
        axes.axvline(plot.limit, color="grey", linestyle="dashed", linewidth=1)  # type: ignore[attr-defined]


def _tables(section: Section) -> list[Table]:
    targets = [targets_table(section.targets)] if section.targets else []
    return targets + section.tables


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
