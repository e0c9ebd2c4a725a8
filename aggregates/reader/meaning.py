"""What the rows of an aggregate mean, in SQL: out of the facts, where that is written once."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from aggregates.engines.base import Compiler
from aggregates.model.definition import references
from aggregates.model.sources import MEANING


class Meaning(NamedTuple):
    """Expressions over the columns of an aggregate that bear the names of those of the source."""

    is_invocation: str
    """whether it counts, by its event_type and agent_name"""
    succeeded: str
    """1 where its status says so, else 0"""
    failed: str
    """1 where its status says so, else 0"""

    def outcomes(self, measure: str) -> str:
        """Two columns: how much of a measure is of what succeeded, and of what failed."""
        return f"sum({measure} * {self.succeeded}), sum({measure} * {self.failed})"


@lru_cache(maxsize=4)
def meaning(compiler: Compiler, *, status: str = "status") -> Meaning:
    """In the SQL of an engine; `status` is the name of the column that holds it."""
    facts = MEANING

    def rendered(name: str) -> str:
        names = {one: compiler.quote(one) for one in references(facts[name])}
        if "status" in names:
            names["status"] = compiler.quote(status)
        return f"({compiler.render(facts[name], names)})"

    return Meaning(*map(rendered, Meaning._fields))
