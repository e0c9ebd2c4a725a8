"""What an inspection finds, and the next steps that lead out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aggregates.changes import utc_text
from aggregates.frozen.layout import normalised
from aggregates.frozen.statements import Statement
from aggregates.proving.record import doubt

MIGRATE, STATUS = "aggregates migrate", "aggregates status"
RUN = "aggregates run"
REINSTALL, REPAIR = "aggregates migrate --reinstall", "aggregates repair"
WAL = "aggregates migrate --journal-mode wal"
PUT_BACK = (REINSTALL, REPAIR)


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    kind: str
    """`revision`, `missing`, `altered`, `unknown`, `rebuilt`, `too early`, `gone` (a source table),
    `moved` (it was renamed, and made again), `column` (one that the triggers read is gone), `unfit`
    (they cannot serve the table), `unposted` (no trigger posts to the table) or `unproved`; of a
    warning `journal mode`, `empty` (no writer fills a column, or a table that was made for it),
    `left over` (a table that was put aside), `waiting` (many changes are not posted) or `deleted
    file`"""
    table: str
    """the table that it concerns"""
    name: str
    """the object"""
    detail: str
    """what that means, and what to do"""
    steps: tuple[str, ...] = ()
    """what to do, in order: commands of ours, and SQL, a comment where a person has to decide"""
    making: str = field(default="", repr=False)
    """the SQL that makes it, of a table or view that is missing"""
    copying: str = field(default="", repr=False)
    """the SQL that brings back rows which were written elsewhere, once triggers count them"""

    @property
    def is_doubt(self) -> bool:
        """Whether all is installed, and a proof is all that is needed."""
        return self.kind == "unproved"

    @property
    def spoils(self) -> bool:
        """Whether what is mended now may be wrong again after the next write."""
        # To a table that nothing posts to no write does anything.
        return self.kind not in ("unproved", "unposted")

    @property
    def is_of_source(self) -> bool:
        """Whether a source table has to be put right before anything else can be."""
        return self.kind in ("gone", "moved", "column", "unfit")

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.table}: {self.detail}"


def next_steps(findings: Iterable[Finding]) -> list[str]:
    """What to do about all findings, each step once and in an order in which that works."""
    findings = list(findings)
    if blocking := [one for one in findings if one.is_of_source]:
        # SQLite alters no table while a trigger names what is not there; what is made is empty.
        making = [one.making for one in findings if one.making]
        making += [doubt(utc_text(datetime.now(UTC)))] if making else []
        steps = dict.fromkeys(step for one in blocking for step in one.steps)
        copying = [one.copying for one in blocking if one.copying]
        is_broken = any(one.spoils and not one.is_of_source for one in findings)
        return [*making, *steps, *([REINSTALL] if copying and is_broken else []), *copying, STATUS]
    return sorted(dict.fromkeys(step for one in findings for step in one.steps), key=_rank)


def is_as_it_should_be(sql: str, statement: Statement) -> bool:
    """Whether what a database holds of a statement differs from it in nothing but layout."""
    if sql == statement.installed:
        return True
    # SQL that was printed knows no types of columns.
    forms = (statement.installed, statement.cautious.installed)
    return normalised(sql) in map(normalised, forms)


REBUILD = "aggregates rebuild"
_ORDER = (MIGRATE, REINSTALL, REBUILD, REPAIR, WAL)


def _rank(step: str) -> int:
    """SQL comes first; what a migration would find fault with is put right before one begins."""
    if step in _ORDER:
        return _ORDER.index(step)
    return _ORDER.index(REBUILD) if step.startswith(REBUILD) else -1
