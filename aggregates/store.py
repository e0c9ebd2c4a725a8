"""The object that users hold: one database, read through its aggregates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aggregates import reader
from aggregates.changes import Beginning, Consumer, ConsumerStatus, Log
from aggregates.changes import consumers as list_consumers
from aggregates.configuration import configuration, with_own
from aggregates.engines import driver, explained, file_of, open_database
from aggregates.engines.base import Marks
from aggregates.errors import AggregatesError, DatabaseMissing, SchemaMismatch
from aggregates.installing.declared import Difference, as_installed, differences
from aggregates.installing.upgrading import check_revision
from aggregates.model.catalogue import catalogue as shipped
from aggregates.model.definition import Catalogue, Source
from aggregates.progress import Progress
from aggregates.proving import inspecting, rebuilding, reinstalling, repairing
from aggregates.reader.frames import frame
from aggregates.recomputing.drift import Window
from aggregates.running import upkeep
from aggregates.running.health import Health, health
from aggregates.running.keeping import Keeping, keeping
from aggregates.running.schedule import Schedule

if TYPE_CHECKING:
    import pandas


_DAYS = 7
_SESSIONS_DRAWN, _RUNS_DRAWN = 10, 50


@dataclass(frozen=True, slots=True)
class Overview:
    """What a page shows of a database, from one snapshot."""

    collection: reader.Collection
    hours: tuple[reader.HourPoint, ...]
    """those of the last seven days, the current one (still growing) included"""
    agent_hours: dict[str, dict[str, int]]
    """invocations in those hours: agent -> hour -> how many, where there is one"""
    timelines: tuple[reader.Timeline, ...]
    """active sessions, then the latest others: at most 10, with the latest 50 runs of each"""
    status: inspecting.Inspection
    keeping: Keeping


class Store:
    """One database with its aggregates.

    `database` is a URL or the plain path of a SQLite file. `source_timezone` is the zone of the
    naive times in it, an IANA name or a ZoneInfo; None is the system's own zone. A run that
    started `abandon_after` ago and has not ended is called abandoned; a session that has not ended,
    where it started `session_window` ago or nothing has happened in it for `idle_after`. A
    collection holds the `latest_sessions` latest sessions. Whatever is asked waits for a lock for
    `lock_timeout` seconds, and `on_wait` is told so. `catalogue` is what the database keeps: what
    ships, and what `aggregates.toml` or `pyproject.toml` of the working directory names.

    Raises DatabaseMissing where there is no such file. Methods raise DatabaseLocked, or
    SchemaMismatch where a table of ours is missing. Where another file takes the place of the
    database, as in a restore, methods answer of that one; a Consumer, a Log and a job under way
    raise DatabaseReplaced, as what they know is of the old one. Where none does, DatabaseVanished.
    """

    def __init__(
        self,
        database: str | Path,
        *,
        source_timezone: str | ZoneInfo | None = None,
        abandon_after: timedelta = reader.ABANDON_AFTER,
        session_window: timedelta = reader.SESSION_WINDOW,
        idle_after: timedelta = reader.IDLE_AFTER,
        latest_sessions: int = reader.LATEST,
        lock_timeout: float = 5.0,
        on_wait: Callable[[str], None] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        path = file_of(database)
        if path is not None and not (path.is_file() or path.is_dir()):
            raise DatabaseMissing(
                f"there is no database at {path}; `aggregates migrate --database {path}` makes one"
            )
        self.database = str(database)
        self.zone: tzinfo | None = (
            zone_named(source_timezone) if isinstance(source_timezone, str) else source_timezone
        )
        self._moment = partial(
            reader.Moment,
            zone=self.zone,
            abandon_after=abandon_after,
            session_window=session_window,
            idle_after=idle_after,
        )
        self.latest_sessions = latest_sessions
        self.catalogue = configured_catalogue() if catalogue is None else catalogue
        self._database = open_database(
            self.database, lock_timeout=lock_timeout, keep_open=True, on_wait=on_wait
        )
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._resources.close()
        self._database.close()

    def agents(
        self, since: datetime | None = None, *, now: datetime | None = None
    ) -> list[reader.AgentStatistics]:
        """The agents, all-time or of the window that `since` opens; see `reader.agents`."""
        with self._reading() as connection:
            return reader.agents(connection, self._at(now), since)

    def running(self, now: datetime | None = None) -> list[reader.RunningRun]:
        """The runs that started, have not ended and are not abandoned, oldest first."""
        with self._reading() as connection:
            return reader.running(connection, self._at(now))

    def hourly(
        self, since: datetime, until: datetime | None = None, *, agent: str | None = None
    ) -> list[reader.HourPoint]:
        """One point for each whole hour that [since, until) touches; `until` is now by default.

        With `agent` only the runs of that agent are counted.
        """
        with self._reading() as connection:
            return reader.hourly(connection, since, until, agent=agent, zone=self.zone)

    def sessions(
        self,
        limit: int = reader.LATEST,
        *,
        state: Literal["active", "abandoned"] | None = None,
        since: datetime | None = None,
        agent: str | None = None,
        now: datetime | None = None,
    ) -> list[reader.SessionStatistics]:
        """The latest sessions by start, newest first; with `state` only those that are in it.

        `since` leaves out what started earlier, `agent` what it has no invocation in.
        """
        with self._reading() as connection:
            return reader.sessions(
                connection, self._at(now), limit, state=state, since=since, agent=agent
            )

    def session(self, session: str, *, now: datetime | None = None) -> reader.Timeline:
        """The session whose id is, or alone begins with, `session`: its runs and tool uses.

        Raises NoSuchSession or AmbiguousSession.
        """
        with self._reading() as connection:
            return reader.timeline(connection, self._at(now), session)

    def tools(self, *, agent: str | None = None) -> list[reader.ToolStatistics]:
        """Each tool of each agent, or of one, all-time, most uses first."""
        with self._reading() as connection:
            return reader.tools(connection, agent=agent)

    def agent_tools(self, *, agent: str | None = None) -> list[reader.AgentTools]:
        """All tools of each agent, or of one, all-time, most uses first."""
        with self._reading() as connection:
            return reader.agent_tools(connection, agent=agent)

    def totals(self) -> dict[str, int]:
        """The totals by name."""
        with self._reading() as connection:
            return reader.totals(connection)

    def collect(self, now: datetime | None = None) -> reader.Collection:
        """Everything that a collector shows, from one snapshot."""
        with self._reading() as connection:
            return reader.collect(connection, self._at(now), latest_sessions=self.latest_sessions)

    def metrics(self, now: datetime | None = None) -> tuple[reader.Metrics, Health]:
        """What a scrape shows, and how well the database is kept, from one snapshot."""
        with self._reading() as connection:
            found = reader.metrics(connection, self._at(now), latest_sessions=self.latest_sessions)
            return found, health(driver(connection), self._kept(connection).sources)

    def marks(self) -> Marks | None:
        """Texts that are remembered beside the database; None where there is no place for them.

        They are open as long as the store.
        """
        marks = self._database.marks()
        if marks is not None:
            self._resources.callback(marks.close)
        return marks

    def overview(self, now: datetime | None = None) -> Overview:
        """Everything that a page shows: a collection, seven days, timelines, and the status."""
        moment = self._at(now)
        now, since = moment.now, moment.now - timedelta(hours=24 * _DAYS - 1)
        with self._reading() as connection:
            return Overview(
                collection=reader.collect(connection, moment, latest_sessions=self.latest_sessions),
                hours=tuple(reader.hourly(connection, since, now, zone=self.zone)),
                agent_hours=reader.hourly_by_agent(connection, since, now, zone=self.zone),
                timelines=tuple(
                    reader.timelines(connection, moment, _SESSIONS_DRAWN, latest=_RUNS_DRAWN)
                ),
                status=inspecting.inspect(connection, self._kept(connection).sources),
                keeping=keeping(driver(connection)),
            )

    def to_pandas(self, table: str) -> pandas.DataFrame:
        """A table or view of ours, as the data dictionary describes it, in a pandas DataFrame.

        Canonical times are `datetime64`: naive ones in the source zone, those in UTC aware; an hour
        or a day that is not known (`''`) is NaT. Integers stay integers, `Int64` where some are
        NULL. Needs the extra `pandas`. Raises AggregatesError for a name that is not ours.
        """
        with self._reading() as connection:
            return frame(connection, self._kept(connection), table)

    def status(self) -> inspecting.Inspection:
        """What is installed, compared with what should be. Changes nothing."""
        with self._reading() as connection:
            return inspecting.inspect(connection, self._kept(connection).sources)

    def unreadable_times(self) -> tuple[reader.UnreadableTimes, ...]:
        """Rows of each source whose start or end is there and does not parse."""
        with self._reading() as connection:
            return reader.unreadable_times(connection, reader.totals(connection))

    def keeping(self) -> Keeping:
        """Which process does the upkeep, and which of its work gets no lock."""
        with explained(self.database), self._database.own_connection() as connection:
            return keeping(connection)

    def verify(
        self,
        progress: Progress | None = None,
        *,
        tables: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        budget: float | None = None,
    ) -> repairing.VerifyResult:
        """Compare aggregates with their recomputation. Writers may go on writing.

        `tables` are all by default. With `since` or `until` only hours, days and times of that
        window are compared, of the tables that have such. After `budget` seconds it ends; the next
        call with a budget goes on, until everything is compared: `is_complete`.
        """
        with explained(self.database):
            return repairing.verify(
                self._database,
                self._installed(),
                progress,
                tables=tables,
                window=self._window(since, until),
                budget=budget,
            )

    def repair(
        self,
        progress: Progress | None = None,
        *,
        tables: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        budget: float | None = None,
    ) -> repairing.VerifyResult:
        """Verify, and make the drifted keys right; the drifts in the result are those repaired."""
        with explained(self.database):
            return repairing.repair(
                self._database,
                self._installed(),
                progress,
                tables=tables,
                window=self._window(since, until),
                budget=budget,
            )

    def rebuild(
        self,
        progress: Progress | None = None,
        *,
        tables: Sequence[str] = (),
        dry_run: bool = False,
    ) -> repairing.VerifyResult:
        """Recompute whole aggregates, all by default; readers see the old ones until then."""
        with explained(self.database):
            return rebuilding.rebuild(
                self._database, self._installed(), progress, tables=tables, dry_run=dry_run
            )

    def check_installed(self) -> None:
        """Raise SchemaMismatch where what is right now may be wrong after the next write.

        It names the first step of those that `status` has.
        """
        with explained(self.database):
            inspecting.check_installed(self._database, self.catalogue.sources)

    def reinstall(self) -> list[str]:
        """Put triggers and views back; nothing is believed then until it has been verified.

        Answers the names of tables that were gone, and are empty now: rebuild them.
        """
        with explained(self.database):
            return reinstalling.reinstall(self._database, self.catalogue.sources)

    def changes(
        self, name: str, source: str = "agent_invocations", *, start: Beginning = "newest"
    ) -> Consumer:
        """The consumer of that name, made where it is not there; open until the store is closed.

        A new one takes the rows that are there as given, and begins after the newest entry of the
        log, or with the oldest one that it still holds. Raises AggregatesError for an unknown
        source.
        """
        with explained(self.database):
            check_revision(self._database)
            connection = self._resources.enter_context(self._database.own_connection())
            return Consumer(connection, self._source(source), name, start)

    def log(self, source: str = "agent_invocations") -> Log:
        """The change log of a source, to be read from any position; open as long as the store."""
        with explained(self.database):
            check_revision(self._database)
            connection = self._resources.enter_context(self._database.own_connection())
            return Log(connection, self._source(source))

    def consumers(self) -> list[ConsumerStatus]:
        """All consumers of the change logs, by name."""
        with explained(self.database):
            check_revision(self._database)
            with self._database.own_connection() as connection:
                return list_consumers(connection, as_installed(connection, self.catalogue).sources)

    def upkeep(self, schedule: Schedule, beat: upkeep.Beat) -> upkeep.Upkeep:
        """What `run` does beside collecting; a context."""
        return upkeep.Upkeep(self._database, self.catalogue, schedule, beat)

    def declared(self, label: str | None = None) -> list[Difference]:
        """Where the database differs from what an application declares, of one label at least."""
        with self._reading() as connection:
            return differences(driver(connection), self.catalogue, label)

    def _kept(self, connection: Connection) -> Catalogue:
        """The catalogue without what is declared otherwise than the database keeps it."""
        return as_installed(driver(connection), self.catalogue)

    def _installed(self) -> Catalogue:
        with self._database.reading() as connection:
            return self._kept(connection)

    def _source(self, name: str) -> Source:
        for source in self.catalogue.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.catalogue.sources)
        raise AggregatesError(f"{name} is no source; there are {known}")

    def _window(self, since: datetime | None, until: datetime | None) -> Window | None:
        if since is None and until is None:
            return None
        canonical = (
            None
            if moment is None
            else reader.wall_clock(moment, self.zone).isoformat(timespec="milliseconds")
            for moment in (since, until)
        )
        return Window(*canonical)

    def _at(self, now: datetime | None) -> reader.Moment:
        return self._moment() if now is None else self._moment(now)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with explained(self.database), self._database.reading() as connection:
                yield connection
        except SchemaMismatch:
            # What is missing is a whole revision, perhaps.
            with explained(self.database):
                check_revision(self._database)
            raise


def configured_catalogue() -> Catalogue:
    """What ships, and what an application declares, where the working directory says so."""
    own = configuration()
    return with_own(shipped, own.declared() if own else None)


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that IANA name; AggregatesError where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise AggregatesError(
            f"{name!r} is not a time zone; use a name such as Europe/Berlin"
        ) from error
