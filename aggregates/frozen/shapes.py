"""What a revision needs of the tables that others write."""

from __future__ import annotations

from dataclasses import dataclass

from aggregates.model.definition import Source


@dataclass(frozen=True)
class Shape:
    """What a revision needs of a table that others write."""

    table: str
    key: str
    """the INTEGER PRIMARY KEY, or `rowid`"""
    required: tuple[str, ...]
    """columns without which it is another table"""
    added: dict[str, str]
    """columns and types that are added, in this order, where they are missing"""
    unique: str | None = None
    """the one column that has to be unique, where the key is `rowid`"""


def shape_of(source: Source) -> Shape:
    """What the triggers need of a source table."""
    added = {column.name: column.type for column in source.tracked}
    added |= {one.column: "JSON" for one in source.extracted}
    if source.is_touched:
        added["updated_at"] = "TEXT"
    return Shape(source.name, source.key, source.required, added, source.unique)
