"""A page for a browser: what the agents do, and whether the store is right, in one document.

It asks no other host for anything, and is whole without its script, which only puts newer figures
in the place of the old ones.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup

from aggregates.engines import file_of
from aggregates.faces import charts
from aggregates.faces.markup import definitions, joined, more, name, table
from aggregates.proving.findings import Finding
from aggregates.proving.record import Proof
from aggregates.reader import (
    AgentStatistics,
    Collection,
    HourPoint,
    RunningRun,
    Timeline,
    TimelineRun,
    ToolStatistics,
)
from aggregates.render.changes import CONSUMERS
from aggregates.render.grids import Column
from aggregates.render.proofs import waiting_lines
from aggregates.render.text import clock, counted, duration, line, rate, unreadable_lines
from aggregates.store import Overview, Store

_STYLE, _SCRIPT = (
    files("aggregates.faces").joinpath(one).read_text(encoding="utf-8")
    for one in ("page.css", "page.js")
)
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath fill='%232866c8' d='M1 9h4v6H1zm5-4h4v10H6zm5-4h4v14h-4z'/%3E%3C/svg%3E"
)
_MOST = {"running": 20, "agents": 100, "tools": 30}
"""Rows of a table at most: those that matter most."""
_SPARK_HOURS = 6
"""What a column of a sparkline stands for."""


def _source(text: str) -> str:
    digest = sha256(text.encode()).digest()
    return f"'sha256-{b64encode(digest).decode()}'"


_POLICY = (
    f"default-src 'none'; style-src {_source(_STYLE)}; script-src {_source(_SCRIPT)};"
    " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
)
CONTENT_SECURITY_POLICY = f"{_POLICY}; frame-ancestors 'none'"
"""The header `Content-Security-Policy` for whoever serves the page: nothing but what is in it."""

_DOCUMENT = Markup(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}: agents at work</title>
<link rel="icon" href="{icon}">
<style>{style}</style>
</head>
<body>
<header>
<h1>Agents at work</h1>
<span class="faint">{title}</span>
{refresh}
</header>
<main>
{main}
</main>
{script}
</body>
</html>
"""
)
_REFRESH = Markup(
    '<div id="refresh" hidden><span role="status"></span>'
    ' <button type="button">Pause</button></div>'
)


def page(store: Store, *, refresh: bool = True, now: datetime | None = None) -> str:
    """The document. With `refresh` it has a script that fetches it again every 15 seconds.

    Everything in it is from one snapshot, and its cost does not grow with the history. Raises what
    `Store.overview` does.
    """
    found = store.overview(now)
    file = file_of(store.database)
    return str(
        _DOCUMENT.format(
            policy=_POLICY,
            # Never the whole URL, which may hold a password, nor the folders of this machine.
            title=line(file.name if file else "aggregates"),
            icon=_ICON,
            style=Markup(_STYLE),
            refresh=_REFRESH if refresh else "",
            main=Markup("\n").join(_sections(found, _zone_of(store))),
            script=Markup("<script>{}</script>").format(Markup(_SCRIPT)) if refresh else "",
        )
    )


def _zone_of(store: Store) -> str:
    return "the server's zone" if store.zone is None else str(store.zone)


def _sections(found: Overview, zone: str) -> Iterator[Markup]:
    collection = found.collection
    yield _heading(found, zone)
    yield _summary(collection)
    yield _section("The last seven days", _week(found))
    yield _section("Agents", _agents(found))
    if collection.running:
        yield _section("Running now", _running(collection.running))
    yield _section("Sessions", _sessions(found.timelines))
    yield _section("Tools", _tools(collection.tools))
    yield _section("State of the store", joined(_state(found)))


def _heading(found: Overview, zone: str) -> Markup:
    status = found.status
    newest = status.proofs[0] if status.proofs else None
    badge, word = "good", "all is as it should be"
    if not status.ok:
        badge, word = "bad", "not as it should be"
    elif newest is not None and newest.kind == "verify" and newest.drifts:
        badge, word = "bad", f"{counted(newest.drifts, 'drift')} found"
    return Markup(
        '<p><a class="badge {}" href="#state-of-the-store">{}</a> <span class="faint">as of {} UTC;'
        " times of runs are those of {}</span></p>"
    ).format(badge, word, clock(found.collection.at), zone)


def _summary(collection: Collection) -> Markup:
    totals, sessions = collection.totals, collection.session_totals
    succeeded, failed = totals.get("succeeded", 0), totals.get("failed", 0)
    ended = succeeded + failed
    return definitions(
        "tiles",
        [
            ("runs", f"{totals.get('invocations', 0):,}"),
            ("running now", f"{len(collection.running):,}"),
            ("success", rate(succeeded / ended if ended else None)),
            ("tokens", f"{sum(one.tokens for one in collection.agents):,}"),
            ("active sessions", f"{sessions.active:,} of {sessions.session_rows:,}"),
            ("uses of tools", f"{totals.get('tool_uses', 0):,}"),
        ],
    )


