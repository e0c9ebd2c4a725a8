"""A value that differs from its recomputation, and the window in which one is looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aggregates.engines.base import Comparison
from aggregates.model.definition import Definition

Value = int | str | None
Key = tuple[int | str, ...]

ROW = "row"
"""The column of a drift that is about a row as a whole, of a table without values."""

_TIMES = ("hour", "day", "start_time", "end_time")


@dataclass(frozen=True)
class Drift:
    """One value that differs from its recomputation."""

    table: str
    key: dict[str, int | str]
    column: str
    stored: Value
    """None where there is no such row"""
    right: Value
    """None where there should be no such row"""


@dataclass(frozen=True)
class Window:
    """Canonical times, of which prefixes are taken: the beginning, and what comes after the end."""

    since: str | None = None
    until: str | None = None

    def column(self, definition: Definition) -> str | None:
        """The dimension of a definition that says when."""
        return next((name for name in definition.key if name in _TIMES), None)

    def holds(self, when: str) -> bool:
        """Whether an hour, a day or a time lies inside; what does not parse does not."""
        if self == Window():
            return True
        width = len(when)
        return (
            bool(when)
            and (self.since is None or when >= self.since[:width])
            and (self.until is None or when < self.until[:width])
        )


def drifts_of(comparison: Comparison, rows: Iterable[tuple[Any, ...]]) -> Iterator[Drift]:
    """The drifts that rows of a comparison tell of."""
    width = len(comparison.key)
    found: dict[tuple[Value, ...], list[tuple[Value, ...] | None]] = {}
    for is_stored, *row in rows:
        sides = found.setdefault(tuple(row[:width]), [None, None])
        sides[0 if is_stored else 1] = tuple(row[width:])
    for key, (stored, right) in found.items():
        named = {
            name: value
            for name, value in zip(comparison.key, key, strict=True)
            if value is not None
        }
        if not comparison.values:
            there = ("present" if side is not None else None for side in (stored, right))
            yield Drift(comparison.table, named, ROW, *there)
        for position, column in enumerate(comparison.values):
            values = [None if side is None else side[position] for side in (stored, right)]
            if values[0] != values[1]:
                yield Drift(comparison.table, named, column, *values)
