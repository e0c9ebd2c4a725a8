"""The named constructs in PostgreSQL's SQL, from 14 on.

What stands in a row image is text, or a number that was taken out of a column safely.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.model import constructs

BOUNDS = "duration_bounds"
TIME = "_aggregates_time"
BLANKS = r"E' \t\n\r'"

_DAYS = "|".join(
    (
        "(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])",
        "(?:0[13-9]|1[0-2])-(?:29|30)",
        "(?:0[13578]|1[02])-31",
    )
)
_USUAL = (
    f"'^[0-9]{{4}}-(?:{_DAYS})[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    "(?:\\.[0-9]+)?(?:[+]00)?$'"
)
"""All days but the 29th of February."""


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(constructs.key_text, "postgresql")
def _key_text(element: constructs.key_text, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"coalesce({x}, '')"


@compiles(constructs.is_name, "postgresql")
def _is_name(element: constructs.is_name, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"coalesce({x} NOT IN ('', 'unknown'), false)"


@compiles(constructs.same_clock, "postgresql")
def _same_clock(element: constructs.same_clock, compiler: SQLCompiler, **kw: Any) -> str:
    # What follows the date has one of these characters in its zone only.
    one, other = (
        f"substr(btrim({x}, {BLANKS}), 11) ~ '[+Zz-]'" for x in _arguments(element, compiler, **kw)
    )
    return f"(({one}) = ({other}))"


@compiles(constructs.canonical_time, "postgresql")
def _canonical_time(element: constructs.canonical_time, compiler: SQLCompiler, **kw: Any) -> str:
    # What hooks and the types of PostgreSQL write is cut out of the text, in a tenth of the time.
    (x,) = _arguments(element, compiler, **kw)
    milliseconds = f"rpad(left(split_part(substr({x}, 21), '+', 1), 3), 3, '0')"
    return (
        f"CASE WHEN {x} ~ {_USUAL} AND left({x}, 4) <> '0000' THEN\n"
        f"left({x}, 10) || 'T' || substr({x}, 12, 8) || '.' || {milliseconds}\n"
        f"ELSE {TIME}({x}) END"
    )


@compiles(constructs.elapsed_ms, "postgresql")
def _elapsed_ms(element: constructs.elapsed_ms, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = (f"CAST({x} AS timestamp)" for x in _arguments(element, compiler, **kw))
    return f"CAST(extract(epoch FROM {end} - {start}) * 1000 AS bigint)"


@compiles(constructs.seconds_to_ms, "postgresql")
def _seconds_to_ms(element: constructs.seconds_to_ms, compiler: SQLCompiler, **kw: Any) -> str:
    # NaN is above all numbers.
    (x,) = _arguments(element, compiler, **kw)
    return f"CASE WHEN {x} BETWEEN 0 AND 1e12 THEN CAST(floor({x} * 1000 + 0.5) AS bigint) END"


@compiles(constructs.lowest_bound, "postgresql")
def _lowest_bound(element: constructs.lowest_bound, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    bound = f"(SELECT le_ms FROM {BOUNDS} WHERE le_ms >= {x} ORDER BY le_ms LIMIT 1)"
    return f"CASE WHEN {x} IS NOT NULL THEN {bound} END"


@compiles(constructs.beginning, "postgresql")
def _beginning(element: constructs.beginning, compiler: SQLCompiler, **kw: Any) -> str:
    x, characters, rest = _arguments(element, compiler, **kw)
    tail = "" if rest == "''" else f" || {rest}"
    return f"coalesce(left({x}, {characters}){tail}, '')"


@compiles(constructs.flag, "postgresql")
def _flag(element: constructs.flag, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"CAST({x} AS integer)"


@compiles(constructs.first_within, "postgresql")
def _first_within(element: constructs.first_within, compiler: SQLCompiler, **kw: Any) -> str:
    limit, one, other = _arguments(element, compiler, **kw)
    return (
        f"CASE WHEN {one} BETWEEN 0 AND {limit} THEN {one} WHEN {other} <= {limit} THEN {other} END"
    )
