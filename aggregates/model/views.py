"""Views for people: seconds, rates, averages and percentiles, out of the aggregate tables.

They hold to words that every library knows: no window function, which SQLite has from 3.25 on and
without which it calls a file malformed that has one in a view; a recursive WITH does its work. A
name that is not known (`''`) is shown as `unknown`; an hour or a day stays `''`, since no text
that sorts after the digits may stand among times. What is divided by 0 is NULL.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    return f"round(1.0 * {part} / {whole}, 4)"


def _percentile(percent: int) -> str:
    """Nearest rank: the first bucket up to which there are so many of a hundred runs."""
    return f"round(min(CASE WHEN percent >= {percent} THEN seconds END), 4) AS p{percent}_seconds"


def _lines(columns: Iterable[str]) -> str:
    return ",\n  ".join(columns)


_SUCCESS = f"""succeeded, failed, succeeded + failed AS ended,
  {_rate("succeeded", "(succeeded + failed)")} AS success_rate"""
_MEAN_OF_SUMS = "round(sum(duration_ms_sum) / 1000.0 / sum(duration_count), 4) AS mean_seconds"
_AMOUNT_SUMS = "sum(tokens_sum) AS tokens, sum(tool_calls_sum) AS tool_calls"


def _internal(name: str, sql: str, description: str) -> View:
    """What is read in several places; a reader's plan is as if it stood there itself."""
    return View(f"_aggregates_{name}", sql, description, columns={}, expressions=MEANING)


def _runs(name: str, table: str) -> View:
    return _internal(
        name,
        f"""\
SELECT *, invocations * {{succeeded}} AS succeeded, invocations * {{failed}} AS failed
FROM {table}
WHERE {{is_invocation}}""",
        f"what {table} says of invocations",
    )


_runs_all_time = _runs("runs", "agent_stats")
_runs_hourly = _runs("hourly_runs", "agent_hourly")
_durations = _internal(
    "durations",
    "SELECT * FROM agent_durations WHERE {is_invocation}",
    "what agent_durations says of invocations",
)


def _walk(table: str, keys: tuple[str, ...], count: str) -> str:
    """A walk from each bucket of a histogram to the next one of its key, counting what is below.

    Its columns are the keys without `_name`, how many are `known`, the bucket's `le`, and `below`.
    """
    shorter = ", ".join(key.removesuffix("_name") for key in keys)
    positions = ", ".join(str(position) for position, _ in enumerate(keys, 1))
    same = _same(keys)
    return f"""\
WITH RECURSIVE walk ({shorter}, known, le, below) AS (
  SELECT {", ".join(keys)}, sum({count}), min(le_ms), 0 FROM {table}
  GROUP BY {positions} HAVING sum({count}) > 0
  UNION ALL
  SELECT {shorter}, known, (SELECT min(le_ms) FROM {table} WHERE {same} AND le_ms > le),
    below + (SELECT sum({count}) FROM {table} WHERE {same} AND le_ms = le)
  FROM walk WHERE le IS NOT NULL
)"""


def _same(keys: tuple[str, ...]) -> str:
    """Whether a bucket is of the key that a walk is at."""
    return " AND ".join(f"{key} = {key.removesuffix('_name')}" for key in keys)


def _seconds(mean_ms: str) -> str:
    """What stands for a duration in the bucket that a walk has come to.

    Durations in a bucket are integers from `low` to `high`; of all estimates of one of them
    2 * low * high / (low + high) has the least greatest relative error, 2 % at most from 10 ms to
    24 h. The first bucket begins at 0 and the last has no end: their mean stands in.
    """
    return f"""coalesce(
    (SELECT 2 * (max(le_ms) + 1.0) * le / (max(le_ms) + 1.0 + le) FROM duration_bounds
      WHERE le_ms < le AND le < {_UNLIMITED}),
    {mean_ms}) / 1000 AS seconds"""


def _sums(keys: str, grouping: str, runs: View) -> str:
    """The invocations by some keys; a row that counts nothing is a leftover."""
    return f"""\
SELECT {keys}, sum(invocations) AS invocations, sum(succeeded) AS succeeded,
  sum(failed) AS failed, sum(succeeded) + sum(failed) AS ended,
  {_rate("sum(succeeded)", "(sum(succeeded) + sum(failed))")} AS success_rate,
  {_MEAN_OF_SUMS}, {_AMOUNT_SUMS}
FROM {runs.name}
GROUP BY {grouping} HAVING sum(invocations) <> 0"""


def _series(name: str, period: str, description: str) -> View:
    """The invocations of each agent by a period of their start."""
    key = period if period == "hour" else f"substr(hour, 1, 10) AS {period}"
    return View(
        name=name,
        sql=_sums(f"{key}, agent_name", "1, 2", _runs_hourly),
        description=description,
        columns={
            period: f"{period} of the start; '' where it does not parse",
            **_AGENT,
            **_COUNTED,
            **_ENDED,
            **_MEAN,
            **_AMOUNTS,
        },
    )


