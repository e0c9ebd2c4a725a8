"""What the compiler makes of each definition, as files; UPDATE_GOLDEN=1 writes them."""

import importlib.util
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import and_, column, func, literal

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.errors import DefinitionError
from aggregates.model import constructs
from aggregates.model.catalogue import agent_invocations, catalogue, session_agents
from aggregates.model.definition import (
    Aggregate,
    Catalogue,
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

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


def load_generator() -> ModuleType:
    """The module that writes the reference pages."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


FILES: dict[str, str] = load_generator().sql_files(catalogue)


@pytest.mark.parametrize("stem", FILES)
def test_what_the_compiler_makes_is_what_the_file_says(stem: str) -> None:
    path = GOLDEN / f"{stem}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(FILES[stem], encoding="utf-8")
    assert path.is_file(), f"UPDATE_GOLDEN=1 writes {path}"
    assert path.read_text(encoding="utf-8") == FILES[stem], "UPDATE_GOLDEN=1 writes it again"


def test_no_file_is_left_of_what_is_no_longer_defined() -> None:
    assert {path.stem for path in GOLDEN.glob("*.sql")} == FILES.keys()


def test_every_statement_of_the_compiler_is_in_a_file() -> None:
    compiler = SQLite()
    statements = [*compiler.bookkeeping(), *compiler.tables(catalogue)]
    for source in catalogue.sources:
        statements += [*compiler.ledger(source), *compiler.posting(catalogue, source)]
    text = "".join(FILES.values())
    missing = [one.name for one in statements if one.sql not in text]
    assert not missing


# Definitions that contradict themselves


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
        ({"extremes": (Extreme("first", "min", "starts", "start", "start", "first"),)}, "starts"),
    ],
)
def test_a_table_that_a_definition_needs_has_to_be_there(
    changes: dict[str, Any], needed: str
) -> None:
    with pytest.raises(DefinitionError, match=rf"^x needs \['{needed}'\]$"):
        Catalogue((aggregate(**changes),), (), bounds=(1,))


def test_a_needed_table_may_stand_anywhere_in_the_catalogue() -> None:
    counted = aggregate(distinct_counts=(DistinctCount("n", "session_agents", "session_id", "n"),))
    for definitions in ((counted, session_agents), (session_agents, counted)):
        assert Catalogue(definitions, (), bounds=(1,))["x"] is counted


def test_a_definition_that_is_not_there_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"^there is no definition of nothing$"):
        catalogue["nothing"]


# Constructs


def value(expression: Any, *arguments: object) -> object:
    """What SQLite makes of an expression over `a` and `b`."""
    sql = SQLite().render(expression, {"a": "a", "b": "b"})
    names = ", ".join(f"? AS {name}" for name, _ in zip("ab", arguments, strict=False))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE duration_bounds (le_ms INTEGER PRIMARY KEY)")
        connection.executemany(
            "INSERT INTO duration_bounds VALUES (?)", [(10,), (20,), (2**63 - 1,)]
        )
        (found,) = connection.execute(f"SELECT {sql} FROM (SELECT {names})", arguments).fetchone()
    return found


A, B = column("a"), column("b")


@pytest.mark.parametrize(
    ("given", "key"),
    [("x", "x"), ("", ""), (None, ""), (7, "7"), (7.5, ""), (b"x", ""), ("x\0y", ""), ("é", "é")],
)
def test_key_text(given: object, key: str) -> None:
    assert value(constructs.key_text(A), given) == key


@pytest.mark.parametrize(
    ("given", "is_name"),
    [("x", 1), ("", 0), ("unknown", 0), ("Unknown", 1), (None, 0), (7, 0), (b"x", 0)],
)
def test_is_name(given: object, is_name: int) -> None:
    assert value(constructs.is_name(A), given) == is_name


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("2026-10-01T09:57:33.551515", "2026-10-01T09:57:33.551"),
        ("2026-10-01 09:57", "2026-10-01T09:57:00.000"),
        ("2026-10-01T09:57:33.5", "2026-10-01T09:57:33.500"),
        ("2026-10-01T09:57:33Z", "2026-10-01T09:57:33.000"),
        ("2026-10-01T00:30:00.999999+02:00", "2026-09-30T22:30:00.999"),
        ("2024-02-29T00:00", "2024-02-29T00:00:00.000"),
        *((wrong, None) for wrong in ("2026-02-29T00:00", "2026-10-01T24:00", "2026-10-01", "now")),
        *((wrong, None) for wrong in (None, 7, 2460000.5, b"2026-10-01T09:57", "")),
        ("2026-10-01T09:57:33.", None),
        ("2026-10-01T09:57:33 ", None),
        ("0000-01-01T00:00", None),
    ],
)
def test_canonical_time(given: object, canonical: str | None) -> None:
    assert value(constructs.canonical_time(A), given) == canonical


@pytest.mark.parametrize(
    ("start", "end", "milliseconds"),
    [
        ("2026-10-01T09:57:33.551", "2026-10-01T09:57:33.552", 1),
        ("2026-12-31T23:59:59.999", "2027-01-01T00:00:00.000", 1),
        ("2026-10-01T09:57:33.000", "2026-10-01T09:57:32.999", -1),
        (None, "2026-10-01T09:57:32.999", None),
    ],
)
def test_elapsed_ms(start: str | None, end: str, milliseconds: int | None) -> None:
    assert value(constructs.elapsed_ms(A, B), start, end) == milliseconds


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(1, 1000), (0.0005, 1), (0.0004, 0), (0, 0), (-0.1, None), (float("inf"), None), ("1", None)],
)
def test_seconds_to_ms(seconds: object, milliseconds: int | None) -> None:
    assert value(constructs.seconds_to_ms(A), seconds) == milliseconds


@pytest.mark.parametrize(
    ("duration", "bound"), [(0, 10), (10, 10), (11, 20), (21, 2**63 - 1), (None, None)]
)
def test_lowest_bound(duration: int | None, bound: int | None) -> None:
    assert value(constructs.lowest_bound(A), duration) == bound


def test_hours_and_days() -> None:
    time = "2026-10-01T09:57:33.551"
    assert value(constructs.hour_of(A), time) == "2026-10-01T09:00:00"
    assert value(constructs.day_of(A), time) == "2026-10-01"
    assert value(constructs.hour_of(A), None) == ""
    assert value(constructs.day_of(A), None) == ""


@pytest.mark.parametrize(
    ("text", "has_offset"),
    [("2026-10-01T09:57Z", 1), ("2026-10-01T09:57+02:00", 1), ("2026-10-01T09:57:33", 0)],
)
def test_has_offset(text: str, has_offset: int) -> None:
    assert value(constructs.has_offset(A), text) == has_offset


def test_no_trigger_names_what_old_libraries_lack() -> None:
    """Neither JSON functions, nor what came after SQLite 3.24."""
    newer = r"\b(json\w*|iif|RETURNING|MATERIALIZED|GENERATED|STRICT|unixepoch|timediff)\b"
    for stem, text in FILES.items():
        body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        body = re.sub(r"'[^']*'", "''", body)
        assert not re.search(newer, body, re.IGNORECASE), stem
