"""Prove that the aggregates agree with the history, and mend what does not.

`verify` compares and changes nothing, `repair` makes right the keys that differ, `rebuild`
(in `aggregates.rebuilding`) replaces whole aggregates. Each leaves a line in
`aggregate_verifications`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from aggregates import derived, migration
from aggregates.catalogue import catalogue
from aggregates.changes import utc_text
from aggregates.database import raw_connection, read_transaction
from aggregates.errors import AggregatesError, DefinitionError, SchemaMismatch
from aggregates.proofs import Proof, proofs, record
from aggregates.recompute import StaleError
from aggregates.verification import (
    ROW,
    Drift,
    Progress,
    Verification,
    Window,
    forget,
    verification,
)

__all__ = ["ROW", "Drift", "Proof", "VerifyResult", "Window", "proofs", "repair", "verify"]

_ATTEMPTS = 3


@dataclass(frozen=True)
class VerifyResult:
    """What a verify found."""

    rows_read: int
    """of the source tables"""
    seconds: float
    drifts: list[Drift]
    is_complete: bool = True
    """False where the budget was spent first: the next run goes on"""
    tables: tuple[str, ...] = ()
    """the aggregates that were compared"""


def verify(
    engine: Engine,
    progress: Progress | None = None,
    *,
    tables: Sequence[str] = (),
    window: Window | None = None,
    budget: float | None = None,
) -> VerifyResult:
    """Compare aggregates with their recomputation. Takes no lock for writing.

    `tables` are all by default; `window` compares only keys of hours, days and times inside, of
    the tables that have such; after `budget` seconds the proof is left in a file beside the
    database, from which the next run with a budget goes on until all is compared. Raises
    SchemaMismatch where the database is not at the head revision, DefinitionError for the name of
    no table.
    """
    return _reconcile(engine, progress, "verify", tables, window, budget)


def repair(
    engine: Engine,
    progress: Progress | None = None,
    *,
    tables: Sequence[str] = (),
    window: Window | None = None,
    budget: float | None = None,
) -> VerifyResult:
    """Verify, and make right the keys that have drifted, and no others; the drifts are those."""
    return _reconcile(engine, progress, "repair", tables, window, budget)


def check_revision(engine: Engine) -> None:
    """Raise SchemaMismatch where the database is not at the head revision."""
    with read_transaction(engine) as connection:
        revision = migration.current(connection)
    if revision != (head := migration.head()):
        raise SchemaMismatch(
            f"the database is at revision {revision or 'none'}, not {head};"
            " run `aggregates migrate` first"
        )


def _reconcile(
    engine: Engine,
    progress: Progress | None,
    kind: Literal["verify", "repair"],
    tables: Sequence[str],
    window: Window | None,
    budget: float | None,
) -> VerifyResult:
    check_revision(engine)
    names, of_sessions = _chosen(tables, window)
    started, started_at = time.monotonic(), utc_text(datetime.now(UTC))
    file = None if budget is None else _proof_file(engine)
    deadline = float("inf") if budget is None else started + budget
    chosen = catalogue.only(names)
    drifts: list[Drift] = []
    with verification(engine, chosen, file) as proof:
        is_complete = _read_and_compare(proof, names, window, progress, deadline, drifts)
        if kind == "repair":
            proof.mend(drifts)
        rows = proof.rows_read
    if file is not None and is_complete:
        forget(file)
    if of_sessions and is_complete:
        with raw_connection(engine) as connection:
            found = derived.verify(connection, catalogue.bounds)
            drifts += found
            if kind == "repair" and found:
                derived.Deriver(connection, catalogue.bounds).mend(found)
    result = VerifyResult(
        rows, time.monotonic() - started, drifts, is_complete, (*names, *of_sessions)
    )
    with raw_connection(engine) as connection:
        whole = is_complete and not (tables or window)
        record(connection, Proof(kind, started_at, result.seconds, rows, len(drifts), whole))
    return result


def _read_and_compare(
    proof: Verification,
    names: Sequence[str],
    window: Window | None,
    progress: Progress | None,
    deadline: float,
    drifts: list[Drift],
) -> bool:
    """Whether all was compared before the deadline; adds what differs."""
    for _ in range(_ATTEMPTS):
        proof.read(progress, deadline)
        if not proof.is_complete:
            return False
        try:
            drifts += proof.drifts(names, window or Window(), progress)
            return True
        except StaleError:
            proof.restart()
    raise AggregatesError(
        "changes came faster than the log could hold them while aggregates were compared; run this"
        " again at a quieter time"
    )


def _chosen(
    tables: Sequence[str], window: Window | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the definitions to compare, and of what is derived of sessions."""
    every = tuple(one.name for one in catalogue.definitions)
    unknown = sorted(set(tables) - {*every, *derived.TABLES})
    if unknown:
        known = ", ".join(name for name in (*every, *derived.TABLES) if not name.startswith("_"))
        raise DefinitionError(f"there is no aggregate {', '.join(unknown)}; there are {known}")
    names = tuple(name for name in every if not tables or name in tables)
    of_sessions = tuple(name for name in derived.TABLES if not tables or name in tables)
    if window is not None:
        names = tuple(name for name in names if window.column(catalogue[name]))
        of_sessions = ()
    return names, of_sessions


def _proof_file(engine: Engine) -> Path | None:
    database = engine.url.database
    return None if not database or database == ":memory:" else Path(f"{database}-proof")
