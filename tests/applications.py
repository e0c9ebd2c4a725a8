"""An application that declares aggregates of its own, as its developers would."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from aggregates.configuration import Configuration, configuration, with_own
from aggregates.installing import upgrading
from aggregates.model.catalogue import catalogue
from aggregates.own_revisions import write_own_revision
from aggregates.store import Store

LABEL = "acme"
_NUMBERS = count()


class Application:
    """Its folder, with what `aggregates.toml` names, and a database."""

    def __init__(self, folder: Path, database: Path, label: str = LABEL) -> None:
        self.folder = folder
        self.database = database
        self.label = label

    def declare(self, definitions: str) -> None:
        """Say that these are its definitions: Python after `from aggregates.own import *`."""
        name = f"metrics_{next(_NUMBERS)}"  # a module is imported once
        text = f"from aggregates.own import *\n{definitions}\n"
        (self.folder / f"{name}.py").write_text(text, encoding="utf-8")
        self.name_module(name)

    def name_module(self, name: str) -> None:
        """Say in which module they are."""
        said = {"definitions": name, "label": self.label, "migrations": "versions"}
        lines = (f"{key} = {value!r}\n" for key, value in said.items())
        (self.folder / "aggregates.toml").write_text("".join(lines), encoding="utf-8")

    @property
    def configuration(self) -> Configuration:
        """What the file says."""
        found = configuration(self.folder)
        assert found is not None
        return found

    @property
    def revisions(self) -> Path:
        """The folder of its revisions."""
        return self.folder / "versions"

    def revise(self, message: str = "x") -> Path | None:
        """Write the revision that is asked for."""
        return write_own_revision(str(self.database), message, self.configuration)

    def migrate(self, revision: str = "heads") -> None:
        """Run all revisions, ours and its own."""
        upgrading.upgrade(str(self.database), revision=revision, own=self.revisions)

    def downgrade(self, revision: str) -> None:
        """Go down to a revision."""
        upgrading.downgrade(str(self.database), revision=revision, own=self.revisions)

    def keep(self, definitions: str) -> None:
        """Declare, revise and migrate."""
        self.declare(definitions)
        assert self.revise() is not None
        self.migrate()

    def store(self) -> Store:
        """The database, with what ships and what is declared."""
        return Store(self.database, catalogue=with_own(catalogue, self.configuration.declared()))
