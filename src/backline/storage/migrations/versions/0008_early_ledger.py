"""What the run ledger of the first version lacks: 0001 was written anew after databases had been made by it.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment of the claim where it is missing, and take out the index that no query uses."""
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("backline_run")}
    if "claimed_at" not in columns:
        op.add_column("backline_run", sa.Column("claimed_at", sa.BigInteger(), nullable=True))
    op.drop_index("ix_backline_run_parent", "backline_run", if_exists=True)
