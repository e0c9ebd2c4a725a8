"""Pieces of HTML out of rows. What is not Markup already is escaped where it is put in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from aggregates.render import text
from aggregates.render.grids import Column, Row

_LONG = 20
"""Characters of a name from which on a narrow page may cut it."""


def name(of: str) -> Markup:
    """A name in one line, cut, and whole where the pointer rests; it turns no text around it."""
    whole = text.line(of) or "unknown"
    title = Markup(' title="{}"').format(whole) if len(whole) > _LONG else ""
    return Markup('<bdi class="name"{}>{}</bdi>').format(title, text.name(of))


def table(caption: str, columns: Sequence[Column[Row]], rows: Sequence[Row]) -> Markup:
    """The rows, of each the first cell as its heading; wider than the page, it scrolls by itself.

    The page has no other table of that caption.
    """
    first, *others = columns
    head = (Markup('<th scope="col"{}>{}</th>').format(_side(one), one.heading) for one in columns)
    body = (
        Markup('<tr><th scope="row"{}>{}</th>{}</tr>').format(
            _side(first),
            first.cell(row),
            joined(Markup("<td{}>{}</td>").format(_side(one), one.cell(row)) for one in others),
        )
        for row in rows
    )
    return Markup(
        '<div class="scroll" role="region" tabindex="0" aria-label="{0}" data-key="{0}"><table>'
        "<caption>{0}</caption><thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>"
    ).format(caption, joined(head), joined(body))


def more(found: int, shown: int, what: str) -> Markup:
    """How many are left out; nothing where none is."""
    if found <= shown:
        return Markup()
    return Markup('<p class="faint">and {} more {}</p>').format(f"{found - shown:,}", what)


def definitions(kind: str, of: Iterable[tuple[str, str]]) -> Markup:
    """A list of what is called what."""
    pairs = (Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(*one) for one in of)
    return Markup('<dl class="{}">{}</dl>').format(kind, joined(pairs))


def joined(parts: Iterable[str]) -> Markup:
    """One after the other."""
    return Markup("").join(parts)


def _side(column: Column[Row]) -> Markup:
    return Markup(' class="text"') if column.is_text else Markup()
