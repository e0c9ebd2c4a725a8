"""Random operations that mean the same on both engines: SQL, with `?` for parameters."""

import random
from collections.abc import Iterator
from typing import Any

Operation = tuple[str, list[Any]]

_NAMES = ["s1", "s1", "s2", "s3", None, "", "5"]
_TIMES = [
    *("2026-10-01T09:57:33.551", "2026-10-01 09:57:33.5", "2026-10-01T09:58", None),
    *("2026-10-01T10:00:00.0009", "2026-10-02T00:00:00", "2026-09-30T23:59:59.999999"),
    *("2026-10-01T09:57:33.551Z", "2026-10-01T11:57:33+02:00", "2026-10-01 05:57:33,25 -0400"),
    *("2026-10-01T05:57:33-0400", "2026-10-01T05:57:33-04", "0001-01-01T00:30:00+01:00"),
    *("9999-12-31T23:30:00-01:00", "2024-02-29T10:00:00", "2023-02-29T10:00:00", "2026-13-01"),
    *("2026-10-01", "now", "", " 2026-10-01t09:57:33.551999z\n", "2026-10-01T24:00:00"),
    *("2026-10-01T09:57:33.", "2026-10-01T09:57+24:00", "0000-01-01T00:00:00", "infinity"),
]
PLAIN_TIMES = [one for one in _TIMES[:7] if one is None or one[10:11] in "T "]
_OUTPUTS = [
    *(None, "", "{}", "not json", "[1]", '{"totalTokens": 42, "totalToolUseCount":7}'),
    *('{"totalTokens":1000000000000}', '{"totalTokens":1000000000001}', '{"totalTokens":-1}'),
    *('{"totalTokens":007}', '{"totalTokens":1.5}', '{"totalTokens":"5"}', '{"totalTokens":5'),
    '{"a":"\\u0000","totalTokens": 3}',
]
_CHOICES: dict[str, dict[str, list[Any]]] = {
    "agent_invocations": {
        "timestamp": ["2026-10-01T09:57:33.551", None],
        "session_id": _NAMES,
        "event_type": [
            *("pre_invocation", "pre_invocation", None, "subagent_stop", "tool_tracking_start"),
        ],
        "phase": ["plan", "build", None, ""],
        "agent_name": ["a", "a", "b", "unknown", "Unknown", "", None, "é😀", "a '%s' %"],
        "model": ["standard", None],
        "start_time": _TIMES,
        "end_time": _TIMES,
        "duration_seconds": [
            *(None, 0.0, 0.0005, 1.0005, 2.6745, 33.551, 86400.001, 315360000.0, 315360000.0006),
            *(-0.001, float("inf"), float("-inf"), float("nan"), 1e308),
        ],
        "status": ["started", "started", "completed", "failed", "error", None, "Completed"],
        "raw_output": _OUTPUTS,
        "prompt": ["go", None],
    },
    "sessions": {
        "session_id": ["s1", "s2", "s3", "s4", ""],
        "start_time": _TIMES,
        "end_time": _TIMES,
        "status": ["active", "completed", None],
        "cwd": ["/home", None],
    },
    "agent_tool_uses": {
        "session_id": _NAMES,
        "agent_name": ["a", "b", "", None],
        "tool_name": ["Bash", "Read", "", None],
        "start_time": _TIMES,
        "end_time": _TIMES,
        "duration_seconds": [None, 0.1, 5.0],
        "status": ["started", "completed", None],
    },
}
_KEYS = {"agent_invocations": "id", "sessions": "session_id", "agent_tool_uses": "id"}


def operations(seed: int, count: int, **instead: list[Any]) -> Iterator[Operation]:
    """As many of them; `instead` are other values for a column."""
    chance = random.Random(seed)
    for _ in range(count):
        table = chance.choices([*_CHOICES], [6, 2, 2])[0]
        yield _one(chance, table, {**_CHOICES[table], **_known(table, instead)})


def _known(table: str, instead: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: some for name, some in instead.items() if name in _CHOICES[table]}


def _one(chance: random.Random, table: str, choices: dict[str, list[Any]]) -> Operation:
    key = _KEYS[table]

    def row() -> list[Any]:
        return [chance.choice(some) for some in choices.values()]

    def any_key() -> Any:
        return chance.choice(choices["session_id"]) if key == "session_id" else chance.randint(1, 9)

    names = list(choices) if key in choices else [key, *choices]
    rows = []
    kind = chance.randrange(8)
    # PostgreSQL updates a row only once in a statement.
    for _ in range(1 if kind == 2 else chance.choice([1, 1, 3])):
        rows.append(row() if key in choices else [any_key(), *row()])
    marks = ", ".join(f"({', '.join('?' * len(names))})" for _ in rows)
    insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES {marks}"
    values = [value for one in rows for value in one]
    changed = chance.sample([name for name in choices if name != key], 3)
    sets = ", ".join(f"{name} = ?" for name in changed)
    given = [chance.choice(choices[name]) for name in changed]
    if kind < 2:
        return insert, values
    if kind == 2:
        same = ", ".join(f"{name} = excluded.{name}" for name in changed)
        return f"{insert} ON CONFLICT ({key}) DO UPDATE SET {same}", values
    if kind == 3:
        return f"{insert} ON CONFLICT ({key}) DO NOTHING", values
    if kind == 4:
        return f"DELETE FROM {table} WHERE {key} = ?", [any_key()]
    if kind == 5:
        return f"UPDATE {table} SET {key} = ? WHERE {key} = ?", [any_key(), any_key()]
    if kind == 6:
        status = chance.choice(["started", "active"])
        return f"UPDATE {table} SET {sets} WHERE status = ?", [*given, status]
    return f"UPDATE {table} SET {sets} WHERE {key} = ?", [*given, any_key()]
