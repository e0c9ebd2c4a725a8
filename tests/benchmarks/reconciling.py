"""What it takes to consume changes, and how long writers wait for a verify, repair or rebuild.

A round is what `run` does every 15 seconds: it takes the changes since the last round, brings what
is derived of their sessions up to date, prunes the logs, and collects everything. The waits are
those of a process that opens the file, writes one row with default settings, and closes it again,
as hooks do.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from aggregates.changes.pruning import Retention, prune
from aggregates.engines import driver, open_database
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations
from aggregates.proving import rebuilding, repairing
from aggregates.sessions import Deriver
from aggregates.store import Store
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.report import Section, Table, Target
from tests.benchmarks.timing import Timings, interleaved
from tests.faults.hook_writer import Report, writing

TITLE = "Rounds, and waits of writers"
ROUND_LIMIT, WAIT_LIMIT_MS, UPGRADE_LIMIT_MS = 1.5, 250, 500
_FIRST = "5d0f7e2a91c4"
"""The revision that brought the change logs, and nothing else."""
_UPGRADE = "backfill"
_DAYS = 180
_CHANGES = (0, 10, 1000)
_CHANGES_OF_A_DAY, _DAYS_OF_A_MONTH = 4_000, 30
_UPDATE = "UPDATE agent_invocations SET duration_seconds = ?, end_time = NULL WHERE id = ?"


def run(databases: Databases, scale: Scale) -> Section:
    """Rounds at two sizes of the history, waits at the larger one, and a month of the log."""
    small, large = 10_000, scale.rows
    rounds = {
        changes: _rounds(databases, (small, large), changes, 7 if scale.is_quick else 15)
        for changes in _CHANGES
    }
    waits = _waits(databases, large)
    sizes = [f"{rows:,} rows" for rows in (small, large)]
    return Section(
        title=TITLE,
        text=(__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip(),
        targets=[
            *(
                Target(
                    f"round of {changes} changes, large / small",
                    of.ratio(*sizes[::-1]),
                    ROUND_LIMIT,
                )
                for changes, of in rounds.items()
            ),
            *(
                Target(
                    f"longest wait, {name}",
                    report.longest_ms,
                    UPGRADE_LIMIT_MS if name == _UPGRADE else WAIT_LIMIT_MS,
                    " ms",
                )
                for name, report in waits.items()
            ),
        ],
        tables=[
            Table(
                "Milliseconds of a round, median",
                ("changes", *sizes),
                [
                    (str(changes), *(f"{of.median(name) * 1000:.1f}" for name in sizes))
                    for changes, of in rounds.items()
                ],
            ),
            Table(
                f"A writer beside jobs on {large:,} rows",
                ("", "writes", "failed", "longest ms", "mean ms"),
                [
                    (
                        name,
                        f"{report.writes:,}",
                        str(len(report.failures)),
                        str(report.longest_ms),
                        f"{report.total_ms / max(1, report.writes):.1f}",
                    )
                    for name, report in waits.items()
                ],
            ),
            _month(databases),
        ],
    )


def _rounds(
    databases: Databases, sizes: tuple[int, int], changes: int, repetitions: int
) -> Timings:
    """Rounds after so many changes, at each size in turn."""
    jobs: dict[str, Callable[[int], object]] = {}
    paths = []
    for rows in sizes:
        path = databases.copy(databases.migrated(rows, _DAYS))
        paths.append(path)
        _Collector(path).round()
        jobs[f"{rows:,} rows"] = _Changing(path, changes)
    timings = interleaved(jobs, repetitions)
    for path in paths:
        databases.drop(path)
    # Only the round itself counts, not the writing before it.
    for name, job in jobs.items():
        assert isinstance(job, _Changing)
        timings.seconds[name][:] = job.seconds
    return timings


class _Collector:
    """What `run` does in a round."""

    def __init__(self, path: Path) -> None:
        self._opened = open_database(path)
        self._store = Store(path)

    def round(self) -> None:
        with self._opened.own_connection() as connection:
            Deriver(connection, catalogue.bounds).round(1000)
            for source in catalogue.sources:
                prune(connection, source)
        self._store.collect()


class _Changing:
    """Changes rows, then measures a round."""

    def __init__(self, path: Path, changes: int) -> None:
        self._path, self._changes = path, changes
        self._collector = _Collector(path)
        self.seconds: list[float] = []

    def __call__(self, number: int) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            for key in range(1, self._changes + 1):
                connection.execute(_UPDATE, (number + key / 1000, key))
            connection.commit()
        started = time.perf_counter()
        self._collector.round()
        self.seconds.append(time.perf_counter() - started)


def _waits(databases: Databases, rows: int) -> dict[str, Report]:
    """A writer beside each job."""
    path = databases.copy(databases.sample(rows, _DAYS))
    upgrade(str(path), revision=_FIRST)
    opened = open_database(path, lock_timeout=30)

    def backfill() -> None:
        upgrade(str(path))

    def idle() -> None:
        time.sleep(10)

    def verify() -> None:
        assert not repairing.verify(opened, catalogue).drifts

    def repair() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("UPDATE agent_hourly SET invocations = invocations + 1")
            connection.commit()
        assert repairing.repair(opened, catalogue).drifts

    def rebuild() -> None:
        rebuilding.rebuild(opened, catalogue)

    waits = {}
    jobs = {
        "idle": idle,
        _UPGRADE: backfill,
        "verify": verify,
        "repair": repair,
        "rebuild": rebuild,
    }
    for name, job in jobs.items():
        with writing(path) as report:
            job()
        waits[name] = report
    databases.drop(path)
    return waits


def _month(databases: Databases) -> Table:
    """Entries that the log holds as days go by, with a consumer and with none."""
    path = databases.copy(databases.migrated(10_000, _DAYS))
    rows = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        before = path.stat().st_size
        deriver = Deriver(driver(connection), catalogue.bounds)
        deriver.round(1000)
        begin = datetime(2026, 1, 1)
        written = 0
        for day in range(_DAYS_OF_A_MONTH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                _UPDATE,
                [(day + key / 1000, key % 10_000 + 1) for key in range(_CHANGES_OF_A_DAY)],
            )
            # The clock cannot be turned on: entries are made older instead.
            connection.execute(
                "UPDATE agent_invocation_changes SET updated_at ="
                " strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '-1 day')"
            )
            connection.execute("COMMIT")
            written += _CHANGES_OF_A_DAY
            deriver.round(1000)
            prune(driver(connection), agent_invocations, Retention(timedelta(days=7), 50_000))
            (entries,) = connection.execute(
                "SELECT count(*) FROM agent_invocation_changes"
            ).fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if day % 5 == 4:
                megabytes = (path.stat().st_size - before) / 1e6
                when = (begin + timedelta(days=day)).strftime("day %j")
                rows.append((when, f"{written:,}", f"{entries:,}", f"{megabytes:.1f}"))
    databases.drop(path)
    return Table(
        f"A month of {_CHANGES_OF_A_DAY:,} changes a day; 7 days are kept",
        ("", "changes so far", "entries kept", "MB grown"),
        rows,
    )
