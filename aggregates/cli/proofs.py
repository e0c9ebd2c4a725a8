"""Commands that prove: what is installed, and that the aggregates agree with the history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from aggregates import render
from aggregates.cli.as_json import plain, print_json
from aggregates.cli.output import json_option
from aggregates.cli.settings import (
    Bounded,
    Command,
    Settings,
    pass_settings,
    shared_options,
    text,
    wait_option,
)
from aggregates.cli.times import since_option
from aggregates.configuration import configuration
from aggregates.proving.findings import Finding
from aggregates.proving.inspecting import Inspection
from aggregates.proving.repairing import VerifyResult
from aggregates.render.proofs import show_inspection, show_verification

DRIFT_FOUND = 3
NOT_AS_IT_SHOULD_BE = 4


@click.command("status")
@json_option
@shared_options
@pass_settings
@click.pass_context
def status_command(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    """Compare what is installed with what should be; exit status 4 where they differ.

    JSON: ok, revision, head, filling, journal_mode, findings and warnings [kind, table, name,
    detail, steps, making], steps (what to do, in order: commands, and SQL), proofs [kind,
    started_at (UTC), seconds, rows_read, drifts, is_complete], consumers (as `consumers list`),
    proved_at (UTC: when the whole was last proved), last_round [began_at, ended_at, seconds, runs,
    rows_read] (how long that takes), mapping [name, table, is_filled] (whose runs are kept, where
    a mapping does), open_round [began_at, ran_at, seconds, runs, rows_read,
    positions {source: entry}], upkeep [owner, expires_at, is_late, lock_waits [work, began_at,
    ended_at]] (the process that does it, and what got no lock for long), unreadable_times [source,
    rows, example, accepted] (rows with a start or an end that is there and does not parse).
    """
    with settings.store() as store:
        status, keeping = _pasteable(settings, store.status()), store.keeping()
        unreadable = store.unreadable_times() if status.ok else ()
    settings.outcome = 0 if status.ok else NOT_AS_IT_SHOULD_BE
    if as_json:
        also = {"upkeep": keeping, "unreadable_times": unreadable}
        print_json({"ok": status.ok, **plain(status), **also})
    else:
        show_inspection(render.console(), status, keeping, unreadable)
    ctx.exit(settings.outcome)


def _pasteable(settings: Settings, found: Inspection) -> Inspection:
    """The same with steps that can be taken as they stand."""

    def step(text: str) -> str:
        # Whoever pastes several at once into a shell of SQL has to end each.
        is_sql = not text.startswith(("aggregates ", "--")) and not text.endswith(";")
        return f"{text};" if is_sql else settings.pasteable(text)

    def whole(findings: Iterable[Finding]) -> list[Finding]:
        return [
            replace(
                one,
                detail=settings.pasteable(one.detail),
                steps=tuple(map(step, one.steps)),
            )
            for one in findings
        ]

    return replace(
        found,
        findings=whole(found.findings),
        warnings=whole(found.warnings),
        steps=list(map(step, found.steps)),
    )


@click.command("check")
@json_option
@shared_options
@pass_settings
@click.pass_context
def check_command(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    """Compare the database with what is declared; exit status 4 where they differ.

    That is what ships, and what `aggregates.toml` or `pyproject.toml` names of your own.

    JSON: ok, differences [owner, name, how (new, changed, gone, filling)], findings (as `status`).
    """
    own = configuration()
    with settings.store() as store:
        differences = store.declared(own.label if own else None)
        findings = [one for one in store.status().findings if not one.is_doubt]
    settings.outcome = NOT_AS_IT_SHOULD_BE if differences or findings else 0
    if as_json:
        found = {"differences": differences, "findings": findings}
        print_json({"ok": not settings.outcome, **plain(found)})
    else:
        for one in [*differences, *findings]:
            click.echo(one)
        if differences:
            click.echo(
                "`aggregates revision -m …` writes what is missing, and `aggregates migrate` runs"
                " it",
                err=True,
            )
        if not settings.outcome:
            click.echo("the database holds what is declared")
    ctx.exit(settings.outcome)


def _scope_options(command: Command) -> Command:
    """What is to be compared."""
    for decorate in (
        click.option(
            "--budget",
            type=Bounded(0),
            metavar="SECONDS",
            help="End after so long; the next run with a budget goes on, until all is compared.",
        ),
        since_option("Only hours, days and times before this.", "--until"),
        since_option("Only hours, days and times from this ISO time or age on: 24h, 7d."),
        click.option(
            "--table",
            "tables",
            type=text,
            multiple=True,
            metavar="NAME",
            help="Only this table; repeatable.",
        ),
        wait_option,
    ):
        command = decorate(command)
    return command


@click.command("verify")
@click.option("--repair", is_flag=True, help="Make the drifted keys right.")
@_scope_options
@json_option
@shared_options
@pass_settings
@click.pass_context
def verify_command(
    ctx: click.Context, settings: Settings, /, repair: bool, as_json: bool, **scope: Any
) -> None:
    """Compare the aggregates with the history; exit status 3 where they differ.

    It is 4 where a trigger or a table is missing or altered: what agrees now may not after the next
    write.

    JSON: ok (no drift is left), repaired, rows_read, seconds, is_complete (false where the budget
    was spent first), tables, drifts [table, key, column, stored, right], is_locked_out (true where
    others held the lock for too long for the proof to be recorded; exit status 11).
    """
    _reconcile(settings, repair=repair, as_json=as_json, **scope)
    ctx.exit(settings.outcome)


@click.command("repair")
@_scope_options
@click.option("--dry-run", is_flag=True, help="Say what would be repaired, and change nothing.")
@json_option
@shared_options
@pass_settings
@click.pass_context
def repair_command(
    ctx: click.Context, settings: Settings, /, dry_run: bool, as_json: bool, **scope: Any
) -> None:
    """Compare the aggregates with the history, and make the drifted keys right.

    JSON: as `verify`; the drifts are those that were repaired.
    """
    _reconcile(settings, repair=not dry_run, as_json=as_json, **scope)
    ctx.exit(settings.outcome)


@click.command("rebuild")
@click.option(
    "--table",
    "tables",
    type=text,
    multiple=True,
    metavar="NAME",
    help="Only this table; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@wait_option
@json_option
@shared_options
@pass_settings
@click.pass_context
def rebuild_command(
    ctx: click.Context,
    settings: Settings,
    tables: tuple[str, ...],
    dry_run: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Compute whole aggregates again, all by default, with the tables that they need.

    Readers see the old values until the new ones are whole; writers may go on writing. Killed at
    any instant it leaves either the old or the new.

    JSON: as `verify`; drifts only of a dry run.
    """
    if dry_run:
        _reconcile(settings, repair=False, wait=wait, as_json=as_json, tables=tables)
        ctx.exit(settings.outcome)
    with settings.store(wait=wait) as store, render.progress_bar("rebuilding") as progress:
        result = store.rebuild(progress, tables=tables)
    if as_json:
        print_json({"ok": True, "repaired": False, **plain(result)})
    else:
        out = render.console()
        out.print(f"{render.counted(result.rows_read, 'row')} read in {result.seconds:.1f} s")
        out.print(f"tables rebuilt: {len(result.tables)}")


def _reconcile(
    settings: Settings, *, repair: bool, wait: float, as_json: bool, **scope: Any
) -> None:
    with settings.store(wait=wait) as store:
        with render.progress_bar("verifying") as progress:
            prove = store.repair if repair else store.verify
            result: VerifyResult = prove(progress, **scope)
        settings.outcome = DRIFT_FOUND if result.drifts and not repair else 0
        if as_json:
            print_json({"ok": repair or not result.drifts, "repaired": repair, **plain(result)})
        else:
            show_verification(render.console(), result, repaired=repair)
        if not repair:
            store.check_installed()
        if not settings.outcome:
            result.check_recorded()


COMMANDS = (status_command, check_command, verify_command, repair_command, rebuild_command)
