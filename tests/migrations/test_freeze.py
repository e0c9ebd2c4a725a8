"""A definition that is added to the catalogue becomes a revision, and the revision is exact."""

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MakeDatabase, connect

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.errors import DefinitionError
from aggregates.frozen import freezing
from aggregates.frozen.statements import migrations_folder
from aggregates.installing import upgrading
from aggregates.model.catalogue import MODEL, SESSION, agent_invocations, agent_stats, catalogue
from aggregates.model.definition import Aggregate, Measure

SESSION_TOKENS = Aggregate(
    name="session_tokens",
    source=agent_invocations,
    dimensions=(SESSION, MODEL),
    measures=(Measure("tokens_sum", agent_invocations.fact("token_count"), "tokens"),),
    description="tokens of each session by model",
)
EXTENDED = replace(catalogue, definitions=(*catalogue.definitions, SESSION_TOKENS))
COMPILER = SQLite()
NEXT = f"{int(upgrading.head()) + 1:04}"
ROWS = [
    ("s1", "a", "m", '{"totalTokens": 5}'),
    ("s1", "b", "m", '{"totalTokens": 7}'),
    ("s2", "a", None, '{"totalTokens": 11}'),
    ("s2", "a", "m", None),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may add to."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(migrations_folder(), tmp_path / "migrations", ignore=ignored))


def schema(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Everything that is installed."""
    query = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    return connection.execute(query).fetchall()


def stored(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """The new aggregate."""
    rows = connection.execute("SELECT session_id, model, tokens_sum FROM session_tokens")
    return {row[:2]: row[2] for row in rows if row[2]}


def right(rows: list[tuple[str, str, str | None, str | None]]) -> dict[tuple[str, str], int]:
    """What it should hold."""
    sums: Counter[tuple[str, str]] = Counter()
    for session, _, model, output in rows:
        sums[session, model or ""] += int(output.split(": ")[1].rstrip("}")) if output else 0
    return {key: value for key, value in sums.items() if value}


def test_nothing_is_written_where_head_says_it_all(folder: Path) -> None:
    assert freezing.write_revision("nothing", COMPILER, catalogue, folder) is None
    assert freezing.same(freezing.live(COMPILER, catalogue), freezing.frozen(folder))


def test_an_added_aggregate_is_filled_and_kept_exact(
    folder: Path, migrated_database: MakeDatabase
) -> None:
    insert = (
        "INSERT INTO agent_invocations (session_id, agent_name, model, raw_output)"
        " VALUES (?, ?, ?, ?)"
    )
    path = freezing.write_revision("Session tokens", COMPILER, EXTENDED, folder)
    assert path is not None
    assert path.name == f"{NEXT}_session_tokens.py"
    assert freezing.same(freezing.live(COMPILER, EXTENDED), freezing.frozen(folder))
    with migrated_database("plain") as database, closing(connect(database)) as connection:
        connection.executemany(insert, ROWS)
        before = schema(connection)
        upgrading.upgrade(str(database), folder=folder)
        assert stored(connection) == right(ROWS)
        connection.executemany(insert, ROWS)
        connection.execute("UPDATE agent_invocations SET model = 'n' WHERE session_id = 's1'")
        connection.execute("DELETE FROM agent_invocations WHERE id = 1")
        changed = [row if row[0] != "s1" else (*row[:2], "n", row[3]) for row in [*ROWS, *ROWS]]
        assert stored(connection) == right(changed[1:])
        (count,) = connection.execute("SELECT sum(invocations) FROM agent_stats").fetchone()
        assert count == 7
        upgrading.downgrade(str(database), revision=upgrading.head(), folder=folder)
        assert schema(connection) == before
        connection.execute("DELETE FROM agent_invocations")
        assert connection.execute("SELECT count(*) FROM agent_stats").fetchone() == (0,)


def test_a_released_table_does_not_change(folder: Path) -> None:
    fewer = replace(agent_stats, dimensions=agent_stats.dimensions[1:])
    others = tuple(one for one in catalogue.definitions if one is not agent_stats)
    with pytest.raises(DefinitionError, match="agent_stats is released"):
        freezing.write_revision(
            "x", COMPILER, replace(catalogue, definitions=(fewer, *others)), folder
        )
    with pytest.raises(DefinitionError, match="agent_stats"):
        freezing.write_revision("x", COMPILER, replace(catalogue, definitions=others), folder)
    assert not list((folder / "versions").glob(f"{NEXT}*"))
