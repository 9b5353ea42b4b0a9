"""The catalogue and the facts: artists, tracks, imports, claims, facts, rollups.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_catalogue()
    _make_imports()
    _make_facts()


def _make_catalogue() -> None:
    op.create_table(
        "backline_artist",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_artist")),
        sa.UniqueConstraint("id", name=op.f("uq_backline_artist_id")),
    )
    op.create_index("ix_backline_artist_folded", "backline_artist", ["folded"], unique=False)
    op.create_table(
        "backline_credit_part",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", "artist_no", name=op.f("pk_backline_credit_part")),
    )
    op.create_table(
        "backline_track",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("isrc", sa.Text(), nullable=True),
        sa.Column("released", sa.Text(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_track")),
        sa.UniqueConstraint("id", name=op.f("uq_backline_track_id")),
    )
    op.create_index("ix_backline_track_folded", "backline_track", ["artist_no", "folded"], unique=False)


def _make_imports() -> None:
    op.create_table(
        "backline_claim",
        sa.Column("id", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("import_no", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backline_claim")),
    )
    op.create_index("ix_backline_claim_import", "backline_claim", ["import_no"], unique=False)
    op.create_index(
        "ix_backline_claim_scope", "backline_claim", ["report", "scope", "day", "import_no"], unique=False
    )
    op.create_index(
        "ux_backline_claim_current",
        "backline_claim",
        ["report", "scope", "day"],
        unique=True,
        postgresql_where=sa.text("current"),
        sqlite_where=sa.text("current"),
    )
    op.create_table(
        "backline_claim_echo",
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("import_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("claim_id", "import_no", name=op.f("pk_backline_claim_echo")),
    )
    op.create_index("ix_backline_claim_echo_import", "backline_claim_echo", ["import_no"], unique=False)
    op.create_table(
        "backline_import",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("content_sha", sa.Text(), nullable=False),
        sa.Column("hints_sha", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("rows_ignored", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.Text(), nullable=False),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=True),
        sa.Column("last_day", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_import")),
        sa.UniqueConstraint("id", name=op.f("uq_backline_import_id")),
    )
    op.create_index(
        "ix_backline_import_content", "backline_import", ["content_sha", "hints_sha"], unique=False
    )
    op.create_table(
        "backline_mapping",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_backline_mapping")),
    )


def _make_facts() -> None:
    op.create_table(
        "backline_dirty_day",
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("artist_no", "day", name=op.f("pk_backline_dirty_day")),
    )
    op.create_table(
        "backline_fact",
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("track_no", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False),
    )
    op.create_index("ix_backline_fact_artist", "backline_fact", ["artist_no", "day"], unique=False)
    op.create_index("ix_backline_fact_claim", "backline_fact", ["claim_id"], unique=False)
    op.create_table(
        "backline_rollup",
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False),
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "artist_no",
            "day",
            "report",
            "dimension",
            "key",
            "measure",
            "currency",
            "scale",
            name=op.f("pk_backline_rollup"),
        ),
    )
