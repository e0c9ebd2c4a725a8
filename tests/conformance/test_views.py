"""Every view for people, against plain Python over the rows that hooks wrote."""

import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest
from conftest import MakeDatabase, connect
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
from oracle import any_text
from test_old_libraries import shell

from aggregates import samples
from aggregates.engines.sqlite.compiler import SQLite
from aggregates.installing import upgrading
from aggregates.model.catalogue import agent_activity, catalogue, session_stats

Row = dict[str, Any]
VIEWS = [view.name for view in catalogue.views if not view.name.startswith("_")]


# Databases


def _write_sample(path: Path) -> None:
    path.unlink()
    samples.write_sample(path, 3000, days=5, seed=3, row_bytes=0)
    upgrading.upgrade(str(path))


_TEXTS = ("a", "b", "c", "unknown", "", None, 7, 1.5, b"x", "é", "a'b")
_TIMES = (
    *("2026-10-01T09:57:33.551", "2026-10-01T10:00:00", "2026-10-02 23:59:59.9999", "2026-10-03"),
    *("2026-10-01T09:57:33Z", "2026-10-01T11:57:33+02:00", None, "", "now", 7),
)
_STATUSES = ("started", "completed", "completed", "failed", "error", None, "paused", 1)
_EVENTS = ("pre_invocation", "pre_invocation", None, "", "subagent_stop", "tool_tracking_start")


def _seconds(random: Random) -> object:
    junk = (None, None, -1.0, "x", 0, 0.004, 0.01, 86_400, 90_000.5, 4e8)
    return random.choice(junk) if random.random() < 0.3 else 10 ** random.uniform(-2.3, 4.9)


