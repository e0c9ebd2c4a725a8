"""Files in each encoding of SQLite: what is derived and mended is right, and stays so."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from derived_oracle import derived_differences
from oracle import differences, recompute, stored

from aggregates.engines import open_database
from aggregates.engines.sqlite.hooks_schema import HOOK_TABLES
from aggregates.engines.tables import DERIVED
from aggregates.installing.upgrading import upgrade
from aggregates.model.catalogue import catalogue
from aggregates.proving.repairing import repair, verify
from aggregates.sessions import Deriver

NAMES = ("s1", "é😀", "漢字", "0.0")


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_derived_and_mended_values_are_right(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "agent_workflow.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        for table in HOOK_TABLES.values():
            connection.execute(table)
        upgrade(str(path))
        for name in NAMES:
            connection.execute(
                "INSERT INTO agent_invocations (agent_name, session_id, start_time, end_time,"
                " status, raw_output) VALUES (?, ?, '2026-10-01T10:00:00', '2026-10-01T10:01:00',"
                " 'completed', ?)",
                (
                    f"of {name}",
                    name,
                    f'{{"is": "{name}", "totalTokens": 12,"totalToolUseCount":3}}',
                ),
            )
            connection.execute(
                "INSERT INTO sessions (session_id, start_time, end_time, status)"
                " VALUES (?, '2026-10-01T10:00:00', '2026-10-01T10:09:00', 'completed')",
                (name,),
            )
        opened = open_database(path)
        with opened.own_connection() as own:
            assert Deriver(own, catalogue.bounds).round(100).is_complete
        assert verify(opened, catalogue).drifts == []
        counted = connection.execute("SELECT tokens_sum, tool_calls_sum FROM agent_stats")
        assert counted.fetchall() == [(12, 3)] * len(NAMES)
        found = dict(connection.execute("SELECT first_agent, sessions FROM session_durations"))
        assert found == {f"of {name}": 1 for name in NAMES}
        connection.execute("UPDATE agent_stats SET invocations = 9")
        connection.execute("UPDATE session_durations SET sessions = 9")
        connection.execute(f"UPDATE {DERIVED} SET first_agent = 'wrong'")
        assert repair(opened, catalogue).drifts
        assert verify(opened, catalogue).drifts == []
        assert derived_differences(connection) == []
        assert differences(stored(connection), recompute(connection)) == []
