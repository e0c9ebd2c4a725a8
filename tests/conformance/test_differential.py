"""Aggregates and change log against the oracle, after every one of many random statements."""

import sqlite3
from contextlib import closing

import pytest
from conftest import MakeDatabase, connect
from following import check
from oracle import differences, recompute, stored
from statements import Plan, execute, plans, shortest


@pytest.mark.parametrize("plan", plans(20_000), ids=str)
def test_every_statement_keeps_everything_exact(
    plan: Plan, migrated_database: MakeDatabase
) -> None:
    def failure(run: list[str]) -> str | None:
        with migrated_database(plan.variant) as path, closing(connect(path)) as connection:
            plan.prepare(connection)
            try:
                check(connection, run)
            except (AssertionError, sqlite3.Error) as error:
                return f"{type(error).__name__}: {error}"
        return None

    for run in plan.runs():
        if failure(run):
            pytest.fail(f"{plan}\n{shortest(run, failure)}")


@pytest.mark.parametrize("plan", plans(4_000), ids=str)
def test_a_database_in_use_is_exact_once_migrated(plan: Plan, hook_database: MakeDatabase) -> None:
    from aggregates.installing.upgrading import upgrade

    run = next(plan.runs())
    before, after = run[: len(run) // 2], run[len(run) // 2 :]
    with hook_database(plan.variant) as path:
        with closing(connect(path)) as connection:
            plan.prepare(connection)
            for statement in [*before, "COMMIT"]:
                execute(connection, statement)
        upgrade(str(path))
        with closing(connect(path)) as connection:
            times = connection.execute("SELECT updated_at FROM agent_invocations").fetchall()
            assert set(times) <= {(None,)}
            for statement in ["SELECT 1", *after]:
                execute(connection, statement)
                found = differences(stored(connection), recompute(connection))
                assert not found, f"after {statement}\n" + "\n".join(found)
