"""Rates of exchange, a listener's own plays, and what was fetched from mailboxes and SFTP folders.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_rates()
    _make_plays()
    _make_fetched()


def _make_rates() -> None:
    op.create_table(
        "backline_rate",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("per", sa.Text(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_rate")),
    )
    op.create_index("ix_backline_rate_pair", "backline_rate", ["currency", "per", "period"], unique=False)


def _make_plays() -> None:
    texts = (
        "kind",
        "uri",
        "title",
        "creator",
        "collection",
        "country",
        "platform",
        "reason_start",
        "reason_end",
    )
    flags = ("shuffle", "skipped", "offline", "incognito")
    op.create_table(
        "backline_play",
        sa.Column("import_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("ms_played", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        *(sa.Column(name, sa.Boolean(), nullable=True) for name in flags),
        sa.Column("offline_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("import_no", "line", name=op.f("pk_backline_play")),
    )
    op.create_index("ix_backline_play_key", "backline_play", ["key"], unique=False)


def _make_fetched() -> None:
    texts = ("place", "item", "version", "content_sha", "outcome", "name")
    op.create_table(
        "backline_fetched",
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("size", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("path", "reason", "run_id")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*texts[:4], name=op.f("pk_backline_fetched")),
    )
