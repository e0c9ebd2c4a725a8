"""What the triggers cost a writer, against the same writes without any.

Rows are inserted as a run begins and updated as it ends, as the hooks do: 1.0 KB at first, 1.4 KB
in the end, the averages of the real database. All variants write the same rows, each into a file
of its own that holds the same history, with the write-ahead log.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import sqlite_chronicle
import sqlite_utils

from aggregates.engines.sqlite.hooks_schema import HOOK_TABLES
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations
from tests.benchmarks.databases import Databases, Scale
from tests.benchmarks.report import Plot, Section, Table, Target
from tests.benchmarks.timing import Job, Timings, interleaved

TITLE = "Writes"
PHASES = ("insert", "completing update")
BULK_LIMIT, SINGLE_LIMIT = 6.0, 1.5
_BATCH = 1000
# So that each round pays for its share of checkpoints, which come every few transactions.
_BULK_ROWS = 5 * _BATCH
_HISTORY = 5000
_AGENTS = 20
_PHASES = ("requirements", "planning", "development", "review")
_NONE, _ALL = "no triggers", "aggregates"
_FIRST_REVISION = "0002"
"""The revision that brought the aggregates of agents, without sessions and tools."""
_FACTS = "log and facts, nothing posted"
_LOG = "log only"
_LOG_UNTOUCHED = "log only, no updated_at"

_INSERT = (
    "INSERT INTO agent_invocations (timestamp, session_id, event_type, phase, agent_name,"
    " agent_type, prompt, start_time, status, raw_input)"
    " VALUES (?, ?, 'pre_invocation', ?, ?, ?, ?, ?, 'started', ?)"
)
_UPDATE = (
    "UPDATE agent_invocations SET end_time = ?, status = 'completed', raw_output = ?,"
    " duration_seconds = ?, model = 'standard' WHERE id = ?"
)
_TOUCH = re.compile(r"UPDATE agent_invocations SET updated_at\s*=[^;]*;")


Rows = list[tuple[object, ...]]
Install = Callable[[Path], None]
Variants = dict[str, Install]
Writer = Callable[[Path, str, list[Rows]], AbstractContextManager[Job]]


class _Run(NamedTuple):
    inserted: tuple[str, ...]
    updated: tuple[str, str, float]


def run(databases: Databases, scale: Scale) -> Section:
    """Bulk, single and one-process-an-event writes, and what each part costs."""
    rounds = 6 if scale.is_quick else 20
    commits = 200 if scale.is_quick else 600
    history = _history(databases)
    others: Variants = {
        "sqlite-utils enable_counts": _enable_counts,
        "sqlite-chronicle": _enable_chronicle,
    }
    parts = {_NONE: _keep_as_it_is, _ALL: _migrate, **others, **_partial(databases, history)}
    bulk = _measure(databases, history, parts, rounds, _BULK_ROWS, _bulk)
    few = {_NONE: _keep_as_it_is, _ALL: _migrate, _LOG: parts[_LOG], **others}
    in_memory = _measure(databases, history, few, rounds, _BULK_ROWS, _bulk_in_memory)
    single = _measure(databases, history, few, commits, 1, _single)
    process = _measure(databases, history, few, commits, 1, _one_connection_a_row)
    return Section(
        title=TITLE,
        text=(__doc__ or "").partition("\n\n")[2].replace("\n", " ").strip(),
        targets=[
            *(
                Target(f"bulk {phase}", bulk[phase].ratio(_ALL, _NONE), BULK_LIMIT)
                for phase in PHASES
            ),
            *(
                Target(f"single {phase}", single[phase].ratio(_ALL, _NONE), SINGLE_LIMIT)
                for phase in PHASES
            ),
        ],
        tables=[
            _ratios("Bulk: 1,000 rows a transaction, synchronous=NORMAL", bulk, _BULK_ROWS),
            _ratios("Bulk, with PRAGMA temp_store = MEMORY", in_memory, _BULK_ROWS),
            _parts(bulk),
            _ratios("Single: a row a transaction, synchronous=FULL", single, 1),
            _ratios("As hooks write: a connection a row, synchronous=FULL", process, 1),
        ],
        plots=[
            Plot(
                "writing",
                "Times the cost of a write without triggers",
                ("", "ratio"),
                {
                    f"{name} {phase}": [
                        (one, of[phase].ratio(one, _NONE)) for one in few if one != _NONE
                    ]
                    for name, of in (("bulk", bulk), ("single", single))
                    for phase in PHASES
                },
            )
        ],
    )


def _measure(
    databases: Databases, history: Path, variants: Variants, rounds: int, rows: int, writer: Writer
) -> dict[str, Timings]:
    """Insert `rows` rows a round into a copy of the history for each variant, then end them."""
    paths = {}
    for name, install in variants.items():
        paths[name] = databases.copy(history)
        install(paths[name])
    runs = list(islice(_runs(_HISTORY), rounds * rows))
    inserts: Rows = [one.inserted for one in runs]
    updates: Rows = [(*one.updated, number) for number, one in enumerate(runs, _HISTORY + 1)]
    measured = {}
    for phase, statement, written in zip(
        PHASES, (_INSERT, _UPDATE), (inserts, updates), strict=True
    ):
        parts = [written[first : first + rows] for first in range(0, len(written), rows)]
        with ExitStack() as stack:
            jobs = {
                name: stack.enter_context(writer(path, statement, parts))
                for name, path in paths.items()
            }
            measured[phase] = interleaved(jobs, rounds)
    for path in paths.values():
        databases.drop(path)
    return measured


@contextmanager
def _bulk(
    path: Path, statement: str, parts: list[Rows], temp_store: str = "DEFAULT"
) -> Iterator[Job]:
    with closing(_connect(path, "NORMAL")) as connection:
        connection.execute(f"PRAGMA temp_store = {temp_store}")

        def write(number: int) -> None:
            rows = parts[number]
            for first in range(0, len(rows), _BATCH):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(statement, rows[first : first + _BATCH])
                connection.execute("COMMIT")

        yield write


_bulk_in_memory = partial(_bulk, temp_store="MEMORY")
"""The copies of pages that a statement's triggers change stay in memory."""


