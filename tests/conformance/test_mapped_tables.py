"""Runs of tables of other shapes against the oracle, after every one of many random statements."""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from conftest import connect
from mapped import SHAPES, Writes, wrong_runs
from oracle import differences, recompute, stored
from statements import VACUUM, Outcome, execute, is_write, shortest

from aggregates.installing.upgrading import upgrade

WRITES = int(os.environ.get("AGGREGATES_FUZZ_STATEMENTS", 2_400)) // (2 * len(SHAPES))
RUN_LENGTH = 60


def written(path: Path, name: str, statements: list[str]) -> Path:
    """A database that holds what some statements have written."""
    path.unlink(missing_ok=True)
    with closing(connect(path)) as connection:
        connection.executescript(SHAPES[name].schema)
        for statement in [*statements, "COMMIT"]:
            execute(connection, statement)
    return path


def seen(statement: str, outcome: Outcome, *, is_vacuumed: bool) -> Outcome:
    """What a writer is told of its statement; some numbers are those of an earlier one."""
    if outcome.error or not is_write(statement) or statement == "SELECT 1":
        outcome = outcome._replace(changes=0)
    # VACUUM leaves a number there that tells of the schema.
    is_inserted = statement.startswith("INSERT") and outcome.changes and not is_vacuumed
    return outcome if is_inserted else outcome._replace(last_insert_rowid=0)


def runs(name: str, mode: bool) -> Iterator[list[str]]:
    writes = iter(
        Writes(f"{os.environ.get('AGGREGATES_FUZZ_SEED', 0)} {name} {mode}", SHAPES[name])
    )
    for _ in range(0, WRITES, RUN_LENGTH):
        yield list(islice(writes, RUN_LENGTH))


@pytest.mark.parametrize("is_recursive", [False, True], ids=["plain", "recursive_triggers"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_write_to_another_table_keeps_its_runs_exact(
    name: str, is_recursive: bool, tmp_path: Path
) -> None:
    shape = SHAPES[name]

    def failure(run: list[str]) -> str | None:
        before, after = run[: RUN_LENGTH // 4], run[RUN_LENGTH // 4 :]
        path, plain_path = (written(tmp_path / one, name, before) for one in ("ours", "plain"))
        upgrade(str(path), mapping=shape.mapping, journal_mode="keep")
        with closing(connect(path)) as connection, closing(connect(plain_path)) as plain:
            for one in (connection, plain):
                one.execute(f"PRAGMA recursive_triggers = {is_recursive}")
            is_vacuumed = False
            # The first of them shows what was filled.
            for statement in ["SELECT 1", *after]:
                is_vacuumed = is_vacuumed or statement == VACUUM
                found, right = (
                    seen(statement, execute(one, statement), is_vacuumed=is_vacuumed)
                    for one in (connection, plain)
                )
                if found != right:
                    return f"{statement}\nthe writer saw {found}, without us {right}"
                wrong = wrong_runs(connection, shape.mapping)
                wrong = wrong or differences(stored(connection), recompute(connection))
                if wrong:
                    return f"after {statement}\n" + "\n".join(wrong)
        return None

    for run in runs(name, is_recursive):
        if failure(run):
            pytest.fail(shortest(run, failure))
