"""The record of what verifies, repairs and rebuilds have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Literal

from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import VERIFICATIONS

Kind = Literal["verify", "repair", "rebuild", "reinstall"]

_UNFINISHED_KEPT, _FINISHED_KEPT = 100, 800


@dataclass(frozen=True)
class Proof:
    """A line of `aggregate_verifications`."""

    kind: Kind
    started_at: str
    """text in UTC with milliseconds and `Z`"""
    seconds: float
    rows_read: int
    drifts: int
    is_complete: bool
    """whether every aggregate was compared"""


def proofs(connection: DriverConnection, limit: int = 10) -> list[Proof]:
    """The newest lines of the record, newest first."""
    rows = connection.execute(
        "SELECT kind, started_at, seconds, rows_read, drifts, is_complete"
        f" FROM main.{VERIFICATIONS} ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return [
        Proof(kind, started_at, seconds, rows_read, drifts, bool(is_complete))
        for kind, started_at, seconds, rows_read, drifts, is_complete in rows
    ]


def proved_at(found: Sequence[Proof]) -> str | None:
    """When the newest proof of the whole began that nothing since makes doubtful."""
    newest = newest_proof(found)
    return None if newest is None else newest.started_at


def newest_proof(found: Sequence[Proof]) -> Proof | None:
    """The newest proof of the whole that nothing since makes doubtful.

    A verify that has found drift proves nothing, nor does what began before triggers were put
    back: it may have read rows that were written without them later.
    """
    reinstalled = reinstalled_at(found)
    return max(
        (
            one
            for one in found
            if one.is_complete
            and one.started_at >= reinstalled
            and not (one.kind == "verify" and one.drifts)
        ),
        key=lambda one: one.started_at,
        default=None,
    )


def reinstalled_at(found: Sequence[Proof]) -> str:
    """When triggers were last put back, '' where they never were."""
    return max((one.started_at for one in found if one.kind == "reinstall"), default="")


def doubt(now: str) -> str:
    """SQL after which nothing is believed until a proof that begins later has found no drift.

    `now` is text in UTC.
    """
    return (
        f"INSERT INTO {VERIFICATIONS} (kind, started_at, seconds, rows_read, drifts, is_complete)"
        f" VALUES ('reinstall', '{now}', 0, 0, 0, 0)"
    )


def record(connection: DriverConnection, proof: Proof) -> None:
    """Add a line to the record.

    Old lines go, as the record is read as a whole: first those of runs that proved nothing yet. The
    newest of each kind stays.
    """
    connection.execute(
        f"INSERT INTO main.{VERIFICATIONS}"
        " (kind, started_at, seconds, rows_read, drifts, is_complete)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        astuple(proof),
    )
    for is_complete, kept in ((False, _UNFINISHED_KEPT), (True, _FINISHED_KEPT)):
        connection.execute(
            f"DELETE FROM main.{VERIFICATIONS} WHERE is_complete = :is_complete AND id <= ("
            f"SELECT id FROM main.{VERIFICATIONS} WHERE is_complete = :is_complete"
            " ORDER BY id DESC LIMIT 1 OFFSET :kept) AND id NOT IN ("
            f"SELECT max(id) FROM main.{VERIFICATIONS} GROUP BY kind, is_complete)",
            {"is_complete": is_complete, "kept": kept},
        )
