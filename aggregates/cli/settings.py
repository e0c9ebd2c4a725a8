"""What all commands share: options, settings, and how an error ends a command."""

from __future__ import annotations

import os
import re
import shlex
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import isnan
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import SQLAlchemyError

from aggregates import render
from aggregates.cli.streams import flushed
from aggregates.engines import explained, is_in_memory, shown
from aggregates.errors import AggregatesError
from aggregates.installing.upgrading import WAIT
from aggregates.reader import ABANDON_AFTER, IDLE_AFTER, LATEST, SESSION_WINDOW
from aggregates.store import Store, zone_named

_DATABASE_VARIABLES = ("AGGREGATES_DATABASE_URL", "DATABASE_URL")
_ZONE_VARIABLE = "AGGREGATES_SOURCE_TIMEZONE"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ADVISED = re.compile(r"\Aaggregates .+|(?<=`)aggregates [^`]+(?=`)")
_MAX_HOURS = 24 * 3650

MAX_INTEGER = 2**63 - 1
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass
class Settings:
    """The options that every command shares; they may stand before or after its name."""

    database: str | None = None
    source_timezone: ZoneInfo | None = None
    abandon_after: timedelta = ABANDON_AFTER
    session_window: timedelta = SESSION_WINDOW
    idle_after: timedelta = IDLE_AFTER
    verbose: bool = False
    outcome: int = 0
    """the exit status of a command that ends because nobody reads on"""

    def wanted_database(self) -> str:
        """The database of the option, else of the environment; '' if there is none."""
        return self.database or next(filter(None, map(os.environ.get, _DATABASE_VARIABLES)), "")

    def named_database(self) -> str:
        """The database of the option, else of the environment; a usage error if there is none,
        or one in memory."""
        found = self.wanted_database()
        if not found:
            raise click.UsageError(
                "no database named: use --database with a URL or a path, or set "
                + " or ".join(_DATABASE_VARIABLES)
            )
        if is_in_memory(found):
            raise click.UsageError(
                f"{found} is gone when the command ends; name a file: --database agent_workflow.db"
            )
        return found

    def pasteable(self, text: str) -> str:
        """A text in which commands of ours name the database, where an option has named it."""
        if self.database is None:
            return text
        # A password is to be put back by hand: what we print goes to logs.
        option = f" --database {shlex.quote(shown(self.database))}"

        def whole(command: re.Match[str]) -> str:
            return command[0] if "--database" in command[0] else command[0] + option

        return _ADVISED.sub(whole, text)

    def store(
        self,
        *,
        latest_sessions: int = LATEST,
        lock_timeout: float = 5.0,
        wait: float | None = None,
    ) -> Store:
        """The store of the database named; with `wait` it waits so long for a lock, and says so."""
        zone = self.source_timezone
        if zone is None and (zone_name := os.environ.get(_ZONE_VARIABLE)):
            zone = _zone(zone_name)
        return Store(
            self.named_database(),
            source_timezone=zone,
            abandon_after=self.abandon_after,
            session_window=self.session_window,
            idle_after=self.idle_after,
            latest_sessions=latest_sessions,
            lock_timeout=lock_timeout if wait is None else wait,
            on_wait=None if wait is None else tell,
        )


class Commands(click.Group):
    """A group whose commands end an error in one line and an exit status of its own."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn what it raises into `error: ...` on stderr and a status."""
        # Made here, before a command's own context, so that options of both reach the same one.
        settings = ctx.ensure_object(Settings)
        try:
            with flushed(), explained(settings.wanted_database):
                return super().invoke(ctx)
        except BrokenPipeError:
            ctx.exit(settings.outcome)
        except (KeyboardInterrupt, click.Abort) as error:
            # A question turns Ctrl-C into an Abort, as if it had been denied.
            if not any(isinstance(one, KeyboardInterrupt) for one in (error, error.__context__)):
                raise
            click.echo("\nInterrupted", err=True)
            ctx.exit(INTERRUPTED)
        except (AggregatesError, SQLAlchemyError, OSError) as error:
            if settings.verbose:
                traceback.print_exc()
            click.echo(f"error: {settings.pasteable(render.line(error))}", err=True)
            ctx.exit(getattr(error, "exit_status", 1))


class Bounded(click.FloatRange):
    """A number inside a range; nan, which is in none, is refused too."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; a usage error where it is none, or outside."""
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number


class Text(click.ParamType[str]):
    """A text to be found in the database, which is in UTF-8 whatever the locale."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; a usage error where what was typed is none."""
        text = str(value)
        try:
            # What the locale could not read is in it as surrogates.
            return os.fsencode(text).decode() if _SURROGATE.search(text) else text
        except UnicodeError:
            self.fail("it is not text in UTF-8.", param, ctx)


def tell(message: str) -> None:
    """Say on stderr what happens."""
    click.echo(message, err=True)


text = Text()
hours_range = Bounded(0, _MAX_HOURS, min_open=True)
"""A duration in hours."""
wait_option = click.option(
    "--wait",
    type=Bounded(0, 86_400),
    default=WAIT,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long for a lock that another program holds.",
)
at_least_one = click.IntRange(1, MAX_INTEGER)
"""How many of something, as large as SQLite can say."""


def _zone(zone_name: str) -> ZoneInfo:
    try:
        return zone_named(zone_name)
    except AggregatesError as error:
        raise click.BadParameter(str(error)) from error


def _shared(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and not ctx.resilient_parsing:
        setattr(ctx.ensure_object(Settings), str(parameter.name), value)


def _read_zone(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    _shared(ctx, parameter, None if value is None else _zone(value))


def _read_hours(ctx: click.Context, parameter: click.Parameter, value: float | None) -> None:
    _shared(ctx, parameter, None if value is None else timedelta(hours=value))


def _read_minutes(ctx: click.Context, parameter: click.Parameter, value: float | None) -> None:
    _shared(ctx, parameter, None if value is None else timedelta(minutes=value))


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
            "--idle-after",
            type=Bounded(0, 60 * _MAX_HOURS, min_open=True),
            expose_value=False,
            callback=_read_minutes,
            metavar="MINUTES",
            help="An open session in which nothing has happened for this long is abandoned."
            "  [default: 30]",
        ),
        click.option(
            "--session-window",
            type=hours_range,
            expose_value=False,
            callback=_read_hours,
            metavar="HOURS",
            help="An open session that started this long ago is abandoned.  [default: 24]",
        ),
        click.option(
            "--abandon-after",
            type=hours_range,
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


pass_settings = click.make_pass_decorator(Settings, ensure=True)