# CROSS JOIN keeps SQLite from reading the histogram first and looking the walk up in it.
v_agent_durations = View(
    name="v_agent_durations",
    sql=f"""\
{_walk(_durations.name, ("agent_name",), "runs")}
SELECT agent_name, le_ms, sum(runs) AS runs, below + sum(runs) AS runs_up_to,
  known AS runs_known, {_seconds("1.0 * sum(duration_ms_sum) / sum(runs)")}
FROM walk CROSS JOIN {_durations.name} WHERE {_same(("agent_name",))} AND le_ms = le
GROUP BY agent_name, le_ms, known, below HAVING sum(runs) <> 0""",
    description="cumulative histogram of each agent's known durations; any percentile is in it",
    columns={
        **_AGENT,
        "le_ms": "upper bound of the bucket, in milliseconds, inclusive",
        "runs": "invocations whose duration lies in the bucket",
        "runs_up_to": "those in this bucket and in all below it",
        "runs_known": "all whose duration is known",
        "seconds": "middle of the bucket: wrong by 2 % at most from 10 ms to 24 h",
    },
)

_PERCENTILES = (50, 90, 95, 99)

v_agents = View(
    name="v_agents",
    sql=f"""\
SELECT agent_name, invocations, in_flight, {_SUCCESS}, mean_seconds,
  {", ".join(f"p{p}_seconds" for p in _PERCENTILES)},
  tokens, {_rate("tokens", "invocations")} AS tokens_per_run,
  tool_calls, sessions, first_start, last_start, updated_at
FROM agent_activity
LEFT JOIN (
  SELECT agent_name, {_MEAN_OF_SUMS}, {_AMOUNT_SUMS}
  FROM {_runs_all_time.name}
  GROUP BY 1
) USING (agent_name)
LEFT JOIN (
  SELECT agent_name,
  {_lines(f"  {_percentile(p)}" for p in _PERCENTILES)}
  FROM (
    SELECT *, runs_up_to * 100 / runs_known AS percent FROM v_agent_durations
  )
  GROUP BY 1
) USING (agent_name)
WHERE invocations <> 0""",
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
)

v_agents_hourly = _series(
    "v_agents_hourly", "hour", "each agent by the hour of the start; no row without a run"
)
v_agents_daily = _series(
    "v_agents_daily", "day", "each agent by the day of the start; no row without a run"
)

v_phases = View(
    name="v_phases",
    sql=_sums(f"{_shown('phase')} AS phase", "1", _runs_all_time),
    description="each phase of the workflow, all-time",
    columns={"phase": "phase of the workflow", **_COUNTED, **_ENDED, **_MEAN, **_AMOUNTS},
)

_OF_SESSION = """invocations, succeeded, failed, in_flight, duration_ms_sum, agents, phases,
    first_start, last_end"""

# In two arms, so that one session is still a seek.
v_sessions = View(
    name="v_sessions",
    sql=f"""\
SELECT session_id, invocations, in_flight, {_SUCCESS}, agents, phases,
  first_start, last_end, {{elapsed_ms}} / 1000.0 AS elapsed_seconds,
  duration_ms_sum / 1000.0 AS agent_seconds
FROM (
  SELECT session_id, {_OF_SESSION} FROM session_stats WHERE session_id <> ''
  UNION ALL
  SELECT 'unknown', {_OF_SESSION} FROM session_stats WHERE session_id = ''
)
WHERE invocations <> 0""",
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
SELECT {_shown("agent_name")} AS agent_name, {_shown("tool_name")} AS tool_name,
  uses, {_SUCCESS}, mean_seconds, p50_seconds, p95_seconds
FROM (
  SELECT agent_name, tool_name, sum(uses) AS uses, sum(uses * {{succeeded}}) AS succeeded,
    sum(uses * {{failed}}) AS failed, {_MEAN_OF_SUMS}
  FROM tool_stats
  GROUP BY 1, 2
)
LEFT JOIN (
  SELECT agent_name, tool_name, {_percentile(50)}, {_percentile(95)}
  FROM (
{_walk("tool_durations", _TOOL_KEY, "uses")}
    SELECT agent_name, tool_name, (below + uses) * 100 / known AS percent,
      {_seconds("1.0 * duration_ms_sum / uses")}
    FROM walk CROSS JOIN tool_durations WHERE {_same(_TOOL_KEY)} AND le_ms = le
  )
  GROUP BY 1, 2
) USING (agent_name, tool_name)
WHERE uses <> 0""",
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

_INVOCATIONS_OF_USER = "(SELECT invocations FROM agent_activity WHERE agent_name = used.agent_name)"

v_tools_by_agent = View(
    name="v_tools_by_agent",
    sql=f"""\
WITH used AS (
  SELECT agent_name, tool_name, sum(uses) AS uses
  FROM tool_stats
  GROUP BY 1, 2 HAVING sum(uses) <> 0
)
SELECT {_shown("agent_name")} AS agent_name, count(nullif(tool_name, '')) AS tools,
  sum(uses) AS uses, {_rate("sum(uses)", _INVOCATIONS_OF_USER)} AS uses_per_invocation,
  (SELECT {_shown("tool_name")} FROM used AS one
    WHERE agent_name = used.agent_name ORDER BY uses DESC, tool_name LIMIT 1) AS primary_tool,
  {_rate("max(uses)", "sum(uses)")} AS primary_share
FROM used
GROUP BY used.agent_name""",
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
    _runs_all_time,
    _runs_hourly,
    _durations,
    v_agent_durations,
    v_agents,
    v_agents_hourly,
    v_agents_daily,
    v_phases,
    v_sessions,
    v_tools,
    v_tools_by_agent,
)
