"""Who performs a recording, by the team's own word: several artists find the same one.

Revision ID: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, with the one artist that each own recording had until now."""
    key = ("recording_no", "artist_no", "provenance", "source_id")
    op.create_table(
        "backline_performer",
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in key[:2]),
        *(sa.Column(name, sa.Text(), nullable=False) for name in key[2:]),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_backline_performer")),
    )
    op.create_index("ix_backline_performer_artist", "backline_performer", ["artist_no"], unique=False)
    op.execute(
        "INSERT INTO backline_performer (recording_no, artist_no, provenance, source_id) "
        "SELECT thing_no, artist_no, provenance, source_id FROM backline_entry "
        "WHERE kind = 'recording' AND provenance = 'own'"
    )
