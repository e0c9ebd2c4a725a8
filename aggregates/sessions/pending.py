"""Which sessions need not be right yet: who has changed since, and how far the walk has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregates.changes import Change, ChangesLost, Consumer, has_consumer
from aggregates.engines.base import DriverConnection
from aggregates.engines.tables import COUNTED, DERIVED, WALKS
from aggregates.model.sources import agent_invocations, sessions
from aggregates.sessions.values import STATS

CONSUMER = "_aggregates_sessions"
SOURCES = (agent_invocations, sessions)


class Pending:
    """Sessions that need not be right yet, as of a snapshot."""

    def __init__(self, connection: DriverConnection) -> None:
        self._mark = walk_mark(connection)
        self._names: set[str] = set()
        self._is_every = False
        for source in SOURCES:
            if not has_consumer(connection, source, CONSUMER):
                self._is_every = True
                continue
            try:
                batch = Consumer(connection, source, CONSUMER).peek(-1)
            except ChangesLost:
                self._is_every = True
            else:
                self._names |= sessions_of(batch)

    def __contains__(self, session: str) -> bool:
        return (
            self._is_every
            or session in self._names
            or (self._mark is not None and _bytes(session) > _bytes(self._mark))
        )


def _bytes(text: str) -> bytes:
    """A text in the order in which SQLite compares it."""
    return text.encode("utf-8", "surrogateescape")


def walk_mark(connection: DriverConnection) -> str | None:
    """The session that the walk has come to, '' before the first; None where it is over."""
    with connection.any_text():
        found = connection.execute(
            f"SELECT mark FROM main.{WALKS} WHERE name = ?", (CONSUMER,)
        ).fetchone()
    return found[0] if found else ""


def names_after(
    connection: DriverConnection, mark: str, limit: int, stats: str = f"main.{STATS}"
) -> list[str]:
    """The next sessions of which something is derived, or should be."""
    words = connection.compiler
    name = words.in_bytes("session_id")
    arms = " UNION ".join(
        f"SELECT * FROM (SELECT {name} AS name FROM {table} WHERE {name} > CAST(:mark AS TEXT)"
        f" AND {words.is_key('session_id')} ORDER BY {name} LIMIT :limit) AS part"
        for table in (stats, *(f"main.{one}" for one in (sessions.name, DERIVED, COUNTED)))
    )
    with connection.any_text():
        rows = connection.execute(
            f"SELECT name FROM ({arms}) AS named ORDER BY name LIMIT :limit",
            {"mark": connection.encoded(mark), "limit": limit},
        ).fetchall()
    return [name for (name,) in rows]


def sessions_of(changes: Iterable[Change]) -> set[str]:
    """Sessions that changes concern; those without a name have nothing that is derived."""
    return set(_names(changes)) - {""}


def _names(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        for side in (change.old, change.new):
            name = side["session_id"] if side else None
            if isinstance(name, str) and "\0" not in name:
                yield name
            elif isinstance(name, int):
                yield str(name)


def restart_walk(connection: DriverConnection) -> None:
    """Have the next rounds walk through all sessions again; also inside a transaction."""
    connection.execute(f"DELETE FROM main.{WALKS} WHERE name = ?", (CONSUMER,))
