"""The command line.

The result goes to stdout, everything else to stderr. Exit status: 0 well, 1 error, 2 usage,
3 drift found, 4 schema or triggers not as they should be, 10 no such database, 11 locked.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import SQLAlchemyError

from aggregates import __version__, freeze, migration, render, sample
from aggregates.as_json import plain, print_json
from aggregates.errors import AggregatesError, DatabaseLocked
from aggregates.reader import ABANDON_AFTER
from aggregates.reconcile import VerifyResult
from aggregates.stopping import StopSignal
from aggregates.store import Store, explained, sqlite_path

DRIFT_FOUND = 3
NOT_AS_IT_SHOULD_BE = 4
_DATABASE_VARIABLES = ("AGGREGATES_DATABASE_URL", "DATABASE_URL")
_ZONE_VARIABLE = "AGGREGATES_SOURCE_TIMEZONE"
_MAX_ABANDON_HOURS = 24 * 3650
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass
class Settings:
    """The options that every command shares; they may stand before or after its name."""

    database: str | None = None
    source_timezone: ZoneInfo | None = None
    abandon_after: timedelta = ABANDON_AFTER
    verbose: bool = False

    def named_database(self) -> str:
        """The database of the option, else of the environment; a usage error if there is none."""
        found = self.database or next(filter(None, map(os.environ.get, _DATABASE_VARIABLES)), None)
        if not found:
            raise click.UsageError(
                "no database named: use --database with a URL or a path, or set "
                + " or ".join(_DATABASE_VARIABLES)
            )
        return found

    def store(self) -> Store:
        """The store of the database named."""
        zone = self.source_timezone
        if zone is None and (zone_name := os.environ.get(_ZONE_VARIABLE)):
            zone = _zone(zone_name)
        return Store(self.named_database(), source_timezone=zone, abandon_after=self.abandon_after)


class Commands(click.Group):
    """A group whose commands end an error in one line and an exit status of its own."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what it raises into `error: ...` on stderr and a status."""
        # Made here, before a command's own context, so that options of both reach the same one.
        settings = ctx.ensure_object(Settings)
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise
        except (AggregatesError, SQLAlchemyError, OSError) as error:
            if settings.verbose:
                traceback.print_exc()
            click.echo(f"error: {render.line(error)}", err=True)
            ctx.exit(getattr(error, "exit_status", 1))


def _zone(zone_name: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone_name)
    except (ValueError, OSError, KeyError) as error:
        raise click.BadParameter(
            f"{zone_name!r} is not a time zone; use a name such as Europe/Berlin"
        ) from error


