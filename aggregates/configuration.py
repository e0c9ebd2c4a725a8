"""Where an application's own aggregates are: `aggregates.toml`, or `[tool.aggregates]`.

    definitions = "metrics"          # the module that says `definitions = [...]`
    label = "acme"                   # of their branch of revisions, and of their triggers
    migrations = "metrics/versions"  # the folder of these revisions

Without `migrations` the revisions are written by the application's own Alembic.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from aggregates.errors import AggregatesError
from aggregates.model.definition import Catalogue
from aggregates.own import Own, owned_by

VARIABLE = "AGGREGATES_CONFIG"
"""The variable of the environment that names the file."""

_FILES = ("aggregates.toml", "pyproject.toml")
_NAMES = ("definitions", "label", "migrations")


@dataclass(frozen=True)
class Configuration:
    """Where the aggregates of an application are."""

    definitions: str
    """the module that declares them"""
    label: str
    migrations: Path | None
    folder: Path
    """from which the module is imported"""

    def declared(self) -> Catalogue:
        """What the module declares.

        Raises AggregatesError where there is no such module, or it says nothing, and
        DefinitionError where what it says contradicts itself.
        """
        with _imported_from(self.folder):
            try:
                module = import_module(self.definitions)
            except ModuleNotFoundError as error:
                if error.name != self.definitions.partition(".")[0] and error.name != (
                    self.definitions
                ):
                    raise
                raise AggregatesError(
                    f"there is no module {self.definitions} to import from {self.folder}; name the"
                    " one that says `definitions = [...]`"
                ) from error
        found = getattr(module, "definitions", None)
        if not isinstance(found, list | tuple) or not all(isinstance(one, Own) for one in found):
            raise AggregatesError(
                f"{self.definitions} has no list `definitions` of what `aggregates.own.aggregate()`"
                " answers"
            )
        return owned_by(self.label, found)


def configuration(
    folder: Path | None = None, options: Mapping[str, str] | None = None
) -> Configuration | None:
    """What the file of a folder says, the working directory's by default; None without one.

    `options` go before what a file says, by the same names. Raises AggregatesError for a file that
    says something else.
    """
    path = _file(folder or Path.cwd())
    said = {} if path is None else _read(path)
    said |= {name: value for name, value in (options or {}).items() if name in _NAMES}
    if not said:
        return None
    where = "-x" if path is None else str(path)
    if unknown := sorted(said.keys() - {*_NAMES}):
        raise AggregatesError(f"{where}: {unknown[0]} is no option; there are {', '.join(_NAMES)}")
    for name in _NAMES:
        if not isinstance(said.get(name, ""), str):
            raise AggregatesError(f"{where}: {name} is a text")
    if missing := [name for name in _NAMES[:2] if not said.get(name)]:
        raise AggregatesError(f"{where} says no `{missing[0]}` for aggregates of your own")
    base = folder or Path.cwd() if path is None else path.parent
    migrations = said.get("migrations")
    return Configuration(
        definitions=said["definitions"],
        label=said["label"],
        migrations=base.absolute() / migrations if migrations else None,
        folder=base.absolute(),
    )


def with_own(shipped: Catalogue, own: Catalogue | None) -> Catalogue:
    """The catalogue that ships, and an application's definitions."""
    if own is None:
        return shipped
    return replace(shipped, definitions=(*shipped.definitions, *own.definitions))


def _file(folder: Path) -> Path | None:
    if named := os.environ.get(VARIABLE):
        path = Path(named)
        if not path.is_file():
            raise AggregatesError(f"{VARIABLE} names {path}, where no file is")
        return path
    return next(
        (folder / name for name in _FILES if (folder / name).is_file() and _read(folder / name)),
        None,
    )


def _read(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AggregatesError(f"{path} is not TOML: {error}") from error
    if path.name == "pyproject.toml":
        found = found.get("tool", {}).get("aggregates", {})
    return found


@contextmanager
def _imported_from(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
