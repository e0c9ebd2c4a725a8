"""The reader, against tables built by hand and recomputations in plain Python."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from aggregates import reader
from aggregates.reader import Moment

LAST_BOUND = 9223372036854775807
PERCENTILES = (50, 90, 95, 99)
NOW = datetime(2026, 10, 1, 12, 30, tzinfo=UTC)

TABLES = """
CREATE TABLE agent_stats (event_type TEXT, agent_name TEXT, phase TEXT, model TEXT, status TEXT,
    invocations INTEGER, duration_count INTEGER, duration_ms_sum INTEGER, tokens_sum INTEGER,
    tool_calls_sum INTEGER,
    PRIMARY KEY (event_type, agent_name, phase, model, status));
CREATE TABLE agent_hourly (hour TEXT, event_type TEXT, agent_name TEXT, phase TEXT, model TEXT,
    status TEXT, invocations INTEGER, duration_count INTEGER, duration_ms_sum INTEGER,
    tokens_sum INTEGER, tool_calls_sum INTEGER,
    PRIMARY KEY (hour, event_type, agent_name, phase, model, status));
CREATE TABLE agent_durations_daily (day TEXT, event_type TEXT, agent_name TEXT, le_ms INTEGER,
    runs INTEGER, duration_ms_sum INTEGER, PRIMARY KEY (day, event_type, agent_name, le_ms));
CREATE TABLE agent_durations (event_type TEXT, agent_name TEXT, phase TEXT, model TEXT,
    le_ms INTEGER, runs INTEGER, duration_ms_sum INTEGER,
    PRIMARY KEY (agent_name, le_ms, event_type, phase, model));
CREATE TABLE agent_activity (agent_name TEXT PRIMARY KEY, invocations INTEGER, succeeded INTEGER,
    failed INTEGER, in_flight INTEGER, sessions INTEGER, first_start TEXT, last_start TEXT,
    updated_at TEXT);
CREATE TABLE open_runs (invocation_id INTEGER PRIMARY KEY, session_id TEXT, agent_name TEXT,
    phase TEXT, start_time TEXT);
CREATE INDEX open_runs_by_start ON open_runs (start_time);
CREATE TABLE aggregate_totals (name TEXT PRIMARY KEY, value INTEGER);
CREATE TABLE duration_bounds (le_ms INTEGER PRIMARY KEY);
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, start_time, end_time, status);
CREATE TABLE agent_invocations (id INTEGER PRIMARY KEY, timestamp, session_id, event_type, phase,
    agent_name, model, start_time, end_time, duration_seconds, status, raw_output, updated_at);
CREATE TABLE _aggregates_session_derived (session_id, first_agent, max_parallel, busy_ms,
    as_of_seq);
CREATE TABLE session_stats (session_id TEXT PRIMARY KEY, first_agent, invocations, succeeded,
    failed, in_flight, agents, phases, duration_count, duration_ms_sum, first_start, last_end,
    changed_seq);
CREATE TABLE sessions_summary (status TEXT PRIMARY KEY, sessions, duration_count, duration_ms_sum);
CREATE TABLE _aggregates_sessions_by_start (start_time TEXT, session_id TEXT, sessions);
CREATE TABLE _aggregates_open_sessions (start_time TEXT, session_id TEXT, sessions);
CREATE TABLE _aggregates_session_starts (session_id TEXT, start_time TEXT, invocation_id INTEGER);
CREATE TABLE _aggregates_session_tool_uses (session_id TEXT, start_time TEXT, tool_use_id INTEGER);
CREATE TABLE tool_stats (agent_name TEXT, tool_name TEXT, status TEXT, uses INTEGER,
    duration_count INTEGER, duration_ms_sum INTEGER);
CREATE TABLE tool_durations (agent_name TEXT, tool_name TEXT, le_ms INTEGER, uses INTEGER,
    duration_ms_sum INTEGER)
