"""What it takes to fill the aggregates and to verify them, against one fold in Python.

The fold is what an exporter without aggregates does at each collection: `SELECT *`, and sums of
runs, durations and tokens by agent and hour. It writes nothing. A backfill computes all aggregates
of all tables in short slices and writes them with a transaction a slice, while writers may write;
a verify computes all of them again beside the database, and compares. Jobs alternate: A B C A B C.
Both use Python's own library, as the package does. Rows weigh 1.8 KB.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import defaultdict
from contextlib import closing
from statistics import median

from aggregates.installing.upgrading import upgrade
from aggregates.samples import days_of
from aggregates.store import Store
from tests.benchmarks.collecting import fold
from tests.benchmarks.databases import HEAVY_ROW_BYTES, Databases, Scale
from tests.benchmarks.report import Section, Table, Target
from tests.benchmarks.timing import timed

LIMIT, VERIFY_LIMIT, GROWTH_LIMIT = 6.0, 5.0, 350
_FOLD, _BACKFILL, _VERIFY = "SELECT * and fold", "backfill", "verify"
_READ = (
    "Python's fold takes some 4 µs a row where nothing else runs. SQL reads times out of text"
    " and numbers out of JSON, checks them, and groups by all dimensions, in some 20 µs a row;"
    " then each table is written, or compared."
)


def run(databases: Databases, scale: Scale) -> Section:
    """Three rounds of a backfill, a verify and a fold, and how much the file grows."""
    sample = databases.sample(scale.rows, days_of(scale.rows), HEAVY_ROW_BYTES)
    target = databases.new()

    def verify() -> None:
        with Store(target) as store:
            assert not store.verify().drifts

    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(3):
        databases.drop(target)
        shutil.copyfile(sample, target)
        seconds[_FOLD].append(timed(lambda: fold(target)))
        seconds[_BACKFILL].append(timed(lambda: upgrade(str(target))))
        seconds[_VERIFY].append(timed(verify))
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    growth = round((target.stat().st_size - sample.stat().st_size) / scale.rows)
    databases.drop(target)
    middle = {name: median(of) for name, of in seconds.items()}
    ratios = {
        name: median(one / fold for one, fold in zip(of, seconds[_FOLD], strict=True))
        for name, of in seconds.items()
    }
    return Section(
        title=f"Backfill and verify of {scale.rows:,} rows",
        text=(__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip(),
        targets=[
            Target(f"{_BACKFILL} / fold", ratios[_BACKFILL], LIMIT, "", _READ),
            Target(f"{_VERIFY} / fold", ratios[_VERIFY], VERIFY_LIMIT, "", _READ),
            Target("growth of the file, a row", growth, GROWTH_LIMIT, " bytes"),
        ],
        tables=[
            Table(
                "Median of three",
                ("", "seconds", "ratio", "µs a row"),
                [
                    (name, f"{of:.2f}", f"{ratios[name]:.2f}", f"{of / scale.rows * 1e6:.1f}")
                    for name, of in middle.items()
                ],
            )
        ],
    )
