"""Sessions as the reader shows them: states, ids, and who ran beside whom."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeDatabase, connect

from aggregates import Store
from aggregates.engines import driver
from aggregates.errors import AmbiguousSession, NoSuchSession
from aggregates.model.catalogue import catalogue
from aggregates.reader.sessions import _NEWEST, short_ids
from aggregates.reader.timelines import beside
from aggregates.sessions import Deriver

NOW = datetime(2026, 10, 1, 12, 0)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as path:
        yield path


@contextmanager
def opened(path: Path) -> Iterator[tuple[sqlite3.Connection, Store]]:
    """A writer and a reader of one database."""
    with closing(connect(path)) as writer, Store(path, source_timezone="UTC") as store:
        yield writer, store


def text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def add_session(
    writer: sqlite3.Connection,
    session_id: str | None,
    start: datetime | str | None,
    end: datetime | None = None,
    status: str | None = None,
) -> None:
    writer.execute(
        "INSERT INTO sessions (session_id, start_time, end_time, status) VALUES (?, ?, ?, ?)",
        (
            session_id,
            start if isinstance(start, str) else text(start),
            text(end),
            status or ("active" if end is None else "completed"),
        ),
    )


def test_the_row_of_a_session_whose_id_is_an_integer(migrated_database: MakeDatabase) -> None:
    """As a column without a type keeps it; one of the other type is another session's row."""
    with migrated_database("untyped") as path, opened(path) as (writer, store):
        for session_id, start in ((5, NOW), ("6", NOW + MINUTE), ("07", NOW + 2 * MINUTE)):
            writer.execute(
                "INSERT INTO sessions (session_id, start_time, status) VALUES (?, ?, 'active')",
                (session_id, text(start)),
            )
        writer.execute("INSERT INTO sessions (session_id, status) VALUES (7, 'completed')")
        for session_id in (5, "6", "07"):
            writer.execute(
                "INSERT INTO agent_invocations (session_id, agent_name) VALUES (?, 'a')",
                (session_id,),
            )
        found = store.sessions(now=NOW + 3 * MINUTE)
        assert [(one.session_id, one.state, one.start_time, one.invocations) for one in found] == [
            ("07", "active", text(NOW + 2 * MINUTE), 1),
            ("6", "active", text(NOW + MINUTE), 1),
            ("5", "active", text(NOW), 1),
        ]
        assert store.session("5", now=NOW + 3 * MINUTE).session == found[-1]


def add_run(
    writer: sqlite3.Connection,
    session_id: str | None,
    start: datetime | None,
    end: datetime | None = None,
    *,
    agent: str = "alpha",
    phase: str | None = "plan",
    status: str | None = None,
) -> None:
    writer.execute(
        "INSERT INTO agent_invocations (session_id, event_type, agent_name, phase, start_time,"
        " end_time, status) VALUES (?, 'pre_invocation', ?, ?, ?, ?, ?)",
        (
            session_id,
            agent,
            phase,
            text(start),
            text(end),
            status or ("started" if end is None else "completed"),
        ),
    )


def add_tool_use(writer: sqlite3.Connection, session_id: str, start: datetime) -> None:
    writer.execute(
        "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time, end_time,"
        " status) VALUES (?, 'alpha', 'Read', ?, ?, 'completed')",
        (session_id, text(start), text(start + timedelta(seconds=1))),
    )


# Listings


def test_the_latest_sessions_come_first(path: Path) -> None:
    with opened(path) as (writer, store):
        for number in range(5):
            add_session(writer, f"s{number}", NOW - number * DAY, NOW - number * DAY + MINUTE)
        add_session(writer, "same", NOW, NOW)
        add_session(writer, "unparseable", "yesterday")
        add_session(writer, None, NOW)
        found = store.sessions(3, now=NOW)
        assert [one.session_id for one in found] == ["s0", "same", "s1"]
        since = store.sessions(since=NOW - 3 * DAY, now=NOW)
        assert [one.session_id for one in since] == ["s0", "same", "s1", "s2", "s3"]


