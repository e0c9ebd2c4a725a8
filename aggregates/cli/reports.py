"""The reports: lists of agents, hours, sessions and tools, a timeline of one session, a page."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TextIO

import click

from aggregates import render
from aggregates.cli.as_json import print_json
from aggregates.cli.output import (
    Format,
    agent_option,
    format_options,
    limit_option,
    print_csv,
    print_rows,
)
from aggregates.cli.settings import Settings, at_least_one, pass_settings, shared_options, text
from aggregates.cli.times import since_option
from aggregates.faces.page import page
from aggregates.reader import (
    LATEST,
    AgentStatistics,
    AgentTools,
    HourPoint,
    SessionStatistics,
    Timeline,
    ToolStatistics,
    latest_start,
    wall_clock,
)
from aggregates.render import tables
from aggregates.render.collections import show_load
from aggregates.render.timelines import show_timeline, timeline_markdown

_MOST_HOURS = 24 * 366
_TIMELINE_COLUMNS = (
    "kind",
    "id",
    "agent_name",
    "phase",
    "tool_name",
    "model",
    "status",
    "state",
    "start_time",
    "end_time",
    "duration_ms",
    "beside",
    "tokens",
    "tool_calls",
)


@click.group("report")
def report_group() -> None:
    """Report on agents, hours, sessions or tools, or on all of it as a page."""


@report_group.command("agents")
@since_option(
    "Only runs that started since this ISO time (naive: in the source zone) or age: 24h, 7d."
)
@agent_option
@limit_option
@format_options
@shared_options
@pass_settings
def report_agents_command(
    settings: Settings,
    since: datetime | None,
    agent: str | None,
    limit: int | None,
    output: Format,
) -> None:
    """Runs, success rate, durations and tokens of each agent, most runs first.

    A window begins at a whole hour; its percentiles are those of the whole days it touches.

    JSON, a list of: agent_name, invocations, succeeded, failed, ended, success_rate (0 to 1, null
    where nothing ended), in_flight, running, abandoned, sessions (null in a window),
    duration_count, mean_duration_ms, p50_ms, p90_ms, p95_ms, p99_ms, tokens, tool_calls,
    first_start (null if before the window), last_start, updated_at (UTC).
    """
    with settings.store() as store:
        found = store.agents(since)
    shown = [one for one in found if agent is None or one.agent_name == agent][:limit]
    print_rows(output, shown, tables.AGENTS, AgentStatistics)


@report_group.command("hours")
@click.option(
    "--hours",
    type=click.IntRange(1, _MOST_HOURS),
    help="How many, the current one included.  [default: 24]",
)
@since_option("From the hour of this ISO time (naive: in the source zone) or age on: 24h, 7d.")
@agent_option
@format_options
@shared_options
@pass_settings
def report_hours_command(
    settings: Settings,
    hours: int | None,
    since: datetime | None,
    agent: str | None,
    output: Format,
) -> None:
    """Runs, durations and tokens of each hour, by start; hours without a run are there too.

    Where none has one, the table says when the last run was instead.

    JSON, a list of: hour (in the source zone), invocations, succeeded, failed, duration_count,
    duration_ms_sum, tokens, tool_calls, minutes (how long the hour lasted: not 60 where clocks
    changed in it).
    """
    now = datetime.now(UTC)
    if since is None:
        since = now - timedelta(hours=(hours or 24) - 1)
    elif hours is not None:
        raise click.UsageError("--hours and --since exclude each other")
    with settings.store() as store:
        earliest = wall_clock(now, store.zone) - timedelta(hours=_MOST_HOURS)
        if wall_clock(since, store.zone) < earliest:
            raise click.UsageError(f"--since lies more than {_MOST_HOURS:,} hours back")
        points = store.hourly(since, now, agent=agent)
        if output == "table":
            agents = [one for one in store.agents() if agent in (None, one.agent_name)]
            show_load(render.console(), points, latest_start(agents))
            if not any(point.invocations for point in points):
                return
    print_rows(output, points, tables.HOURS, HourPoint)


@report_group.command("sessions")
@click.option(
    "--state",
    type=click.Choice(["active", "abandoned"]),
    help="Only open sessions in which something happens, or only those given up.",
)
@since_option(
    "Only sessions that started since this ISO time (naive: in the source zone) or age: 24h, 7d."
)
@click.option("--agent", type=text, metavar="NAME", help="Only sessions in which this agent ran.")
@click.option(
    "--limit",
    type=at_least_one,
    default=LATEST,
    show_default=True,
    help="At most this many.",
)
@format_options
@shared_options
@pass_settings
def report_sessions_command(
    settings: Settings,
    state: Literal["active", "abandoned"] | None,
    since: datetime | None,
    agent: str | None,
    limit: int,
    output: Format,
) -> None:
    """The latest sessions by start: state, runs, agents and success, newest first.

    JSON, a list of: session_id, short_id, state (active, abandoned, ended or unknown), status,
    start_time, end_time, elapsed_ms, last_event, invocations, succeeded, failed, ended,
    success_rate (0 to 1, null where nothing ended), in_flight, agents, phases, duration_count,
    duration_ms_sum, first_start, last_end.
    """
    with settings.store() as store:
        found = store.sessions(limit, state=state, since=since, agent=agent)
    print_rows(output, found, tables.SESSIONS, SessionStatistics)


@report_group.command("session")
@click.argument("session", type=text, metavar="ID")
@click.option(
    "--limit",
    type=at_least_one,
    help="At most this many runs, and as many tool uses: the latest.",
)
@format_options
@shared_options
@pass_settings
def report_session_command(
    settings: Settings, session: str, limit: int | None, output: Format
) -> None:
    """One session as it went: a line for each run and each use of a tool, on one axis of time.

    ID is the id of the session, or so much of its beginning that no other has it. `beside` says how
    many other runs were open while a run was.

    JSON: at (UTC), session (as `report sessions`), runs [invocation_id, agent_name, phase, model,
    status, tokens, tool_calls, start_time, end_time, duration_ms, state (running, abandoned or
    ended), beside], tool_uses [tool_use_id, agent_name, tool_name, status, start_time, end_time,
    duration_ms].
    """
    with settings.store() as store:
        timeline = store.session(session)
    if limit is not None and output in ("json", "csv"):
        timeline = replace(
            timeline, runs=timeline.runs[-limit:], tool_uses=timeline.tool_uses[-limit:]
        )
    if output == "json":
        print_json(timeline)
    elif output == "csv":
        print_csv(_TIMELINE_COLUMNS, _timeline_rows(timeline))
    elif output == "markdown":
        click.echo(timeline_markdown(timeline, limit))
    else:
        show_timeline(render.console(), timeline, limit)


@report_group.command("tools")
@click.option("--by-agent", is_flag=True, help="One line for all tools of an agent.")
@agent_option
@limit_option
@format_options
@shared_options
@pass_settings
def report_tools_command(
    settings: Settings, by_agent: bool, agent: str | None, limit: int | None, output: Format
) -> None:
    """Uses, success rate and durations of each tool of each agent, all-time, most uses first.

    JSON, a list of: agent_name, tool_name, uses, succeeded, failed, ended, success_rate (0 to 1,
    null where nothing ended), duration_count, duration_ms_sum, mean_duration_ms, p50_ms, p95_ms.
    With --by-agent: agent_name, tools, uses, invocations, uses_per_invocation, primary_tool,
    primary_tool_uses.
    """
    with settings.store() as store:
        if by_agent:
            agents = store.agent_tools(agent=agent)[:limit]
            print_rows(output, agents, tables.AGENT_TOOLS, AgentTools)
        else:
            found = store.tools(agent=agent)[:limit]
            print_rows(output, found, tables.TOOLS, ToolStatistics)


@report_group.command("html")
@click.argument("path", metavar="FILE", type=click.File("w", encoding="utf-8", lazy=True))
@shared_options
@pass_settings
def report_html_command(settings: Settings, path: TextIO) -> None:
    """Write a page for a browser to FILE, or with - to standard output.

    It holds agents with their last seven days, what runs now, sessions with timelines, tools, and
    the state of the store, as of now. It is one file, without scripts, that asks no server for
    anything: it can be mailed, or kept.
    """
    with settings.store() as store:
        found = page(store, refresh=False)
    click.echo(found, file=path, nl=False)


def _timeline_rows(timeline: Timeline) -> list[list[object]]:
    """Runs, then tool uses; what the one kind does not have stays empty."""
    runs = [asdict(run) | {"kind": "run", "id": run.invocation_id} for run in timeline.runs]
    uses = [asdict(use) | {"kind": "tool_use", "id": use.tool_use_id} for use in timeline.tool_uses]
    return [[event.get(name) for name in _TIMELINE_COLUMNS] for event in [*runs, *uses]]
