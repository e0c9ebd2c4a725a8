"""The oracle against answers that were worked out by hand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import pytest
from hooks import HOOK_TABLES
from oracle import (
    canonical,
    differences,
    dimension,
    duration_ms,
    is_invocation,
    number_after,
    parse_time,
    recompute,
)

LAST_BOUND = 9223372036854775807
DAY = "2026-10-01"


@pytest.mark.parametrize(
    ("text", "expected", "zoned"),
    [
        (f"{DAY}T09:57", f"{DAY}T09:57:00.000", False),
        (f"{DAY} 09:57:33", f"{DAY}T09:57:33.000", False),
        (f"{DAY}T09:57:33.5519999999", f"{DAY}T09:57:33.551", False),
        (f"{DAY}T09:57:33.5", f"{DAY}T09:57:33.500", False),
        (f"{DAY}T09:57Z", f"{DAY}T09:57:00.000", True),
        (f"{DAY}T00:10:00.25+05:30", "2026-09-30T18:40:00.250", True),
        ("2024-02-29 23:59:59.999-23:59", "2024-03-01T23:58:59.999", True),
        ("0001-01-01T00:00", "0001-01-01T00:00:00.000", False),
        ("9999-12-31T23:59:59.9999", "9999-12-31T23:59:59.999", False),
        (f"{DAY}t09:57", f"{DAY}T09:57:00.000", False),
        (f"{DAY}T09:57z", f"{DAY}T09:57:00.000", True),
        (f"{DAY}T09:57:33,5", f"{DAY}T09:57:33.500", False),
        (f"{DAY}T09:57+0530", f"{DAY}T04:27:00.000", True),
        (f"{DAY}T09:57-05", f"{DAY}T14:57:00.000", True),
        (f" {DAY}T09:57", f"{DAY}T09:57:00.000", False),
        (f"\t{DAY}T09:57Z\r\n", f"{DAY}T09:57:00.000", True),
    ],
)
def test_times_that_parse(text: str, expected: str, zoned: bool) -> None:
    parsed = parse_time(text)
    assert parsed is not None
    assert (canonical(parsed[0]), parsed[1]) == (expected, zoned)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        20261001,
        2461314.5,
        b"2026-10-01T09:57",
        "now",
        DAY,
        f"{DAY}T24:00",
        f"{DAY}T09:60",
        f"{DAY}T09:57:60",
        f"{DAY}T9:57",
        f"{DAY}T09:57:33.",
        f"{DAY}T09:57:33,",
        f"{DAY}T09:57.5",
        f"{DAY}T09:57+5",
        f"{DAY}T09:57+053",
        f"{DAY}T09:57+24",
        f"{DAY}T09:57+24:00",
        f"{DAY}T09:57+05:60",
        f"{DAY}T09:57 Z",
        f"{DAY} T09:57",
        f"\v{DAY}T09:57",
        f"\xa0{DAY}T09:57",
        f"{DAY}T09:57\0",
        "2023-02-29T00:00",
        "1900-02-29T00:00",
        "2026-13-01T00:00",
        "0000-01-01T00:00",
        "0001-01-01T00:00+00:01",
        "9999-12-31T23:59-00:01",
        "２０２６-10-01T09:57",  # noqa: RUF001
    ],
)
def test_times_that_do_not_parse(value: object) -> None:
    assert parse_time(value) is None


@pytest.mark.parametrize(
    ("start", "end", "seconds", "expected"),
    [
        (f"{DAY}T00:00", f"{DAY}T00:00:01.2345", 9.0, 1234),
        (f"{DAY}T00:00", f"{DAY}T00:00", None, 0),
        (f"{DAY}T00:00Z", f"{DAY}T02:00+02:00", 9.0, 0),
        (f"{DAY}T00:00Z", f"{DAY}T00:00:01", 9.0, 9000),  # zoned and naive
        (f"{DAY}T00:01", f"{DAY}T00:00", 9.0, 9000),  # ends before it starts
        ("2000-01-01T00:00", "2009-12-29T00:00", None, 315_360_000_000),
        ("2000-01-01T00:00", "2009-12-29T00:00:00.001", None, None),
        (None, None, 0.0005, 1),
        (None, None, 0.0004, 0),
        (None, None, 3, 3000),
        (None, None, 315_360_000.0, 315_360_000_000),
        (None, None, 315_360_000.0006, None),
        (None, None, -0.001, None),
        (None, None, float("inf"), None),
        (None, None, 1e308, None),
        (None, None, 2**63 - 1, None),
        (None, None, "5", None),
        (None, None, b"5", None),
        (None, None, None, None),
    ],
)
def test_durations(start: object, end: object, seconds: object, expected: int | None) -> None:
    assert duration_ms(start, end, seconds) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"totalTokens": 12, "x": 1}', 12),
        ('{"totalTokens":0}', 0),
        ('"totalTokens":   7\n', 7),
        ('"totalTokens":7\r', 7),
        ('"totalTokens":7 "totalTokens":8,', 7),
        ('"totalTokens":x,"totalTokens":8,', 0),
        ('"totalTokens":1000000000000}', 10**12),
        ('"totalTokens":1000000000001}', 0),
        ('"totalTokens":99999999999999999999999}', 0),
        ('"totalTokens":7', 0),
        ('"totalTokens":7\t', 0),
        ('"totalTokens":\t7,', 0),
        ('"totalTokens":007,', 0),
        ('"totalTokens":-7,', 0),
        ('"totalTokens":7.0,', 0),
        ('"totalTokens":7e2,', 0),
        ('"totalTokens" :7,', 0),
        ('"totaltokens":7,', 0),
        ('é\udcff\udc80"totalTokens":7,', 7),
        (b'"totalTokens":7,', 0),
        (None, 0),
        (7, 0),
    ],
)
def test_tokens(text: object, expected: int) -> None:
    assert number_after("totalTokens", text) == expected


def test_dimensions() -> None:
    values = [None, "", "a", " a", 7, -1, 1.5, b"a", "a\0b", "\udcff"]
    assert [dimension(value) for value in values] == [
        *["", "", "a", " a", "7", "-1", "", "", "", "\udcff"]
    ]


def test_what_counts_as_an_invocation() -> None:
    yes = [("pre_invocation", "a"), (None, "a"), (b"subagent_stop", "a"), ("x", "unknown\0")]
    no = [("subagent_stop", "a"), ("tool_tracking_start", "a"), ("x", "unknown"), ("x", "")]
    assert all(is_invocation(*pair) for pair in yes)
    assert not any(is_invocation(*pair) for pair in [*no, ("x", None), ("x", 7), ("x", b"a")])


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(HOOK_TABLES)
        database.execute("CREATE TABLE duration_bounds (le_ms INTEGER PRIMARY KEY)")
        database.executemany(
            "INSERT INTO duration_bounds VALUES (?)", [(10,), (1000,), (LAST_BOUND,)]
        )
        yield database


def test_recompute(connection: sqlite3.Connection) -> None:
    insert = (
        "INSERT INTO agent_invocations (id, session_id, event_type, phase, agent_name, model,"
        " start_time, end_time, duration_seconds, status, raw_output)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    output = '{"totalTokens": 5, "totalToolUseCount": 2}'
    run = ("pre_invocation", "plan", "a", "m")
    connection.executemany(
        insert,
        [
            (1, "s", *run, f"{DAY}T09:10", f"{DAY}T09:10:01", None, "completed", output),
            (2, "s", *run, f"{DAY} 10:00:00.5", None, None, "started", None),
            (3, "", *run, "bad", None, 2.0, "error", None),
            (4, "s", "subagent_stop", None, None, None, None, None, None, "completed", None),
        ],
    )
    connection.executemany(
        "INSERT INTO sessions (session_id, start_time, end_time, status) VALUES (?, ?, ?, ?)",
        [
            ("s", f"{DAY}T09:00", f"{DAY}T09:00:01.5", "completed"),
            ("t", f"{DAY}T09:00Z", f"{DAY}T09:00:01", "completed"),  # zoned and naive
            (None, f"{DAY} 10:00", None, "active"),
            (None, f"{DAY} 10:00", None, "active"),
            ("u", f"{DAY} 10:00", None, "error"),
            ("v", None, None, None),
        ],
    )
    connection.executemany(
        "INSERT INTO agent_tool_uses (session_id, agent_name, tool_name, start_time, end_time,"
        " duration_seconds, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            ("s", "a", "Bash", f"{DAY}T09:00", f"{DAY}T09:00:02", 9.0, "completed"),
            (None, "unknown", 7, None, None, 0.5, "completed"),
            ("s", None, "Bash", "bad", None, None, "started"),
        ],
    )
    stop = ("subagent_stop", "", "", "", "completed")
    completed, failed, started = (
        ((*run[:1], "a", "plan", "m", status)) for status in ("completed", "error", "started")
    )
    expected = {
        "agent_stats": {
            completed: (1, 1, 1000, 5, 2, 0),
            started: (1, 0, 0, 0, 0, 0),
            failed: (1, 1, 2000, 0, 0, 1),
            stop: (1, 0, 0, 0, 0, 0),
        },
        "agent_hourly": {
            (f"{DAY}T09:00:00", *completed): (1, 1, 1000, 5, 2),
            (f"{DAY}T10:00:00", *started): (1, 0, 0, 0, 0),
            ("", *failed): (1, 1, 2000, 0, 0),
            ("", *stop): (1, 0, 0, 0, 0),
        },
        "agent_durations": {
            ("pre_invocation", "a", "plan", "m", 1000): (1, 1000),
            ("pre_invocation", "a", "plan", "m", LAST_BOUND): (1, 2000),
        },
        "agent_durations_daily": {
            (DAY, "pre_invocation", "a", 1000): (1, 1000),
            ("", "pre_invocation", "a", LAST_BOUND): (1, 2000),
        },
        "agent_activity": {("a",): (3, 1, 1, 1, 1, f"{DAY}T09:10:00.000", f"{DAY}T10:00:00.500")},
        "open_runs": {(2,): ("s", "a", "plan", f"{DAY}T10:00:00.500")},
        "session_agents": {("s", "a"): (2,), ("", "a"): (1,)},
        "session_phases": {("s", "plan"): (2,), ("", "plan"): (1,)},
        "session_stats": {
            ("s",): (
                *(2, 1, 0, 1, 1, 1000, 1, 1),
                *(f"{DAY}T09:10:00.000", f"{DAY}T09:10:01.000"),
            ),
            ("",): (1, 0, 1, 0, 1, 2000, 1, 1, None, None),
        },
        "sessions_summary": {
            ("completed",): (2, 1, 1500, 0),
            ("active",): (2, 0, 0, 0),
            ("error",): (1, 0, 0, 0),
            ("",): (1, 0, 0, 0),
        },
        "tool_stats": {
            ("a", "Bash", "completed"): (1, 1, 2000, 0),
            ("unknown", "7", "completed"): (1, 1, 500, 0),
            ("", "Bash", "started"): (1, 0, 0, 1),
        },
        "tool_durations": {
            ("a", "Bash", LAST_BOUND): (1, 2000),
            ("unknown", "7", 1000): (1, 500),
        },
        "aggregate_totals": {
            ("invocations",): (3,),
            ("succeeded",): (1,),
            ("failed",): (1,),
            ("in_flight",): (1,),
            ("agents",): (1,),
            ("session_agent_pairs",): (1,),
            ("rows",): (4,),
            ("durations",): (2,),
            ("sessions",): (1,),
            ("session_rows",): (6,),
            ("tool_uses",): (3,),
            ("unreadable_run_times",): (1,),
            ("unreadable_tool_times",): (1,),
        },
        "_aggregates_agent_starts": {
            (1,): ("a", f"{DAY}T09:10:00.000"),
            (2,): ("a", f"{DAY}T10:00:00.500"),
        },
        "_aggregates_session_starts": {
            (1,): ("s", f"{DAY}T09:10:00.000"),
            (2,): ("s", f"{DAY}T10:00:00.500"),
        },
        "_aggregates_session_ends": {(1,): ("s", f"{DAY}T09:10:01.000")},
        "_aggregates_sessions_by_start": {
            (f"{DAY}T09:00:00.000", "s"): (1,),
            (f"{DAY}T09:00:00.000", "t"): (1,),
            (f"{DAY}T10:00:00.000", ""): (2,),
            (f"{DAY}T10:00:00.000", "u"): (1,),
        },
        "_aggregates_open_sessions": {(f"{DAY}T10:00:00.000", ""): (2,)},
        "_aggregates_session_tool_uses": {(1,): ("s", f"{DAY}T09:00:00.000")},
    }
    assert recompute(connection) == expected
    assert differences(recompute(connection), expected) == []


def test_differences_are_strict_about_types(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO agent_invocations (agent_name) VALUES ('a')")
    right = recompute(connection)
    found = {**right, "session_agents": {("", "a"): (1.0,)}}
    assert differences(found, right) == ["session_agents ('', 'a'): stored (1.0,), right (1,)"]


def test_canonical_pads_the_year() -> None:
    assert canonical(datetime(1, 1, 1)) == "0001-01-01T00:00:00.000"