def test_a_session_is_its_row_and_its_runs(path: Path) -> None:
    start = NOW - 2 * DAY
    with opened(path) as (writer, store):
        add_session(writer, "one", start, start + 10 * MINUTE)
        add_run(writer, "one", start + MINUTE, start + 3 * MINUTE, phase="plan")
        add_run(writer, "one", start + MINUTE, start + 2 * MINUTE, agent="beta", status="failed")
        add_run(writer, "one", start + 12 * MINUTE, phase=None)
        (one,) = store.sessions(now=NOW)
    assert (one.state, one.status, one.short_id) == ("ended", "completed", "one")
    assert (one.start_time, one.end_time) == (text(start), text(start + 10 * MINUTE))
    assert one.elapsed_ms == 600_000
    assert (one.invocations, one.succeeded, one.failed, one.ended, one.in_flight) == (3, 1, 1, 2, 1)
    assert one.success_rate == 0.5
    assert (one.agents, one.phases) == (2, 1)
    assert (one.duration_count, one.duration_ms_sum) == (2, 180_000)
    assert (one.first_start, one.last_end) == (text(start + MINUTE), text(start + 3 * MINUTE))
    assert one.last_event == text(start + 12 * MINUTE)


def test_a_session_without_a_row_is_listed_by_its_first_run(path: Path) -> None:
    hour = 60 * MINUTE
    with opened(path) as (writer, store):
        add_session(writer, "old", NOW - 9 * hour, NOW - 8 * hour)
        add_session(writer, "new", NOW - 5 * hour, NOW - 4 * hour)
        add_run(writer, "new", NOW - 5 * hour, NOW - 4 * hour)
        add_run(writer, "bare", NOW - 7 * hour, NOW - 2 * hour, agent="beta")
        add_run(writer, "bare", NOW - 6 * hour, NOW - 5 * hour)
        add_run(writer, "later", NOW - hour)
        add_run(writer, "odd", None)
        for no_session in (None, "", "nul\0byte"):
            add_run(writer, no_session, NOW)
        writer.execute(
            "INSERT INTO agent_invocations (session_id, event_type, agent_name, start_time)"
            " VALUES ('marker', 'subagent_stop', 'alpha', ?)",
            (text(NOW),),
        )

        def listed(limit: int = 50, **options: Any) -> list[str]:
            return [one.session_id for one in store.sessions(limit, now=NOW, **options)]

        assert listed() == ["later", "new", "bare", "old", "odd"]
        assert listed(3) == ["later", "new", "bare"]
        assert listed(since=NOW - 5 * hour) == ["later", "new"]
        assert listed(1, agent="beta") == ["bare"]
        assert listed(state="active") == listed(state="abandoned") == []
        latest = store.collect(NOW).sessions
        assert [one.session_id for one in latest] == listed()
        timelines = store.overview(NOW).timelines
        assert [one.session.session_id for one in timelines] == listed()
        (bare,) = store.sessions(agent="beta", now=NOW)
        assert (bare.state, bare.start_time, bare.began) == ("unknown", None, text(NOW - 7 * hour))
        assert (bare.invocations, bare.success_rate, bare.elapsed_ms) == (2, 1, None)
        add_session(writer, "bare", NOW)
        assert listed() == ["bare", "later", "new", "old", "odd"]


def test_a_session_without_a_row_is_listed_as_long_as_its_runs_are_new(path: Path) -> None:
    with opened(path) as (writer, store):
        add_run(writer, "bare", NOW - DAY)
        for number in range(_NEWEST - 1):
            add_run(writer, f"s{number % 2}", NOW - number * MILLISECOND)
        listed = [one.session_id for one in store.sessions(now=NOW)]
        assert sorted(listed) == ["bare", "s0", "s1"]
        add_run(writer, "s0", NOW)
        assert sorted(one.session_id for one in store.sessions(now=NOW)) == ["s0", "s1"]
        assert store.session("bare").session.invocations == 1