# The last seven days


def _week(found: Overview) -> Markup:
    legend = _legend(("ok", "runs by the hour of their start"), ("failed", "of these, failed"))
    return Markup("{}{}{}").format(
        charts.load(found.hours),
        legend,
        _folded("By day", "days", table("Runs of each day", _DAYS, _days(found.hours))),
    )


def _days(hours: Sequence[HourPoint]) -> list[list[HourPoint]]:
    by_day: dict[str, list[HourPoint]] = {}
    for hour in hours:
        by_day.setdefault(hour.hour[:10], []).append(hour)
    return [*by_day.values()]


def _summed(measure: str) -> Column[list[HourPoint]]:
    return Column(
        {"invocations": "runs"}.get(measure, measure),
        lambda day: f"{sum(getattr(hour, measure) for hour in day):,}",
    )


_DAYS: list[Column[list[HourPoint]]] = [
    Column("day", lambda day: day[0].hour[:10], is_text=True),
    *map(_summed, ("invocations", "succeeded", "failed", "tokens")),
]


# Runs, agents and tools


def _running(runs: Sequence[RunningRun]) -> Markup:
    shown = runs[: _MOST["running"]]
    return table("Runs under way, oldest first", _RUNNING, shown) + more(
        len(runs), len(shown), "running"
    )


_RUNNING: list[Column[RunningRun]] = [
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("since", lambda one: duration(one.age_ms)),
    Column("phase", lambda one: name(one.phase), is_text=True),
    Column("started", lambda one: clock(one.start_time)),
    Column("session", lambda one: name(one.session_id), is_text=True),
]


def _agents(found: Overview) -> Markup:
    agents = found.collection.agents
    shown = agents[: _MOST["agents"]]
    if not shown:
        return _nothing("run")

    def week(agent: AgentStatistics) -> Markup:
        by_hour = found.agent_hours.get(agent.agent_name, {})
        counts = [by_hour.get(hour.hour, 0) for hour in found.hours]
        parts = [sum(counts[at : at + _SPARK_HOURS]) for at in range(0, len(counts), _SPARK_HOURS)]
        return charts.sparkline(parts, f"{counted(sum(counts), 'run')} in the last seven days")

    columns = [*_AGENTS[:3], Column("seven days", week, is_text=True), *_AGENTS[3:]]
    return table("Agents, most runs first", columns, shown) + more(
        len(agents), len(shown), "agents"
    )


_AGENTS: list[Column[AgentStatistics]] = [
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("runs", lambda one: f"{one.invocations:,}"),
    Column("success", lambda one: rate(one.success_rate)),
    Column("failed", lambda one: f"{one.failed:,}"),
    Column("running", lambda one: f"{one.running:,}"),
    Column("p50", lambda one: duration(one.p50_ms)),
    Column("p95", lambda one: duration(one.p95_ms)),
    Column("tokens", lambda one: f"{one.tokens:,}"),
    Column("last start", lambda one: clock(one.last_start)[:16]),
]


def _tools(tools: Sequence[ToolStatistics]) -> Markup:
    shown = tools[: _MOST["tools"]]
    if not shown:
        return _nothing("use of a tool")
    return table("Tools of each agent, most uses first", _TOOLS, shown) + more(
        len(tools), len(shown), "tools of agents"
    )


_TOOLS: list[Column[ToolStatistics]] = [
    Column("tool", lambda one: name(one.tool_name), is_text=True),
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("uses", lambda one: f"{one.uses:,}"),
    Column("success", lambda one: rate(one.success_rate)),
    Column("failed", lambda one: f"{one.failed:,}"),
    Column("mean", lambda one: duration(one.mean_duration_ms)),
]


# Sessions


def _sessions(timelines: Sequence[Timeline]) -> Markup:
    if not timelines:
        return _nothing("session")
    legend = _legend(
        ("ok", "ended"),
        ("running", "▶ running"),
        ("failed", "✕ failed"),
        ("open", "? no end known"),
    )
    return joined([*map(_session, timelines), legend])


def _session(timeline: Timeline) -> Markup:
    session, runs = timeline.session, timeline.runs
    kinds = {"active": "good", "abandoned": "bad"}
    said = [f"started {clock(session.began)}"]
    if session.elapsed_ms is not None:
        said.append(f"lasted {duration(session.elapsed_ms)}")
    said.append(f"{counted(session.invocations, 'run')} of {counted(session.agents, 'agent')}")
    if session.ended:
        said.append(f"success {rate(session.success_rate)}")
    if session.max_parallel is not None:
        said.append(f"at most {session.max_parallel:,} at once")
    if len(runs) < session.invocations:
        said.append(f"{len(runs):,} of them drawn")
    drawn = charts.timeline(runs)
    if drawn:
        short = line(session.short_id)
        listed = table(f"Runs of session {short}", _RUNS, runs)
        drawn += _folded("Its runs", f"runs of {line(session.session_id)}", listed)
    return Markup(
        '<article><h3>{} <span class="badge {}">{}</span></h3><p class="faint">{}</p>{}</article>'
    ).format(
        name(session.short_id), kinds.get(session.state, ""), session.state, "; ".join(said), drawn
    )


