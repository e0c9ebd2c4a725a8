"""What the triggers cost a writer, against the same writes without any.

Rows are inserted as a run begins and updated as it ends, as the hooks do: 1.0 KB at first, 1.4 KB
in the end. All variants write the same rows in one interleaved run, each into a file of its own
that holds the same history, with the write-ahead log. A ratio is the median over the rounds,
against the same library without triggers. A hook's event connects, writes one row with default
settings, commits and closes, in a process that runs on. Where nobody else has the file open, a
close also copies the log into the database and removes it; it is measured beside a connection that
keeps the log open, too, where the event without triggers takes half the time, and without waiting
for the disk: these have no target, as to parse the schema and to compile the triggers is nearly all
that is left there. An import sets `PRAGMA temp_store = MEMORY` before its first write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from aggregates.engines.sqlite.hooks_schema import HOOK_TABLES
from aggregates.installing.upgrading import upgrade
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.libraries import LIBRARIES, Connection
from tests.benchmarks.report import Section, Table, Target
from tests.benchmarks.timing import Job, Timings, interleaved

SCHEMA_LIMIT_KB, OPCODES_LIMIT = 45, 2200
_PARSED = (
    "Each connection parses all SQL text of the schema before its first statement: that, and the"
    " opcodes that are then compiled, is most of what a hook's event costs."
)
_EXECUTED = (
    "A row is written to the log and counted in each aggregate, each of them a search in a tree, a"
    " row written, and a copy of the page as it was before."
)
_SYNCED = (
    "A commit waits for the disk; the triggers add the work of a bulk write, and pages to write."
)
_BATCH = 1000
_HISTORY = 5000
_AGENTS = 20
_PHASES = ("requirements", "planning", "development", "review")

_INSERT = (
    "INSERT INTO agent_invocations (timestamp, session_id, event_type, phase, agent_name,"
    " agent_type, prompt, start_time, status, raw_input)"
    " VALUES (?, ?, 'pre_invocation', ?, ?, ?, ?, ?, 'started', ?)"
)
_UPDATE = (
    "UPDATE agent_invocations SET end_time = ?, status = 'completed', raw_output = ?,"
    " duration_seconds = ?, model = 'standard' WHERE id = ?"
)
STATEMENTS = {"insert": _INSERT, "completing update": _UPDATE}

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Way:
    """A way to write, and how many times as long it may take, for each statement."""

    title: str
    limits: dict[str, dict[str, float]]
    """by variant, beside which there is always that without triggers; some have none"""
    bound: str
    rounds: int = 600
    rows: int = 1
    """of a round"""
    synchronous: str = "FULL"
    is_kept: bool = True
    """whether the connection is"""
    is_alone: bool = False
    """whether no other connection keeps the log open"""


_NONE, _ALL, _IMPORT = "no triggers", "aggregates", "aggregates, temp_store = MEMORY"
# As many rows that each round pays for its share of checkpoints, which come every few transactions.
BULK = Way(
    "Bulk: 1,000 rows a transaction, synchronous=NORMAL",
    {
        _ALL: {"insert": 9, "completing update": 8.5},
        _IMPORT: {"insert": 6, "completing update": 6},
    },
    _EXECUTED,
    rounds=20,
    rows=5 * _BATCH,
    synchronous="NORMAL",
)
SINGLE = Way(
    "Single: a row a transaction, synchronous=FULL, on a kept connection",
    {_ALL: {"insert": 1.2, "completing update": 1.3}},
    _SYNCED,
)
HOOK = Way(
    "A hook's event: connect, write a row, commit, close",
    {_ALL: {"insert": 3.5, "completing update": 3.5}},
    _PARSED,
    is_kept=False,
    is_alone=True,
)
BESIDE = replace(
    HOOK,
    title="A hook's event beside a connection that stays open",
    limits={_ALL: {}},
    is_alone=False,
)
UNSYNCED = replace(
    BESIDE,
    title="The same where the disk takes no time: synchronous=OFF",
    synchronous="OFF",
)


class _Run(NamedTuple):
    inserted: tuple[str, ...]
    updated: tuple[str, str, float]


def run(databases: Databases, scale: Scale) -> Section:
    """What is added to the schema and to a statement, and all ways to write."""
    history = hook_history(databases)
    migrated = databases.copy(history)
    upgrade(str(migrated))
    kilobytes = (schema_bytes(migrated) - schema_bytes(history)) / 1000
    opcodes = {
        library: {name: _opcodes(library, migrated, sql) for name, sql in STATEMENTS.items()}
        for library in LIBRARIES
    }
    plain = _opcodes(next(iter(LIBRARIES)), history, _INSERT)
    targets = [Target("schema that `migrate` adds", kilobytes, SCHEMA_LIMIT_KB, " KB", _PARSED)]
    targets += [
        Target(f"opcodes of a hook's {name}, {library}", count, OPCODES_LIMIT, "", _EXECUTED)
        for library, of in opcodes.items()
        for name, count in of.items()
    ]
    tables = []
    for way in (BULK, SINGLE, HOOK, BESIDE, UNSYNCED):
        rounds = way.rounds // 4 if scale.is_quick else way.rounds
        measured = _measure(databases, (history, migrated), way, rounds)
        tables.append(_ratios(way, measured))
        targets += _targets(way, measured)
    databases.drop(history)
    databases.drop(migrated)
    text = (__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip()
    return Section(
        "Writes", f"{text} Without triggers an insert has {plain} opcodes.", targets, tables
    )


def _measure(
    databases: Databases, sources: tuple[Path, Path], way: Way, rounds: int
) -> dict[str, Timings]:
    """Insert rows into a copy for each library and variant, then end them."""
    paths = {
        (library, variant): databases.copy(sources[variant != _NONE])
        for library in LIBRARIES
        for variant in (_NONE, *way.limits)
    }
    some = list(islice(endless_runs(_HISTORY), rounds * way.rows))
    inserts: Rows = [one.inserted for one in some]
    updates: Rows = [(*one.updated, number) for number, one in enumerate(some, _HISTORY + 1)]
    measured = {}
    for (name, statement), written in zip(STATEMENTS.items(), (inserts, updates), strict=True):
        parts = [written[first : first + way.rows] for first in range(0, len(written), way.rows)]
        with ExitStack() as stack:
            jobs = {
                _named(*of): stack.enter_context(_writer(way, *of, path, statement, parts))
                for of, path in paths.items()
            }
            measured[name] = interleaved(jobs, rounds)
    for path in paths.values():
        databases.drop(path)
    return measured


@contextmanager
def _writer(
    way: Way, library: str, variant: str, path: Path, statement: str, parts: list[Rows]
) -> Iterator[Job]:
    def connect() -> Connection:
        connection = LIBRARIES[library](path)
        connection.execute(f"PRAGMA synchronous = {way.synchronous}")
        if variant == _IMPORT:
            connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def in_batches(number: int) -> None:
        for first in range(0, way.rows, _BATCH):
            kept.execute("BEGIN IMMEDIATE")
            kept.executemany(statement, parts[number][first : first + _BATCH])
            kept.execute("COMMIT")

    def once(number: int) -> None:
        kept.execute(statement, parts[number][0])

    def connecting(number: int) -> None:
        with closing(connect()) as connection:
            connection.execute(statement, parts[number][0])

    if way.is_alone:
        yield connecting
        return
    with closing(connect()) as kept:
        list(kept.execute("SELECT 1 FROM agent_invocations LIMIT 1"))
        yield connecting if not way.is_kept else once if way.rows == 1 else in_batches


def _named(library: str, variant: str) -> str:
    return f"{library}: {variant}"


def _targets(way: Way, measured: dict[str, Timings]) -> Iterator[Target]:
    title = way.title.partition(":")[0].lower()
    for variant, limits in way.limits.items():
        what = "import" if variant == _IMPORT else title
        for statement, limit in limits.items():
            for library in LIBRARIES:
                ratio = measured[statement].ratio(_named(library, variant), _named(library, _NONE))
                yield Target(f"{what}, {statement}, {library}", ratio, limit, "", way.bound)


def _ratios(way: Way, measured: dict[str, Timings]) -> Table:
    def cells(of: Timings, library: str, variant: str) -> Iterator[str]:
        name = _named(library, variant)
        yield f"{of.median(name) / way.rows * 1e6:,.1f}"
        yield f"{of.ratio(name, _named(library, _NONE)):.2f}"

    return Table(
        way.title,
        ("", "insert µs", "ratio", "update µs", "ratio"),
        [
            (
                _named(library, variant),
                *(cell for of in measured.values() for cell in cells(of, library, variant)),
            )
            for library in LIBRARIES
            for variant in (_NONE, *way.limits)
        ],
    )


def schema_bytes(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT coalesce(sum(length(sql)), 0) FROM sqlite_master"
        (total,) = connection.execute(query).fetchone()
    return int(total)


def _opcodes(library: str, path: Path, statement: str) -> int:
    """Rows of EXPLAIN, with those of all triggers."""
    with closing(LIBRARIES[library](path)) as connection:
        parameters = [None] * statement.count("?")
        return len(list(connection.execute(f"EXPLAIN {statement}", parameters)))


def hook_history(databases: Databases) -> Path:
    """Some thousands of ended runs."""
    path = databases.new()
    with closing(sqlite3.connect(path)) as connection:
        for table in HOOK_TABLES.values():
            connection.execute(table)
        runs = list(islice(endless_runs(0), _HISTORY))
        connection.executemany(_INSERT, [one.inserted for one in runs])
        connection.executemany(
            _UPDATE, [(*one.updated, number) for number, one in enumerate(runs, 1)]
        )
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def endless_runs(first: int) -> Iterator[_Run]:
    """Runs half a minute apart, eight a session, of agents of which some are much busier."""
    random = Random(first)
    begin = datetime(2026, 6, 1)
    number = first
    while True:
        start = begin + timedelta(seconds=30 * number + random.random())
        seconds = round(random.lognormvariate(4, 1.35), 3)
        which = int(random.paretovariate(1)) % _AGENTS
        agent, phase = f"agent-{which}", _PHASES[which % len(_PHASES)]
        prompt = "p" * 394
        output = (
            f'{{"content": [{{"type": "text", "text": "{"o" * 180}"}}],'
            f' "totalDurationMs": {int(seconds * 1000)},'
            f' "totalTokens": {random.randrange(200_000)},'
            f' "totalToolUseCount": {random.randrange(40)}, "usage": {{"input_tokens": 36,'
            ' "cache_read_input_tokens": 39354, "output_tokens": 1075, "service_tier": "standard"}}'
        )
        begun = start.isoformat(timespec="microseconds")
        session = f"6513270e-269e-0d37-f2a7-{number // 8:012x}"
        raw_input = f'{{"description": "task", "prompt": "{prompt}", "subagent_type": "{agent}"}}'
        end = (start + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
        yield _Run(
            (begun, session, phase, agent, phase, prompt, begun, raw_input), (end, output, seconds)
        )
        number += 1
