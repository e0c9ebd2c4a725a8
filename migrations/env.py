"""Alembic's environment: `alembic -x database=PATH upgrade head`, or `aggregates migrate`.

Options: `-x database=URL|PATH`, `-x journal_mode=keep`, `-x drop_columns`, `-x wait=SECONDS` for a
lock.
"""

import os
import sys
from contextlib import suppress

from alembic import context
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from aggregates.engines import database_url, driver, is_locked, open_database
from aggregates.errors import SchemaMismatch
from aggregates.installing.upgrading import (
    VERSION_TABLE,
    WAIT,
    choose_journal_mode,
    current,
    drop_empty_version_table,
    is_known,
    mismatch,
    progress_to,
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
}

if context.is_offline_mode():
    # After each step. What a relative destination leads to, Alembic does not say.
    left: list[set[str]] = []
    settings["on_version_apply"] = lambda heads, **_: left.append(heads)
    context.configure(url=database_url(database or "sqlite://"), **settings)
    with context.begin_transaction():
        context.run_migrations()
        if left and not left[-1]:  # base
            context.execute(f"DROP TABLE {VERSION_TABLE}")
elif not database:
    sys.exit("no database named: use -x database=PATH, or set AGGREGATES_DATABASE_URL")
else:
    config.attributes.setdefault("progress", progress_to(sys.stderr))
    config.attributes.setdefault("on_wait", lambda told: print(told, file=sys.stderr))
    opened = open_database(
        database,
        lock_timeout=float(config.attributes.get("wait", WAIT)),
        on_wait=config.attributes["on_wait"],
    )
    is_done = False
    while not is_done:
        with opened.writer() as connection:
            context.configure(connection=connection, **settings)
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
                revision = current(connection)
                if revision is None or is_known(revision, context.script):
                    raise
                if config.cmd_opts is None:
                    raise SchemaMismatch(mismatch(revision, context.script)) from error
                print(f"error: {mismatch(revision, context.script)}", file=sys.stderr)
                sys.exit(SchemaMismatch.exit_status)
            drop_empty_version_table(connection)
            asked = config.attributes.get("journal_mode")
            if is_done and asked == "wal":
                driver(connection).unblock_readers()
            if is_done and asked:
                choose_journal_mode(connection, asked)
    opened.close()