def test_as_many_sessions_as_newest_rows(path: Path) -> None:
    with opened(path) as (writer, store):
        for number in range(_NEWEST + 1):
            add_run(writer, f"s{number}", NOW + number * MINUTE)
        found = store.sessions(2 * _NEWEST, agent="alpha", since=NOW, now=NOW)
        assert [one.session_id for one in found] == [f"s{n}" for n in range(_NEWEST, 0, -1)]


def test_a_session_without_runs(path: Path) -> None:
    with opened(path) as (writer, store):
        add_session(writer, "one", NOW - DAY, NOW - DAY - MINUTE)
        (one,) = store.sessions(now=NOW)
    assert (one.invocations, one.success_rate, one.first_start) == (0, None, None)
    assert one.elapsed_ms is None, "it ended before it started"


@pytest.mark.parametrize(
    ("age", "event_age", "state"),
    [
        (DAY - MILLISECOND, 30 * MINUTE - MILLISECOND, "active"),
        (DAY, MINUTE, "abandoned"),
        (DAY - MILLISECOND, 30 * MINUTE, "abandoned"),
        (-MINUTE, -MINUTE, "active"),
    ],
)
@pytest.mark.parametrize("event", ["start of a run", "end of a run", "tool use", "own start"])
def test_an_open_session_is_active_while_something_happens_in_it(
    path: Path, age: timedelta, event_age: timedelta, state: str, event: str
) -> None:
    with opened(path) as (writer, store):
        start = NOW - (event_age if event == "own start" and age < DAY else age)
        add_session(writer, "one", start)
        if event == "start of a run":
            add_run(writer, "one", NOW - event_age)
        elif event == "end of a run":
            add_run(writer, "one", start, NOW - event_age)
        elif event == "tool use":
            add_tool_use(writer, "one", NOW - event_age)
        (one,) = store.sessions(now=NOW)
        assert one.state == state
        by_state = {
            "active": store.sessions(state="active", now=NOW),
            "abandoned": store.sessions(state="abandoned", now=NOW),
        }
        assert by_state.pop(state) == [one]
        assert list(by_state.values()) == [[]]
        assert store.collect(NOW).session_totals.active == (state == "active")


def test_an_active_session_lasts_until_now_and_an_abandoned_one_until_its_latest_event(
    path: Path,
) -> None:
    with opened(path) as (writer, store):
        add_session(writer, "active", NOW - 10 * MINUTE)
        add_session(writer, "abandoned", NOW - 2 * DAY)
        add_run(writer, "abandoned", NOW - 2 * DAY + MINUTE, NOW - 2 * DAY + 2 * MINUTE)
        active, abandoned = store.sessions(now=NOW)
    assert active.elapsed_ms == 600_000
    assert abandoned.elapsed_ms == 120_000


def test_the_limit_counts_sessions_in_the_state(path: Path) -> None:
    with opened(path) as (writer, store):
        for number in range(6):
            add_session(writer, f"idle{number}", NOW - (3 * number + 40) * MINUTE)
            add_session(writer, f"busy{number}", NOW - (3 * number + 41) * MINUTE)
            add_run(writer, f"busy{number}", NOW - MINUTE)
        for state in ("active", "abandoned"):
            found = store.sessions(2, state=state, now=NOW)  # type: ignore[arg-type]
            name = {"active": "busy", "abandoned": "idle"}[state]
            assert [one.session_id for one in found] == [f"{name}0", f"{name}1"]


def test_timeouts_are_settings(path: Path) -> None:
    with closing(connect(path)) as writer:
        add_session(writer, "one", NOW - 2 * DAY)
    with Store(path, source_timezone="UTC", session_window=3 * DAY, idle_after=3 * DAY) as store:
        assert [one.state for one in store.sessions(now=NOW)] == ["active"]
        assert store.collect(NOW).session_totals.active == 1


def test_sessions_of_an_agent(path: Path) -> None:
    with opened(path) as (writer, store):
        for number in range(6):
            add_session(writer, f"s{number}", NOW - number * DAY, NOW)
            add_run(writer, f"s{number}", NOW, NOW, agent="beta" if number % 2 else "alpha")
        found = store.sessions(2, agent="beta", now=NOW)
        assert [one.session_id for one in found] == ["s1", "s3"]
        assert store.sessions(agent="gamma", now=NOW) == []


