"""A definition that is added to the catalogue becomes a revision, and the revision is exact."""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from conftest import MakeDatabase, connect
from following_revision import (
    AGGREGATES,
    COMPILER,
    EXTENDED,
    FAR_EXTENDED,
    SESSION_TOKENS,
    copy_of_migrations,
    head_of,
)

from aggregates.errors import DefinitionError
from aggregates.frozen import freezing
from aggregates.frozen import statements as files
from aggregates.installing import upgrading
from aggregates.model.catalogue import BY_SESSION, agent_stats, catalogue, session_agents
from aggregates.model.definition import Catalogue, Measure

ROWS = [
    ("s1", "a", "m", '{"totalTokens": 5}'),
    ("s1", "b", "m", '{"totalTokens": 7}'),
    ("s2", "a", None, '{"totalTokens": 11}'),
    ("s2", "a", "m", None),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may add to."""
    return copy_of_migrations(tmp_path)


def extended_by(*changes: tuple[object, object]) -> Catalogue:
    """The catalogue with some definitions in the place of others; None adds or removes one."""
    definitions = [*catalogue.definitions]
    for old, new in changes:
        position = len(definitions) if old is None else definitions.index(old)
        definitions[position : position + 1] = [] if new is None else [new]
    return replace(catalogue, definitions=tuple(definitions))


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
    assert re.fullmatch(r"[0-9a-f]{12}_session_tokens\.py", path.name)
    assert head_of(folder) == path.name[:12]
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
        upgrading.downgrade(str(database), revision=AGGREGATES, folder=folder)
        assert schema(connection) == before
        connection.execute("DELETE FROM agent_invocations")
        left = "SELECT count(*) FROM agent_stats WHERE invocations <> 0"
        assert connection.execute(left).fetchone() == (0,)


def test_a_revision_freezes_what_it_adds_and_changes_and_nothing_again(folder: Path) -> None:
    before = freezing.frozen(folder)
    path = freezing.write_revision("x", COMPILER, EXTENDED, folder)
    assert path is not None
    here = path.with_suffix("")
    assert {one.name for one in here.iterdir()} == {
        *("tables.sql", "folds_agent_invocations.sql", "posting_agent_invocations.sql"),
        *("review.md",),
    }
    made = {(one.kind, one.name): one for one in files.made(here)}
    assert made.keys() == {
        ("table", "session_tokens"),
        ("data", "aggregate_descriptions session_tokens"),
        ("trigger", "_aggregates_run_post_rows"),
    }
    assert all(one.sql != before[key].sql for key, one in made.items() if key in before)
    assert freezing.write_revision("y", COMPILER, EXTENDED, folder) is None


def test_the_module_is_one_that_alembic_takes_and_names_its_sources(folder: Path) -> None:
    path = freezing.write_revision("More of all", COMPILER, FAR_EXTENDED, folder)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert 'SOURCES = ("agent_invocations", "sessions", "agent_tool_uses")\n' in text
    found = ScriptDirectory(str(folder)).get_revision(path.name[:12])
    assert found is not None
    assert found.down_revision == AGGREGATES
    assert found.doc == "More of all"


def test_the_review_says_just_what_changed(folder: Path) -> None:
    path = freezing.write_revision("x", COMPILER, EXTENDED, folder)
    assert path is not None
    text = (path.with_suffix("") / "review.md").read_text(encoding="utf-8")
    head, _, difference = text.partition("```diff\n")
    assert head.splitlines() == [
        "# What this revision changes",
        "",
        "- new table `session_tokens`",
        "- new data `aggregate_descriptions session_tokens`",
        "- trigger `_aggregates_run_post_rows`, changed:",
        "",
    ]
    lines = difference.removesuffix("```\n").splitlines()
    assert not [line for line in lines if line.startswith("-")]
    added = "\n".join(line[1:] for line in lines if line.startswith("+"))
    assert added.startswith("INSERT INTO session_tokens")
    assert len([line for line in lines if line.startswith(" ")]) <= 2, "one line around it"


def test_a_description_that_changes_is_frozen_and_put_back(
    folder: Path, migrated_database: MakeDatabase
) -> None:
    clearer = replace(agent_stats, description="all rows, over all time")
    path = freezing.write_revision("x", COMPILER, extended_by((agent_stats, clearer)), folder)
    assert path is not None
    assert [one.name for one in files.made(path.with_suffix(""))] == [
        "aggregate_descriptions agent_stats"
    ]
    review = (path.with_suffix("") / "review.md").read_text(encoding="utf-8")
    assert "\n-  ('agent_stats', '', 'all rows, all-time'),\n+  ('agent_stats', ''," in review
    query = "SELECT * FROM aggregate_descriptions ORDER BY 1, 2"
    with migrated_database("plain") as database, closing(connect(database)) as connection:
        before = connection.execute(query).fetchall()
        upgrading.upgrade(str(database), folder=folder)
        after = connection.execute(query).fetchall()
        assert set(after) ^ set(before) == {
            ("agent_stats", "", one.description) for one in (agent_stats, clearer)
        }
        upgrading.downgrade(str(database), revision=AGGREGATES, folder=folder)
        assert connection.execute(query).fetchall() == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            extended_by((agent_stats, replace(agent_stats, dimensions=agent_stats.dimensions[1:]))),
            "^agent_stats is released and would change",
        ),
        (
            extended_by((agent_stats, None)),
            "^released, and not in the catalogue: .*agent_stats",
        ),
        (
            extended_by(
                (
                    session_agents,
                    replace(
                        session_agents,
                        measures=(Measure("runs", session_agents.measures[0].expression, "runs"),),
                    ),
                )
            ),
            "^_aggregates_by_session is released and would change",
        ),
        (
            extended_by(
                (
                    None,
                    replace(
                        SESSION_TOKENS,
                        measures=(
                            Measure("invocations", SESSION_TOKENS.measures[0].expression, "x"),
                        ),
                        cluster=BY_SESSION,
                        part=5,
                    ),
                )
            ),
            "^session_tokens: the cluster _aggregates_by_session is released, and filled",
        ),
        (replace(catalogue, bounds=catalogue.bounds[1:]), "^duration_bounds is released and would"),
        (
            replace(catalogue, views=catalogue.views[:-1]),
            "^released, and not in .*v_tools_by_agent",
        ),
    ],
    ids=["a key", "a table", "a measure", "a cluster", "bounds", "a view"],
)
def test_what_is_released_does_not_change(changed: Catalogue, message: str, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(DefinitionError, match=message):
        freezing.write_revision("x", COMPILER, changed, folder)
    assert sorted(folder.rglob("*")) == before
