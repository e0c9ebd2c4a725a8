"""What a database holds that nothing is installed in yet, and what a migration would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from aggregates.engines import driver
from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import INTERNAL
from aggregates.errors import CannotAdopt
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import UPDATED_AT, Shape
from aggregates.installing.mapped import mapping_of
from aggregates.installing.upgrading import current


@dataclass(frozen=True)
class TrackedColumn:
    """A column that the triggers will read."""

    table: str
    name: str
    type: str | None
    """as its writer has it; None where the column is not there, or from an earlier migration"""

    @property
    def is_taken_over(self) -> bool:
        """Whether the triggers write to what is its writer's."""
        return self.name == UPDATED_AT

    @property
    def fate(self) -> str:
        """What becomes of it."""
        if self.type is None:
            return "added; empty until a writer fills it"
        return "overwritten with the time of each change" if self.is_taken_over else "tracked"


@dataclass(frozen=True)
class Survey:
    """What was found that is not as the hooks make it."""

    missing: list[str]
    """source tables that are to be made, empty"""
    others: list[str]
    """tables that are no hook's"""
    tracked: list[TrackedColumn]
    """of the source tables that are there"""
    untracked: dict[str, list[str]]
    """their other columns, by table"""

    @property
    def is_of_hooks(self) -> bool:
        """Whether its tables have all columns that hooks make, and none that is taken over."""
        return not any(one.type is None or one.is_taken_over for one in self.tracked)

    def lines(self) -> Iterator[str]:
        """What was found, what will be tracked, and what will stay empty."""
        if self.others:
            yield f"other tables, left alone: {', '.join(map(_printable, self.others))}"
        for name in self.missing:
            yield f"{name} is not there: an empty one is made, for hooks that write to this file"
        if not self.tracked:
            return
        cells = [("table", "column", "found", "what becomes of it")]
        for one in self.tracked:
            found = "-" if one.type is None else one.type or "no type"
            cells.append((one.table, one.name, found, one.fate))
        for table, columns in self.untracked.items():
            cells += [(table, one, "", "not tracked") for one in columns]
        shown = [[_printable(cell) for cell in row] for row in cells]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        for row in shown:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield "  ".join(padded).rstrip()


def _printable(name: str) -> str:
    return name if name.isprintable() else repr(name)


def survey(connection: Connection, shapes: Sequence[Shape]) -> Survey | None:
    """What is to be agreed to before the first migration.

    None where the database has no tables, or those of the hooks; or has been migrated already, or a
    mapping says what its tables are; or it cannot be, as the migration will say.
    """
    own = driver(connection)
    if (
        current(connection) is not None
        or mapping_of(own) is not None
        or not _is_adoptable(own, shapes)
    ):
        return None
    found = _survey(own, shapes)
    # Each hook makes its own tables, whichever comes first.
    is_right_file = not found.others or RUNS not in found.missing
    return None if is_right_file and found.is_of_hooks else found


def others(connection: DriverConnection) -> list[str]:
    """Tables that are no hook's, and not ours."""
    folder = frozen.migrations_folder()
    (first, *_) = frozen.history(folder)
    made = [*frozen.statements(first / "hooks.sql"), *frozen.installed(folder)]
    known = {one.name for one in made} | _OTHERS_OF_HOOKS
    tables = [one.name for one in connection.objects("table")]
    return [one for one in tables if one not in known and not one.startswith(INTERNAL)]


def _is_adoptable(connection: DriverConnection, shapes: Iterable[Shape]) -> bool:
    try:
        for shape in shapes:
            connection.check_adoptable(shape)
    except CannotAdopt:
        return False
    return True


def _survey(connection: DriverConnection, shapes: Sequence[Shape]) -> Survey:
    missing, tracked, untracked = [], [], {}
    for shape in shapes:
        if not connection.table_exists(shape.table):
            missing.append(shape.table)
            continue
        columns = {name.lower(): type_ for name, type_ in connection.columns(shape.table).items()}
        ours = connection.added_columns(shape)
        is_theirs = UPDATED_AT in columns and UPDATED_AT not in ours
        names = [
            one
            for one in dict.fromkeys((*shape.required, *shape.added))
            if one != UPDATED_AT or is_theirs
        ]
        tracked += [
            TrackedColumn(shape.table, name, None if name in ours else columns.get(name))
            for name in names
        ]
        known = {shape.key, *names, *ours}
        untracked[shape.table] = [
            name for name in connection.columns(shape.table) if name.lower() not in known
        ]
    return Survey(missing, others(connection), tracked, untracked)


RUNS = "agent_invocations"
"""The source table without which a database is hardly one of agents' runs."""
_OTHERS_OF_HOOKS = {"tool_uses"}
"""Tables that the hooks make and nothing is tracked of."""
