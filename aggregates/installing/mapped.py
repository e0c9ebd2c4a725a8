"""Keep the runs of a table of another shape in `agent_invocations`.

To the migrations that is a table like any other, which triggers write in place of hooks: it is
there, and filled, before the first of them begins, and goes after the last has been undone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aggregates.engines.base import SLICE, Database, DriverConnection, MappedTable, quote
from aggregates.engines.tables import MAPPED_PREFIX, MAPPING
from aggregates.errors import CannotAdopt, SchemaMismatch, UnfitTable
from aggregates.frozen.shapes import shape_of
from aggregates.frozen.statements import DROPPED, installed, migrations_folder
from aggregates.model.mapping import TableMapping, parsed
from aggregates.model.sources import agent_invocations, agent_tool_uses, sessions
from aggregates.progress import Progress
from aggregates.recomputing.pace import FIRST_KEYS, LARGEST_SLICE, SMALLEST_SLICE, adapted


@dataclass(frozen=True)
class Mapped:
    """The mapping by which a database keeps its runs."""

    name: str
    table: str
    """the table of another shape"""
    is_filled: bool
    """whether everything that was there has been taken over"""


def mapping_of(connection: DriverConnection) -> TableMapping | None:
    """The mapping of a database; None where its writers write `agent_invocations` themselves."""
    if not connection.table_exists(MAPPING):
        return None
    found = connection.execute(f"SELECT name, definition FROM main.{MAPPING}").fetchone()
    return None if found is None else parsed(*found)


def mapped(connection: DriverConnection) -> Mapped | None:
    """By which mapping a database keeps its runs, and how far that is."""
    found = mapping_of(connection)
    if found is None:
        return None
    (is_filled,) = connection.execute(f"SELECT is_filled FROM main.{MAPPING}").fetchone()
    return Mapped(found.name, found.table, bool(is_filled))


def filled_columns(connection: DriverConnection) -> set[str]:
    """The columns of `agent_invocations` that a mapping fills in place."""
    found = mapping_of(connection)
    if found is None or not found.is_in_place:
        return set()
    with suppress(UnfitTable):
        return {name for one in connection.mapped(found).comparisons for name in one.columns}
    return set()


def adopt(database: Database, mapping: TableMapping, *, is_migrated: bool) -> None:
    """Make what keeps the runs of a table. Changes nothing where that is there already.

    Raises CannotAdopt, having changed nothing, where the table is not as the mapping says, or runs
    are kept otherwise.
    """
    with database.own_connection() as connection, connection.write_lock():
        found = mapping_of(connection)
        if found is not None and found.says_the_same(mapping):
            return
        if found is not None or is_migrated:
            how = f"by the mapping {found.name}" if found else "as its writers write them"
            raise CannotAdopt(
                f"the database keeps runs {how}: run `aggregates downgrade`, then"
                f" `aggregates migrate --mapping {mapping.name}`"
            )
        if not mapping.is_in_place and connection.table_exists(agent_invocations.name):
            raise CannotAdopt(
                f"cannot keep runs of {mapping.table}: {agent_invocations.name} is there already,"
                " and a mapping makes one of its own; nothing was changed: rename it, or drop it"
                " where it is empty"
            )
        table = connection.mapped(mapping)
        # Nothing is begun that the migration could not finish.
        others = (agent_tool_uses, sessions)
        for source in others:
            connection.check_adoptable(shape_of(source))
        absent = [one.name for one in others if not connection.table_exists(one.name)]
        made = [*table.statements, *installed(migrations_folder())]
        connection.check_names([MAPPING, *(one.name for one in made)])
        connection.execute(
            f"CREATE TABLE {MAPPING} (name TEXT NOT NULL, definition TEXT NOT NULL, mark,"
            " is_filled INTEGER NOT NULL, absent TEXT NOT NULL)"
        )
        connection.execute(
            f"INSERT INTO {MAPPING} VALUES (?, ?, NULL, 0, ?)",
            (mapping.name, mapping.text, " ".join(absent)),
        )
        _make(connection, table)


def fill(database: Database, progress: Progress | None) -> None:
    """Take over the rows that were there, while writers write; goes on where it was killed."""
    with database.own_connection() as connection, slice_of_keys(connection):
        table = mapped_table(connection)
        size, done = FIRST_KEYS, 0
        while table is not None:
            with connection.write_lock():
                started = time.monotonic()
                rows = _fill_slice(connection, table, size)
            if rows == 0:
                return
            seconds = time.monotonic() - started
            size = adapted(size, seconds, SMALLEST_SLICE, LARGEST_SLICE)
            done += rows
            if progress is not None:
                progress(done, done)
            time.sleep(seconds)


def _fill_slice(connection: DriverConnection, table: MappedTable, size: int) -> int:
    """Make the runs of some keys what they should be; how many those are, 0 after the last."""
    state = f"FROM main.{MAPPING} WHERE NOT is_filled"
    if (
        not connection.table_exists(MAPPING)
        or not connection.execute(
            f"UPDATE temp.{SLICE} SET above = (SELECT mark {state}) WHERE EXISTS (SELECT 1 {state})"
        ).rowcount
    ):
        return 0
    (has_lower,) = connection.execute(f"SELECT above IS NOT NULL FROM temp.{SLICE}").fetchone()
    rows = end_slice(connection, table, size, has_lower=bool(has_lower))
    if rows == 0:
        connection.execute(f"UPDATE main.{MAPPING} SET is_filled = 1")
    else:
        connection.execute(table.refresh[bool(has_lower), True])
        connection.execute(f"UPDATE main.{MAPPING} SET mark = (SELECT upto FROM temp.{SLICE})")
    return rows


@contextmanager
def slice_of_keys(connection: DriverConnection) -> Iterator[None]:
    """A place for the bounds of slices."""
    connection.execute(f"CREATE TEMP TABLE {SLICE} (above, upto, rows)")
    connection.execute(f"INSERT INTO temp.{SLICE} VALUES (NULL, NULL, 0)")
    try:
        yield
    finally:
        connection.execute(f"DROP TABLE temp.{SLICE}")


def end_slice(
    connection: DriverConnection, table: MappedTable, size: int, *, has_lower: bool
) -> int:
    """Set the end of a slice of at most so many keys; how many it holds."""
    connection.execute(table.end_slice[has_lower, False], {"rows": size})
    (rows,) = connection.execute(f"SELECT rows FROM temp.{SLICE}").fetchone()
    return int(rows)


def misfit(mapping: TableMapping, error: UnfitTable) -> str:
    """Why a mapping that was adopted cannot read its table any more, and what to do."""
    return (
        f"the mapping {mapping.name} cannot read {error.table}: {error.reason}; put the table back"
        " as it was, or run `aggregates downgrade` and then migrate with another mapping"
    )


def mapped_table(connection: DriverConnection) -> MappedTable | None:
    """What keeps the runs of a database that has a mapping.

    Raises SchemaMismatch where the table is not as the mapping says any more.
    """
    found = mapping_of(connection)
    if found is None:
        return None
    try:
        return connection.mapped(found)
    except UnfitTable as error:
        raise SchemaMismatch(f"{misfit(found, error)}; nothing was changed") from error


def put_back(connection: DriverConnection) -> None:
    """Make everything again but the rows of tables that are there, in the caller's transaction."""
    if (table := mapped_table(connection)) is not None:
        _drop(connection, ("trigger", "view"))
        _make(connection, table)


