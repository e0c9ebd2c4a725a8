"""How much is done under one lock, or in one snapshot: little enough for nobody to wait long."""

from __future__ import annotations

LONGEST_LOCK = 0.04
"""Seconds that a round aims to hold a lock for."""
LONGEST_SNAPSHOT = 0.2
"""Seconds that one aims to read one state for, where that keeps nobody from writing."""

SMALLEST_SLICE, FIRST_SLICE, LARGEST_SLICE = 50, 1000, 10_000
"""Rows of a slice; the smallest holds for entries of the log too."""
FEW_ENTRIES, MOST_ENTRIES = 200, 5_000
"""Entries of the log that are folded: so few that the last transaction may, and at most."""
FIRST_KEYS = 200
"""Keys of another table that are refreshed, or compared, to begin with."""
KEYS_OF_A_LOCK = 50
"""Keys that are mended."""
ROWS_OF_A_SNAPSHOT = 5000
"""Rows that are compared."""
FIRST_SESSIONS, MOST_SESSIONS = 20, 1000
"""Sessions that are derived, or checked: to begin with, and at most."""
PRUNED_OF_A_LOCK = 500
"""Entries of the log that are dropped."""


def adapted(
    size: int, seconds: float, smallest: int, largest: int, aim: float = LONGEST_LOCK
) -> int:
    """How much to do next under a lock, where so much has taken so long."""
    factor = min(2.0, max(0.25, aim / max(seconds, 1e-4)))
    return min(largest, max(smallest, int(size * factor)))
