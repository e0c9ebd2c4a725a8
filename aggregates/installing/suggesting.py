"""A mapping to begin with, from the columns that a database has and what lies in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aggregates.engines.base import DriverConnection, quote
from aggregates.engines.tables import INTERNAL
from aggregates.errors import MappingError, UnfitTable
from aggregates.model.mapping import FIELDS, TIMES, TableMapping, shipped

_NAMES: dict[str, tuple[str, ...]] = {
    "agent_name": ("agent_name", "subagent_type", "agent_type", "agent", "subagent", "agent_id"),
    "session_id": ("session_id", "parent_session_id", "conversation_id", "thread_id", "chat_id"),
    "phase": ("phase", "stage", "step_name"),
    "model": ("model", "model_name", "model_used"),
    "start_time": (
        *("start_time", "started_at", "start_timestamp", "started", "created_at", "timestamp"),
        "ts",
    ),
    "end_time": ("end_time", "ended_at", "end_timestamp", "completed_at", "finished_at"),
    "duration": (
        *("duration_ms", "duration_seconds", "execution_duration_ms", "total_duration_ms"),
        *("elapsed_ms", "latency_ms", "duration"),
    ),
    "status": ("status", "success_status", "success", "exit_status", "state", "outcome"),
    "tokens": ("total_tokens", "tokens_used", "tokens", "total_tokens_estimated"),
    "tool_calls": ("tool_calls", "tool_use_count", "total_tools_used", "tools_called"),
}
"""Names that people give to what is a field of a run, the likeliest first."""
_KINDS = ("hook_event_type", "hook_event_name", "event_type", "event_kind", "event", "kind")
_TEXTS = ("payload", "data", "body", "metadata", "input")
"""Columns that may hold JSON."""

_SUCCEEDED = (
    "completed",
    "complete",
    "success",
    "succeeded",
    "done",
    "ok",
    "finished",
    "true",
    "1",
)
_FAILED = (
    "failed",
    "failure",
    "error",
    "timeout",
    "cancelled",
    "canceled",
    "aborted",
    "false",
    "0",
)
_FLAGS = ({"0", "1"}, {"false", "true"})
_BEGINS = ("start", "begin", "spawn", "pre")
_ENDS = ("stop", "end", "complete", "finish", "post")
_FAILS = ("fail", "error")

_ROWS_LOOKED_AT = 1000
_FIRST_MILLISECOND = 10_000_000_000
"""A larger number is a time in milliseconds: in seconds it would be after the year 2286."""


@dataclass(frozen=True)
class Suggestion:
    """A mapping that fits, or one to edit."""

    text: str
    fitting: tuple[str, ...]
    """names of mappings that ship, where some fit; the text is that of the first"""


def suggest(connection: DriverConnection, table: str | None = None) -> Suggestion:
    """A mapping of the table that looks most like one of runs, or of one that is named.

    Raises MappingError where none has what looks like the name of an agent.
    """
    fitting = [one for one in shipped() if table in (None, one.table) and _fits(connection, one)]
    if fitting:
        return Suggestion(fitting[0].text, tuple(one.name for one in fitting))
    tables = [one.name for one in connection.objects("table") if not one.name.startswith(INTERNAL)]
    if table is not None and table not in tables:
        raise MappingError(f"there is no table {table}; there are {', '.join(tables) or 'none'}")
    looked = [_Look(connection, name) for name in tables if table in (None, name)]
    found = [one for one in looked if "agent_name" in one.fields]
    if not found:
        raise MappingError(
            f"nothing in {table or ', '.join(tables) or 'the database'} looks like the name of an"
            " agent: write a mapping by hand; `aggregates mapping show subagent-sessions` prints"
            " one to begin with"
        )
    best = max(found, key=lambda one: len(one.fields))
    return Suggestion("\n".join(best.lines()) + "\n", ())


def _fits(connection: DriverConnection, mapping: TableMapping) -> bool:
    try:
        connection.mapped(mapping)
    except UnfitTable:
        return False
    return True


class _Look:
    """What a table seems to say of runs; `fields` are SQL-free: field -> value in TOML."""

    def __init__(self, connection: DriverConnection, table: str) -> None:
        self.connection, self.table = connection, table
        self.columns = {name.lower(): name for name in connection.columns(table)}
        self.kind = next((self.columns[name] for name in _KINDS if name in self.columns), None)
        self.key = connection.primary_key(table)
        self.fields: dict[str, str] = {}
        for field in FIELDS:
            if (said := self._field(field)) is not None:
                self.fields[field] = said
        self.is_of_events = self.kind is not None and not {"end_time", "duration"} & {*self.fields}

    def lines(self) -> Iterator[str]:
        yield f"# What {_quoted(self.table)} seems to say: look at every line before you use it."
        yield f"table = {_quoted(self.table)}"
        if self.key is None:
            yield "# It has no primary key of one column, which a mapping needs."
        yield f"key = {_quoted(self.key or 'id')}"
        fields = dict(self.fields)
        if self.is_of_events:
            yield from self._events()
            fields.pop("status", None)
            if "start_time" in fields:
                fields["end_time"] = fields["start_time"]
        yield ""
        yield "[run]"
        for field in FIELDS:
            if field in fields:
                yield f"{field} = {fields[field]}"
        if not self.is_of_events and not {"status", "end_time"} & fields.keys():
            yield '# how does a run end? status = "…", or end_time = "…"'
        said = [*fields.values(), _quoted(self.key or ""), _quoted(self.kind or "")]
        others = [_quoted(one) for one in self.columns.values()]
        if others := [one for one in others if not any(one in value for value in said)]:
            yield f"# other columns: {', '.join(others)}"

    def _field(self, field: str) -> str | None:
        names = _NAMES.get(field, ())
        column = next((self.columns[name] for name in names if name in self.columns), None)
        if column is not None:
            return _said(field, column, None, self._values(column))
        for column in (self.columns[name] for name in _TEXTS if name in self.columns):
            texts = [one for one in self._values(column) if isinstance(one, str)]
            for name in names:
                values = [one for text in texts if (one := _in_json(text, name)) is not None]
                if values:
                    return _said(field, column, name, values)
        return None

    def _events(self) -> Iterator[str]:
        assert self.kind is not None
        kinds = sorted({str(one) for one in self._values(self.kind)})
        fails = [one for one in kinds if any(word in one.lower() for word in _FAILS)]
        begins = [one for one in kinds if any(word in one.lower() for word in _BEGINS)]
        ends = [one for one in kinds if any(word in one.lower() for word in _ENDS)]
        yield ""
        yield f"# A row seems to be an event, of the kinds {_listed(kinds)}."
        yield "[events]"
        yield f"kind = {_quoted(self.kind)}"
        yield f"begin = {_listed(begins)}"
        yield f"succeed = {_listed(one for one in ends if one not in (*fails, *begins))}"
        yield f"fail = {_listed(fails)}"
        yield "# what the events of one run have in common, such as the id of the agent"
        yield f"same = [{self.fields.get('session_id', '')}]"

    def _values(self, column: str) -> list[Any]:
        rows = self.connection.shown_rows(
            f"SELECT {quote(column)} FROM main.{quote(self.table)}"
            f" WHERE {quote(column)} IS NOT NULL LIMIT ?",
            (_ROWS_LOOKED_AT,),
        )
        return [value for (value,) in rows]


def _in_json(text: str, name: str) -> str | float | None:
    """The string, number or truth that follows the first key of a name; None where none does."""
    scalar = r'("[^"\\]*"|true|false|-?\d[\d.eE+-]*)'
    found: str | float | None = None
    with suppress(ValueError):
        if match := re.search(rf'"{name}": *{scalar}', text):
            found = json.loads(match[1])
    return found


def _said(field: str, column: str, key: str | None, values: list[Any]) -> str:
    """A field in TOML: of a column, or of a key in its JSON, that seems to have these values."""
    more = "" if key is None else f", json = {_quoted(key)}"
    if field in TIMES and (unit := _unit(values)) != "text":
        more += f', unit = "{unit}"'
    elif field == "duration":
        is_short = (key or column).lower().endswith(("_ms", "millis", "milliseconds"))
        more += f', unit = "{"milliseconds" if is_short else "seconds"}"'
    elif field == "status":
        more += _words(values)
    return f"{{ column = {_quoted(column)}{more} }}" if more else _quoted(column)


def _unit(values: list[Any]) -> str:
    numbers = [one for one in values if isinstance(one, int | float)]
    numbers += [float(one) for one in values if isinstance(one, str) and one.isdecimal()]
    if not numbers:
        return "text"
    return "milliseconds" if max(numbers) >= _FIRST_MILLISECOND else "seconds"


def _words(values: list[Any]) -> str:
    words = {str(one).lower() if isinstance(one, bool) else str(one) for one in values}
    for flags in _FLAGS:
        words |= flags if words & flags else set()
    return "".join(
        f", {name} = {_listed(one for one in sorted(words) if one.lower() in known)}"
        for name, known in (("succeeded", _SUCCEEDED), ("failed", _FAILED))
    )


def _listed(words: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, words))}]"


def _quoted(text: str) -> str:
    """A text as TOML has it, in one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
