"""Canvases of Celery: what a run's end sets going, and results of tasks that have no row here.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CELERY = sa.text("idempotency_key LIKE 'celery:%'")


def upgrade() -> None:
    """Add the column, the index of Celery's ids and the table."""
    op.add_column("backline_run", sa.Column("canvas", sa.Text(), nullable=True))
    op.create_index(
        "ix_backline_run_celery",
        "backline_run",
        ["idempotency_key"],
        postgresql_where=_CELERY,
        sqlite_where=_CELERY,
    )
    op.create_table(
        "backline_result",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backline_result")),
    )
