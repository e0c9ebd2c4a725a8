"""Adopt the hooks' tables, and log every change of agent_invocations."""

from pathlib import Path

from alembic import op

from aggregates.installing import operations
from aggregates.installing.operations import Shape

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SESSIONS = Shape(
    table="sessions",
    key="rowid",
    unique="session_id",
    required=("session_id",),
    added={
        "start_time": "TIMESTAMP",
        "end_time": "TIMESTAMP",
        "status": "TEXT",
        "cwd": "TEXT",
        "metadata": "JSON",
    },
)
AGENT_INVOCATIONS = Shape(
    table="agent_invocations",
    key="id",
    required=("agent_name",),
    added={
        "timestamp": "TIMESTAMP",
        "session_id": "TEXT",
        "event_type": "TEXT",
        "phase": "TEXT",
        "model": "TEXT",
        "start_time": "TIMESTAMP",
        "end_time": "TIMESTAMP",
        "duration_seconds": "REAL",
        "status": "TEXT",
        "raw_output": "JSON",
        "updated_at": "TEXT",
    },
)
SHAPES = (SESSIONS, AGENT_INVOCATIONS)
# That a later revision needs: nothing is begun that could not be finished.
AGENT_TOOL_USES = Shape(table="agent_tool_uses", key="id", required=("tool_name",), added={})


def upgrade() -> None:
    operations.begin(op, down_revision)
    operations.check(op, (*SHAPES, AGENT_TOOL_USES), HERE.parent)
    operations.switch_to_wal(op)
    operations.create(op, HERE / "bookkeeping.sql")
    operations.adopt(op, SHAPES, HERE / "hooks.sql")
    operations.create(op, HERE / "ledger.sql", AGENT_INVOCATIONS)


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.remove(op, HERE / "ledger.sql")
    operations.drop_added_columns(op, SHAPES)
    operations.remove(op, HERE / "bookkeeping.sql")
