"""A copy of the migrations, and the revision that definitions added to the catalogue become."""

import shutil
from dataclasses import replace
from pathlib import Path

from sqlalchemy import literal

from aggregates.engines.sqlite.compiler import SQLite
from aggregates.frozen import freezing
from aggregates.frozen.statements import history, migrations_folder
from aggregates.model.catalogue import (
    AGENT_NAME,
    MODEL,
    SESSION,
    STATUS,
    TOOL,
    agent_activity,
    agent_invocations,
    agent_tool_uses,
    catalogue,
    sessions,
)
from aggregates.model.definition import (
    Aggregate,
    Cluster,
    Dimension,
    DistinctCount,
    Filter,
    Listing,
    Measure,
)

COMPILER = SQLite()
LEDGER, AGGREGATES = (one.name.partition("_")[0] for one in history(migrations_folder()))

SESSION_TOKENS = Aggregate(
    name="session_tokens",
    source=agent_invocations,
    dimensions=(SESSION, MODEL),
    measures=(Measure("tokens_sum", agent_invocations.fact("token_count"), "tokens"),),
    description="tokens of each session by model",
)
EXTENDED = replace(catalogue, definitions=(*catalogue.definitions, SESSION_TOKENS))
"""By one aggregate."""

_BY_TOOL = Cluster("_aggregates_by_tool", "tool_name")
_USES = (Measure("uses", literal(1), "uses"),)
_FAILED = Filter("failed", agent_invocations.fact("failed") == 1, "rows that failed")
_ID = Dimension("invocation_id", agent_invocations.fact("invocation_id"), "id", "INTEGER")
_TOOL_AGENTS = Aggregate(
    name="tool_agents",
    source=agent_tool_uses,
    dimensions=(TOOL, AGENT_NAME),
    measures=_USES,
    description="reference counts behind tool_use.agents",
    cluster=_BY_TOOL,
    part=1,
)
_TOOL_USE = Aggregate(
    name="tool_use",
    source=agent_tool_uses,
    dimensions=(TOOL,),
    measures=_USES,
    distinct_counts=(DistinctCount("agents", "tool_agents", "agent_name", "agents", False),),
    description="uses of each tool",
    cluster=_BY_TOOL,
)
_AGENT_TOOLS = Aggregate(
    name="agent_tools",
    source=agent_tool_uses,
    dimensions=(AGENT_NAME,),
    measures=_USES,
    distinct_counts=(DistinctCount("tools", "tool_agents", "tool_name", "tools"),),
    description="uses by each agent",
)
_FAILED_RUNS = Listing(
    name="failed_runs",
    source=agent_invocations,
    dimensions=(_ID,),
    attributes=(AGENT_NAME,),
    filter=_FAILED,
    description="runs that failed",
)
_SESSION_STATUS = Aggregate(
    name="session_status",
    source=sessions,
    dimensions=(SESSION, STATUS),
    measures=(Measure("rows", literal(1), "rows"),),
    description="status of each session",
)
_INVOCATIONS = agent_activity.filter
_BY_STATUS = Aggregate(
    name="agent_statuses",
    source=agent_invocations,
    dimensions=(AGENT_NAME, STATUS),
    measures=(
        Measure("runs", literal(1), "runs"),
        Measure("in_flight", agent_invocations.fact("in_flight"), "runs that have not ended"),
    ),
    filter=_INVOCATIONS,
    description="runs of each agent by status",
    owner="application",
)
_STARTED = Filter("started", agent_invocations.fact("status_name") == "started", "as they begin")
_BEGUN_RUNS = Listing(
    name="begun_runs",
    source=agent_invocations,
    dimensions=(_ID,),
    filter=Filter("begun", agent_invocations.fact("start").is_not(None), "with a start", _STARTED),
    description="runs that say that they have started",
    owner="application",
)
_RUN_STATUS = Listing(
    name="run_status",
    source=agent_invocations,
    dimensions=(_ID,),
    attributes=(STATUS,),
    filter=_INVOCATIONS,
    description="status of each run",
    owner="application",
)
FAR_EXTENDED = replace(
    EXTENDED,
    definitions=(
        *EXTENDED.definitions,
        *(_TOOL_AGENTS, _TOOL_USE, _AGENT_TOOLS, _FAILED_RUNS, _SESSION_STATUS),
        *(_BY_STATUS, _BEGUN_RUNS, _RUN_STATUS),
    ),
)
"""By aggregates of every kind and of every source, an application's own among them."""


def copy_of_migrations(folder: Path) -> Path:
    """A copy of the migrations that a test may add to."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(migrations_folder(), folder / "migrations", ignore=ignored))


def head_of(folder: Path) -> str:
    """The newest revision of a folder."""
    return history(folder)[-1].name.partition("_")[0]


def far_extended(folder: Path) -> Path:
    """A copy of the migrations with one more revision."""
    copy = copy_of_migrations(folder)
    assert freezing.write_revision("More", COMPILER, FAR_EXTENDED, copy) is not None
    return copy