def _shared(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and not ctx.resilient_parsing:
        setattr(ctx.ensure_object(Settings), str(parameter.name), value)


def _read_zone(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    _shared(ctx, parameter, None if value is None else _zone(value))


def _read_hours(ctx: click.Context, parameter: click.Parameter, value: float | None) -> None:
    _shared(ctx, parameter, None if value is None else timedelta(hours=value))


def shared_options(command: Command) -> Command:
    """Options of every command."""
    for decorate in (
        click.option(
            "--verbose",
            is_flag=True,
            default=None,
            expose_value=False,
            callback=_shared,
            help="Show the traceback of an error.",
        ),
        click.option(
            "--abandon-after",
            type=click.FloatRange(0, _MAX_ABANDON_HOURS, min_open=True),
            expose_value=False,
            callback=_read_hours,
            metavar="HOURS",
            help="A run that has not ended after this long is abandoned.  [default: 6]",
        ),
        click.option(
            "--source-timezone",
            expose_value=False,
            callback=_read_zone,
            metavar="ZONE",
            help="Zone of the naive times in the database, else $AGGREGATES_SOURCE_TIMEZONE."
            "  [default: the system's]",
        ),
        click.option(
            "--database",
            expose_value=False,
            callback=_shared,
            metavar="URL|PATH",
            help="The database, else $AGGREGATES_DATABASE_URL, else $DATABASE_URL.",
        ),
    ):
        command = decorate(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
pass_settings = click.make_pass_decorator(Settings, ensure=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aggregates")
@shared_options
def main() -> None:
    """Exact aggregates of AI-agent runs, kept by triggers inside the agents' own database.

    Exit status: 0 well, 1 error, 2 usage, 3 drift found, 4 schema or triggers not as they should
    be, 10 no such database, 11 locked.
    """
    # A name that the terminal's encoding lacks must not end a command half way.
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")


@main.command("sample")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="Rows of agent_invocations.",
)
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Days of history.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed makes the same sample."
)
@click.option(
    "--row-bytes",
    type=click.IntRange(min=0),
    default=1400,
    show_default=True,
    help="Average size of a row.",
)
@shared_options
def sample_command(path: Path, rows: int, days: int, seed: int, row_bytes: int) -> None:
    """Write a sample database of ROWS rows to PATH, as agents' hooks would have."""
    _write_sample(path, rows=rows, days=days, seed=seed, row_bytes=row_bytes)
    click.echo(f"{path}: {rows:,} rows")


@main.command("migrate")
@click.option(
    "--journal-mode",
    type=click.Choice(["wal", "keep"]),
    help="Switch SQLite to WAL, in which readers block no writer, or leave the mode alone."
    "  [default: wal on the first migration, then keep]",
)
@shared_options
@pass_settings
def migrate_command(settings: Settings, journal_mode: migration.JournalMode | None) -> None:
    """Install or upgrade the aggregates, and fill them from the history.

    Makes the database if it is not there. Writers may go on writing. Every program that writes
    to the file needs SQLite 3.24 or newer from then on.
    """
    _migrate(settings.named_database(), journal_mode=journal_mode)
    with settings.store() as store:
        status = store.status()
    click.echo(f"{store.database}: revision {status.revision}, journal mode {status.journal_mode}")


@main.command("downgrade")
@click.option("--drop-columns", is_flag=True, help="Drop the column updated_at too (SQLite 3.35).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
@pass_settings
def downgrade_command(settings: Settings, drop_columns: bool, yes: bool) -> None:
    """Remove everything that `migrate` installed; the source tables' data stays.

    Holds the lock for writing while it does: for less than a second, but --drop-columns writes the
    whole table again. Stop the hooks of a large database first.
    """
    with settings.store() as store:
        database = store.database
    if not yes:
        click.confirm(
            f"Remove all aggregates and the change log from {database}?", abort=True, err=True
        )
    with explained(database):
        migration.downgrade(database, drop_columns=drop_columns)
    click.echo(f"{database}: aggregates removed")


@main.command("status")
@json_option
@shared_options
@pass_settings
@click.pass_context
def status_command(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    """Compare what is installed with what should be; exit status 4 where they differ.

    JSON: ok, revision, head, filling, journal_mode, findings [kind, table, name, detail].
    """
    with settings.store() as store:
        status = store.status()
    if as_json:
        print_json({"ok": status.ok, **plain(status)})
    else:
        render.show_inspection(render.console(), status)
    if not status.ok:
        ctx.exit(NOT_AS_IT_SHOULD_BE)


@main.command("collect")
@json_option
@shared_options
@pass_settings
def collect_command(settings: Settings, as_json: bool) -> None:
    """Read all metrics once, from one snapshot.

    JSON: at (UTC), totals {name: value}, agents (as `report agents`), running [invocation_id,
    session_id, agent_name, phase, start_time, age_ms], hours (as `report hours`, the last 24).
    """
    with settings.store() as store:
        collection = store.collect()
    if as_json:
        print_json(collection)
    else:
        render.show_collection(render.console(), collection)


@main.group("report")
def report_group() -> None:
    """Report on agents or on hours."""


@report_group.command("agents")
@click.option(
    "--since",
    metavar="TIME|AGE",
    help="Only runs that started since this ISO time (naive: in the source zone) or age: 24h, 7d.",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most this many agents.")
@json_option
@shared_options
@pass_settings
def report_agents_command(
    settings: Settings, since: str | None, limit: int | None, as_json: bool
) -> None:
    """Runs, success rate, durations and tokens of each agent, most runs first.

    A window begins at a whole hour; its percentiles are those of the whole days it touches.

    JSON, a list of: agent_name, invocations, succeeded, failed, ended, success_rate (0 to 1, null
    where nothing ended), in_flight, running, abandoned, sessions (null in a window),
    duration_count, mean_duration_ms, p50_ms, p90_ms, p95_ms, p99_ms, tokens, tool_calls,
    first_start (null if before the window), last_start, updated_at (UTC).
    """
    begin = None if since is None else _moment(since)
    with settings.store() as store:
        agents = store.agents(begin)[:limit]
    if as_json:
        print_json(agents)
    else:
        render.show_agents(render.console(), agents)


@report_group.command("hours")
@click.option(
    "--hours",
    type=click.IntRange(1, 24 * 366),
    default=24,
    show_default=True,
    help="How many, the current one included.",
)
@json_option
@shared_options
@pass_settings
def report_hours_command(settings: Settings, hours: int, as_json: bool) -> None:
    """Runs, durations and tokens of each hour, by start.

    JSON, a list of: hour (in the source zone), invocations, succeeded, failed, duration_count,
    duration_ms_sum, tokens, tool_calls.
    """
    now = datetime.now(UTC)
    with settings.store() as store:
        points = store.hourly(now - timedelta(hours=hours - 1), now)
    if as_json:
        print_json(points)
        return
    out = render.console()
    render.show_sparkline(out, points)
    out.print(render.hours_table(points))


@main.command("verify")
@click.option("--repair", is_flag=True, help="Make the drifted keys right.")
@json_option
@shared_options
@pass_settings
@click.pass_context
def verify_command(ctx: click.Context, settings: Settings, repair: bool, as_json: bool) -> None:
    """Compare the aggregates with the history; exit status 3 where they differ.

    JSON: ok (no drift is left), repaired, rows_read, seconds, drifts [table, key, column, stored,
    right].
    """
    result = _reconcile(settings, repair=repair, as_json=as_json)
    if result.drifts and not repair:
        ctx.exit(DRIFT_FOUND)


@main.command("repair")
@json_option
@shared_options
@pass_settings
def repair_command(settings: Settings, as_json: bool) -> None:
    """Compare the aggregates with the history, and make the drifted keys right.

    JSON: as `verify`; the drifts are those that were repaired.
    """
    _reconcile(settings, repair=True, as_json=as_json)


@main.command("revision")
@click.option("--message", "-m", required=True, help="What the revision adds, in a few words.")
@shared_options
def revision_command(message: str) -> None:
    """Freeze what the catalogue says, and no revision says yet, into a revision's SQL.

    For those who work on the catalogue, in a checkout: review the files, then commit them.
    """
    path = freeze.write_revision(message)
    click.echo("head says what the catalogue says" if path is None else str(path))


@main.command("run")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 86_400),
    default=15,
    show_default=True,
    help="Seconds from one collection to the next.",
)
@click.option("--once", is_flag=True, help="Collect once and end.")
@click.option("--migrate", is_flag=True, help="Install or upgrade the aggregates first.")
@click.option(
    "--sample",
    "sample_rows",
    type=click.IntRange(min=0),
    metavar="ROWS",
    help="Where there is no database, write a sample one of so many rows first.",
)
@json_option
@shared_options
@pass_settings
def run_command(
    settings: Settings,
    interval: float,
    once: bool,
    migrate: bool,
    sample_rows: int | None,
    as_json: bool,
) -> None:
    """Collect every few seconds until SIGTERM or SIGINT, which end it with status 0.

    JSON: one line for each collection, as `collect`.
    """
    stop = StopSignal()
    with stop.listening():
        with stop.at_once():
            database = settings.named_database()
            path = sqlite_path(database)
            if sample_rows is not None and path is not None and not path.exists():
                _write_sample(path, rows=sample_rows)
                click.echo(f"{path}: made a sample database of {sample_rows:,} rows", err=True)
            if migrate:
                _migrate(database)
        with settings.store() as store:
            while not stop.requested:
                _collect_once(store, as_json=as_json, forgive_lock=not once)
                if once or stop.wait(interval):
                    break


def _collect_once(store: Store, *, as_json: bool, forgive_lock: bool) -> None:
    try:
        collection = store.collect()
    except DatabaseLocked as error:
        if not forgive_lock:
            raise
        click.echo(f"error: {render.line(error)}", err=True)
        return
    if as_json:
        print_json(collection, indent=None)
        return
    out = render.console()
    if out.is_terminal:
        out.clear()
    render.show_collection(out, collection)


def _write_sample(
    path: Path, *, rows: int, days: int = 30, seed: int = 1, row_bytes: int = 1400
) -> None:
    if path.exists():
        raise AggregatesError(f"{path} is there already; name another file, or remove it first")
    # Moved into place when it is whole: a sample cut short must not pass for one.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with explained(str(path)), render.progress_bar("writing") as progress:
            sample.write_sample(
                partial, rows, days=days, seed=seed, row_bytes=row_bytes, progress=progress
            )
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _migrate(database: str, *, journal_mode: migration.JournalMode | None = None) -> None:
    path = sqlite_path(database)
    is_new = path is not None and not path.exists()
    with explained(database), render.progress_bar("filling") as progress:
        migration.upgrade(database, progress=progress, journal_mode=journal_mode)
    if is_new:
        click.echo(f"{path}: made a new database", err=True)


def _reconcile(settings: Settings, *, repair: bool, as_json: bool) -> VerifyResult:
    with settings.store() as store, render.progress_bar("verifying") as progress:
        result = store.repair(progress) if repair else store.verify(progress)
    if as_json:
        print_json({"ok": repair or not result.drifts, "repaired": repair, **plain(result)})
    else:
        render.show_verification(render.console(), result, repaired=repair)
    return result


def _moment(text: str) -> datetime:
    """An ISO time, or the moment that lies an age such as `24h` before now."""
    try:
        if age := re.fullmatch(r"(\d{1,6})([mhdw])", text.strip()):
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        return datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text!r} is neither an ISO time nor an age such as 24h or 7d", param_hint="--since"
        ) from error
