"""Metadata for Datasette: what it shows of each table, and a few queries to begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aggregates.engines import compiler
from aggregates.frozen import freezing
from aggregates.installing.upgrading import VERSION_TABLE
from aggregates.model.definition import Catalogue
from aggregates.model.dictionary import Entry

_SORT_DESCENDING: Final = {
    "agent_activity": "invocations",
    "agent_hourly": "hour",
    "agent_durations_daily": "day",
    "agent_invocation_changes": "seq",
    "session_changes": "seq",
    "agent_tool_use_changes": "seq",
    "open_runs": "start_time",
    "session_stats": "last_end",
    "tool_stats": "uses",
    "v_agents": "invocations",
    "v_agents_hourly": "hour",
    "v_agents_daily": "day",
    "v_phases": "invocations",
    "v_sessions": "last_end",
    "v_tools": "uses",
    "v_tools_by_agent": "uses",
}
# Datasette hides tables, but lists every view that may be seen.
_HIDDEN: Final = {"table": {"hidden": True}, "view": {"allow": False}}

# name -> (title, SQL)
QUERIES: Final = {
    "slowest_agents": (
        "Slowest agents",
        "SELECT agent_name, invocations, mean_seconds, p50_seconds, p95_seconds\n"
        "FROM v_agents\nWHERE p95_seconds IS NOT NULL\nORDER BY p95_seconds DESC",
    ),
    "tokens_by_day": (
        "Tokens by day",
        "SELECT day, sum(invocations) AS invocations, sum(tokens) AS tokens\n"
        "FROM v_agents_daily\nGROUP BY day\nORDER BY day DESC",
    ),
    "failures_by_phase": (
        "Failures by phase",
        "SELECT phase, ended, failed, success_rate\nFROM v_phases\nORDER BY failed DESC",
    ),
    "failing_tools": (
        "Tools that fail",
        "SELECT agent_name, tool_name, ended, failed, success_rate\n"
        "FROM v_tools\nWHERE failed > 0\nORDER BY success_rate, failed DESC",
    ),
    "sessions_of_a_day": (
        "Sessions that began on a day",
        "SELECT session_id, first_start, invocations, success_rate, elapsed_seconds\n"
        "FROM v_sessions\nWHERE substr(first_start, 1, 10) = :day\nORDER BY first_start",
    ),
    "series_of_an_agent": (
        "One agent by hour, from a day on",
        "SELECT hour, invocations, failed, mean_seconds, tokens\n"
        "FROM v_agents_hourly\nWHERE agent_name = :agent AND hour >= :day\nORDER BY hour",
    ),
}


def metadata(
    database: str, descriptions: Iterable[Entry], internal: Mapping[str, str]
) -> dict[str, Any]:
    """What `datasette -m` takes.

    `database` is the name that Datasette gives it: the stem of the file's name. `internal` holds
    what is to be hidden: `table` or `view` by name. There are no `units`: Datasette would turn
    seconds into kiloseconds.
    """
    tables: dict[str, dict[str, Any]] = {}
    for table, column, description in descriptions:
        shown = tables.setdefault(table, {})
        if column:
            shown.setdefault("columns", {})[column] = description
        else:
            shown["description"] = description
    for table, column in _SORT_DESCENDING.items():
        if table in tables:
            tables[table]["sort_desc"] = column
    tables |= {name: _HIDDEN[kind] for name, kind in sorted(internal.items())}
    queries = {name: {"title": title, "sql": sql} for name, (title, sql) in QUERIES.items()}
    return {"databases": {database: {"tables": tables, "queries": queries}}}


def internal_objects(catalogue: Catalogue) -> dict[str, str]:
    """Tables and views that are nobody's business but ours."""
    kinds = {
        name: kind for kind, name in freezing.live(compiler("sqlite"), catalogue) if kind in _HIDDEN
    }
    ours = {name: kind for name, kind in kinds.items() if name.startswith("_")}
    return ours | {VERSION_TABLE: "table"}
