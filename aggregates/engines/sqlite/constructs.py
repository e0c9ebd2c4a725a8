"""The named constructs in SQLite's SQL, from 3.24 on and without JSON functions.

A value that is used several times is given a name by `(SELECT … FROM (SELECT value AS name))`. An
innermost SELECT without FROM is evaluated once; triggers may not hold a WITH. An IN with more than
two constants would make a temporary index each time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.model import constructs

BOUNDS = "duration_bounds"

# The query flattener would put an inner expression wherever it is read, and compute it each time.
ONCE = "LIMIT 1 OFFSET 0"
ONCE_EACH = "LIMIT -1 OFFSET 0"

_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_CLOCK = "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_LARGEST_NUMBER = 10**12


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(constructs.key_text, "sqlite")
def _key_text(element: constructs.key_text, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return (
        f"CASE typeof({x}) WHEN 'text' THEN CASE WHEN instr({x}, char(0)) THEN '' ELSE {x} END"
        f" WHEN 'integer' THEN CAST({x} AS TEXT) ELSE '' END"
    )


@compiles(constructs.is_name, "sqlite")
def _is_name(element: constructs.is_name, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"(typeof({x}) = 'text' AND {x} NOT IN ('', 'unknown'))"


@compiles(constructs.has_offset, "sqlite")
def _has_offset(element: constructs.has_offset, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"(substr({x}, -1) = 'Z' OR substr({x}, -6, 1) IN ('+', '-'))"


@compiles(constructs.canonical_time, "sqlite")
def _canonical_time(element: constructs.canonical_time, compiler: SQLCompiler, **kw: Any) -> str:
    # Versions of SQLite disagree on fractions and accept more than we do: only whole seconds of
    # text in our own shape go through strftime. A modifier makes it turn 02-30 into 03-02.
    # What hooks write (seconds and a fraction without a zone, on a day that every month has) is
    # cut out of the text.
    (x,) = _arguments(element, compiler, **kw)
    whole = "'%Y-%m-%dT%H:%M:%S'"
    return f"""CASE WHEN typeof({x}) <> 'text' THEN NULL
  WHEN {x} GLOB '{_DATE}T{_CLOCK}.[0-9][0-9][0-9]*' AND {x} >= '0001'
    AND substr({x}, 6, 2) BETWEEN '01' AND '12' AND substr({x}, 9, 2) BETWEEN '01' AND '28'
    AND substr({x}, 12, 2) < '24' AND NOT substr({x}, 24) GLOB '*[^0-9]*'
    AND NOT instr({x}, char(0))
  THEN substr({x}, 1, 23)
  WHEN {x} GLOB '{_DATE}[T ][0-2][0-9]:*'
    AND {x} >= '0001' AND substr({x}, 12, 2) < '24' AND NOT instr({x}, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr({x}, 21, length({x}) - 20 - length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr({x}, 1, 10), '+0 days') <> substr({x}, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime({whole}, substr({x}, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime({whole}, substr({x}, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr({x}, 21), '0123456789') ELSE substr({x}, clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr({x}, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr({x}, 17, 1) = ':' AND substr({x}, 20, 2) GLOB '.[0-9]' AS fraction))
      {ONCE})) END"""


@compiles(constructs.elapsed_ms, "sqlite")
def _elapsed_ms(element: constructs.elapsed_ms, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = _arguments(element, compiler, **kw)

    def seconds(time: str) -> str:
        return f"strftime('%s', substr({time}, 1, 19))"

    return f"(({seconds(end)} - {seconds(start)}) * 1000 + substr({end}, 21) - substr({start}, 21))"


@compiles(constructs.seconds_to_ms, "sqlite")
def _seconds_to_ms(element: constructs.seconds_to_ms, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return (
        f"CASE WHEN typeof({x}) IN ('integer', 'real') AND {x} BETWEEN 0 AND 1000000000000"
        f" THEN CAST({x} * 1000 + 0.5 AS INTEGER) END"
    )


@compiles(constructs.lowest_bound, "sqlite")
def _lowest_bound(element: constructs.lowest_bound, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    # Whatever becomes of the table, a writer's statement must not fail for want of a bound.
    bound = f"(SELECT le_ms FROM {BOUNDS} WHERE le_ms >= {x} ORDER BY le_ms LIMIT 1)"
    return f"coalesce({bound}, CASE WHEN {x} IS NOT NULL THEN {2**63 - 1} END)"


@compiles(constructs.beginning, "sqlite")
def _beginning(element: constructs.beginning, compiler: SQLCompiler, **kw: Any) -> str:
    x, characters, rest = _arguments(element, compiler, **kw)
    tail = "" if rest == "''" else f" || {rest}"
    return f"coalesce(substr({x}, 1, {characters}){tail}, '')"


def number_after(column: str, key: str) -> str:
    """The integer literal that follows the first `"key":` in a text, else 0."""
    # As bytes: instr and substr count the characters of malformed UTF-8 differently.
    text, key = f"CAST({column} AS BLOB)", f"""CAST('"{key}":' AS BLOB)"""
    digits = "CAST(rest AS INTEGER)"
    return f"""CASE WHEN typeof({column}) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND {digits} <= {_LARGEST_NUMBER}
          AND substr(rest, 1 + length({digits}), 1) GLOB '[,}} ' || char(10) || char(13) || ']'
        THEN {digits} ELSE 0 END
      FROM (SELECT ltrim(CAST(substr({text}, place + length({key})) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr({text}, {key}) AS place)) ELSE 0 END"""


@compiles(constructs.first_within, "sqlite")
def _first_within(element: constructs.first_within, compiler: SQLCompiler, **kw: Any) -> str:
    limit, one, other = _arguments(element, compiler, **kw)
    return f"""(SELECT CASE WHEN one BETWEEN 0 AND {limit} THEN one
    WHEN other BETWEEN 0 AND {limit} THEN other END
  FROM (SELECT {one} AS one, {other} AS other {ONCE}))"""
