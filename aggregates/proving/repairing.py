"""Prove that the aggregates agree with the history, and mend what does not.

`verify` compares and changes nothing, `repair` makes right the keys that differ, `rebuild` (in
`rebuilding`) replaces whole aggregates. Each leaves a line in `aggregate_verifications`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from aggregates import sessions
from aggregates.changes import utc_text
from aggregates.engines import file_of
from aggregates.engines.base import Capability, DamagedFile, Database, DriverError
from aggregates.errors import AggregatesError, DatabaseLocked, DefinitionError
from aggregates.model.definition import Catalogue
from aggregates.progress import Progress
from aggregates.proving import rounds, whole
from aggregates.proving.inspecting import check_comparable, check_installed
from aggregates.proving.mapped import mapping_drifts
from aggregates.proving.record import Proof, record
from aggregates.proving.rounds import LastRound, OpenRound
from aggregates.recomputing.drift import Drift, Window
from aggregates.recomputing.shadows import Verification, verification
from aggregates.recomputing.slices import StaleError

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
    is_locked_out: bool = False
    """True where others held the lock for too long for the proof to be recorded"""

    def check_recorded(self) -> None:
        """Raise DatabaseLocked where the proof was not recorded."""
        if self.is_locked_out:
            raise DatabaseLocked(
                "another program holds the lock of the database, so that the proof was not"
                " recorded, and `status` knows nothing of it; try again later"
            )


def verify(
    database: Database,
    catalogue: Catalogue,
    progress: Progress | None = None,
    *,
    tables: Sequence[str] = (),
    window: Window | None = None,
    budget: float | None = None,
) -> VerifyResult:
    """Compare aggregates with their recomputation. Takes no lock for writing.

    `tables` are all by default; `window` compares only keys of hours, days and times inside, of
    the tables that have such; after `budget` seconds the proof is left in a file beside the
    database, from which the next run with a budget goes on until all is compared (a database
    that is not named by its path has no such file: there the budget does not hold). Raises
    SchemaMismatch where the database is not at the head revision, or a source table is gone or not
    such as was adopted, DefinitionError for the name of no table.
    """
    return _reconcile(database, catalogue, progress, "verify", tables, window, budget)


def repair(
    database: Database,
    catalogue: Catalogue,
    progress: Progress | None = None,
    *,
    tables: Sequence[str] = (),
    window: Window | None = None,
    budget: float | None = None,
) -> VerifyResult:
    """Verify, and make right the keys that have drifted, and no others; the drifts are those.

    Raises SchemaMismatch, too, where triggers or tables are not as they should be.
    """
    check_installed(database, catalogue.sources)
    return _reconcile(database, catalogue, progress, "repair", tables, window, budget)


def _reconcile(
    database: Database,
    catalogue: Catalogue,
    progress: Progress | None,
    kind: Literal["verify", "repair"],
    tables: Sequence[str],
    window: Window | None,
    budget: float | None,
) -> VerifyResult:
    check_comparable(database, catalogue.sources)
    names, of_sessions = chosen(catalogue, tables, window)
    if Capability.QUEUES in database.capabilities:
        if tables and of_sessions:
            raise AggregatesError(
                f"{', '.join(of_sessions)}: what is derived of sessions is not compared on this"
                " engine yet; leave the name out"
            )
        is_all = not (tables or window)
        proved = whole.prove(
            database, catalogue, kind, names, progress, window=window, is_whole=is_all
        )
        return VerifyResult(*proved, tables=names)
    started, started_at = time.monotonic(), utc_text(datetime.now(UTC))
    is_kept = budget is not None and _can_be_kept(database)
    is_whole = not (tables or window)
    # Without a file no run could ever go on: then it is the whole, or never.
    deadline = started + budget if budget is not None and is_kept else float("inf")
    drifts: list[Drift] = []
    round_ = OpenRound(started_at)
    needed = _needed(catalogue, names, of_sessions)
    computed = sessions.with_runs(needed) if of_sessions else needed
    try:
        with verification(database, needed, computed, is_kept=is_kept) as proof:
            if is_kept and is_whole:
                round_ = rounds.go_on(
                    proof.connection, started_at, proof.rows_read, proof.positions
                )
            is_complete = False
            for attempt in range(_ATTEMPTS):
                proof.read(progress, deadline)
                if not proof.is_complete:
                    break
                try:
                    found = proof.drifts(names, window, progress)
                    drifts += found
                    if kind == "repair":
                        mended = _mend(proof, found, names, window, progress)
                        drifts += mended[len(found) :]
                        found = mended
                    drifts += _of_sessions(proof, of_sessions, kind, found, progress)
                    is_complete = True
                    break
                except StaleError as error:
                    if attempt == _ATTEMPTS - 1:
                        raise AggregatesError(
                            "the change log was emptied, or VACUUM has run, again and again"
                            " meanwhile; try again later"
                        ) from error
                    if kind == "verify":
                        drifts.clear()
                    proof.restart()
            rows, positions = proof.rows_read, proof.positions
        if is_complete and is_whole:
            with database.own_connection() as connection:
                drifts += mapping_drifts(connection, progress, is_repair=kind == "repair")
    except DamagedFile:
        if is_kept:
            database.forget_proof()
        raise
    if is_kept and is_complete:
        database.forget_proof()
    result = VerifyResult(
        rows, time.monotonic() - started, drifts, is_complete, (*names, *of_sessions)
    )
    is_proved = is_complete and is_whole
    work, runs = round_.seconds + result.seconds, round_.runs + 1
    try:
        with database.own_connection() as connection, connection.write_lock():
            record(
                connection, Proof(kind, started_at, result.seconds, rows, len(drifts), is_proved)
            )
            if is_proved:
                ended = LastRound(round_.began_at, utc_text(datetime.now(UTC)), work, runs, rows)
                rounds.end(connection, ended, is_open=is_kept)
            elif is_kept and is_whole:
                went = OpenRound(round_.began_at, started_at, work, runs, rows, positions)
                rounds.save(connection, went)
    except DatabaseLocked:
        return replace(result, is_locked_out=True)
    except (AggregatesError, DriverError):
        # Whoever may only read may compare, too.
        if kind == "repair":
            raise
    return result


def _mend(
    proof: Verification,
    found: list[Drift],
    names: Sequence[str],
    window: Window | None,
    progress: Progress | None,
) -> list[Drift]:
    """Make right what differs, and what a write has made of it meanwhile; all that was mended.

    A write that meets a wrong pair counts it wrongly, in a table that has been compared already.
    """
    mended = list(found)
    for _ in range(_ATTEMPTS):
        if not found:
            break
        proof.mend(found)
        found = proof.drifts(names, window, progress)
        mended += found
    return mended


def _can_be_kept(database: Database) -> bool:
    """Whether a proof can be left in a file, and the file removed again."""
    return Capability.PROOF_FILE in database.capabilities and (
        file_of(str(database.engine.url)) is not None
    )


def _needed(
    catalogue: Catalogue,
    names: Sequence[str],
    of_sessions: Sequence[str],
) -> Catalogue:
    """What has to be computed again for some aggregates to be compared, or mended."""
    wanted = {*names}
    if of_sessions:
        wanted |= {sessions.STARTS, sessions.STATS}
    return catalogue.only(sorted(wanted))


def _of_sessions(
    proof: Verification,
    of_sessions: Sequence[str],
    kind: Literal["verify", "repair"],
    mended: Sequence[Drift],
    progress: Progress | None,
) -> list[Drift]:
    """What differs, and was mended, of what is derived of sessions."""
    if not of_sessions:
        return []
    # Compared with the starts as they should be.
    starts, stats = (proof.shadow_of(name) for name in (sessions.STARTS, sessions.STATS))
    deriver = sessions.Deriver(proof.connection, proof.catalogue.bounds)
    if kind == "repair":
        # A row that was put back has lost what was derived of it.
        deriver.derive_again(
            str(one.key["session_id"]) for one in mended if one.table == sessions.STATS
        )
    checker = sessions.Checker(proof.connection, proof.catalogue.bounds, starts, stats)
    tables = {table for name in of_sessions for table in sessions.TABLES[name]}
    found: list[Drift] = []
    while not checker.is_over:
        started = time.monotonic()
        with proof.connection.snapshot():
            proof.catch_up()
            found += [one for one in checker.some() if one.table in tables]
        proof.rest(started)
        checker.read_ahead()
        if progress is not None:
            progress(proof.rows_read, proof.rows_read)
    if kind == "repair" and found:
        deriver.mend(found)
    return found


def chosen(
    catalogue: Catalogue, tables: Sequence[str], window: Window | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the definitions that are meant, and of what is derived of sessions.

    Raises DefinitionError for the name of no table, and for one without a time where a window is
    given.
    """
    every = tuple(one.name for one in catalogue.definitions)
    derived = tuple(sessions.TABLES) if sessions.STATS in every else ()
    unknown = sorted(set(tables) - {*every, *derived})
    if unknown:
        known = ", ".join(name for name in (*every, *derived) if not name.startswith("_"))
        raise DefinitionError(f"there is no aggregate {', '.join(unknown)}; there are {known}")
    names = tuple(name for name in every if not tables or name in tables)
    of_sessions = tuple(name for name in derived if not tables or name in tables)
    if window is not None:
        timeless = [name for name in names if not window.column(catalogue[name])] + [*of_sessions]
        if tables and timeless:
            raise DefinitionError(
                f"{', '.join(timeless)} has no time; leave out the window, or the name"
            )
        names = tuple(name for name in names if name not in timeless)
        of_sessions = ()
    return names, of_sessions
