"""Drop entries of a change log that no consumer waits for, a few at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aggregates.changes.log import Log, utc_text
from aggregates.engines.base import DriverConnection, quote
from aggregates.engines.tables import CONSUMERS
from aggregates.model.definition import Source
from aggregates.recomputing import pace


@dataclass(frozen=True)
class Retention:
    """What is kept of a log although every consumer has taken it. The newest entry always is."""

    age: timedelta = timedelta(days=7)
    entries: int = 50_000


def prune(
    connection: DriverConnection,
    source: Source,
    retention: Retention = Retention(),
    beat: Callable[[], None] = lambda: None,
    *,
    needed_after: int | None = None,
) -> int:
    """Drop the entries that are older, or more, than the retention says; how many were dropped.

    Nothing is dropped that a consumer has not taken: only the triggers' own bound, which holds
    where nothing of ours runs, may do so; nor what comes after the entry `needed_after`, by which
    something else knows the log. `beat` is called between transactions, and may raise.
    """
    dropped = 0
    cutoff = utc_text(datetime.now(UTC) - retention.age)
    while _limit(connection, source, retention, cutoff, needed_after) is not None:
        beat()
        started = time.monotonic()
        with connection.write_lock():
            # Again: a consumer may have been made, or moved back, meanwhile.
            dropped += connection.execute(
                f"DELETE FROM main.{quote(source.log)} WHERE seq <= ?",
                (_limit(connection, source, retention, cutoff, needed_after),),
            ).rowcount
        time.sleep(time.monotonic() - started)
    return dropped


def _limit(
    connection: DriverConnection,
    source: Source,
    retention: Retention,
    cutoff: str,
    needed_after: int | None,
) -> int | None:
    """The last of the few entries to drop next; None where there is none to drop."""
    oldest, newest = Log(connection, source).ends()
    # One that has lost changes has to begin anew anyway.
    (slowest,) = connection.execute(
        f"SELECT min(seq) FROM main.{CONSUMERS}"
        " WHERE source = ? AND is_lost = 0 AND seq BETWEEN ? AND ?",
        (source.name, oldest - 1, newest),
    ).fetchone()
    # The entry of a checkpoint stays too: by it the consumer knows the log again.
    last = min(newest if slowest is None else slowest, newest) - 1
    if needed_after is not None and oldest <= needed_after <= newest:
        last = min(last, needed_after - 1)
    last = min(last, oldest + pace.PRUNED_OF_A_LOCK - 1)
    (old,) = connection.execute(
        f"SELECT max(seq) FROM main.{quote(source.log)} WHERE seq <= ? AND updated_at < ?",
        (last, cutoff),
    ).fetchone()
    limit = min(last, max(newest - retention.entries, old or 0))
    return limit if limit >= oldest else None
