"""Upgrade and downgrade a database with Alembic, from the installed package."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal, TextIO

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, inspect

from aggregates.engines import driver, file_of, is_in_memory, open_database, shown
from aggregates.engines.base import Capability, Database
from aggregates.engines.tables import WALKS
from aggregates.errors import CannotAdopt, SchemaMismatch
from aggregates.frozen.statements import migrations_folder
from aggregates.installing import mapped
from aggregates.installing.adopted import remember_journal_mode
from aggregates.model.mapping import TableMapping
from aggregates.progress import Progress

VERSION_TABLE = "_aggregates_version"

WAIT = 60.0
"""Seconds that are waited for a lock."""

JournalMode = Literal["wal", "keep"]


def upgrade(
    database: str,
    progress: Progress | None = None,
    journal_mode: JournalMode | None = None,
    revision: str = "heads",
    folder: Path | None = None,
    wait: float = WAIT,
    on_wait: Callable[[str], None] | None = None,
    own: Path | None = None,
    mapping: TableMapping | None = None,
) -> None:
    """Install or upgrade, and fill the aggregates while writers write.

    Makes a SQLite file that is not there. Can be killed at any point and called again. `progress`
    gets (done, total) rows. `journal_mode` is that of a new installation, WAL unless it says
    `keep`; what is installed already becomes WAL only where it says `wal`. `folder` holds other
    revisions than ours, `own` those of an application, beside ours. A lock is waited for `wait`
    seconds, and `on_wait` is told so. With a `mapping`, `agent_invocations` is kept of a table of
    another shape. Raises CannotAdopt, having changed nothing, where the database has a table
    `agent_invocations` that triggers cannot serve, or none that is as the mapping says.
    """
    _keep_runs(database, mapping, progress, journal_mode, wait, on_wait)
    config = configured(database, folder, wait, on_wait, own)
    config.attributes["progress"] = progress
    config.attributes["journal_mode"] = journal_mode
    command.upgrade(config, revision)


def downgrade(
    database: str,
    drop_columns: bool = False,
    revision: str = "base",
    folder: Path | None = None,
    wait: float = WAIT,
    on_wait: Callable[[str], None] | None = None,
    own: Path | None = None,
) -> None:
    """Remove what `upgrade` installed. Columns that it added stay, unless `drop_columns`."""
    if revision == "base":
        with closing(open_database(database, lock_timeout=wait, on_wait=on_wait)) as opened:
            mapped.remove(opened)
    config = configured(database, folder, wait, on_wait, own)
    config.attributes["drop_columns"] = drop_columns
    command.downgrade(config, revision)


def head() -> str:
    """The newest revision."""
    revision = ScriptDirectory(str(migrations_folder())).get_current_head()
    assert revision is not None
    return revision


def current(connection: Connection) -> str | None:
    """The revision of ours that a database is at; None where nothing is installed.

    Alembic leaves it out where one of an application's depends on it.
    """
    found = _standing_on(connection)
    ours = {found.get(one, (one, ""))[0] for one in versions(connection)}
    if len(ours) < 2:
        return next(iter(ours), None)
    script = ScriptDirectory(str(migrations_folder()))
    newest = [one.revision for one in script.walk_revisions() if one.revision in ours]
    return newest[0] if newest else min(ours)


def versions(connection: Connection) -> list[str]:
    """The revisions that Alembic has stored, of ours and of an application's."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return []
    query = f"SELECT version_num FROM {VERSION_TABLE} ORDER BY 1"
    return [str(one) for one in connection.exec_driver_sql(query).scalars()]


def versions_known(connection: Connection, script: ScriptDirectory) -> list[str]:
    """Where a database is for who knows the revisions of some folders.

    A revision of another owner's stands for the one of ours that it depends on.
    """
    labels = {label for one in script.walk_revisions() for label in one.branch_labels}
    depends_on, found = _standing_on(connection), set()
    for one in versions(connection):
        ours, label = depends_on.get(one, (one, ""))
        found.add(one if is_known(one, script) or label in labels else ours)
    implied = {
        below.revision
        for one in found
        if is_known(one, script)
        for below in _down_from(script, one)
        if below.revision != one
    }
    return sorted(found - implied)


def share_versions(connection: Connection, script: ScriptDirectory) -> None:
    """Have stored what Alembic reads and moves of that; what others have stored stays."""
    found, stored = {*versions_known(connection, script)}, {*versions(connection)}
    for one in sorted(found - stored):
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES (?)", (one,))
    for one in sorted(stored - found):
        if is_known(one, script):
            connection.exec_driver_sql(f"DELETE FROM {VERSION_TABLE} WHERE version_num = ?", (one,))
    connection.commit()


def mark_of_step(script: ScriptDirectory, revision: str, *, is_upgrade: bool) -> str | None:
    """SQL that stores which revision of ours one of an application's depends on.

    As ours goes, it forgets those that depend on it, whose owners may know nothing of that.
    """
    before = [*_down_from(script, revision)]
    ours = [one for one in before if Path(one.path).parent == Path(script.dir, "versions")]
    is_ours = before[:1] == ours[:1]
    if is_upgrade and ours and not is_ours:
        mark = f"{ours[0].revision} {' '.join(before[0].branch_labels)}".strip()
        return (
            f"INSERT INTO {WALKS} (name, mark) VALUES ('{_mark(revision)}', '{mark}')"
            " ON CONFLICT (name) DO UPDATE SET mark = excluded.mark"
        )
    if is_ours and not is_upgrade and ours[0].down_revision:
        return (
            f"DELETE FROM {VERSION_TABLE} WHERE '{_mark('')}' || version_num IN"
            f" (SELECT name FROM {WALKS} WHERE mark LIKE '{revision}%')"
        )
    return None


