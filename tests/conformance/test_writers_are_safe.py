"""Writers see the same with our triggers as without, statement by statement."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from conftest import MakeDatabase, connect
from oracle import any_text
from statements import (
    INVOCATIONS,
    TABLES,
    VACUUM,
    Plan,
    execute,
    is_write,
    plans,
    shortest,
    table_of,
)

ROWID_ERRORS = ("SQLITE_MISMATCH", "SQLITE_FULL")


def read_rows(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """All that the writers' columns hold, types included."""
    found = []
    with any_text(connection):
        for table in TABLES:
            cursor = connection.execute(f"SELECT rowid, * FROM {table.name} ORDER BY rowid")
            names = [column[0] for column in cursor.description]
            ours = names.index("updated_at") if "updated_at" in names else len(names)
            found += [(table.name, *row[:ours], *row[ours + 1 :]) for row in cursor]
    return [tuple((type(value).__name__, value) for value in row) for row in found]


def check(ours: sqlite3.Connection, plain: sqlite3.Connection, run: list[str]) -> None:
    """Execute the statements on both, and compare what can be seen after each.

    Two things in statements that fail anyhow change with any trigger, whatever it does. SQLite
    then looks at foreign keys when the statement is over, so a refused row has had a rowid. And
    where a rowid is impossible or none is left, it undoes the statement, all of it and no more:
    without triggers it may keep the rows before, or undo the transaction. (And VACUUM, which nobody
    runs for its result, leaves a rowid of its own as the last one.)
    """
    for connection in (ours, plain):
        connection.execute("CREATE TEMP TABLE mark (id INTEGER PRIMARY KEY)")
    for statement in run:
        right, found = execute(plain, statement), execute(ours, statement)
        is_refused = right.error and right.error[1] == "SQLITE_CONSTRAINT_FOREIGNKEY"
        if is_refused or statement == VACUUM:
            found = found._replace(last_insert_rowid=right.last_insert_rowid)
            for connection in (ours, plain):
                connection.execute("INSERT OR REPLACE INTO temp.mark VALUES (1)")
        is_ours = is_write(statement) and table_of(statement) == INVOCATIONS.name
        if is_ours and "RETURNING" in statement:  # a column of ours is among its values
            right, found = (
                outcome._replace(rows=[row[:-1] for row in outcome.rows])
                for outcome in (right, found)
            )
        assert repr(found) == repr(right), f"{statement}\n{found}\nbut without triggers\n{right}"
        states = [(one.in_transaction, read_rows(one)) for one in (ours, plain)]
        if states[0] != states[1] and right.error and right.error[1] in ROWID_ERRORS:
            return
        assert states[0] == states[1], f"the transaction or the rows differ after {statement}"


@pytest.mark.parametrize("plan", plans(20_000), ids=str)
def test_a_writer_cannot_tell(
    plan: Plan, migrated_database: MakeDatabase, plain_database: MakeDatabase
) -> None:
    def failure(run: list[str]) -> str | None:
        with (
            migrated_database(plan.variant) as path,
            plain_database(plan.variant) as plain_path,
            closing(connect(path)) as ours,
            closing(connect(plain_path)) as plain,
        ):
            plan.prepare(ours)
            plan.prepare(plain)
            try:
                check(ours, plain, run)
            except AssertionError as error:
                return str(error)
        return None

    for run in plan.runs():
        if failure(run):
            pytest.fail(f"{plan}\n{shortest(run, failure)}")