# Ids


@pytest.mark.parametrize(
    ("ids", "short"),
    [
        (["12345678abc", "22345678abc"], ["12345678", "22345678"]),
        (["12345678abc", "12345678abd"], ["12345678abc", "12345678abd"]),
        (["12345678axy", "12345678bxy", "12345678bz"], ["12345678a", "12345678bx", "12345678bz"]),
        (["12345678", "123456789"], ["12345678", "123456789"]),
        (["short"], ["short"]),
        ([], []),
    ],
)
def test_short_ids_tell_sessions_apart(ids: list[str], short: list[str]) -> None:
    assert short_ids(ids) == dict(zip(ids, short, strict=True))


def test_a_session_is_found_by_a_prefix(path: Path) -> None:
    with opened(path) as (writer, store):
        add_session(writer, "abc-1", NOW)
        add_session(writer, "abc-12", NOW)
        add_run(writer, "xyz-only-runs", NOW, NOW)
        add_run(writer, "%_", NOW, NOW)
        assert store.session("abc-12").session.session_id == "abc-12"
        assert store.session("abc-1").session.session_id == "abc-1", "an id comes before a prefix"
        runs_only = store.session("xyz").session
        assert (runs_only.session_id, runs_only.state) == ("xyz-only-runs", "unknown")
        assert (runs_only.invocations, runs_only.start_time) == (1, None)
        with pytest.raises(AmbiguousSession, match="abc-1, abc-12"):
            store.session("abc")
        with pytest.raises(NoSuchSession, match="report sessions"):
            store.session("%a")
        with pytest.raises(NoSuchSession):
            store.session("ABC-12")


# Timelines


def test_a_timeline_is_what_the_rows_say(path: Path) -> None:
    with opened(path) as (writer, store):
        add_session(writer, "one", NOW - 10 * MINUTE)
        add_run(writer, "one", NOW - 8 * MINUTE, NOW - 5 * MINUTE)
        add_run(writer, "one", NOW - 6 * MINUTE, agent="beta")
        add_run(writer, "one", NOW - 10 * 60 * MINUTE, agent="gone")
        add_run(writer, "one", NOW - 5 * MINUTE, NOW - 5 * MINUTE, status="failed", phase=None)
        add_run(writer, "one", None, NOW)
        add_run(writer, "other", NOW - 6 * MINUTE)
        writer.execute(
            "INSERT INTO agent_invocations (session_id, event_type, agent_name, start_time)"
            " VALUES ('one', 'tool_tracking_start', 'alpha', ?)",
            (text(NOW),),
        )
        add_tool_use(writer, "one", NOW - 7 * MINUTE)
        timeline = store.session("one", now=NOW)
    assert timeline.at == "2026-10-01T12:00:00.000Z"
    assert timeline.session.invocations == 5
    assert [
        (run.agent_name, run.phase, run.status, run.state, run.duration_ms, run.beside)
        for run in timeline.runs
    ] == [
        ("gone", "plan", "started", "abandoned", None, 0),
        ("alpha", "plan", "completed", "ended", 180_000, 1),
        ("beta", "plan", "started", "running", 360_000, 2),
        ("alpha", "", "failed", "ended", 0, 1),
    ]
    (use,) = timeline.tool_uses
    assert (use.tool_name, use.agent_name, use.status, use.duration_ms) == (
        "Read",
        "alpha",
        "completed",
        1000,
    )


