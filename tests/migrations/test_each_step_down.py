"""Each step down leaves just what an upgrade to there makes: schema, and rows that are frozen."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hooks import HOOK_TABLES

from aggregates.engines import open_database
from aggregates.installing.upgrading import downgrade, upgrade
from aggregates.model.catalogue import catalogue
from aggregates.proving import inspecting


def contents(path: Path) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        schema = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        ).fetchall()
        rows = connection.execute("SELECT * FROM aggregate_descriptions ORDER BY 1, 2").fetchall()
    return schema, rows


@pytest.mark.parametrize("revision", ["0002", "0003"])
def test_a_step_down_is_as_if_never_gone_up(revision: str, tmp_path: Path) -> None:
    fresh, back = tmp_path / "fresh.db", tmp_path / "back.db"
    for path in (fresh, back):
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(HOOK_TABLES)
    upgrade(str(fresh), revision=revision)
    upgrade(str(back))
    downgrade(str(back), revision=revision)
    assert contents(back)[1] == contents(fresh)[1]
    ours = [one for one in contents(back)[0] if "agent_tool_uses" not in one[1]]
    assert ours == [one for one in contents(fresh)[0] if "agent_tool_uses" not in one[1]]
    with open_database(back).reading() as connection:
        found = inspecting.inspect(connection, catalogue.sources)
    assert [one.kind for one in found.findings] == ["revision"]
