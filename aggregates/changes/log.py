"""The change log of a source: its entries, in order, from any position on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from aggregates.engines.base import DriverConnection, quote
from aggregates.model.definition import Source
from aggregates.model.sources import FAILED, SUCCEEDED

Operation = Literal["insert", "update", "delete"]
Row = dict[str, Any]

_ALL = 2**62
_ENDED = (*SUCCEEDED, *FAILED)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row of a source."""

    seq: int
    """position in the log"""
    operation: Operation
    updated_at: str
    """when it was made, text in UTC with milliseconds and `Z`"""
    key: int
    """key of the row after the change; of a deleted row, its last one"""
    old_key: int | None
    """key before an update that changed it"""
    old: Row | None
    """tracked columns before the change, as they were stored; None for an insert"""
    new: Row | None
    """tracked columns after it; None for a delete"""

    @property
    def edits_history(self) -> bool:
        """Whether the row had ended before it was changed or deleted."""
        return self.old is not None and (
            self.old.get("status") in _ENDED or self.old.get("end_time") is not None
        )


class Checkpoint(NamedTuple):
    """How far a consumer has durably got."""

    seq: int
    """entry up to which it has taken everything"""
    last_id: int | None
    """key of the row of that entry"""
    last_timestamp: str | None
    """when that change was made, text in UTC"""
    saved_at: str
    """when the checkpoint was saved, text in UTC"""


class Log:
    """The change log of one source, over the driver's own connection."""

    def __init__(self, connection: DriverConnection, source: Source) -> None:
        self.connection = connection
        self.source = source
        sides = [f"{side}_{name}" for side in ("old", "new") for name in source.image]
        self._columns = ", ".join(map(quote, sides))
        self._key = f"{quote(source.log_key)}, {quote(f'old_{source.log_key}')}"

    def ends(self) -> tuple[int, int]:
        """(oldest, newest) position that the log holds; (1, 0) where it is empty."""
        with self.connection.explained():
            self.connection.post()
            oldest, newest = self.connection.execute(
                f"SELECT (SELECT min(seq) FROM main.{quote(self.source.log)}),"
                f" (SELECT max(seq) FROM main.{quote(self.source.log)})"
            ).fetchone()
        return (1, 0) if newest is None else (oldest, newest)

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether every change after a checkpoint is there.

        The entry of the checkpoint itself tells a log that was emptied, and counts anew, from one
        that went on; where the triggers have pruned just that one, nothing does.
        """
        oldest, newest = self.ends()
        if not oldest - 1 <= checkpoint.seq <= newest:
            return False
        with self.connection.explained():
            found = self.connection.execute(
                f"SELECT {quote(self.source.log_key)}, updated_at"
                f" FROM main.{quote(self.source.log)} WHERE seq = ?",
                (checkpoint.seq,),
            ).fetchone()
        return found in (None, (checkpoint.last_id, checkpoint.last_timestamp))

    def read(self, after: int, limit: int) -> list[Change]:
        """The entries after a position, oldest first.

        Raises DatabaseReplaced where the log is no longer the one that positions are of.
        """
        self.connection.check_file()
        width = len(self.source.image)
        with self.connection.explained(), self.connection.any_text():
            self.connection.post()
            rows = self.connection.execute(
                f"SELECT seq, operation, updated_at, {self._key}, {self._columns}"
                f" FROM main.{quote(self.source.log)} WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, limit if limit >= 0 else _ALL),
            ).fetchall()
        return [
            Change(
                seq,
                operation,
                updated_at,
                key,
                old_key,
                self._row(values[:width]) if operation != "insert" else None,
                self._row(values[width:]) if operation != "delete" else None,
            )
            for seq, operation, updated_at, key, old_key, *values in rows
        ]

    def _row(self, values: list[Any]) -> Row:
        return dict(zip(self.source.image, values, strict=True))


def utc_text(moment: datetime | None = None) -> str:
    """A moment, now by default, as the log writes it: UTC with milliseconds and `Z`."""
    utc = (moment or datetime.now(UTC)).astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
