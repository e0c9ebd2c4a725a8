"""Databases for the tests: made and migrated once for each shape, then copied."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import postgres
import pytest
from hooks import VARIANTS
from postgres import Postgres

for name in ("COLUMNS", "LINES"):
    # Workers are given some, which a command would take for its reader's.
    os.environ.pop(name, None)

# variant of the hooks' tables -> path of a fresh database, which goes with the context
MakeDatabase = Callable[[str], AbstractContextManager[Path]]

MakePostgres = Callable[[], AbstractContextManager[Postgres]]


def pytest_xdist_auto_num_workers() -> int:
    """More than there are cores: many tests wait for locks, and for processes."""
    cores = os.cpu_count() or 1
    return cores + (cores + 1) // 2


def connect(path: Path) -> sqlite3.Connection:
    """A connection that starts no transaction by itself and does not wait for the disk."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _copies(templates: Path, copies: Path, prepare: Callable[[Path], None]) -> MakeDatabase:
    numbers = count()

    @contextmanager
    def make(variant: str) -> Iterator[Path]:
        template = templates / f"{variant}.db"
        if not template.exists():
            with closing(connect(template)) as connection:
                connection.executescript(VARIANTS[variant])
            prepare(template)
            with closing(connect(template)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = copies / f"{variant}-{next(numbers)}"
        folder.mkdir()
        yield Path(shutil.copyfile(template, folder / "agent_workflow.db"))
        shutil.rmtree(folder)

    return make


@pytest.fixture(scope="session")
def own_revisions(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: MakeDatabase
) -> Path:
    """The folder of the revision that the definitions of `own_metrics` ask for."""
    from applications import Application

    with migrated_database("plain") as path:
        application = Application(tmp_path_factory.mktemp("application"), path)
        application.name_module("own_metrics")
        assert application.revise("All kinds") is not None
    return application.revisions


@pytest.fixture(scope="session")
def own_database(tmp_path_factory: pytest.TempPathFactory, own_revisions: Path) -> MakeDatabase:
    """Databases at the head of our revisions and of those."""
    from aggregates.installing.upgrading import upgrade

    folder = tmp_path_factory.mktemp
    return _copies(
        folder("own-templates"), folder("own"), lambda path: upgrade(str(path), own=own_revisions)
    )


def _migrate(path: Path) -> None:
    from aggregates.installing.upgrading import upgrade

    upgrade(str(path))


def _add_updated_at(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("ALTER TABLE agent_invocations ADD COLUMN updated_at TEXT")


@pytest.fixture(scope="session")
def hook_database(tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Databases as the hooks leave them, before any migration."""
    folder = tmp_path_factory.mktemp
    return _copies(folder("hook-templates"), folder("hook"), lambda path: None)


@pytest.fixture(scope="session")
def plain_database(tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Databases with the column that a migration adds, and nothing else of ours."""
    folder = tmp_path_factory.mktemp
    return _copies(folder("plain-templates"), folder("plain"), _add_updated_at)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Databases at the head revision."""
    folder = tmp_path_factory.mktemp
    return _copies(folder("migrated-templates"), folder("migrated"), _migrate)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server, which goes in the end where the tests have started it."""
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def make_postgres(postgresql_server: str) -> Iterator[MakePostgres]:
    """Databases at the head revision, with the tables that a migration makes."""
    from aggregates.installing.upgrading import upgrade

    with postgres.database(postgresql_server) as template:
        upgrade(template.url)

        @contextmanager
        def make() -> Iterator[Postgres]:
            with postgres.database(postgresql_server, template.name) as copy:
                yield copy

        yield make


@pytest.fixture
def migrated_postgres(make_postgres: MakePostgres) -> Iterator[Postgres]:
    with make_postgres() as found:
        yield found


@pytest.fixture
def empty_postgres(postgresql_server: str) -> Iterator[Postgres]:
    """A database with nothing in it."""
    with postgres.database(postgresql_server) as found:
        yield found
