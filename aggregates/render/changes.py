"""How a change, and a consumer of changes, look in a line."""

from __future__ import annotations

from aggregates.changes import Change, ConsumerStatus, Row
from aggregates.render.grids import Column
from aggregates.render.text import name

_LONGEST_VALUE = 40
_NAMES = ("session_id", "agent_name", "tool_name", "phase", "status")
"""Columns that say which row it is, where nothing else does."""

CONSUMERS: list[Column[ConsumerStatus]] = [
    Column("consumer", lambda one: name(one.name), is_text=True),
    Column("source", lambda one: one.source, is_text=True),
    Column("entry", lambda one: f"{one.checkpoint.seq:,}"),
    Column("behind", lambda one: f"{one.behind:,}"),
    Column("saved at", lambda one: one.checkpoint.saved_at, is_text=True, rank=1),
    Column("changes lost", lambda one: "yes: rebuild" if one.is_lost else "", is_text=True),
]


def change_line(change: Change) -> str:
    """Position, time, operation, key, and what changed: `status: 'started' -> 'completed'`."""
    moved = "" if change.old_key is None else f" (was {change.old_key})"
    mark = " !" if change.edits_history else ""
    head = f"{change.seq}  {change.updated_at}  {change.operation:6} {change.key}{moved}{mark}"
    return f"{head}  {', '.join(_parts(change))}"


def _parts(change: Change) -> list[str]:
    if change.old is not None and change.new is not None:
        return [
            f"{column}: {_value(change.old[column])} -> {_value(value)}"
            for column, value in change.new.items()
            if value != change.old[column] or type(value) is not type(change.old[column])
        ]
    side: Row = change.new or change.old or {}
    return [f"{one}: {_value(side[one])}" for one in _NAMES if side.get(one) is not None]


def _value(value: object) -> str:
    shown = "NULL" if value is None else repr(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"
