"""The named constructs in SQLite's SQL, from 3.24 on and without JSON functions.

A value that is used several times is given a name by `(SELECT … FROM (SELECT value AS name))`. An
innermost SELECT without FROM is evaluated once; triggers may not hold a WITH. An IN with more than
two constants would make a temporary index each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregates.frozen.statements import unless_text
from aggregates.model import constructs

BOUNDS = "duration_bounds"

_SECONDS = "'%Y-%m-%dT%H:%M:%S'"
_BLANKS = "char(32, 9, 10, 13)"
_NUL = "char(0)"
_ZONES = "'*[+Zz-]*'"
_LARGEST_NUMBER = 10**12

QUICK = "quick"
"""An argument of rendering: only times as hooks write them, everything else is NULL."""

NUL = "nul"
"""An argument of rendering: where that character is given, as each call of a function counts."""

OF_COLUMN = "of_column"
"""An argument of rendering: the table and the column that a value is of."""


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(constructs.key_text, "sqlite")
def _key_text(element: constructs.key_text, compiler: SQLCompiler, **kw: Any) -> str:
    # Numbers and texts sort before all blobs.
    (x,) = _arguments(element, compiler, **kw)
    nul = kw.get(NUL, _NUL)
    is_not_real = f"AND typeof({x}) <> 'real'"
    if column := kw.get(OF_COLUMN):
        table, name = column
        is_not_real = unless_text(table, name, is_not_real)
    return (
        f"CASE WHEN {x} < x'' AND NOT instr({x}, {nul}) {is_not_real}"
        f" THEN CAST({x} AS TEXT) ELSE '' END"
    )


@compiles(constructs.is_name, "sqlite")
def _is_name(element: constructs.is_name, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"coalesce({x} > '' AND {x} < x'' AND {x} <> 'unknown', 0)"


@compiles(constructs.same_clock, "sqlite")
def _same_clock(element: constructs.same_clock, compiler: SQLCompiler, **kw: Any) -> str:
    if kw.get(QUICK):
        return "1"
    one, other = _arguments(element, compiler, **kw)
    # In most rows neither has one, which one look at both tells.
    has_any = f"substr({one}, 11) || substr({other}, 11) GLOB {_ZONES}"
    return f"CASE WHEN {has_any} THEN ({has_offset(one)}) = ({has_offset(other)}) ELSE 1 END"


@compiles(constructs.canonical_time, "sqlite")
def _canonical_time(element: constructs.canonical_time, compiler: SQLCompiler, **kw: Any) -> str:
    # What hooks write, microseconds without a zone, is cut out of the text. What strftime gives
    # back is in our shape; the comparison with the whole text finds what stands behind a NUL.
    (x,) = _arguments(element, compiler, **kw)
    quick = (
        f"{x} >= '0001' AND {x} GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]'"
        f" AND {x} = strftime({_SECONDS}, {x}, '+0 days') || substr({x}, 20, 7)"
    )
    otherwise = "" if kw.get(QUICK) else f" ELSE {parsed_time(x)}"
    return f"CASE WHEN {quick} THEN substr({x}, 1, 23){otherwise} END"


def has_offset(text: str) -> str:
    """Whether a text that parses as a time carries an offset."""
    # The date has two of the signs that an offset may begin with.
    return f"{text} GLOB '*[+Zz]*' OR {text} GLOB '*-*-*-*'"


def parsed_time(text: str) -> str:
    """Any text that is a time, else NULL.

    Versions of SQLite disagree on fractions and accept more than we do: only whole seconds go
    through strftime, which has to give back what it got. A modifier makes it turn 02-30 into 03-02.
    """
    return f"""CASE WHEN typeof({text}) = 'text' AND NOT instr({text}, char(0)) THEN (SELECT
    (SELECT CASE WHEN substr(y, 1, 19) = strftime({_SECONDS}, substr(y, 1, 19), '+0 days')
      AND y >= '0001' THEN
    (SELECT nullif(max('0001', strftime({_SECONDS}, substr(y, 1, 19), CASE
          WHEN zone = '' OR zone = 'Z' THEN '+0 days'
          WHEN substr(zone, 2, 2) < '24' AND (zone GLOB '[+-][0-2][0-9]:[0-5][0-9]'
            OR zone GLOB '[+-][0-2][0-9][0-5][0-9]' OR zone GLOB '[+-][0-2][0-9]')
          THEN CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2, 2) || ':'
            || substr(replace(zone, ':', '') || '00', 4, 2) END)
        || '.' || substr(substr(y, 21, max(0, length(y) - 20 - length(zone))) || '000', 1, 3)),
        '0001')
      FROM (SELECT CASE WHEN substr(y, 20) GLOB '.[0-9]*'
        THEN ltrim(substr(y, 21), '0123456789') ELSE substr(y, 20) END AS zone)) END
    FROM (SELECT CASE substr(x, 17, 1) WHEN ':' THEN x WHEN '.' THEN ''
      ELSE substr(x, 1, 16) || ':00' || substr(x, 17) END AS y))
  FROM (SELECT upper(replace(replace(trim({text}, {_BLANKS}), ',', '.'), ' ', 'T')) AS x)) END"""


@compiles(constructs.elapsed_ms, "sqlite")
def _elapsed_ms(element: constructs.elapsed_ms, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = _arguments(element, compiler, **kw)

    def seconds(time: str) -> str:
        return f"strftime('%s', {time})"

    return f"(({seconds(end)} - {seconds(start)}) * 1000 + substr({end}, 21) - substr({start}, 21))"


@compiles(constructs.seconds_to_ms, "sqlite")
def _seconds_to_ms(element: constructs.seconds_to_ms, compiler: SQLCompiler, **kw: Any) -> str:
    # Texts and blobs sort after all numbers.
    (x,) = _arguments(element, compiler, **kw)
    return f"CASE WHEN {x} BETWEEN 0 AND 1000000000000 THEN CAST({x} * 1000 + 0.5 AS INTEGER) END"


@compiles(constructs.lowest_bound, "sqlite")
def _lowest_bound(element: constructs.lowest_bound, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    # Whatever becomes of the table, a writer's statement must not fail for want of a bound.
    bound = f"(SELECT le_ms FROM {BOUNDS} WHERE le_ms >= {x} ORDER BY le_ms LIMIT 1)"
    return f"coalesce({bound}, max({x}, {2**63 - 1}))"


@compiles(constructs.beginning, "sqlite")
def _beginning(element: constructs.beginning, compiler: SQLCompiler, **kw: Any) -> str:
    x, characters, rest = _arguments(element, compiler, **kw)
    tail = "" if rest == "''" else f" || {rest}"
    return f"coalesce(substr({x}, 1, {characters}){tail}, '')"


def tail_of(column: str, keys: Sequence[str]) -> str:
    """What of a text can hold the first of some keys, as `number_after` seeks them, in bytes."""
    pairs = zip(*(f'"{key}":' for key in (min(keys), max(keys))), strict=False)
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    text = f"CAST({column} AS BLOB)"
    place = f"nullif(instr({text}, CAST('{shared}' AS BLOB)), 0)"
    return f"CASE WHEN {column} < x'' THEN substr({text}, {place}) END"


def number_after(column: str, key: str, *, is_tail: bool = False) -> str:
    """The integer literal that follows the first `"key":` in a text, or in its tail, else 0."""
    is_text = "IS NOT NULL" if is_tail else "< x''"
    return _number_after(column, f"""'"{key}":'""", str(len(key) + 4), is_text)


def numbers_after(texts: Sequence[tuple[str, str]]) -> str:
    """SELECT of a row `n0, n1, …` of what `number_after` finds in a column after a key, for each.

    It holds the search once, so that it is shorter, and slower, than as many of that.
    """
    sums = ", ".join(f"sum(n * (i = {place})) AS n{place}" for place, _ in enumerate(texts))
    (column, key), *others = texts
    rows = [f"""SELECT 0 AS i, {column} AS x, '"{key}":' AS k"""]
    rows += [f"""SELECT {i}, {column}, '"{key}":'""" for i, (column, key) in enumerate(others, 1)]
    found = _number_after("x", "k", "length(k) + 1", "< x''")
    # Without a LIMIT the flattener would search for each sum.
    return (
        f"SELECT {sums}\nFROM (SELECT i, {found} AS n\n"
        f"FROM ({' UNION ALL '.join(rows)}) LIMIT {len(texts)})"
    )


def _number_after(column: str, key: str, place: str, is_text: str) -> str:
    # As bytes: instr and substr count the characters of malformed UTF-8 differently.
    # Both in the encoding of the file. `|` takes the integer that a text begins with.
    text, found = f"CAST({column} AS BLOB)", f"CAST({key} AS BLOB)"
    # Where the file is UTF-16, SQLite 3.24 takes what it casts for UTF-8 until it is copied.
    onward = f"CAST(substr({text}, nullif(instr({text}, {found}), 0)) AS TEXT) || ''"
    return f"""CASE WHEN {column} {is_text} THEN (SELECT
      CASE WHEN rest | 0 BETWEEN 0 AND {_LARGEST_NUMBER:.0e}
      AND rest GLOB (rest | 0) || '[,}} ' || char(10, 13) || ']*' THEN rest | 0 ELSE 0 END
    FROM (SELECT ltrim(substr({onward}, {place}), ' ') AS rest)) ELSE 0 END"""


def literal_after(column: str, key: str, *, is_tail: bool = False) -> str:
    """The string or number that follows the first `"key":` in a text, or in its tail, else NULL."""
    # As in number_after. Where a string ends is sought in bytes, too.
    text, found = f"CAST({column} AS BLOB)", f"""CAST('"{key}":' AS BLOB)"""
    onward = f"CAST(substr({text}, nullif(instr({text}, {found}), 0)) AS TEXT)"
    return f"""(SELECT CASE WHEN rest GLOB '"*' THEN
    (SELECT CASE WHEN NOT instr(word, char(92)) THEN word END FROM (SELECT CAST(substr(body, 1,
        nullif(instr(body, CAST('"' AS BLOB)), 0) - 1) AS TEXT) AS word
      FROM (SELECT CAST(substr(rest, 2) AS BLOB) AS body)))
    WHEN rest GLOB number || '[],}} ' || char(10, 13) || ']*' THEN nullif(number, '') END
  FROM (SELECT rest,
      substr(rest, 1, length(rest) - length(ltrim(rest, '0123456789+-.eE'))) AS number
    FROM (SELECT CASE WHEN {column} {"IS NOT NULL" if is_tail else "< x''"}
      THEN ltrim(substr({onward}, {len(key) + 4}), ' ') END AS rest)))"""


def value_at(column: str, path: str) -> str:
    """What JSON functions find in a text, as text; NULL where that is not JSON."""
    # As text: 5 and 5.0 are equal, and no change would be seen from one to the other.
    return (
        f"CASE WHEN typeof({column}) = 'text' THEN"
        f" CASE WHEN json_valid({column}) THEN CAST(json_extract({column}, '{path}') AS TEXT) END"
        " END"
    )


@compiles(constructs.scaled, "sqlite")
def _scaled(element: constructs.scaled, compiler: SQLCompiler, **kw: Any) -> str:
    x, decimals = _arguments(element, compiler, **kw)
    places = int(decimals)
    unit, most = 10**places, _LARGEST_NUMBER // 10**places
    zeros = "0" * max(places, 18)
    return f"""CASE WHEN typeof({x}) = 'text' THEN (SELECT CASE
    WHEN NOT instr({x}, char(0)) AND digits GLOB '[0-9]*' AND NOT digits GLOB '*[^0-9]*'
      AND length(whole) <= {12 - places} AND length({x}) < 64
    THEN sign * (CAST(whole || substr(fraction || '{zeros}', 1, {places}) AS INTEGER)
      + (substr(fraction, {places + 1}, 1) >= '5')) END
  FROM (SELECT sign, whole, fraction, whole || fraction AS digits
    FROM (SELECT sign, substr(plain, 1, instr(plain || '.', '.') - 1) AS whole,
        substr(plain, instr(plain || '.', '.') + 1) AS fraction
      FROM (SELECT CASE WHEN {x} GLOB '-*' THEN -1 ELSE 1 END AS sign,
          CASE WHEN size GLOB '[0-9][.e]*[0-9]' AND size GLOB '*e-[0-9]*'
            THEN '0.' || substr('{zeros}', 1, CAST(substr(size, instr(size, 'e') + 2) AS INTEGER)
              - 1) || replace(substr(size, 1, instr(size, 'e') - 1), '.', '') ELSE size END AS plain
        FROM (SELECT lower(CASE WHEN {x} GLOB '-*' THEN substr({x}, 2) ELSE {x} END) AS size)))))
  WHEN {x} BETWEEN -{most} AND {most} THEN CASE typeof({x}) WHEN 'integer' THEN {x} * {unit}
    ELSE CAST({x} * {unit} + CASE WHEN {x} < 0 THEN -0.5 ELSE 0.5 END AS INTEGER) END END"""


@compiles(constructs.week_of, "sqlite")
def _week_of(element: constructs.week_of, compiler: SQLCompiler, **kw: Any) -> str:
    (x,) = _arguments(element, compiler, **kw)
    return f"coalesce(strftime('%Y-%m-%d', substr({x}, 1, 10), 'weekday 0', '-6 days'), '')"


@compiles(constructs.flag, "sqlite")
def _flag(element: constructs.flag, compiler: SQLCompiler, **kw: Any) -> str:
    # A condition is 0 or 1 already.
    (x,) = _arguments(element, compiler, **kw)
    return f"({x})"


@compiles(constructs.first_within, "sqlite")
def _first_within(element: constructs.first_within, compiler: SQLCompiler, **kw: Any) -> str:
    limit, one, other = _arguments(element, compiler, **kw)
    return f"""(SELECT CASE WHEN one BETWEEN 0 AND {limit} THEN one
    WHEN {other} <= {limit} THEN {other} END
  FROM (SELECT {one} AS one))"""
