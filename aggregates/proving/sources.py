"""Whether the source tables are still such as were adopted, and how they become so again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from aggregates.engines.base import DriverConnection, quote
from aggregates.engines.tables import WITHOUT_KEY
from aggregates.errors import CannotAdopt, SchemaMismatch, UnfitTable
from aggregates.frozen import statements as frozen
from aggregates.frozen.layout import normalised
from aggregates.frozen.shapes import ADDED, Shape, shape_of
from aggregates.frozen.statements import Statement
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
        shape = shape_of(source)
        bearer = bearer_of(connection, [one.name for one in _triggers_on(source)])
        if not connection.table_exists(source.name):
            yield gone(connection, shape.table, bearer)
            continue
        error = _unfitness(connection, shape)
        lost = lost_columns(connection, shape)
        if lost and (error is None or error.lacks_key):
            yield from (_lost(source.name, column) for column in lost)
        elif error is not None:
            yield _unfit(connection, shape, error, bearer, has_script=error.lacks_key)
        elif bearer not in (None, source.name):
            yield _moved(connection, shape, bearer)
        elif read := _read_instead(connection, source):
            yield _exchanged(source.name, read)


def foresee(connection: DriverConnection, sources: Iterable[Source]) -> Iterator[Finding]:
    """What the first migration would refuse."""
    for source in sources:
        try:
            connection.check_adoptable(shape_of(source))
        except UnfitTable as error:
            bearer = bearer_of(connection, [one.name for one in _triggers_on(source)])
            yield _unfit(connection, shape_of(source), error, bearer, has_script=error.is_keyless)
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


def gone(connection: DriverConnection, table: str, bearer: str | None) -> Finding:
    """A table that is not there; another one may bear its triggers."""
    told = f"the table {table} is gone"
    if bearer:
        renaming = connection.renaming(bearer, table)
        step, named = _script(renaming), "; ".join(renaming)
        detail = f"{told}, and its triggers are on {bearer}: `{named}` names it so again"
    elif (mapping := mapping_of(connection)) and mapping.makes(table):
        detail = f"{told}, which can be made again from {mapping.table}"
        return Finding("missing", table, table, detail, PUT_BACK)
    else:
        step = f"-- put {table} back from a backup, or let its writers make an empty one"
        detail = f"{told}, with its rows: {step.removeprefix('-- ')}"
    return Finding("gone", table, table, detail, (step,))


def bearer_of(connection: DriverConnection, triggers: Collection[str]) -> str | None:
    """The table that bears some triggers: it takes them with it to another name."""
    return next((one.table for one in connection.objects("trigger") if one.name in triggers), None)


def _triggers_on(source: Source) -> list[Statement]:
    """Those that the revisions have made on its table."""
    made = frozen.installed(frozen.migrations_folder())
    return [one for one in made if (one.kind, one.table) == ("trigger", source.name)]


def _script(statements: Sequence[str]) -> str:
    """One statement as it is, more of them a line each."""
    return statements[0] if len(statements) == 1 else "\n".join(f"{one};" for one in statements)


def _renaming_column(table: str, now: str, name: str) -> str:
    return f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(now)} TO {quote(name)}"


def _moved(connection: DriverConnection, shape: Shape, bearer: str) -> Finding:
    """A table that was renamed, and that its writers have made again."""
    aside = f"{shape.table}_made_again"
    both = connection.columns(bearer).keys() & connection.columns(shape.table).keys() - {shape.key}
    columns = ", ".join(quote(name) for name in connection.columns(bearer) if name in both)
    verb = "INSERT" if shape.unique is None else "INSERT OR REPLACE"
    copying = (
        f"{verb} INTO {quote(shape.table)} ({columns}) SELECT {columns} FROM {quote(aside)}",
        f"DROP TABLE {quote(aside)}",
    )
    detail = (
        f"the table {shape.table} was renamed to {bearer}, with its triggers, and another of that"
        f" name was made, whose rows are not counted: the steps that `{STATUS}` prints make one"
        " table of both again"
    )
    step = _script(connection.renaming(bearer, shape.table, aside))
    return Finding("moved", shape.table, shape.table, detail, (step,), copying=_script(copying))


def _read_instead(connection: DriverConnection, source: Source) -> dict[str, str]:
    """Columns that the triggers read in the place of others, by these: SQLite rewrites triggers
    where a column is renamed, and another may have got the old name since."""
    there = {one.name: one.sql for one in connection.objects("trigger")}
    read: dict[str, str] = {}
    for one in connection.fit(shape_of(source), _triggers_on(source)):
        wanted, found = (
            normalised(sql).lower().split() for sql in (one.sql, there.get(one.name, ""))
        )
        if len(wanted) == len(found):
            read |= {old: new for old, new in zip(wanted, found, strict=True) if old != new}
    columns = {name.lower() for name in connection.columns(source.name)}
    tracked = {one.name for one in source.tracked} | {one.column for one in source.extracted}
    return {old: new for old, new in read.items() if old in tracked and new in columns}


def _exchanged(table: str, read: dict[str, str]) -> Finding:
    aside = {old: f"{old}_made_again" for old in read}
    renamings = [*aside.items(), *((aside.get(new, new), old) for old, new in read.items())]
    step = _script([_renaming_column(table, now, name) for now, name in renamings])
    named = ", ".join(f"{table}.{old} was renamed to {new}" for old, new in read.items())
    detail = (
        f"{named}, which the triggers read, and another column has the old name now: the script"
        f" that `{STATUS}` prints gives the names back; take over what the other column holds"
    )
    return Finding("column", table, ", ".join(read), detail, (step,))


def inspect_owned(connection: DriverConnection, theirs: Iterable[Owned]) -> Iterator[Finding]:
    """The same of tables whose change log is an application's."""
    for unit in [one.unit for one in theirs]:
        if (shape := unit.shape) is None:
            continue
        on_it = [one for one in unit.statements if one.table == shape.table]
        bearer = bearer_of(connection, [one.name for one in on_it if one.kind == "trigger"])
        if not connection.table_exists(shape.table):
            yield gone(connection, shape.table, bearer)
            continue
        try:
            connection.check_adoptable(shape)
        except UnfitTable as error:
            yield _unfit(connection, shape, error, bearer, has_script=False)
        else:
            if bearer not in (None, shape.table):
                yield _moved(connection, shape, bearer)


