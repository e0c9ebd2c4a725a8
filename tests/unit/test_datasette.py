"""Metadata for Datasette say what is in the database, and nothing else."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from conftest import MakeDatabase, connect

from aggregates.datasette import datasette_command, metadata
from aggregates.errors import AggregatesError, DatabaseMissing


class Settings:
    """The options that commands share."""

    def __init__(self, database: str) -> None:
        self.database = database

    def named_database(self) -> str:
        """The database of the options."""
        return self.database


def written(database: str, *arguments: str) -> Any:
    """What the command prints, read again."""
    done = CliRunner().invoke(
        datasette_command, arguments, obj=Settings(database), catch_exceptions=False
    )
    assert done.exit_code == 0
    return json.loads(done.stdout) if done.stdout else None


def test_metadata() -> None:
    descriptions = [("agent_activity", "", "agents"), ("agent_activity", "sessions", "distinct")]
    found = metadata("logs", descriptions, {"_x": "table", "_y": "view"})
    assert found["databases"].keys() == {"logs"}
    assert found["databases"]["logs"]["tables"] == {
        "agent_activity": {
            "description": "agents",
            "columns": {"sessions": "distinct"},
            "sort_desc": "invocations",
        },
        "_x": {"hidden": True},
        "_y": {"allow": False},
    }


def test_the_command_knows_the_database(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path:
        found = written(f"sqlite:///{path}")["databases"]["agent_workflow"]
        with closing(connect(path)) as connection:
            kinds = dict(
                connection.execute(
                    "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
                )
            )
            for query in found["queries"].values():
                connection.execute(query["sql"], {"day": "2026-10-01", "agent": "a"})
            for name, shown in found["tables"].items():
                assert name in kinds
                names = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
                assert shown.get("columns", {}).keys() <= names
                assert {*filter(None, [shown.get("sort_desc")])} <= names
    for name, kind in kinds.items():
        if name.startswith("_"):
            hidden = {"hidden": True} if kind == "table" else {"allow": False}
            assert found["tables"][name] == hidden


def test_the_command_writes_a_file(migrated_database: MakeDatabase, tmp_path: Path) -> None:
    with migrated_database("plain") as path:
        assert written(str(path), str(tmp_path / "metadata.json")) is None
        assert json.loads((tmp_path / "metadata.json").read_text("ascii")) == written(str(path))


def test_a_database_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing):
        written(str(tmp_path / "nothing.db"), str(tmp_path / "metadata.json"))
    assert not list(tmp_path.iterdir())
    with pytest.raises(AggregatesError, match=r"^Datasette opens SQLite files"):
        written("postgresql://user:secret@host/logs")


def test_the_command_can_be_registered() -> None:
    assert isinstance(datasette_command, click.Command)
    assert datasette_command.name == "datasette"
