"""Aggregates of runs, sessions and uses of tools, filled while hooks write."""

from pathlib import Path

from alembic import op

from aggregates.installing import operations

revision = "a83b16c0de57"
down_revision = "5d0f7e2a91c4"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SOURCES = ("agent_invocations", "sessions", "agent_tool_uses")


def upgrade() -> None:
    operations.begin(op, down_revision)
    operations.install(op, revision, HERE, SOURCES)


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.uninstall(op, HERE)
