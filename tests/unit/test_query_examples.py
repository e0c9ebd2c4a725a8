"""The queries of the page on querying answer what the rows of the source say."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import connect
from history import (
    Work,
    durations,
    grouped,
    invocations,
    is_close,
    mean_seconds,
    nearest_rank,
    success_rate,
    tool_uses,
)

from aggregates import samples
from aggregates.faces.datasette import QUERIES
from aggregates.installing import upgrading

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "query.md"

_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
_SQL = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, str]:
    """The queries of the page, as `Section 1`."""
    first, *parts = _SECTION.split(PAGE.read_text(encoding="utf-8"))
    texts = {"Introduction": first, **dict(zip(parts[::2], parts[1::2], strict=True))}
    return {
        f"{section} {number}": query
        for section, text in texts.items()
        for number, query in enumerate(_SQL.findall(text), 1)
    }


EXAMPLES = examples()


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A migrated sample that ends now, with a run that has just begun and some edits."""
    path = tmp_path_factory.mktemp("examples") / "agent_workflow.db"
    samples.write_sample(path, 3000, days=10, seed=1, row_bytes=0)
    upgrading.upgrade(str(path))
    with closing(connect(path)) as connection:
        connection.execute(
            "INSERT INTO agent_invocations (session_id, event_type, phase, agent_name, status,"
            " start_time) VALUES ('s', 'pre_invocation', 'planning', 'architect', 'started', ?)",
            [datetime.now().isoformat()],
        )
        connection.execute("UPDATE agent_invocations SET status = 'failed' WHERE id = 7")
        yield connection


