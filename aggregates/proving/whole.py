"""Prove, mend and replace aggregates in one snapshot, where an engine lets writers go on beside it.

A statement compares what is posted, with what waits in the queues, with a recomputation of the
rows that the same snapshot holds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Literal

from aggregates.changes import utc_text
from aggregates.engines.base import Database, DriverConnection
from aggregates.model.definition import Catalogue, Definition, Listing
from aggregates.progress import Progress
from aggregates.proving.record import Proof, record
from aggregates.recomputing.drift import ROW, Drift, Window


def prove(
    database: Database,
    catalogue: Catalogue,
    kind: Literal["verify", "repair", "rebuild"],
    names: Sequence[str],
    progress: Progress | None = None,
    *,
    window: Window | None = None,
    is_whole: bool,
) -> tuple[int, float, list[Drift]]:
    """Rows read, seconds, and what differed; it does no more where it was repaired.

    A rebuild replaces all aggregates of the sources of those that are named, and compares nothing.
    """
    started, started_at = time.monotonic(), utc_text(datetime.now(UTC))
    rows, done = 0, 0
    drifts: list[Drift] = []
    chosen = [catalogue[name] for name in names]
    words = database.compiler
    with database.own_connection() as connection:
        # The turn is taken before the snapshot, in which nobody else then posts.
        turn = nullcontext() if kind == "verify" else connection.folding_turn()
        with turn, connection.snapshot():
            for source in dict.fromkeys(one.source for one in chosen):
                if kind == "rebuild":
                    rows += connection.execute(words.fill(source)).fetchone()[0]
                    continue
                if kind == "repair":
                    # Pairs that are mended would change what waiting entries make of them.
                    connection.execute(words.fold(source))
                connection.execute(words.facts_table(source))
                rows += connection.execute(words.count_facts(source)).fetchone()[0]
                for one in (one for one in chosen if one.source is source):
                    drifts += _drifts(connection, catalogue, one, window, kind == "repair")
                    done += 1
                    if progress is not None:
                        progress(done, len(chosen))
        seconds = time.monotonic() - started
        record(connection, Proof(kind, started_at, seconds, rows, len(drifts), is_whole))
    return rows, seconds, drifts


def _drifts(
    connection: DriverConnection,
    catalogue: Catalogue,
    definition: Definition,
    window: Window | None,
    is_repair: bool,
) -> Iterator[Drift]:
    comparison = connection.compiler.whole_comparison(catalogue, definition)
    when = window.column(definition) if window is not None else None
    found = connection.execute(comparison.differing).fetchall()
    for row in found:
        width, count = len(comparison.key), len(comparison.counts)
        key = dict(zip(comparison.key, row[:width], strict=True))
        if window is not None and (when is None or not window.holds(str(key[when]))):
            continue
        stored, right = row[width : width + count], row[width + count :]
        if is_repair:
            missing = [one - other for one, other in zip(right, stored, strict=True)]
            connection.execute(comparison.add, [*row[:width], *missing])
            connection.execute(comparison.sweep, row[:width])
        if isinstance(definition, Listing):
            there = ("present" if any(side) else None for side in (stored, right))
            yield Drift(definition.name, key, ROW, *there)
            continue
        for column, *values in zip(comparison.counts, stored, right, strict=True):
            if values[0] != values[1]:
                yield Drift(definition.name, key, column, *values)
