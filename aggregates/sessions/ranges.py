"""What is known of the sessions of a range of names, with one query for each kind of thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aggregates.engines.base import Compiler, DriverConnection, OperationalError
from aggregates.engines.tables import COUNTED, DERIVED
from aggregates.sessions.values import (
    STATS,
    Buckets,
    Expected,
    Run,
    Version,
    computed,
    expected,
    own_durations,
    own_durations_sql,
    runs_sql,
)

RUNS_OF_A_RANGE = 3000
"""Runs that are read at once, at most."""

Derived = tuple[str, int, int, int]
"""first_agent, max_parallel, busy_ms, as_of_seq"""

_NAME = "session_id COLLATE BINARY"
_INSIDE = f"{_NAME} > CAST(:mark AS TEXT) AND {_NAME} <= CAST(:last AS TEXT)"
_LISTED = f"{_INSIDE} AND (start_time, invocation_id) > ('', 0)"


class Range:
    """Sessions that follow a name, in the order of names, as far as not too many runs are theirs.

    Inside a transaction; `names` are all that there are after `mark` and up to the last of them.
    """

    def __init__(
        self, connection: DriverConnection, mark: str, names: Sequence[str], starts: str
    ) -> None:
        self.names = names
        self._connection = connection
        self._starts = starts
        self._parameters = {"mark": connection.encoded(mark)}
        self._end_with(names)
        self._listed = self._rows(
            f"SELECT session_id, invocation_id FROM {starts} WHERE {_LISTED}"
            f" ORDER BY {_NAME} LIMIT {RUNS_OF_A_RANGE + 1}"
        )
        if len(self._listed) > RUNS_OF_A_RANGE:
            # What is listed of the last session may not be all.
            last = self._listed[-1][0]
            self._end_with(names[: max(1, names.index(last))] if last in names else names[:1])

    def expected(self, bounds: Sequence[int]) -> list[Expected]:
        """What should be derived of each."""
        if len(self.names) == 1:
            # Its runs may be very many.
            return [expected(self._connection, self.names[0], bounds, self._starts)]
        runs, versions = self._runs(), self._versions()
        return [computed(name, runs[name].values(), versions[name], bounds) for name in self.names]

    def of(self, stats: str) -> set[str]:
        """Those that a table of statistics, or a SELECT in parentheses, names."""
        return {name for (name,) in self._rows(f"SELECT session_id FROM {stats} WHERE {_INSIDE}")}

    def derived(self) -> dict[str, Derived]:
        """What is recorded as derived of them."""
        rows = self._rows(
            "SELECT session_id, first_agent, max_parallel, busy_ms, as_of_seq"
            f" FROM main.{DERIVED} WHERE {_INSIDE}"
        )
        return {name: tuple(values) for name, *values in rows}

    def contributions(self) -> dict[str, Buckets]:
        """What they contribute to the histogram, as it is recorded."""
        found: dict[str, Buckets] = defaultdict(dict)
        for name, agent, le_ms, count, total in self._rows(
            "SELECT session_id, first_agent, le_ms, sessions, duration_ms_sum"
            f" FROM main.{COUNTED} WHERE {_INSIDE}"
        ):
            found[name][agent, le_ms] = count, total
        return found

    def _end_with(self, names: Sequence[str]) -> None:
        self.names = names
        self._parameters["last"] = self._connection.encoded(names[-1])

    def _runs(self) -> dict[str, dict[int, Run]]:
        rows = self._rows(_runs_sql(self._connection.compiler, self._starts))
        runs = {run.invocation_id: run for run in map(Run._make, rows)}
        found: dict[str, dict[int, Run]] = defaultdict(dict)
        for name, key in self._listed:
            # A listing that has drifted names what is not there, and what is of others too.
            if key in runs:
                found[name][key] = runs[key]
        return found

    def _versions(self) -> dict[str, Version]:
        changed = dict(
            self._rows(
                f"SELECT session_id, coalesce(changed_seq, 0) FROM main.{STATS} WHERE {_INSIDE}"
            )
        )
        durations: dict[str, list[int | None]] = defaultdict(list)
        sql = _durations_sql(self._connection.compiler)
        for name, duration in self._rows(sql):
            durations[name].append(duration)
        for name in self.names:
            # A table may have numbers for sessions: in its order they lie elsewhere.
            if name not in durations and name.lstrip("-").isdecimal():
                durations[name] += own_durations(self._connection, name)
        return {name: Version(changed.get(name), tuple(durations[name])) for name in self.names}

    def _rows(self, sql: str) -> list[Any]:
        try:
            return self._connection.execute(sql, self._parameters).fetchall()
        except OperationalError:
            # Slower, and hardly ever needed: for text that is not UTF-8.
            with self._connection.any_text():
                return self._connection.execute(sql, self._parameters).fetchall()


@lru_cache(maxsize=4)
def _runs_sql(compiler: Compiler, starts: str) -> str:
    return runs_sql(compiler, f"SELECT invocation_id FROM {starts} WHERE {_LISTED}")


@lru_cache(maxsize=4)
def _durations_sql(compiler: Compiler) -> str:
    return own_durations_sql(compiler, f"{_INSIDE} AND typeof(session_id) = 'text'")
