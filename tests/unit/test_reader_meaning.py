"""Readers do not say by themselves what counts, succeeded or failed: the facts do."""

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregates.engines import compiler
from aggregates.model import sources
from aggregates.reader.meaning import meaning

READERS = sorted((Path(__file__).parents[2] / "aggregates" / "reader").glob("*.py"))
LISTS = ("NOT_INVOCATIONS", "SUCCEEDED", "FAILED")
WORDS = {word for name in LISTS for word in getattr(sources, name)}
# A column is called so too.
BARE = WORDS - {"failed"}
QUOTED = re.compile("|".join(f"'{word}'" for word in sorted({*WORDS, "unknown"})))


def said(text: str) -> Iterator[str]:
    """What a text says of the meaning of a row, outside of its docstrings."""
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        if isinstance(value, str) and id(node) not in docstrings:
            yield from {value} & BARE or QUOTED.findall(value)
        names = {getattr(node, field, None) for field in ("id", "attr", "name")}
        yield from names.intersection(LISTS)


@pytest.mark.parametrize("path", READERS, ids=lambda path: path.name)
def test_a_reader_leaves_the_meaning_to_the_facts(path: Path) -> None:
    assert [*said(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "rows(f\"SELECT sum(CASE WHEN status = 'completed' THEN {uses} END) FROM tool_stats\")",
        "CONDITION = \"agent_name <> 'unknown'\"",
        "found = event_type == 'subagent_stop'",
        "from aggregates.model.sources import FAILED",
        "has_ended = status in sources.SUCCEEDED",
    ],
)
def test_a_meaning_of_its_own_would_be_noticed(text: str) -> None:
    assert [*said(text)] != []


@pytest.mark.parametrize(
    ("event_type", "agent_name", "status", "expected"),
    [
        ("pre_invocation", "coder", "completed", (1, 1, 0)),
        ("", "coder", "failed", (1, 0, 1)),
        ("something", "coder", "error", (1, 0, 1)),
        ("pre_invocation", "coder", "started", (1, 0, 0)),
        ("pre_invocation", "coder", "", (1, 0, 0)),
        ("subagent_stop", "coder", "completed", (0, 1, 0)),
        ("tool_tracking_start", "coder", "error", (0, 0, 1)),
        ("pre_invocation", "", "started", (0, 0, 0)),
        ("pre_invocation", "unknown", "started", (0, 0, 0)),
    ],
)
def test_the_meaning_of_a_key(
    event_type: str, agent_name: str, status: str, expected: tuple[int, int, int]
) -> None:
    means = meaning(compiler("sqlite"), status="status_name")
    key = "SELECT ? AS event_type, ? AS agent_name, ? AS status_name"
    query = f"SELECT {', '.join(means)} FROM ({key})"
    with closing(sqlite3.connect(":memory:")) as connection:
        found = connection.execute(query, (event_type, agent_name, status)).fetchone()
    assert found == expected


def test_it_is_rendered_once() -> None:
    assert meaning(compiler("sqlite")) is meaning(compiler("sqlite"))
