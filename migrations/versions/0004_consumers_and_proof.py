"""Consumers of the change logs, what they keep of sessions, and a record of proofs."""

from pathlib import Path

from alembic import op

from aggregates.installing import operations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HERE = Path(__file__).with_suffix("")


def upgrade() -> None:
    operations.begin(op, down_revision)
    operations.install(op, revision, HERE, ())


def downgrade() -> None:
    operations.remove_unfinished(op, HERE.parent)
    operations.uninstall(op, HERE)
