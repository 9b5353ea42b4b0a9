"""The run ledger: runs, attempts, steps, schedules, audit.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = "audit rows are never changed or deleted"


def upgrade() -> None:
    """Make the tables, and the triggers that guard the audit rows."""
    _make_tables()
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER backline_audit_no_{verb.lower()} BEFORE {verb} ON backline_audit "
                f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION backline_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER backline_audit_no_change BEFORE UPDATE OR DELETE ON backline_audit "
        "FOR EACH ROW EXECUTE FUNCTION backline_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER backline_audit_no_truncate BEFORE TRUNCATE ON backline_audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION backline_refuse_change()"
    )
    op.execute("ALTER TABLE backline_run SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)")


def _make_tables() -> None:
    op.create_table(
        "backline_audit",
        sa.Column("id", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("before_sha", sa.Text(), nullable=True),
        sa.Column("after_sha", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backline_audit")),
    )
    op.create_index("ix_backline_audit_object", "backline_audit", ["object"], unique=False)
    op.create_index("ix_backline_audit_run", "backline_audit", ["run_id"], unique=False)
    op.create_table(
        "backline_run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("job_sha", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("faults", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bugs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("concurrency_key", sa.Text(), nullable=True),
        sa.Column("concurrency_limit", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("rings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ring_at", sa.BigInteger(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("schedule_id", sa.Text(), nullable=True),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("code_version", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('scheduled', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled', 'expired', 'needs_attention', 'blocked')",
            name=op.f("ck_backline_run_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backline_run")),
        sa.UniqueConstraint("task", "idempotency_key", name=op.f("uq_backline_run_task")),
    )
    op.create_index(
        "ix_backline_run_due",
        "backline_run",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'scheduled'"),
        sqlite_where=sa.text("state = 'scheduled'"),
    )
    op.create_index(
        "ix_backline_run_key",
        "backline_run",
        ["concurrency_key"],
        unique=False,
        postgresql_where=sa.text("state = 'running' AND concurrency_key IS NOT NULL"),
        sqlite_where=sa.text("state = 'running' AND concurrency_key IS NOT NULL"),
    )
    op.create_index(
        "ix_backline_run_lease",
        "backline_run",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
        sqlite_where=sa.text("state = 'running'"),
    )
    op.create_index("ix_backline_run_parent", "backline_run", ["parent_id"], unique=False)
    op.create_index("ix_backline_run_state", "backline_run", ["state", "created_at"], unique=False)
    op.create_index(
        "ix_backline_run_waiting",
        "backline_run",
        ["queue", "priority", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
        sqlite_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "backline_schedule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("catch_up", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("next_slot", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("catch_up IN ('none', 'last', 'all')", name=op.f("ck_backline_schedule_catch_up")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backline_schedule")),
    )
    op.create_index("ix_backline_schedule_next", "backline_schedule", ["next_slot"], unique=False)
    op.create_table(
        "backline_attempt",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["backline_run.id"], name=op.f("fk_backline_attempt_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "fence", name=op.f("pk_backline_attempt")),
    )
    op.create_table(
        "backline_step",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("input_sha", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["backline_run.id"], name=op.f("fk_backline_step_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_backline_step")),
    )
