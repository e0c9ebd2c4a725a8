"""Aggregates that an application declares, against the oracle, after random statements."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import own_metrics
import pytest
from conftest import MakeDatabase, connect
from statements import Plan, execute, is_write, plans, shortest

from aggregates.installing import upgrading


@pytest.mark.parametrize("plan", plans(3_000), ids=str)
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


@pytest.mark.parametrize("plan", plans(600), ids=str)
def test_a_database_in_use_is_exact_once_migrated(
    plan: Plan, migrated_database: MakeDatabase, own_revisions: Path
) -> None:
    def failure(run: list[str]) -> str | None:
        with migrated_database(plan.variant) as path:
            with closing(connect(path)) as connection:
                plan.prepare(connection)
                for statement in [*run, "COMMIT"]:
                    execute(connection, statement)
            upgrading.upgrade(str(path), own=own_revisions)
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
