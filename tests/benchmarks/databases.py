"""Databases for the benchmarks: made once, copied, and gone at the end."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from aggregates.installing.upgrading import upgrade
from aggregates.samples import write_sample

ROW_BYTES = 1400
"""What a row of the real database weighs."""
HEAVY_ROW_BYTES = 1800
"""What a row weighs whose agent answers at length."""
SMALL_ROW_BYTES = 400
"""Enough where only the aggregates are read, whose size does not depend on it."""


@dataclass(frozen=True)
class Scale:
    """How much to measure."""

    rows: int = 1_000_000
    """of the largest database"""
    is_quick: bool = False
    """whether to repeat less"""


class Databases:
    """Makes sample databases in a folder; each only once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def sample(self, rows: int, days: int, row_bytes: int = ROW_BYTES) -> Path:
        """A database as hooks leave it. Not to be changed: copy it."""
        path = self.folder / f"sample-{rows}-{days}-{row_bytes}.db"
        if not path.exists():
            # Runs in flight and the last hours are then the same in every benchmark.
            write_sample(path, rows, days=days, row_bytes=row_bytes, until=datetime.now())
        return path

    def migrated(self, rows: int, days: int, row_bytes: int = ROW_BYTES) -> Path:
        """A migrated one. Not to be changed."""
        path = self.folder / f"migrated-{rows}-{days}-{row_bytes}.db"
        if not path.exists():
            shutil.copyfile(self.sample(rows, days, row_bytes), path)
            upgrade(str(path))
        return path

    def copy(self, path: Path) -> Path:
        """A copy to be changed, of a database that nobody has open."""
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(shutil.copyfile(path, self.new()))

    def new(self) -> Path:
        """The path of a new file."""
        return self.folder / f"{next(self._numbers)}.db"

    def drop(self, path: Path) -> None:
        """Make room."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