def _make(connection: DriverConnection, table: MappedTable) -> None:
    if table.mapping.is_in_place or not connection.table_exists(agent_invocations.name):
        for sql in table.making:
            connection.execute(sql)
    present = {(one.kind, one.name) for one in connection.objects()}
    for one in table.statements:
        if (one.kind, one.name) not in present:
            connection.execute(one.installed)


def remove(database: Database) -> None:
    """Remove what keeps runs, and the runs; the table that they are of stays as it is.

    Tables of hooks that were not there go, too, unless somebody has written to them.
    """
    with database.own_connection() as connection, connection.write_lock():
        found = mapping_of(connection)
        if found is None:
            return
        (absent,) = connection.execute(f"SELECT absent FROM main.{MAPPING}").fetchone()
        for name in filter(connection.table_exists, absent.split()):
            if connection.execute(f"SELECT 1 FROM main.{name} LIMIT 1").fetchone() is None:
                connection.execute(f"DROP TABLE {name}")
        _drop(connection, DROPPED)
        connection.execute(f"DROP TABLE {MAPPING}")
        if not found.is_in_place:
            connection.execute(f"DROP TABLE IF EXISTS {agent_invocations.name}")


def _drop(connection: DriverConnection, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        for one in connection.objects(kind):
            if one.name.startswith(f"{MAPPED_PREFIX}_"):
                connection.execute(f"DROP {kind.upper()} {quote(one.name)}")
