"""Follow the source tables by their change logs, and compare all with the oracle."""

import re
import sqlite3
from contextlib import closing
from typing import Any, NamedTuple

import apsw
from oracle import any_text, differences, number_after, recompute, stored
from statements import VACUUM, Outcome, execute, is_write, table_of

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


def untouched(connection: sqlite3.Connection) -> int:
    """How many rows do not say when they were last written, as those before a migration."""
    with any_text(connection):
        times = connection.execute("SELECT updated_at FROM agent_invocations").fetchall()
    said = [time for (time,) in times if time is not None]
    assert all(UPDATED_AT.fullmatch(str(time)) for time in said), "updated_at is not ours"
    return len(times) - len(said)


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
    (path,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
    with closing(apsw.Connection(path)) as other:
        other.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        other.execute("PRAGMA synchronous = OFF; BEGIN")
        rowids = other.execute("SELECT rowid FROM sessions ORDER BY rowid").fetchall()
        for step in (10**15, 1):  # by way of rowids that nobody has
            new = [step + number for number in range(len(rowids))]
            other.executemany(
                "UPDATE sessions SET rowid = ? WHERE rowid = ?",
                [(rowid, old) for rowid, (old,) in zip(new, rowids, strict=True)],
            )
            rowids = [(rowid,) for rowid in new]
        other.execute("COMMIT")


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
    old = untouched(connection)
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
        assert untouched(connection) <= old, "updated_at is not set"
        found = differences(stored(connection), recompute(connection))
        assert not found, "\n".join(found)