"""


def make_bounds() -> list[int]:
    """Geometric bounds of ratio 1.04 from 10 ms to 24 h, the Prometheus ones, and the end."""
    bounds = {100, 500, 1000, 5000, 10_000, 30_000, 60_000, 7_200_000, 86_400_000, LAST_BOUND}
    bound = 10
    while bound < 86_400_000:
        bounds.add(bound)
        bound = max(bound + 1, int(bound * 1.04))
    return sorted(bounds)


BOUNDS = make_bounds()


def estimates(durations: list[int]) -> tuple[float | None, ...]:
    """p50, p90, p95 and p99 by way of the histogram of some integer milliseconds."""
    by_bound = Counter(BOUNDS[bisect_left(BOUNDS, duration)] for duration in durations)
    end_sums = {
        BOUNDS[0]: sum(duration for duration in durations if duration <= BOUNDS[0]),
        BOUNDS[-1]: sum(duration for duration in durations if duration > BOUNDS[-2]),
    }
    le_ms = sorted(by_bound)
    found = reader.percentiles(le_ms, [by_bound[bound] for bound in le_ms], BOUNDS, end_sums)
    return found.p50_ms, found.p90_ms, found.p95_ms, found.p99_ms


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        for statement in TABLES.split(";"):
            connection.exec_driver_sql(statement)
        insert(connection, "duration_bounds", [(bound,) for bound in BOUNDS])
        yield connection
    engine.dispose()


def insert(connection: Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)


@pytest.mark.parametrize("seed", range(30))
def test_percentiles_are_within_two_percent_of_the_nearest_rank(seed: int) -> None:
    chooser = random.Random(seed)
    top = chooser.choice([20, 300, 5_000, 1_000_000, 86_400_000])
    durations = [
        int(10 * (top / 10) ** chooser.random()) for _ in range(chooser.choice([1, 2, 7, 100, 999]))
    ]
    ordered = sorted(durations)
    for p, estimate in zip(PERCENTILES, estimates(durations), strict=True):
        exact = ordered[-(-len(ordered) * p // 100) - 1]
        assert estimate == pytest.approx(exact, rel=0.02 if exact > 10 else 0.1)


def test_a_percentile_is_exact_where_the_bucket_holds_one_integer() -> None:
    assert estimates([11]) == (11, 11, 11, 11)


def test_the_first_and_the_last_bucket_give_their_mean() -> None:
    assert estimates([0, 3]) == (1.5, 1.5, 1.5, 1.5)
    assert estimates([100_000_000, 300_000_000]) == (2e8, 2e8, 2e8, 2e8)


@pytest.mark.parametrize("name", ["'alpha'", "CAST(x'61ff' AS TEXT)", "'a\\b'"])
@pytest.mark.parametrize("others", [0, 150])
def test_the_ends_are_those_of_the_agent(connection: Connection, name: str, others: int) -> None:
    for agent in (name, *(f"'other{number}'" for number in range(others))):
        connection.exec_driver_sql(
            f"INSERT INTO agent_activity VALUES ({agent}, 4, 4, 0, 0, 1, NULL, NULL, 'u')"
        )
        for le_ms, total in ((BOUNDS[0], 3), (LAST_BOUND, 200_000_000)):
            connection.exec_driver_sql(
                "INSERT INTO agent_durations VALUES"
                f" ('pre_invocation', {agent}, '', '', {le_ms}, 2, {total})"
            )
    found = reader.agents(connection, Moment(NOW))
    assert len(found) == 1 + others
    assert {(one.p50_ms, one.p99_ms) for one in found} == {(1.5, 1e8)}


def test_the_rank_is_the_nearest_one() -> None:
    """Of 100 runs the 99th, and not the 100th, is p99; of 101 it is the 100th."""
    assert estimates([11] * 99 + [12]) == (11, 11, 11, 11)
    assert estimates([11] * 99 + [12] * 2) == (11, 11, 11, 12)


def test_no_duration_gives_no_percentile() -> None:
    assert reader.percentiles([], [], BOUNDS, {}) == reader.Percentiles()


def test_all_time_statistics(connection: Connection) -> None:
    insert(
        connection,
        "agent_activity",
        [
            ("alpha", 6, 3, 1, 2, 2, "2026-09-01T00:00:00.000", "2026-10-01T12:00:00.000", "u"),
            ("beta", 1, 0, 0, 0, 1, None, None, "u"),
            ("gone", 0, 0, 0, 0, 0, None, None, "u"),
        ],
    )
    insert(
        connection,
        "agent_stats",
        [
            ("pre_invocation", "alpha", "x", "", "completed", 3, 3, 33, 70, 7),
            ("", "alpha", "y", "m", "failed", 1, 1, 11, 5, 0),
            ("tool_tracking_start", "alpha", "", "", "started", 9, 9, 9, 9, 9),
        ],
    )
    insert(
        connection,
        "agent_durations",
        [
            ("pre_invocation", "alpha", "x", "", 11, 3, 33),
            ("", "alpha", "y", "m", 11, 1, 11),
            ("tool_tracking_start", "alpha", "", "", 99, 9, 891),
        ],
    )
    insert(
        connection,
        "open_runs",
        [
            (1, "s", "alpha", "x", "2026-10-01T12:00:00.000"),
            (2, "s", "alpha", "x", "2026-09-01T00:00:00.000"),
        ],
    )

    alpha, beta = reader.agents(connection, Moment(NOW, UTC))

    assert (alpha.ended, alpha.success_rate) == (4, 0.75)
    assert (alpha.in_flight, alpha.running, alpha.abandoned) == (2, 1, 1)
    assert (alpha.duration_count, alpha.mean_duration_ms, alpha.p99_ms) == (4, 11, 11)
    assert (alpha.tokens, alpha.tool_calls, alpha.sessions) == (75, 7, 2)
    assert (beta.success_rate, beta.mean_duration_ms, beta.p50_ms) == (None, None, None)


def test_a_window_counts_its_hours_and_takes_percentiles_of_its_days(
    connection: Connection,
) -> None:
    def hour(at: str, event_type: str, agent_name: str, status: str) -> tuple[object, ...]:
        return (at, event_type, agent_name, "", "", status, 1, 1, 100, 10, 2)

    insert(
        connection,
        "agent_hourly",
        [
            hour("", "", "alpha", "completed"),
            hour("2026-10-01T08:00:00", "", "alpha", "completed"),
            hour("2026-10-01T09:00:00", "", "alpha", "completed"),
            hour("2026-10-01T10:00:00", "pre_invocation", "alpha", "error"),
            hour("2026-10-01T10:00:00", "tool_tracking_start", "alpha", "started"),
            hour("2026-10-01T10:00:00", "", "unknown", "completed"),
            hour("2026-10-01T10:00:00", "", "", "completed"),
        ],
    )
    insert(
        connection,
        "agent_durations_daily",
        [
            ("2026-09-30", "", "alpha", 99, 1000, 99_000),
            ("2026-10-01", "", "alpha", 11, 1, 11),
            ("2026-10-01", "pre_invocation", "alpha", 11, 1, 11),
            ("2026-10-01", "tool_tracking_start", "alpha", 99, 1000, 99_000),
        ],
    )
    insert(
        connection,
        "agent_activity",
        [("alpha", 9, 9, 0, 3, 4, "2026-09-01T00:00:00.000", "2026-10-01T10:01:00.000", "u")],
    )
    insert(
        connection,
        "open_runs",
        [
            (1, "s", "alpha", "", "2026-10-01T09:00:00.000"),
            (2, "s", "alpha", "", "2026-10-01T11:59:00.000"),
            (3, "s", "alpha", "", "2026-10-01T08:59:59.999"),
        ],
    )

    (alpha,) = reader.agents(
        connection,
        Moment(NOW, UTC, abandon_after=timedelta(hours=1)),
        datetime(2026, 10, 1, 9, 59),
    )

    assert (alpha.invocations, alpha.succeeded, alpha.failed) == (2, 1, 1)
    assert (alpha.tokens, alpha.tool_calls, alpha.p50_ms, alpha.p99_ms) == (20, 4, 11, 11)
    assert (alpha.in_flight, alpha.running, alpha.abandoned) == (2, 1, 1)
    assert (alpha.sessions, alpha.first_start) == (None, None)
    assert alpha.last_start == "2026-10-01T10:01:00.000"


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-10-01T09:59:00", "2026-10-01T10:00:00", [9]),
        ("2026-10-01T09:00:00", "2026-10-01T10:00:01", [9, 10]),
        ("2026-10-01T07:59:00+00:00", "2026-10-01T10:00:00+00:00", [9, 10, 11]),
        ("2026-10-01T10:00:00", "2026-10-01T09:00:00", []),
    ],
)
def test_hours_are_whole_and_in_the_source_zone(
    connection: Connection, since: str, until: str, hours: list[int]
) -> None:
    insert(
        connection,
        "agent_hourly",
        [
            (f"2026-10-01T{hour:02}:00:00", "", "alpha", "", "", "completed", hour, 1, 1, 1, 1)
            for hour in (8, 9, 11, 12)
        ],
    )
    points = reader.hourly(
        connection,
        datetime.fromisoformat(since),
        datetime.fromisoformat(until),
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert [point.hour for point in points] == [f"2026-10-01T{hour:02}:00:00" for hour in hours]
    assert [point.invocations for point in points] == [0 if hour == 10 else hour for hour in hours]


@pytest.mark.parametrize(
    ("zone", "since", "hours"),
    [
        # 02:00 became 03:00: that day had 23 hours.
        ("Europe/Berlin", "2026-03-28T23:30:00+00:00", "00 01 03 04"),
        # 03:00 became 02:00: the tables cannot tell the one 02:30 from the other.
        ("Europe/Berlin", "2026-10-24T22:30:00+00:00", "00 01 02:120 03"),
        ("America/New_York", "2026-11-01T04:30:00+00:00", "00 01:120 02 03"),
        # Half an hour, in the night of another day than that of UTC.
        ("Australia/Lord_Howe", "2026-04-04T13:30:00+00:00", "00 01:90 02 03 04"),
        ("Australia/Lord_Howe", "2026-10-03T14:00:00+00:00", "00 01 02:30 03 04"),
        ("Asia/Kathmandu", "2026-10-24T18:30:00+00:00", "00 01 02 03 04"),
        ("UTC", "2026-03-29T00:30:00+00:00", "00 01 02 03 04"),
    ],
)
def test_hours_around_a_change_of_clocks(
    connection: Connection, zone: str, since: str, hours: str
) -> None:
    begin = datetime.fromisoformat(since)
    points = reader.hourly(
        connection, begin, begin + timedelta(hours=4, minutes=1), zone=ZoneInfo(zone)
    )
    shown = [
        point.hour[11:13] + ("" if point.minutes == 60 else f":{point.minutes}") for point in points
    ]
    assert shown[: len(hours.split())] == hours.split()


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_clocks_change_has_all_its_time(
    connection: Connection, day: str, hours: int
) -> None:
    begin = datetime.fromisoformat(day)
    points = reader.hourly(
        connection, begin, begin + timedelta(days=1), zone=ZoneInfo("Europe/Berlin")
    )
    assert sum(point.minutes for point in points) == hours * 60
    assert len({point.hour for point in points}) == len(points)


def test_a_run_at_an_hour_that_clocks_left_out_is_shown(connection: Connection) -> None:
    insert(
        connection,
        "agent_hourly",
        [("2026-03-29T02:00:00", "", "alpha", "", "", "completed", 1, 0, 0, 0, 0)],
    )
    begin = datetime(2026, 3, 29)
    points = reader.hourly(
        connection, begin, begin + timedelta(hours=4), zone=ZoneInfo("Europe/Berlin")
    )
    assert [(one.hour[11:13], one.invocations, one.minutes) for one in points] == [
        ("00", 0, 60),
        ("01", 0, 60),
        ("02", 1, 0),
        ("03", 0, 60),
    ]


def test_hours_at_the_ends_of_the_calendar(connection: Connection) -> None:
    for begin, end in (
        (datetime.min, datetime.min + timedelta(hours=2)),
        (datetime.max - timedelta(hours=2), datetime.max),
    ):
        for zone in (UTC, ZoneInfo("America/New_York"), None):
            assert len(reader.hourly(connection, begin, end, zone=zone)) in (2, 3)


def test_running_runs_are_younger_than_the_timeout(connection: Connection) -> None:
    insert(
        connection,
        "open_runs",
        [
            (3, "s", "alpha", "", "2026-10-01T12:30:00.000"),
            (1, "s", "alpha", "", "2026-10-01T08:30:00.000"),
            (2, "s", "alpha", "", "2026-10-01T08:30:00.001"),
        ],
    )
    # 12:30 in UTC is 14:30 on the wall clock of Berlin.
    runs = reader.running(connection, Moment(NOW, ZoneInfo("Europe/Berlin")))
    assert [run.invocation_id for run in runs] == [2, 3]
    assert runs[1].age_ms == 2 * 3600 * 1000


def test_a_change_of_clocks_does_not_move_the_timeout(connection: Connection) -> None:
    """03:00 became 02:00 on 2026-10-25: 01:30 on the wall was 5.5 h before 06:00."""
    insert(connection, "open_runs", [(1, "s", "alpha", "", "2026-10-25T01:30:00.000")])
    now = datetime(2026, 10, 25, 5, 0, tzinfo=UTC)
    (run,) = reader.running(connection, Moment(now, ZoneInfo("Europe/Berlin")))
    assert run.age_ms == 5.5 * 3600 * 1000


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_ages_across_changes_of_clocks(connection: Connection, zone: str) -> None:
    """Every 7 minutes of days on which clocks change, by half an hour on Lord Howe Island."""
    days = (
        datetime(2026, 3, 29),
        datetime(2026, 10, 25),
        datetime(2026, 4, 5),
        datetime(2026, 10, 4),
    )
    starts = [
        (day + timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        for day in days
        for minutes in range(0, 24 * 60, 7)
    ]
    insert(connection, "open_runs", [(at, "s", "a", "", one) for at, one in enumerate(starts)])
    now = datetime(2026, 10, 30, 12, 0, 0, 999, tzinfo=UTC)
    here = now.astimezone(ZoneInfo(zone))
    runs = reader.running(
        connection, Moment(here, ZoneInfo(zone), abandon_after=timedelta(days=400))
    )
    assert {run.start_time: run.age_ms for run in runs} == {
        start: (now - datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)))
        // timedelta(milliseconds=1)
        for start in starts
    }


def test_a_start_at_the_end_of_time_is_read(connection: Connection) -> None:
    insert(connection, "open_runs", [(1, "s", "alpha", "", "9999-12-31T23:59:59.999")])
    for zone in (UTC, ZoneInfo("America/New_York"), None):
        (run,) = reader.running(connection, Moment(NOW, zone))
        assert run.age_ms < 0


def test_a_collection_of_an_empty_database(connection: Connection) -> None:
    collection = reader.collect(connection, Moment(NOW, UTC))
    assert collection.at == "2026-10-01T12:30:00.000Z"
    assert (collection.totals, collection.agents, collection.running) == ({}, (), ())
    assert (collection.sessions, collection.tools, collection.agent_tools) == ((), (), ())
    assert collection.session_totals.agents_per_session is None
    assert [point.hour for point in collection.hours][::23] == [
        "2026-09-30T13:00:00",
        "2026-10-01T12:00:00",
    ]


def test_a_collection_counts_what_runs_once(connection: Connection) -> None:
    insert(connection, "aggregate_totals", [("invocations", 5), ("agents", 1)])
    insert(connection, "agent_activity", [("alpha", 2, 0, 0, 2, 1, None, None, "u")])
    insert(
        connection,
        "open_runs",
        [
            (1, "s", "alpha", "", "2026-10-01T12:00:00.000"),
            (2, "s", "alpha", "", "2026-09-01T12:00:00.000"),
        ],
    )
    collection = reader.collect(connection, Moment(NOW, UTC))
    assert collection.totals == {"agents": 1, "invocations": 5}
    assert [run.invocation_id for run in collection.running] == [1]
    assert [(agent.running, agent.abandoned) for agent in collection.agents] == [(1, 1)]
