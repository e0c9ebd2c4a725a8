"""What triggers cannot keep of sessions is what brute force says, and the work fits the changes."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect
from derived_oracle import Run, covered, derived_differences, most_at_once
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import change, check_exact, copy, start_run

from aggregates.changes import Consumer
from aggregates.engines import driver
from aggregates.engines.sqlite.hooks_schema import HOOK_TABLES
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.model.sources import agent_invocations, sessions
from aggregates.recomputing.drift import Drift
from aggregates.sessions import CONSUMER, Checker, Deriver, ranges
from aggregates.sessions.overlaps import Overlap, overlap
from aggregates.sessions.pending import sessions_of
from aggregates.sessions.values import Expected
from aggregates.store import Store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy(tmp_path)


@pytest.fixture
def fresh(migrated_database: MakeDatabase) -> Iterator[sqlite3.Connection]:
    """A connection to an empty database at the head revision."""
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        yield connection


def deriver(connection: sqlite3.Connection) -> Deriver:
    return Deriver(driver(connection), catalogue.bounds)


def verify(connection: sqlite3.Connection) -> list[Drift]:
    """All drifts of what is derived."""
    ((_, _, path),) = connection.execute("PRAGMA database_list")
    with Store(path) as store:
        return store.verify(tables=("session_overlap", "session_durations")).drifts


_runs = st.lists(
    st.tuples(st.integers(0, 12), st.one_of(st.just(0), st.integers(0, 8))).map(
        lambda pair: Run(*pair)
    ),
    max_size=12,
)


@given(_runs)
@settings(max_examples=400, deadline=None)
def test_overlap_is_what_brute_force_over_instants_finds(runs: list[Run]) -> None:
    assert overlap(runs) == Overlap(most_at_once(runs), covered(runs))


@pytest.mark.parametrize(
    ("runs", "most", "busy"),
    [
        ([], 0, 0),
        ([(5, 0)], 1, 0),
        ([(5, 0), (5, 0)], 2, 0),
        ([(0, 5), (5, 5)], 1, 10),
        ([(0, 6), (5, 5)], 2, 10),
        ([(0, 5), (5, 0)], 1, 5),
        ([(0, 5), (0, 0)], 2, 5),
        ([(0, 5), (0, 5)], 2, 5),
        ([(0, 5), (7, 5)], 1, 10),
        ([(0, 100), (1, 1), (2, 1), (2, 0)], 3, 100),
    ],
)
def test_overlap_of_what_touches(runs: list[tuple[int, int]], most: int, busy: int) -> None:
    assert overlap(runs) == Overlap(most, busy)


def test_milliseconds_of_runs_that_touch_do_not_overlap(fresh: sqlite3.Connection) -> None:
    """No fraction of a second is rounded on its way."""
    start = datetime(2026, 10, 1, 9)
    fresh.execute("BEGIN")
    for number in range(3000):
        end = start + timedelta(milliseconds=1 + number % 7)
        start_run(
            fresh, start=start.isoformat(), end=end.isoformat(), status="completed", agent="a"
        )
        start = end
    fresh.execute("COMMIT")
    deriver(fresh).round()
    (row,) = fresh.execute("SELECT * FROM session_overlap").fetchall()
    assert row == ("session", 1, sum(1 + number % 7 for number in range(3000)), 0)


_MOMENTS = st.integers(0, 40).map(
    lambda n: (datetime(2026, 10, 1) + timedelta(milliseconds=n * 333)).isoformat()
)
_TIMES = st.one_of(_MOMENTS, st.sampled_from([None, "no time", "2026-10-01T00:00:00+02:00"]))
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2", "", None, 7, "s\0", "other"]),
        st.sampled_from(["a", "b", "unknown", ""]),
        _TIMES,
        _TIMES,
        st.sampled_from([None, 0, 0.0004, 2.5, -1, "x"]),
        st.sampled_from(["started", "completed", "failed", "error", "odd", None]),
        st.sampled_from(["pre_invocation", "subagent_stop", None]),
    ),
    min_size=1,
    max_size=14,
)
_SESSION_ROWS = st.dictionaries(
    st.sampled_from(["s1", "s2", "", 7, "other", "s\0", "idle"]), st.tuples(_TIMES, _TIMES)
)


@given(_ROWS, _ROWS, _SESSION_ROWS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_rounds_after_random_writes_leave_what_brute_force_says(
    migrated_database: MakeDatabase,
    first: list[tuple[object, ...]],
    second: list[tuple[object, ...]],
    rows: dict[object, tuple[str | None, str | None]],
    chance: random.Random,
) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        of_sessions = deriver(connection)
        for batch in (first, second):
            connection.executemany(
                "INSERT INTO agent_invocations (session_id, agent_name, start_time, end_time,"
                " duration_seconds, status, event_type) VALUES (?, ?, ?, ?, ?, ?, ?)",
                batch,
            )
            for session, times in rows.items():
                if chance.random() < 0.7:
                    connection.execute(
                        "INSERT OR REPLACE INTO sessions (session_id, start_time, end_time)"
                        " VALUES (?, ?, ?)",
                        (session, *times),
                    )
            if chance.random() < 0.5:
                assert of_sessions.round().is_complete
                assert derived_differences(connection) == []
            connection.execute(
                "DELETE FROM agent_invocations WHERE id % 3 = ?", (chance.randrange(3),)
            )
            connection.execute(
                "UPDATE agent_invocations SET session_id = ?, status = 'failed' WHERE id % 4 = 1",
                (chance.choice(["s1", "new", None]),),
            )
            connection.execute("DELETE FROM sessions WHERE rowid % 3 = ?", (chance.randrange(3),))
        assert of_sessions.round().is_complete
        assert derived_differences(connection) == []
        assert verify(connection) == []


def test_a_database_in_use_is_derived_and_stays_so(database: Path) -> None:
    check_exact(database, is_derived=True)
    chance = random.Random("in use")
    with closing(connect(database)) as connection:
        of_sessions = deriver(connection)
        for _ in range(8):
            change(connection, chance, 12)
            assert of_sessions.round().is_complete
            assert derived_differences(connection) == []
    check_exact(database, is_derived=True)


def test_a_session_is_pending_from_a_change_until_the_round(fresh: sqlite3.Connection) -> None:
    def shown() -> list[tuple[object, ...]]:
        return fresh.execute("SELECT * FROM session_overlap ORDER BY 1").fetchall()

    def first_agents() -> list[tuple[object, ...]]:
        return fresh.execute("SELECT first_agent FROM session_stats ORDER BY session_id").fetchall()

    of_sessions = deriver(fresh)
    one, two = "2026-10-01T10:00:00", "2026-10-01T10:00:02"
    first = start_run(fresh, "a", agent="x", start=two, end=two, status="completed")
    start_run(fresh, "b", agent="y", start=one, end=two, status="completed")
    assert shown() == [("a", None, None, 1), ("b", None, None, 1)]
    of_sessions.round()
    assert shown() == [("a", 1, 0, 0), ("b", 1, 2000, 0)]
    assert first_agents() == [("x",), ("y",)]
    start_run(fresh, "a", agent="z", start=one, end=two, status="failed")
    assert shown() == [("a", 1, 0, 1), ("b", 1, 2000, 0)]
    of_sessions.round()
    assert shown() == [("a", 1, 2000, 0), ("b", 1, 2000, 0)]
    assert first_agents() == [("z",), ("y",)]
    fresh.execute("UPDATE agent_invocations SET session_id = 'b' WHERE id = ?", (first,))
    assert [row[3] for row in shown()] == [1, 1], "both have changed"
    of_sessions.round()
    assert shown() == [("a", 1, 2000, 0), ("b", 1, 2000, 0)]
    fresh.execute("DELETE FROM agent_invocations WHERE session_id = 'b'")
    of_sessions.round()
    assert shown() == [("a", 1, 2000, 0)]
    assert fresh.execute("SELECT session_id FROM _aggregates_session_derived").fetchall() == [
        ("a",)
    ]


def test_sessions_without_runs_count_among_the_durations(fresh: sqlite3.Connection) -> None:
    of_sessions = deriver(fresh)
    fresh.execute(
        "INSERT INTO sessions (session_id, start_time, end_time)"
        " VALUES ('idle', '2026-10-01T10:00:00', '2026-10-01T10:00:01'), (NULL, NULL, NULL)"
    )
    of_sessions.round()
    assert fresh.execute("SELECT * FROM session_durations").fetchall() == [("", 1000, 1, 1000)]
    assert fresh.execute("SELECT * FROM session_overlap").fetchall() == []
    start_run(fresh, "idle", agent="late")
    of_sessions.round()
    assert fresh.execute("SELECT * FROM session_durations").fetchall() == [("late", 1000, 1, 1000)]
    fresh.execute("UPDATE sessions SET end_time = '2026-10-01T10:00:03' WHERE session_id = 'idle'")
    of_sessions.round()
    ((agent, _, *values),) = fresh.execute("SELECT * FROM session_durations").fetchall()
    assert (agent, *values) == ("late", 1, 3000)
    fresh.execute("DELETE FROM sessions")
    of_sessions.round()
    assert fresh.execute("SELECT * FROM session_durations").fetchall() == []
    assert fresh.execute("SELECT * FROM _aggregates_session_counted").fetchall() == []


def test_runs_without_a_session_are_not_pending_and_disturb_nobody(
    fresh: sqlite3.Connection,
) -> None:
    for session in (None, "", "a\0b", b"blob"):
        start_run(fresh, session)
    of_sessions = deriver(fresh)
    assert of_sessions.round().is_complete
    assert fresh.execute("SELECT * FROM session_overlap").fetchall() == []
    assert verify(fresh) == []


def test_text_that_is_not_utf_8_is_derived_too(fresh: sqlite3.Connection) -> None:
    of_sessions = deriver(fresh)
    fresh.execute(
        "INSERT INTO agent_invocations (session_id, agent_name, start_time, end_time, status)"
        " VALUES (CAST(x'ff61' AS TEXT), CAST(x'fe' AS TEXT), '2026-10-01T10:00',"
        " '2026-10-01T10:01', 'completed')"
    )
    fresh.execute(
        "INSERT INTO sessions (session_id, start_time, end_time)"
        " VALUES (CAST(x'ff61' AS TEXT), '2026-10-01T10:00', '2026-10-01T10:01')"
    )
    for walk in (False, True):
        if walk:
            of_sessions.start_over()
        assert of_sessions.round().is_complete
        assert fresh.execute(
            "SELECT hex(session_id), max_parallel, busy_ms, is_pending FROM session_overlap"
        ).fetchall() == [("FF61", 1, 60_000, 0)]
        assert fresh.execute(
            "SELECT hex(first_agent), sessions FROM session_durations"
        ).fetchall() == [("FE", 1)]
        assert derived_differences(fresh) == []
        assert verify(fresh) == []


class Work:
    """Counts SQLite's virtual machine steps, in tens, on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.tens = 0
        connection.set_progress_handler(self._count, 10)

    def _count(self) -> int:
        self.tens += 1
        return 0


