"""What a revision needs of the tables that others write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aggregates.model.definition import Source

UPDATED_AT = "updated_at"
ADDED = "/* added by aggregates */"
"""Stands in the definition of a column of ours, for as long as the column is there."""


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
    """What the triggers need of a source table; to a table of an owner's nothing is added."""
    if source.owner:
        read = dict.fromkeys([one.column for one in source.tracked])
        read |= dict.fromkeys([one.column for one in source.extracted])
        names = tuple(name.lower() for name in read)
        return Shape(source.table, source.key.lower(), names, {}, source.unique)
    added = {column.name: column.type for column in source.tracked}
    added |= {one.column: "JSON" for one in source.extracted}
    if source.is_touched:
        added[UPDATED_AT] = "TEXT"
    return Shape(source.table, source.key, source.required, added, source.unique)


def is_added(definition: str, name: str, type_: str) -> bool:
    """Whether the definition of a table says that a column was added by us."""
    return bool(re.search(rf"\b{re.escape(name)}\b\W*\s{type_} {re.escape(ADDED)}", definition))
