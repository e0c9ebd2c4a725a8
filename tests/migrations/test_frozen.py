"""Released revisions carry their own SQL; together they say what the live definitions say."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from conftest import MakeDatabase, connect
from hooks import AGENT_INVOCATIONS, AGENT_TOOL_USES, SESSIONS

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.engines.sqlite.hooks_schema import HOOK_TABLES
from aggregates.frozen import freezing
from aggregates.frozen import statements as files
from aggregates.frozen.layout import normalised
from aggregates.installing import upgrading
from aggregates.model.catalogue import catalogue
from aggregates.proving import inspecting

VERSIONS = files.migrations_folder() / "versions"
REVISIONS = sorted(VERSIONS.glob("*.py"))


def frozen(name: str) -> Iterator[Path]:
    """Files of all revisions, oldest first."""
    for here in files.history(VERSIONS.parent):
        yield from sorted(path for path in here.glob(name) if path.is_file())


def live(*kinds: str) -> freezing.Schema:
    """What the definitions say, of some kinds."""
    return {
        key: statement
        for key, statement in freezing.live(SQLite(), catalogue).items()
        if key[0] in kinds
    }


@pytest.mark.parametrize("kind", ["table", "index", "view", "trigger"])
def test_the_head_revision_is_what_the_catalogue_says(kind: str) -> None:
    head = freezing.schema(inspecting.expected(upgrading.head()))
    found = {key: statement for key, statement in head.items() if key[0] == kind}
    right = live(kind)
    assert found.keys() == right.keys()
    for key, statement in right.items():
        assert found[key].sql == statement.sql, f"{key} is not frozen as it is now: freeze it again"


def test_frozen_data_are_what_the_catalogue_says() -> None:
    right = live("data")
    assert right
    installed = files.installed(VERSIONS.parent)
    found = freezing.schema(one for one in installed if one.kind == "data")
    assert found.keys() == right.keys()
    for key, statement in right.items():
        assert found[key].sql == statement.sql, f"{key} is not frozen as it is now: freeze it again"


def test_nothing_else_is_frozen() -> None:
    """No file of a revision goes unread, and no statement has a heading of an unknown kind."""
    for path in frozen("*"):
        if path.name == "review.md":
            continue
        assert re.fullmatch(
            r"(bookkeeping|hooks|tables|views|(ledger|rows|folds|facts|posting)_[a-z_]+)\.sql",
            path.name,
        )
        text = path.read_text(encoding="utf-8")
        entries = list(files.parse(text))
        assert files.dump(entries) == text, f"{path.name} is not what was dumped"
        assert entries, f"{path.name} says nothing"


def test_nothing_is_frozen_twice() -> None:
    """Neither a statement, nor how rows of a source become facts."""
    for one, count in Counter(files.installed(VERSIONS.parent)).items():
        assert count == 1, one.name
    readings = [path.name for path in frozen("rows_*.sql")]
    assert sorted(readings) == sorted(f"rows_{source.name}.sql" for source in catalogue.sources)


def test_each_review_says_what_the_revision_makes() -> None:
    for path in frozen("review.md"):
        here = path.parent
        before = freezing.schema(files.earlier(here))
        made = {(one.kind, one.name) for one in files.made(here)}
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"^- (?:new )?([a-z]+) `(.+)`", text, re.MULTILINE)
        assert len(named) == len(made)
        assert {(kind, name) for kind, name in named} == made
        new = re.findall(r"^- new ([a-z]+) `(.+)`", text, re.MULTILINE)
        assert {(kind, name) for kind, name in new} == made - before.keys()


@pytest.mark.parametrize(
    "path", [*frozen("rows_*.sql")], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_frozen_reading_is_what_the_compiler_says(path: Path) -> None:
    name = files.reading(path).source
    (source,) = (one for one in catalogue.sources if one.name == name)
    live = SQLite().recomputation(catalogue, source).reading
    assert path.read_text(encoding="utf-8") == files.dump_reading(live)


def made_by(here: Path) -> set[str]:
    """Names of the definitions that a revision makes."""
    made = {one.name for one in files.made(here) if one.kind in ("table", "view")}
    before = {one.name for one in files.earlier(here)}
    return {one.name for one in catalogue.definitions if one.name in made - before}


@pytest.mark.parametrize(
    "path", [*frozen("folds_*.sql")], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_frozen_folding_is_what_the_compiler_says(path: Path) -> None:
    name = files.folding(path).source
    (source,) = (one for one in catalogue.sources if one.name == name)
    made = made_by(path.parent)
    of = (one.name for one in catalogue.definitions if one.source is source)
    only = tuple(name for name in of if name in made)
    live = SQLite().recomputation(catalogue, source, only=only).folding
    assert path.read_text(encoding="utf-8") == files.dump_folding(live)


def test_every_aggregate_is_filled_by_one_revision() -> None:
    made = [name for here in files.history(VERSIONS.parent) for name in made_by(here)]
    for definition in catalogue.definitions:
        assert made.count(definition.name) == 1, definition.name
        (here,) = (
            here for here in files.history(VERSIONS.parent) if definition.name in made_by(here)
        )
        folds = files.folding(here / f"folds_{definition.source.name}.sql").folds
        assert any(re.match(rf'INSERT INTO "?{definition.table}"?\s', one) for one in folds)


def test_entries_are_posted_only_to_what_has_been_filled() -> None:
    """Tables are made first: a trigger on a log that came with them would fail every write."""
    logs = {source.log for source in catalogue.sources}
    facts = {source.facts_view for source in catalogue.sources}
    on_logs, on_facts = set(), set()
    for path in frozen("*.sql"):
        if path.name.startswith(("hooks", "rows_", "folds_")):
            continue
        for one in files.statements(path):
            if one.kind == "trigger" and one.table in logs and not one.name.endswith("_prune"):
                on_logs.add(path.stem)
            if one.kind == "trigger" and one.table in facts:
                on_facts.add(path.stem)
    assert on_logs == {f"facts_{source.name}" for source in catalogue.sources}
    assert on_facts == {f"posting_{source.name}" for source in catalogue.sources}


def test_no_frozen_sql_names_what_old_libraries_lack() -> None:
    """Neither JSON functions, nor what came after SQLite 3.24."""
    newer = r"\b(json\w*|iif|RETURNING|MATERIALIZED|GENERATED|STRICT|unixepoch|timediff)\b"
    for path in frozen("*.sql"):
        if path.name == "hooks.sql":
            continue
        for _, name, sql in files.parse(path.read_text(encoding="utf-8")):
            body = re.sub(r"'[^']*'|/\*.*?\*/", "''", sql, flags=re.DOTALL)
            assert not re.search(newer, body, re.IGNORECASE), f"{path.name}: {name}"


def test_frozen_hook_tables_are_those_of_the_hooks() -> None:
    found: dict[str, str] = {}
    for path in frozen("hooks.sql"):
        for one in files.statements(path):
            assert found.setdefault(one.name, one.sql) == one.sql, "a table has two shapes"
    right = {
        "sessions": SESSIONS,
        "agent_invocations": AGENT_INVOCATIONS,
        "agent_tool_uses": AGENT_TOOL_USES.partition(";")[0],
    }
    assert found == {name: sql.strip().removesuffix(";") for name, sql in right.items()}
    assert found == {name: HOOK_TABLES[name] for name in right}


def test_a_migrated_database_holds_what_is_frozen(migrated_database: MakeDatabase) -> None:
    with migrated_database("plain") as path, closing(connect(path)) as connection:
        installed = {
            (kind, name): sql
            for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master")
        }
    for statement in inspecting.expected(upgrading.head()):
        assert installed[statement.kind, statement.name] == statement.installed
        assert normalised(statement.installed) == normalised(statement.sql)


def imports(path: Path) -> Iterator[str]:
    """Full names of all that a file imports, at whatever place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "revisions are no package: no relative imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert "import" not in name, f"{name}() may import anything"


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_imports_no_live_definition(path: Path) -> None:
    for name in imports(path):
        package, _, rest = name.partition(".")
        folder = rest.partition(".")[0]
        assert package != "aggregates" or folder == "installing", f"{path.name} imports {name}"


def test_revisions_are_one_line_and_each_downgrades() -> None:
    directory = ScriptDirectory(str(files.migrations_folder()))
    chain = list(directory.walk_revisions())
    assert len(directory.get_heads()) == 1
    assert len(chain) == len(REVISIONS)
    assert not any(revision.is_merge_point or revision.is_branch_point for revision in chain)
    for revision in chain:
        (downgrade,) = (
            node
            for node in ast.parse(Path(revision.path).read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef) and node.name == "downgrade"
        )
        assert not any(isinstance(node, ast.Pass | ast.Raise) for node in ast.walk(downgrade))
