"""What it takes to fill the aggregates, against one SQL statement that computes the same values.

The statement parses the same facts out of every row, with the SQL of the backfill itself, and
groups them once, by all dimensions of all aggregates of a source: what they hold could be summed up
from its result. It writes nothing. A backfill does the same in short slices, and writes all tables
with a transaction a slice, while writers may write; none do here. A verify reads each source once,
too: slices of it are folded into shadows of all aggregates.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.installing import operations
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.recomputing import slices
from aggregates.store import Store
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.report import Plot, Section, Table, Target
from tests.benchmarks.timing import timed

LIMIT, VERIFY_LIMIT = 4.0, 3.0
_DAYS = 180
_RUNS = "substr(start, 1, 13), event, agent, phase_name, model_name, status_name, le_ms, session"
_DIMENSIONS = {
    "agent_invocations": _RUNS,
    "sessions": "start, session, status_name",
    "agent_tool_uses": "session, agent, tool, status_name, le_ms",
}
_HOUR = {"agent_invocations": _RUNS.partition(", le_ms")[0]}
_MEASURES = {
    "agent_invocations": (
        "count(*)",
        "sum(is_invocation)",
        "count(duration_ms)",
        "sum(duration_ms)",
        "sum(token_count)",
        "sum(tool_call_count)",
        "sum(succeeded)",
        "sum(failed)",
        "sum(in_flight)",
        "min(start)",
        "max(start)",
        "max(end)",
    ),
    "sessions": ("count(*)", "count(duration_ms)", "sum(duration_ms)", "sum(is_open)"),
    "agent_tool_uses": ("count(*)", "count(duration_ms)", "sum(duration_ms)", "min(start)"),
}
# As one would write it by hand: times and JSON are taken to be well formed.
_PLAIN = """
SELECT substr(start_time, 1, 13), event_type, agent_name, phase, model, status, session_id,
    count(*), count(duration_seconds), sum(duration_seconds),
    sum((julianday(end_time) - julianday(start_time)) * 86400000),
    sum(json_extract(raw_output, '$.totalTokens')),
    sum(json_extract(raw_output, '$.totalToolUseCount')), min(start_time), max(start_time)
FROM agent_invocations GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_STATEMENT, _BY_HAND, _HOURLY, _BACKFILL, _VERIFY = (
    "one GROUP BY",
    "one GROUP BY, as written by hand",
    "one GROUP BY, of agent_hourly alone",
    "backfill",
    "verify",
)


def run(databases: Databases, scale: Scale) -> Section:
    """Backfill and verify beside the statement, and where the time of a backfill goes."""
    rows = 200_000 if scale.is_quick else 1_000_000
    sample = databases.sample(rows, _DAYS)
    target = databases.new()

    def backfill() -> None:
        upgrade(str(target))

    def verify() -> None:
        with Store(target) as store:
            assert not store.verify().drifts

    def by_hand() -> None:
        with closing(sqlite3.connect(target)) as connection:
            for _ in connection.execute(_PLAIN):
                pass

    seconds: dict[str, list[float]] = defaultdict(list)
    profile: dict[str, float] = {}
    for number in range(4):
        databases.drop(target)
        shutil.copyfile(sample, target)
        if number == 3:  # the last one only shows where the time goes
            with _profiled() as profile:
                total = timed(backfill)
            break
        for name, job in (
            (_BACKFILL, backfill),
            (_STATEMENT, lambda: _group(target, _DIMENSIONS)),
            (_HOURLY, lambda: _group(target, _HOUR)),
            (_BY_HAND, by_hand),
            (_VERIFY, verify),
        ):
            seconds[name].append(timed(job))
    profile["all else"] = total - sum(profile.values())
    databases.drop(target)
    middle = {name: median(of) for name, of in seconds.items()}
    ratios = {name: middle[name] / middle[_STATEMENT] for name in middle}
    return Section(
        title=f"Backfill and verify of {rows:,} rows",
        text=(__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip(),
        targets=[
            Target("backfill / GROUP BY", ratios[_BACKFILL], LIMIT),
            Target("verify / GROUP BY", ratios[_VERIFY], VERIFY_LIMIT),
        ],
        tables=[
            Table(
                "Median of three",
                ("", "seconds", "ratio", "rows a second"),
                [
                    (name, f"{of:.2f}", f"{ratios[name]:.2f}", f"{rows / of:,.0f}")
                    for name, of in middle.items()
                ],
            ),
            Table(
                "Where the time of a backfill goes",
                ("", "seconds", "share"),
                [
                    (name, f"{of:.2f}", f"{of / total:.0%}")
                    for name, of in sorted(profile.items(), key=lambda item: -item[1])
                ],
            ),
        ],
        plots=[
            Plot(
                "backfilling",
                f"Seconds for {rows:,} rows",
                ("", "seconds"),
                {"seconds": list(middle.items())},
                limit=LIMIT * middle[_STATEMENT],
            )
        ],
    )


def _group(path: Path, dimensions: dict[str, str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for source in catalogue.sources:
            if source.name not in dimensions:
                continue
            slice_sql = SQLite().recomputation(catalogue, source).slice
            facts = slice_sql[slice_sql.index("\nSELECT") :]
            measures = _MEASURES[source.name]
            named = [f"{sql} AS m{number}" for number, sql in enumerate(measures)]
            # All are read, or SQLite would not compute them.
            read = ", ".join(f"count(m{number})" for number in range(len(named)))
            grouped = f"SELECT {', '.join(named)} FROM ({facts}) GROUP BY {dimensions[source.name]}"
            query = f"SELECT count(*), {read} FROM ({grouped})"
            connection.execute(query, {"mark": float("-inf"), "rows": -1}).fetchall()


@contextmanager
def _profiled() -> Iterator[dict[str, float]]:
    """Inside, a backfill adds up the seconds of each kind of statement, and of its pauses."""
    spent: dict[str, float] = defaultdict(float)
    plain, sleep = operations.Recomputer, slices.time.sleep

    class Profiled(plain):  # type: ignore[misc, valid-type]
        def __init__(self, connection: sqlite3.Connection, *arguments: object) -> None:
            super().__init__(connection, *arguments)
            self.connection = _Timed(connection, spent)

    def pause(seconds: float) -> None:
        spent["pauses, for writers"] += timed(lambda: sleep(seconds))

    operations.Recomputer, slices.time.sleep = Profiled, pause  # type: ignore[misc]
    try:
        yield spent
    finally:
        operations.Recomputer, slices.time.sleep = plain, sleep  # type: ignore[misc]


class _Timed:
    """A connection that adds up the seconds of what it executes, by what that does."""

    def __init__(self, connection: sqlite3.Connection, spent: dict[str, float]) -> None:
        self._connection, self._spent = connection, spent

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        started = time.perf_counter()
        cursor = self._connection.execute(sql, *parameters)
        self._spent[_kind(sql)] += time.perf_counter() - started
        return cursor

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


def _kind(sql: str) -> str:
    words = sql.split()
    if sql.startswith("INSERT INTO temp."):
        return "read entries of the log" if "agent_invocation_changes" in sql else "read slices"
    if words[0] in ("COMMIT", "BEGIN"):
        return "commits" if words[0] == "COMMIT" else "begins"
    if words[0] in ("INSERT", "UPDATE", "DELETE"):
        table = words[1] if words[0] == "UPDATE" else words[2]
        return f"{words[0].lower()} {table}"
    return "all else"