@contextmanager
def _single(path: Path, statement: str, parts: list[Rows]) -> Iterator[Job]:
    with closing(_connect(path, "FULL")) as connection:
        yield lambda number: connection.execute(statement, parts[number][0])


@contextmanager
def _one_connection_a_row(path: Path, statement: str, parts: list[Rows]) -> Iterator[Job]:
    def write(number: int) -> None:
        with closing(_connect(path, "FULL")) as connection:
            connection.execute(statement, parts[number][0])

    # Another connection keeps the log open: to remove it at each close would be most of the time.
    with closing(_connect(path, "FULL")) as keeper:
        keeper.execute("SELECT 1 FROM agent_invocations LIMIT 1").fetchall()
        yield write


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def _history(databases: Databases) -> Path:
    """Some thousands of ended runs."""
    path = databases.new()
    with closing(sqlite3.connect(path)) as connection:
        for table in HOOK_TABLES.values():
            connection.execute(table)
        runs = list(islice(_runs(0), _HISTORY))
        connection.executemany(_INSERT, [one.inserted for one in runs])
        connection.executemany(
            _UPDATE, [(*one.updated, number) for number, one in enumerate(runs, 1)]
        )
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def _runs(first: int) -> Iterator[_Run]:
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


def _keep_as_it_is(path: Path) -> None:
    pass


def _migrate(path: Path) -> None:
    upgrade(str(path))


def _enable_counts(path: Path) -> None:
    database = sqlite_utils.Database(path)
    database.table("agent_invocations").enable_counts()
    database.conn.close()


