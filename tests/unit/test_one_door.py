"""Only an engine's own folder speaks as the engine does; all others go through the door."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aggregates"
DOOR = PACKAGE / "engines" / "__init__.py"
DRIVERS = ("sqlite3", "apsw", "psycopg")
ENGINES = ("aggregates.engines.sqlite", "aggregates.engines.postgresql")
FOLDERS = {PACKAGE.joinpath(*name.split(".")[1:]) for name in ENGINES}
WORDS = re.compile(r"PRAGMA|sqlite_master|sqlite_schema|rootpage|BEGIN (IMMEDIATE|EXCLUSIVE)", re.I)

SOURCES = sorted(
    path
    for folder in (PACKAGE, ROOT / "migrations")
    for path in folder.rglob("*.py")
    if not FOLDERS & {*path.parents}
)


def passed_by(text: str, *, is_door: bool = False) -> Iterator[str]:
    """What a text says that only an engine may: imports, and words in strings of its code."""
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            of = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for name in (of + one.name for one in node.names):
                if name.startswith(DRIVERS) or (name.startswith(ENGINES) and not is_door):
                    yield name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings and WORDS.search(node.value):
                yield node.value
        elif isinstance(node, ast.Name) and node.id in ("SQLite", *DRIVERS):
            yield node.id


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_passes_by_the_door(path: Path) -> None:
    assert list(passed_by(path.read_text(encoding="utf-8"), is_door=path == DOOR)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import sqlite3",
        "from sqlite3 import connect",
        "def late():\n    import apsw",
        "from aggregates.engines.sqlite.compiler import SQLite",
        "from aggregates.engines import sqlite",
        'connection.execute(f"PRAGMA {name}")',
        'connection.execute("select name from sqlite_master")',
        'sql = "BEGIN IMMEDIATE"',
        "compiler = SQLite()",
    ],
)
def test_who_passed_by_would_be_noticed(text: str) -> None:
    assert list(passed_by(text))


def test_a_docstring_may_say_what_an_engine_does() -> None:
    assert not list(passed_by('def job():\n    """As PRAGMA does."""'))


@pytest.mark.parametrize("folder", sorted(FOLDERS), ids=lambda path: path.name)
def test_no_engine_knows_another(folder: Path) -> None:
    others = tuple(name for name in ENGINES if not name.endswith(folder.name))
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not [name for name in others if name in text], path
