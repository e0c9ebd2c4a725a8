"""Tables of other shapes: random writes to them, and in plain Python which runs they tell of."""

import random
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from oracle import any_text, dimension

from aggregates.model.mapping import TableMapping, Value, named, parsed

EVENTS = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_app TEXT NOT NULL,
    session_id TEXT NOT NULL,
    hook_event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    chat TEXT,
    summary TEXT,
    timestamp INTEGER NOT NULL
)"""
SUBAGENT_SESSIONS = """
CREATE TABLE subagent_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    subagent_type TEXT NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT 1,
    start_timestamp INTEGER NOT NULL,
    end_timestamp INTEGER NULL,
    duration_seconds INTEGER NULL,
    total_tools_used INTEGER DEFAULT 0,
    total_tokens_estimated INTEGER DEFAULT 0,
    success_status TEXT,
    updated_at INTEGER,
    UNIQUE (session_id, subagent_type, start_timestamp)
)"""
INVOCATIONS = """
CREATE TABLE agent_invocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_name TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    session_id TEXT,
    spawned_by TEXT,
    success BOOLEAN,
    duration_ms REAL,
    repo_path TEXT
)"""
TEXT_KEY = """
CREATE TABLE "their runs" (name TEXT PRIMARY KEY, who, said JSON, began, ended, took, tag)
"""
WITHOUT_ROWID = (
    TEXT_KEY.rstrip()
    + """ WITHOUT ROWID;
CREATE UNIQUE INDEX "one tag" ON "their runs" (lower(tag)) WHERE took IS NOT NULL
"""
)
THEIR_RUNS = """
table = "their runs"
key = "name"

[run]
agent_name = "who"
session_id = { column = "said", json = "session" }
phase = { column = "said", json = "phase" }
start_time = { column = "began", unit = "seconds" }
end_time = { column = "ended", unit = "milliseconds" }
duration = { column = "took", unit = "seconds" }
status = { column = "said", json = "ok", succeeded = ["true", 1], failed = ["false"] }
tokens = { column = "said", json = "tokens" }