def test_timelines_are_of_active_sessions_then_of_the_latest(path: Path) -> None:
    with opened(path) as (writer, store):
        for number in range(12):
            begun = NOW - (20 - number) * MINUTE
            add_session(writer, f"session-{number}", begun, begun + MINUTE)
            add_run(writer, f"session-{number}", begun, begun + MINUTE)
        begun = NOW - 10 * 60 * MINUTE
        add_session(writer, "session-long", begun)
        for number in range(70):
            add_run(writer, "session-long", begun + number * MINUTE, NOW - number * MINUTE)
            add_tool_use(writer, "session-long", begun + number * MINUTE)
        found = store.overview(NOW).timelines
        whole = store.session("session-long", now=NOW)
    assert [one.session.session_id for one in found] == [
        "session-long",
        *(f"session-{number}" for number in range(11, 2, -1)),
    ]
    assert len({one.session.short_id for one in found}) == len(found)
    first = found[0]
    assert (len(whole.runs), len(whole.tool_uses)) == (70, 70)
    assert [run.invocation_id for run in first.runs] == [
        run.invocation_id for run in whole.runs[-50:]
    ]
    assert first.tool_uses == whole.tool_uses[-50:]
    assert {run.beside for run in first.runs} == {49}
    assert first.session.invocations == 70


def test_an_overview_counts_runs_by_agent_and_hour(path: Path) -> None:
    with opened(path) as (writer, store):
        for agent, minutes in (
            ("alpha", 1),
            ("alpha", 59),
            ("beta", 61),
            ("beta", 7 * 24 * 60 + 1),
        ):
            add_run(writer, "s", NOW - minutes * MINUTE, agent=agent)
        found = store.overview(NOW + 30 * MINUTE)
    assert found.agent_hours == {
        "alpha": {"2026-10-01T11:00:00": 2},
        "beta": {"2026-10-01T10:00:00": 1},
    }
    assert len(found.hours) == 7 * 24
    assert sum(hour.invocations for hour in found.hours) == 3
    assert found.collection.agents[0].invocations == 2


def overlapping(runs: list[tuple[int, int]]) -> list[int]:
    """As `beside`, pair by pair; a run of no length is its instant."""

    def meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
        (start, length), (begin, duration) = one, other
        if not length and not duration:
            return start == begin
        if not length:
            return begin <= start < begin + duration
        if not duration:
            return start <= begin < start + length
        return start < begin + duration and begin < start + length

    return [
        sum(meet(one, other) for place, other in enumerate(runs) if place != position)
        for position, one in enumerate(runs)
    ]


@pytest.mark.parametrize("seed", range(30))
def test_who_ran_beside_whom(seed: int) -> None:
    chooser = random.Random(seed)
    runs = [
        (chooser.randrange(20), chooser.choice([0, 0, 1, 2, 5, 30]))
        for _ in range(chooser.randrange(12))
    ]
    assert beside(runs) == overlapping(runs)


def test_a_change_of_clocks_leaves_busy_and_elapsed_in_step(path: Path) -> None:
    """03:00 became 02:00 on 2026-10-25: 02:30 summer time on the wall was 2 hours before 03:30."""
    now = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)  # 03:30 in winter time
    idle_after = timedelta(hours=3)
    with (
        closing(connect(path)) as writer,
        Store(path, source_timezone="Europe/Berlin", idle_after=idle_after) as store,
    ):
        start = datetime(2026, 10, 25, 2, 30)
        add_session(writer, "s", start)
        add_run(writer, "s", start)
        (one,) = store.sessions(now=now)
        (run,) = store.running(now)
    two_hours = 2 * 3600 * 1000
    assert (run.age_ms, one.elapsed_ms, one.busy_ms, one.idle_ms) == (*(two_hours,) * 3, 0)


def test_a_very_long_session_shows_what_was_derived(path: Path) -> None:
    with opened(path) as (writer, store):
        add_session(writer, "long", NOW - DAY / 2)
        writer.execute("BEGIN")
        for number in range(1001):
            at = NOW - DAY / 2 + number * timedelta(seconds=1)
            add_run(writer, "long", at, at + timedelta(seconds=1))
        writer.execute("COMMIT")
        Deriver(driver(writer), catalogue.bounds).round()
        add_run(writer, "long", NOW - MINUTE)
        (one,) = store.sessions(now=NOW)
    assert (one.max_parallel, one.busy_ms, one.is_pending) == (1, 1001 * 1000, True)
