"""Aggregates of agent_invocations, filled while hooks write."""

from pathlib import Path

from alembic import op

from aggregates.installing import operations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")
SOURCES = ("agent_invocations",)


def upgrade() -> None:
    operations.begin(op, down_revision)
    operations.install(op, revision, HERE, SOURCES)


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.uninstall(op, HERE)
