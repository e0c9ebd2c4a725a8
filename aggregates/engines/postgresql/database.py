"""How a PostgreSQL database is opened, and folded before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy import URL, Connection, NullPool, QueuePool, create_engine, event

from aggregates.engines.base import Database, Marks
from aggregates.engines.postgresql.compiler import COMPILER
from aggregates.engines.postgresql.connection import CAPABILITIES, PostgreSQLConnection
from aggregates.engines.postgresql.folding import fold

_SETTINGS = ("datestyle=ISO", "timezone=UTC", "client_encoding=UTF8")


class PostgreSQLDatabase(Database):
    """A database of a server; its schema is the first of the search path.

    Waits `lock_timeout` seconds for a lock. With `keep_open` it keeps connections from one use to
    the next.
    """

    compiler = COMPILER
    capabilities = CAPABILITIES

    def __init__(
        self,
        url: URL,
        *,
        lock_timeout: float,
        keep_open: bool,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.lock_timeout = lock_timeout
        # After those of the URL, which say the schema.
        options = [url.query.get("options", "")]
        options += [f"-c{setting}" for setting in _SETTINGS]
        options.append(f"-clock_timeout={round(lock_timeout * 1000)}")
        engine = create_engine(
            url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
            connect_args={
                "options": " ".join(map(str, options)).strip(),
                "application_name": "aggregates",
            },
            poolclass=QueuePool if keep_open else NullPool,
        )
        event.listens_for(engine, "connect")(_in_our_types)
        super().__init__(engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot for everything that is read inside; what waits is posted before."""
        with self.engine.connect() as connection:
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            fold(driver(autocommit))
            autocommit.rollback()
            reading = connection.execution_options(isolation_level="REPEATABLE READ")
            with reading.begin():
                yield reading

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A connection whose transactions write."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def own_connection(self) -> Iterator[PostgreSQLConnection]:
        """A connection of the driver's own, which goes in the end with its temporary tables."""
        with self.engine.connect() as pooled:
            connection = driver(pooled)
            pooled.detach()
            connection.driver.autocommit = True
            yield connection

    @property
    def proof_file(self) -> Path | None:
        """A proof is one snapshot: nothing is left from run to run."""
        return None

    def forget_proof(self) -> None:
        """There is none."""

    def marks(self) -> Marks | None:
        """There is no place beside a server."""
        return None


class _Number(Loader):
    """A sum of integers is one."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class _Moment(Loader):
    """Text in UTC, as on every engine."""

    def load(self, data: Buffer) -> str:
        day, _, time = bytes(data).decode().partition(" ")
        seconds, _, fraction = time.removesuffix("+00").partition(".")
        return f"{day}T{seconds}.{fraction:0<3.3}Z"


def _in_our_types(connection: psycopg.Connection[Any], record: object) -> None:
    connection.adapters.register_loader("numeric", _Number)
    connection.adapters.register_loader("timestamptz", _Moment)


def driver(connection: Any) -> PostgreSQLConnection:
    """The driver's own connection, of a SQLAlchemy one or of one that is the driver's already."""
    if not isinstance(connection, psycopg.Connection):
        connection = connection.connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return PostgreSQLConnection(connection)
