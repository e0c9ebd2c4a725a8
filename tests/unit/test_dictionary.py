"""Every table, view and column that people may read is described."""

import sqlite3
from contextlib import closing

import pytest
from conftest import MakeDatabase, connect

from aggregates.frozen.layout import wrapped
from aggregates.model.catalogue import catalogue
from aggregates.model.dictionary import dictionary

SOURCES = [source.name for source in catalogue.sources]
THEIRS = {*SOURCES, "tool_uses", "alembic_version"}
ENTRIES = list(dictionary(catalogue))


@pytest.fixture(scope="module")
def columns(migrated_database: MakeDatabase) -> dict[str, list[str]]:
    """The columns of every public table and view of a migrated database."""
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        names = [name for (name,) in connection.execute(query)]
        return {
            name: columns_of(connection, name)
            for name in names
            if not name.startswith(("_", "sqlite_"))
        }


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def test_nothing_is_missing_and_nothing_is_left_over(columns: dict[str, list[str]]) -> None:
    there = {
        (table, column)
        for table, names in columns.items()
        if table not in THEIRS
        for column in ("", *names)
    }
    assert {entry[:2] for entry in ENTRIES if entry[0] not in THEIRS} == there


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_described_and_what_of_it_is_tracked(
    source: str, columns: dict[str, list[str]]
) -> None:
    described = {column for table, column, _ in ENTRIES if table == source}
    assert "" in described
    assert described - {""} <= set(columns[source])


@pytest.mark.parametrize(
    "view", [one for one in catalogue.views if one.columns], ids=lambda view: view.name
)
def test_a_view_is_described_in_its_own_order(view: object, columns: dict[str, list[str]]) -> None:
    name = getattr(view, "name", "")
    described = [column for table, column, _ in ENTRIES if table == name and column]
    assert described == columns[name]


def test_descriptions_are_one_line_each_and_stand_once() -> None:
    keys = [entry[:2] for entry in ENTRIES]
    assert len(keys) == len(set(keys))
    for *_, description in ENTRIES:
        assert description.strip() == description != ""
        assert "\n" not in description


def test_the_database_says_the_same(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        stored = connection.execute("SELECT * FROM aggregate_descriptions").fetchall()
    assert sorted(stored) == sorted(ENTRIES)


def test_no_literal_is_broken_as_lines_are_laid_out() -> None:
    words = " ".join(["word"] * 19)
    sql = f"INSERT INTO t VALUES ('{words}'), ('x')"
    assert wrapped(sql) == f"INSERT INTO t VALUES\n    ('{words}'),\n    ('x')"
