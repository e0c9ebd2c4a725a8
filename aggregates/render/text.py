"""Text for people: safe on a terminal, in units that a person would choose."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence

from rich.console import Console

from aggregates.reader import UnreadableTimes

_LONGEST_NAME = 60
_WIDTH_WITHOUT_TERMINAL = 200
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-:=+*#"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command, which knows what status to end with."""
        raise BrokenPipeError


def console() -> Console:
    """The console of stdout. Text goes out as it stands: a name may look like markup.

    It is as wide as $COLUMNS says, else as the terminal is, if there is one.
    """
    columns = os.environ.get("COLUMNS", "")
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    if columns.isdecimal() and int(columns) > 0:
        width = int(columns)
    return _Console(
        markup=False,
        emoji=False,
        highlight=False,
        width=width,
    )


def name(text: object) -> str:
    """A name that is safe on a terminal: one line, no control characters, '' as `unknown`."""
    shown = str(text) if text is not None else ""
    if len(shown) > _LONGEST_NAME:
        shown = shown[: _LONGEST_NAME - 1] + "…"
    return "".join(_safe(character) for character in shown) or "unknown"


def line(value: object) -> str:
    """A text that is safe on a terminal, in one line."""
    return "".join(_safe(character) for character in str(value))


def counted(number: int, noun: str) -> str:
    """So many of something: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def clock(time: str | None) -> str:
    """A canonical time to the second."""
    return "-" if time is None else time[:19].replace("T", " ")


def duration(milliseconds: float | None) -> str:
    """Milliseconds in the unit that a person would choose."""
    if milliseconds is None:
        return "-"
    seconds = milliseconds / 1000
    if seconds < 0:
        return f"-{duration(-milliseconds)}"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {second:02} s"
    hours, minute = divmod(minutes, 60)
    return f"{hours} h {minute:02} min"


def rate(value: float | None) -> str:
    """A ratio from 0 to 1 as a percentage; a dash where there is none."""
    return "-" if value is None else f"{value:.1%}"


def sparkline(values: Sequence[int], *, ascii_only: bool = False) -> str:
    """One character a value, scaled to the greatest; a blank where the value is zero or less."""
    levels = _ASCII_LEVELS if ascii_only else _LEVELS
    top = max(values, default=0)
    return "".join(
        levels[(value * len(levels) - 1) // top] if value > 0 else " " for value in values
    )


def _safe(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "�"
    # Format characters and separators too: they can turn the direction of a line, or break it.
    if category in ("Cc", "Cf", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def unreadable_lines(found: Sequence[UnreadableTimes]) -> Iterator[str]:
    """How many rows of each source have times that do not parse, one of them, and what does."""
    for one in found:
        example = "" if one.example is None else f", such as {line(one.example)}"
        have = "has" if one.rows == 1 else "have"
        rows = counted(one.rows, "row")
        yield f"{one.source}: {rows} {have} a start or an end that is no time{example}"
    for accepted in dict.fromkeys(one.accepted for one in found):
        yield f"a time is {accepted}"
