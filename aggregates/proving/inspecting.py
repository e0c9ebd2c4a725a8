"""What is installed, compared with what the database's revision says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from aggregates.changes import ConsumerStatus, consumers
from aggregates.engines import driver
from aggregates.engines.base import Capability, Database, DriverConnection, SchemaObject, quote
from aggregates.engines.tables import CONSUMERS, MAPPED_PREFIX, VERIFICATIONS, WALKS, WITHOUT_KEY
from aggregates.errors import SchemaMismatch
from aggregates.frozen import statements as frozen
from aggregates.frozen.shapes import UPDATED_AT, Shape, shape_of
from aggregates.frozen.statements import Statement
from aggregates.installing import upgrading
from aggregates.installing.adopted import adopted, has_lost_journal_mode
from aggregates.installing.mapped import Mapped, filled_columns, mapped
from aggregates.installing.owned import Owned, owned
from aggregates.model.definition import Source
from aggregates.proving.findings import (
    MIGRATE,
    PUT_BACK,
    REINSTALL,
    REPAIR,
    RUN,
    STATUS,
    WAL,
    Finding,
    is_as_it_should_be,
    next_steps,
)
from aggregates.proving.mapped import inspect_mapping
from aggregates.proving.record import Proof, proofs, proved_at, reinstalled_at
from aggregates.proving.rounds import LastRound, OpenRound, last_round, open_round
from aggregates.proving.sources import check_sources, foresee, inspect_owned, inspect_sources
from aggregates.recomputing.filling import BACKFILLS, REBUILD


@dataclass(frozen=True)
class Inspection:
    """What an inspection found; `ok` where nothing needs to be done."""

    revision: str | None
    """of the database; None where nothing is installed"""
    head: str
    """the newest revision of this version of the package"""
    findings: list[Finding]
    warnings: list[Finding]
    """what is worth knowing, and keeps nothing from being exact"""
    steps: list[str]
    """what to do next, in this order: commands of ours, and SQL"""
    filling: str | None
    """the revision whose tables are still being filled, and do not hold everything yet"""
    journal_mode: str
    proofs: list[Proof] = field(default_factory=list)
    """the newest verifies, repairs and rebuilds, newest first"""
    consumers: list[ConsumerStatus] = field(default_factory=list)
    """readers of the change logs"""
    proved_at: str | None = None
    """when the run began that last proved the whole, and nothing since makes doubtful"""
    last_round: LastRound | None = None
    """how long a proof of the whole took, the last time; null where there was none"""
    mapping: Mapped | None = None
    """how runs are kept of a table of another shape; null where they are not"""
    open_round: OpenRound | None = None
    """the one that is under way, over several runs; null where none is"""

    @property
    def ok(self) -> bool:
        """Whether everything is installed as it should be, and filled."""
        return not self.findings and self.filling is None


def inspect(connection: Connection, sources: Sequence[Source]) -> Inspection:
    """Compare what is installed with the frozen SQL of the revision. Changes nothing."""
    revision, head = upgrading.current(connection), upgrading.head()
    own = driver(connection)
    findings = []
    if revision is None:
        detail = f"nothing is installed, not {head}; run `aggregates migrate`"
        findings.append(Finding("revision", "", head, detail, (MIGRATE,)))
        findings += foresee(own, kept_by_us(sources))
    elif wrong := upgrading.mismatch(revision):
        steps = (MIGRATE,) if upgrading.is_known(revision) else ()
        findings.append(Finding("revision", "", head, wrong, steps))
    if revision is not None and upgrading.is_known(revision):
        findings += differences(own, kept_by_us(sources), revision)
    proofs, consumers = _reconciled(own, sources, revision == head)
    findings += _doubts(proofs)
    warnings = list(_warnings(own, kept_by_us(sources))) if revision is not None else []
    last, under_way = _rounds(own, revision == head)
    return Inspection(
        revision=revision,
        head=head,
        findings=findings,
        warnings=warnings,
        steps=next_steps([*findings, *warnings]),
        filling=_filling(own),
        journal_mode=own.journal_mode(),
        proofs=proofs[:_PROOFS_SHOWN],
        consumers=consumers,
        proved_at=proved_at(proofs),
        last_round=last,
        open_round=under_way,
        mapping=mapped(own),
    )


def kept_by_us(sources: Iterable[Source]) -> list[Source]:
    """Those that the project keeps a change log of, not an application."""
    return [source for source in sources if not source.owner]


def check_comparable(database: Database, sources: Sequence[Source]) -> None:
    """Raise SchemaMismatch where aggregates cannot be compared with their sources.

    So it is where the database is not at the head revision, or a source table is gone, or is not
    such as was adopted.
    """
    with database.reading() as connection:
        _check_comparable(connection, sources)


def _check_comparable(connection: Connection, sources: Sequence[Source]) -> None:
    if wrong := upgrading.mismatch(upgrading.current(connection)):
        raise SchemaMismatch(wrong)
    check_sources(driver(connection), kept_by_us(sources))


def check_installed(database: Database, sources: Sequence[Source]) -> None:
    """Raise SchemaMismatch where what is right now may be wrong after the next write.

    So it is where they cannot be compared, or where a table or trigger is not such as the revision
    has made it.
    """
    with database.reading() as connection:
        _check_comparable(connection, sources)
        found = differences(driver(connection), kept_by_us(sources), upgrading.head())
    if found := [one for one in found if one.spoils]:
        names = ", ".join(f"{one.kind} {one.name}" for one in found[:_FINDINGS_NAMED])
        more = f" and {len(found) - _FINDINGS_NAMED:,} more" if found[_FINDINGS_NAMED:] else ""
        (first, *_) = next_steps(found)
        raise SchemaMismatch(
            f"not as it should be: {names}{more}; what is right now may be wrong after the next"
            f" write, so nothing was mended: begin with `{first}`; `{STATUS}` lists all steps"
        )


def _warnings(connection: DriverConnection, sources: Sequence[Source]) -> Iterator[Finding]:
    """What keeps nothing from being exact."""
    filled = {UPDATED_AT} | filled_columns(connection)
    made = [one.name for one in sources if adopted(connection, one.name).is_made]
    if empty := [one for one in made if _is_empty(connection, one)]:
        names = ", ".join(empty)
        yield Finding(
            "empty",
            empty[0],
            names,
            f"{names} were not there when the database was adopted, beside tables of others, and"
            " are empty still: unless hooks write to this file, it may be the wrong one, and"
            " `aggregates downgrade` takes back what was installed",
        )
    for source in sources:
        added = [one for one in connection.added_columns(shape_of(source)) if one not in filled]
        if added:
            names = ", ".join(added)
            yield Finding(
                "empty",
                source.name,
                names,
                f"the writers of {source.name} had no such columns when it was adopted: {names};"
                " they are empty, and everything counts without them, unless a writer fills them",
            )
    for one in connection.objects("table"):
        of = next((s.name for s in sources if one.name.startswith(s.name + WITHOUT_KEY)), None)
        if of is not None:
            yield Finding(
                "left over",
                of,
                one.name,
                f"{of} has got its key again, and {one.name} is what it was: once all is as"
                f" it should be, and no row of it is missed in {of},"
                f" `DROP TABLE {quote(one.name)}` gives its space back",
            )
    if (waiting := connection.waiting()) > _MANY_WAITING:
        yield Finding(
            "waiting",
            "",
            "",
            f"{waiting:,} changes wait to be posted, and whatever reads the aggregates adds them up"
            f" each time: values are exact, reads are slow; `{RUN}` posts them",
            (RUN,),
        )
    if file := connection.deleted_file():
        yield Finding(
            "deleted file",
            "",
            file,
            f"{file} was replaced or deleted where it lies, and only a mount of the file itself"
            " still holds it: mount its folder instead, and start again",
            (f"-- mount the folder of {file} in the place of the file",),
        )
    if has_lost_journal_mode(connection):
        mode = connection.journal_mode()
        yield Finding(
            "journal mode",
            "",
            mode,
            f"the file was in WAL, and is in mode {mode} now, as a copy by VACUUM INTO or out of a"
            f" dump is: readers keep writers from committing; `{WAL}` switches it back, and"
            f" `{MIGRATE} --journal-mode keep` leaves it so for good",
            (WAL,),
        )


def _is_empty(connection: DriverConnection, table: str) -> bool:
    if not connection.table_exists(table):
        return False
    return connection.execute(f"SELECT 1 FROM {quote(table)} LIMIT 1").fetchone() is None


def whole_differences(connection: DriverConnection, revision: str) -> Iterator[Finding]:
    """What is not as a revision has left it, where no table of a source changes what is frozen."""
    engine = connection.compiler.folder
    installed = {(one.kind, one.name): one for one in connection.objects()}
    for one in _latest(frozen.installed(frozen.migrations_folder(), revision, engine)):
        found = installed.get((one.kind, one.name))
        if found is None:
            detail = f"this {one.kind} is gone, and what it keeps may have drifted: {_MIGRATE_ANEW}"
            yield Finding("missing", one.table, one.name, detail, ANEW)
        elif not connection.is_as_made(found, one):
            detail = f"this {one.kind} is not the one of revision {revision}: {_MIGRATE_ANEW}"
            yield Finding("altered", one.table, one.name, detail, ANEW)


def expected(revision: str) -> list[Statement]:
    """What the revisions up to one have installed, each object as the last of them says."""
    return _latest(frozen.installed(frozen.migrations_folder(), revision))


def _latest(history: Iterable[Statement]) -> list[Statement]:
    latest = {(one.kind, one.name): one for one in history}
    return [one for one in latest.values() if one.kind != "data"]


def differences(
    connection: DriverConnection, sources: Sequence[Source], revision: str
) -> list[Finding]:
    """What is not as a revision has left it: of source tables first, then of what is kept.

    What an application's revisions have installed is inspected with it.
    """
    if Capability.QUEUES in connection.capabilities:
        return [*inspect_sources(connection, sources), *whole_differences(connection, revision)]
    theirs = owned(connection)
    history = frozen.installed(frozen.migrations_folder(), revision)
    history += [one for each in theirs for one in each.installed]
    statements = _latest(history)
    findings = [*inspect_sources(connection, sources), *inspect_owned(connection, theirs)]
    unfit = {one.table for one in findings if one.steps != PUT_BACK}
    shapes = all_shapes(sources, theirs)
    for shape in shapes:
        if shape.table not in unfit:
            statements = connection.fit(shape, statements)
    tables = [shape.table for shape in shapes]
    installed = {(one.kind, one.name): (one.table, one.sql) for one in connection.objects()}
    wanted = {(one.kind, one.name) for one in statements}
    findings += inspect_mapping(connection)
    findings += _rebuilt(connection, tables, statements, installed.keys())
    for one in statements:
        table, sql = installed.get((one.kind, one.name), ("", None))
        if sql is None:
            detail = (
                f"this {one.kind} is gone, and what it keeps may have drifted, or writers fail that"
                " need it"
            )
            making = one.installed if one.kind in ("table", "view") else ""
            findings.append(Finding("missing", one.table, one.name, detail, PUT_BACK, making))
        elif not is_as_it_should_be(sql, one) and one.table not in unfit:
            detail = (
                f"this {one.kind} is not the one of revision {revision}"
                " (or its source has got another UNIQUE key, or a column another type), and what it"
                " keeps may have drifted"
                if table == one.table
                else f"this {one.kind} of {one.table} is on {table} now, whose rows are not counted"
            )
            findings.append(Finding("altered", table, one.name, detail, PUT_BACK))
    findings += _out_of_order(connection, sources, statements)
    findings += _unposted(connection, statements, history)
    findings += _different_rows(connection, history, revision)
    ours = ours_on_sources(connection, tables)
    for name, table in ours.items():
        if ("trigger", name) not in wanted:
            step = f"DROP TRIGGER {quote(name)}"
            detail = f"no revision has made this trigger: `{step}`"
            findings.append(Finding("unknown", table, name, detail, (step,)))
    findings += _too_early(connection, ours.keys())
    return [_with_remedy(one, unfit) for one in findings]


def _with_remedy(finding: Finding, unfit: Collection[str]) -> Finding:
    """Where a source table is not fit for triggers, none are put back before it is."""
    if finding.steps != PUT_BACK:
        return finding
    if unfit:
        detail = f"{finding.detail}; first put {', '.join(sorted(unfit))} right"
        return replace(finding, detail=detail, steps=())
    return replace(finding, detail=f"{finding.detail}; {_REINSTALL}")


def _out_of_order(
    connection: DriverConnection, sources: Sequence[Source], statements: list[Statement]
) -> Iterator[Finding]:
    """Triggers on a log that were made in another order: what is old has to be posted first."""
    for source in sources:
        right = [one.name for one in statements if (one.kind, one.table) == ("trigger", source.log)]
        found = [one.name for one in connection.objects("trigger") if one.name in right]
        if found != right and sorted(found) == sorted(right):
            detail = "its triggers run in another order, so that values may drift"
            yield Finding("altered", source.log, source.log, detail, PUT_BACK)


def _unposted(
    connection: DriverConnection, statements: list[Statement], history: list[Statement]
) -> Iterator[Finding]:
    """Tables to which a trigger of an earlier revision has posted, and none does any more."""
    since = _posted_to([*statements, *connection.objects("trigger")])
    tables = {one.name for one in statements if one.kind == "table"}
    for table in sorted((_posted_to(history) - since) & tables):
        detail = (
            "no trigger posts to it any more, so it stands still: freeze its definition, with an"
            f" owner, in a revision of yours, and run `aggregates rebuild --table {table}`"
        )
        yield Finding("unposted", table, table, detail)


def _posted_to(statements: Iterable[Statement | SchemaObject]) -> set[str]:
    return {
        name
        for one in statements
        if one.kind == "trigger"
        for name in re.findall(r'\bINTO\s+"?(\w+)', one.sql)
    }


def _too_early(connection: DriverConnection, ours: Collection[str]) -> Iterator[Finding]:
    """Triggers of others that change rows of a source before ours have counted them.

    Of the triggers of an event SQLite runs the one that was made last first.
    """
    has_ours: set[str] = set()
    for one in connection.objects("trigger"):
        name, table = one.name, one.table
        if name in ours:
            has_ours.add(table)
        elif table in has_ours:
            head, _, body = one.sql.upper().partition("BEGIN")
            changes = rf'(UPDATE(\s+OR\s+\w+)?|INTO|DELETE\s+FROM)\s+["`\[]?{table.upper()}\b'
            if re.search(r"\bAFTER\b", head) and re.search(changes, body):
                detail = (
                    f"made after ours, this trigger changes rows of {table} before they are counted"
                )
                yield Finding("too early", table, name, detail, PUT_BACK)


def all_shapes(sources: Iterable[Source], theirs: Iterable[Owned]) -> list[Shape]:
    """What all change logs of a table need of it, or at least one: by that they are fitted."""
    shapes = {one.unit.shape.table: one.unit.shape for one in theirs if one.unit.shape}
    return [*(shapes | {source.table: shape_of(source) for source in sources}).values()]


def ours_on_sources(connection: DriverConnection, tables: Iterable[str]) -> dict[str, str]:
    """Triggers with a name of ours on source tables: name -> table."""
    names = {*tables}
    return {
        one.name: one.table
        for one in connection.objects("trigger")
        if one.name.startswith("_aggregates_")
        and not one.name.startswith(MAPPED_PREFIX)
        and one.table in names
    }


def _rebuilt(
    connection: DriverConnection,
    tables: Iterable[str],
    statements: list[Statement],
    installed: Iterable[tuple[str, str]],
) -> Iterator[Finding]:
    """Source tables that have lost all their triggers at once."""
    for table in tables:
        if not connection.table_exists(table):
            continue
        on_source = {
            (one.kind, one.name)
            for one in statements
            if one.kind == "trigger" and one.table == table
        }
        if on_source and not on_source & set(installed):
            yield Finding(
                "rebuilt",
                table,
                table,
                "all of its triggers are gone at once, as when a tool builds the table anew (ALTER"
                " by copy, in many GUI tools): what was written since is not counted",
                PUT_BACK,
            )


def _reconciled(
    connection: DriverConnection, sources: Sequence[Source], is_head: bool
) -> tuple[list[Proof], list[ConsumerStatus]]:
    """What is recorded of proofs, and who reads the logs."""
    if not is_head or not connection.table_exists(VERIFICATIONS):
        return [], []
    known = connection.table_exists(CONSUMERS) and all(
        connection.table_exists(source.log) for source in sources
    )
    read = proofs(connection, _PROOFS_READ)
    return read, consumers(connection, sources) if known else []


def _rounds(
    connection: DriverConnection, is_head: bool
) -> tuple[LastRound | None, OpenRound | None]:
    """The last round of proof, and the one that is under way."""
    if not is_head or not connection.table_exists(WALKS):
        return None, None
    return last_round(connection), open_round(connection)


def _doubts(found: list[Proof]) -> Iterator[Finding]:
    """That triggers were put back, and nothing has been proved since."""
    reinstalled = reinstalled_at(found)
    if reinstalled and proved_at(found) is None:
        yield Finding(
            "unproved",
            "",
            "",
            f"triggers were put back at {reinstalled}, and what was written without them is"
            " not counted yet: run `aggregates repair`",
            (REPAIR,),
        )


def _different_rows(
    connection: DriverConnection, history: list[Statement], revision: str
) -> list[Finding]:
    """Tables whose rows a revision has frozen too, and that hold others."""
    installed = {one.name for one in connection.objects("table")}
    names = {one.table for one in history if one.kind == "data"} & installed
    findings = []
    with connection.scratch() as right:
        for one in history:
            if one.kind in ("table", "data") and one.table in names:
                right.execute(one.sql)
        for name in sorted(names):
            query = f"SELECT * FROM {name} ORDER BY 1"
            found = connection.execute(query).fetchall()
            if sorted(found) != sorted(right.execute(query).fetchall()):
                detail = f"its rows are not those of revision {revision}"
                findings.append(Finding("altered", name, name, detail, PUT_BACK))
    return findings


ANEW = ("aggregates downgrade", MIGRATE)
_MIGRATE_ANEW = " and ".join(f"`{step}`" for step in ANEW) + " make it again, and count all rows"
_REINSTALL = f"`{REINSTALL}` puts that right, then run `{REPAIR}`"
_PROOFS_SHOWN, _PROOFS_READ = 5, 1000
_FINDINGS_NAMED = 3
_MANY_WAITING = 10_000


def _filling(connection: DriverConnection) -> str | None:
    mapping = mapped(connection)
    if mapping is not None and not mapping.is_filled:
        return f"mapping {mapping.name}"
    if not connection.table_exists(BACKFILLS):
        return None
    # While a rebuild fills new tables, the old ones hold everything.
    query = f"SELECT revision FROM {BACKFILLS} WHERE revision NOT GLOB '{REBUILD} *'"
    found = connection.execute(query).fetchone()
    return None if found is None else str(found[0])
