"""Percentiles out of histograms."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from sqlalchemy import Connection

from aggregates.engines import compiler_of
from aggregates.reader import queries

Key = tuple[str, ...]

_SOUGHT = 100
"""Names at most that one statement seeks; SQLite may take no more than 999 parameters."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Nearest-rank percentiles of durations in milliseconds; None where no duration is known.

    The relative error is at most 2 % from 10 ms to 24 h; beyond, the mean of the bucket stands in.
    """

    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """All bounds in order; hashed by identity, as hundreds of integers would take their time."""

    le_ms: list[int]


def percentiles(
    le_ms: Sequence[int], runs: Sequence[int], bounds: Sequence[int], end_sums: Mapping[int, int]
) -> Percentiles:
    """Nearest-rank percentiles of a histogram of integer milliseconds.

    `le_ms` and `runs` are its buckets in order, each of the integers above the bound before `le_ms`
    up to `le_ms` itself; empty ones may be missing. `bounds` are all bounds in order. `end_sums`
    holds the sum of the durations in the first and in the last bucket, by `le_ms`.
    """
    cumulative = list(accumulate(runs))
    known = cumulative[-1] if cumulative else 0
    if known <= 0:
        return Percentiles()

    def nearest(p: int) -> float:
        # The rank is ceil(known * p / 100), in integers so that no rank is off by rounding.
        position = bisect_left(cumulative, -(-known * p // 100))
        high = le_ms[position]
        if high in end_sums:
            # The first bucket begins at 0, the last has no end: only the mean says where they are.
            return end_sums[high] / runs[position]
        low = bounds[bisect_left(bounds, high) - 1] + 1
        # Of all estimates this one has the least greatest relative error, (high-low)/(high+low).
        return 2 * low * high / (low + high)

    return Percentiles(nearest(50), nearest(90), nearest(95), nearest(99))


def percentiles_by(
    connection: Connection, key: Sequence[str], histogram: str, *parameters: object
) -> dict[Key, Percentiles]:
    """Percentiles by key, of a query for its columns and (le_ms, runs, duration_ms_sum)."""
    bounds = _bounds(connection)
    if not bounds.le_ms:
        return {}
    columns, width = ", ".join(key), len(key)
    words = compiler_of(connection)
    # One row a key: a histogram as thousands of rows takes twice as long to fetch and to fold.
    found = queries.rows(
        connection,
        f"SELECT {columns}, {words.joined('le_ms')}, {words.joined('runs')}"
        f" FROM ({histogram}) AS histogram WHERE runs <> 0 GROUP BY {columns}",
        *parameters,
    )
    end_sums: dict[Key, dict[int, int]] = {}
    ends = bounds.le_ms[0], bounds.le_ms[-1]
    with_ends = {row[0] for row in found for end in ends if f",{end}," in f",{row[width]},"}
    if with_ends:
        # All-time tables are ordered by the first column of the key: a few rows are sought there.
        # Not where a name may be shown otherwise than it is stored, as it is not UTF-8.
        can_seek = len(with_ends) <= _SOUGHT and "\\" not in "".join(with_ends)
        sought = sorted(with_ends) if can_seek else []
        among = f" AND {key[0]} IN ({', '.join('?' * len(sought))})" if sought else ""
        for row in queries.rows(
            connection,
            f"SELECT {columns}, le_ms, duration_ms_sum FROM ({histogram}) AS histogram"
            f" WHERE le_ms IN (?, ?){among}",
            *parameters,
            *ends,
            *sought,
        ):
            sums = end_sums.setdefault(row[:width], {})
            sums[row[width]] = sums.get(row[width], 0) + row[width + 1]
    return {
        row[:width]: _percentiles_of(
            *row[width:], bounds, tuple(end_sums.get(row[:width], {}).items())
        )
        for row in found
    }


@lru_cache(maxsize=4096)
def _percentiles_of(
    le_ms_text: str, runs_text: str, bounds: _Bounds, end_sums: tuple[tuple[int, int], ...]
) -> Percentiles:
    """Of one histogram as text. From one collection to the next most of them have not changed."""
    le_ms, runs = integers(le_ms_text), integers(runs_text)
    if any(one >= other for one, other in pairwise(le_ms)):
        # Of several phases, say; and nothing promises that the order is that of the bounds.
        summed: Counter[int] = Counter()
        for bound, count in zip(le_ms, runs, strict=True):
            summed[bound] += count
        le_ms, runs = map(list, zip(*sorted(summed.items()), strict=True))
    return percentiles(le_ms, runs, bounds.le_ms, dict(end_sums))


def _bounds(connection: Connection) -> _Bounds:
    """The bounds of all histograms; they never change, so a connection reads them once."""
    bounds: _Bounds | None = connection.info.get("duration_bounds")
    if bounds is None or not bounds.le_ms:
        found = queries.rows(connection, "SELECT le_ms FROM duration_bounds ORDER BY le_ms")
        bounds = connection.info["duration_bounds"] = _Bounds([le_ms for (le_ms,) in found])
    return bounds


def integers(text: str) -> list[int]:
    """Those of a text that `Compiler.joined` makes."""
    found: list[int] = json.loads(f"[{text}]")
    return found
