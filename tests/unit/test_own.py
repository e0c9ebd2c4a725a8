"""What may be declared of an application's own, and what is refused with a reason."""

from collections.abc import Callable

import pytest

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.errors import DefinitionError
from aggregates.frozen import units
from aggregates.model.definition import Aggregate
from aggregates.own import (
    Own,
    agent_invocations,
    aggregate,
    bucket,
    count,
    day,
    decimal,
    distinct,
    extend,
    highest,
    hour,
    integer,
    json,
    lowest,
    owned_by,
    table,
    text,
    time,
    total,
    unreadable,
    week,
)

orders = table(
    "orders",
    state=text("state"),
    price=decimal("price", 2),
    weight=integer("weight"),
    at=time("ordered_at"),
    team=text(json("extra", "team")),
)


def own(name: str = "by_state", **changes: object) -> Own:
    """An aggregate of orders, or of something else."""
    said: dict[str, object] = {"by": {"state": "state"}, "measures": {"orders": count()}}
    source = changes.pop("source", orders)
    return aggregate(name, source, "orders", **(said | changes))  # type: ignore[arg-type]


def main(one: Own) -> Aggregate:
    """The definition that people read."""
    return one.definitions[-1]


def test_every_kind_of_dimension_and_of_measure() -> None:
    one = own(
        by={"state": "state", "day": day("at"), "le_cents": bucket("price", 100, 1000)},
        measures={
            "orders": count(),
            "heavy": count(where=orders.fact("weight") > 10),
            "cents": total("price"),
            "teams": distinct("team"),
            "lightest": lowest("weight"),
            "latest": highest("at"),
        },
    )
    assert [each.name for each in one.definitions] == [
        "_aggregates_by_state_teams",
        "_aggregates_by_state_lightest",
        "_aggregates_by_state_latest",
        "by_state",
    ]
    assert main(one).key == ("state", "day", "le_cents")
    assert main(one).counts == ("orders", "heavy", "cents")
    assert [part.type for part in main(one).dimensions] == ["TEXT", "TEXT", "INTEGER"]


def test_a_source_keeps_what_is_read_of_it_and_nothing_else() -> None:
    (source,) = owned_by("acme", [own(measures={"cents": total("price")})]).sources
    assert [one.column for one in source.tracked] == ["state", "price"]
    assert (source.name, source.table, source.owner) == ("orders__acme", "orders", "acme")
    assert source.log == "_aggregates_orders__acme_changes"
    runs = extend(agent_invocations, ticket=text("ticket_id"))
    (source,) = owned_by("acme", [own(source=runs, by={"ticket": "ticket"})]).sources
    assert [one.column for one in source.tracked] == ["ticket_id"]
    (source,) = owned_by("acme", [own(source=agent_invocations, by={"a": "agent"})]).sources
    assert source is agent_invocations


