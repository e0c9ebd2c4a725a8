"""What an inspection and a verify have found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table

from aggregates.changes import ConsumerStatus
from aggregates.proving.inspecting import Inspection
from aggregates.proving.repairing import VerifyResult
from aggregates.proving.rounds import LastRound, OpenRound
from aggregates.reader import UnreadableTimes
from aggregates.render.text import counted, duration, line, name, unreadable_lines
from aggregates.running.keeping import Keeping
from aggregates.sessions import CONSUMER

_NO_PAUSE = "a program that writes without a pause has to make one, of 0.1 s now and then"


def show_inspection(
    out: Console, status: Inspection, keeping: Keeping, unreadable: Sequence[UnreadableTimes] = ()
) -> None:
    """What is installed, everything that is not as it should be, and what waits for a lock."""
    revision = status.revision or "none"
    out.print(f"revision {revision} (head {status.head}), journal mode {status.journal_mode}")
    if status.mapping is not None:
        out.print(f"runs of {line(status.mapping.table)}, by mapping {line(status.mapping.name)}")
    if status.filling:
        out.print(f"being filled: {name(status.filling)}")
    for heading, findings in (("finding", status.findings), ("warning", status.warnings)):
        if findings:
            table = _table(heading, "table", "name", "detail", left=4)
            for finding in findings:
                table.add_row(
                    finding.kind, line(finding.table), line(finding.name), line(finding.detail)
                )
            out.print(table)
    if status.steps:
        out.print("what to do, in this order:")
        for step in status.steps:
            # Not wrapped, however long it is: it is there to be copied.
            for part in step.splitlines():
                out.print(f"  {line(part)}", soft_wrap=True)
    for proof in status.proofs[:1]:
        found = counted(proof.drifts, "drift") if proof.drifts else "no drift"
        out.print(f"last proof: {proof.kind} at {proof.started_at}, {found}")
    out.print(f"the whole was last proved: {status.proved_at or 'never'}")
    if status.last_round is not None:
        out.print(_round(status.last_round))
    if status.open_round is not None:
        out.print(_under_way(status.open_round))
    for consumer in status.consumers:
        if consumer.is_lost:
            out.print(_lost(consumer))
    for text in waiting_lines(keeping):
        out.print(text)
    for text in unreadable_lines(unreadable):
        out.print(text)
    out.print("all is as it should be" if status.ok else "not as it should be")


def waiting_lines(keeping: Keeping) -> Iterator[str]:
    """That upkeep has stopped, or that others have left it no lock."""
    if keeping.is_late:
        yield (
            f"upkeep: nothing of {line(keeping.owner)} since {keeping.expires_at}: it was killed,"
            f" rests for long between rounds, or gets no lock; {_NO_PAUSE}"
        )
    now = datetime.now(UTC)
    for wait in keeping.lock_waits:
        took = duration(wait.seconds(now) * 1000)
        span = (
            f"has got no lock since {wait.began_at}"
            if wait.ended_at is None
            else f"got no lock from {wait.began_at} to {wait.ended_at}"
        )
        yield f"upkeep: {line(wait.work)} {span} ({took}); {_NO_PAUSE}"


def _round(last: LastRound) -> str:
    """How long a proof of the whole takes."""
    taken = f"{duration(last.seconds * 1000)} of work"
    if last.runs > 1:
        spans = datetime.fromisoformat(last.ended_at) - datetime.fromisoformat(last.began_at)
        taken += f" in {counted(last.runs, 'run')} over {duration(spans.total_seconds() * 1000)}"
    return f"a round of proof takes {taken}, for {counted(last.rows_read, 'row')}"


def _under_way(round_: OpenRound) -> str:
    """How far the next one is."""
    return (
        f"a round is under way since {round_.began_at}: {counted(round_.rows_read, 'row')} read in"
        f" {duration(round_.seconds * 1000)} of work"
    )


def _lost(consumer: ConsumerStatus) -> str:
    """That a consumer has missed changes, and what to do."""
    who = f"consumer {name(consumer.name)} of {consumer.source} has missed changes"
    if consumer.name == CONSUMER:
        return f"{who}: `aggregates run --once` brings up to date what it keeps"
    reset = f"aggregates consumers reset {name(consumer.name)} --source {consumer.source}"
    return f"{who}: rebuild what it keeps, then `{reset}`"


def show_verification(out: Console, result: VerifyResult, *, repaired: bool) -> None:
    """How much was read, and every drift with its key, stored and right value."""
    out.print(f"{counted(result.rows_read, 'row')} read in {result.seconds:.1f} s")
    if not result.is_complete:
        out.print("the budget is spent: run this again to go on where it ended")
    elif not result.drifts:
        out.print("no drift: the aggregates agree with the history")
    if not result.drifts:
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


def _table(*headings: str, left: int) -> Table:
    """A table whose first `left` columns are text, the others numbers."""
    table = Table(box=box.SIMPLE_HEAD)
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position < left else "right")
    return table


def _value(value: object) -> str:
    """A stored value, with '' and NULL told apart."""
    return "NULL" if value is None else line(repr(value) if isinstance(value, str) else value)
