"""Adopt the hooks' tables, and log every change of them."""

from pathlib import Path

from alembic import op

from aggregates.installing import operations
from aggregates.installing.operations import Shape

revision = "5d0f7e2a91c4"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SHAPES = (
    Shape(
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
    ),
    Shape(
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
    ),
    Shape(
        table="agent_tool_uses",
        key="id",
        required=("tool_name",),
        added={
            "session_id": "TEXT",
            "agent_name": "TEXT",
            "start_time": "TIMESTAMP",
            "end_time": "TIMESTAMP",
            "duration_seconds": "REAL",
            "status": "TEXT",
        },
    ),
)


def upgrade() -> None:
    operations.begin(op, down_revision)
    operations.check(op, SHAPES, HERE.parent)
    operations.switch_to_wal(op)
    operations.create(op, HERE / "bookkeeping.sql")
    operations.adopt(op, SHAPES, HERE / "hooks.sql")
    for shape in SHAPES:
        operations.create(op, HERE / f"ledger_{shape.table}.sql", shape)


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.remove(op, *HERE.glob("ledger_*.sql"))
    operations.drop_added_columns(op, SHAPES)
    operations.remove(op, HERE / "bookkeeping.sql")
