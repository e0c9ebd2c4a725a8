"""Who may know whom: a folder imports only what lies below it."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aggregates"
CATALOGUE = "aggregates.model.catalogue"

# Each folder, or module beside the folders, with what lies right below it. It may know that, and
# what lies below that. `aggregates` is what the package itself exports.
BELOW = {
    "errors": (),
    "progress": (),
    "model": ("errors", "progress"),
    "frozen": ("model",),
    "engines": ("frozen",),
    "recomputing": ("engines",),
    "installing": ("recomputing",),
    "changes": ("recomputing",),
    "sessions": ("changes",),
    "proving": ("installing", "sessions"),
    "running": ("proving",),
    "reader": ("sessions",),
    "own": ("model",),
    "configuration": ("own",),
    "own_revisions": ("installing", "configuration"),
    "alembic_plugin": ("installing", "configuration"),
    "store": ("running", "reader", "configuration"),
    "render": ("store",),
    "faces": ("render",),
    "prometheus": ("faces",),
    "samples": ("engines",),
    "cli": ("faces", "samples", "aggregates", "own_revisions"),
    "testing": ("recomputing",),
    "aggregates": ("store",),
    "__main__": ("cli",),
    "migrations": ("installing", "configuration"),
}


def module_name(path: Path) -> str:
    """`aggregates.model.sources` of its file; a package is called by its own name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
REVISIONS = {
    module_name(path): path
    for path in sorted((ROOT / "migrations").rglob("*.py"))
    if "__pycache__" not in path.parts
}


def folder(module: str) -> str:
    """The folder of a module; of one beside the folders, its own name."""
    first, *rest = module.split(".")
    return first if first == "migrations" or not rest else rest[0]


def imports(text: str) -> Iterator[str]:
    """The modules of ours that a text imports, at whatever place."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for one in node.names:
                full = f"{node.module}.{one.name}"
                if found := {full, str(node.module)} & MODULES.keys():
                    yield max(found, key=len)


def allowed(of: str) -> set[str]:
    """A folder itself, and all that lies below it."""
    return {of}.union(*(allowed(one) for one in BELOW[of]))


IMPORTS = {
    name: set(imports(path.read_text(encoding="utf-8")))
    for name, path in {**MODULES, **REVISIONS}.items()
}


def forbidden(importer: str, imported: set[str]) -> list[str]:
    """What a module imports and may not know."""
    may = allowed(folder(importer))
    return sorted(one for one in imported if folder(one) not in may)


def test_every_folder_has_its_place() -> None:
    assert {folder(name) for name in IMPORTS} == BELOW.keys()


@pytest.mark.parametrize("name", IMPORTS)
def test_a_module_knows_only_what_lies_below(name: str) -> None:
    assert forbidden(name, IMPORTS[name]) == []


def test_there_is_no_circle_of_folders() -> None:
    graph: dict[str, set[str]] = {}
    for name, imported in IMPORTS.items():
        graph.setdefault(folder(name), set()).update(map(folder, imported))
    TopologicalSorter({one: below - {one} for one, below in graph.items()}).prepare()


def test_there_is_no_circle_of_modules() -> None:
    TopologicalSorter(IMPORTS).prepare()


def test_only_the_top_knows_the_shipped_catalogue() -> None:
    """Everybody else is given one, or its sources, or its bounds."""
    found = {name for name, imported in IMPORTS.items() if CATALOGUE in imported}
    assert {folder(name) for name in found} == {"store", "testing", "cli"}


def test_no_revision_reaches_the_catalogue() -> None:
    reached = set(REVISIONS)
    while more := {one for name in reached for one in brought(name)} - reached:
        reached |= more
    assert "aggregates.installing.operations" in reached
    assert CATALOGUE not in reached


def brought(module: str) -> set[str]:
    """What a module imports, and the folder that it comes in; the package imports lazily."""
    return IMPORTS[module] | {module.rpartition(".")[0]} & MODULES.keys() - {"aggregates"}


@pytest.mark.parametrize(
    ("importer", "text"),
    [
        ("aggregates.model.sources", "from aggregates.engines import base"),
        ("aggregates.frozen.freezing", "from aggregates.engines.sqlite.compiler import SQLite"),
        ("aggregates.recomputing.slices", "import aggregates.installing.upgrading"),
        ("aggregates.changes.log", "def late():\n    from aggregates import sessions"),
        ("aggregates.reader.clock", "from aggregates import Store"),
        ("migrations.env", "from aggregates import store"),
    ],
)
def test_a_wrong_import_would_be_noticed(importer: str, text: str) -> None:
    assert forbidden(importer, set(imports(text))) != []
