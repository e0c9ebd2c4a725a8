"""The documentation says what is there: pages, links, commands, SQL and Python examples."""

import ast
import importlib.util
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import click
import pytest
from alembic.command import init
from alembic.config import Config
from conftest import connect
from hooks import HOOK_TABLES
from sqlalchemy import column

from aggregates import cli, samples
from aggregates.engines.sqlite.compiler import SQLite
from aggregates.errors import DefinitionError
from aggregates.installing import upgrading
from aggregates.model import catalogue as shipped
from aggregates.model.catalogue import catalogue
from aggregates.model.definition import Aggregate, Catalogue
from aggregates.model.mapping import parsed

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))


def load_generator() -> ModuleType:
    """The module that writes the reference pages."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


GENERATED: dict[str, str] = load_generator().pages()

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PARAMETERS = {
    "checkpoint": 0,
    "highest": 100,
    "since": "2026-10-01T00:00:00.000Z",
    "agent": "architect",
    "session": "",
    "first_day": "2026-10-01",
    "last_day": "2026-10-02",
    "from_hour": "2026-10-01T00:00:00",
    "to_hour": "2026-10-02T00:00:00",
}


def named(page: Path) -> str:
    """The name of a page for a test's id."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in some languages."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for language, text in found if language in languages]


def examples(*languages: str) -> list[object]:
    """The blocks of the how-to pages, as parameters of a test."""
    return [
        pytest.param(text, id=f"{page.stem}-{number}")
        for page in HOW_TO
        for number, text in enumerate(blocks(page, *languages), 1)
    ]


# Pages and links


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    text = (REFERENCE / name).read_text(encoding="utf-8")
    assert text == GENERATED[name], "run `python docs/generate.py`"


def test_no_page_of_the_reference_is_left_over() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == GENERATED.keys()


def test_every_command_and_option_is_documented() -> None:
    text = GENERATED["command-line.md"]
    for name, command in load_generator().commands():
        assert re.search(rf"^##+ {name}$", text, re.MULTILINE)
        for option in command.params:
            if isinstance(option, click.Option):
                assert all(f"`{one}" in text or f", {one}" in text for one in option.opts)


def anchors(page: Path) -> set[str]:
    """Of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_names_the_machine_that_it_was_written_on(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(rf"({re.escape(str(ROOT))}|/tmp/|/root/|/home/)", text)
    # Elsewhere only where a service lies on anybody's machine.
    folders = set(re.findall(r"(?<![\w.)>/:<-])/([a-z]+)/", text))
    assert folders <= {"bin", "etc", "opt", "srv", "var"}


# Commands


def command_lines(page: Path) -> Iterator[str]:
    """What a page tells the reader to type that begins with `aggregates`."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks(page, "console", "") for line in block.split("\n")]
    lines += [
        line for block in blocks(page, "ini") for line in re.findall(r"ExecStart=(.*)", block)
    ]
    lines += re.findall(r"`(aggregates [^`\n]+)`", _BLOCK.sub("", text))
    for line in lines:
        for part in re.split(r"&&|\||;", line):
            if found := re.search(r"(?:^|^\$ |/)aggregates ([a-z-][^>]+)", part.strip()):
                yield found[1]


def parse(line: str) -> None:
    """Raise click's error where a command line is not one of ours."""
    arguments = shlex.split(line.replace("…", ""))
    command: click.Command = cli.main
    context = click.Context(command, info_name="aggregates")
    while True:
        options, rest, _ = command.make_parser(context).parse_args(args=arguments)
        for parameter in command.params:
            value = options.get(str(parameter.name))
            if isinstance(parameter, click.Option) and isinstance(value, str):
                parameter.type.convert(value, parameter, context)
        if not isinstance(command, click.Group) or not rest:
            return
        name, *arguments = rest
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no such command: {name}")
        command, context = found, click.Context(found, info_name=name, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_on_a_page_is_one_of_ours(page: Path) -> None:
    if page.parent == REFERENCE and page.name != "python.md":
        return  # written from the commands themselves
    for line in command_lines(page):
        parse(line)


def test_commands_are_found_on_the_pages() -> None:
    found = {line.split()[0] for page in PAGES for line in command_lines(page)}
    assert found >= {"sample", "migrate", "report", "status", "verify", "repair", "run"}


@pytest.mark.parametrize(
    "line", ["nothing", "verify --nothing", "run --interval x", "migrate --journal-mode memory"]
)
def test_a_wrong_command_would_be_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line)


