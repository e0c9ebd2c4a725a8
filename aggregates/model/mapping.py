"""How the rows of a table of another shape tell of runs: which column says what.

A mapping is a text in TOML. Those that ship lie beside this module, in `mappings`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from aggregates.errors import MappingError
from aggregates.model.sources import agent_invocations

SHIPPED = Path(__file__).with_name("mappings")

Unit = Literal["text", "seconds", "milliseconds"]

TEXTS = ("session_id", "event_type", "phase", "agent_name", "model")
TIMES = ("timestamp", "start_time", "end_time")
COUNTS = ("tokens", "tool_calls")
FIELDS: dict[str, str] = {
    "agent_name": "name of the agent; every mapping says it",
    "session_id": "the session",
    "event_type": "kind of row, where some are no invocations",
    "phase": "phase of the workflow",
    "model": "model of the run",
    "timestamp": "when the row was written",
    "start_time": "start of the run",
    "end_time": "end of the run; a run without one is in flight",
    "duration": "how long it took, where start and end do not tell",
    "status": "its words in `succeeded` become `completed`, those in `failed` become `failed`, all"
    " others stay; without it a run is `started` until it has an end, then `completed`",
    "tokens": "tokens used",
    "tool_calls": "calls of tools",
}
"""What a mapping can say of a run, and what that is."""
OF_THE_END = ("end_time", "duration", *COUNTS)
"""Fields that the event which ends a run tells, where a run is a pair of events."""


@dataclass(frozen=True)
class Value:
    """What a field of a run is taken out of."""

    column: str
    json: str | None = None
    """the key whose value it is, in the text of the column"""
    unit: Unit = "text"
    """of a time, since 1970 where it is a number; and of a duration"""
    succeeded: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    """of a status: the words, or numbers, that say so"""


@dataclass(frozen=True)
class Condition:
    """Rows are left out where a value is none of some words."""

    value: Value
    words: tuple[str, ...]


@dataclass(frozen=True)
class Events:
    """Of a table with a row an event: those of a run are the next ones with the same values."""

    kind: Value
    begin: tuple[str, ...]
    succeed: tuple[str, ...]
    fail: tuple[str, ...]
    same: tuple[Value, ...]

    @property
    def end(self) -> tuple[str, ...]:
        """The kinds of event that end a run."""
        return (*self.succeed, *self.fail)


@dataclass(frozen=True)
class TableMapping:
    """A mapping that was understood; `text` is what it was read from."""

    name: str
    text: str
    table: str
    key: str
    fields: dict[str, Value]
    where: tuple[Condition, ...]
    events: Events | None

    @property
    def is_in_place(self) -> bool:
        """Whether the table is `agent_invocations` itself, some of whose columns are missing."""
        return self.table.lower() == agent_invocations.name

    def makes(self, table: str) -> bool:
        """Whether all rows of a table are made by triggers that the mapping asks for."""
        return table == agent_invocations.name and not self.is_in_place

    def says_the_same(self, other: TableMapping) -> bool:
        """Whether two mappings differ in nothing but their names and how they are written."""
        return replace(self, name="", text="") == replace(other, name="", text="")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that are read."""
        values = [*self.fields.values(), *(one.value for one in self.where)]
        if self.events is not None:
            values += [self.events.kind, *self.events.same]
        return tuple(dict.fromkeys((self.key, *(value.column for value in values))))


def shipped() -> list[TableMapping]:
    """The mappings that ship, by name."""
    return [_read(path) for path in sorted(SHIPPED.glob("*.toml"))]


def named(name: str) -> TableMapping:
    """The mapping of that name that ships, or of the file at that path. Raises MappingError."""
    for path in (SHIPPED / f"{name}.toml", Path(name)):
        if path.is_file():
            return _read(path)
    known = ", ".join(path.stem for path in sorted(SHIPPED.glob("*.toml")))
    raise MappingError(
        f"there is no mapping {name}: there are {known}, or name a file;"
        " `aggregates mapping suggest` prints one to begin with"
    )


def _read(path: Path) -> TableMapping:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingError(f"{path} is not a text in UTF-8: {error}") from error
    return parsed(path.stem, text)


def parsed(name: str, text: str) -> TableMapping:
    """The mapping that a text in TOML says. Raises MappingError, which names what is wrong."""
    return _Parser(name).mapping(text)