@pytest.fixture
def parameters(connection: sqlite3.Connection) -> dict[str, object]:
    """A value for each parameter of the queries."""
    (session,) = connection.execute("SELECT max(session_id) FROM session_stats").fetchone()
    today = date.today()
    return {
        "agent": "architect",
        "session": session,
        "day": str(today - timedelta(days=3)),
        "first_day": str(today - timedelta(days=6)),
        "last_day": str(today),
        "from_hour": f"{today - timedelta(days=6)}T00:00:00",
        "to_hour": f"{today}T00:00:00",
        "checkpoint": 0,
        "highest": 100,
        "since": "2020-01-01T00:00:00.000Z",
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_answers(
    name: str, connection: sqlite3.Connection, parameters: dict[str, object]
) -> None:
    rows = connection.execute(EXAMPLES[name], parameters).fetchall()
    assert rows
    assert len(rows[0]) > 1


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_for_datasette_answers(
    name: str, connection: sqlite3.Connection, parameters: dict[str, object]
) -> None:
    title, query = QUERIES[name]
    assert title
    assert connection.execute(query, parameters).fetchall()


def threshold(connection: sqlite3.Connection, query: str) -> str:
    """The earliest time that a query asks for, as it is now."""
    (expression,) = re.findall(r">=? ((?:strftime|date)\([^()]*'localtime'[^()]*\))", query)
    (found,) = connection.execute(f"SELECT {expression}").fetchone()
    return str(found)


def by_agent(connection: sqlite3.Connection) -> dict[str, list[Work]]:
    return grouped(invocations(connection), lambda run: run.agent)


def test_the_slowest_agents(connection: sqlite3.Connection) -> None:
    found = connection.execute(EXAMPLES["The slowest agents 1"]).fetchall()
    runs = by_agent(connection)
    for agent, count, mean, p50, p95 in found:
        assert count == len(runs[agent])
        assert mean == pytest.approx(mean_seconds(runs[agent]), abs=1e-4)
        assert is_close(p50, nearest_rank(durations(runs[agent]), 50))
        assert is_close(p95, nearest_rank(durations(runs[agent]), 95))
    least = found[-1][-1] * 1000
    slow = {agent for agent, some in runs.items() if (nearest_rank(durations(some), 95) or 0)}
    others = slow - {row[0] for row in found}
    assert all((nearest_rank(durations(runs[one]), 95) or 0) <= least * 1.03 for one in others)


def test_success_rates(connection: sqlite3.Connection) -> None:
    found = connection.execute(EXAMPLES["Success rates 1"]).fetchall()
    runs = by_agent(connection)
    assert {row[0] for row in found} == runs.keys()
    for agent, count, ended, failed, percent in found:
        rate = success_rate(runs[agent])
        assert rate is not None
        assert (count, failed) == (len(runs[agent]), sum(run.failed for run in runs[agent]))
        assert ended == sum(run.failed or run.succeeded for run in runs[agent])
        assert percent == pytest.approx(100 * rate, abs=0.06)


def test_failures_by_phase(connection: sqlite3.Connection) -> None:
    found = {row[0]: row[2] for row in connection.execute(EXAMPLES["Success rates 2"])}
    phases = grouped(invocations(connection), lambda run: run.name)
    assert found == {phase: sum(run.failed for run in runs) for phase, runs in phases.items()}
    pairs = connection.execute(EXAMPLES["Success rates 3"]).fetchall()
    failed = grouped((run for run in invocations(connection) if run.failed), _phase_and_agent)
    assert {row[:2]: row[2] for row in pairs} == {key: len(runs) for key, runs in failed.items()}


def _phase_and_agent(run: Work) -> tuple[str, str]:
    return run.name, run.agent


def test_tokens_by_day(connection: sqlite3.Connection) -> None:
    days = grouped(invocations(connection), lambda run: run.start[:10])
    right = [(day, len(runs), sum(run.tokens for run in runs)) for day, runs in days.items()]
    found = connection.execute(EXAMPLES["Tokens by day 1"]).fetchall()
    assert found == sorted(right, reverse=True)
    shares = connection.execute(EXAMPLES["Tokens by day 2"]).fetchall()
    assert sum(percent for _, _, percent in shares) == pytest.approx(100, abs=1)


def test_the_last_24_hours(connection: sqlite3.Connection) -> None:
    query = EXAMPLES["The last 24 hours 1"]
    first = threshold(connection, query)
    hours = grouped(
        (run for run in invocations(connection) if run.start >= first),
        lambda run: f"{run.start[:13]}:00:00",
    )
    assert connection.execute(query).fetchall() == [
        (hour, len(runs), sum(run.failed for run in runs), sum(run.tokens for run in runs))
        for hour, runs in sorted(hours.items())
    ]
    for hour, count, mean in connection.execute(EXAMPLES["The last 24 hours 2"]):
        runs = [run for run in invocations(connection) if run.start[11:13] == hour]
        assert count == len(runs)
        assert mean == pytest.approx(mean_seconds(runs), abs=0.06)


def test_what_runs_now(connection: sqlite3.Connection) -> None:
    query = EXAMPLES["What runs now 1"]
    first = threshold(connection, query)
    right = [run for run in invocations(connection) if run.is_in_flight and run.start > first]
    found = connection.execute(query).fetchall()
    assert [row[1:4] for row in found] == sorted(
        ((run.agent, run.name, run.start) for run in right), key=lambda row: row[2]
    )
    assert 0 <= found[-1][-1] < 5
    abandoned = connection.execute(EXAMPLES["What runs now 2"]).fetchall()
    open_runs = sum(run.is_in_flight for run in invocations(connection))
    assert sum(count for _, count, _ in abandoned) + len(found) == open_runs


def test_sessions_of_yesterday(connection: sqlite3.Connection) -> None:
    query = EXAMPLES["Sessions of yesterday 1"]
    yesterday = threshold(connection, query)
    sessions = grouped(invocations(connection), lambda run: run.session)
    right = [
        (
            *(session, min(run.start for run in runs), len(runs), len({run.agent for run in runs})),
            pytest.approx(success_rate(runs), abs=6e-5),
            sum(durations(runs)) / 1000,
        )
        for session, runs in sessions.items()
        if min(run.start for run in runs)[:10] == yesterday
    ]
    found = [(*row[:5], row[6]) for row in connection.execute(query)]
    assert found == sorted(right, key=lambda row: str(row[1]))


def test_tools_that_fail(connection: sqlite3.Connection) -> None:
    uses = grouped(tool_uses(connection), lambda use: (use.agent, use.name))
    right = {key: sum(use.failed for use in some) for key, some in uses.items()}
    found = connection.execute(EXAMPLES["Tools that fail 1"]).fetchall()
    assert {row[:2]: row[3] for row in found} == {key: n for key, n in right.items() if n}
    for agent, tool, *_, p95 in found:
        assert is_close(p95, nearest_rank(durations(uses[agent, tool]), 95))


def test_percentiles(connection: sqlite3.Connection, parameters: dict[str, object]) -> None:
    runs = by_agent(connection)
    for agent, p75 in connection.execute(EXAMPLES["Percentiles 1"]):
        exact = nearest_rank(durations(runs[agent]), 75)
        assert p75 == pytest.approx((exact or 0) / 1000, rel=0.021)
    for agent, longer in connection.execute(EXAMPLES["Percentiles 2"]):
        assert longer == sum(duration > 600_000 for duration in durations(runs[agent]))
    first, last = str(parameters["first_day"]), str(parameters["last_day"])
    known = durations(run for run in runs["architect"] if first <= run.start[:10] <= last)
    count, p50, p95 = connection.execute(EXAMPLES["Percentiles 3"], parameters).fetchone()
    assert count == len(known)
    assert p50 == pytest.approx((nearest_rank(known, 50) or 0) / 1000, rel=0.021)
    assert p95 == pytest.approx((nearest_rank(known, 95) or 0) / 1000, rel=0.021)
