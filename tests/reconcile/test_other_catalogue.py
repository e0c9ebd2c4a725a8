"""A program may bring a catalogue of its own: every job is about that one."""

from contextlib import closing
from pathlib import Path

import pytest
from conftest import connect
from samples import copy

from aggregates import AggregatesError, Store
from aggregates.errors import DefinitionError
from aggregates.model.catalogue import catalogue
from aggregates.testing import assert_consistent

TOOLS = catalogue.only(["tool_stats", "tool_durations"])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """With a drift in two tables, one of which is of the catalogue."""
    path = copy(tmp_path)
    with closing(connect(path)) as connection:
        connection.execute("UPDATE agent_stats SET tokens_sum = tokens_sum + 1")
        connection.execute("UPDATE tool_stats SET uses = uses + 1")
        connection.commit()
    return path


def test_its_tables_are_proved_and_mended(database: Path) -> None:
    with Store(database, catalogue=TOOLS) as store:
        found = store.verify()
        assert found.tables == ("tool_stats", "tool_durations")
        assert {one.table for one in found.drifts} == {"tool_stats"}
        store.repair()
        assert store.verify().drifts == []
        with pytest.raises(DefinitionError, match="agent_stats; there are tool_stats, tool_dur"):
            store.verify(tables=["agent_stats"])
    with Store(database) as store:
        assert {one.table for one in store.verify().drifts} == {"agent_stats"}


def test_its_tables_are_rebuilt(database: Path) -> None:
    with Store(database, catalogue=TOOLS) as store:
        assert store.rebuild().tables == ("tool_stats", "tool_durations")
    with Store(database) as store:
        assert {one.table for one in store.verify().drifts} == {"agent_stats"}


def test_its_sources_are_those_that_have_a_log(database: Path) -> None:
    with Store(database, catalogue=TOOLS) as store:
        assert store.log("agent_tool_uses").ends() >= (1, 0)
        with pytest.raises(AggregatesError, match="agent_invocations is no source"):
            store.log("agent_invocations")


def test_its_tables_are_those_that_a_test_suite_checks(database: Path) -> None:
    with closing(connect(database)) as connection:
        with pytest.raises(AssertionError, match="tool_stats") as caught:
            assert_consistent(connection, TOOLS)
        assert "agent_stats" not in str(caught.value)
        assert_consistent(connection, catalogue.only(["agent_hourly"]))