# Examples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated sample database of the name that the examples use."""
    path = tmp_path_factory.mktemp("examples") / "agent_workflow.db"
    samples.write_sample(path, 500, seed=1)
    upgrading.upgrade(str(path))
    with closing(connect(path)) as connection:
        connection.execute("UPDATE agent_invocations SET status = 'failed' WHERE id = 7")
    return path.parent


@pytest.mark.parametrize("query", examples("sql"))
def test_an_sql_example_answers(query: str, folder: Path) -> None:
    with closing(connect(folder / "agent_workflow.db")) as connection:
        cursor = connection.execute(query, _PARAMETERS)
        assert cursor.description


@pytest.mark.parametrize(
    "code", [one for one in examples("python") if "= Aggregate(" not in str(one)]
)
def test_a_python_example_runs(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if "pandas" in code and importlib.util.find_spec("pandas") is None:
        queries = [
            node.value
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Constant) and "SELECT" in str(node.value)
        ]
        if not queries:
            pytest.skip("pandas is not installed: `pip install -e '.[pandas]' matplotlib`")
        with closing(connect(folder / "agent_workflow.db")) as connection:
            for query in queries:
                assert connection.execute(str(query)).fetchall()
        return
    if "matplotlib" in code:
        pytest.importorskip("matplotlib", reason="not installed: `pip install matplotlib`")
    exec(compile(code, "example", "exec"), {})


# Pages that are followed from their beginning to their end


needs_shell = pytest.mark.skipif(
    not shutil.which("sqlite3"), reason="the page uses the sqlite3 shell"
)


def follow(steps: list[str], folder: Path, said: str) -> None:
    """Type what blocks say; of what they show, lines that `said` finds have to be there."""
    here = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "AGGREGATES_DATABASE_URL": "agent_workflow.db",
        "PYTHONIOENCODING": "utf-8",
    }
    for step in steps:
        for text in re.split(r"^\$ ", step, flags=re.MULTILINE)[1:]:
            command, *shown = text.splitlines()
            done = subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                timeout=60,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            for line in shown:
                if re.search(said, line):
                    assert line in done.stdout + done.stderr, f"{command}\n{done.stdout}"


@needs_shell
def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    _, *steps = blocks(DOCS / "tutorial.md", "console")  # all but the installation
    follow(steps, tmp_path, "no drift|drifts|exit status|removed|10,000 rows$")


@needs_shell
def test_the_tutorial_of_own_aggregates_can_be_followed(tmp_path: Path) -> None:
    page = DOCS / "tutorial-own-aggregates.md"
    for name, language in {"aggregates.toml": "toml", "metrics.py": "python"}.items():
        (text,) = blocks(page, language)
        (tmp_path / name).write_text(text, encoding="utf-8")
    first, *steps = blocks(page, "console")
    follow([first.partition("\n")[2], *steps], tmp_path, "[^…\\s]")


MODELS = """
from sqlalchemy import Column, Integer, MetaData, Numeric, String, Table

metadata = MetaData()
customers = Table("customers", metadata, Column("id", Integer, primary_key=True))
orders = Table("orders", metadata, Column("id", Integer, primary_key=True),
    Column("state", String), Column("price", Numeric(10, 2)), Column("ordered_at", String))
"""


@needs_shell
def test_the_page_on_an_applications_alembic_can_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = DOCS / "how-to" / "own-aggregates-in-alembic.md"
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "models.py").write_text(MODELS, encoding="utf-8")
    for name, language in {"pyproject.toml": "toml", "shop/metrics.py": "python"}.items():
        (text,) = blocks(page, language)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY)")
    monkeypatch.chdir(tmp_path)
    init(Config("alembic.ini"), "migrations")
    (told,) = blocks(page, "")
    imported, _, call = told.partition("\n\n")
    models = "from shop.models import metadata"
    configured = "connection=connection, target_metadata=target_metadata"
    said = {
        "migrations/env.py": {
            "from alembic import context\n": f"from alembic import context\n{imported}\n{models}\n",
            "target_metadata = None": "target_metadata = metadata",
            f"context.configure(\n            {configured}\n        )\n": call.replace(
                "\n", "\n        "
            ),
        },
        "alembic.ini": {"driver://user:pass@localhost/dbname": "sqlite:///shop.db"},
    }
    for name, changes in said.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        for before, after in changes.items():
            assert text.count(before) == 1
            text = text.replace(before, after)
        (tmp_path / name).write_text(text, encoding="utf-8")
    follow(blocks(page, "console"), tmp_path, "[^…\\s]")
    (revision,) = (tmp_path / "migrations" / "versions").glob("*.py")
    made = revision.read_text(encoding="utf-8").partition("def downgrade")[0]
    assert re.findall(r"op\.(\w+)\('(\w+)'", made) == [
        ("create_table", "orders"),
        ("create_aggregates", "shop"),
    ]


