"""Aggregates and change log against the oracle, after every one of many random statements."""

import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from conftest import MakeDatabase, connect
from oracle import any_text, differences, number_after, recompute, stored
from statements import Outcome, Plan, execute, is_write, plans, shortest

TRACKED = (
    *("timestamp", "session_id", "event_type", "phase", "agent_name", "model"),
    *("start_time", "end_time", "duration_seconds", "status"),
)
UPDATED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)

Row = tuple[Any, ...]
Rows = dict[int, Row]
Entry = tuple[Any, ...]


def exact(values: Row) -> Row:
    """Values that differ where their types do."""
    return tuple((type(value).__name__, value) for value in values)


def read_rows(connection: sqlite3.Connection) -> Rows:
    """What the change log tracks of each row."""
    with any_text(connection):
        rows = connection.execute(
            f"SELECT id, raw_output, updated_at, {', '.join(TRACKED)} FROM agent_invocations"
        ).fetchall()
    assert all(UPDATED_AT.fullmatch(str(row[2])) for row in rows), "updated_at is not set"
    return {
        row[0]: (
            *exact(row[3:]),
            number_after("totalTokens", row[1]),
            number_after("totalToolUseCount", row[1]),
        )
        for row in rows
    }


def read_log(connection: sqlite3.Connection, after: int) -> list[Entry]:
    """Entries: seq, operation, id, old id, old values, new values."""
    names = (*TRACKED, "tokens", "tool_calls")
    columns = [f"{state}_{name}" for state in ("old", "new") for name in names]
    with any_text(connection):
        entries = connection.execute(
            "SELECT seq, operation, invocation_id, old_invocation_id, updated_at,"
            f" {', '.join(columns)} FROM agent_invocation_changes WHERE seq > ? ORDER BY seq",
            (after,),
        ).fetchall()
    assert all(UPDATED_AT.fullmatch(entry[4]) for entry in entries)
    width = len(TRACKED)
    return [
        (
            *entry[:4],
            *(
                (*exact(side[:width]), *(number or 0 for number in side[width:]))
                for side in (entry[5 : 7 + width], entry[7 + width :])
            ),
        )
        for entry in entries
    ]


def replay(rows: Rows, entries: list[Entry]) -> Rows:
    """The rows after the entries; each entry must fit the row that it changes."""
    rows = dict(rows)
    nothing = (*exact((None,) * len(TRACKED)), 0, 0)
    for seq, operation, new_id, changed_from, old, new in entries:
        old_id = new_id if changed_from is None else changed_from
        assert operation in ("insert", "update", "delete")
        assert (operation == "insert") <= (old == nothing), f"old values of {seq}"
        assert (operation == "delete") <= (new == nothing), f"new values of {seq}"
        if operation != "insert":
            assert rows.pop(old_id, None) == old, f"{seq} ({operation}) is not about the row"
        if operation != "delete":
            assert new_id not in rows, f"{seq} ({operation}) clashes with a row"
            rows[new_id] = new
        assert operation != "update" or (old_id, old) != (new_id, new), f"{seq} changes nothing"
    return rows


def check_counts(statement: str, outcome: Outcome, entries: list[Entry]) -> None:
    """The log has as many entries as the statement changed rows, where that is determined."""
    if not is_write(statement) or " agent_invocations" not in statement or outcome.error:
        return
    counts = dict.fromkeys(("insert", "update", "delete"), 0)
    for entry in entries:
        counts[entry[1]] += 1
    if statement.startswith("DELETE"):
        expected = {"insert": 0, "update": 0, "delete": outcome.changes}
    elif statement.startswith("UPDATE"):
        expected = {**counts, "insert": 0, "update": min(counts["update"], outcome.changes)}
    elif "DO UPDATE" in statement:
        return
    else:
        expected = {**counts, "insert": outcome.changes, "update": 0}
    assert counts == expected, f"{counts} for {outcome.changes} changes"


def check(connection: sqlite3.Connection, run: list[str]) -> None:
    """Execute the statements, and compare everything after each."""
    rows: Rows = {}
    (base,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM agent_invocation_changes"
    ).fetchone()
    seen = base
    for statement in run:
        was_open = connection.in_transaction
        outcome = execute(connection, statement)
        now = read_rows(connection)
        if (was_open and not connection.in_transaction) or "ROLLBACK" in statement:
            log = read_log(connection, base)
            assert replay({}, log) == now, "the whole log does not give the rows"
            seen = base
        else:
            log = read_log(connection, seen)
            assert replay(rows, log) == now, "the entries do not give the rows"
            check_counts(statement, outcome, log)
        rows, seen = now, log[-1][0] if log else seen
        found = differences(stored(connection), recompute(connection))
        assert not found, "\n".join(found)


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
    from aggregates.migration import upgrade

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
