"""What a database holds that nothing is installed in yet, and what a migration would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from aggregates.engines import driver
from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import INTERNAL
from aggregates.errors import CannotAdopt
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import UPDATED_AT, Shape, shape_of
from aggregates.installing.mapped import mapping_of
from aggregates.installing.upgrading import current
from aggregates.model.definition import Source


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


def survey(connection: Connection, sources: Sequence[Source]) -> Survey | None:
    """What is to be agreed to before the first migration.

    None where the database has no tables, or those of the hooks; or has been migrated already, or a
    mapping says what its tables are; or it cannot be, as the migration will say.
    """
    own = driver(connection)
    shapes = [shape_of(source) for source in sources]
    if (
        current(connection) is not None
        or mapping_of(own) is not None
        or not _is_adoptable(own, shapes)
    ):
        return None
    found = _survey(own, shapes)
    # Each hook makes its own tables, whichever comes first.
    is_right_file = not found.others or shapes[0].table not in found.missing
    return None if is_right_file and found.is_of_hooks else found


def _is_adoptable(connection: DriverConnection, shapes: Iterable[Shape]) -> bool:
    try:
        for shape in shapes:
            connection.check_adoptable(shape)
    except CannotAdopt:
        return False
    return True


def _survey(connection: DriverConnection, shapes: Sequence[Shape]) -> Survey:
    (first, *_) = frozen.history(frozen.migrations_folder())
    hooks = {one.name for one in frozen.statements(first / "hooks.sql")} | _OTHERS_OF_HOOKS
    tables = [one.name for one in connection.objects("table")]
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
    others = [one for one in tables if one not in hooks and not one.startswith(INTERNAL)]
    return Survey(missing, others, tracked, untracked)


_OTHERS_OF_HOOKS = {"tool_uses"}
"""Tables that the hooks make and nothing is tracked of."""
