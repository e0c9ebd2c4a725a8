"""Which file a database was opened from: a restore or a deploy may put another one in its place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from aggregates.errors import DatabaseMissing, DatabaseReplaced, DatabaseVanished


class _Identity(NamedTuple):
    device: int
    inode: int


class OpenedFile:
    """The file that was at a path when it was opened; one that is to be made becomes it later.

    A connection goes on with the file that it has opened, for ever and without a word, wherever
    that file has gone meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity, self._has_links = _look(path)

    def check(self) -> None:
        """Raise DatabaseReplaced where another file is at the path now, DatabaseVanished where
        none is, DatabaseMissing where a mount holds one that is deleted."""
        found, has_links = _look(self.path)
        if self._identity is None:
            self._identity, self._has_links = found, has_links
        elif found is None:
            raise DatabaseVanished(
                f"there is no database at {self.path} any more; put it back, or stop what reads it"
                f"{self._left_behind()}"
            )
        elif found != self._identity:
            raise DatabaseReplaced(
                f"another file has taken the place of {self.path} since it was opened, as a restore"
                " or a deploy does: what was read of the old one, such as a position in its log,"
                " does not hold in it; begin again"
            )
        elif self._has_links and not has_links:
            # Some file systems count no links at all.
            raise DatabaseMissing(
                f"{self.path} was replaced or deleted where it lies, and only a mount of the file"
                " itself still holds it: mount its folder instead, and start again"
            )

    def _left_behind(self) -> str:
        """What holds the last rows of the old file, and would damage any other at the path."""
        beside = (self.path.with_name(f"{self.path.name}{suffix}") for suffix in ("-wal", "-shm"))
        left = " and ".join(one.name for one in beside if one.exists())
        return left and (
            f"; {left} beside it may hold its last rows: move them to where it has gone, and remove"
            " them only where another file is to come"
        )


def _look(path: Path) -> tuple[_Identity | None, bool]:
    """Which file is at a path, if any, and whether any folder still names it."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None, False
    return _Identity(found.st_dev, found.st_ino), found.st_nlink > 0
