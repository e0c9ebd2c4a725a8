"""What people see: tables, a sparkline, a progress bar."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from aggregates.inspection import Inspection
from aggregates.reader import AgentStatistics, Collection, HourPoint, RunningRun
from aggregates.reconcile import VerifyResult

_LONGEST_NAME = 60
_WIDTH_WITHOUT_TERMINAL = 200
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-:=+*#"


def console() -> Console:
    """The console of stdout. Text goes out as it stands: a name may look like markup."""
    return Console(
        markup=False,
        emoji=False,
        highlight=False,
        width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL,
    )


def name(text: object) -> str:
    """A name that is safe on a terminal: one line, no control characters, '' as `unknown`."""
    shown = str(text) if text is not None else ""
    if len(shown) > _LONGEST_NAME:
        shown = shown[: _LONGEST_NAME - 1] + "…"
    return "".join(_safe(character) for character in shown) or "unknown"


def _safe(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "�"
    # Format characters and separators too: they can turn the direction of a line, or break it.
    if category in ("Cc", "Cf", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def duration(milliseconds: float | None) -> str:
    """Milliseconds in the unit that a person would choose."""
    if milliseconds is None:
        return "-"
    seconds = milliseconds / 1000
    if seconds < 0:
        return f"-{duration(-milliseconds)}"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {second:02} s"
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute:02} min"


def rate(value: float | None) -> str:
    """A ratio from 0 to 1 as a percentage; a dash where there is none."""
    return "-" if value is None else f"{value:.1%}"


def sparkline(values: Sequence[int], *, ascii_only: bool = False) -> str:
    """One character a value, scaled to the greatest; a blank where the value is zero or less."""
    levels = _ASCII_LEVELS if ascii_only else _LEVELS
    top = max(values, default=0)
    return "".join(
        levels[(value * len(levels) - 1) // top] if value > 0 else " " for value in values
    )


def agents_table(agents: Sequence[AgentStatistics], *, is_compact: bool = False) -> Table:
    """A row for each agent; a compact one has the columns that tell most."""
    cells: dict[str, Callable[[AgentStatistics], str]] = {
        "runs": lambda agent: f"{agent.invocations:,}",
        "succeeded": lambda agent: f"{agent.succeeded:,}",
        "failed": lambda agent: f"{agent.failed:,}",
        "success": lambda agent: rate(agent.success_rate),
        "running": lambda agent: f"{agent.running:,}",
        "abandoned": lambda agent: f"{agent.abandoned:,}",
        "mean": lambda agent: duration(agent.mean_duration_ms),
        "p50": lambda agent: duration(agent.p50_ms),
        "p90": lambda agent: duration(agent.p90_ms),
        "p95": lambda agent: duration(agent.p95_ms),
        "p99": lambda agent: duration(agent.p99_ms),
        "tokens": lambda agent: f"{agent.tokens:,}",
        "tool calls": lambda agent: f"{agent.tool_calls:,}",
        "last start": lambda agent: (agent.last_start or "-")[:19],
    }
    if is_compact:
        cells = {key: cells[key] for key in ("runs", "success", "running", "p50", "p95", "tokens")}
    table = _table("agent", *cells)
    for agent in agents:
        table.add_row(name(agent.agent_name), *(cell(agent) for cell in cells.values()))
    return table


def show_agents(out: Console, agents: Sequence[AgentStatistics]) -> None:
    """The table of the agents, with as many columns as fit."""
    table = agents_table(agents)
    # Measured without the limit of the terminal, which every table is squeezed into.
    unlimited = out.options.update(width=10_000)
    if out.measure(table, options=unlimited).maximum > out.width:
        table = agents_table(agents, is_compact=True)
    out.print(table)


def running_table(runs: Sequence[RunningRun]) -> Table:
    """A row for each run that is running."""
    table = _table("run", "agent", "phase", "session", "started", "since", left=5)
    for run in runs:
        table.add_row(
            str(run.invocation_id),
            name(run.agent_name),
            name(run.phase),
            name(run.session_id),
            run.start_time[:19],
            duration(run.age_ms),
        )
    return table


def hours_table(hours: Sequence[HourPoint]) -> Table:
    """A row for each hour."""
    table = _table("hour", "runs", "succeeded", "failed", "mean", "tokens", "tool calls")
    for hour in hours:
        table.add_row(
            hour.hour.replace("T", " ")[:16],
            f"{hour.invocations:,}",
            f"{hour.succeeded:,}",
            f"{hour.failed:,}",
            duration(hour.duration_ms_sum / hour.duration_count if hour.duration_count else None),
            f"{hour.tokens:,}",
            f"{hour.tool_calls:,}",
        )
    return table


def totals_line(collection: Collection) -> str:
    """The moment and the totals of a collection, in one line."""
    parts = [f"{value:,} {key.replace('_', ' ')}" for key, value in collection.totals.items()]
    return f"{collection.at}  " + ", ".join([*parts, f"{len(collection.running):,} running"])


def show_collection(out: Console, collection: Collection, *, longest: int = 20) -> None:
    """Totals, the last 24 hours, what is running and the agents; tables of at most `longest`."""
    out.print(totals_line(collection))
    show_sparkline(out, collection.hours)
    if collection.running:
        out.print(running_table(collection.running[:longest]))
        _say_left_out(out, len(collection.running) - longest, "running")
    out.print(agents_table(collection.agents[:longest], is_compact=True))
    _say_left_out(out, len(collection.agents) - longest, "agents")


def show_sparkline(out: Console, hours: Sequence[HourPoint]) -> None:
    """The runs of each hour, and the greatest of them."""
    counts = [hour.invocations for hour in hours]
    drawn = sparkline(counts, ascii_only=out.options.ascii_only)
    out.print(f"|{drawn}| runs an hour, last {len(counts)} h, at most {max(counts, default=0):,}")


def show_inspection(out: Console, status: Inspection) -> None:
    """What is installed, and everything that is not as it should be."""
    revision = status.revision or "none"
    out.print(f"revision {revision} (head {status.head}), journal mode {status.journal_mode}")
    if status.filling:
        out.print(f"being filled: {name(status.filling)}")
    if status.findings:
        table = _table("finding", "table", "name", "detail", left=4)
        for finding in status.findings:
            table.add_row(
                finding.kind, line(finding.table), line(finding.name), line(finding.detail)
            )
        out.print(table)
    out.print("all is as it should be" if status.ok else "not as it should be")


def show_verification(out: Console, result: VerifyResult, *, repaired: bool) -> None:
    """How much was read, and every drift with its key, stored and right value."""
    out.print(f"{result.rows_read:,} rows read in {result.seconds:.1f} s")
    if not result.drifts:
        out.print("no drift: the aggregates agree with the history")
        return
    table = _table("table", "key", "column", "stored", "right", left=3)
    for drift in result.drifts:
        key = ", ".join(f"{column}={_value(value)}" for column, value in drift.key.items())
        table.add_row(
            line(drift.table),
            line(key),
            line(drift.column),
            _value(drift.stored),
            _value(drift.right),
        )
    out.print(table)
    out.print(f"drifts {'repaired' if repaired else 'found'}: {len(result.drifts):,}")


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int], None] | None]:
    """A callable (done, total) that draws on stderr; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(description, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance


class _RateColumn(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "-/s")


def _table(*headings: str, left: int = 1) -> Table:
    """A table whose first `left` columns are text, the others numbers."""
    table = Table(box=box.SIMPLE_HEAD)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position < left else "right")
    return table


def _say_left_out(out: Console, count: int, what: str) -> None:
    if count > 0:
        out.print(f"and {count:,} more {what}")


def _value(value: object) -> str:
    """A stored value, with '' and NULL told apart."""
    return "NULL" if value is None else line(repr(value) if isinstance(value, str) else value)


def line(value: object) -> str:
    """A text that is safe on a terminal, in one line."""
    return "".join(_safe(character) for character in str(value))
