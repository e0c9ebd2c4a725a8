"""What is known of the sessions of a range of names, with one query for each kind of thing.

Their runs come out of the recomputed listing of starts, which `with_runs` has tell what matters of
each: so nothing that has been read from the source is read there, and parsed, once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, case, literal, or_

from aggregates.engines.base import Compiler, DriverConnection, OperationalError
from aggregates.engines.tables import COUNTED, DERIVED
from aggregates.model.constructs import elapsed_ms, flag
from aggregates.model.definition import Aggregate, Catalogue, Measure
from aggregates.model.sources import agent_invocations
from aggregates.sessions.overlaps import Overlap, overlap
from aggregates.sessions.values import (
    STARTS,
    STATS,
    Buckets,
    Expected,
    Version,
    computed,
    own_durations,
    own_durations_sql,
)

RUNS_OF_A_RANGE = 5000
"""Runs that are read at once, at most."""

Derived = tuple[str, int, int, int]
"""first_agent, max_parallel, busy_ms, as_of_seq"""

_NAME = "session_id COLLATE BINARY"
_INSIDE = f"{_NAME} > CAST(:mark AS TEXT) AND {_NAME} <= CAST(:last AS TEXT)"

_duration = agent_invocations.fact("duration_ms")
_is_known = and_(
    _duration.is_not(None),
    or_(agent_invocations.fact("succeeded"), agent_invocations.fact("failed")),
)
_RUN = (
    Measure("has_lasted", flag(_is_known), "1 where it has ended, and is known to have lasted"),
    Measure("lasted_ms", case((_is_known, _duration), else_=0), "for so long"),
    Measure(
        "began_ms",
        elapsed_ms(literal("0001-01-01T00:00:00.000"), agent_invocations.fact("start")),
        "milliseconds before it",
    ),
)


def with_runs(catalogue: Catalogue) -> Catalogue:
    """The same definitions, of which the listing of starts tells what ranges need of each run."""

    def told(one: Aggregate) -> Aggregate:
        return replace(one, measures=(*one.measures, *_RUN))

    definitions = (
        told(one) if isinstance(one, Aggregate) and one.name == STARTS else one
        for one in catalogue.definitions
    )
    return replace(catalogue, definitions=tuple(definitions))


class Range:
    """Sessions that follow a name, in the order of names, as far as not too many runs are theirs.

    Inside a transaction; `names` are all that there are after `mark` and up to the last of them;
    `starts` is the listing, and `stats` names all that have runs: SELECTs in parentheses.
    """

    def __init__(
        self,
        connection: DriverConnection,
        mark: str,
        names: Sequence[str],
        starts: str,
        stats: str,
    ) -> None:
        self._connection = connection
        self._starts = starts
        self._stats = stats
        self._parameters = {"mark": connection.encoded(mark)}
        self._end_with(names)
        runs = self._rows(f"SELECT {_READ} LIMIT {RUNS_OF_A_RANGE + 1}".format(starts))
        self.is_one_long = False
        """whether it is one session, of more runs than should be read inside a transaction"""
        if len(runs) > RUNS_OF_A_RANGE:
            # What was read of the last session may not be all.
            last = runs[-1][0]
            self._end_with(names[: max(1, names.index(last))])
            self.is_one_long = last == names[0]
        self._runs: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for name, has_lasted, began, lasted in runs:
            if has_lasted:
                self._runs[name].append((began, lasted))

    def expected(self, bounds: Sequence[int], of_a_long_one: Overlap | None) -> list[Expected]:
        """What should be derived of each."""
        agents, versions = self._first_agents(), self.versions()
        return [
            computed(
                name,
                agents.get(name, ""),
                of_a_long_one or self._overlap(name),
                versions[name],
                bounds,
            )
            for name in self.names
        ]

    def of_a_long_one(self) -> Overlap:
        """How the runs of the one long session overlap: it needs no transaction, but time."""
        runs = self._connection.execute(f"SELECT {_READ}".format(self._starts), self._parameters)
        return overlap((began, lasted) for _, has_lasted, began, lasted in runs if has_lasted)

    def there(self) -> set[str]:
        """Those that have runs."""
        found = self._rows(f"SELECT session_id FROM {self._stats} WHERE {_INSIDE}")
        return {name for (name,) in found}

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

    def _overlap(self, name: str) -> Overlap:
        return self.of_a_long_one() if self.is_one_long else overlap(self._runs[name])

    def _end_with(self, names: Sequence[str]) -> None:
        self.names = names
        self._parameters["last"] = self._connection.encoded(names[-1])

    def _first_agents(self) -> dict[str, str]:
        """The agents of the first run of each session that has one."""
        sql = _first_agents_sql(self._connection.compiler, self._starts, self._stats)
        return dict(self._rows(sql))

    def versions(self) -> dict[str, Version]:
        """What tells whether what is derived of them may have become another."""
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


_READ = f"{_NAME}, has_lasted, began_ms, lasted_ms FROM {{}} WHERE {_INSIDE} ORDER BY {_NAME}"
"""Runs out of a listing, in the order of their sessions."""


@lru_cache(maxsize=4)
def _first_agents_sql(compiler: Compiler, starts: str, stats: str) -> str:
    first = (
        f"SELECT invocation_id FROM {starts} AS runs WHERE runs.session_id = named.session_id"
        " ORDER BY start_time, invocation_id LIMIT 1"
    )
    firsts = f"SELECT ({first}) FROM {stats} AS named WHERE {_INSIDE}"
    return compiler.facts_where(agent_invocations, ("session", "agent"), f"id IN ({firsts})")


@lru_cache(maxsize=4)
def _durations_sql(compiler: Compiler) -> str:
    return own_durations_sql(compiler, f"{_INSIDE} AND typeof(session_id) = 'text'")
