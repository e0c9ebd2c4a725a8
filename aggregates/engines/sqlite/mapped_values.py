"""SQL of the fields of a run, out of the columns of a table of another shape.

As in triggers, only core functions; text numbers are read digit by digit, as versions of SQLite
make different reals of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import column

from aggregates.engines.base import Compiler, quote
from aggregates.model.constructs import key_text
from aggregates.model.mapping import COUNTS, TEXTS, Condition, TableMapping, Unit, Value
from aggregates.model.sources import FAILED, SUCCEEDED, agent_invocations

_DIGITS = "'0123456789'"
_SECONDS = "'%Y-%m-%dT%H:%M:%S'"
_LAST_SECOND = 253_402_300_799
"""Of the year 9999."""

_READ = 4096
"""Bytes that are read of JSON from a key on: a payload may be large, what is looked for is not."""

_SUCCEEDED, _FAILED = f"'{SUCCEEDED[0]}'", f"'{FAILED[0]}'"

RowOf = Callable[[str], str]
"""From a field to the alias of the row that it is read of."""


def columns_of_run(compiler: Compiler, mapping: TableMapping, row_of: RowOf) -> dict[str, str]:
    """SQL of the columns of `agent_invocations`, in their order."""
    found = {}
    for name in (one.name for one in agent_invocations.tracked):
        field = "duration" if name == "duration_seconds" else name
        if name == "status":
            of = _status if mapping.events is None else _status_of_events
            found[name] = of(compiler, mapping, row_of)
        elif (value := mapping.fields.get(field)) is not None:
            found[name] = _of_field(compiler, field, value, row_of(field))
    if mapping.fields.keys() & {*COUNTS}:
        found["raw_output"] = _output(mapping, row_of)
    return found


def _of_field(compiler: Compiler, field: str, value: Value, row: str) -> str:
    if field in TEXTS:
        return text_of(compiler, value, row)
    if field == "duration":
        return _once(value, row, lambda x: f"({_milliseconds(x, value.unit)}) / 1000.0")
    return _once(value, row, lambda x: _time(x, value.unit))


def text_of(compiler: Compiler, value: Value, row: str) -> str:
    """A value as part of a key is: `''` for NULL, reals, blobs and NUL bytes."""
    return _once(value, row, lambda x: _key_text(compiler, x))


def chosen(
    compiler: Compiler, value: Value, row: str, answers: Mapping[str, str], otherwise: str = "NULL"
) -> str:
    """What is answered to a value that is a word, or an integer in text; NULL is `''`."""
    words = "".join(f" WHEN {_literal(word)} THEN {answer}" for word, answer in answers.items())
    return f"CASE {text_of(compiler, value, row)}{words} ELSE {otherwise} END"


def holds(compiler: Compiler, conditions: Iterable[Condition], row: str) -> list[str]:
    """The conditions under which a row counts."""
    return [
        chosen(compiler, one.value, row, dict.fromkeys(one.words, "1"), "0") for one in conditions
    ]


def _once(value: Value, row: str, of: Callable[[str], str]) -> str:
    """SQL that reads a value more than once, and computes it once."""
    read = f"{row}.{quote(value.column)}"
    if value.json is None:
        return of(read)
    return f"(SELECT {of('x')} FROM (SELECT {_json(read, value.json)} AS x))"


def _key_text(compiler: Compiler, x: str) -> str:
    return compiler.render(key_text(column("x")), {"x": x})


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _json(x: str, key: str) -> str:
    """The text, the number or the truth that follows the first `"key":` in a text, else NULL."""
    # As bytes: instr and substr count the characters of malformed UTF-8 differently.
    text, found, end = (f"CAST({one} AS BLOB)" for one in (x, f"'{_key(key)}'", "'\"'"))
    # SQLite 3.24 takes what is cast to text for UTF-8, whatever the encoding of the file, until
    # something is added to it.
    onward = f"CAST(substr({text}, nullif(instr({text}, {found}), 0), {_READ}) AS TEXT) || ''"
    # A quote behind a backslash ends no text. JSON has no such control characters.
    hidden = r"""replace(replace(substr(rest, 2), '\\', char(30)), '\"', char(31))"""
    shown = f"CAST(substr(body, 1, instr(body, {end}) - 1) AS TEXT) || ''"
    return rf"""(SELECT CASE WHEN rest GLOB '"*' THEN
      CASE WHEN instr(body, {end})
        THEN replace(replace({shown}, char(31), '"'), char(30), '\') END
      WHEN rest GLOB 'true*' THEN 'true' WHEN rest GLOB 'false*' THEN 'false'
      ELSE nullif(substr(rest, 1, length(rest) - length(ltrim(rest, '0123456789.+-eE'))), '') END
    FROM (SELECT rest, CAST({hidden} AS BLOB) AS body
      FROM (SELECT CASE WHEN {x} < x'' THEN ltrim(substr({onward}, {len(key) + 4}), ' ') END
        AS rest)))"""


def _milliseconds(x: str, unit: Unit) -> str:
    """A number that is not below 0, or the text of one, in whole milliseconds; else NULL."""
    factor = " * 1000" if unit == "seconds" else ""
    largest = _LAST_SECOND * (1 if factor else 1000)
    whole = f"CAST({x} AS INTEGER)"
    fraction = " + substr(substr(rest, 2) || '000', 1, 3)" if factor else ""
    return f"""CASE WHEN typeof({x}) = 'text' THEN (SELECT CASE WHEN {x} GLOB '[0-9]*'
      AND (rest = '' OR rest GLOB '.[0-9]*' AND ltrim(substr(rest, 2), {_DIGITS}) = '')
      AND {whole} BETWEEN 0 AND {largest} THEN {whole}{factor}{fraction} END
      FROM (SELECT ltrim({x}, {_DIGITS}) AS rest))
    WHEN {x} BETWEEN 0 AND {largest} THEN CAST({x}{factor} + 0.5 AS INTEGER) END"""


def _time(x: str, unit: Unit) -> str:
    """A time in text; what is none, as a text that is none: it is counted then."""
    text = (
        f"CASE typeof({x}) WHEN 'text' THEN {x} WHEN 'integer' THEN CAST({x} AS TEXT)"
        f" WHEN 'null' THEN NULL ELSE typeof({x}) END"
    )
    if unit == "text":
        return text
    return f"""(SELECT CASE WHEN ms IS NULL THEN {text}
      ELSE strftime({_SECONDS}, ms / 1000, 'unixepoch') || '.'
        || substr('00' || (ms % 1000), -3) || 'Z' END
    FROM (SELECT {_milliseconds(x, unit)} AS ms))"""


def _count(x: str) -> str:
    return _milliseconds(x, "milliseconds")


def _key(name: str) -> str:
    """How a text in JSON names a value."""
    return f'"{name}":'


def _has_no_end(mapping: TableMapping, row_of: RowOf) -> str:
    end = mapping.fields.get("end_time")
    return "1" if end is None else _once(end, row_of("end_time"), lambda x: f"{x} IS NULL")


def _status(compiler: Compiler, mapping: TableMapping, row_of: RowOf) -> str:
    """The status as we know it; where there is none, a run that has no end is `started`."""
    has_no_end = _has_no_end(mapping, row_of)
    value = mapping.fields.get("status")
    if value is None:
        return f"CASE WHEN {has_no_end} THEN 'started' ELSE {_SUCCEEDED} END"
    known = dict.fromkeys(value.succeeded, _SUCCEEDED) | dict.fromkeys(value.failed, _FAILED)
    known |= {"": f"CASE WHEN {has_no_end} THEN 'started' ELSE '' END"} if "" not in known else {}
    return chosen(
        compiler, value, row_of("status"), known, text_of(compiler, value, row_of("status"))
    )


def _status_of_events(compiler: Compiler, mapping: TableMapping, row_of: RowOf) -> str:
    events, end = mapping.events, row_of("end_time")
    assert events is not None
    failed = dict.fromkeys(events.fail, _FAILED)
    ended = chosen(compiler, events.kind, end, failed, _SUCCEEDED) if failed else _SUCCEEDED
    return f"CASE WHEN {end}.{quote(mapping.key)} IS NULL THEN 'started' ELSE {ended} END"


def _output(mapping: TableMapping, row_of: RowOf) -> str:
    """Counts, in the text that hooks give them in."""
    keys = {one.name: one.key for one in agent_invocations.extracted}
    parts = [
        f"'{_key(keys[name])}' || coalesce({_once(value, row_of(name), _count)}, 0)"
        for name in COUNTS
        if (value := mapping.fields.get(name)) is not None
    ]
    joined = " || ',' || ".join(parts)
    return f"'{{' || {joined} || '}}'"
