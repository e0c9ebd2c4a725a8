"""Aggregates that an application declares, against the oracle, after random statements."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import own_metrics
import pytest
from applications import Application
from conftest import MakeDatabase, _copies, connect
from statements import Plan, execute, is_write, plans, shortest

from aggregates.installing import upgrading


@pytest.fixture(scope="module")
def revisions(tmp_path_factory: pytest.TempPathFactory, migrated_database: MakeDatabase) -> Path:
    """The folder of the application's one revision."""
    folder = tmp_path_factory.mktemp("application")
    with migrated_database("plain") as path:
        application = Application(folder, path)
        application.name_module(own_metrics.__name__)
        assert application.revise("All kinds") is not None
    return application.revisions


@pytest.fixture(scope="module")
def own_database(tmp_path_factory: pytest.TempPathFactory, revisions: Path) -> MakeDatabase:
    """Databases at the head of both histories."""
    folder = tmp_path_factory.mktemp
    return _copies(
        folder("own-templates"),
        folder("own"),
        lambda path: upgrading.upgrade(str(path), own=revisions),
    )


@pytest.mark.parametrize("plan", plans(4_000), ids=str)
def test_every_statement_keeps_them_exact(plan: Plan, own_database: MakeDatabase) -> None:
    def failure(run: list[str]) -> str | None:
        with own_database(plan.variant) as path, closing(connect(path)) as connection:
            plan.prepare(connection)
            for statement in run:
                execute(connection, statement)
                if is_write(statement) and (found := own_metrics.differences(connection)):
                    return "\n".join([f"after {statement}", *found])
        return None

    check(plan, failure)


@pytest.mark.parametrize("plan", plans(1_000), ids=str)
def test_a_database_in_use_is_exact_once_migrated(
    plan: Plan, migrated_database: MakeDatabase, revisions: Path
) -> None:
    def failure(run: list[str]) -> str | None:
        with migrated_database(plan.variant) as path:
            with closing(connect(path)) as connection:
                plan.prepare(connection)
                for statement in [*run, "COMMIT"]:
                    execute(connection, statement)
            upgrading.upgrade(str(path), own=revisions)
            with closing(connect(path)) as connection:
                return "\n".join(own_metrics.differences(connection)) or None

    check(plan, failure)


def check(plan: Plan, failure: Callable[[list[str]], str | None]) -> None:
    """Fail with the shortest run that does."""
    for run in plan.runs():
        try:
            found = failure(run)
        except sqlite3.Error as error:
            found = str(error)
        if found:
            pytest.fail(f"{plan}\n{shortest(run, failure)}")
