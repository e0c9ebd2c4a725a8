"""Alembic's environment: `alembic -x database=PATH upgrade head`, or `aggregates migrate`.

Options: `-x database=URL|PATH`, `-x journal_mode=keep`, `-x drop_columns`, `-x wait=SECONDS` for a
lock. What an application declares of its own, and where its revisions are, say `aggregates.toml`,
`pyproject.toml`, or `-x definitions=MODULE`, `-x label=WORD` and `-x migrations=FOLDER`.
"""

import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from alembic import context
from alembic.util import CommandError
from sqlalchemy import MetaData
from sqlalchemy.exc import SQLAlchemyError

from aggregates.configuration import configuration
from aggregates.engines import database_url, driver, is_locked, open_database
from aggregates.errors import SchemaMismatch
from aggregates.installing.autogenerate import OPTION, Declared
from aggregates.installing.upgrading import (
    VERSION_TABLE,
    WAIT,
    choose_journal_mode,
    current,
    drop_empty_version_table,
    is_known,
    mark_of_step,
    mismatch,
    progress_to,
    share_versions,
    versions,
    versions_known,
)
from aggregates.recomputing.filling import Superseded

config = context.config
options = context.get_x_argument(as_dictionary=True)
for name in ("database", "journal_mode", "drop_columns", "wait"):
    if name in options:
        config.attributes[name] = options[name] or True
database = (
    config.attributes.get("database")
    or os.environ.get("AGGREGATES_DATABASE_URL")
    or os.environ.get("DATABASE_URL")
    or config.get_main_option("sqlalchemy.url")
)
settings = {
    "version_table": VERSION_TABLE,
    "transactional_ddl": True,
    "transaction_per_migration": True,
    # Autogenerate finds nothing but what is declared.
    "target_metadata": MetaData(),
    "include_name": lambda *_: False,
    OPTION: config.attributes.get(OPTION),
}
if own := configuration(options=options):
    settings[OPTION] = settings[OPTION] or (lambda: Declared(own.label, own.declared()))
    places = context.script.version_locations or [str(Path(context.script.dir, "versions"))]
    if own.migrations and str(own.migrations) not in places:
        context.script.version_locations = [*places, str(own.migrations)]


def mark_step(step, **_):
    sql = mark_of_step(context.script, step.up_revision_id, is_upgrade=step.is_upgrade)
    if sql:
        context.execute(sql)


if context.is_offline_mode():
    # After each step. What a relative destination leads to, Alembic does not say.
    left: list[set[str]] = []
    settings["on_version_apply"] = [lambda heads, **_: left.append(heads), mark_step]
    context.configure(url=database_url(database or "sqlite://"), **settings)
    with context.begin_transaction():
        context.run_migrations()
        if left and not left[-1]:  # base
            context.execute(f"DROP TABLE {VERSION_TABLE}")
elif not database:
    sys.exit("no database named: use -x database=PATH, or set AGGREGATES_DATABASE_URL")
else:
    config.attributes.setdefault("progress", progress_to(sys.stderr))
    for event in ("on_wait", "on_survey"):
        config.attributes.setdefault(event, lambda told: print(told, file=sys.stderr))
    opened = open_database(
        database,
        lock_timeout=float(config.attributes.get("wait", WAIT)),
        on_wait=config.attributes["on_wait"],
    )
    is_done = False
    while not is_done:
        with opened.writer() as connection:
            share_versions(connection, context.script)
            before = versions(connection)
            connection.rollback()
            context.configure(
                connection=connection,
                on_version_apply=mark_step,
                **settings,
            )
            context.get_context().get_current_heads = partial(
                versions_known, connection, context.script
            )
            try:
                with context.begin_transaction():
                    context.run_migrations()
                is_done = True
            except Superseded:
                continue
            except Exception as error:
                if is_locked(error):
                    raise
                with suppress(SQLAlchemyError):
                    drop_empty_version_table(connection)
                if not isinstance(error, CommandError):
                    raise
                if before != (before := versions(connection)):
                    continue  # another process has done a step of these
                known = versions_known(connection, context.script)
                unknown = [one for one in known if not is_known(one, context.script)]
                if not unknown:
                    raise
                wrong = (
                    f"the database is at revision {unknown[0]} of an application's, whose file is"
                    " not in the folder of its revisions: put it back"
                    if current(connection) != unknown[0]
                    else mismatch(unknown[0], context.script)
                )
                if config.cmd_opts is None:
                    raise SchemaMismatch(wrong) from error
                print(f"error: {wrong}", file=sys.stderr)
                sys.exit(SchemaMismatch.exit_status)
            drop_empty_version_table(connection)
            asked = config.attributes.get("journal_mode")
            if is_done and asked == "wal":
                driver(connection).unblock_readers()
            if is_done and asked:
                choose_journal_mode(connection, asked)
    opened.close()
