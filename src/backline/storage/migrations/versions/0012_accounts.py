"""What a team's own account has: playlists with their states, what it keeps and follows, what it played, and history.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_playlists()
    _make_states()
    _make_kept()
    _make_plays()
    _make_sync()
    _make_changes()


def _text(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _number(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _make_playlists() -> None:
    op.create_table(
        "backline_playlist",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        *_text("account_id", "playlist_id", "name", "description", "owner_id", "owner_name"),
        sa.Column("public", sa.Boolean(), nullable=True),
        sa.Column("collaborative", sa.Boolean(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        *_text("reading_snapshot", nullable=True),
        *_number("reading_since", nullable=True),
        *_number("seen_at", "expires_at"),
        *_number("gone_at", nullable=True),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_playlist")),
    )
    op.create_index(
        "ux_backline_playlist_id", "backline_playlist", ["account_id", "playlist_id"], unique=True
    )


def _make_states() -> None:
    op.create_table(
        "backline_playlist_state",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        *_number("playlist_no"),
        *_text("account_id"),
        *_text("snapshot", nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        *_text("run_id"),
        *_number("seen_at", "expires_at"),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_playlist_state")),
    )
    op.create_index(
        "ix_backline_playlist_state_playlist", "backline_playlist_state", ["playlist_no", "no"], unique=False
    )


def _make_kept() -> None:
    keys = ("account_id", "kind", "uri")
    op.create_table(
        "backline_account_kept",
        *_text(*keys, "title", "credits"),
        *_text("isrc", "upc", nullable=True),
        *_number("added_at", nullable=True),
        *_number("seen_at", "expires_at"),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_backline_account_kept")),
    )


def _make_plays() -> None:
    keys = ("account_id", "played_at", "uri")
    op.create_table(
        "backline_account_play",
        *_text("account_id"),
        *_number("played_at"),
        *_text("uri", "title", "credits"),
        *_text("isrc", nullable=True),
        *_number("duration_ms", nullable=True),
        *_text("context", nullable=True),
        *_number("seen_at", "expires_at"),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_backline_account_play")),
    )
    op.create_table(
        "backline_account_gap",
        *_text("account_id"),
        *_number("after", "before"),
        *_text("run_id"),
        *_number("seen_at", "expires_at"),
        sa.PrimaryKeyConstraint("account_id", "after", name=op.f("pk_backline_account_gap")),
    )


def _make_sync() -> None:
    op.create_table(
        "backline_account_sync",
        *_text("account_id", "part"),
        *_number("seen_at"),
        *_number("whole_at", nullable=True),
        sa.Column("blanks", sa.Integer(), nullable=False),
        *_number("newest", "reading_since", nullable=True),
        sa.PrimaryKeyConstraint("account_id", "part", name=op.f("pk_backline_account_sync")),
    )


def _make_changes() -> None:
    op.create_table(
        "backline_account_change",
        sa.Column("no", BIG_KEY, autoincrement=True, nullable=False),
        *_text("account_id", "thing", "thing_id", "field"),
        *_text("old", "new", "uri", nullable=True),
        *_text("title", "run_id"),
        *_number("seen_at", "expires_at"),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_backline_account_change")),
    )
    op.create_index(
        "ix_backline_account_change_thing",
        "backline_account_change",
        ["account_id", "thing", "thing_id"],
        unique=False,
    )
