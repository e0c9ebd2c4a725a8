"""Tools as the reader shows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect

from aggregates import Store


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as path:
        yield path


def add_uses(
    writer: sqlite3.Connection,
    agent: str | None,
    tool: str,
    status: str,
    *seconds: float | None,
) -> None:
    """One use for each duration."""
    writer.executemany(
        "INSERT INTO agent_tool_uses (agent_name, tool_name, status, duration_seconds)"
        " VALUES (?, ?, ?, ?)",
        [(agent, tool, status, duration) for duration in seconds],
    )


def test_statistics_of_a_tool(path: Path) -> None:
    with closing(connect(path)) as writer, Store(path) as store:
        add_uses(writer, "alpha", "Read", "completed", 0.011, 0.011, 0.011)
        add_uses(writer, "alpha", "Read", "error", 0.012)
        add_uses(writer, "alpha", "Read", "started", None)
        add_uses(writer, "beta", "Read", "started", None)
        read, unfinished = store.tools()
        assert store.tools(agent="beta") == [unfinished]
        assert store.tools(agent="gamma") == []
    assert (read.agent_name, read.tool_name) == ("alpha", "Read")
    assert (read.uses, read.succeeded, read.failed, read.ended) == (5, 3, 1, 4)
    assert (read.success_rate, read.mean_duration_ms) == (0.75, 11.25)
    assert (read.duration_count, read.duration_ms_sum) == (4, 45)
    assert (read.p50_ms, read.p95_ms) == (11, 12)
    assert (unfinished.success_rate, unfinished.mean_duration_ms) == (None, None)
    assert (unfinished.p50_ms, unfinished.p95_ms) == (None, None)


def test_the_tools_of_an_agent(path: Path) -> None:
    with closing(connect(path)) as writer, Store(path) as store:
        writer.executemany(
            "INSERT INTO agent_invocations (agent_name) VALUES (?)", [("alpha",)] * 4 + [("idle",)]
        )
        add_uses(writer, "alpha", "Write", "completed", 1, 1)
        add_uses(writer, "alpha", "Edit", "completed", 1, 1)
        add_uses(writer, "alpha", "", "completed", 1, 1, 1)
        add_uses(writer, None, "Read", "started", None)
        alpha, nobody = store.agent_tools()
        assert store.agent_tools(agent="") == [nobody]
        assert list(store.collect().agent_tools) == [alpha, nobody]
    assert (alpha.agent_name, alpha.tools, alpha.uses, alpha.invocations) == ("alpha", 2, 7, 4)
    assert alpha.uses_per_invocation == 1.75
    assert (alpha.primary_tool, alpha.primary_tool_uses) == ("Edit", 2)
    assert (nobody.agent_name, nobody.invocations, nobody.uses_per_invocation) == ("", 0, None)
