"""Aggregates and change log against the oracle, after every one of many random statements."""

import re
import sqlite3
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from conftest import MakeDatabase, connect
from oracle import any_text, differences, number_after, recompute, stored
from statements import VACUUM, Outcome, Plan, execute, is_write, plans, shortest, table_of

UPDATED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)

Row = tuple[Any, ...]
Rows = dict[int, Row]
Entry = tuple[Any, ...]


class Ledger(NamedTuple):
    """A source table and its change log."""

    table: str
    key: str
    log: str
    log_key: str
    tracked: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...] = ()
    """name in the log, and key in the text of raw_output"""

    @property
    def output(self) -> str:
        """The column that the numbers come from."""
        return "raw_output" if self.numbers else "NULL"


LEDGERS = (
    Ledger(
        "agent_invocations",
        "id",
        "agent_invocation_changes",
        "invocation_id",
        (
            *("timestamp", "session_id", "event_type", "phase", "agent_name", "model"),
            *("start_time", "end_time", "duration_seconds", "status"),
        ),
        (("tokens", "totalTokens"), ("tool_calls", "totalToolUseCount")),
    ),
    Ledger(
        "sessions",
        "rowid",
        "session_changes",
        "session_row",
        ("session_id", "start_time", "end_time", "status"),
    ),
    Ledger(
        "agent_tool_uses",
        "id",
        "agent_tool_use_changes",
        "tool_use_id",
        (
            *("session_id", "agent_name", "tool_name", "start_time", "end_time"),
            *("duration_seconds", "status"),
        ),
    ),
)


def exact(values: Row) -> Row:
    """Values that differ where their types do."""
    return tuple((type(value).__name__, value) for value in values)


def read_rows(connection: sqlite3.Connection, ledger: Ledger) -> Rows:
    """What the change log tracks of each row."""
    with any_text(connection):
        rows = connection.execute(
            f"SELECT {ledger.key}, {ledger.output}, {', '.join(ledger.tracked)} FROM {ledger.table}"
        ).fetchall()
    return {
        row[0]: (*exact(row[2:]), *(number_after(key, row[1]) for _, key in ledger.numbers))
        for row in rows
    }


def check_touched(connection: sqlite3.Connection) -> None:
    """Every row says when it was last written."""
    with any_text(connection):
        times = connection.execute("SELECT updated_at FROM agent_invocations").fetchall()
    assert all(UPDATED_AT.fullmatch(str(time)) for (time,) in times), "updated_at is not set"


def last_entry(connection: sqlite3.Connection, ledger: Ledger) -> int:
    """The newest position of a log."""
    query = f"SELECT coalesce(max(seq), 0) FROM {ledger.log}"
    return int(connection.execute(query).fetchone()[0])


def read_log(connection: sqlite3.Connection, ledger: Ledger, after: int) -> list[Entry]:
    """Entries: seq, operation, key, old key, old values, new values."""
    names = (*ledger.tracked, *(name for name, _ in ledger.numbers))
    columns = [f"{state}_{name}" for state in ("old", "new") for name in names]
    with any_text(connection):
        entries = connection.execute(
            f"SELECT seq, operation, {ledger.log_key}, old_{ledger.log_key}, updated_at,"
            f" {', '.join(columns)} FROM {ledger.log} WHERE seq > ? ORDER BY seq",
            (after,),
        ).fetchall()
    assert all(UPDATED_AT.fullmatch(entry[4]) for entry in entries)
    width = len(ledger.tracked)
    return [
        (
            *entry[:4],
            *(
                (*exact(side[:width]), *(number or 0 for number in side[width:]))
                for side in (entry[5 : 5 + len(names)], entry[5 + len(names) :])
            ),
        )
        for entry in entries
    ]


def replay(rows: Rows, entries: list[Entry], ledger: Ledger) -> Rows:
    """The rows after the entries; each entry must fit the row that it changes."""
    rows = dict(rows)
    nothing = (*exact((None,) * len(ledger.tracked)), *(0 for _ in ledger.numbers))
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


def renumber_sessions(connection: sqlite3.Connection) -> None:
    """Give sessions other rowids without a trigger, as VACUUM may do, in the order that they have.

    That it may is documented; libraries in use do so only where a table has no index.
    """
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'sessions'"
    triggers = connection.execute(query).fetchall()
    rowids = connection.execute("SELECT rowid FROM sessions ORDER BY rowid").fetchall()
    connection.execute("BEGIN")
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for step in (10**15, 1):  # by way of rowids that nobody has
        connection.executemany(
            "UPDATE sessions SET rowid = ? WHERE rowid = ?",
            [(step + number, rowid) for number, (rowid,) in enumerate(rowids)],
        )
        rowids = [(step + number,) for number in range(len(rowids))]
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("COMMIT")


class Follower:
    """Follows one table by its log, which must give the rows after each statement."""

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        self.connection, self.ledger = connection, ledger
        self.begin_again()

    def begin_again(self) -> None:
        """Take the rows as they are now."""
        self.first = self.rows = read_rows(self.connection, self.ledger)
        self.base = self.seen = last_entry(self.connection, self.ledger)

    def follow(self, statement: str, outcome: Outcome, may_have_rolled_back: bool) -> None:
        """Compare after a statement."""
        now = read_rows(self.connection, self.ledger)
        if may_have_rolled_back:
            log = read_log(self.connection, self.ledger, self.base)
            found = replay(self.first, log, self.ledger)
            assert found == now, f"the whole log does not give the rows of {self.ledger.table}"
            self.seen = self.base
        else:
            log = read_log(self.connection, self.ledger, self.seen)
            found = replay(self.rows, log, self.ledger)
            assert found == now, f"the entries do not give the rows of {self.ledger.table}"
            is_about = is_write(statement) and table_of(statement) == self.ledger.table
            if is_about and not outcome.error:
                check_counts(statement, outcome, log)
        self.rows, self.seen = now, log[-1][0] if log else self.seen


def check(connection: sqlite3.Connection, run: list[str]) -> None:
    """Execute the statements, and compare everything after each."""
    followers = [Follower(connection, ledger) for ledger in LEDGERS]
    for statement in run:
        was_open = connection.in_transaction
        outcome = execute(connection, statement)
        ended = was_open and not connection.in_transaction
        for follower in followers:
            follower.follow(statement, outcome, ended or "ROLLBACK" in statement)
        if statement == VACUUM and not outcome.error:
            renumber_sessions(connection)
            for follower in followers:
                follower.begin_again()
        check_touched(connection)
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
