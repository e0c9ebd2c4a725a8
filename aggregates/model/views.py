"""Views for people: seconds, rates, averages and percentiles, out of the aggregate tables.

They hold to words that every library knows: no window function, which SQLite has from 3.25 on and
without which it calls a file malformed that has one in a view; a recursive WITH does its work. A
name that is not known (`''`) is shown as `unknown`; an hour or a day stays `''`, since no text
that sorts after the digits may stand among times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import column

from aggregates.model.constructs import elapsed_ms
from aggregates.model.definition import View
from aggregates.model.sources import MEANING

_UNLIMITED = 2**63 - 1

_AGENT = {"agent_name": "name of the agent"}
_COUNTED = {"invocations": "invocations"}
_IN_FLIGHT = {"in_flight": "that started and have not ended, abandoned ones included"}
_ENDED = {
    "succeeded": "that succeeded",
    "failed": "that failed",
    "ended": "succeeded + failed",
    "success_rate": "succeeded / ended, from 0 to 1; NULL where nothing ended",
}
_MEAN = {"mean_seconds": "mean of the known durations, in seconds; of failed runs too"}
_AMOUNTS = {"tokens": "tokens", "tool_calls": "tool calls"}


def _shown(name: str) -> str:
    return f"coalesce(nullif({name}, ''), 'unknown')"


def _rate(part: str, whole: str) -> str:
    return f"round(1.0 * {part} / nullif({whole}, 0), 4)"


def _percentile(percent: int) -> str:
    """Nearest rank: the first bucket up to which there are so many runs, compared as integers."""
    return f"min(CASE WHEN runs_up_to * 100 >= runs_known * {percent} THEN seconds END)"


def _some(measures: Iterable[str]) -> str:
    """A row that counts nothing is a leftover."""
    count, *_ = measures
    return f"{count} <> 0"


def _lines(columns: Iterable[str]) -> str:
    return ",\n  ".join(columns)


def _summed(keys: str, measures: Sequence[str], table: str, where: str = "") -> str:
    """Sums of an aggregate that has a status in its key; the first measure counts its rows."""
    sums = [f"sum({one}) AS {one}" for one in measures]
    outcomes = [f"sum({measures[0]} * {{{one}}}) AS {one}" for one in ("succeeded", "failed")]
    columns = _lines(f"  {one}" for one in (keys, *sums, *outcomes))
    return f"SELECT\n  {columns}\n  FROM {table}{where}"


_SUCCESS = f"""succeeded, failed, succeeded + failed AS ended,
  {_rate("succeeded", "succeeded + failed")} AS success_rate"""
_OUTCOME = f"""{_SUCCESS},
  {_rate("duration_ms_sum / 1000", "duration_count")} AS mean_seconds"""
_INVOCATIONS = " WHERE {is_invocation}"
_RUNS = ("invocations", "duration_count", "duration_ms_sum", "tokens_sum", "tool_calls_sum")
_USES = ("uses", "duration_count", "duration_ms_sum")


def _distribution(table: str, keys: tuple[str, ...], count: str, condition: str = "") -> str:
    """A histogram with its running count: a walk from each bucket to the next one of its key.

    Durations in a bucket are integers from `low` to `high`; of all estimates of one of them
    2 * low * high / (low + high) has the least greatest relative error, 2 % at most from 10 ms to
    24 h. The first bucket begins at 0 and the last has no end: their mean stands in.
    """
    names = ", ".join(keys)
    of_walk = ", ".join(f"walk.{key}" for key in keys)
    same = " AND ".join([*(f"b.{key} = walk.{key}" for key in keys), *filter(None, [condition])])
    here = f"FROM {table} AS b WHERE {same} AND b.le_ms = bound.le_ms"
    where = f" WHERE {condition}" if condition else ""
    return f"""\
WITH RECURSIVE walk ({names}, runs_known, le_ms, runs, duration_ms_sum, runs_up_to) AS (
SELECT {names}, sum({count}), -1, 0, 0, 0 FROM {table}{where}
GROUP BY {names} HAVING sum({count}) > 0
UNION ALL
SELECT {of_walk}, runs_known, bound.le_ms, (SELECT sum({count}) {here}),
(SELECT sum(b.duration_ms_sum) {here}), runs_up_to + (SELECT sum({count}) {here})
FROM walk JOIN duration_bounds AS bound ON bound.le_ms =
(SELECT min(b.le_ms) FROM {table} AS b WHERE {same} AND b.le_ms > walk.le_ms)
), bounded AS (
SELECT {names}, le_ms, runs, duration_ms_sum, runs_up_to, runs_known,
(SELECT max(below.le_ms) + 1.0 FROM duration_bounds AS below WHERE below.le_ms < walk.le_ms) AS low
FROM walk WHERE runs <> 0
)
SELECT {names}, le_ms, runs, runs_up_to, runs_known, coalesce(
CASE WHEN le_ms < {_UNLIMITED} THEN 2 * low * le_ms / (low + le_ms) END,
1.0 * duration_ms_sum / runs) / 1000 AS seconds
FROM bounded"""


def _series(name: str, period: str, description: str) -> View:
    """The invocations of each agent by a period of their start."""
    key = period if period == "hour" else f"substr(hour, 1, 10) AS {period}"
    return View(
        name=name,
        sql=f"""\
