"""Lines of SQL that a person can review."""

from __future__ import annotations

from functools import lru_cache

import sqlparse
from sqlparse import tokens

_WIDTH = 100


def tokenize(sql: str) -> list[tuple[tokens._TokenType, str]]:
    """The tokens of a statement: (type, text)."""
    return list(sqlparse.lexer.tokenize(sql))  # type: ignore[no-untyped-call]


def wrapped(sql: str) -> str:
    """The same SQL in lines of 100 characters at most, where white space allows it."""
    lines = [""]
    space = 0  # where the last white space between two words of the line stands
    for kind, value in tokenize(sql):
        if kind in tokens.Newline or "\n" in value:
            first, *others = value.split("\n")
            lines[-1] += first
            lines += others
            space = 0
        elif kind in tokens.Whitespace and lines[-1].strip():
            space = len(lines[-1])
            lines[-1] += " "
        else:
            lines[-1] += value
            if len(lines[-1]) > _WIDTH and space:
                lines[-1:] = _broken(lines[-1], space)
                space = 0
    return "\n".join(line.rstrip() for line in lines)


def _broken(line: str, space: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + (0 if line.startswith("    ") else 4))
    return [line[:space], indent + line[space + 1 :]]


@lru_cache(maxsize=1024)
def compact(sql: str) -> str:
    """The same SQL without comments and white space that it can do without.

    Whoever opens a database parses its whole schema, at a price for each byte.
    """
    words: list[str] = []
    is_apart = False
    for kind, value in tokenize(sql):
        if kind in tokens.Comment or not value.strip():
            is_apart = True
            continue
        ends = words[-1][-1:] if words else "("
        if is_apart and ends not in _TIGHT and value[:1] not in _TIGHT:
            words.append(" ")
        words.append(value)
        is_apart = False
    return "".join(words)


_TIGHT = "(),;=<>|*+"
"""White space beside these means nothing; beside a minus it keeps a comment from beginning."""


@lru_cache(maxsize=1024)
def normalised(sql: str) -> str:
    """SQL without what does not change its meaning: comments, white space, case of keywords.

    Quotes of names too: SQLite puts them there as it renames a table.
    """
    return " ".join(
        value.upper() if kind in tokens.Keyword else value.strip('"')
        for kind, value in tokenize(sql)
        if kind not in tokens.Comment and kind not in tokens.Whitespace and value.strip()
    )