def test_a_round_costs_what_has_changed_and_not_the_history(fresh: sqlite3.Connection) -> None:
    costs = []
    for history in (200, 5000):
        fresh.execute("BEGIN")
        for number in range(history):
            start_run(fresh, f"old-{history}-{number // 4}", status="completed")
            fresh.execute(
                "INSERT INTO sessions (session_id) VALUES (?)", (f"row-{history}-{number}",)
            )
        fresh.execute("COMMIT")
        of_sessions = deriver(fresh)
        of_sessions.round(60.0)
        idle = Work(fresh)
        assert of_sessions.round().sessions == 0
        for number in (1, 2, 3):
            start_run(fresh, f"old-{history}-{number}")
            start_run(fresh, f"old-{history}-{number}")
        changed = Work(fresh)
        done = of_sessions.round()
        assert (done.changes, done.sessions, done.is_complete) == (6, 3, True)
        costs.append((idle.tens, changed.tens))
    fresh.set_progress_handler(None, 0)
    (idle_small, small), (idle_large, large) = costs
    assert small > 0
    assert large <= small * 1.3 + 20, costs
    assert idle_large <= idle_small * 1.3 + 20, costs


def test_killed_between_deriving_and_acknowledging_the_same_is_done_again(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(consumer: Consumer, batch: object) -> None:
        raise Killed

    with closing(connect(database)) as connection:
        change(connection, random.Random("killed"), 30)
        with monkeypatch.context() as patched:
            patched.setattr(Consumer, "acknowledge", die)
            with pytest.raises(Killed):
                deriver(connection).round()
    with closing(connect(database)) as connection:
        done = deriver(connection).round()
        assert done.changes > 0
        assert done.is_complete
    check_exact(database, is_derived=True)


def test_a_walk_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    database = copy(tmp_path, is_derived=False)
    marks = []
    for _ in range(300):
        with closing(connect(database)) as connection:
            done = deriver(connection).round(0.0)
            found = connection.execute("SELECT mark FROM _aggregates_walks").fetchone()
            marks.append(found[0] if found else "")
            if done.is_complete:
                break
    assert len(marks) > 3, "it was over at once"
    assert marks[-1] is None
    under_way = [mark for mark in marks if mark is not None]
    assert under_way == sorted(set(under_way))
    check_exact(database, is_derived=True)


def test_lost_changes_begin_the_walk_again(database: Path) -> None:
    with closing(connect(database)) as connection:
        connection.execute("DELETE FROM agent_invocations WHERE session_id LIKE '0%'")
        connection.execute("DELETE FROM sessions WHERE session_id LIKE '0%'")
        connection.execute("UPDATE sessions SET end_time = NULL WHERE session_id LIKE '1%'")
        start_run(connection, "new", status="completed")
        connection.execute("DELETE FROM agent_invocation_changes")
        connection.execute("DELETE FROM session_changes")
        assert derived_differences(connection) != []
        assert verify(connection) == [], "nothing has been lost track of"
        deriver(connection).round()
        assert deriver(connection).round().is_complete
    check_exact(database, is_derived=True)


@pytest.mark.parametrize("source", [agent_invocations, sessions])
def test_a_consumer_that_somebody_removed_begins_the_walk_again(
    database: Path, source: object
) -> None:
    assert source in (agent_invocations, sessions)
    with closing(connect(database)) as connection:
        Consumer(driver(connection), source, CONSUMER).remove()
        change(connection, random.Random("removed"), 30)
        assert deriver(connection).round().is_complete
    check_exact(database, is_derived=True)


def test_two_that_derive_at_once_do_no_harm(database: Path) -> None:
    with closing(connect(database)) as one, closing(connect(database)) as other:
        first, second = deriver(one), deriver(other)
        for number in range(6):
            change(one, random.Random(number), 10)
            batch = first._consumers[0].poll(3)
            assert second.round().is_complete
            assert len(batch) == 3
            assert first.round().is_complete
    check_exact(database, is_derived=True)


def test_what_moves_while_a_batch_is_derived_is_derived_at_the_next_round(database: Path) -> None:
    """A writer between the reading of runs and the lock: the session is left pending."""
    with closing(connect(database)) as connection, closing(connect(database)) as writer:
        of_sessions = deriver(connection)
        start_run(connection, "moving", start="2026-11-11T10:00:00", agent="first")
        original = of_sessions._expected

        def late(session: str) -> Expected | None:
            found = original(session)
            start_run(writer, session, start="2026-11-11T09:00:00", agent="earlier")
            return found

        of_sessions._expected = late  # type: ignore[method-assign]
        batch = of_sessions._consumers[0].poll()
        of_sessions.derive(sessions_of(batch))
        of_sessions._consumers[0].acknowledge(batch)
        query = "SELECT first_agent FROM session_stats WHERE session_id = 'moving'"
        assert connection.execute(query).fetchone() == (None,)
        del of_sessions._expected
        assert of_sessions.round().is_complete
        assert connection.execute(query).fetchone() == ("earlier",)
    check_exact(database, is_derived=True)


def test_a_long_session_is_read_in_parts(fresh: sqlite3.Connection) -> None:
    fresh.execute("BEGIN")
    for number in range(2500):
        at = f"2026-10-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        start_run(fresh, "long", start=at, end=at, status="completed", agent=f"a{number % 3}")
    fresh.execute("COMMIT")
    assert deriver(fresh).round().is_complete
    assert derived_differences(fresh) == []


@pytest.mark.parametrize("runs", [1, 3, 20])
def test_what_is_wrong_of_many_sessions_is_found_whatever_is_read_at_once(
    fresh: sqlite3.Connection, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(runs)
    for number in range(150):
        minute = f"2026-10-01T10:{number % 60:02}"
        session = f"s{chance.randrange(12):02}" if number % 2 else "s05"
        start_run(fresh, session, start=minute, end=f"{minute}:30", status="completed")
    for session in ("s01", "s02", "s05", "idle"):
        fresh.execute(
            "INSERT INTO sessions (session_id, start_time, end_time)"
            " VALUES (?, '2026-10-01T10:00', '2026-10-01T10:01')",
            (session,),
        )
    deriver(fresh).round()
    monkeypatch.setattr(ranges, "RUNS_OF_A_RANGE", runs)
    assert verify(fresh) == []
    fresh.execute("UPDATE _aggregates_session_derived SET busy_ms = busy_ms + 1")
    fresh.execute("DELETE FROM _aggregates_session_derived WHERE session_id = 's03'")
    fresh.execute("INSERT INTO _aggregates_session_derived VALUES ('nobody', 'a', 1, 2, 3)")
    fresh.execute("DELETE FROM _aggregates_session_counted WHERE session_id IN ('s05', 'idle')")
    found = {(one.key["session_id"], one.column) for one in verify(fresh)}
    values = ("first_agent", "max_parallel", "busy_ms", "as_of_seq")
    assert found == {
        *((f"s{number:02}", "busy_ms") for number in range(12)),
        *((session, column) for session in ("s03", "nobody") for column in values),
        *(
            (session, column)
            for session in ("s05", "idle")
            for column in ("sessions", "duration_ms_sum")
        ),
    }


@pytest.mark.parametrize("busy_for", [0, 2, 9])
def test_a_long_session_that_changes_while_it_is_read(
    busy_for: int, fresh: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        minute = f"2026-10-01T10:{number:02}"
        start_run(fresh, "long", start=minute, end=f"{minute}:30", status="completed")
    deriver(fresh).round()
    monkeypatch.setattr(ranges, "RUNS_OF_A_RANGE", 5)
    read_ahead = Checker.read_ahead
    reads = []

    def meanwhile(checker: Checker) -> None:
        """A run that changes what is derived, derived at once: after the shadows caught up."""
        if checker._long is not None and len(reads) < busy_for:
            start_run(
                fresh, "long", start="2026-10-01T10:00", end="2026-10-01T11:00", status="completed"
            )
            deriver(fresh).round()
        reads.append(checker._long is not None)
        read_ahead(checker)

    monkeypatch.setattr(Checker, "read_ahead", meanwhile)
    assert verify(fresh) == []
    assert any(reads), "nothing was read ahead"
    monkeypatch.setattr(Checker, "read_ahead", read_ahead)
    fresh.execute("UPDATE _aggregates_session_derived SET max_parallel = max_parallel + 1")
    assert {(one.key["session_id"], one.column) for one in verify(fresh)} == {
        ("long", "max_parallel")
    }


def test_a_drifted_listing_of_starts_is_no_obstacle(fresh: sqlite3.Connection) -> None:
    start_run(fresh, "a", status="completed")
    started = start_run(fresh, "a", start="no time")
    deriver(fresh).round()
    fresh.execute(
        "INSERT INTO _aggregates_by_session (session_id, part, member, id)"
        " VALUES ('a', 3, '2026', ?), ('b', 3, '2026', ?), ('a', 3, '2026', 99)",
        (started, started),
    )
    assert verify(fresh) == []


@pytest.mark.parametrize(
    ("declared", "rows", "durations"),
    [
        ("TEXT COLLATE NOCASE", [("S", 1), ("t", 2)], [("", 1, 1000), ("of t", 1, 2000)]),
        ("INTEGER", [(7, 1), (8, 2)], [("of 7", 1, 1000)]),
    ],
)
def test_sessions_in_any_case_and_by_number(
    tmp_path: Path,
    declared: str,
    rows: list[tuple[object, int]],
    durations: list[tuple[object, ...]],
) -> None:
    path = tmp_path / "agent_workflow.db"
    with closing(connect(path)) as connection:
        for table in HOOK_TABLES.values():
            connection.execute(
                table.replace("session_id TEXT PRIMARY KEY", f"session_id {declared} PRIMARY KEY")
            )
    upgrade(str(path))
    with closing(connect(path)) as connection:
        for session in ("s", "t", "7", "07"):
            start_run(connection, session, agent=f"of {session}", status="completed")
        for session, seconds in rows:
            connection.execute(
                "INSERT INTO sessions (session_id, start_time, end_time)"
                " VALUES (?, '2026-10-01T10:00:00', ?)",
                (session, f"2026-10-01T10:00:0{seconds}"),
            )
        deriver(connection).round()
        found = connection.execute(
            "SELECT first_agent, sessions, duration_ms_sum FROM session_durations"
        ).fetchall()
        assert sorted(found) == durations
        assert verify(connection) == []
