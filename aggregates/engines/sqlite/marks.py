"""The file beside a database that remembers which values were shown to others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aggregates.engines.base import DamagedFile, Marks
from aggregates.engines.sqlite import proofs
from aggregates.engines.sqlite.explaining import translated

_WAIT_SECONDS = 1.0
"""For the turn of another process; they last some milliseconds."""


class MarksFile(Marks):
    """A SQLite file of its own: whole after a kill, and processes take turns by its lock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._stored: dict[str, str] = {}
        self._version: int | None = None

    @contextmanager
    def turn(self) -> Iterator[dict[str, str]]:
        """All values by name; what is set inside is stored in the end, unless it raises."""
        connection = self._begun()
        try:
            values = dict(self._read(connection))
            yield values
            changed = [one for one in values.items() if self._stored.get(one[0]) != one[1]]
            with _translated():
                if changed:
                    connection.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", changed)
                connection.execute("COMMIT")
            self._stored = values
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; the next turn opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._version = None, None

    def _begun(self) -> sqlite3.Connection:
        try:
            return self._begin()
        except DamagedFile:
            self.close()
            proofs.forget(self._file)
        return self._begin()

    def _begin(self) -> sqlite3.Connection:
        with _translated():
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._file,
                    timeout=_WAIT_SECONDS,
                    isolation_level=None,
                    # Turns are taken by whichever thread has been asked.
                    check_same_thread=False,
                )
                # A kill loses nothing; where the machine loses power, the last marks may go.
                self._connection.execute("PRAGMA synchronous = OFF")
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                if self._version is None:
                    self._connection.execute(
                        "CREATE TABLE IF NOT EXISTS marks"
                        " (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
                    )
            except sqlite3.Error:
                self.close()
                raise
            return self._connection

    def _read(self, connection: sqlite3.Connection) -> dict[str, str]:
        """What is stored; read only where another process has written since."""
        with _translated():
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._stored = dict(connection.execute("SELECT name, value FROM marks"))
                self._version = version
        return self._stored


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error) from error