@needs_shell
def test_the_page_on_mappings_can_be_followed(tmp_path: Path) -> None:
    page = DOCS / "how-to" / "map-a-table.md"
    steps = blocks(page, "console")
    (mapping,) = blocks(page, "toml")
    edited = next(number for number, step in enumerate(steps) if "> tasks.toml" in step) + 1
    follow(steps[:edited], tmp_path, "")
    found = parsed("tasks", (tmp_path / "tasks.toml").read_text(encoding="utf-8"))
    right = parsed("tasks", mapping)
    status = replace(found.fields["status"], failed=right.fields["status"].failed)
    assert (found.table, found.key) == (right.table, right.key)
    assert {**found.fields, "status": status} == right.fields, "what is edited is more than said"
    (tmp_path / "tasks.toml").write_text(mapping, encoding="utf-8")
    follow(steps[edited:], tmp_path, "")


# The worked example of how to add an aggregate


ADD = DOCS / "how-to" / "add-an-aggregate.md"


@pytest.fixture(scope="module")
def example() -> Aggregate:
    """The definition on the page, as if it stood in the catalogue's module."""
    names = dict(vars(shipped))
    (code,) = blocks(ADD, "python")
    exec(compile(code, "example", "exec"), names)
    definition = names["session_tokens"]
    assert isinstance(definition, Aggregate)
    return definition


def extended(example: Aggregate) -> Catalogue:
    """The catalogue with the example at its end; without it where it has been added for good."""
    others = tuple(one for one in catalogue.definitions if one.name != example.name)
    return Catalogue((*others, example), catalogue.totals, bounds=catalogue.bounds)


def test_the_worked_example_is_exact(example: Aggregate) -> None:
    compiler, definitions = SQLite(), extended(example)
    statements = [*compiler.bookkeeping(), *compiler.tables(definitions)]
    for source in definitions.sources:
        statements += [*compiler.ledger(source), *compiler.facts(source)]
        statements += compiler.posting(definitions, source)
    (right,) = blocks(ADD, "sql")
    stored = "SELECT session_id, model, invocations, tokens_sum FROM session_tokens ORDER BY 1, 2"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(HOOK_TABLES)
        columns = {
            source.name: {row[1] for row in connection.execute(f"PRAGMA table_info({source.name})")}
            for source in definitions.sources
        }
        for name, present in columns.items():
            if "updated_at" not in present:
                connection.execute(f"ALTER TABLE {name} ADD COLUMN updated_at TEXT")
        for statement in statements:
            connection.execute(statement.sql)
        for number in range(200):
            connection.execute(
                "INSERT INTO agent_invocations (session_id, event_type, agent_name, model,"
                " raw_output) VALUES (?, ?, ?, ?, ?)",
                (
                    f"s{number % 7}" if number % 5 else None,
                    ("pre_invocation", "subagent_stop", None)[number % 3],
                    ("architect", "unknown", "reviewer", None)[number % 4],
                    ("standard", None)[number % 2],
                    f'{{"totalTokens": {number}, "n": 1}}' if number % 6 else None,
                ),
            )
        assert connection.execute(stored).fetchall() == connection.execute(right).fetchall()
        connection.execute("UPDATE agent_invocations SET model = 'priority' WHERE id % 4 = 1")
        connection.execute("UPDATE agent_invocations SET raw_output = NULL WHERE id % 9 = 0")
        connection.execute("DELETE FROM agent_invocations WHERE id % 11 = 0")
        found = connection.execute(stored).fetchall()
        assert found == connection.execute(right).fetchall()
        assert len(found) > 10


def test_the_error_on_the_page_is_the_one_that_is_raised() -> None:
    (code,) = blocks(ADD, "python")
    (message,) = re.findall(r"^DefinitionError: (.+)$", ADD.read_text("utf-8"), re.MULTILINE)
    wrong = code.replace('_fact("token_count")', "column('tokens')")
    assert wrong != code
    with pytest.raises(DefinitionError) as raised:
        exec(compile(wrong, "example", "exec"), vars(shipped) | {"column": column})
    assert str(raised.value) == message
