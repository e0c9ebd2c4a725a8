"""Adopt the hooks' tables, and log every change of agent_invocations."""

from pathlib import Path

from alembic import op

from aggregates import operations
from aggregates.adoption import Shape

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SESSIONS = Shape(
    table="sessions",
    key="",
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


def upgrade() -> None:
    shapes = (SESSIONS, AGENT_INVOCATIONS)
    operations.check(op, shapes)
    operations.switch_to_wal(op)
    operations.create(op, HERE / "bookkeeping.sql")
    operations.adopt(op, shapes, HERE / "hooks.sql")
    operations.create(op, HERE / "ledger.sql", AGENT_INVOCATIONS)


def downgrade() -> None:
    operations.remove(op, HERE / "ledger.sql")
    operations.drop_adopted_columns(op)
    operations.remove(op, HERE / "bookkeeping.sql")
