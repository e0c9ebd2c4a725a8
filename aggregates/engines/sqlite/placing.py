"""Where the rows of a definition lie: in a table of its own, or with others in a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from aggregates.engines.base import Compiler, Naming, itself
from aggregates.model.definition import Aggregate, Catalogue, Definition, Expression

PART, MEMBER, ID = "part", "member", "id"


@dataclass(frozen=True)
class Placement:
    """The columns of a table that hold the key of a definition, quoted."""

    table: str
    key: tuple[str, ...]
    """all columns of the table's primary key"""
    columns: dict[str, str]
    """by dimension"""
    expressions: dict[str, Expression]
    """by column"""
    constants: dict[str, str]
    """SQL by column: what tells the definition's rows from others of the table"""

    @property
    def part(self) -> str:
        """The condition for the definition's rows of a cluster; '' in a table of its own."""
        return f"{PART} = {self.constants[PART]}" if PART in self.constants else ""


def placed(
    compiler: Compiler, catalogue: Catalogue, definition: Definition, naming: Naming = itself
) -> Placement:
    """The placement of a definition, or of its shadow."""
    q = compiler.quote
    names = [part.name for part in definition.dimensions]
    constants: dict[str, str] = {}
    columns = {name: q(name) for name in names}
    key = tuple(columns.values())
    if isinstance(definition, Aggregate) and definition.cluster is not None:
        columns = dict(zip(names, [q(definition.cluster.key), MEMBER, ID], strict=False))
        rest = {MEMBER: "''", ID: "0"}
        constants = {PART: str(definition.part)}
        constants |= {name: value for name, value in rest.items() if name not in columns.values()}
        key = (q(definition.cluster.key), PART, MEMBER, ID)
    return Placement(
        table=q(naming(definition.table)),
        key=key,
        columns=columns,
        expressions={columns[part.name]: part.expression for part in definition.dimensions},
        constants=constants,
    )
