"""The SQLite libraries to measure with: Python's own, and APSW's where that is installed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol


class Connection(Protocol):
    """What both drivers have in common; transactions are explicit."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Iterable[object]:
        """Execute a statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[object]], /) -> object:
        """Execute a statement for each of many rows of parameters."""

    def close(self) -> None:
        """Close it."""


LIBRARIES: dict[str, Callable[[Path], Connection]] = {
    f"sqlite3 {sqlite3.sqlite_version}": partial(sqlite3.connect, isolation_level=None)
}
with suppress(ImportError):
    import apsw

    LIBRARIES[f"APSW {apsw.sqlite_lib_version()}"] = lambda path: apsw.Connection(str(path))
