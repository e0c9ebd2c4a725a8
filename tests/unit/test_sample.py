"""The sample is a database that hooks could have written, of the size that was asked for."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hooks import HOOK_TABLES as HOOKS_SQL

from aggregates.errors import AggregatesError
from aggregates.samples import days_of, write_sample

UNTIL = datetime(2026, 11, 10, 15, 30)
ROWS = 9_600


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "agent_workflow.db"
    write_sample(path, ROWS, until=UNTIL)
    return path


@pytest.fixture
def connection(sample: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(sample)) as opened:
        yield opened


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as opened:
        return list(opened.iterdump())


def count(connection: sqlite3.Connection, table: str, where: str = "1") -> int:
    found: int = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
    return found


@pytest.mark.parametrize("rows", [0, 1, 7, 99, 100, 961, 3_000])
def test_exactly_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    told: list[tuple[int, int]] = []
    path = tmp_path / "agent_workflow.db"
    write_sample(path, rows, progress=lambda done, total: told.append((done, total)))
    with closing(sqlite3.connect(path)) as connection:
        assert count(connection, "agent_invocations") == rows
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert told == sorted(told)
    assert told[-1] == (rows, rows)


def test_the_schema_is_that_of_the_hooks(connection: sqlite3.Connection) -> None:
    def shape(opened: sqlite3.Connection) -> set[tuple[str, str]]:
        found = opened.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {(name, " ".join(sql.split())) for name, sql in found}

    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(HOOKS_SQL)
        assert shape(connection) == shape(fresh)


@pytest.mark.parametrize(
    ("table", "where", "of_960"),
    [
        ("agent_invocations", "event_type = 'pre_invocation'", 384),
        ("agent_invocations", "event_type = 'subagent_stop'", 358),
        ("agent_invocations", "event_type = 'tool_tracking_start'", 218),
        ("agent_invocations", "event_type = 'pre_invocation' AND status = 'started'", 26),
        ("agent_invocations", "status = 'failed'", 8),
        ("sessions", "1", 60),
        ("agent_tool_uses", "1", 215),
    ],
)
def test_proportions(connection: sqlite3.Connection, table: str, where: str, of_960: int) -> None:
    expected = of_960 * ROWS / 960
    assert count(connection, table, where) == pytest.approx(expected, rel=0.05, abs=6)


@pytest.mark.parametrize(
    "impossible",
    [
        "event_type = 'subagent_stop' AND (coalesce(agent_name, phase, start_time, end_time)"
        " IS NOT NULL OR status <> 'completed')",
        "event_type = 'tool_tracking_start' AND (coalesce(phase, end_time, model) IS NOT NULL"
        " OR agent_name IS NULL OR start_time IS NULL OR status <> 'started')",
        "event_type = 'pre_invocation' AND (phase IS NULL OR agent_name IS NULL)",
        "event_type = 'pre_invocation' AND (status = 'started') <> (model IS NULL)",
        "event_type = 'pre_invocation' AND (status = 'started') <> (end_time IS NULL)",
        "model <> 'standard' OR end_time < start_time OR end_time > '2026-11-10T15:30:00.000000'",
        "timestamp NOT GLOB '20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:*.??????'",
    ],
)
def test_no_row_that_hooks_would_not_write(connection: sqlite3.Connection, impossible: str) -> None:
    assert count(connection, "agent_invocations", impossible) == 0


def test_uses_of_tools_belong_to_a_duplicate_of_their_run(connection: sqlite3.Connection) -> None:
    strays = connection.execute(
        "SELECT u.id FROM agent_tool_uses u LEFT JOIN agent_invocations i"
        " ON i.id = u.agent_invocation_id AND i.session_id = u.session_id"
        " AND i.agent_name = u.agent_name AND i.event_type = 'tool_tracking_start'"
        " AND i.start_time <= u.start_time WHERE i.id IS NULL"
    ).fetchall()
    assert strays == []


def test_fifteen_agents_unevenly(connection: sqlite3.Connection) -> None:
    runs = [
        runs
        for (runs,) in connection.execute(
            "SELECT count(*) FROM agent_invocations WHERE phase IS NOT NULL"
            " GROUP BY agent_name ORDER BY 1"
        )
    ]
    assert len(runs) == 15
    assert runs[-1] > 8 * runs[0]
    assert count(connection, "(SELECT DISTINCT phase FROM agent_invocations)", "phase > ''") == 6


@pytest.mark.parametrize("table", ["agent_invocations", "agent_tool_uses"])
def test_rows_are_in_order_of_time_and_at_most_so_many_days_old(
    connection: sqlite3.Connection, table: str
) -> None:
    times = [time for (time,) in connection.execute(f"SELECT timestamp FROM {table} ORDER BY id")]
    assert times == sorted(times)
    days = days_of(ROWS)
    assert datetime.fromisoformat(times[0]) >= UNTIL - timedelta(days=days)
    assert datetime.fromisoformat(times[0]) < UNTIL - timedelta(days=days - 1)
    assert datetime.fromisoformat(times[-1]) <= UNTIL


@pytest.mark.parametrize(
    ("rows", "days"), [(0, 7), (10_000, 10), (1_000_000, 1000), (10_000_000, 3650)]
)
def test_a_longer_history_is_one_of_more_days(rows: int, days: int) -> None:
    assert days_of(rows) == days


@pytest.mark.parametrize(("rows", "days"), [(960, 40), (ROWS, 40), (5_000, 1)])
def test_a_few_runs_are_in_flight_and_most_that_never_ended_are_old(
    tmp_path: Path, rows: int, days: int
) -> None:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, rows, days=days, until=UNTIL)
    run = "event_type = 'pre_invocation' AND status = 'started'"
    with closing(sqlite3.connect(path)) as connection:
        recent = count(
            connection, "agent_invocations", f"{run} AND start_time > '2026-11-10T14:30'"
        )
        old = count(connection, "agent_invocations", run) - recent
    assert 4 <= recent < old


@pytest.mark.parametrize("row_bytes", [600, 1400, 4000, 60_000])
def test_rows_average_the_size_asked_for(tmp_path: Path, row_bytes: int) -> None:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 960, row_bytes=row_bytes, until=UNTIL)
    with closing(sqlite3.connect(path)) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(agent_invocations)")]
        size = " + ".join(f"coalesce(length({name}), 0)" for name in names)
        average = connection.execute(f"SELECT avg({size}) FROM agent_invocations").fetchone()[0]
    assert average == pytest.approx(row_bytes, rel=0.15)


def test_json_is_valid(connection: sqlite3.Connection) -> None:
    outputs = set()
    for prompt, given, output, seconds in connection.execute(
        "SELECT prompt, raw_input, raw_output, duration_seconds FROM agent_invocations"
        " WHERE raw_output IS NOT NULL"
    ):
        assert json.loads(given)["prompt"] == prompt
        answer = json.loads(output)
        assert answer["totalDurationMs"] == pytest.approx(seconds * 1000)
        assert answer["totalTokens"] >= answer["usage"]["output_tokens"] >= 0
        assert answer["totalToolUseCount"] >= 0
        outputs.add(output)
    assert len(outputs) > 0.36 * ROWS
    for session_id, metadata in connection.execute("SELECT session_id, metadata FROM sessions"):
        assert json.loads(metadata)["session_id"] == session_id


def test_the_same_seed_writes_the_same_content(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "same.db", ROWS, until=UNTIL)
    write_sample(tmp_path / "other.db", ROWS, until=UNTIL, seed=2)
    assert content(tmp_path / "same.db") == content(sample)
    assert content(tmp_path / "other.db") != content(sample)


def test_leaves_one_file_in_rollback_mode(tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    write_sample(path, 500)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize("taken", ["agent_workflow.db", "agent_workflow.db-journal"])
def test_refuses_to_touch_what_exists(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(AggregatesError, match=f"{taken} exists already"):
        write_sample(tmp_path / "agent_workflow.db", 10)
    assert [entry.name for entry in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "agent_workflow.db", 5_000, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