def _enable_chronicle(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        sqlite_chronicle.enable_chronicle(connection, "agent_invocations")


def _partial(databases: Databases, history: Path) -> Variants:
    """Variants with some triggers, or some statements of them, taken away."""
    path = databases.copy(history)
    _migrate(path)
    triggers = _triggers(path)
    databases.drop(path)
    own = f"_aggregates_{agent_invocations.name}"
    shared = (f"{own}_plus", f"{own}_minus")
    view = re.search(r"INSTEAD OF INSERT ON\s+(\w+)", triggers[shared[0]])
    assert view is not None

    def without(
        *patterns: str, touch: bool = True, facts: bool = False, table: str | None = None
    ) -> Install:
        def changed(name: str, sql: str) -> str | None:
            if any(re.fullmatch(pattern, name) for pattern in patterns):
                return None
            if not touch and _TOUCH.search(sql):
                return None if name.endswith("_touch") else _TOUCH.sub("", sql)
            if table is not None and name in shared:
                return _statements_on(table).sub("", sql)
            return sql

        def install(path: Path) -> None:
            _migrate(path)
            with closing(sqlite3.connect(path)) as connection:
                for name, sql in triggers.items():
                    new = changed(name, sql)
                    if new != sql:
                        connection.execute(f"DROP TRIGGER {name}")
                        if new is not None:
                            connection.execute(new)
                if facts:  # a view takes rows only where it has a trigger
                    connection.execute(
                        f"CREATE TRIGGER post_nothing INSTEAD OF INSERT ON {view[1]} WHEN 0"
                        " BEGIN SELECT 1; END"
                    )
                connection.commit()

        return install

    posted = r".*_(plus|minus)"
    parts = {
        one.name.removeprefix("_aggregates_"): one.name
        for one in catalogue.definitions
        if one.source is agent_invocations and one.is_posted
    }
    return {
        _FACTS: without(posted, facts=True),
        _LOG: without(posted, r".*_post_\w+"),
        _LOG_UNTOUCHED: without(posted, r".*_post_\w+", touch=False),
        "without updated_at": without(touch=False),
        **{
            f"without {part}": without(rf"_aggregates_{part}_(plus|minus)", table=name)
            for part, name in parts.items()
        },
        f"as of {_FIRST_REVISION}": lambda path: upgrade(str(path), revision=_FIRST_REVISION),
    }


def _statements_on(table: str) -> re.Pattern[str]:
    """Of a trigger that writes to many tables, what it does to one."""
    return re.compile(rf"(INSERT INTO|UPDATE|DELETE FROM)\s+{table}\b[^;]*;\s*")


def _triggers(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        return dict(connection.execute(query).fetchall())


def _ratios(title: str, measured: dict[str, Timings], rows: int) -> Table:
    first, second = measured.values()
    return Table(
        title,
        (
            "",
            "insert µs",
            "ratio",
            "of means",
            "writes",
            "update µs",
            "ratio",
            "of means",
            "writes",
        ),
        [
            (
                name,
                *(
                    cell
                    for of in (first, second)
                    for cell in (
                        f"{of.median(name) / rows * 1e6:.1f}",
                        f"{of.ratio(name, _NONE):.2f}",
                        f"{of.mean(name) / of.mean(_NONE):.2f}",
                        f"{of.writes[name] / rows / len(of.seconds[name]):.1f}",
                    )
                ),
            )
            for name in first.seconds
        ],
    )


def _parts(bulk: dict[str, Timings]) -> Table:
    """What each part costs, in microseconds and in times of a write without triggers."""
    insert, update = bulk.values()
    differences = {
        "log": (_LOG_UNTOUCHED, _NONE),
        "updated_at": (_ALL, "without updated_at"),
        "facts": (_FACTS, _LOG),
        **{
            name.removeprefix("without "): (_ALL, name)
            for name in insert.seconds
            if name.startswith("without ") and name != "without updated_at"
        },
    }

    def cells(of: Timings, with_it: str, without_it: str) -> tuple[str, str]:
        seconds = of.difference(with_it, without_it)
        return f"{seconds / _BULK_ROWS * 1e6:.1f}", f"{seconds / of.median(_NONE):.2f}"

    return Table(
        "Bulk: what each part adds",
        ("", "insert µs", "times", "update µs", "times"),
        [
            (name, *cells(insert, *pair), *cells(update, *pair))
            for name, pair in differences.items()
        ],
    )
