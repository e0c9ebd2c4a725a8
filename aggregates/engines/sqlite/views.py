"""Views for people: a SELECT with what its expressions mean in SQLite's SQL."""

from __future__ import annotations

from aggregates.engines.base import Compiler
from aggregates.frozen.statements import Statement
from aggregates.model.definition import View, references


def view(compiler: Compiler, view: View) -> Statement:
    """The statement that makes a view."""
    expressions = {
        name: compiler.render(one, {column: compiler.quote(column) for column in references(one)})
        for name, one in view.expressions.items()
    }
    select = view.sql.format(**expressions)
    return Statement("view", view.name, f"CREATE VIEW {compiler.quote(view.name)} AS\n{select}")