class _Parser:
    def __init__(self, name: str) -> None:
        self.name = name

    def mapping(self, text: str) -> TableMapping:
        try:
            said = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._error(f"this is not TOML: {error}") from error
        self._check_names(said, ("table", "key", "run", "where", "events"), "it")
        events = said.get("events")
        found = TableMapping(
            name=self.name,
            text=text,
            table=self._text(said, "table", "it"),
            key=self._text(said, "key", "it"),
            fields=dict(self._fields(self._table(said, "run"))),
            where=tuple(map(self._condition, self._list(said.get("where", []), "where"))),
            events=None if events is None else self._events(self._table(said, "events")),
        )
        self._check(found)
        return found

    def _check(self, found: TableMapping) -> None:
        if "agent_name" not in found.fields:
            raise self._error("[run] does not say what agent_name is")
        if found.events is not None and "status" in found.fields:
            raise self._error("[run] says what status is, but [events] does already")
        if found.events is None and not {"status", "end_time"} & found.fields.keys():
            raise self._error("[run] does not say how a run ends: name its status, or its end_time")
        if found.is_in_place and (found.events is not None or found.where):
            raise self._error(
                f"[events] and [[where]] cannot be of {found.table}, where every row is a run"
            )

    def _fields(self, said: dict[str, Any]) -> Iterator[tuple[str, Value]]:
        self._check_names(said, tuple(FIELDS), "[run]")
        for name in said:
            where = f"{name} of [run]"
            more: tuple[str, ...] = ()
            if name in TIMES or name == "duration":
                more = ("unit",)
            elif name == "status":
                more = ("succeeded", "failed")
            value = self._value(said[name], where, more)
            if name == "duration" and value.unit == "text":
                raise self._error(f"{where} needs a unit: seconds or milliseconds")
            if twice := {*value.succeeded} & {*value.failed}:
                raise self._error(f"{where} names {', '.join(sorted(twice))} twice")
            yield name, value

    def _events(self, said: dict[str, Any]) -> Events:
        self._check_names(said, ("kind", "begin", "succeed", "fail", "same"), "[events]")
        found = Events(
            kind=self._value(said.get("kind"), "kind of [events]"),
            begin=self._words(said.get("begin"), "begin of [events]"),
            succeed=self._words(said.get("succeed"), "succeed of [events]"),
            fail=self._words(said.get("fail", []), "fail of [events]"),
            same=tuple(
                self._value(one, "same of [events]")
                for one in self._list(said.get("same"), "same of [events]")
            ),
        )
        if twice := {*found.begin} & {*found.end} or {*found.succeed} & {*found.fail}:
            raise self._error(f"[events] names {', '.join(sorted(twice))} twice")
        if not (found.begin and found.end and found.same):
            raise self._error("[events] needs words in begin and succeed, and columns in same")
        return found

    def _condition(self, said: Any) -> Condition:
        if not isinstance(said, dict):
            raise self._error("[[where]] is a column, and the words that it `is`")
        rest = {name: value for name, value in said.items() if name != "is"}
        value, words = (
            self._value(rest, "[[where]]"),
            self._words(said.get("is"), "is of [[where]]"),
        )
        if not words:
            raise self._error("is of [[where]] names no words, so that no row would count")
        return Condition(value, words)

    def _value(self, said: Any, where: str, more: tuple[str, ...] = ()) -> Value:
        said = {"column": said} if isinstance(said, str) else said
        if not isinstance(said, dict):
            raise self._error(f"{where} is the name of a column, or a table that holds one")
        self._check_names(said, ("column", "json", *more), where)
        unit = said.get("unit", "text")
        if unit not in get_args(Unit):
            raise self._error(f"{where} has the unit {unit}; there are {', '.join(get_args(Unit))}")
        json = said.get("json")
        if json is not None and not (isinstance(json, str) and re.fullmatch(r"\w+", json)):
            raise self._error(f"json in {where} is one key, of letters, digits and _")
        return Value(
            column=self._text(said, "column", where),
            json=json,
            unit=unit,
            succeeded=self._words(said.get("succeeded", []), f"succeeded in {where}"),
            failed=self._words(said.get("failed", []), f"failed in {where}"),
        )

    def _words(self, said: Any, where: str) -> tuple[str, ...]:
        """Words, and numbers as they are written."""
        words = self._list(said, where)
        for word in words:
            is_word = isinstance(word, str | int) and not isinstance(word, bool)
            if not is_word or (isinstance(word, str) and "\0" in word):
                raise self._error(f"{where} holds {word!r}: words and integers only, as stored")
        return tuple(map(str, words))

    def _list(self, said: Any, where: str) -> list[Any]:
        if not isinstance(said, list):
            raise self._error(f"{where} has to be a list")
        return said

    def _table(self, said: dict[str, Any], name: str) -> dict[str, Any]:
        found = said.get(name)
        if not isinstance(found, dict):
            raise self._error(f"it has no [{name}]")
        return found

    def _text(self, said: dict[str, Any], name: str, where: str) -> str:
        found = said.get(name)
        if not isinstance(found, str) or not found or "\0" in found:
            raise self._error(f"{where} has to name its {name}")
        return found

    def _check_names(self, said: Iterable[str], known: tuple[str, ...], where: str) -> None:
        if unknown := [name for name in said if name not in known]:
            raise self._error(f"{where} has {', '.join(unknown)}; there are {', '.join(known)}")

    def _error(self, what: str) -> MappingError:
        return MappingError(f"mapping {self.name}: {what}")
