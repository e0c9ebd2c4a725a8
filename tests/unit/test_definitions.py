"""Definitions that contradict themselves are refused as they are made, and say why."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import and_, column, func, literal

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.errors import DefinitionError
from aggregates.model.catalogue import (
    MODEL,
    SESSION,
    agent_invocations,
    catalogue,
    session_agents,
)
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
    Cluster,
    Dimension,
    DistinctCount,
    Extreme,
    Fact,
    Filter,
    Listing,
    Measure,
    Source,
    Tracked,
)

ONE = Measure("rows", literal(1), "rows")
AGENT = Dimension("agent_name", agent_invocations.fact("agent"), "agent")
ALL = Filter("all", literal(True), "all rows")


def aggregate(**changes: Any) -> Aggregate:
    """A definition, with something wrong."""
    parts: dict[str, Any] = {
        "name": "x",
        "source": agent_invocations,
        "dimensions": (AGENT,),
        "measures": (ONE,),
        "description": "x",
    }
    return Aggregate(**(parts | changes))


def source(*facts: Fact) -> Source:
    """A source with one tracked column, `a`."""
    return Source(
        name="s",
        key="id",
        log="s_changes",
        log_key="s_id",
        tracked=(Tracked("a", "a"),),
        extracted=(),
        facts=facts,
        required=(),
        description="s",
    )


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("agent_name", {"dimensions": (Dimension("agent_name", column("agnet"), "agent"),)}),
        ("rows", {"measures": (Measure("rows", func.coalesce(column("agnet"), 0), "rows"),)}),
        ("f", {"filter": Filter("f", and_(literal(True), column("agnet") == 1), "f")}),
    ],
)
def test_a_part_that_reads_an_unknown_fact_is_named(part: str, changes: dict[str, Any]) -> None:
    message = rf"^x\.{part}: agent_invocations has no fact agnet$"
    with pytest.raises(DefinitionError, match=message):
        aggregate(**changes)


def test_a_listing_that_reads_an_unknown_fact_is_named() -> None:
    wrong = Dimension("phase", column("agnet"), "phase")
    with pytest.raises(DefinitionError, match=r"^x\.phase: agent_invocations has no fact agnet$"):
        Listing("x", agent_invocations, (AGENT,), ALL, "x", attributes=(wrong,))


def test_a_raw_column_is_not_a_fact() -> None:
    with pytest.raises(DefinitionError, match=r"^agent_invocations has no fact duration_seconds$"):
        agent_invocations.fact("duration_seconds")


def test_the_key_can_be_read_as_a_fact() -> None:
    assert str(agent_invocations.fact("invocation_id")) == "invocation_id"


def test_a_fact_reads_the_image_and_what_stands_before_it() -> None:
    first, second = Fact("one", column("a"), "one"), Fact("two", column("one"), "two")
    assert source(first, second).facts == (first, second)
    with pytest.raises(DefinitionError, match=r"^s: fact two reads \['one'\]$"):
        source(second, first)
    with pytest.raises(DefinitionError, match=r"^s: fact x reads \['b', 'c'\]$"):
        source(Fact("x", column("a") + column("b") + column("c"), "x"))


def test_a_name_stands_once() -> None:
    with pytest.raises(DefinitionError, match=r"^defined twice: \['x'\]$"):
        Catalogue((aggregate(), aggregate()), (), bounds=(1,))


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        (
            {"distinct_counts": (DistinctCount("n", "session_agents", "session_id", "n"),)},
            "session_agents",
        ),
        ({"extremes": (Extreme("first", "min", "starts", "start", "first"),)}, "starts"),
    ],
)
def test_a_table_that_a_definition_needs_has_to_be_there(
    changes: dict[str, Any], needed: str
) -> None:
    with pytest.raises(DefinitionError, match=rf"^x needs \['{needed}'\]$"):
        Catalogue((aggregate(**changes),), (), bounds=(1,))


def test_a_needed_table_may_stand_anywhere_in_the_catalogue() -> None:
    counted = aggregate(
        distinct_counts=(DistinctCount("n", "session_agents", "session_id", "n"),),
        filter=session_agents.filter,
    )
    for definitions in ((counted, session_agents), (session_agents, counted)):
        assert Catalogue(definitions, (), bounds=(1,))["x"] is counted


def test_a_definition_that_is_not_there_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"^there is no definition of nothing$"):
        catalogue["nothing"]


def test_a_cluster_is_by_the_first_dimension_of_each() -> None:
    with pytest.raises(DefinitionError, match=r"^x: _aggregates_by_session is by session_id$"):
        aggregate(cluster=Cluster("_aggregates_by_session", "session_id"))


def test_a_count_is_not_kept_in_the_cluster_of_its_pairs() -> None:
    """A view may count them, as they lie side by side."""
    cluster = Cluster("_aggregates_by_agent_name", "agent_name")
    other = Dimension("phase", agent_invocations.fact("phase_name"), "phase")
    pairs = replace(aggregate(dimensions=(AGENT, other), cluster=cluster, part=1), name="pairs")
    count = DistinctCount("phases", "pairs", "phase", "phases")
    counted = aggregate(distinct_counts=(count,), cluster=cluster)
    with pytest.raises(DefinitionError, match=r"^x\.phases: pairs lies in the same cluster:"):
        Catalogue((pairs, counted), (), bounds=(1,))
    Catalogue((replace(pairs, cluster=None, part=0), counted), (), bounds=(1,))
    viewed = replace(counted, distinct_counts=(replace(count, is_stored=False),))
    Catalogue((pairs, viewed), (), bounds=(1,))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"owner": "application"}, "pairs is posted by another trigger"),
        ({"filter": ALL}, "pairs is posted by another trigger"),
        ({"dimensions": (AGENT, MODEL)}, "an end of a row moves pairs of pairs"),
    ],
)
def test_a_count_that_would_not_see_its_pairs_come_and_go_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    pairs = replace(aggregate(dimensions=(AGENT, SESSION)), name="pairs")
    counted = aggregate(distinct_counts=(DistinctCount("n", "pairs", "session_id", "n"),))
    Catalogue((pairs, counted), (), bounds=(1,))
    with pytest.raises(DefinitionError, match=rf"^x\.n: {message}"):
        Catalogue((replace(pairs, **changes), counted), (), bounds=(1,))


def test_a_listing_whose_keys_an_end_changes_is_refused() -> None:
    listing = Listing(
        name="x",
        source=agent_invocations,
        dimensions=(MODEL,),
        filter=ALL,
        description="x",
    )
    with pytest.raises(DefinitionError, match=r"^x: an end changes the key"):
        SQLite().posting(Catalogue((listing,), (), bounds=(1,)), agent_invocations)


def test_sums_of_one_name_are_kept_apart() -> None:
    def summed(of: str, **changes: Any) -> Aggregate:
        measure = Measure("amount", agent_invocations.fact(of), "an amount")
        return aggregate(measures=(measure,), **changes)

    fine = summed("token_count", name="fine", dimensions=(AGENT, MODEL))
    coarse = summed("tool_call_count", name="coarse", dimensions=(AGENT,))
    some = replace(catalogue, definitions=(fine, coarse), totals=(), views=())
    groups = SQLite().recomputation(some, agent_invocations).folding.groups
    assert ["token_count" in one for one in groups] == [True, False]
    assert ["tool_call_count" in one for one in groups] == [False, True]