SELECT {period}, agent_name, invocations, {_OUTCOME}, tokens_sum AS tokens,
  tool_calls_sum AS tool_calls
FROM (
  {_summed(f"{key}, agent_name", _RUNS, "agent_hourly", _INVOCATIONS)}
  GROUP BY 1, 2
) AS summed
WHERE {_some(_RUNS)}""",
        description=description,
        columns={
            period: f"{period} of the start; '' where it does not parse",
            **_AGENT,
            **_COUNTED,
            **_ENDED,
            **_MEAN,
            **_AMOUNTS,
        },
        expressions=MEANING,
    )


v_agent_durations = View(
    name="v_agent_durations",
    sql=_distribution("agent_durations", ("agent_name",), "runs", "{is_invocation}"),
    description="cumulative histogram of each agent's known durations; any percentile is in it",
    columns={
        **_AGENT,
        "le_ms": "upper bound of the bucket, in milliseconds, inclusive",
        "runs": "invocations whose duration lies in the bucket",
        "runs_up_to": "those in this bucket and in all below it",
        "runs_known": "all whose duration is known",
        "seconds": "middle of the bucket: wrong by 2 % at most from 10 ms to 24 h",
    },
    expressions={"is_invocation": MEANING["is_invocation"]},
)

_PERCENTILES = (50, 90, 95, 99)

v_agents = View(
    name="v_agents",
    sql=f"""\
SELECT activity.agent_name, invocations, in_flight, {_OUTCOME},
  {_lines(f"round(p{p}, 4) AS p{p}_seconds" for p in _PERCENTILES)},
  coalesce(tokens_sum, 0) AS tokens,
  {_rate("coalesce(tokens_sum, 0)", "invocations")} AS tokens_per_run,
  coalesce(tool_calls_sum, 0) AS tool_calls, sessions, first_start, last_start, updated_at
FROM agent_activity AS activity
LEFT JOIN (
  SELECT agent_name, sum(duration_count) AS duration_count,
    sum(duration_ms_sum) AS duration_ms_sum, sum(tokens_sum) AS tokens_sum,
    sum(tool_calls_sum) AS tool_calls_sum
  FROM agent_stats{_INVOCATIONS}
  GROUP BY agent_name
) AS summed ON summed.agent_name = activity.agent_name
LEFT JOIN (
  SELECT agent_name,
  {_lines(f"  {_percentile(p)} AS p{p}" for p in _PERCENTILES)}
  FROM v_agent_durations
  GROUP BY agent_name
) AS ranked ON ranked.agent_name = activity.agent_name
WHERE {_some(("invocations", "succeeded", "failed", "in_flight", "sessions"))}""",
    description="each agent, all-time",
    columns={
        **_AGENT,
        **_COUNTED,
        **_IN_FLIGHT,
        **_ENDED,
        **_MEAN,
        **{
            f"p{p}_seconds": f"percentile {p} of the known durations, in seconds, to 2 %"
            for p in _PERCENTILES
        },
        "tokens": "tokens",
        "tokens_per_run": "tokens / invocations",
        "tool_calls": "tool calls",
        "sessions": "distinct sessions, '' left out",
        "first_start": "earliest start",
        "last_start": "latest start",
        "updated_at": "when one of its rows last changed, UTC",
    },
    expressions={"is_invocation": MEANING["is_invocation"]},
)

v_agents_hourly = _series(
    "v_agents_hourly", "hour", "each agent by the hour of the start; no row without a run"
)
v_agents_daily = _series(
    "v_agents_daily", "day", "each agent by the day of the start; no row without a run"
)

v_phases = View(
    name="v_phases",
    sql=f"""\
