"""What engines do differently, as named SQL constructs; each engine's compiler renders them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class key_text(FunctionElement[str]):  # noqa: N801 - a function's name
    """`key_text(value)`: a value as part of a key; `''` for NULL, reals, blobs and NUL bytes."""

    name = "key_text"
    type = Text()
    inherit_cache = True


class is_name(FunctionElement[int]):  # noqa: N801
    """`is_name(value)`: whether a value is text other than `''` and `unknown`."""

    name = "is_name"
    type = Integer()
    inherit_cache = True


class canonical_time(FunctionElement[str]):  # noqa: N801
    """`canonical_time(value)`: `2026-10-01T09:57:33.551`, in UTC if it had an offset, else NULL."""

    name = "canonical_time"
    type = Text()
    inherit_cache = True


class same_clock(FunctionElement[int]):  # noqa: N801
    """`same_clock(one, other)`: whether both of two times carry an offset, or neither does."""

    name = "same_clock"
    type = Integer()
    inherit_cache = True


class elapsed_ms(FunctionElement[int]):  # noqa: N801
    """`elapsed_ms(start, end)`: milliseconds between two canonical times."""

    name = "elapsed_ms"
    type = Integer()
    inherit_cache = True


class seconds_to_ms(FunctionElement[int]):  # noqa: N801
    """`seconds_to_ms(value)`: floor(value * 1000 + 0.5) of a finite number >= 0, else NULL."""

    name = "seconds_to_ms"
    type = Integer()
    inherit_cache = True


class first_within(FunctionElement[int]):  # noqa: N801
    """`first_within(limit, one, other)`: the first from 0 to a limit, else NULL."""

    name = "first_within"
    type = Integer()
    inherit_cache = True


class flag(FunctionElement[int]):  # noqa: N801
    """`flag(condition)`: 1 where a condition that is never NULL holds, else 0."""

    name = "flag"
    type = Integer()
    inherit_cache = True


class lowest_bound(FunctionElement[int]):  # noqa: N801
    """`lowest_bound(duration)`: the lowest bound of the histograms that is not below it."""

    name = "lowest_bound"
    type = Integer()
    inherit_cache = True


class beginning(FunctionElement[str]):  # noqa: N801
    """`beginning(time, characters, rest)`: the first characters and a rest; `''` for NULL."""

    name = "beginning"
    type = Text()
    inherit_cache = True


class scaled(FunctionElement[int]):  # noqa: N801
    """`scaled(value, decimals)`: a number, or its decimal text, in units of 10^-decimals, rounded.

    Half a unit goes away from zero. NULL for what is no number, and beyond 10^12 units.
    """

    name = "scaled"
    type = Integer()
    inherit_cache = True


class week_of(FunctionElement[str]):  # noqa: N801
    """`week_of(time)`: the Monday of the week of a canonical time, `2026-09-28`; `''` for NULL."""

    name = "week_of"
    type = Text()
    inherit_cache = True


class InWords(DefaultDialect):
    """A dialect of no engine, in which a construct is called by its name."""

    name = "words"


def _in_words(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return f"{element.name}({compiler.process(element.clause_expr.element, **kw)})"


for _construct in FunctionElement.__subclasses__():
    if _construct.__module__ == __name__:
        compiles(_construct, InWords.name)(_in_words)


def hour_of(time: Any) -> beginning:
    """The hour that holds a canonical time: `2026-10-01T09:00:00`."""
    return beginning(time, 13, ":00:00")


def day_of(time: Any) -> beginning:
    """The day of a canonical time: `2026-10-01`."""
    return beginning(time, 10, "")
