"""Apps and accounts of Spotify, stored answers, turns, and the budget of a day.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_apps()
    _make_accounts()
    _make_answers()
    _make_turns()
    _make_budgets()


def _make_apps() -> None:
    op.create_table(
        "backline_spotify_app",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("developer", sa.Text(), nullable=False),
        sa.Column("has_secret", sa.Boolean(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("probed_at", sa.BigInteger(), nullable=True),
        sa.Column("doubted_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_backline_spotify_app")),
    )
    op.create_index("ux_backline_spotify_app_name", "backline_spotify_app", ["name"], unique=True)


def _make_accounts() -> None:
    op.create_table(
        "backline_spotify_account",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("authorized_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_backline_spotify_account")),
    )
    op.create_index(
        "ix_backline_spotify_account_client", "backline_spotify_account", ["client_id"], unique=False
    )


def _make_answers() -> None:
    op.create_table(
        "backline_spotify_answer",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("fresh_until", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_backline_spotify_answer")),
    )
    for name, column in (("account", "account_id"), ("expires", "expires_at")):
        op.create_index(
            f"ix_backline_spotify_answer_{name}", "backline_spotify_answer", [column], unique=False
        )


def _make_turns() -> None:
    op.create_table(
        "backline_turn",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_backline_turn")),
    )


def _make_budgets() -> None:
    op.create_table(
        "backline_budget_hour",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("interactive", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "provider", "account", "family", "hour", name=op.f("pk_backline_budget_hour")
        ),
    )
    op.create_table(
        "backline_budget",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("learned", sa.Integer(), nullable=True),
        sa.Column("learned_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("provider", "account", "family", name=op.f("pk_backline_budget")),
    )
