"""Ids of audit rows follow each other on SQLite: behind the last id there is, no row could be sealed any more.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORDS = "audit rows get their ids from the database"
LEAP = (
    "NOT EXISTS (SELECT 1 FROM backline_audit WHERE id > NEW.id) AND "
    "NEW.id > 1 + coalesce((SELECT max(id) FROM backline_audit WHERE id < NEW.id), 0)"
)


def upgrade() -> None:
    """Guard the ids once a chain has begun; a restore writes its rows, which may have gaps, before that.

    PostgreSQL seals by transaction, and its counter goes on wherever a row lies.
    """
    if op.get_bind().dialect.name == "sqlite":
        # Afterwards: before, an id that is not given is -1.
        op.execute(
            "CREATE TRIGGER backline_audit_no_leap AFTER INSERT ON backline_audit "
            f"WHEN (NEW.id < 1 OR {LEAP}) AND EXISTS (SELECT 1 FROM backline_seal_epoch) "
            f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )
