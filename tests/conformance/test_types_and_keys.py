"""Columns of types that hold numbers as such, and keys with gaps between them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hooks import HOOK_TABLES
from oracle import differences, recompute, stored

from aggregates.engines import open_database
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.proving.repairing import verify

VALUES = (5, 5.5, -0.0, 1e300, "5", "5.5", "five", "fi\0ve", b"five", "", None)


@pytest.mark.parametrize("type_", ["", "REAL", "NUMERIC", "INTEGER", "VARCHAR(9)", "POINT", "TEXT"])
def test_a_real_number_is_no_name_whatever_the_type_of_its_column(type_: str, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = HOOK_TABLES
        for name in ("phase", "model", "tool_name"):
            tables = tables.replace(f"{name} TEXT", f"{name} {type_}")
        connection.executescript(tables)

        def write() -> None:
            for value in VALUES:
                connection.execute(
                    "INSERT INTO agent_invocations (agent_name, phase, model) VALUES ('a', ?, ?)",
                    (value, value),
                )
                connection.execute("INSERT INTO agent_tool_uses (tool_name) VALUES (?)", (value,))

        write()
        upgrade(str(path))
        write()
        assert differences(stored(connection), recompute(connection)) == []
    assert verify(open_database(path), catalogue).drifts == []


@pytest.mark.parametrize("gap", [1, 700, 10**15])
def test_slices_go_past_gaps_between_keys(gap: int, path: Path) -> None:
    ids = [*range(-1500, 1501)]
    for _ in range(3):
        ids += range(ids[-1] + gap, ids[-1] + gap + 1200)
        ids += (ids[-1] + gap * (number + 1) for number in range(40))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(HOOK_TABLES)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO agent_invocations (id, agent_name) VALUES (?, 'a')",
            [(one,) for one in ids],
        )
        connection.execute("COMMIT")
        upgrade(str(path))
        counted = connection.execute("SELECT invocations FROM agent_activity").fetchone()
    assert counted == (len(ids),)
    assert verify(open_database(path), catalogue).drifts == []


def test_slices_end_at_the_highest_key(path: Path) -> None:
    ids = range(2**63 - 1500, 2**63)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(HOOK_TABLES)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO agent_invocations (id, agent_name) VALUES (?, 'a')",
            [(one,) for one in ids],
        )
        connection.execute("COMMIT")
        upgrade(str(path))
        counted = connection.execute("SELECT invocations FROM agent_activity").fetchone()
    assert counted == (len(ids),)
    assert verify(open_database(path), catalogue).drifts == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent_workflow.db"
