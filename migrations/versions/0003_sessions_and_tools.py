"""Aggregates of sessions and of tool uses, filled while hooks write."""

from pathlib import Path

from alembic import op

from aggregates.installing import operations
from aggregates.installing.operations import Shape

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SOURCES = ("agent_invocations", "sessions", "agent_tool_uses")
SHAPES = (
    Shape(table="sessions", key="rowid", unique="session_id", required=("session_id",), added={}),
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
    operations.check(op, SHAPES)
    operations.adopt(op, SHAPES, HERE / "hooks.sql")
    operations.install(op, revision, HERE, SOURCES, SHAPES)


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.uninstall(op, HERE)
    operations.drop_added_columns(op, SHAPES)