SELECT phase, invocations, {_OUTCOME}, tokens_sum AS tokens, tool_calls_sum AS tool_calls
FROM (
  {_summed(f"{_shown('phase')} AS phase", _RUNS, "agent_stats", _INVOCATIONS)}
  GROUP BY 1
) AS summed
WHERE {_some(_RUNS)}""",
    description="each phase of the workflow, all-time",
    columns={"phase": "phase of the workflow", **_COUNTED, **_ENDED, **_MEAN, **_AMOUNTS},
    expressions=MEANING,
)

_SESSION_MEASURES = (
    *("invocations", "succeeded", "failed", "in_flight", "duration_count", "duration_ms_sum"),
    *("agents", "phases"),
)
_SESSION_COLUMNS = ", ".join((*_SESSION_MEASURES, "first_start", "last_end"))

# In two arms, so that one session is still a seek.
v_sessions = View(
    name="v_sessions",
    sql=f"""\
SELECT session_id, invocations, in_flight, {_SUCCESS}, agents, phases,
  first_start, last_end, {{elapsed_ms}} / 1000.0 AS elapsed_seconds,
  duration_ms_sum / 1000.0 AS agent_seconds
FROM (
  SELECT session_id, {_SESSION_COLUMNS} FROM session_stats WHERE session_id <> ''
  UNION ALL
  SELECT 'unknown', {_SESSION_COLUMNS} FROM session_stats WHERE session_id = ''
) AS shown
WHERE {_some(_SESSION_MEASURES)}""",
    description="the invocations of each session, all-time",
    columns={
        "session_id": "session of the runs",
        **_COUNTED,
        **_IN_FLIGHT,
        **_ENDED,
        "agents": "distinct agents",
        "phases": "distinct phases, unknown ones left out",
        "first_start": "earliest start",
        "last_end": "latest end",
        "elapsed_seconds": "seconds from first_start to last_end; below 0 where those are wrong",
        "agent_seconds": "sum of the known durations; above the elapsed time where runs overlap",
    },
    expressions={"elapsed_ms": elapsed_ms(column("first_start"), column("last_end"))},
)

_TOOL = {"tool_name": "name of the tool"}
_TOOL_KEY = ("agent_name", "tool_name")

v_tools = View(
    name="v_tools",
    sql=f"""\
SELECT {_shown("summed.agent_name")} AS agent_name, {_shown("summed.tool_name")} AS tool_name,
  uses, {_OUTCOME},
  round(p50, 4) AS p50_seconds, round(p95, 4) AS p95_seconds
FROM (
  {_summed("agent_name, tool_name", _USES, "tool_stats")}
  GROUP BY agent_name, tool_name
) AS summed
LEFT JOIN (
  SELECT agent_name, tool_name,
    {_percentile(50)} AS p50,
    {_percentile(95)} AS p95
  FROM (
{_distribution("tool_durations", _TOOL_KEY, "uses")}
  ) AS distribution
  GROUP BY agent_name, tool_name
) AS ranked ON ranked.agent_name = summed.agent_name AND ranked.tool_name = summed.tool_name
WHERE {_some(_USES)}""",
    description="uses of each tool by each agent, all-time",
    columns={
        **_AGENT,
        **_TOOL,
        "uses": "uses",
        **_ENDED,
        "mean_seconds": "mean of the known durations, in seconds; of failed uses too",
        "p50_seconds": "percentile 50 of the known durations, in seconds, to 2 %",
        "p95_seconds": "percentile 95 of the known durations, in seconds, to 2 %",
    },
    expressions={name: MEANING[name] for name in ("succeeded", "failed")},
)

v_tools_by_agent = View(
    name="v_tools_by_agent",
    sql=f"""\
WITH used AS (
  SELECT {_shown("agent_name")} AS agent_name, tool_name, sum(uses) AS uses
  FROM tool_stats
  GROUP BY 1, 2 HAVING sum(uses) <> 0
)
SELECT agent_name, count(nullif(tool_name, '')) AS tools, sum(uses) AS uses,
  round(1.0 * sum(uses) / nullif((
    SELECT invocations FROM agent_activity AS activity
    WHERE activity.agent_name = used.agent_name), 0), 4) AS uses_per_invocation,
  (SELECT {_shown("first.tool_name")} FROM used AS first
    WHERE first.agent_name = used.agent_name
    ORDER BY first.uses DESC, first.tool_name LIMIT 1) AS primary_tool,
  {_rate("max(uses)", "sum(uses)")} AS primary_share
FROM used
GROUP BY agent_name""",
    description="how each agent uses tools, all-time",
    columns={
        **_AGENT,
        "tools": "distinct tools, unknown ones left out",
        "uses": "uses of all tools",
        "uses_per_invocation": "uses / invocations of the agent; NULL where it has none",
        "primary_tool": "the tool that it uses most; of several the first by name",
        "primary_share": "uses of that tool / uses, from 0 to 1",
    },
)

views = (
    v_agent_durations,
    v_agents,
    v_agents_hourly,
    v_agents_daily,
    v_phases,
    v_sessions,
    v_tools,
    v_tools_by_agent,
)