_RUNS: list[Column[TimelineRun]] = [
    Column("agent", lambda one: name(one.agent_name), is_text=True),
    Column("phase", lambda one: name(one.phase), is_text=True),
    Column("status", lambda one: name(one.status), is_text=True),
    Column("started", lambda one: clock(one.start_time)),
    Column("lasted", lambda one: duration(one.duration_ms)),
    Column("beside", lambda one: f"{one.beside:,}"),
    Column("tokens", lambda one: f"{one.tokens:,}"),
]


# The store


def _state(found: Overview) -> Iterator[Markup]:
    status, collection = found.status, found.collection
    changed = max((one.updated_at or "" for one in collection.agents), default="")
    behind = sum(one.behind for one in status.consumers)
    proof = status.proofs[0] if status.proofs else None
    yield definitions(
        "facts",
        [
            ("fresh as of", f"{clock(collection.at)} UTC"),
            ("newest change of a run", f"{clock(changed)} UTC" if changed else "none yet"),
            (
                "log lag",
                f"{counted(behind, 'change')} not taken" if status.consumers else "no consumer yet",
            ),
            ("last proof", "none yet" if proof is None else _proof(proof)),
            ("whole proved", f"{clock(status.proved_at)} UTC" if status.proved_at else "never"),
            ("revision", f"{line(status.revision or 'none')}, journal mode {status.journal_mode}"),
            ("upkeep", line(found.keeping.owner or "no process does it")),
        ],
    )
    for text in _notes(found):
        yield Markup("<p>{}</p>").format(text)
    if problems := [*status.findings, *status.warnings]:
        yield table("What is not as it should be", _FINDINGS, problems)
    if status.steps:
        steps = joined(Markup("<li><pre>{}</pre></li>").format(_lines(one)) for one in status.steps)
        yield Markup("<p>What to do, in this order:</p><ol>{}</ol>").format(steps)
    if status.consumers:
        yield table("Readers of the change logs", CONSUMERS, status.consumers)
    if status.proofs:
        yield table("Latest proofs", _PROOFS, status.proofs)


def _notes(found: Overview) -> Iterator[str]:
    if found.status.filling:
        yield f"being filled: {line(found.status.filling)}"
    if found.keeping.owner is None:
        yield (
            "upkeep: how runs of sessions overlap, and proofs, are as of the last round of"
            " `aggregates run`, or of `aggregates serve --reconcile`; let one of them run"
        )
    yield from waiting_lines(found.keeping)
    yield from unreadable_lines(found.collection.unreadable_times)


def _lines(text: str) -> str:
    return "\n".join(map(line, text.splitlines()))


def _proof(proof: Proof) -> str:
    drifts = counted(proof.drifts, "drift") if proof.drifts else "no drift"
    return f"{proof.kind} at {clock(proof.started_at)} UTC: {drifts}"


_PROOFS: list[Column[Proof]] = [
    Column("proof", lambda one: one.kind, is_text=True),
    Column("began, UTC", lambda one: clock(one.started_at)),
    Column("took", lambda one: duration(one.seconds * 1000)),
    Column("rows read", lambda one: f"{one.rows_read:,}"),
    Column("drifts", lambda one: f"{one.drifts:,}"),
    Column("of the whole", lambda one: "yes" if one.is_complete else "no"),
]
_FINDINGS: list[Column[Finding]] = [
    Column("what", lambda one: line(one.kind), is_text=True),
    Column("table", lambda one: name(one.table or "-"), is_text=True),
    Column("name", lambda one: name(one.name or "-"), is_text=True),
    Column(
        "detail",
        lambda one: Markup('<p class="prose">{}</p>').format(line(one.detail)),
        is_text=True,
    ),
]


# Pieces


def _section(title: str, content: Markup) -> Markup:
    key = title.lower().replace(" ", "-")
    return Markup('<section aria-labelledby="{0}"><h2 id="{0}">{1}</h2>{2}</section>').format(
        key, title, content
    )


def _folded(title: str, key: str, content: Markup) -> Markup:
    return Markup('<details data-key="{}"><summary>{}</summary>{}</details>').format(
        key, title, content
    )


def _legend(*of: tuple[str, str]) -> Markup:
    return Markup('<ul class="legend">{}</ul>').format(
        joined(
            Markup(
                '<li><svg aria-hidden="true"><rect class="{}" width="100%" height="100%"/></svg>'
                "{}</li>"
            ).format(*one)
            for one in of
        )
    )


def _nothing(what: str) -> Markup:
    return Markup('<p class="faint">no {} yet</p>').format(what)
