"""Whether the source tables are still such as were adopted, and how they become so again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from aggregates.engines.base import DriverConnection, quote
from aggregates.errors import CannotAdopt, SchemaMismatch, UnfitTable
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import ADDED, shape_of
from aggregates.installing.adopted import LostColumn, lost_columns
from aggregates.installing.mapped import mapping_of
from aggregates.installing.owned import Owned, owned
from aggregates.model.definition import Source
from aggregates.proving.findings import PUT_BACK, REINSTALL, STATUS, Finding


def inspect_sources(connection: DriverConnection, sources: Iterable[Source]) -> Iterator[Finding]:
    """Tables that are gone, that triggers cannot serve, or that have lost a column.

    Whatever is put back on such a table would fail its writers, or count nonsense.
    """
    for source in sources:
        if not connection.table_exists(source.name):
            yield _gone(connection, source)
            continue
        error = _unfitness(connection, source)
        lost = lost_columns(connection, shape_of(source))
        if lost and (error is None or error.lacks_key):
            yield from (_lost(source.name, column) for column in lost)
        elif error is not None:
            yield _unfit(connection, source, error, has_script=error.lacks_key)


def foresee(connection: DriverConnection, sources: Iterable[Source]) -> Iterator[Finding]:
    """What the first migration would refuse."""
    for source in sources:
        try:
            connection.check_adoptable(shape_of(source))
        except UnfitTable as error:
            yield _unfit(connection, source, error, has_script=error.is_keyless)
        except CannotAdopt as error:
            yield Finding("unfit", source.name, source.name, str(error), (f"-- {error}",))
    try:
        connection.check_names(one.name for one in frozen.installed(frozen.migrations_folder()))
    except CannotAdopt as error:
        yield Finding("unfit", "", "", str(error), (f"-- {error}",))


def check_sources(connection: DriverConnection, sources: Iterable[Source]) -> None:
    """Raise SchemaMismatch where a source table has to be put right before anything else."""
    found = [*inspect_sources(connection, sources), *inspect_owned(connection, owned(connection))]
    wrong = [
        f"{one.detail}: `{REINSTALL}`" if one.steps == PUT_BACK else one.detail for one in found
    ]
    if wrong:
        raise SchemaMismatch(f"{'; '.join(wrong)}; nothing was changed: run this again after that")


def _gone(connection: DriverConnection, source: Source) -> Finding:
    gone = f"the table {source.name} is gone"
    if now := _bearer(connection, source):
        step = _renaming(now, source)
        detail = f"{gone}, and its triggers are on {now}: `{step}` names it so again"
    elif (mapping := mapping_of(connection)) and mapping.makes(source.name):
        detail = f"{gone}, which can be made again from {mapping.table}"
        return Finding("missing", source.name, source.name, detail, PUT_BACK)
    else:
        step = f"-- put {source.name} back from a backup, or let its writers make an empty one"
        detail = f"{gone}, with its rows: {step.removeprefix('-- ')}"
    return Finding("gone", source.name, source.name, detail, (step,))


def _bearer(connection: DriverConnection, source: Source) -> str | None:
    """The table that bears the triggers of a source: it takes them with it to another name."""
    installed = frozen.installed(frozen.migrations_folder())
    ours = {one.name for one in installed if (one.kind, one.table) == ("trigger", source.name)}
    return next((one.table for one in connection.objects("trigger") if one.name in ours), None)


def _renaming(now: str, source: Source) -> str:
    return f"ALTER TABLE {quote(now)} RENAME TO {quote(source.name)}"


def inspect_owned(connection: DriverConnection, theirs: Iterable[Owned]) -> Iterator[Finding]:
    """The same of tables whose change log is an application's."""
    for shape in [one.unit.shape for one in theirs if one.unit.shape]:
        if not connection.table_exists(shape.table):
            step = f"-- put {shape.table} back from a backup"
            detail = f"the table {shape.table} is gone: {step.removeprefix('-- ')}"
            yield Finding("gone", shape.table, shape.table, detail, (step,))
            continue
        try:
            connection.check_adoptable(shape)
        except UnfitTable as error:
            detail = f"the triggers cannot serve {shape.table}: {error.reason}; {error.remedy}"
            step = f"-- {shape.table}: {error.remedy}"
            yield Finding("unfit", shape.table, shape.table, detail, (step,))


def _unfitness(connection: DriverConnection, source: Source) -> UnfitTable | None:
    try:
        # Columns are compared with those that were adopted.
        connection.check_adoptable(replace(shape_of(source), required=()))
    except UnfitTable as error:
        return error
    return None


def _lost(table: str, column: LostColumn) -> Finding:
    def renaming(name: str) -> str:
        return f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(name)} TO {quote(column.name)}"

    adding = f"ALTER TABLE {quote(table)} ADD COLUMN {quote(column.name)} {column.type} {ADDED}"
    gone = f"the column {table}.{column.name} is gone, which the triggers read"
    if column.stands_in:
        step = renaming(column.stands_in)
        detail = f"{gone}, and {column.stands_in} stands in its place: `{step}` names it so again"
        return Finding("column", table, column.name, detail, (step,))
    if column.candidates:
        renamings = [renaming(one) for one in column.candidates]
        named = ", ".join(f"`{one}`" for one in renamings)
        detail = f"{gone}; where it has another name now, {named}, and else `{adding}`"
        choice = [f"one of these, as {column.name} has another name now, or is gone:", *renamings]
        step = "\n".join(f"-- {one}" for one in [*choice, adding])
        return Finding("column", table, column.name, detail, (step,))
    detail = f"{gone}, with its values: `{adding}` puts an empty one in its place"
    return Finding("column", table, column.name, detail, (adding,))


def _unfit(
    connection: DriverConnection, source: Source, error: UnfitTable, *, has_script: bool
) -> Finding:
    detail = f"the triggers cannot serve {source.name}: {error.reason}; "
    if not has_script:
        remedy, bearer = error.remedy, _bearer(connection, source)
        if bearer not in (None, source.name):
            remedy = f"give it another name, then {_renaming(bearer, source)}"
        step = f"-- {source.name}: {remedy}"
        return Finding("unfit", source.name, source.name, f"{detail}{remedy}", (step,))
    detail += (
        f"stop its writers, keep a copy, and give it its key again, by the script that"
        f" `{STATUS}` prints"
    )
    script = connection.with_its_key(shape_of(source))
    return Finding("unfit", source.name, source.name, detail, (script,))
