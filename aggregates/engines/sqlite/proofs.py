"""The file beside a database in which a proof goes on over many short runs."""

from __future__ import annotations

from pathlib import Path

from aggregates.engines.base import DamagedFile, DriverConnection
from aggregates.engines.sqlite.trees import schema_version

SCHEMA = "proof"


def attach(connection: DriverConnection, file: Path, names: str) -> None:
    """Attach the file of a proof; one that is damaged, or of something else, is begun anew."""
    # Whatever changes the schema ends a proof: rows may have changed while triggers were missing.
    schema = schema_version(connection)
    for _ in range(2):
        try:
            connection.execute(f"ATTACH ? AS {SCHEMA}", (str(file),))
            # Two processes would count the same rows twice.
            connection.execute(f"PRAGMA {SCHEMA}.locking_mode = EXCLUSIVE")
            connection.execute(f"PRAGMA {SCHEMA}.journal_mode = WAL")
            connection.execute(f"PRAGMA {SCHEMA}.synchronous = OFF")
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {SCHEMA}.proves (names, schema_version)"
            )
            found = connection.execute(
                f"SELECT names, schema_version FROM {SCHEMA}.proves"
            ).fetchone()
            if found is None:
                connection.execute(f"INSERT INTO {SCHEMA}.proves VALUES (?, ?)", (names, schema))
            if found in (None, (names, schema)):
                return
        except DamagedFile:
            pass
        if any(name == SCHEMA for _, name, _ in connection.execute("PRAGMA database_list")):
            connection.execute(f"DETACH {SCHEMA}")
        forget(file)


def forget(file: Path) -> None:
    """Remove the file of a proof."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
