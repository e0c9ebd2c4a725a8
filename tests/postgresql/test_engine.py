"""How the engine is found, and what a statement of a job becomes."""

import sys

import pytest

from aggregates.engines import compiler, open_database
from aggregates.engines.postgresql.connection import _in_our_words
from aggregates.errors import AggregatesError
from aggregates.model.catalogue import catalogue


def test_the_driver_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "aggregates.engines.postgresql.database", raising=False)
    monkeypatch.setattr("aggregates.engines.postgresql.database", None, raising=False)
    monkeypatch.delattr("aggregates.engines.postgresql.database")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(AggregatesError, match=r"pip install 'agent-aggregates\[postgres\]'"):
        open_database("postgresql://localhost/agents")


def test_another_engine_is_refused() -> None:
    with pytest.raises(AggregatesError, match="mysql is not supported"):
        open_database("mysql://localhost/agents")


@pytest.mark.parametrize(
    ("statement", "right"),
    [
        ("SELECT 1 FROM main.t WHERE a = ?", "SELECT 1 FROM t WHERE a = %s"),
        ("SELECT '?', 'it''s :a', a::text, b % 2 WHERE a = :name", None),
        ("SELECT 'main.' || :a", "SELECT 'main.' || %(a)s"),
    ],
)
def test_parameters_are_marked_outside_of_texts(statement: str, right: str | None) -> None:
    right = right or "SELECT '?', 'it''s :a', a::text, b %% 2 WHERE a = %(name)s"
    assert _in_our_words(statement, True) == right


def test_nothing_is_doubled_without_parameters() -> None:
    assert _in_our_words("SELECT a % 2, '%' FROM main.t", False) == "SELECT a % 2, '%' FROM t"


def test_facts_are_computed_once_a_row() -> None:
    """Each level stands behind OFFSET 0: a time is read once, whoever asks for it."""
    postgresql = compiler("postgresql")
    for source in catalogue.sources:
        sql = postgresql.facts_where(source, ("start",), "true")
        assert sql.count("_aggregates_time(") == 2
        assert sql.count("OFFSET 0") >= 2
