"""Let tables that are alike change their rows, by exchanging the trees that hold them."""

from __future__ import annotations

from collections.abc import Sequence

from aggregates.engines.base import DriverConnection, DriverError, LockHeld, quote
from aggregates.errors import AggregatesError


def allow_exchange(connection: DriverConnection) -> None:
    """Before the transaction of an exchange.

    Raises AggregatesError in a library that does not let the schema be written, whatever was asked.
    """
    connection.execute("PRAGMA writable_schema = ON")
    try:
        connection.execute("EXPLAIN UPDATE main.sqlite_master SET rootpage = rootpage")
    except LockHeld:
        raise
    except DriverError as error:
        raise AggregatesError(
            f"this SQLite library is in defensive mode ({error}), in which `rebuild` cannot put new"
            " tables in the place of the old ones: use `aggregates repair`, which makes the same"
            " tables right (and `run --rebuild-every 87600`), or another Python"
        ) from error


def end_exchange(connection: DriverConnection) -> None:
    """What `allow_exchange` has allowed is no longer."""
    connection.execute("PRAGMA writable_schema = OFF")


def exchange(connection: DriverConnection, pairs: Sequence[tuple[str, str]]) -> None:
    """Inside a transaction that holds the writers' lock: exchange the trees of each pair.

    The tables are alike to the letter, so that the schema's pointer to the root of each tree is all
    that has to change. Renaming them would take some 40 ms a table under the writers' lock, as
    SQLite then reads the whole schema again; copying their rows, far longer. The connection still
    knows the old roots: it must not be used any more.
    """
    # Indexes that people have made are of the old rows.
    names = {name for name, _ in pairs}
    indexes = [one for one in connection.objects("index") if one.sql and one.table in names]
    for index in indexes:
        connection.execute(f"DROP INDEX main.{quote(index.name)}")
    roots = dict(
        connection.execute("SELECT name, rootpage FROM main.sqlite_master WHERE type = 'table'")
    )
    for pair in pairs:
        for name, other in (pair, pair[::-1]):
            connection.execute(
                "UPDATE main.sqlite_master SET rootpage = ? WHERE type = 'table' AND name = ?",
                (roots[other], name),
            )
    # All other connections read the schema again.
    version = schema_version(connection)
    connection.execute(f"PRAGMA main.schema_version = {version + 1}")
    if indexes:
        connection.execute("PRAGMA writable_schema = RESET")
    for index in indexes:
        connection.execute(index.sql)


def schema_version(connection: DriverConnection) -> int:
    """A number that every change of the schema changes, VACUUM's too."""
    (version,) = connection.execute("PRAGMA main.schema_version").fetchone()
    return int(version)
