"""Whether the runs of a table of another shape are what its rows say, and how they become so."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from aggregates.engines.base import SLICE, DriverConnection, MappedComparison, MappedTable
from aggregates.engines.tables import MAPPED_PREFIX
from aggregates.errors import UnfitTable
from aggregates.installing.mapped import end_slice, mapped_table, mapping_of, misfit, slice_of_keys
from aggregates.model.sources import agent_invocations
from aggregates.progress import Progress
from aggregates.proving.findings import PUT_BACK, Finding, is_as_it_should_be
from aggregates.proving.sources import bearer_of, gone
from aggregates.recomputing.drift import Drift
from aggregates.recomputing.pace import (
    FIRST_KEYS,
    KEYS_OF_A_LOCK,
    LARGEST_SLICE,
    SMALLEST_SLICE,
    adapted,
)


def inspect_mapping(connection: DriverConnection) -> Iterator[Finding]:
    """What keeps runs and is not as its mapping says."""
    mapping = mapping_of(connection)
    if mapping is None:
        return
    try:
        table = connection.mapped(mapping)
    except UnfitTable as error:
        bearer = bearer_of(connection, {f"{MAPPED_PREFIX}_insert"})
        if connection.table_exists(mapping.table) or bearer is None:
            yield Finding("unfit", error.table, error.table, misfit(mapping, error))
        else:
            yield gone(connection, mapping.table, bearer)
        return
    installed = {
        one.name: one for one in connection.objects() if one.name.startswith(f"{MAPPED_PREFIX}_")
    }
    for one in table.statements:
        found = installed.pop(one.name, None)
        if found is None:
            detail = f"this {one.kind} is gone, and runs of {mapping.table} are missed"
            yield Finding("missing", one.table, one.name, detail, PUT_BACK)
        elif not is_as_it_should_be(found.sql, one):
            detail = (
                f"this {one.kind} is not the one of the mapping {mapping.name} (or {mapping.table}"
                f" has got another UNIQUE key), and runs may have drifted"
            )
            yield Finding("altered", one.table, one.name, detail, PUT_BACK)
    for name, left in installed.items():
        if left.sql:
            detail = f"the mapping {mapping.name} has not made this {left.kind}"
            yield Finding("unknown", left.table, name, detail, PUT_BACK)
    if mapping.is_in_place:
        yield from _too_early(connection)


def _too_early(connection: DriverConnection) -> Iterator[Finding]:
    """What fills columns, where it runs before the row that it changes has been counted.

    Of the triggers of an event SQLite runs the one that was made last first.
    """
    names = [
        one.name
        for one in connection.objects("trigger")
        if one.table == agent_invocations.name and one.name.startswith("_aggregates_")
    ]
    is_mapped = [name.startswith(MAPPED_PREFIX) for name in names]
    if is_mapped != sorted(is_mapped, reverse=True):
        name = names[len(names) - 1 - is_mapped[::-1].index(True)]
        detail = f"it changes rows of {agent_invocations.name} before they are counted"
        yield Finding("too early", agent_invocations.name, name, detail, PUT_BACK)


def mapping_drifts(
    connection: DriverConnection, progress: Progress | None, *, is_repair: bool
) -> list[Drift]:
    """Which runs differ from the rows that they are of, compared a slice at a time.

    A repair makes those right; what changes with them is counted as with any write.
    """
    table = mapped_table(connection)
    if table is None:
        return []
    read = 0
    drifts: list[Drift] = []
    for comparison in table.comparisons:
        with slice_of_keys(connection):
            rows, has_lower, size = 1, False, FIRST_KEYS
            while rows:
                started = time.monotonic()
                with connection.any_text(), connection.snapshot():
                    connection.execute(f"UPDATE temp.{SLICE} SET above = upto")
                    rows = end_slice(connection, table, size, has_lower=has_lower)
                    differs = comparison.differs[has_lower, rows > 0]
                    found = connection.execute(differs).fetchall()
                seconds = time.monotonic() - started
                if connection.readers_block():
                    time.sleep(seconds)
                size = adapted(size, seconds, SMALLEST_SLICE, LARGEST_SLICE)
                if is_repair:
                    _mend(connection, table, [key for key, *_ in found])
                drifts += [drift for row in found for drift in _drifts_of(comparison, row)]
                has_lower = True
                read += rows
                if progress is not None:
                    progress(read, read)
    return drifts


def _mend(connection: DriverConnection, table: MappedTable, keys: Sequence[Any]) -> None:
    for first in range(0, len(keys), KEYS_OF_A_LOCK):
        started = time.monotonic()
        with connection.write_lock():
            for key in keys[first : first + KEYS_OF_A_LOCK]:
                connection.execute_any_text(table.refresh_one, (key,))
        time.sleep(time.monotonic() - started)


def _drifts_of(comparison: MappedComparison, row: tuple[Any, ...]) -> Iterator[Drift]:
    key, is_stored, is_right, *values = row
    width = len(comparison.columns)
    for column, stored, right in zip(
        comparison.columns, values[:width], values[width:], strict=True
    ):
        if stored != right:
            yield Drift(comparison.table, {comparison.key: key}, column, stored, right)
    if not (is_stored and is_right) and all(value is None for value in values):
        yield Drift(comparison.table, {comparison.key: key}, comparison.key, None, None)
