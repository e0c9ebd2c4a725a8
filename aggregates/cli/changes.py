"""Commands that show the change logs, and who reads them."""

from __future__ import annotations

import click

from aggregates import render
from aggregates.changes import BATCH, Change, Consumer, ConsumerStatus
from aggregates.cli.as_json import plain, print_json
from aggregates.cli.output import (
    Format,
    agent_option,
    format_options,
    json_option,
    limit_option,
    print_rows,
)
from aggregates.cli.settings import (
    MAX_INTEGER,
    Bounded,
    Settings,
    pass_settings,
    shared_options,
    text,
)
from aggregates.model.catalogue import catalogue
from aggregates.render.changes import CONSUMERS, change_line
from aggregates.running.stopping import StopSignal
from aggregates.store import Store

_SOURCES = [source.name for source in catalogue.sources]
_source_option = click.option(
    "--source",
    type=click.Choice(_SOURCES),
    default=_SOURCES[0],
    show_default=True,
    help="The table whose changes are meant.",
)


@click.command("changes")
@_source_option
@click.option(
    "--after", type=click.IntRange(0, MAX_INTEGER), metavar="SEQ", help="Begin after this entry."
)
@limit_option
@agent_option
@click.option("--session", type=text, metavar="ID", help="Only this session.")
@click.option("--edits", is_flag=True, help="Only edits of history: the row had ended before.")
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C or SIGTERM.")
@click.option(
    "--interval",
    type=Bounded(0.05, 3600),
    default=1.0,
    show_default=True,
    help="Seconds between two looks, with --follow.",
)
@click.option(
    "--consumer",
    type=text,
    metavar="NAME",
    help="Begin at the checkpoint of this consumer, and acknowledge what was gone through, shown"
    " or filtered out.",
)
@json_option
@shared_options
@pass_settings
def changes_command(
    settings: Settings,
    source: str,
    after: int | None,
    limit: int | None,
    agent: str | None,
    session: str | None,
    edits: bool,
    follow: bool,
    interval: float,
    consumer: str | None,
    as_json: bool,
) -> None:
    """Show the changes of a table, oldest first: all that the log holds, or from a position on.

    JSON, a line each: seq, operation, updated_at (UTC), key, old_key (where the key changed), old
    and new (tracked columns, null where there is no such side), edits_history.
    """
    if consumer is not None and after is not None:
        raise click.UsageError("--consumer and --after exclude each other")
    shown = _Shown(limit, agent, session, edits, as_json)
    stop = StopSignal()
    with settings.store() as store, stop.listening():
        reading = _Reading(store, source, consumer, after)
        while not stop.requested and not shown.is_enough:
            count = reading.show(shown)
            if not count and (not follow or stop.wait(interval)):
                break


@click.group("consumers")
def consumers_group() -> None:
    """List the readers of the change logs, reset or remove one."""


@consumers_group.command("list")
@format_options
@shared_options
@pass_settings
def consumers_list_command(settings: Settings, output: Format) -> None:
    """Consumers, their checkpoints, and how many entries each has not taken.

    JSON, a list of: name, source, checkpoint [seq, last_id, last_timestamp, saved_at], behind,
    is_lost (it has missed changes, and must rebuild what it keeps).
    """
    with settings.store() as store:
        print_rows(output, store.consumers(), CONSUMERS, ConsumerStatus)


@consumers_group.command("reset")
@click.argument("name", type=text)
@_source_option
@click.option("--to", default="newest", show_default=True, help="An entry, `newest` or `oldest`.")
@shared_options
@pass_settings
def consumers_reset_command(settings: Settings, name: str, source: str, to: str) -> None:
    """Move the checkpoint of a consumer, or make one of that name."""
    if to not in ("newest", "oldest") and not to.isdecimal():
        raise click.BadParameter(f"{to!r} is no entry", param_hint="--to")
    with settings.store() as store:
        consumer = store.changes(name, source)
        consumer.reset("newest" if to == "newest" else "oldest" if to == "oldest" else int(to))
        click.echo(f"{name} of {source} is at entry {consumer.checkpoint.seq}")


@consumers_group.command("remove")
@click.argument("name", type=text)
@_source_option
@shared_options
@pass_settings
def consumers_remove_command(settings: Settings, name: str, source: str) -> None:
    """Forget a consumer: the log is no longer kept for it."""
    with settings.store() as store:
        known = {(one.name, one.source) for one in store.consumers()}
        if (name, source) not in known:
            raise click.BadParameter(f"{source} has no consumer {name}", param_hint="NAME")
        store.changes(name, source).remove()
    click.echo(f"{name} of {source} removed")


class _Shown:
    """Prints the changes that were asked for."""

    def __init__(
        self, limit: int | None, agent: str | None, session: str | None, edits: bool, as_json: bool
    ) -> None:
        self.left = limit
        self._wanted = {"agent_name": agent, "session_id": session}
        self._edits = edits
        self._as_json = as_json

    @property
    def is_enough(self) -> bool:
        return self.left == 0

    def show(self, change: Change) -> None:
        if not self._is_wanted(change):
            return
        if self._as_json:
            print_json(plain(change) | {"edits_history": change.edits_history}, indent=None)
        else:
            click.echo(render.line(change_line(change)))
        if self.left is not None:
            self.left -= 1

    def _is_wanted(self, change: Change) -> bool:
        if self._edits and not change.edits_history:
            return False
        sides = [side for side in (change.old, change.new) if side is not None]
        return all(
            wanted is None or any(_key(side.get(column)) == wanted for side in sides)
            for column, wanted in self._wanted.items()
        )


def _key(value: object) -> object:
    """A column without a type keeps an integer, which is its decimal text in every table."""
    return str(value) if isinstance(value, int) else value


class _Reading:
    """Goes through a log, from a checkpoint or from a position."""

    def __init__(self, store: Store, source: str, consumer: str | None, after: int | None) -> None:
        self._consumer: Consumer | None = None
        if consumer is not None:
            self._consumer = store.changes(consumer, source)
        self._log = store.log(source)
        self._after = self._log.ends()[0] - 1 if after is None else after

    def show(self, shown: _Shown) -> int:
        """The next batch; how many changes it had."""
        if self._consumer is not None:
            # Only what was gone through is acknowledged: so no batch is larger than what is left.
            batch = self._consumer.poll(min(BATCH, shown.left or BATCH))
            for change in batch:
                shown.show(change)
            self._consumer.acknowledge(batch)
            return len(batch)
        changes = self._log.read(self._after, BATCH)
        for change in changes:
            if shown.is_enough:
                break
            shown.show(change)
        self._after = changes[-1].seq if changes else self._after
        return len(changes)


COMMANDS = (changes_command, consumers_group)
