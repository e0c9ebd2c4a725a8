"""What a database was like when it was adopted: how else to tell what was changed since.

A column whose name was changed would otherwise be one that is gone, and one that nobody knows; and
a copy that is not in WAL one whose owner wants it so.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import STORE_MARK, WALKS
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import UPDATED_AT, Shape, is_added


@dataclass(frozen=True)
class Adopted:
    """The columns of a source table, at its adoption."""

    theirs: list[str]
    """in order"""
    added: list[str]
    """by us"""
    is_made: bool = False
    """whether it was made then, empty, in a database of others' tables"""


@dataclass(frozen=True)
class LostColumn:
    """A column that the triggers read, and that is not there any more."""

    name: str
    type: str
    stands_in: str | None
    """the new column in its place"""
    candidates: list[str]
    """new columns, where none is just in its place"""


def remember(connection: DriverConnection, shape: Shape, *, is_made: bool = False) -> None:
    """Store what a table is like, and which of its columns are ours."""
    ours = connection.added_columns(shape)
    if before := _stored(connection, shape.table):
        # What makes a table anew leaves out the comments that tell.
        ours += [name for name in before.added if name not in ours]
        is_made = before.is_made
    theirs = [name for name in connection.columns(shape.table) if name.lower() not in ours]
    _store(connection, _name(shape.table), json.dumps(asdict(Adopted(theirs, ours, is_made))))


def remember_journal_mode(connection: DriverConnection, asked: str | None) -> None:
    """Store whether the database is to be one in which readers block nobody.

    It is where that was asked for, and where it was so when nobody had asked for anything.
    """
    is_new = _mark(connection, _JOURNAL_MODE) is None and not connection.readers_block()
    if chosen := asked or ("wal" if is_new else None):
        _store(connection, _JOURNAL_MODE, chosen)


def has_lost_journal_mode(connection: DriverConnection) -> bool:
    """Whether readers block writers, against what was chosen: as in a copy by VACUUM INTO."""
    return _mark(connection, _JOURNAL_MODE) == "wal" and connection.readers_block()


def adopted(connection: DriverConnection, table: str) -> Adopted:
    """What a table was like; as the hooks make it, where that was not stored."""
    if found := _stored(connection, table):
        return found
    (first, *_) = frozen.history(frozen.migrations_folder())
    hooks = first / connection.compiler.folder / "hooks.sql"
    made = {one.name: one.sql for one in frozen.statements(hooks)}
    with connection.scratch() as scratch:
        scratch.execute(made[table])
        return Adopted(list(scratch.columns(table)), [UPDATED_AT])


def _stored(connection: DriverConnection, table: str) -> Adopted | None:
    found = _mark(connection, _name(table))
    return None if found is None else Adopted(**json.loads(found))


def _name(table: str) -> str:
    return f"adopted {table}"


_JOURNAL_MODE = "journal mode"


def _mark(connection: DriverConnection, name: str) -> str | None:
    if not connection.table_exists(WALKS):
        return None
    found = connection.execute(f"SELECT mark FROM {WALKS} WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def _store(connection: DriverConnection, name: str, mark: str) -> None:
    connection.execute(STORE_MARK, (name, mark))


def lost_columns(connection: DriverConnection, shape: Shape) -> list[LostColumn]:
    """The columns of an adopted table that are gone, but for ours that can be added again."""
    was = adopted(connection, shape.table)
    types = connection.columns(shape.table)
    now = list(types)
    present = {name.lower() for name in now}
    definition = _definition(connection, shape.table)
    known = {name.lower() for name in [*was.theirs, *was.added]}
    new = [name for name in now if name.lower() not in known]
    key = shape.unique or shape.key
    lost = []
    for name, type_ in {key: "", **dict.fromkeys(shape.required, "TEXT"), **shape.added}.items():
        if name in present:
            continue
        if name in was.added:
            # The comment in its definition stays when its name is changed.
            marked = (one for one in new if is_added(definition, one, type_))
            stands_in, candidates = next(marked, None), []
        else:
            theirs = [one for one in now if one.lower() not in was.added]
            stands_in = _in_place(name, was.theirs, theirs, new)
            if stands_in and name != key and "INT" in types[stands_in].upper():
                # No tracked column is so: it leads to values that are kept elsewhere now.
                stands_in = None
            candidates = [] if stands_in else new
        if stands_in or name not in (key, *was.added):
            lost.append(LostColumn(name, type_, stands_in, candidates))
    return lost


def _in_place(name: str, before: list[str], now: list[str], new: list[str]) -> str | None:
    """The new column that stands just where one stood."""
    one, other = ([each.lower() for each in names] for names in (before, now))
    for tag, start, end, first, last in SequenceMatcher(None, one, other).get_opcodes():
        if tag == "replace" and end - start == last - first and name in one[start:end]:
            found = now[first + one.index(name) - start]
            return found if found in new else None
    return None


def _definition(connection: DriverConnection, table: str) -> str:
    tables = {one.name.lower(): one.sql for one in connection.objects("table")}
    return tables.get(table.lower(), "")