def test_the_same_words_mean_the_same_and_descriptions_do_not_matter() -> None:
    def meaning(one: Own) -> dict[str, str]:
        catalogue = owned_by("acme", [one])
        texts = units.texts(SQLite(), catalogue)
        found = {name: units.Unit(name, text).meaning for name, text in texts.items()}
        assert found == units.meanings(catalogue)
        return found

    first = meaning(own())
    assert meaning(own(measures={"orders": count("how many")})) == first
    assert meaning(own(where=orders.fact("weight") > 1)) != first
    dearer = table("orders", state=text("state"), price=decimal("price", 3))
    cents = {"cents": total("price")}
    assert meaning(own(measures=cents)) != meaning(own(source=dearer, measures=cents))


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no such fact": (
        lambda: own(by={"state": "status"}),
        "by_state: orders has no fact status; there are _key, state",
    ),
    "a sum of texts": (lambda: own(measures={"x": total("state")}), "by_state.x: state is a text"),
    "a day of a number": (lambda: own(by={"d": day("price")}), "by_state.d: price is no time"),
    "a week of a number": (lambda: own(by={"d": week("price")}), "by_state.d: price is no time"),
    "an hour of a number": (lambda: own(by={"d": hour("price")}), "by_state.d: price is no time"),
    "buckets of a text": (
        lambda: own(by={"le": bucket("state", 1)}),
        "by_state.le: state is no number",
    ),
    "bounds that fall": (lambda: bucket("price", 2, 1), "price: bounds grow"),
    "a bound between integers": (lambda: bucket("price", 1, 1.5), "price: 1.5 is no bound: those"),  # type: ignore[arg-type]
    "a bound that is none": (lambda: bucket("price", True), "price: True is no bound: those"),
    "a bound too far away": (lambda: bucket("price", 2**63), "is no bound: those are integers"),
    "no bounds": (lambda: bucket("price"), "price: bounds grow"),
    "a name in capitals": (lambda: own("ByState"), "ByState: 'ByState' is not in small letters"),
    "a name of ours": (lambda: own("_aggregates_x"), "is not in small letters"),
    "nothing to count": (
        lambda: own(measures={"x": distinct("state")}),
        "by_state: it needs a dimension, and a count or a total",
    ),
    "one name for two": (
        lambda: own(measures={"state": count()}),
        r"by_state: \['state'\] are dimensions and measures",
    ),
    "a scale out of range": (lambda: decimal("price", 10), "a scale is from 0 to 9, not 10"),
    "half a scale": (lambda: decimal("price", 1.5), "a scale is from 0 to 9, not 1.5"),  # type: ignore[arg-type]
    "a name of a counter": (
        lambda: table("orders", a=integer("a"), unreadable_a=text("b")),
        "orders: unreadable_a is taken",
    ),
    "a text that cannot be read": (
        lambda: own(measures={"n": count(), "odd": unreadable("state")}),
        "orders has no fact unreadable_state",
    ),
    "a path without functions": (lambda: json("extra", "$.a"), "needs functions=True"),
    "functions without a path": (lambda: json("extra", "a", functions=True), "a path begins with"),
    "a path that is none": (
        lambda: json("extra", "$.a[", functions=True),
        "is no path, such as",
    ),
    "a key with quotes": (lambda: json("extra", "a'b"), "a key has no quotes"),
    "a key in two words": (lambda: table("orders", key="the id"), "'the id' is not in letters"),
    "keys that are alike": (
        lambda: table("orders", a=text(json("x", "a.b")), b=text(json("x", "A_b"))),
        "orders: A_b in x and a.b in x would be logged under one name",
    ),
    "a name of the log": (lambda: table("orders", seq=text("seq")), "orders: seq is taken"),
    "a name of a column that ships": (
        lambda: extend(agent_invocations, phase=text("x")),
        "phase is taken",
    ),
    "a day of a text": (lambda: own(by={"d": day("state")}), "by_state.d: state is no time"),
    "a field that ships": (lambda: extend(agent_invocations, agent=text("x")), "agent is taken"),
    "fields in two steps": (
        lambda: extend(extend(agent_invocations, a=text("x")), b=text("y")),
        "is extended already",
    ),
    "two sources of a table": (
        lambda: owned_by("acme", [own(), own("b", source=table("orders", state=text("s")))]),
        "declare one source of a table",
    ),
    "a label in capitals": (lambda: owned_by("Acme", [own()]), "'Acme' is no label"),
    "a name twice": (lambda: owned_by("acme", [own(), own()]), r"defined twice: \['by_state'\]"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_contradicts_itself_is_refused(what: str) -> None:
    declare, message = REFUSED[what]
    with pytest.raises(DefinitionError, match=message):
        declare()


def test_a_value_that_stays_beside_its_sql_is_refused() -> None:
    one = own(where=orders.fact("weight").is_distinct_from(2))
    with pytest.raises(DefinitionError, match="write it otherwise"):
        units.texts(SQLite(), owned_by("acme", [one]))


def test_a_text_whose_end_could_not_be_told_is_refused() -> None:
    one = own(where=orders.fact("state") == "a\\")
    with pytest.raises(DefinitionError, match="ends with a backslash"):
        units.texts(SQLite(), owned_by("acme", [one]))
