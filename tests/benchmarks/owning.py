"""What aggregates of an application's own cost a writer in bulk, beside those that ship.

Rows are inserted as a run begins and updated as it ends, a thousand a transaction. A ratio is the
median over the rounds, against the aggregates that ship. *By our facts*: tokens by model and day,
posted from the facts that are worked out anyway. *By a change log of its own*: runs and cost by
ticket, a column that ours does not have, and a number out of the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path

from aggregates.configuration import Configuration
from aggregates.installing.upgrading import upgrade
from aggregates.own_revisions import write_own_revision
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.libraries import LIBRARIES
from tests.benchmarks.report import Section, Table, Target
from tests.benchmarks.timing import Job, Timings, interleaved
from tests.benchmarks.writing import (
    BULK,
    STATEMENTS,
    Rows,
    endless_runs,
    hook_history,
    schema_bytes,
)

_OURS, _BY_FACTS, _BY_LOG = "those that ship", "by our facts", "by a change log of its own"
_DEFINITIONS = {
    _BY_FACTS: """aggregate(
    "model_days", agent_invocations, "tokens by model and day",
    by={"model": "model_name", "day": day("start")},
    measures={"runs": count(), "tokens": total("token_count")})""",
    _BY_LOG: """aggregate(
    "ticket_cost",
    runs := extend(agent_invocations, ticket=text("ticket_id"),
        cost=decimal(json("raw_output", "totalDurationMs"), 2)),
    "cost by ticket", by={"ticket": "ticket"}, measures={"runs": count(), "cents": total("cost")},
    where=runs.fact("is_invocation"))""",
}
_LIMITS = {_BY_FACTS: 1.25, _BY_LOG: 1.7}
_BOUND = (
    "A second owner's posting is a table more that each write changes; a change log of its own is"
    " another entry, and another reading of the row."
)
_HISTORY, _ROWS, _BATCH = 5000, 5000, 1000


def run(databases: Databases, scale: Scale) -> Section:
    """Insert and end rows, with and without what an application has declared."""
    migrated = hook_history(databases)
    upgrade(str(migrated))
    paths = {_OURS: migrated}
    for number, (name, definition) in enumerate(_DEFINITIONS.items()):
        paths[name] = _with(databases.copy(migrated), f"own_{number}", definition)
    rounds = 4 if scale.is_quick else 16
    written = list(islice(endless_runs(_HISTORY), rounds * _ROWS))
    inserts: Rows = [one.inserted for one in written]
    updates: Rows = [(*one.updated, number) for number, one in enumerate(written, _HISTORY + 1)]
    targets, rows = [], []
    for library in LIBRARIES:
        copies = {name: databases.copy(path) for name, path in paths.items()}
        measured = {
            statement: _measure(library, copies, sql, of, rounds)
            for (statement, sql), of in zip(STATEMENTS.items(), (inserts, updates), strict=True)
        }
        for name, path in copies.items():
            cells = [
                cell
                for timings in measured.values()
                for cell in (
                    f"{timings.median(name) / _ROWS * 1e6:,.1f}",
                    f"{timings.ratio(name, _OURS):.2f}",
                )
            ]
            kilobytes = (schema_bytes(paths[name]) - schema_bytes(migrated)) / 1000
            rows.append((f"{library}: {name}", *cells, f"{kilobytes:.1f}"))
            databases.drop(path)
        targets += [
            Target(f"{name}, {statement}, {library}", timings.ratio(name, _OURS), limit, "", _BOUND)
            for name, limit in _LIMITS.items()
            for statement, timings in measured.items()
        ]
    columns = ("", "insert µs", "ratio", "update µs", "ratio", "KB of schema more")
    text = (__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip()
    return Section("A second owner", text, targets, [Table(BULK.title, columns, rows)])


def _with(path: Path, module: str, definition: str) -> Path:
    folder = path.with_suffix("")
    folder.mkdir()
    text = f"from aggregates.own import *\n\ndefinitions = [{definition}]\n"
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    own = Configuration(module, "acme", folder / "versions", folder)
    write_own_revision(str(path), "x", own)
    upgrade(str(path), own=own.migrations)
    return path


def _measure(
    library: str, paths: dict[str, Path], statement: str, rows: Rows, rounds: int
) -> Timings:
    with ExitStack() as stack:
        jobs = {
            name: stack.enter_context(_writer(library, path, statement, rows))
            for name, path in paths.items()
        }
        return interleaved(jobs, rounds)


@contextmanager
def _writer(library: str, path: Path, statement: str, rows: Rows) -> Iterator[Job]:
    with closing(LIBRARIES[library](path)) as connection:
        connection.execute(f"PRAGMA synchronous = {BULK.synchronous}")

        def write(number: int) -> None:
            for first in range(number * _ROWS, (number + 1) * _ROWS, _BATCH):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(statement, rows[first : first + _BATCH])
                connection.execute("COMMIT")

        yield write
