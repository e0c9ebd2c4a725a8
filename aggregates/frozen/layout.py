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
    lexed = [one for one in tokenize(sql) if one[0] not in tokens.Comment]
    for position, (_, value) in enumerate(lexed):
        following = [one for one in lexed[position + 1 : position + 3] if one[1].strip()]
        names_it = value.upper() == "AS" and following and following[0][0] in _ALIASES
        if not value.strip() or names_it:
            is_apart = True
            continue
        ends = words[-1][-1:] if words else "("
        is_tight = ends in _TIGHT or value[:1] in _TIGHT
        if is_apart and (not is_tight or ends == value[:1]):  # two quotes are one within
            words.append(" ")
        words.append(value)
        is_apart = False
    return "".join(words)


_TIGHT = "(),;=<>|*+/!'\""
"""White space beside these means nothing; beside a minus it keeps a comment from beginning."""

_ALIASES = {tokens.Name, tokens.Literal.String.Symbol}
"""What a name of one's own may be, before which AS says nothing; types and keywords are others."""


@lru_cache(maxsize=1024)
def normalised(sql: str) -> str:
    """SQL without what does not change its meaning: comments, white space, AS, case of keywords.

    Quotes of names too: SQLite puts them there as it renames a table.
    """
    return " ".join(
        value.upper() if kind in tokens.Keyword else value.strip('"')
        for kind, value in tokenize(sql)
        if kind not in tokens.Comment and value.strip() and value.upper() != "AS"
    )
