"""Each metric of a collection, value by value, against its meaning computed from all rows."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from conftest import connect
from oracle import canonical, dimension, duration_ms, is_invocation, parse_time
from sqlalchemy import Connection

from aggregates import Store, samples
from aggregates.engines import driver
from aggregates.installing import upgrading
from aggregates.model.catalogue import catalogue
from aggregates.reader import Collection, queries
from aggregates.sessions import Deriver

REAL_DATA = Path(__file__).parents[3] / "shared" / "data" / "agent_workflow.db"
FAILED = ("failed", "error")
ENDED = ("completed", *FAILED)
HOUR = timedelta(hours=1)
LATEST_SESSIONS = 50


@dataclass
class Row:
    """A row of a source table, with what its times mean."""

    values: sqlite3.Row

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @cached_property
    def start(self) -> datetime | None:
        parsed = parse_time(self["start_time"])
        return parsed[0] if parsed else None

    @cached_property
    def end(self) -> datetime | None:
        parsed = parse_time(self["end_time"])
        return parsed[0] if parsed else None

    @cached_property
    def duration_ms(self) -> int | None:
        seconds = self["duration_seconds"] if "duration_seconds" in self.values.keys() else None  # noqa: SIM118
        return duration_ms(self["start_time"], self["end_time"], seconds)

    @property
    def is_open(self) -> bool:
        return self.start is not None and self["end_time"] is None and self["status"] not in ENDED

    def name(self, column: str) -> str:
        return dimension(self[column])


class History:
    """All rows of the source tables, and the meaning of each metric in plain Python."""

    def __init__(self, path: Path) -> None:
        with closing(connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            invocations, self.sessions, self.tool_uses = (
                [Row(row) for row in connection.execute(f"SELECT * FROM {table}")]
                for table in ("agent_invocations", "sessions", "agent_tool_uses")
            )
        self.runs = [
            row for row in invocations if is_invocation(row["event_type"], row["agent_name"])
        ]
        self.runs_of: dict[str, list[Row]] = defaultdict(list)
        for run in self.runs:
            self.runs_of[run.name("session_id")].append(run)

    def latest_event(self, session: Row) -> datetime:
        session_id = session.name("session_id")
        runs = self.runs_of[session_id]
        uses = [use for use in self.tool_uses if use.name("session_id") == session_id]
        times = [
            session.start,
            session.end,
            *(run.start for run in runs),
            *(run.end for run in runs),
        ]
        return max(time for time in (*times, *(use.start for use in uses)) if time)

    def is_active(self, session: Row, now: datetime) -> bool:
        return (
            session.is_open
            and session.start is not None
            and session.start > now - 24 * HOUR
            and self.latest_event(session) > now - HOUR / 2
        )


@dataclass
class Case:
    history: History
    store: Store
    now: datetime

    @cached_property
    def collected(self) -> Collection:
        return self.store.collect(self.now)


def databases(folder: Path) -> Iterator[tuple[str, Path]]:
    """The real data where it is at hand, and samples."""
    if REAL_DATA.is_file():
        yield "real", Path(shutil.copyfile(REAL_DATA, folder / "real.db"))
    for seed, rows in ((1, 960), (2, 6000)):
        path = folder / f"sample{seed}.db"
        samples.write_sample(path, rows, days=40, seed=seed, row_bytes=300)
        yield f"sample{seed}", path


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = dict(databases(tmp_path_factory.mktemp("meaning")))
    for path in found.values():
        upgrading.upgrade(str(path))
        with closing(connect(path)) as writer:
            # What neither has: runs and sessions that failed, and names that are not known.
            writer.execute("UPDATE agent_invocations SET status = 'failed' WHERE id % 17 = 0")
            writer.execute("UPDATE agent_invocations SET status = 'error' WHERE id % 31 = 0")
            writer.execute("UPDATE agent_invocations SET phase = NULL WHERE id % 13 = 0")
            writer.execute("UPDATE agent_invocations SET session_id = NULL WHERE id % 101 = 0")
            writer.execute("UPDATE agent_invocations SET duration_seconds = 2 WHERE id % 19 = 0")
            writer.execute("UPDATE agent_tool_uses SET tool_name = '' WHERE id % 29 = 0")
            writer.execute("DELETE FROM agent_invocations WHERE id % 47 = 0")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            assert Deriver(driver(connection), catalogue.bounds).round(1000).is_complete
    return found


MOMENTS = ("while something runs", "a year later")


@pytest.fixture(
    scope="module",
    params=[(name, moment) for name in ("real", "sample1", "sample2") for moment in MOMENTS],
    ids=lambda param: f"{param[0]}, {param[1]}",
)
def case(request: pytest.FixtureRequest, prepared: dict[str, Path]) -> Iterator[Case]:
    name, moment = request.param
    if name not in prepared:
        pytest.skip("the real data is not here; the samples stand in for it")
    history = History(prepared[name])
    last = max(session.start for session in history.sessions if session.is_open and session.start)
    now = last + (timedelta(minutes=20) if moment == MOMENTS[0] else timedelta(days=365))
    with Store(prepared[name], source_timezone="UTC", latest_sessions=LATEST_SESSIONS) as store:
        yield Case(history, store, now)


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


# Runs


def test_runs_by_agent_phase_status_and_model(case: Case) -> None:
    right = Counter(
        tuple(run.name(column) for column in ("agent_name", "phase", "model", "status"))
        for run in case.history.runs
    )
    assert {
        (one.agent_name, one.phase, one.model, one.status): one.invocations
        for one in case.collected.run_counts
    } == right


def test_runs_by_phase(case: Case) -> None:
    found: Counter[str] = Counter()
    for one in case.collected.run_counts:
        found[one.phase] += one.invocations
    assert found == Counter(run.name("phase") for run in case.history.runs)


def test_errors_by_agent_and_phase(case: Case) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for one in case.collected.run_counts:
        if one.status in FAILED:
            found[one.agent_name, one.phase] += one.invocations
    right = Counter(
        (run.name("agent_name"), run.name("phase"))
        for run in case.history.runs
        if run["status"] in FAILED
    )
    assert found == right
    assert right


def test_the_statistics_of_each_agent(case: Case) -> None:
    by_agent: dict[str, list[Row]] = defaultdict(list)
    for run in case.history.runs:
        by_agent[run.name("agent_name")].append(run)
    assert {one.agent_name for one in case.collected.agents} == by_agent.keys()
    for one in case.collected.agents:
        runs = by_agent[one.agent_name]
        starts = [run.start for run in runs if run.start]
        known = [run.duration_ms for run in runs if run.duration_ms is not None]
        succeeded = sum(run["status"] == "completed" for run in runs)
        ended = sum(run["status"] in ENDED for run in runs)
        running = sum(
            run.is_open and bool(run.start and run.start > case.now - 6 * HOUR) for run in runs
        )
        assert (one.invocations, one.succeeded, one.ended) == (len(runs), succeeded, ended)
        assert one.success_rate == ratio(succeeded, ended)
        assert one.last_start == (canonical(max(starts)) if starts else None)
        assert one.duration_count == len(known)
        assert one.mean_duration_ms == ratio(sum(known), len(known))
        assert (one.running, one.in_flight) == (running, sum(run.is_open for run in runs))
        assert one.sessions == len({run.name("session_id") for run in runs} - {""})


def test_parallel_executions(case: Case) -> None:
    right = [
        run["id"]
        for run in case.history.runs
        if run.is_open and run.start and run.start > case.now - 6 * HOUR
    ]
    assert sorted(run.invocation_id for run in case.collected.running) == sorted(right)


# Sessions


def test_totals(case: Case) -> None:
    runs = case.history.runs
    pairs = {
        (run.name("session_id"), run.name("agent_name")) for run in runs if run.name("session_id")
    }
    sessions = {run.name("session_id") for run in runs} - {""}
    found = case.collected.session_totals
    assert case.collected.totals["invocations"] == len(runs)
    assert case.collected.totals["agents"] == len({run.name("agent_name") for run in runs})
    assert (found.sessions, found.session_agent_pairs) == (len(sessions), len(pairs))
    assert found.agents_per_session == ratio(len(pairs), len(sessions))
    assert found.session_rows == len(case.history.sessions)
    assert found.by_status == Counter(one.name("status") for one in case.history.sessions)
    elapsed = [one.duration_ms for one in case.history.sessions if one.duration_ms is not None]
    assert found.duration_count == len(elapsed)
    assert found.mean_duration_ms == ratio(sum(elapsed), len(elapsed))


def test_active_sessions(case: Case) -> None:
    active = {
        one.name("session_id")
        for one in case.history.sessions
        if case.history.is_active(one, case.now)
    }
    abandoned = {one.name("session_id") for one in case.history.sessions if one.is_open} - active
    assert case.collected.session_totals.active == len(active)
    everything = len(case.history.sessions)
    for state, right in (("active", active), ("abandoned", abandoned)):
        listed = case.store.sessions(everything, state=state, now=case.now)  # type: ignore[arg-type]
        assert {one.session_id for one in listed} == right
        assert len(listed) == len(right)


def test_each_of_the_latest_sessions(case: Case) -> None:
    rows = [one for one in case.history.sessions if one.start]
    rows.sort(key=lambda one: one.name("session_id"))
    rows.sort(key=lambda one: canonical(one.start or case.now), reverse=True)
    found = case.collected.sessions
    assert [one.session_id for one in found] == [
        row.name("session_id") for row in rows[:LATEST_SESSIONS]
    ]
    assert len({one.short_id for one in found}) == len(found)
    for one, row in zip(found, rows, strict=False):
        runs = case.history.runs_of[one.session_id]
        ended = [run for run in runs if run["status"] in ENDED]
        succeeded = sum(run["status"] == "completed" for run in ended)
        starts = [run.start for run in runs if run.start]
        assert one.session_id.startswith(one.short_id)
        assert len(one.short_id) >= 8
        assert one.status == row.name("status")
        assert one.start_time == canonical(row.start or case.now)
        assert one.agents == len({run.name("agent_name") for run in runs})
        assert one.phases == len({run.name("phase") for run in runs} - {""})
        assert one.success_rate == ratio(succeeded, len(ended))
        assert one.failed == sum(run["status"] in FAILED for run in runs)
        assert one.in_flight == sum(run.is_open for run in runs)
        assert one.duration_ms_sum == sum(run.duration_ms or 0 for run in runs)
        assert one.first_start == (canonical(min(starts)) if starts else None)
        assert one.last_event == canonical(case.history.latest_event(row))
        if case.history.is_active(row, case.now):
            assert one.state == "active"
            assert row.start
            assert one.elapsed_ms == (case.now - row.start) // timedelta(milliseconds=1)
        else:
            assert one.state == ("abandoned" if row.is_open else "ended")
        if not row.is_open:
            assert one.elapsed_ms == row.duration_ms


# Tools


def test_how_the_runs_of_a_session_overlap(case: Case) -> None:
    """By counting at each start, and by painting milliseconds: not as the code does it."""
    pending = {one.session_id for one in case.collected.sessions if one.is_pending}
    assert pending == set()
    checked = 0
    for one in case.collected.sessions:
        intervals = []
        for run in case.history.runs_of[one.session_id]:
            if run.start is None:
                continue
            if run.is_open and run.start > case.now - 6 * HOUR:
                intervals.append((run.start, max(run.start, case.now)))
            elif run["status"] in ENDED and run.duration_ms is not None:
                elapsed = timedelta(milliseconds=run.duration_ms)
                intervals.append((run.start, run.start + elapsed))
        at_once = [
            sum(start <= moment < end or start == end == moment for start, end in intervals)
            for moment, _ in intervals
        ]
        assert one.max_parallel == max(at_once, default=0)
        busy, covered = timedelta(0), datetime.min
        for start, end in sorted(intervals):
            busy += max(timedelta(0), end - max(start, covered))
            covered = max(covered, end)
        assert one.busy_ms == busy // timedelta(milliseconds=1)
        if one.elapsed_ms is not None:
            assert one.idle_ms == max(0, one.elapsed_ms - one.busy_ms)
        runs = [run for run in case.history.runs_of[one.session_id] if run.start]
        if runs:
            first = min(runs, key=lambda run: (run.start, run["id"]))
            assert one.first_agent == first.name("agent_name")
            checked += 1
    assert checked


def test_uses_of_tools(case: Case) -> None:
    by_tool: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for use in case.history.tool_uses:
        by_tool[use.name("agent_name"), use.name("tool_name")].append(use)
    found = {(one.agent_name, one.tool_name): one for one in case.store.tools()}
    assert found.keys() == by_tool.keys()
    without = [replace(one, p50_ms=None, p95_ms=None) for one in case.store.tools()]
    assert list(case.collected.tools) == without
    for key, uses in by_tool.items():
        one = found[key]
        ended = [use for use in uses if use["status"] in ENDED]
        succeeded = sum(use["status"] == "completed" for use in ended)
        known = sorted(use.duration_ms for use in uses if use.duration_ms is not None)
        assert (one.uses, one.ended) == (len(uses), len(ended))
        assert one.success_rate == ratio(succeeded, len(ended))
        assert (one.duration_count, one.duration_ms_sum) == (len(known), sum(known))
        assert one.mean_duration_ms == ratio(sum(known), len(known))
        for percent, estimate in ((50, one.p50_ms), (95, one.p95_ms)):
            if not known:
                assert estimate is None
                continue
            exact = known[-(-len(known) * percent // 100) - 1]
            assert estimate == pytest.approx(exact, rel=0.02, abs=10 if exact <= 10 else 0)


def test_the_tools_of_each_agent(case: Case) -> None:
    by_agent: dict[str, Counter[str]] = defaultdict(Counter)
    for use in case.history.tool_uses:
        by_agent[use.name("agent_name")][use.name("tool_name")] += 1
    invocations = Counter(run.name("agent_name") for run in case.history.runs)
    assert {one.agent_name for one in case.collected.agent_tools} == by_agent.keys()
    for one in case.collected.agent_tools:
        tools = by_agent[one.agent_name]
        uses = tools.total()
        del tools[""]
        assert (one.tools, one.uses) == (len(tools), uses)
        assert one.invocations == invocations[one.agent_name]
        assert one.uses_per_invocation == ratio(uses, one.invocations)
        assert one.primary_tool == min(tools, key=lambda name: (-tools[name], name), default=None)


# Cost


def test_no_query_scans_a_table_that_grows_with_the_history(
    prepared: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = queries.rows
    scanned: set[str] = set()

    def planned(connection: Connection, statement: str, *parameters: object) -> list[queries.Row]:
        for *_, step in plain(connection, f"EXPLAIN QUERY PLAN {statement}", *parameters):
            if found := re.match(r"SCAN (?:\d+ )?(\w+)", step):
                scanned.add(found[1])
        return plain(connection, statement, *parameters)

    monkeypatch.setattr(queries, "rows", planned)
    with Store(prepared["sample1"]) as store:
        store.collect()
        (session, *_) = store.sessions(agent="architect")
        store.sessions(state="active")
        store.session(session.session_id)
        store.metrics()
    assert scanned <= {
        "CONSTANT",
        "aggregate_totals",
        "_aggregates_session_totals",
        "agent_activity",
        "agent_durations",
        "agent_stats",
        "duration_bounds",
        "session_durations",
        "sessions_summary",
        "tool_durations",
        "tool_stats",
        "total",  # a row of constants for each
        "listed",  # in the order of its key, as far as the limit
        "newest",  # the sessions of the newest rows
        "wanted",  # those that are listed
        "walk",  # from agent to agent
    }
