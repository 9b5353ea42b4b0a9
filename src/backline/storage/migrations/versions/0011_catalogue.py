"""The catalogue: releases, recordings, what each source says of them, its history, and joins with reports.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and give tracks of reports a UPC."""
    op.add_column("backline_track", sa.Column("upc", sa.Text(), nullable=True))
    for name in ("isrc", "upc"):
        _index_some("backline_track", name)
    _make_things()
    _make_entries()
    _make_lists()
    _make_artists()
    _make_changes()
    _make_joins()


def _make_things() -> None:
    for name in ("backline_release", "backline_recording"):
        op.create_table(
            name,
            sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
            sa.Column("id", sa.Text(), nullable=False),
            sa.Column("created_at", sa.BigInteger(), nullable=False),
            sa.Column("created_by", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("no", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint("id", name=op.f(f"uq_{name}_id")),
        )


def _make_entries() -> None:
    op.create_table(
        "backline_entry",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_no", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("provenance", "source_id", "title", "folded")
        ),
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("isrc", "upc", "released", "form")),
        sa.Column("tracks", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("explicit", sa.Boolean(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("detail_at", "expires_at", "gone_at")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_entry")),
    )
    source = ["kind", "provenance", "source_id", "thing_no"]
    op.create_index("ux_backline_entry_source", "backline_entry", source, unique=True)
    by_thing = ["kind", "thing_no", "provenance"]
    op.create_index("ix_backline_entry_thing", "backline_entry", by_thing, unique=False)
    by_artist = ["artist_no", "kind", "folded"]
    op.create_index("ix_backline_entry_artist", "backline_entry", by_artist, unique=False)
    for name in ("isrc", "upc", "expires_at"):
        _index_some("backline_entry", name)


def _make_lists() -> None:
    """Which recordings a release has, and which releases an artist."""
    key = ["release_no", "recording_no", "provenance", "source_id", "recording_source"]
    op.create_table(
        "backline_appearance",
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in key[:2]),
        *(sa.Column(name, sa.Text(), nullable=False) for name in key[2:]),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("disc", "position")),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_backline_appearance")),
    )
    op.create_index("ix_backline_appearance_recording", "backline_appearance", ["recording_no"], unique=False)
    key = ["artist_no", "release_no", "provenance", "source_id"]
    op.create_table(
        "backline_discography",
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in key[:2]),
        *(sa.Column(name, sa.Text(), nullable=False) for name in key[2:]),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_backline_discography")),
    )
    op.create_index("ix_backline_discography_release", "backline_discography", ["release_no"], unique=False)
    _index_some("backline_discography", "expires_at")


def _index_some(table: str, column: str) -> None:
    """The rows that have it."""
    is_there = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        f"ix_{table}_{column}",
        table,
        [column],
        unique=False,
        postgresql_where=is_there,
        sqlite_where=is_there,
    )


def _make_artists() -> None:
    """Which artist of a platform one is, and how far it was read."""
    op.create_table(
        "backline_artist_link",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "platform_id", name=op.f("pk_backline_artist_link")),
    )
    op.create_index("ix_backline_artist_link_artist", "backline_artist_link", ["artist_no"], unique=False)
    op.create_table(
        "backline_artist_sync",
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("next_offset", sa.Integer(), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("walked_at", "full_at", "answered_at")
        ),
        sa.PrimaryKeyConstraint("artist_no", "platform_id", name=op.f("pk_backline_artist_sync")),
    )


def _make_changes() -> None:
    op.create_table(
        "backline_catalogue_change",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_no", sa.BigInteger(), nullable=False),
        sa.Column("artist_no", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("provenance", "source_id", "field")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("old", "new")),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_catalogue_change")),
    )
    table = "backline_catalogue_change"
    op.create_index("ix_backline_catalogue_change_thing", table, ["kind", "thing_no"], unique=False)
    op.create_index("ix_backline_catalogue_change_artist", table, ["artist_no", "no"], unique=False)


def _make_joins() -> None:
    op.create_table(
        "backline_track_join",
        sa.Column("track_no", sa.BigInteger(), nullable=False),
        sa.Column("recording_no", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("how", "state", "reasons")),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("track_no", "recording_no", name=op.f("pk_backline_track_join")),
    )
    op.create_index("ix_backline_track_join_recording", "backline_track_join", ["recording_no"], unique=False)
    is_joined = sa.text("state = 'joined'")
    op.create_index(
        "ux_backline_track_join_joined",
        "backline_track_join",
        ["track_no"],
        unique=True,
        postgresql_where=is_joined,
        sqlite_where=is_joined,
    )