[[where]]
column = "tag"
is = ["", "a", "b", 1]
"""


class Shape(NamedTuple):
    """A table, a mapping of it, and the choices for its columns."""

    schema: str
    mapping: TableMapping
    choices: dict[str, list[str]]
    targets: tuple[str, ...]
    """that an ON CONFLICT may name"""


_JUNK = ["''", "'a'", "'1e3'", "-1", "1.5", "9e999", "x'00'", "x'6f6b'", "'a' || char(0)"]
_JUNK += ["9223372036854775807", "CAST(x'ff22' AS TEXT)", "'NaN'", "zeroblob(2)", "'7.'", "'.5'"]
_MS = ["1700000000000", "1700000000551", "1700000060000.0", "'1700000000999'", "0", "'12.75'"]
_MS += ["253402300799999", "1700000000551.6", "'1700000000x'", "'2026-10-01T09:57:33.551'"]
_SECONDS = ["1700000000", "1700000060", "1700000000.5514", "1700000000.0005", "'1700000000.9999'"]
_SECONDS += ["'17'", "253402300799", "253402300800", "-5", "' 17'", "'1700000000.'", "1e9"]
_SESSIONS = ["'s1'", "'s1'", "'s2'", "''", "5"]
_NAMES = ["'Explore'", "'Explore'", "'Plan'", "'unknown'", "''"]
_OF_SUBAGENTS = [
    *('{"agent_id":"x","agent_type":"Plan"}', '{"agent_id": "y", "agent_type": "Explore"}'),
    *('{"agent_id":"x","agent_type":""}', '{"agent_type":"Plan"}', "{}", "", '"agent_id":"'),
    *('{"agent_id":7,"agent_type":"Plan"}', '{"agent_id":"é","agent_type":"Plan😀"}'),
    '{"agent_type":"Plan","n":"' + "long" * 1100 + '"}',
    '{"agent_id":"x","agent_type":"' + "long" * 1100 + '"}',
    *(r'{"agent_id":"x","agent_type":"a \"b\" \\"}', r'{"agent_id":-7e2,"agent_type":"\\\"'),
]
_OF_TASKS = [
    '{"tool_name":"Task","tool_use_id":"t1","tool_input":{"subagent_type":"Plan"}}',
    '{"tool_name": "Task", "tool_use_id": "t2", "subagent_type": "Explore"}',
    '{"tool_name":"Bash","tool_use_id":"t1"}',
    '{"tool_name":"Agent","tool_use_id":"t1","totalTokens":12,"totalToolUseCount":3}',
    '{"tool_name":"Task","tool_use_id":"t1","totalTokens":1.9,"totalToolUseCount":"4"}',
    '{"tool_name":"Task","tool_use_id":"t1","totalTokens":5e3,"totalToolUseCount":-1}',
    r'{"tool_name":"Task","prompt":"\"tool_use_id\":\"t9\"","tool_use_id":"t2"}',
]


def _events(kinds: tuple[str, ...], payloads: list[str]) -> dict[str, list[str]]:
    return {
        "source_app": ["'app'"] * 4 + ["'other'"],
        "session_id": _SESSIONS,
        "hook_event_type": [f"'{kind}'" for kind in (*kinds * 3, "Stop", kinds[0].lower())],
        "payload": [f"'{text}'" for text in payloads],
        "summary": ["'s'", "NULL"],
        "timestamp": _MS,
    }


_THEIRS = {
    "who": [*_NAMES, "NULL", "1.5"],
    "said": [
        *("NULL", "''", "'{}'", "5"),
        """'{"session":"s1","ok":true,"tokens":5}'""",
        """'{"session": "s2", "ok": false, "phase":"plan", "tokens": 1000000000001}'""",
        """'{"ok":null,"session":5}'""",
        """'{"ok":1,"session":"s1","phase":"'""",
    ],
    "began": [*_SECONDS, "NULL"],
    "ended": [*_MS, "NULL", "NULL"],
    "took": ["1.5", "'2.6745'", "0", "NULL", "NULL", "-1", "86400"],
    "tag": ["'a'", "'b'", "'A'", "'c'", "NULL", "''", "1"],
}
SHAPES = {
    "subagent-events": Shape(
        EVENTS,
        named("subagent-events"),
        _events(("SubagentStart", "SubagentStop"), _OF_SUBAGENTS),
        (),
    ),
    "task-events": Shape(
        EVENTS,
        named("task-events"),
        _events(("PreToolUse", "PostToolUse", "PreToolUse", "PostToolUseFailure"), _OF_TASKS),
        (),
    ),
    "subagent-sessions": Shape(
        SUBAGENT_SESSIONS,
        named("subagent-sessions"),
        {
            "session_id": _SESSIONS,
            "subagent_type": _NAMES,
            "start_timestamp": ["1700000000", "1700000060", *_SECONDS],
            "end_timestamp": [*_SECONDS, "NULL", "NULL"],
            "duration_seconds": ["NULL", "60", "1.5", "'2'"],
            "total_tools_used": ["0", "3", "'x'", "-1"],
            "total_tokens_estimated": ["NULL", "5", "12.7", "1000000000001"],
            "success_status": ["'completed'", "'failed'", "'odd'", "NULL"],
            "updated_at": ["1", "2"],
        },
        ("(session_id, subagent_type, start_timestamp)",),
    ),
    "invocation-outcomes": Shape(
        INVOCATIONS,
        named("invocation-outcomes"),
        {
            "agent_name": _NAMES,
            "timestamp": ["'2026-10-01T09:57:33.551'", "'2026-10-01 09:57:33'", "'x'", "5"],
            "session_id": [*_SESSIONS, "NULL"],
            "spawned_by": ["'a'", "NULL"],
            "success": ["1", "0", "'1'", "NULL", "'yes'", "2"],
            "duration_ms": ["12.5", "0", "'30'", "NULL", "-4", "1000000"],
        },
        (),
    ),
    "utf-16": Shape(
        # With columns of names that are ours, too.
        "PRAGMA encoding = 'UTF-16';" + EVENTS.replace("chat TEXT", "is_end, same, event, k, w, x"),
        named("subagent-events"),
        _events(("SubagentStart", "SubagentStop"), _OF_SUBAGENTS),
        (),
    ),
    "text key": Shape(TEXT_KEY, parsed("text key", THEIR_RUNS), _THEIRS, ()),
    "without rowid": Shape(WITHOUT_ROWID, parsed("without rowid", THEIR_RUNS), _THEIRS, ()),
}


# What a table tells


def _milliseconds(value: object, unit: str) -> int | None:
    factor = 1000 if unit == "seconds" else 1
    largest = 253_402_300_799 * (1000 // factor)
    if isinstance(value, str):
        found = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?", value)
        if found is None or int(found[1]) > largest:
            return None
        fraction = int(((found[2] or "") + "000")[:3]) if unit == "seconds" else 0
        return int(found[1]) * factor + fraction
    if isinstance(value, int | float) and 0 <= value <= largest:
        return value * factor if isinstance(value, int) else int(value * factor + 0.5)
    return None


def _time(value: object, unit: str) -> str | None:
    found = None if unit == "text" else _milliseconds(value, unit)
    if found is not None:
        time = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=found)
        return f"{time:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{found % 1000:03}Z"
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    return "real" if isinstance(value, float) else "blob"


def _read(value: Value | None, row: dict[str, Any] | None) -> Any:
    if value is None or row is None:
        return None
    found = row[value.column]
    if value.json is None:
        return found
    if not isinstance(found, str) or f'"{value.json}":' not in found:
        return None
    key = f'"{value.json}":'
    rest = found.split(key, 1)[1][: 4096 - len(key)].lstrip(" ")
    if rest.startswith('"'):
        text = re.match(r'"((?:[^"\\]|\\.)*)"', rest, re.DOTALL)
        return text and re.sub(r'\\(["\\])', r"\1", text[1])
    for word in ("true", "false"):
        if rest.startswith(word):
            return word
    number = re.match(r"[0-9.+\-eE]*", rest)
    return (number and number[0]) or None


def _counts(mapping: TableMapping, row: dict[str, Any], end: dict[str, Any] | None) -> str | None:
    keys = {"tokens": "totalTokens", "tool_calls": "totalToolUseCount"}
    parts = [
        f'"{key}":{_milliseconds(_read(mapping.fields[name], end), "milliseconds") or 0}'
        for name, key in keys.items()
        if name in mapping.fields
    ]
    return "{" + ",".join(parts) + "}" if parts else None


def _run(mapping: TableMapping, row: dict[str, Any], end: dict[str, Any] | None) -> dict[str, Any]:
    fields = mapping.fields
    texts = ("session_id", "event_type", "phase", "agent_name", "model")
    run: dict[str, Any] = {
        name: dimension(_read(fields[name], row)) if name in fields else None for name in texts
    }
    for name in ("timestamp", "start_time", "end_time"):
        if name in fields:
            of = end if name == "end_time" else row
            run[name] = _time(_read(fields[name], of), fields[name].unit)
    if "duration" in fields:
        milliseconds = _milliseconds(_read(fields["duration"], end), fields["duration"].unit)
        run["duration_seconds"] = None if milliseconds is None else milliseconds / 1000
    run["raw_output"] = _counts(mapping, row, end)
    if mapping.events is not None:
        run["status"] = "started"
        if end is not None:
            kind = dimension(_read(mapping.events.kind, end))
            run["status"] = "failed" if kind in mapping.events.fail else "completed"
    else:
        word = dimension(_read(fields["status"], row))
        if word in fields["status"].succeeded:
            word = "completed"
        elif word in fields["status"].failed:
            word = "failed"
        elif not word and _read(fields.get("end_time"), row) is None:
            word = "started"
        run["status"] = word
    return run


def right_runs(connection: sqlite3.Connection, mapping: TableMapping) -> dict[Any, dict[str, Any]]:
    """The runs that a table tells of, by its key."""
    with any_text(connection):
        cursor = connection.execute(f'SELECT * FROM "{mapping.table}" ORDER BY "{mapping.key}"')
        names = [one[0] for one in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
    rows = [
        row
        for row in rows
        if row[mapping.key] is not None
        and all(dimension(_read(one.value, row)) in one.words for one in mapping.where)
    ]
    if mapping.events is None:
        return {row[mapping.key]: _run(mapping, row, row) for row in rows}
    events = mapping.events
    runs = {}
    following: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in reversed(rows):
        kind = dimension(_read(events.kind, row))
        same = tuple(dimension(_read(value, row)) for value in events.same)
        if kind in events.begin:
            end = following.get(same)
            is_end = end is not None and dimension(_read(events.kind, end)) in events.end
            runs[row[mapping.key]] = _run(mapping, row, end if is_end else None)
        if kind in (*events.begin, *events.end):
            following[same] = row
    return runs


def kept_runs(connection: sqlite3.Connection, mapping: TableMapping) -> dict[Any, dict[str, Any]]:
    """The runs that are kept, by the key of their row."""
    key = "id" if mapping.is_in_place else "mapped_key"
    with any_text(connection):
        cursor = connection.execute(f"SELECT * FROM agent_invocations WHERE {key} IS NOT NULL")
        names = [one[0] for one in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return {row[key]: row for row in rows}


def wrong_runs(connection: sqlite3.Connection, mapping: TableMapping) -> list[str]:
    """One line for each run that is not kept as it should be."""
    right, kept = right_runs(connection, mapping), kept_runs(connection, mapping)
    lines = [f"{key!r} is kept and is none" for key in kept.keys() - right.keys()]
    lines += [f"{key!r} is missing" for key in right.keys() - kept.keys()]
    for key in right.keys() & kept.keys():
        for name, value in right[key].items():
            if mapping.is_in_place and name in ("agent_name", "session_id", "timestamp"):
                continue
            stored = kept[key].get(name)
            if mapping.is_in_place and isinstance(stored, int | float):
                # The hooks' type makes a number of a text that is one.
                value = stored if float(stored) == float(value) else value
            if (stored, type(stored)) != (value, type(value)):
                lines.append(f"{key!r}: {name} is {stored!r}, right {value!r}")
    return lines


# Random writes

_POLICIES = ["", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR FAIL", "OR ABORT", "OR ROLLBACK"]
_CONTROL = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a"]


class Writes:
    """A source of random statements on the table of a shape."""

    def __init__(self, seed: str, shape: Shape) -> None:
        self._random = random.Random(seed)
        self._shape = shape
        self._table = f'"{shape.mapping.table}"'
        self._key = f'"{shape.mapping.key}"'
        self._is_numbered = shape.mapping.key == "id"

    def __iter__(self) -> Iterator[str]:
        verbs = [
            (30, self._insert),
            (8, self._copy),
            (25, self._update),
            (10, self._change_key),
            (10, self._delete),
            (10, lambda: self._pick(_CONTROL)),
            (1, lambda: "VACUUM"),
        ]
        weights, statements = zip(*verbs, strict=True)
        while True:
            yield self._random.choices(statements, weights)[0]()

    def _pick(self, choices: list[str]) -> str:
        return self._random.choice(choices)

    def _id(self) -> str:
        if self._random.random() < 0.1:
            return self._pick(["NULL", "'x'", "-1", "2.0", "x'01'"])
        number = self._pick(list("123456789"))
        return number if self._is_numbered else f"'k{number}'"

    def _value(self, column: str) -> str:
        junk = self._random.random() < 0.08
        return self._pick(_JUNK if junk else self._shape.choices[column])

    def _columns(self) -> list[str]:
        return [name for name in self._shape.choices if self._random.random() < 0.9]

    def _settings(self) -> str:
        columns = self._random.sample(list(self._shape.choices), 2)
        return ", ".join(f"{name} = {self._value(name)}" for name in columns)

    def _where(self) -> str:
        return self._pick(
            ["", *[f" WHERE {self._key} = {self._id()}"] * 6, f" WHERE {self._key} > {self._id()}"]
        )

    def _upsert(self) -> str:
        targets = [f"({self._key})", "", *self._shape.targets]
        chance = self._random.random()
        if chance < 0.7:
            return ""
        target = self._pick(targets)
        if chance < 0.8 or not target:
            return f" ON CONFLICT {target} DO NOTHING"
        return f" ON CONFLICT {target} DO UPDATE SET {self._settings()}"

    def _rowid(self) -> list[str]:
        is_given = "WITHOUT ROWID" not in self._shape.schema and self._random.random() < 0.2
        return ["rowid"] if is_given else []

    def _insert(self) -> str:
        columns = self._columns()
        keys = self._rowid() if self._random.random() < 0.5 else [self._key]
        rows = ", ".join(
            "("
            + ", ".join(
                [self._id() if key == self._key else self._pick(list("12345")) for key in keys]
                + [self._value(name) for name in columns]
            )
            + ")"
            for _ in range(self._random.randint(1, 2))
        )
        names = ", ".join([*keys, *columns])
        verb = f"INSERT {self._pick(_POLICIES)} INTO {self._table}"
        return f"{verb} ({names}) VALUES {rows}{self._upsert()}"

    def _copy(self) -> str:
        names = ", ".join(self._shape.choices)
        more = f"{self._key} + 1" if self._is_numbered else f"{self._key} || '1'"
        key = self._pick([self._key, more])
        rows = f"SELECT {key}, {names} FROM {self._table} WHERE true ORDER BY {self._key} LIMIT 3"
        verb = f"INSERT {self._pick(_POLICIES)} INTO {self._table}"
        return f"{verb} ({self._key}, {names}) {rows}{self._upsert()}"

    def _update(self) -> str:
        verb = f"UPDATE {self._pick(_POLICIES)} {self._table}"
        return f"{verb} SET {self._settings()}{self._where()}"

    def _change_key(self) -> str:
        value = self._pick([self._id(), f"{self._key} + 1", f"-{self._key}"])
        key = self._key if self._is_numbered or self._random.random() < 0.7 else "rowid"
        if key == "rowid" and "WITHOUT ROWID" in self._shape.schema:
            key = self._key
        if key == "rowid":
            value = self._pick(list("12345"))
        return f"UPDATE {self._pick(_POLICIES)} {self._table} SET {key} = {value}{self._where()}"

    def _delete(self) -> str:
        return f"DELETE FROM {self._table}{self._where() or f' WHERE {self._key} > {self._id()}'}"
