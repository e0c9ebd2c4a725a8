"""Put triggers and views back that are missing or altered, and trust nothing until it is proved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aggregates.changes import utc_text
from aggregates.engines import driver
from aggregates.engines.base import Capability, Database, DriverConnection, SchemaObject, quote
from aggregates.engines.tables import CONSUMERS
from aggregates.errors import AggregatesError, SchemaMismatch
from aggregates.frozen.shapes import ADDED, shape_of
from aggregates.frozen.statements import Statement, installed, migrations_folder
from aggregates.installing import upgrading
from aggregates.installing.adopted import remember
from aggregates.installing.mapped import put_back
from aggregates.installing.owned import OWN_FILLINGS, owned
from aggregates.model.definition import Source
from aggregates.proving.findings import is_as_it_should_be
from aggregates.proving.inspecting import all_shapes, expected, ours_on_sources
from aggregates.proving.record import doubt
from aggregates.proving.sources import check_sources
from aggregates.recomputing.filling import BACKFILLS, REBUILD


def reinstall(database: Database, sources: Sequence[Source]) -> list[str]:
    """Make everything of the head revision again but the rows of tables that are there.

    Changes that were made while triggers were missing are in no log: consumers are told so, and
    `status` says that nothing is proved until a verify or a repair has found no drift. Answers the
    names of tables that were gone, and are empty now: they need a rebuild. Raises SchemaMismatch
    where the database is not at the head revision, or a source table is gone, or is not such as
    was adopted. What an application's revisions have installed is made again with it.
    """
    if Capability.QUEUES in database.capabilities:
        raise AggregatesError(
            "triggers are not put back one by one on this engine yet: `aggregates downgrade`, then"
            " `aggregates migrate`, make them again and count all rows"
        )
    sources = [source for source in sources if not source.owner]
    with database.writer() as connection, connection.begin():
        if wrong := upgrading.mismatch(upgrading.current(connection)):
            raise SchemaMismatch(wrong)
        put_back(driver(connection))
        check_sources(driver(connection), sources)
        for source in sources:
            _adopt_again(driver(connection), source)
        gone = _install(driver(connection), sources, upgrading.head())
        for source in sources:
            remember(driver(connection), shape_of(source))
        return gone


def _adopt_again(connection: DriverConnection, source: Source) -> None:
    """Add columns of ours that have gone with the table that another tool has built anew."""
    for name, type_ in connection.missing_columns(shape_of(source)).items():
        connection.execute(
            f"ALTER TABLE {quote(source.name)} ADD COLUMN {quote(name)} {type_} {ADDED}"
        )


def _install(connection: DriverConnection, sources: Sequence[Source], revision: str) -> list[str]:
    installed_by_others = owned(connection)
    own = [one for each in installed_by_others for one in each.installed]
    statements = [*expected(revision), *(one for one in own if one.kind != "data")]
    shapes = all_shapes(sources, installed_by_others)
    for shape in shapes:
        statements = connection.fit(shape, statements)
    for name in ours_on_sources(connection, [shape.table for shape in shapes]):
        connection.execute(f"DROP TRIGGER {quote(name)}")
    kept = _kept_views(connection, statements)
    made = [one for one in statements if one.kind != "table" and one.name not in kept]
    theirs = _triggers_of_others(connection, made)
    for dropping in connection.compiler.dropping(made):
        connection.execute(dropping)
    gone = [
        one for one in statements if one.kind == "table" and not connection.table_exists(one.name)
    ]
    for one in [*gone, *made]:
        connection.execute(one.installed)
    for trigger in theirs:
        connection.execute(trigger.sql)
    everything = [*installed(migrations_folder()), *own]
    data = {one.name: one for one in everything if one.kind == "data"}
    for table in dict.fromkeys(one.table for one in data.values()):
        connection.execute(f"DELETE FROM {quote(table)}")
    for one in data.values():
        connection.execute(one.sql)
    connection.execute(f"UPDATE {CONSUMERS} SET is_lost = 1")
    # An interrupted rebuild has read rows that may have changed since.
    connection.execute(f"DELETE FROM {BACKFILLS} WHERE revision GLOB '{REBUILD} *'")
    connection.execute(f"UPDATE {BACKFILLS} SET mark = NULL WHERE revision GLOB '{OWN_FILLINGS}'")
    connection.execute(doubt(utc_text(datetime.now(UTC))))
    return [one.name for one in gone]


def _kept_views(connection: DriverConnection, statements: Sequence[Statement]) -> set[str]:
    """The views that say what they should: others may have hung triggers on them."""
    found = {one.name: one.sql for one in connection.objects("view")}
    views = (one for one in statements if one.kind == "view" and one.name in found)
    return {one.name for one in views if is_as_it_should_be(found[one.name], one)}


def _triggers_of_others(
    connection: DriverConnection, made: Sequence[Statement]
) -> list[SchemaObject]:
    """The triggers that go with views which are made anew, but for ours."""
    views = {one.name for one in made if one.kind == "view"}
    ours = {one.name for one in made if one.kind == "trigger"}
    triggers = connection.objects("trigger")
    return [one for one in triggers if one.table in views and one.name not in ours]
