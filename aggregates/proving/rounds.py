"""How far the proof of the whole has got, where it goes on over many runs, and who asks for one.

The rows that were read lie in a file beside the database; what has to outlive that file, and what
others decide by, lies in the database.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from aggregates.engines.base import DriverConnection, OperationalError
from aggregates.engines.tables import STORE_MARK, WALKS

_OPEN, _LAST, _DEMAND = "proof_open", "proof_last", "proof_demand"
"""Names of walks: the round that is under way, the last one, and since when one is wanted."""

_Round = TypeVar("_Round")


@dataclass(frozen=True)
class OpenRound:
    """A proof of the whole that is under way, over several runs."""

    began_at: str
    """text in UTC with milliseconds and `Z`"""
    ran_at: str | None = None
    """when the newest of its runs began that has ended, text in UTC"""
    seconds: float = 0.0
    """of work so far; that of a run that was killed is not known"""
    runs: int = 0
    """that have ended"""
    rows_read: int = 0
    """of the source tables, so far"""
    positions: dict[str, int] = field(default_factory=dict)
    """source -> entry of its change log up to which the proof has taken changes"""


@dataclass(frozen=True)
class LastRound:
    """The last time that the whole was computed again, and compared."""

    began_at: str
    """text in UTC with milliseconds and `Z`"""
    ended_at: str
    """text in UTC"""
    seconds: float
    """of work, in all runs"""
    runs: int
    """that it took"""
    rows_read: int
    """of the source tables"""


def open_round(connection: DriverConnection) -> OpenRound | None:
    """The round that is under way, if there is one."""
    return _loaded(OpenRound, _mark(connection, _OPEN))


def last_round(connection: DriverConnection) -> LastRound | None:
    """The last round that has come to its end."""
    return _loaded(LastRound, _mark(connection, _LAST))


def demanded_at(connection: DriverConnection) -> str:
    """Since when a proof of the whole is wanted at once, text in UTC; '' where none ever was."""
    return _mark(connection, _DEMAND) or ""


def demand(connection: DriverConnection, now: str) -> None:
    """Want a proof of the whole at once: until one that begins later has been recorded."""
    _store(connection, _DEMAND, now)


def go_on(
    connection: DriverConnection, now: str, rows_read: int, positions: dict[str, int]
) -> OpenRound:
    """The round that a run goes on with; a new one where nothing is left of an earlier run.

    Stored at once, so that nobody drops the entries that it needs, unless the database is locked.
    """
    found = open_round(connection) if rows_read else None
    round_ = replace(found or OpenRound(now), rows_read=rows_read, positions=positions)
    with suppress(OperationalError):
        save(connection, round_)
    return round_


def save(connection: DriverConnection, round_: OpenRound) -> None:
    """Store how far a round has got."""
    _store(connection, _OPEN, json.dumps(asdict(round_)))


def end(connection: DriverConnection, ended: LastRound, *, is_open: bool) -> None:
    """Store what a round took; `is_open` where it was the one under way, which is over then."""
    _store(connection, _LAST, json.dumps(asdict(ended)))
    if is_open:
        _store(connection, _OPEN, None)


def _mark(connection: DriverConnection, name: str) -> str | None:
    found = connection.execute(f"SELECT mark FROM main.{WALKS} WHERE name = ?", (name,)).fetchone()
    return found[0] if found else None


def _store(connection: DriverConnection, name: str, mark: str | None) -> None:
    connection.execute(STORE_MARK, (name, mark))


def _loaded(kind: type[_Round], mark: str | None) -> _Round | None:
    """What a mark says; None where another version has written it."""
    with suppress(ValueError, TypeError):
        return None if mark is None else kind(**json.loads(mark))
    return None
