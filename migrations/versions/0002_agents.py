"""Aggregates of agent_invocations, filled while hooks write."""

from pathlib import Path

from alembic import op

from aggregates import operations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")


def upgrade() -> None:
    operations.begin(op, down_revision)
    if not operations.is_resumed(op, revision):
        operations.create(op, HERE / "tables.sql")
        operations.begin_backfill(op, revision, HERE / "recomputation.sql")
    operations.backfill(op, revision, HERE / "recomputation.sql")
    operations.create(op, HERE / "posting.sql")


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.remove(op, HERE / "tables.sql", HERE / "posting.sql")
