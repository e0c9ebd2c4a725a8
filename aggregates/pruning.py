"""Drop entries of a change log that no consumer waits for, a few at a time."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aggregates.changes import Log, utc_text
from aggregates.compiler.sqlite import quote
from aggregates.compiler.sqlite.consuming import CONSUMERS
from aggregates.database import transaction
from aggregates.definition import Source

_ENTRIES_OF_A_LOCK = 500


@dataclass(frozen=True)
class Retention:
    """What is kept of a log although every consumer has taken it. The newest entry always is."""

    age: timedelta = timedelta(days=7)
    entries: int = 50_000


def prune(
    connection: sqlite3.Connection, source: Source, retention: Retention = Retention()
) -> int:
    """Drop the entries that are older, or more, than the retention says; how many were dropped.

    Nothing is dropped that a consumer has not taken: only the triggers' own bound, which holds
    where nothing of ours runs, may do so.
    """
    log = Log(connection, source)
    oldest, newest = log.ends()
    (slowest,) = connection.execute(
        f"SELECT min(seq) FROM main.{CONSUMERS} WHERE source = ? AND NOT is_lost", (source.name,)
    ).fetchone()
    limit = min(newest - 1, newest if slowest is None else slowest)
    cutoff = utc_text(datetime.now(UTC) - retention.age)
    dropped = 0
    while oldest <= limit:
        upto = min(limit, oldest + _ENTRIES_OF_A_LOCK - 1)
        if upto > newest - retention.entries and not _is_older(connection, source, upto, cutoff):
            upto = max(oldest - 1, min(upto, newest - retention.entries))
        if upto < oldest:
            break
        started = time.monotonic()
        with transaction(connection, "IMMEDIATE"):
            dropped += connection.execute(
                f"DELETE FROM main.{quote(source.log)} WHERE seq <= ?", (upto,)
            ).rowcount
        time.sleep(time.monotonic() - started)
        oldest = upto + 1
    return dropped


def _is_older(connection: sqlite3.Connection, source: Source, seq: int, cutoff: str) -> bool:
    found = connection.execute(
        f"SELECT updated_at < ? FROM main.{quote(source.log)} WHERE seq = ?", (cutoff, seq)
    ).fetchone()
    return found is None or bool(found[0])