def _unfitness(connection: DriverConnection, shape: Shape) -> UnfitTable | None:
    try:
        # Columns are compared with those that were adopted.
        connection.check_adoptable(replace(shape, required=()))
    except UnfitTable as error:
        return error
    return None


def _lost(table: str, column: LostColumn) -> Finding:
    adding = f"ALTER TABLE {quote(table)} ADD COLUMN {quote(column.name)} {column.type} {ADDED}"
    gone = f"the column {table}.{column.name} is gone, which the triggers read"
    if column.stands_in:
        step = _renaming_column(table, column.stands_in, column.name)
        detail = f"{gone}, and {column.stands_in} stands in its place: `{step}` names it so again"
        return Finding("column", table, column.name, detail, (step,))
    if column.candidates:
        renamings = [_renaming_column(table, one, column.name) for one in column.candidates]
        named = ", ".join(f"`{one}`" for one in renamings)
        detail = f"{gone}; where it has another name now, {named}, and else `{adding}`"
        choice = [f"one of these, as {column.name} has another name now, or is gone:", *renamings]
        step = "\n".join(f"-- {one}" for one in [*choice, adding])
        return Finding("column", table, column.name, detail, (step,))
    detail = f"{gone}, with its values: `{adding}` puts an empty one in its place"
    return Finding("column", table, column.name, detail, (adding,))


def _unfit(
    connection: DriverConnection,
    shape: Shape,
    error: UnfitTable,
    bearer: str | None,
    *,
    has_script: bool,
) -> Finding:
    detail = f"the triggers cannot serve {shape.table}: {error.reason}; "
    if not has_script:
        remedy = error.remedy
        if bearer not in (None, shape.table):
            renaming = "; ".join(connection.renaming(bearer, shape.table))
            remedy = f"give it another name, then {renaming}"
        step = f"-- {shape.table}: {remedy}"
        return Finding("unfit", shape.table, shape.table, f"{detail}{remedy}", (step,))
    detail += (
        f"stop its writers, keep a copy, and give it its key again, by the script that"
        f" `{STATUS}` prints; it leaves the old table as {shape.table}{WITHOUT_KEY}, to be dropped"
        " when all is as it should be, and no row is missed"
    )
    script = connection.with_its_key(shape)
    return Finding("unfit", shape.table, shape.table, detail, (script,))
