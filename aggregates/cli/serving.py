"""Commands for Prometheus and Grafana: the server, and the dashboards that show what it says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import click

from aggregates.cli.databases import migrate
from aggregates.cli.readings import schedule_of, schedule_options, sessions_option, told_to
from aggregates.cli.settings import (
    Bounded,
    Command,
    Settings,
    pass_settings,
    shared_options,
)
from aggregates.errors import AggregatesError, DatabaseMissing
from aggregates.running.background import Rounds
from aggregates.running.stopping import StopSignal
from aggregates.running.upkeep import log
from aggregates.store import Store

_EXTRA = "aggregates serve needs the extra: pip install 'agent-aggregates[prometheus]'"
_DEFAULT = "127.0.0.1:19186"
"""Of 9100 to 9999, the range of Prometheus' list of exporters' ports, none is left."""
_LOCK_SECONDS = 2.0
"""Prometheus gives up after 10 s, in which a scrape may have to wait for two readings."""
_LEVELS = ["debug", "info", "warning", "error", "critical"]


def _old_options(command: Command) -> Command:
    """Options of the exporter that this replaces."""
    for decorate in (
        click.option(
            "--interval",
            type=str,
            metavar="SECONDS",
            help="Ignored: each scrape reads the database as it is then.",
        ),
        click.option(
            "--log-level",
            type=click.Choice(_LEVELS, case_sensitive=False),
            default="info",
            show_default=True,
            help="What is told on stderr.",
        ),
        click.option("--db", metavar="URL|PATH", help="The same as --database."),
        click.option(
            "--port",
            type=click.IntRange(0, 65_535),
            help="Listen on 127.0.0.1 and this port; 0 is any that is free.",
        ),
    ):
        command = decorate(command)
    return command


@click.command("serve")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help=f"Where to listen; [::1]:PORT for IPv6.  [default: {_DEFAULT}]",
)
@click.option(
    "--web-config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TLS and passwords, in the form of Prometheus' own web configuration files.",
)
@click.option(
    "--insecure-listen",
    is_flag=True,
    help="Listen beyond this machine, and to any name, although anybody may then read.",
)
@click.option("--migrate", "is_to_migrate", is_flag=True, help="Install or upgrade first.")
@click.option(
    "--reconcile",
    is_flag=True,
    help="Do what `run` does beside collecting: consume, prune, verify, repair and rebuild.",
)
@click.option(
    "--reconcile-every",
    type=Bounded(0.1, 86_400),
    default=15,
    show_default=True,
    metavar="SECONDS",
    help="From one round of that to the next.",
)
@click.option(
    "--hash-sessions",
    is_flag=True,
    help="Show the beginning of a hash instead of that of a session's id.",
)
@_old_options
@sessions_option
@schedule_options
@shared_options
@pass_settings
def serve_command(
    settings: Settings,
    /,
    listen: str | None,
    web_config: Path | None,
    insecure_listen: bool,
    is_to_migrate: bool,
    reconcile: bool,
    reconcile_every: float,
    hash_sessions: bool,
    port: int | None,
    db: str | None,
    log_level: str,
    interval: str | None,
    sessions: int,
    **schedule: Any,
) -> None:
    """Serve all metrics to Prometheus, until SIGTERM or SIGINT, which end it with status 0.

    `/metrics` in the text format or as OpenMetrics, `/healthz`, and a page at `/`. Where the
    database cannot be read, `agent_workflow_up` is 0. Durations of sessions, and how their runs
    overlap, are kept by `run`, or by --reconcile.
    """
    if interval is not None:
        click.echo(
            "warning: --interval is ignored: each scrape reads the database as it is then", err=True
        )
    if listen is not None and port is not None:
        raise click.UsageError("--listen and --port exclude each other")
    if db is not None and settings.database not in (None, db):
        raise click.UsageError("--db and --database name different databases")
    # Not as the command line is loaded: without the extra, all other commands work.
    try:
        from aggregates.faces.prometheus import server, webconfig
        from aggregates.faces.prometheus.collector import Collector
    except ModuleNotFoundError as error:
        raise AggregatesError(f"{_EXTRA} ({error})") from error
    chosen = replace(settings, database=db or settings.database)
    host, number = _address(listen or (_DEFAULT if port is None else f"127.0.0.1:{port}"))
    config = webconfig.WebConfig() if web_config is None else webconfig.load(web_config)
    for note in config.notes:
        click.echo(f"warning: {note}", err=True)
    if not (insecure_listen or server.is_loopback(host)):
        if not config.protects:
            raise AggregatesError(
                f"{host} can be reached from other machines, and nobody would have to name a"
                " password: name a file with basic_auth_users by --web-config, or listen on"
                " 127.0.0.1, or say --insecure-listen"
            )
        if not config.tls:
            click.echo(
                f"warning: {web_config}: without tls_server_config whoever is on the way to {host}"
                " reads the passwords too",
                err=True,
            )
    stop = StopSignal()
    with stop.listening(), ExitStack() as stack:
        stack.enter_context(told_to(logging.StreamHandler()))
        stack.enter_context(_at_level(log_level))
        with stop.at_once():
            if is_to_migrate:
                migrate(chosen.named_database())
            store = stack.enter_context(
                chosen.store(latest_sessions=sessions, lock_timeout=_LOCK_SECONDS)
            )
            _try(lambda: _look(store, reconcile=reconcile))
            serving = server.Server(
                store,
                host,
                number,
                collector=Collector(store, hash_sessions=hash_sessions),
                config=config,
                is_open=insecure_listen,
            )
        stack.callback(serving.server_close)
        threading.Thread(
            target=serving.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        ).start()
        stack.callback(serving.shutdown)
        if reconcile:
            of_rounds = stack.enter_context(chosen.store())
            planned = schedule_of(**schedule)
            rounds = Rounds(
                of_rounds.database,
                lambda beat: of_rounds.upkeep(planned, beat),
                reconcile_every,
            )
            stack.enter_context(rounds)
        log.info("listening on %s", serving.url)
        while not stop.wait(3600):
            pass


@click.command("dashboards")
@click.argument("path", type=click.Path(file_okay=False, path_type=Path))
@shared_options
def dashboards_command(path: Path) -> None:
    """Write dashboards for Grafana, and rules with alerts for Prometheus, into the folder PATH.

    Files that are there are overwritten.
    """
    folder = resources.files("aggregates.faces.prometheus") / "dashboards"
    files = {path / file.name: file for file in folder.iterdir()}
    written = path
    try:
        path.mkdir(parents=True, exist_ok=True)
        for written, file in files.items():
            written.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise AggregatesError(
            f"{written} cannot be written: {error.strerror}; name another folder"
        ) from error
    for written in sorted(files):
        click.echo(written)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--listen")
    return host or "0.0.0.0", int(port)


def _look(store: Store, *, reconcile: bool) -> None:
    """Raise what a scrape would, and tell what it would miss."""
    store.totals()
    if not reconcile and store.keeping().owner is None:
        log.warning(
            "durations of sessions, and proofs, are kept by `aggregates run`, which does not run"
            " here: let it, or add --reconcile"
        )


def _try(reading: Callable[[], object]) -> None:
    """Say at once what is wrong with a database that is there; it may be put right meanwhile."""
    try:
        reading()
    except DatabaseMissing:
        raise
    except AggregatesError as error:
        log.warning("%s", error)


@contextmanager
def _at_level(name: str) -> Iterator[None]:
    before = log.level
    log.setLevel(name.upper())
    try:
        yield
    finally:
        log.setLevel(before)


COMMANDS = (serve_command, dashboards_command)
