"""Commands that read all metrics: once, every few seconds, or on a live screen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.live import Live

from aggregates import render
from aggregates.changes.pruning import Retention
from aggregates.cli.as_json import print_json
from aggregates.cli.databases import migrate, write_sample
from aggregates.cli.output import json_option
from aggregates.cli.proofs import NOT_AS_IT_SHOULD_BE
from aggregates.cli.settings import (
    Bounded,
    Command,
    Settings,
    hours_range,
    pass_settings,
    shared_options,
    wait_option,
)
from aggregates.engines import explained, file_of, shown
from aggregates.errors import DatabaseLocked, DatabaseReplaced, DatabaseVanished
from aggregates.proving.findings import Finding
from aggregates.reader import LATEST, Collection
from aggregates.render.collections import screen, show_collection
from aggregates.running.schedule import Schedule
from aggregates.running.stopping import StopSignal
from aggregates.running.upkeep import Upkeep, log
from aggregates.store import Store

_MAX_DAYS = 3650
sessions_option = click.option(
    "--sessions",
    type=click.IntRange(0, 10_000),
    default=LATEST,
    show_default=True,
    help="How many of the latest sessions to read.",
)


def schedule_options(command: Command) -> Command:
    """When what is due beside collecting."""
    schedule = Schedule()

    def hours(name: str, value: timedelta, text: str) -> Callable[[Command], Command]:
        return click.option(
            name,
            type=hours_range,
            default=value / timedelta(hours=1),
            show_default=True,
            metavar="HOURS",
            help=text,
        )

    for decorate in (
        click.option(
            "--retain-entries",
            type=click.IntRange(0),
            default=schedule.retention.entries,
            show_default=True,
            help="Entries of a change log that are kept although every consumer has taken them.",
        ),
        click.option(
            "--retain-days",
            type=Bounded(0, _MAX_DAYS),
            default=schedule.retention.age / timedelta(days=1),
            show_default=True,
            help="Days for which they are kept.",
        ),
        hours(
            "--stale-after",
            schedule.stale_after,
            "Verify at once, and the whole, where the last checkpoint is older than this.",
        ),
        hours("--rebuild-every", schedule.rebuild_every, "Rebuild all aggregates this often."),
        click.option(
            "--proof-share",
            type=Bounded(0, 100, min_open=True),
            default=schedule.share * 100,
            show_default=True,
            metavar="PERCENT",
            help="Of the time from one verify to the next it takes so much, and leaves the rest to"
            " the next one.",
        ),
        hours("--verify-every", schedule.verify_every, "Verify, and repair, this often."),
    ):
        command = decorate(command)
    return command


@click.command("collect")
@sessions_option
@json_option
@shared_options
@pass_settings
def collect_command(settings: Settings, sessions: int, as_json: bool) -> None:
    """Read all metrics once, from one snapshot.

    JSON: at (UTC), totals {name: value}, agents (as `report agents`), running [invocation_id,
    session_id, agent_name, phase, start_time, age_ms], hours (as `report hours`, the last 24),
    run_counts [agent_name, phase, model, status, invocations], session_totals, sessions (as `report
    sessions`), tools and agent_tools (as `report tools`).
    """
    with settings.store(latest_sessions=sessions) as store:
        collection = store.collect()
    if as_json:
        print_json(collection)
    else:
        show_collection(render.console(), collection)


@click.command("watch")
@click.option(
    "--interval",
    type=Bounded(0.1, 86_400),
    default=2,
    show_default=True,
    help="Seconds from one reading to the next.",
)
@shared_options
@pass_settings
def watch_command(settings: Settings, interval: float) -> None:
    """Show all metrics on a live screen, until Ctrl-C or SIGTERM, which end it with status 0.

    Where stdout is no terminal it prints them once and ends.
    """
    out = render.console()
    with settings.store() as store:
        if not out.is_terminal:
            show_collection(out, store.collect())
            return
        stop = StopSignal()
        with stop.listening(), told_to(_Notes()) as notes:
            _watch(out, store, stop, interval, notes)


@click.command("run")
@click.option(
    "--interval",
    type=Bounded(0.1, 86_400),
    default=15,
    show_default=True,
    help="Seconds from one collection to the next.",
)
@click.option("--once", is_flag=True, help="Collect once and end.")
@click.option("--migrate", "is_to_migrate", is_flag=True, help="Install or upgrade first.")
@click.option(
    "--sample",
    "sample_rows",
    type=click.IntRange(min=0),
    metavar="ROWS",
    help="Where there is no database, write a sample one of so many rows first.",
)
@wait_option
@sessions_option
@schedule_options
@json_option
@shared_options
@pass_settings
@click.pass_context
def run_command(
    ctx: click.Context,
    settings: Settings,
    /,
    interval: float,
    once: bool,
    is_to_migrate: bool,
    sample_rows: int | None,
    wait: float,
    sessions: int,
    as_json: bool,
    **schedule: Any,
) -> None:
    """Consume changes and collect every few seconds, until SIGTERM or SIGINT; prove on a schedule.

    Ends with status 0; with --once, with 4 where triggers or tables are not as they should be. That
    is told on stderr, as are edits of history, and drifts, which are repaired. SIGHUP begins a
    round at once. Only one process at a time consumes and proves for a database;
    others only collect. Where another file takes the place of the database, the next round is of
    that one; where the database goes, rounds wait until there is one again. --wait is for --once
    and --migrate: other rounds wait 5 s for a lock and say so, and the next one tries again.

    JSON: one line for each collection, as `collect`.
    """
    stop = StopSignal()
    with stop.listening(), told_to(logging.StreamHandler()):
        with stop.at_once():
            database = settings.named_database()
            path = file_of(database)
            if sample_rows is not None and path is not None and not path.exists():
                write_sample(path, rows=sample_rows)
                rows = render.counted(sample_rows, "row")
                click.echo(f"{path}: made a sample database of {rows}", err=True)
            if is_to_migrate:
                migrate(database, wait=wait)
        pause = None if once else interval
        while not stop.requested:
            store = settings.store(latest_sessions=sessions, wait=wait if once else None)
            try:
                for collection, findings in _rounds(store, schedule_of(**schedule), stop, pause):
                    if once and findings:
                        settings.outcome = NOT_AS_IT_SHOULD_BE
                    _show(collection, as_json=as_json)
            except DatabaseReplaced:
                if once:
                    raise
                log.warning(
                    "another file has taken the place of %s: opened anew", shown(store.database)
                )
                # Whoever copies a file there, and does not move it, may not be done yet.
                stop.wait(interval)
            else:
                break
        ctx.exit(settings.outcome)


def _rounds(
    store: Store, schedule: Schedule, stop: StopSignal, pause: float | None
) -> Iterator[tuple[Collection, list[Finding]]]:
    """What is read, and what the last inspection found, until a stop is requested.

    Only once without a pause. Raises DatabaseReplaced where all has to begin anew.
    """
    with store, store.upkeep(schedule, stop.check) as upkeep:
        while not stop.requested:
            collection = _round(store, upkeep, is_only_one=pause is None)
            if collection is not None:
                yield collection, upkeep.findings
            if pause is None or stop.wait(pause):
                break


def _watch(out: Console, store: Store, stop: StopSignal, interval: float, notes: _Notes) -> None:
    # Opened by the first reading, so that an error before it is on the ordinary screen.
    shown = screen(out, store.collect(), notes.latest)
    with Live(shown, console=out, screen=True, auto_refresh=False) as live:
        while not stop.wait(interval):
            try:
                shown = screen(out, store.collect(), notes.latest)
            except DatabaseLocked:
                continue
            live.update(shown, refresh=True)


def _round(store: Store, upkeep: Upkeep, *, is_only_one: bool) -> Collection | None:
    """What is read after a round of upkeep; None where that cannot be now, which it says."""
    try:
        with explained(store.database):
            upkeep.round(wait=is_only_one)
        return store.collect()
    except (DatabaseLocked, DatabaseVanished) as error:
        if is_only_one:
            raise
        click.echo(f"error: {render.line(error)}", err=True)
        return None


def _show(collection: Collection, *, as_json: bool) -> None:
    """A line of JSON, or tables in the place of the last ones."""
    if as_json:
        print_json(collection, indent=None)
        return
    out = render.console()
    if out.is_terminal:
        out.clear()
    show_collection(out, collection)


def schedule_of(
    verify_every: float,
    proof_share: float,
    rebuild_every: float,
    stale_after: float,
    retain_days: float,
    retain_entries: int,
) -> Schedule:
    """What the options of `schedule_options` say."""
    return Schedule(
        verify_every=timedelta(hours=verify_every),
        share=proof_share / 100,
        rebuild_every=timedelta(hours=rebuild_every),
        stale_after=timedelta(hours=stale_after),
        retention=Retention(timedelta(days=retain_days), retain_entries),
    )


_Handler = TypeVar("_Handler", bound=logging.Handler)


class _Notes(logging.Handler):
    """The latest line of the log, for a screen that shows nothing else of it."""

    latest: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, and when it was logged."""
        at = datetime.fromtimestamp(record.created)
        self.latest = f"{at:%H:%M:%S} {record.levelname} {record.getMessage()}"


@contextmanager
def told_to(handler: _Handler) -> Iterator[_Handler]:
    """Inside, what is logged goes to a handler."""
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield handler
    finally:
        log.removeHandler(handler)


COMMANDS = (collect_command, run_command, watch_command)
