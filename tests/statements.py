"""Random statements on the source tables: every verb, every type, few ids so that they clash."""

import os
import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from hooks import VARIANTS
from oracle import any_text

RUN_LENGTH = 100
VACUUM = "VACUUM"
_TABLE = re.compile(r"\b(agent_invocations|sessions|agent_tool_uses)\b")

_JUNK = [
    *("NULL", "NULL", "''", "' '", "'a'", "'0'", "'12'", "'1e3'", "0", "7", "-1", "1.5", "-0.0"),
    *("9223372036854775807", "-9223372036854775807 - 1", "9e999", "-9e999", "1e308", "5e-324"),
    *("x''", "x'00'", "x'ff'", "x'636f6d706c65746564'", "zeroblob(3)", "char(0)"),
    *("'a' || char(0)", "'unknown' || char(0)", "'completed' || char(0) || 'b'"),
    *("CAST(x'ff' AS TEXT)", "CAST(x'6180' AS TEXT)", "CAST(x'80c3' AS TEXT)"),
    *("CAST(x'eda080' AS TEXT)", "CAST(x'c080' AS TEXT)", "'é😀'", "'it''s \"%s\" %'", "char(10)"),
    *("hex(zeroblob(3000))", "'NULL'", "'now'", "2461314.5", "20261001"),
]
_CHOICES = {
    "timestamp": ["'2026-10-01T09:57:33.551'", "'2026-10-01T09:58:00'", "NULL"],
    "session_id": ["'s1'", "'s1'", "'s2'", "'s3'", "NULL", "''"],
    "event_type": [
        *("'pre_invocation'", "'pre_invocation'", "'pre_invocation'", "NULL", "'other'"),
        *("'subagent_stop'", "'tool_tracking_start'", "'Subagent_stop'"),
    ],
    "phase": ["'plan'", "'plan'", "'build'", "NULL", "''"],
    "agent_name": ["'a'", "'a'", "'b'", "'c'", "'unknown'", "'Unknown'", "''", "NULL", "'a '"],
    "model": ["'standard'", "'fast'", "NULL", "''"],
    "status": [
        *("'started'", "'started'", "'completed'", "'failed'", "'error'"),
        *("NULL", "'Completed'", "'completed '"),
    ],
    "ticket_id": ["'t1'", "'t2'", "'t3'", "'t4'", "NULL"],
    "parent_agent": ["'P'", "'p'", "'q'", "NULL"],
    "prompt": ["'go'", "NULL"],
    "raw_input": ["'{}'", "NULL"],
    "updated_at": ["NULL", "'2020'"],
    "tool_name": ["'Bash'", "'Bash'", "'Read'", "'Edit'", "''", "NULL"],
    "sequence_number": ["1", "2", "NULL"],
    "cwd": ["'/home'", "NULL"],
    "metadata": ["'{}'", "NULL"],
}
_IDS = [*map(str, range(1, 9))] * 2 + [
    *("NULL", "NULL", "NULL", "NULL", "'3'", "4.0", "0", "-1", "-1", "-7"),
]
_LARGEST_ID = "9223372036854775807"
_BAD_IDS = ["'x'", "2.5", "x'01'", "9e999", _LARGEST_ID, "-9223372036854775807 - 1"]
_TIMES = [
    *("'2026-10-01T09:57:33.551'", "'2026-10-01 09:57:33.5'", "'2026-10-01T09:58'"),
    *("'2026-10-01T10:00:00.0009'", "'2026-10-02T00:00:00'", "'2026-09-30T23:59:59.999999'"),
    *("'2026-10-01T09:57:33.551Z'", "'2026-10-01T11:57:33+02:00'", "NULL"),
]
_DATES = [
    *["2026-10-01"] * 8,
    *("2026-10-02", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "1969-12-31"),
    *("2023-02-29", "1900-02-29", "2100-02-29", "0000-01-01", "2026-13-01", "2026-00-10"),
    *("2026-04-31", "2026-1-01", "02026-10-01", "-2026-10-01", "2026/10/01", "1582-10-10", ""),
    *("2026-10-00", "2026-10-32", "２０２６-10-01", "2016-10-22", "2016-10-23"),  # noqa: RUF001
]
_SEPARATORS = ["T"] * 8 + [" "] * 4 + ["t", "", "  ", "_", "T ", "T-"]
_MINUTES = [
    *["09:57", "00:00", "23:59", "10:00"] * 4,
    *("24:00", "9:57", "09:60", "0957", "09:5", "-9:57", "09:57:", ""),
]
_SECONDS = [":00", ":33", ":59"] * 5 + ["", "", "", ":60", ":5", "33", ":-1", ":"]
_FRACTIONS = [""] * 8 + [
    *(".5", ".55", ".551", ".5519999", ".999999999", ".0009999999999999999999999"),
    *(".", ",5", ".55a", ".5 ", ".-5", ".+5", ".5.5", ".1e1"),
]
_ZONES = [""] * 10 + [
    *("Z", "Z", "Z", "+00:00", "-00:00", "+05:30", "-12:00", "+23:59", "-23:59"),
    *("+24:00", "+05:60", "z", "+0530", "+05", "+5:30", " Z", "ZZ", "+05:30 ", "UTC", " ", "\n"),
]
_DURATIONS = [
    *("0", "0.1", "0.5", "1", "5", "86400", "86400.001", "86401", "0.0004", "0.0005", "0.01"),
    *("0.0104", "1.0005", "2.6745", "0.00049999999999999994", "315360000", "315360000.0004"),
    *("315360000.0005", "315360000.0006", "315360001", "-0.001", "'1.25'", "'1.25 '", "'2.5s'"),
]
_NUMBERS = [
    *("1", "42", "0", "1000", "999999999999", "1000000000000", "1000000000001", "10000000000000"),
    *("9223372036854775807", "9223372036854775808", "99999999999999999999999999", "007", "00"),
    *("-1", "-0", "+5", "1.5", "1e3", '"5"', "null", "", "0x10", "٣", "1_0", "5a"),
]
_SESSIONS = ["'s1'", "'s1'", "'s2'", "'s2'", "'s3'", "'s4'", "'S1'", "NULL", "NULL", "NULL", "''"]
_POLICIES = ["", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR FAIL", "OR ABORT", "OR ROLLBACK"]
_CONTROL = [
    *("BEGIN", "BEGIN IMMEDIATE", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SAVEPOINT a"),
    *("SAVEPOINT b", "ROLLBACK TO a", "ROLLBACK TO a", "ROLLBACK TO b", "RELEASE a", "RELEASE b"),
]


class Table(NamedTuple):
    """A source table, as far as statements name its columns."""

    name: str
    keys: tuple[str, ...]
    """names of what tells rows apart, of which a statement gives at most one"""
    targets: tuple[str, ...]
    """that an ON CONFLICT may name"""
    columns: tuple[str, ...]
    completed: tuple[str, ...]
    """the columns that a hook sets in the end"""

    @property
    def key(self) -> str:
        """The name of the rowid that is used most."""
        return self.keys[0]


INVOCATIONS = Table(
    "agent_invocations",
    ("id", "rowid", "_rowid_", "oid"),
    ("(id)", "(id)", ""),
    (
        *("timestamp", "session_id", "event_type", "phase", "agent_name", "model", "status"),
        *("ticket_id", "parent_agent", "prompt", "raw_input", "start_time", "end_time"),
        *("duration_seconds", "raw_output"),
    ),
    ("end_time", "status", "raw_output", "duration_seconds", "model"),
)
SESSIONS = Table(
    "sessions",
    ("rowid", "_rowid_", "oid"),
    ("(session_id)", "(session_id)", ""),
    ("session_id", "start_time", "end_time", "status", "cwd", "metadata"),
    ("end_time", "status"),
)
TOOL_USES = Table(
    "agent_tool_uses",
    ("id", "rowid", "_rowid_", "oid"),
    ("(id)", "(id)", ""),
    (
        *("timestamp", "session_id", "agent_name", "tool_name", "duration_seconds", "status"),
        *("start_time", "end_time", "sequence_number"),
    ),
    ("end_time", "status", "duration_seconds"),
)
TABLES = (INVOCATIONS, SESSIONS, TOOL_USES)
_SHARES = (68, 20, 12)


class Outcome(NamedTuple):
    """All that a writer can see of its statement."""

    error: tuple[str, str] | None
    rows: list[tuple[Any, ...]]
    changes: int
    last_insert_rowid: int


def execute(connection: sqlite3.Connection, statement: str) -> Outcome:
    """Run one statement; an error is a result too."""
    error, rows = None, []
    try:
        with any_text(connection):
            rows = connection.execute(statement).fetchall()
    except sqlite3.Error as failure:
        error = (type(failure).__name__, getattr(failure, "sqlite_errorname", ""))
    changes, rowid = connection.execute("SELECT changes(), last_insert_rowid()").fetchone()
    return Outcome(error, rows, changes, rowid)


def is_write(statement: str) -> bool:
    """Whether a statement writes rows (the others control transactions, or are VACUUM)."""
    return statement not in (*_CONTROL, VACUUM)


def table_of(statement: str) -> str:
    """The table that a write is about, which is the first that it names."""
    found = _TABLE.search(statement)
    assert found is not None
    return found[0]


class Statements:
    """A source of random statements for one variant of the tables."""

    def __init__(self, seed: str | random.Random, variant: str) -> None:
        self._random = seed if isinstance(seed, random.Random) else random.Random(seed)
        self._targets = {table.name: list(table.targets) for table in TABLES}
        if variant in ("unique", "expression"):
            self._targets[INVOCATIONS.name] += ["(ticket_id)"] * 2
        if variant == "expression":
            expression = "(lower(parent_agent)) WHERE phase = 'plan'"
            self._targets[INVOCATIONS.name] += [expression] * 2
        self._table = INVOCATIONS
        self._verbs: list[tuple[int, Callable[[], str]]] = [
            (30, self._insert),
            (8, self._insert_from_itself),
            (22, self._update),
            (8, self._complete),
            (9, self._change_key),
            (9, self._delete),
            (12, self._control),
            (1, lambda: VACUUM),
        ]
        self._open: list[str] = []  # names of savepoints, roughly; '' is a transaction

    def __iter__(self) -> Iterator[str]:
        weights, verbs = zip(*self._verbs, strict=True)
        while True:
            self._table = self._random.choices(TABLES, _SHARES)[0]
            statement = self._random.choices(verbs, weights)[0]()
            yield statement
            # What it may have left behind meets other rowids.
            is_ignored = " OR IGNORE INTO sessions" in statement or "DO NOTHING" in statement
            if is_ignored and not self._open and self._chance(0.1):
                yield VACUUM

    def _pick(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _id(self) -> str:
        id_ = self._pick(_BAD_IDS if self._chance(0.02) else _IDS)
        # After the largest one SQLite takes rowids at random, where they are not AUTOINCREMENT.
        return "7" if id_ == _LARGEST_ID and self._table is SESSIONS else id_

    def _value(self, column: str) -> str:
        if column == "updated_at":
            return self._pick(_CHOICES[column])
        if column == "session_id" and self._table is SESSIONS and self._chance(0.95):
            return self._pick(_SESSIONS)
        if self._chance(0.1):
            value = self._pick(_JUNK)
            is_output = column == "raw_output"  # what a NUL means there is not specified
            return "'x'" if is_output and ("char(0)" in value) else value
        if column in _CHOICES:
            return self._pick(_CHOICES[column])
        others = {
            "start_time": self._time,
            "end_time": self._end,
            "duration_seconds": self._duration,
            "raw_output": self._output,
        }
        return others[column]()

    def _time(self) -> str:
        if self._chance(0.6):
            return self._pick(_TIMES)
        parts = (_DATES, _SEPARATORS, _MINUTES, _SECONDS, _FRACTIONS, _ZONES)
        text = "'" + "".join(map(self._pick, parts)) + "'"
        return f"{text} || {self._pick(['char(0)', 'char(10)'])}" if self._chance(0.02) else text

    def _end(self) -> str:
        return "NULL" if self._chance(0.5) else self._time()

    def _duration(self) -> str:
        if self._chance(0.4):
            return "NULL"
        if self._chance(0.6):
            return self._pick(_DURATIONS)
        return repr(round(10 ** self._random.uniform(-4, 9), self._random.randint(0, 9)))

    def _output(self) -> str:
        if self._chance(0.3):
            return "NULL"
        text = self._pick(["{", "", "x" * 3000, "é😀", "{\n  ", '{"totalToolUseCount":'])
        for key in self._random.choices(["totalTokens", "totalToolUseCount", "totaltokens"], k=2):
            space = self._pick(["", " ", " ", "   ", " " * 300, "\t", "\n"])
            number = self._pick(_NUMBERS[:5] if self._chance(0.6) else _NUMBERS)
            text += f'"{key}":{space}{number}' + self._pick([", ", "}", " ", "\n", "\r", "\t", "]"])
        text = text[: -self._random.randint(1, 2)] if self._chance(0.1) else text
        text = "'" + text.replace("'", "''") + "'"
        if self._chance(0.05):
            return f"CAST({text} AS BLOB)"
        if self._chance(0.1):
            prefix = self._pick(["x'ff'", "x'61808080'", "x'e0'", "x'f0'", "x'c3'"])
            return f"CAST({prefix} || CAST({text} AS BLOB) AS TEXT)"
        return text

    def _some(self, columns: Sequence[str], most: int) -> list[str]:
        return self._random.sample(columns, self._random.randint(1, most))

    def _where(self) -> str:
        if self._chance(0.2):
            return ""
        key = self._table.key
        conditions = [
            *[f"{self._pick(self._table.keys)} = {self._id()}"] * 4,
            f"{key} > {self._random.randint(1, 8)}",
            f"{key} IN ({self._random.randint(1, 8)}, {self._random.randint(1, 8)})",
            f"{key} = (SELECT max({key}) FROM {self._table.name})",
            f"status IS {self._value('status')}",
        ]
        others = {
            INVOCATIONS: ("agent_name", "ticket_id"),
            SESSIONS: ("session_id", "session_id", "session_id"),
            TOOL_USES: ("agent_name", "session_id"),
        }
        for name in others[self._table]:
            conditions.append(f"{name} {self._pick(['=', 'IS'])} {self._value(name)}")
        return f" WHERE {self._pick(conditions)}"

    def _returning(self) -> str:
        return " RETURNING *" if self._chance(0.05) else ""

    def _settings(self) -> str:
        columns = self._table.columns + ("updated_at",) * (self._table is INVOCATIONS)
        settings = [f"{name} = {self._value(name)}" for name in self._some(columns, 4)]
        if self._table is INVOCATIONS and self._chance(0.1):
            settings.append(f"agent_name = {self._pick(['phase', 'model', 'agent_name'])}")
        return ", ".join(settings)

    def _upsert(self) -> str:
        if self._chance(0.6):
            return ""
        targets, key = self._targets[self._table.name], self._table.key
        target = self._pick(targets)
        if self._chance(0.4):
            return f" ON CONFLICT{target} DO NOTHING"
        action = self._settings()
        if self._chance(0.5):
            names = self._some(self._table.columns, 5)
            action = ", ".join(f"{name} = excluded.{name}" for name in names)
        if self._chance(0.2):
            keys = [f"{key} + 1", self._id(), f"excluded.{key} + 1"]
            action += f", {key} = {self._pick(keys)}"
        where = " WHERE excluded.status IS NOT 'failed'" if self._chance(0.2) else ""
        other = self._pick(targets)  # SQLite 3.40 damages its index where it is the same
        is_other = other not in ("", target) and self._chance(0.3)
        first = f" ON CONFLICT{other} DO NOTHING" if is_other else ""
        return f"{first} ON CONFLICT{target} DO UPDATE SET {action}{where}"

    def _into(self) -> str:
        verb = "REPLACE" if self._chance(0.05) else f"INSERT {self._pick(_POLICIES)}"
        return f"{verb} INTO {self._table.name}"

    def _insert(self) -> str:
        if self._chance(0.02):
            return f"{self._into()} DEFAULT VALUES"
        columns = [name for name in self._table.columns if self._chance(0.7)] or ["status"]
        is_keyed = self._chance(0.4 if self._table is SESSIONS else 0.85)
        key = self._pick([self._table.key, *self._table.keys]) if is_keyed else ""
        count = self._pick(["1", "1", "1", "2", "3"])
        rows = ", ".join(
            "("
            + ", ".join([self._id()] * bool(key) + [self._value(name) for name in columns])
            + ")"
            for _ in range(int(count))
        )
        names = ", ".join([key] * bool(key) + columns)
        return f"{self._into()} ({names}) VALUES {rows}{self._upsert()}{self._returning()}"

    def _insert_from_itself(self) -> str:
        if self._chance(0.1):
            return f"{self._into()} SELECT * FROM {self._table.name}{self._where()}"
        names = ", ".join(self._table.columns)
        id_ = self._table.key
        key = self._pick([id_, f"{id_} + 1", f"9 - {id_}", "NULL", f"-{id_}", self._id()])
        columns = ", ".join(
            self._value(name) if self._chance(0.1) else name for name in self._table.columns
        )
        where = self._where() or " WHERE true"
        return (
            f"{self._into()} ({id_}, {names}) SELECT {key}, {columns} FROM {self._table.name}"
            f"{where} ORDER BY {id_} LIMIT 3{self._upsert()}"
        )

    def _update(self) -> str:
        verb = f"UPDATE {self._pick(_POLICIES)} {self._table.name}"
        return f"{verb} SET {self._settings()}{self._where()}{self._returning()}"

    def _complete(self) -> str:
        settings = ", ".join(f"{name} = {self._value(name)}" for name in self._table.completed)
        where = f"{self._table.key} = {self._id()}"
        if self._table is SESSIONS and self._chance(0.7):
            where = f"session_id = {self._value('session_id')}"
        return f"UPDATE {self._table.name} SET {settings} WHERE {where}"

    def _change_key(self) -> str:
        name, key = self._pick(self._table.keys), self._table.key
        value = self._pick(
            [f"{key} + 1", f"{key} - 1", f"9 - {key}", key, f"-{key}", "NULL", *_IDS]
        )
        if self._table is SESSIONS and self._chance(0.5):
            name, value = "session_id", self._pick([*_SESSIONS, "lower(session_id)"])
        more = f", {self._settings()}" if self._chance(0.4) else ""
        policy = self._pick(_POLICIES)
        return f"UPDATE {policy} {self._table.name} SET {name} = {value}{more}{self._where()}"

    def _delete(self) -> str:
        key = self._table.key
        where = f" WHERE {key} > 8" if self._chance(0.4) else self._where()
        where = where if where or self._chance(0.3) else f" WHERE {key} = 1"
        return f"DELETE FROM {self._table.name}{where}{self._returning()}"

    def _control(self) -> str:
        if self._chance(0.1):
            return self._pick(_CONTROL)
        if self._open and self._chance(0.6):
            verb = self._pick(["ROLLBACK TO", "ROLLBACK TO", "RELEASE", "COMMIT", "ROLLBACK"])
            if verb in ("COMMIT", "ROLLBACK") or not self._open[-1]:
                self._open.clear()
                return verb if verb in ("COMMIT", "ROLLBACK") else "COMMIT"
            name = self._open[-1] if verb == "ROLLBACK TO" else self._open.pop()
            return f"{verb} {name}"
        name = self._pick(["a", "b"] if self._open else ["", "a", "b"])
        self._open.append(name)
        return f"SAVEPOINT {name}" if name else self._pick(["BEGIN", "BEGIN IMMEDIATE"])


class Plan(NamedTuple):
    """One way to run: tables, pragmas, and how many writes to try."""

    variant: str
    recursive_triggers: bool
    foreign_keys: bool
    writes: int

    def __str__(self) -> str:
        return "-".join(
            [
                self.variant,
                *(name for name in ("recursive_triggers", "foreign_keys") if getattr(self, name)),
            ]
        )

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Set the pragmas, and write the sessions that foreign keys ask for."""
        connection.execute(f"PRAGMA recursive_triggers = {self.recursive_triggers}")
        connection.execute(f"PRAGMA foreign_keys = {self.foreign_keys}")
        for session in ("s1", "s2", "s3", "", "a"):
            connection.execute("INSERT INTO sessions (session_id) VALUES (?)", (session,))

    def runs(self) -> Iterator[list[str]]:
        """Lists of statements, each for a database of its own."""
        seed = os.environ.get("AGGREGATES_FUZZ_SEED", "0")
        statements = iter(Statements(f"{seed} {self}", self.variant))
        left = self.writes
        while left > 0:
            run = [next(statements) for _ in range(RUN_LENGTH)]
            left -= sum(map(is_write, run))
            yield run


def plans(default_writes: int) -> list[Plan]:
    """Every combination; together they write so many statements, or what the environment says."""
    total = int(os.environ.get("AGGREGATES_FUZZ_STATEMENTS", default_writes))
    pairs = list(product(VARIANTS, (False, True), (False, True)))
    return [Plan(*pair, -(-total // len(pairs))) for pair in pairs]


def shortest(run: list[str], failure: Callable[[list[str]], str | None]) -> str:
    """A failing run made as short as leaving statements out makes it, and its failure."""
    step = len(run) // 2
    while step:
        start = 0
        while start < len(run):
            shorter = run[:start] + run[start + step :]
            if failure(shorter):
                run = shorter
            else:
                start += step
        step //= 2
    return ";\n".join(run) + f";\n-- {failure(run)}"