def _write_junk(path: Path) -> None:
    """Rows of all kinds in all tables, some of them changed or deleted afterwards."""
    random = Random(5)
    pick = random.choice
    runs, uses = "agent_invocations", "agent_tool_uses"
    shared = "session_id, agent_name, status, start_time, end_time, duration_seconds"
    with closing(connect(path)) as connection:

        def values() -> list[object]:
            times = [pick(_TIMES), pick((None, *_TIMES))]
            return [pick(_TEXTS), pick(_TEXTS), pick(_STATUSES), *times, _seconds(random)]

        for _ in range(1500):
            output = f'{{"totalTokens": {random.randrange(9999)}, "totalToolUseCount": 3}}'
            connection.execute(
                f"INSERT INTO {runs} ({shared}, event_type, phase, raw_output)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [*values(), pick(_EVENTS), pick(_TEXTS), pick((output, None, "{"))],
            )
            connection.execute(
                f"INSERT INTO {uses} ({shared}, tool_name) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [*values(), pick(_TEXTS)],
            )
        for table in (runs, uses):
            columns = ", ".join(f"{name} = ?" for name in shared.split(", "))
            for number in range(1, 300, 2):
                change = f"UPDATE {table} SET {columns} WHERE id = ?"
                connection.execute(change, [*values(), number])
            connection.execute(f"DELETE FROM {table} WHERE id % 7 = 0")


WRITERS: dict[str, Callable[[Path], None]] = {"sample": _write_sample, "junk": _write_junk}


@pytest.fixture(params=WRITERS, scope="module")
def connection(
    request: pytest.FixtureRequest, migrated_database: MakeDatabase
) -> Iterator[sqlite3.Connection]:
    """A connection to each of the databases."""
    with migrated_database("plain") as path:
        WRITERS[request.param](path)
        with closing(connect(path)) as connection, any_text(connection):
            yield connection


# What the views should answer


def shown(name: str) -> str:
    """As views show it."""
    return name or "unknown"


def outcome(rows: list[Work], counted: str = "invocations") -> Row:
    """The columns that most views have."""
    succeeded, failed = sum(row.succeeded for row in rows), sum(row.failed for row in rows)
    return {
        counted: len(rows),
        "succeeded": succeeded,
        "failed": failed,
        "ended": succeeded + failed,
        "success_rate": success_rate(rows),
        "mean_seconds": mean_seconds(rows),
    }


def amounts(rows: list[Work]) -> Row:
    """Sums of what runs say that they took."""
    return {
        "tokens": sum(row.tokens for row in rows),
        "tool_calls": sum(row.tool_calls for row in rows),
    }


def agents(connection: sqlite3.Connection) -> Iterator[Row]:
    for agent, rows in grouped(invocations(connection), lambda row: row.agent).items():
        starts = [row.start for row in rows if row.start]
        yield {
            "agent_name": agent,
            **outcome(rows),
            **amounts(rows),
            "in_flight": sum(row.is_in_flight for row in rows),
            "tokens_per_run": sum(row.tokens for row in rows) / len(rows),
            "sessions": len({row.session for row in rows} - {""}),
            "first_start": min(starts, default=None),
            "last_start": max(starts, default=None),
            **{f"p{p}_seconds": nearest_rank(durations(rows), p) for p in (50, 90, 95, 99)},
        }


def hourly(connection: sqlite3.Connection) -> Iterator[Row]:
    def key(row: Work) -> tuple[str, str]:
        return f"{row.start[:13]}:00:00" if row.start else "", row.agent

    for (hour, agent), rows in grouped(invocations(connection), key).items():
        yield {"hour": hour, "agent_name": agent, **outcome(rows), **amounts(rows)}


def daily(connection: sqlite3.Connection) -> Iterator[Row]:
    rows_by_key = grouped(invocations(connection), lambda row: (row.start[:10], row.agent))
    for (day, agent), rows in rows_by_key.items():
        yield {"day": day, "agent_name": agent, **outcome(rows), **amounts(rows)}


def phases(connection: sqlite3.Connection) -> Iterator[Row]:
    for phase, rows in grouped(invocations(connection), lambda row: shown(row.name)).items():
        yield {"phase": phase, **outcome(rows), **amounts(rows)}


def sessions(connection: sqlite3.Connection) -> Iterator[Row]:
    for session, rows in grouped(invocations(connection), lambda row: row.session).items():
        first = min((row.start for row in rows if row.start), default=None)
        last = max((row.end for row in rows if row.end), default=None)
        found = outcome(rows)
        del found["mean_seconds"]
        elapsed = (
            (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
            if first and last
            else None
        )
        yield {
            "session_id": shown(session),
            **found,
            "in_flight": sum(row.is_in_flight for row in rows),
            "agents": len({row.agent for row in rows}),
            "phases": len({row.name for row in rows} - {""}),
            "first_start": first,
            "last_end": last,
            "elapsed_seconds": elapsed,
            "agent_seconds": sum(durations(rows)) / 1000,
        }


def tools(connection: sqlite3.Connection) -> Iterator[Row]:
    for (agent, tool), rows in grouped(
        tool_uses(connection), lambda row: (row.agent, row.name)
    ).items():
        yield {
            "agent_name": shown(agent),
            "tool_name": shown(tool),
            **outcome(rows, "uses"),
            **{f"p{p}_seconds": nearest_rank(durations(rows), p) for p in (50, 95)},
        }


def tools_by_agent(connection: sqlite3.Connection) -> Iterator[Row]:
    runs = grouped(invocations(connection), lambda row: row.agent)
    for agent, rows in grouped(tool_uses(connection), lambda row: row.agent).items():
        by_tool = {tool: len(some) for tool, some in grouped(rows, lambda row: row.name).items()}
        primary = min(by_tool, key=lambda tool: (-by_tool[tool], tool.encode()))
        yield {
            "agent_name": shown(agent),
            "tools": len(by_tool.keys() - {""}),
            "uses": len(rows),
            "uses_per_invocation": len(rows) / len(runs[agent]) if agent in runs else None,
            "primary_tool": shown(primary),
            "primary_share": by_tool[primary] / len(rows),
        }


RIGHT: dict[str, Callable[[sqlite3.Connection], Iterator[Row]]] = {
    "v_agents": agents,
    "v_agents_hourly": hourly,
    "v_agents_daily": daily,
    "v_phases": phases,
    "v_sessions": sessions,
    "v_tools": tools,
    "v_tools_by_agent": tools_by_agent,
}


def read(connection: sqlite3.Connection, query: str) -> list[Row]:
    """The rows of a query by the names of their columns."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def exact(row: Row) -> list[str]:
    """What of a row is text or a count, in an order of its own."""
    return [f"{name} {row[name]!r}" for name in sorted(row.keys() - reals(row))]


def reals(row: Row) -> set[str]:
    """The columns that are rounded."""
    return {name for name in row if re.search(r"_(rate|seconds|share|per_\w+)$", name)}


def is_near(one: float | None, other: float | None, tolerance: float = 6e-5) -> bool:
    """Whether they are the same but for rounding to four places."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerance + 1e-9 * abs(other)


@pytest.mark.parametrize("view", RIGHT)
def test_a_view_says_what_the_rows_say(view: str, connection: sqlite3.Connection) -> None:
    found, right = read(connection, f"SELECT * FROM {view}"), list(RIGHT[view](connection))
    for row in found:
        row.pop("updated_at", None)
    found.sort(key=exact)
    right.sort(key=exact)
    assert list(map(exact, found)) == list(map(exact, right))
    assert len(found) > 4
    for one, other in zip(found, right, strict=True):
        assert one.keys() == other.keys()
        for name in reals(one):
            is_same = is_close if re.match(r"p\d", name) else is_near
            assert is_same(one[name], other[name]), (name, one, other)


def test_the_distribution_is_cumulative(connection: sqlite3.Connection) -> None:
    rows = read(connection, "SELECT * FROM v_agent_durations ORDER BY agent_name, le_ms")
    known = {
        agent: durations(some)
        for agent, some in grouped(invocations(connection), lambda row: row.agent).items()
        if durations(some)
    }
    assert {row["agent_name"] for row in rows} == known.keys()
    for agent, some in grouped(rows, lambda row: str(row["agent_name"])).items():
        assert sum(row["runs"] for row in some) == len(known[agent])
        for row in some:
            up_to = [one for one in known[agent] if one <= row["le_ms"]]
            assert row["runs_up_to"] == len(up_to)
            assert row["runs_known"] == len(known[agent])
            assert is_close(row["seconds"], nearest_rank(up_to, 100))


def test_what_adds_up_to_nothing_is_left_out(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        key = "'', 'pre_invocation', 'a', '', '', ''"
        connection.execute(f"INSERT INTO agent_hourly VALUES ({key}, 0, 0, 0, 0, 0)")
        connection.execute("INSERT INTO agent_stats SELECT 'x', 'a', '', '', '', 0, 0, 0, 0, 0, 0")
        connection.execute(
            "INSERT INTO _aggregates_by_agent (agent_name, part, member, id)"
            f" VALUES ('a', {agent_activity.part}, '', 0)"
        )
        connection.execute(
            "INSERT INTO _aggregates_by_session (session_id, part, member, id)"
            f" VALUES ('s', {session_stats.part}, '', 0)"
        )
        connection.execute("INSERT INTO tool_stats VALUES ('a', 't', '', 0, 0, 0, 0)")
        connection.execute("INSERT INTO agent_durations VALUES ('a', 10, '', '', '', 0, 0)")
        connection.execute("INSERT INTO tool_durations VALUES ('a', 't', 10, 0, 0)")
        for view in ("agent_activity", "session_stats"):
            assert len(read(connection, f"SELECT * FROM {view}")) == 1
        for view in VIEWS:
            assert read(connection, f"SELECT * FROM {view}") == []


def test_of_tools_used_alike_the_first_by_name_is_primary(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        for tool in ("Write", "Bash", "Read"):
            insert = "INSERT INTO agent_tool_uses (agent_name, tool_name) VALUES ('a', ?)"
            connection.execute(insert, [tool])
        assert read(connection, "SELECT primary_tool, primary_share FROM v_tools_by_agent") == [
            {"primary_tool": "Bash", "primary_share": 0.3333}
        ]


def test_a_use_without_an_agent_is_none_of_an_agent_named_unknown(
    migrated_database: MakeDatabase,
) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        for agent, tool in ((None, "Bash"), ("unknown", "Read"), ("unknown", "Edit")):
            insert = "INSERT INTO agent_tool_uses (agent_name, tool_name) VALUES (?, ?)"
            connection.execute(insert, [agent, tool])
        rows = "SELECT agent_name, tools, uses, primary_tool FROM v_tools_by_agent ORDER BY tools"
        assert connection.execute(rows).fetchall() == [
            ("unknown", 1, 1, "Bash"),
            ("unknown", 2, 2, "Edit"),
        ]


# How they are read


@pytest.mark.parametrize("view", ["v_agent_durations", "v_tools"])
def test_percentiles_seek_each_bucket(view: str, connection: sqlite3.Connection) -> None:
    """The newest library would rather read the histogram and look the walk up in it."""
    (path,) = (row[2] for row in connection.execute("PRAGMA database_list"))
    with closing(apsw.Connection(path)) as newest:
        plan = [row[3] for row in newest.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view}")]
    scans = [step for step in plan if re.match(r"SCAN (agent|tool)_durations\b", step)]
    assert len(scans) == 1, plan


# Old libraries


@pytest.mark.parametrize("view", catalogue.views, ids=lambda view: view.name)
def test_no_view_has_words_that_old_libraries_lack(view: Any) -> None:
    """A library that cannot parse a view calls the whole file malformed."""
    (sql,) = (one.sql for one in SQLite().tables(catalogue) if one.name == view.name)
    newer = r"\b(over|filter|iif|materialized|nulls|json\w*|unixepoch)\b|->"
    assert not re.search(newer, sql, re.IGNORECASE)


@pytest.mark.parametrize("version", ["3.24.0", "3.34.0"])
@pytest.mark.parametrize("writer", WRITERS)
def test_an_old_library_reads_every_view_and_writes(
    version: str, writer: str, migrated_database: MakeDatabase
) -> None:
    script = [f"CREATE TABLE copy_of_{view} AS SELECT * FROM {view}" for view in VIEWS]
    script.append("INSERT INTO agent_invocations (agent_name, status) VALUES ('last', 'failed')")
    with migrated_database("plain") as path:
        WRITERS[writer](path)
        text = "".join(f"{statement};\n" for statement in script)
        done = subprocess.run(
            [shell(version), path], input=text.encode(), capture_output=True, timeout=60, check=True
        )
        assert done.stderr == b""
        with closing(connect(path)) as connection, any_text(connection):
            for view in VIEWS:
                if view in ("v_phases", "v_sessions"):
                    continue  # the row that was written last is in one of their own
                others = "WHERE agent_name <> 'last'"
                found = read(connection, f"SELECT * FROM copy_of_{view} ORDER BY 1, 2, 3")
                right = read(connection, f"SELECT * FROM {view} {others} ORDER BY 1, 2, 3")
                assert len(found) > 4
                assert list(map(exact, found)) == list(map(exact, right))
                for one, other in zip(found, right, strict=True):
                    # Versions round what lies in the middle up or down.
                    assert all(is_near(one[name], other[name], 1.1e-4) for name in reals(one))
            failed = "SELECT failed FROM v_agents WHERE agent_name = 'last'"
            assert connection.execute(failed).fetchone() == (1,)
