"""Metadata for Datasette say what is in the database, and nothing else."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from conftest import MakeDatabase, connect

from aggregates.cli import main
from aggregates.faces.datasette import metadata


def invoke(database: str, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(
        main, ["datasette", *arguments, "--database", database], catch_exceptions=False
    )


def written(database: str, *arguments: str) -> Any:
    """What the command prints, read again."""
    done = invoke(database, *arguments)
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
    done = invoke(str(tmp_path / "nothing.db"), str(tmp_path / "metadata.json"))
    assert done.exit_code == 10
    assert not list(tmp_path.iterdir())
    done = invoke("postgresql://user:secret@host/logs")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: Datasette opens SQLite files")
    assert "secret" not in done.stderr
