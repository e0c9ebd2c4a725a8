"""Each step down leaves just what an upgrade to there makes: schema, and rows that are frozen."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from following_revision import AGGREGATES, LEDGER, far_extended
from hooks import HOOK_TABLES

from aggregates.engines import open_database
from aggregates.installing.upgrading import downgrade, upgrade
from aggregates.model.catalogue import catalogue
from aggregates.proving import inspecting


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrations with one more revision, so that there are two steps to go down."""
    return far_extended(tmp_path_factory.mktemp("folder"))


def contents(path: Path) -> tuple[list[tuple[str, ...]], dict[str, list[tuple[str, ...]]]]:
    with closing(sqlite3.connect(path)) as connection:
        schema = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        ).fetchall()
        rows = {
            name: sorted(connection.execute(f"SELECT * FROM {name}"))
            for name in ("aggregate_descriptions", "duration_bounds")
            if ("table", name) in {one[:2] for one in schema}
        }
    return schema, rows


@pytest.mark.parametrize("revision", [LEDGER, AGGREGATES])
def test_a_step_down_is_as_if_never_gone_up(revision: str, folder: Path, tmp_path: Path) -> None:
    fresh, back = tmp_path / "fresh.db", tmp_path / "back.db"
    for path in (fresh, back):
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(HOOK_TABLES)
    upgrade(str(fresh), revision=revision, folder=folder)
    upgrade(str(back), folder=folder)
    assert len(contents(back)[0]) > len(contents(fresh)[0])
    downgrade(str(back), revision=revision, folder=folder)
    assert contents(back) == contents(fresh)
    assert set(contents(back)[1]) == (
        {"aggregate_descriptions", "duration_bounds"} if revision == AGGREGATES else set()
    )
    with open_database(back).reading() as connection:
        found = inspecting.inspect(connection, catalogue.sources)
    assert [one.kind for one in found.findings] == (["revision"] if revision == LEDGER else [])