def _down_from(script: ScriptDirectory, revision: str) -> Iterator[Script]:
    """A revision, what it follows and depends on, and so on, newest first."""
    one = script.get_revision(revision)
    if one is not None:
        yield one
        for down in one._all_down_revisions:
            yield from _down_from(script, down)


def _standing_on(connection: Connection) -> dict[str, tuple[str, str]]:
    """Revisions of ours by those of applications that depend on them, with the label of these."""
    own = driver(connection)
    if not own.table_exists(WALKS):
        return {}
    marks = own.execute(f"SELECT name, mark FROM {WALKS} WHERE name LIKE ?", (_mark("%"),))
    found = {}
    for name, mark in marks:
        ours, _, label = mark.partition(" ")
        found[name.removeprefix(_mark(""))] = (ours, label)
    return found


def _mark(revision: str) -> str:
    return f"revision {revision}"


def is_known(revision: str, script: ScriptDirectory | None = None) -> bool:
    """Whether a revision is one of a folder's; of ours by default."""
    script = script or ScriptDirectory(str(migrations_folder()))
    return any(one.revision == revision for one in script.walk_revisions())


def mismatch(revision: str | None, script: ScriptDirectory | None = None) -> str | None:
    """What is wrong with the revision that a database is at, and what to do; None at head."""
    newest = head() if script is None else script.get_current_head()
    if revision == newest:
        return None
    if revision is not None and not is_known(revision, script):
        return (
            f"the database is at revision {revision}, which this version does not know: run"
            " `aggregates downgrade` with the version that made it, then `aggregates migrate`"
            " with this one"
        )
    return (
        f"the database is at revision {revision or 'none'}, not {newest}; run `aggregates migrate`"
    )


def check_revision(database: Database) -> None:
    """Raise SchemaMismatch where the database is not at the head revision."""
    with database.reading() as connection:
        wrong = mismatch(current(connection))
    if wrong:
        raise SchemaMismatch(wrong)


def drop_empty_version_table(connection: Connection) -> None:
    """After the last downgrade nothing of ours stays."""
    if current(connection) is None and inspect(connection).has_table(VERSION_TABLE):
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    connection.commit()


def choose_journal_mode(connection: Connection, asked: str) -> None:
    """Store in an installed database which journal mode was asked for."""
    if current(connection) is not None:
        remember_journal_mode(driver(connection), asked)
    connection.commit()


def progress_to(stream: TextIO) -> Progress | None:
    """Lines with a rate and a remaining time on a terminal; None where the stream is none."""
    if not stream.isatty():
        return None
    started = time.monotonic()

    def show(done: int, total: int) -> None:
        seconds = max(time.monotonic() - started, 1e-3)
        rate = done / seconds
        left = (total - done) / rate if rate else 0.0
        end = "\n" if done >= total else ""
        stream.write(f"\r{done:,} of {total:,} rows, {rate:,.0f} rows/s, {left:.0f} s left {end}")
        stream.flush()

    return show


def _keep_runs(
    database: str,
    mapping: TableMapping | None,
    progress: Progress | None,
    journal_mode: JournalMode | None,
    wait: float,
    on_wait: Callable[[str], None] | None,
) -> None:
    """Adopt a mapping, and finish what an earlier run has begun of one."""
    path = file_of(database)
    if is_in_memory(database) or (path is not None and not path.exists()):
        if mapping is not None:
            raise CannotAdopt(
                f"there is no {mapping.table} at {shown(database)}: name its database"
            )
        return
    with closing(open_database(database, lock_timeout=wait, on_wait=on_wait)) as opened:
        with opened.reading() as connection:
            is_migrated = current(connection) is not None
            has_mapping = mapped.mapping_of(driver(connection)) is not None
        if mapping is not None:
            mapped.adopt(opened, mapping, is_migrated=is_migrated)
        if mapping is not None or has_mapping:
            if not is_migrated and journal_mode != "keep":
                _unblock_readers(opened)
            mapped.fill(opened, progress)


def _unblock_readers(database: Database) -> None:
    if Capability.JOURNAL_MODES in database.capabilities:
        with database.own_connection() as connection:
            connection.unblock_readers()


def configured(
    database: str,
    folder: Path | None = None,
    wait: float = WAIT,
    on_wait: Callable[[str], None] | None = None,
    own: Path | None = None,
) -> Config:
    """What Alembic is told, of revisions and of the database."""
    config = Config()
    ours = folder or migrations_folder()
    places = [str(ours / "versions"), *([] if own is None else [str(own)])]
    config.set_main_option("script_location", str(ours).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(places).replace("%", "%%"))
    config.attributes["database"] = database
    config.attributes["wait"] = wait
    config.attributes["on_wait"] = on_wait
    # Whoever calls from Python has looked, or asked, before.
    config.attributes["on_survey"] = None
    return config
