"""What a collection costs as the history grows, beside what it replaces.

A collection reads everything that a collector shows, over a connection that is kept, as
`aggregates run` does; the first one has to read the schema. Beside it, on the same file: one GROUP
BY over the source table for the counts, successes, durations and tokens of each agent and hour, and
what a collector does without aggregates, `SELECT *` and a fold in Python. Both read rows of the
real weight up to 100,000 rows, and lighter ones beyond. All databases are as busy, with 1,000 rows
a day, but one, which has 25 times as many, of which some 350 run at once. There a collection has
more to answer, and no target.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import Connection

from aggregates.reader import queries as reading
from aggregates.samples import days_of
from aggregates.store import Store
from tests.benchmarks.databases import ROW_BYTES, SMALL_ROW_BYTES, Databases, Scale
from tests.benchmarks.report import Section, Table, Target
from tests.benchmarks.timing import interleaved, timed

LIMIT_MS, SPREAD_LIMIT = 4.0, 1.5
_READ = (
    "A collection is a dozen queries, most of some hundred µs, and a third of it is Python's"
    " and the connection's. It is a time, no ratio: other work on the machine adds to it."
)
_BUSY = 20_000
"""Rows a day, from which on the runs that are open at once are many."""
_GROUP_BY = """
SELECT agent_name, substr(start_time, 1, 13), count(*), sum(status = 'completed'),
    sum(status IN ('failed', 'error')), count(duration_seconds), sum(duration_seconds),
    sum(json_extract(raw_output, '$.totalTokens')),
    sum(json_extract(raw_output, '$.totalToolUseCount')), min(start_time), max(start_time)
FROM agent_invocations
WHERE event_type = 'pre_invocation' AND agent_name NOT IN ('', 'unknown')
GROUP BY 1, 2
"""


def run(databases: Databases, scale: Scale) -> Section:
    """Warm and cold collections of each size, and where the time of one goes."""
    paths = {
        f"{rows:,} rows, {days} days": databases.migrated(rows, days, row_bytes)
        for rows, days, row_bytes in _sizes(scale)
    }
    stores = {name: Store(path) for name, path in paths.items()}
    cold = {name: timed(store.collect) for name, store in stores.items()}
    jobs = {name: (lambda _, store=store: store.collect()) for name, store in stores.items()}
    interleaved(jobs, 5)
    warm = interleaved(jobs, 60 if scale.is_quick else 200)
    rounds = 1 if scale.is_quick else 3
    group = {name: median(_repeat(_group_by, path, rounds)) for name, path in paths.items()}
    folded = {name: median(_repeat(fold, path, rounds)) for name, path in paths.items()}
    largest, smallest = list(paths)[-1], next(iter(paths))
    medians = {name: warm.median(name) for name in paths}
    usual = {
        name: medians[name]
        for name, (rows, days, _) in zip(paths, _sizes(scale), strict=True)
        if rows / days < _BUSY
    }
    return Section(
        title="Collections",
        text=(__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip(),
        targets=[
            *(
                Target(f"collect, {name}", of * 1e3, LIMIT_MS, " ms", _READ)
                for name, of in usual.items()
            ),
            Target(
                "slowest / fastest size",
                max(usual.values()) / min(usual.values()),
                SPREAD_LIMIT,
            ),
        ],
        tables=[
            Table(
                "Milliseconds",
                ("", "collect", "fastest", "first", "GROUP BY", "SELECT * and fold"),
                [
                    (
                        name,
                        f"{medians[name] * 1e3:.2f}",
                        f"{min(warm.seconds[name]) * 1e3:.2f}",
                        f"{cold[name] * 1e3:.1f}",
                        f"{group[name] * 1e3:,.0f}",
                        f"{folded[name] * 1e3:,.0f}",
                    )
                    for name in paths
                ],
            ),
            _shares(stores, (smallest, largest)),
        ],
    )


def _sizes(scale: Scale) -> list[tuple[int, int, int]]:
    """(rows, days, bytes a row)."""
    sizes = [(rows, days_of(rows), ROW_BYTES) for rows in (10_000, 100_000)]
    if scale.rows > 100_000:
        sizes += [
            (scale.rows, days, SMALL_ROW_BYTES)
            for days in (days_of(scale.rows) // 25, days_of(scale.rows))
        ]
    return sizes


def _repeat(job: Callable[[Path], object], path: Path, rounds: int) -> list[float]:
    return [timed(lambda: job(path)) for _ in range(rounds)]


def _group_by(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_GROUP_BY).fetchall()


def fold(path: Path) -> dict[str, Counter[str]]:
    """Every row and column into Python, as a collector without aggregates does."""
    agents: dict[str, Counter[str]] = defaultdict(Counter)
    hours: Counter[str] = Counter()
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute("SELECT * FROM agent_invocations"):
            if row["event_type"] != "pre_invocation":
                continue
            agent = agents[row["agent_name"]]
            agent["runs"] += 1
            agent[row["status"]] += 1
            hours[row["start_time"][:13]] += 1
            if row["duration_seconds"] is not None:
                agent["duration"] += row["duration_seconds"]
            if row["raw_output"]:
                agent["tokens"] += json.loads(row["raw_output"])["totalTokens"]
    return agents


def _shares(stores: dict[str, Store], names: tuple[str, ...]) -> Table:
    """What each query takes of a collection, its rows fetched; the rest is Python's."""
    spent: dict[str, dict[str, float]] = {}
    for name in names:
        totals: list[float] = []
        with _profiled() as queries:
            for _ in range(50):
                queries.append({})
                totals.append(timed(stores[name].collect))
        spent[name] = {query: median(of.get(query, 0.0) for of in queries) for query in queries[-1]}
        spent[name]["connection, Python"] = median(
            total - sum(of.values()) for total, of in zip(totals, queries, strict=True)
        )
    return Table(
        "Milliseconds of one collection, by query",
        ("", *names),
        [
            (query, *(f"{spent[name].get(query, 0.0) * 1e3:.2f}" for name in names))
            for query in spent[names[-1]]
        ],
    )


@contextmanager
def _profiled() -> Iterator[list[dict[str, float]]]:
    """Inside, queries of the reader add their seconds, by table, to the last dictionary."""
    plain = reading.rows
    queries: list[dict[str, float]] = []

    def rows(connection: Connection, statement: str, *parameters: object) -> object:
        started = time.perf_counter()
        found = plain(connection, statement, *parameters)
        tables = (
            statement.rpartition(" FROM ")[2].split() if " AS histogram" not in statement else []
        )
        name = tables[0] if tables else "histograms"
        queries[-1][name] = queries[-1].get(name, 0.0) + time.perf_counter() - started
        return found

    reading.rows = rows  # type: ignore[assignment]
    try:
        yield queries
    finally:
        reading.rows = plain
