"""What a scrape of Prometheus costs as the history grows.

A scrape is one request to a process of `aggregates serve`, of the text that Prometheus asks for,
compressed: the snapshot, the marks of what was shown, the text, and the connection. All sessions
are derived, and before each scrape a run ends, whose commit is in the figures.
"""

from __future__ import annotations

import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from aggregates.engines import open_database
from aggregates.model.catalogue import catalogue
from aggregates.samples import days_of
from aggregates.sessions import Deriver
from tests.benchmarks.databases import ROW_BYTES, SMALL_ROW_BYTES, Databases, Scale
from tests.benchmarks.report import Section, Table, Target
from tests.benchmarks.timing import interleaved
from tests.serving import served

LIMIT_MS, SPREAD_LIMIT = 20.0, 1.5
_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
    "Accept-Encoding": "gzip",
}
_INSERT = (
    "INSERT INTO agent_invocations (session_id, agent_name, phase, start_time, end_time, status)"
    " VALUES ('live', 'architect', 'planning', '2026-10-01T10:00:00', '2026-10-01T10:01:00',"
    " 'completed')"
)


def run(databases: Databases, scale: Scale) -> Section:
    """Scrapes of each size."""
    with ExitStack() as stack:
        jobs: dict[str, Callable[[int], object]] = {}
        for rows in (10_000, scale.rows):
            row_bytes = ROW_BYTES if rows <= 100_000 else SMALL_ROW_BYTES
            path = databases.copy(databases.migrated(rows, days_of(rows), row_bytes))
            with open_database(path).own_connection() as connection:
                Deriver(connection, catalogue.bounds).round(scale.rows)
            jobs[f"{rows:,} rows"] = stack.enter_context(_scrape(path))
        interleaved(jobs, 5)
        found = interleaved(jobs, 40 if scale.is_quick else 150)
    medians = {name: found.median(name) for name in jobs}
    return Section(
        title="Scrapes",
        text=(__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip(),
        targets=[
            *(Target(f"scrape, {name}", of * 1e3, LIMIT_MS, " ms") for name, of in medians.items()),
            Target(
                "slowest / fastest size",
                max(medians.values()) / min(medians.values()),
                SPREAD_LIMIT,
            ),
        ],
        tables=[
            Table(
                "Milliseconds",
                ("", "median", "fastest"),
                [
                    (name, f"{of * 1e3:.2f}", f"{min(found.seconds[name]) * 1e3:.2f}")
                    for name, of in medians.items()
                ],
            )
        ],
    )


@contextmanager
def _scrape(path: Path) -> Iterator[Callable[[int], object]]:
    """A job that lets a run end, which is not much of its time, and scrapes a server."""
    with served(path) as server, closing(sqlite3.connect(path)) as writer:
        url = f"http://{server.host}:{server.port}/metrics"
        request = urllib.request.Request(url, headers=_HEADERS)
        writer.execute("PRAGMA synchronous = OFF")

        def job(number: int) -> object:
            with writer:
                writer.execute(_INSERT)
            with urllib.request.urlopen(request) as response:
                return response.read()

        yield job
