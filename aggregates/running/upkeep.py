"""What `run` does beside collecting: consume, prune, and prove on a schedule.

Only one process at a time does it for a database: it holds a lease, in the database, that expires
by itself where its holder was killed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self

from aggregates.changes.pruning import prune
from aggregates.engines.base import Database, DriverError, LockHeld, OperationalError
from aggregates.errors import AggregatesError, DatabaseLocked, DatabaseReplaced
from aggregates.installing.declared import as_installed
from aggregates.installing.upgrading import check_revision
from aggregates.model.definition import Catalogue
from aggregates.proving import rebuilding, repairing
from aggregates.proving.findings import Finding
from aggregates.proving.inspecting import inspect
from aggregates.proving.repairing import VerifyResult
from aggregates.proving.rounds import open_round
from aggregates.running.keeping import LockWaits
from aggregates.running.lease import LASTS, acquire, release
from aggregates.running.schedule import Job, Schedule, due, note_staleness
from aggregates.running.stopping import Stopped
from aggregates.sessions import Deriver, Round

log = logging.getLogger("aggregates")

_KEYS_NAMED = 10
_SHORTEST_PAUSE, _LONGEST_PAUSE = 60.0, 3600.0
"""Seconds before a job that failed is begun again; the pause doubles with each failure."""

Beat = Callable[..., None]
"""Called between transactions of a long job; may raise Stopped."""


class Upkeep:
    """The rounds of one process; a context, which gives the lease back in the end."""

    def __init__(
        self, database: Database, catalogue: Catalogue, schedule: Schedule, beat: Beat
    ) -> None:
        self._database = database
        self._declared = catalogue
        self._catalogue = catalogue
        """what of it the database keeps"""
        self._schedule = schedule
        self._beat = beat
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{id(self)}"
        self._job: threading.Thread | None = None
        self._renewed = datetime.min.replace(tzinfo=UTC)
        self._is_over = False
        self._waits = LockWaits()
        self._failures = 0
        self._paused_until = 0.0
        self._inspected: int | None = None
        self.findings: list[Finding] = []
        """what the last inspection found that no proof mends"""

    def __enter__(self) -> Self:
        with self._database.own_connection() as self._connection:
            return self

    def __exit__(self, *error: object) -> None:
        self._is_over = True
        if self._job is not None:
            self._job.join(timeout=0.4)
        with suppress(AggregatesError, DriverError):
            self._connection.check_file()
            with self._database.own_connection() as connection:
                release(connection, self._owner)

    def round(self, *, wait: bool = False) -> Round | None:
        """Consume, prune, and begin what is due; None where another process does all this.

        A long job goes on in the background, unless `wait`. Raises DatabaseReplaced where another
        file has taken the place of the one that the lease is in: begin with a new one.
        """
        self._connection.check_file()
        # Between two rounds nothing is open: another file may come to the path.
        with self._database.own_connection() as self._connection:
            try:
                done = self._consume()
            except (DatabaseLocked, LockHeld):
                self._waits.no_lock("consuming")
                raise
            if done is None:
                return None
            self._waits.got_lock("consuming")
            self._waits.save(self._connection)
            if self._job is None or not self._job.is_alive():
                self._begin_due(wait)
            return done

    def _consume(self) -> Round | None:
        """Consume and prune; None where another process does."""
        self._catalogue = as_installed(self._connection, self._declared)
        self._inspect()
        if not acquire(self._connection, self._owner):
            return None
        deriver = Deriver(self._connection, self._catalogue.bounds, self._beat)
        # Before this round saves the checkpoint: the verify may be killed.
        note_staleness(self._connection, self._schedule, deriver.saved_at())
        done = deriver.round()
        if done.edits:
            log.warning(
                "%d edits of history, of invocations %s%s",
                done.edits,
                ", ".join(map(str, done.edited)),
                "" if done.edits <= len(done.edited) else ", ...",
            )
        proof = open_round(self._connection)
        positions = {} if proof is None else proof.positions
        for source in self._catalogue.sources:
            prune(
                self._connection,
                source,
                self._schedule.retention,
                self._beat,
                needed_after=positions.get(source.name),
            )
        return done

    def _inspect(self) -> None:
        """Tell what is not installed as it should be, once for each change of the schema.

        A repair would mend what a missing trigger spoils, time after time, and hide why.
        """
        schema = self._connection.schema_version()
        if schema == self._inspected:
            return
        check_revision(self._database)
        with self._database.reading() as connection:
            found = inspect(connection, self._catalogue.sources)
        self.findings = [one for one in found.findings if not one.is_doubt]
        self._inspected = schema
        for finding in [*self.findings, *found.warnings]:
            log.warning("%s", finding)

    def _begin_due(self, wait: bool) -> None:
        job = due(self._connection, self._catalogue.sources, self._schedule)
        if job is None or time.monotonic() < self._paused_until:
            return
        if wait:
            if any(one.spoils for one in self.findings):
                log.warning("%s was not begun: first put right what is named above", job.kind)
            else:
                self._run(job)
            return
        self._job = threading.Thread(target=self._try, args=(job,), name=job.kind, daemon=True)
        self._job.start()

    def _try(self, job: Job) -> None:
        """Run a job in the background, where nobody hears an exception."""
        try:
            self._run(job)
            self._failures = 0
            self._waits.got_lock(job.kind)
        except DatabaseReplaced:
            return  # the next round says so
        except Exception as error:
            if isinstance(error, DatabaseLocked | LockHeld):
                self._waits.no_lock(job.kind)
            pause = min(_SHORTEST_PAUSE * 2 ** min(self._failures, 9), _LONGEST_PAUSE)
            self._failures += 1
            self._paused_until = time.monotonic() + pause
            log.warning("%s failed: %s; it is begun again in %d s", job.kind, error, pause)

    def _run(self, job: Job) -> None:
        try:
            with self._database.own_connection() as connection:

                def renewed(*progress: int) -> None:
                    self._beat(*progress)
                    if self._is_over:
                        raise Stopped
                    now = datetime.now(UTC)
                    if now - self._renewed > LASTS / 3:
                        # The next step tries again.
                        with suppress(OperationalError):
                            if not acquire(connection, self._owner):
                                raise Stopped
                            self._renewed = now

                if job.kind == "rebuild":
                    rebuilding.rebuild(self._database, self._catalogue, renewed)
                else:
                    repair = repairing.repair
                    result = repair(self._database, self._catalogue, renewed, budget=job.budget)
                    tell(result)
                    result.check_recorded()
        except Stopped:
            return


def tell(result: VerifyResult) -> None:
    """Log a drift at WARNING, with its keys."""
    if result.drifts:
        named = "; ".join(
            f"{drift.table} {drift.key} {drift.column}: {drift.stored!r}, right {drift.right!r}"
            for drift in result.drifts[:_KEYS_NAMED]
        )
        more = "; ..." if len(result.drifts) > _KEYS_NAMED else ""
        log.warning("%d drifts repaired: %s%s", len(result.drifts), named, more)
