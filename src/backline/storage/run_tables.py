"""Tables of the run ledger: runs, attempts, steps, schedules, audit. Times are microseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigKey = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only INTEGER keys


class Xid8(UserDefinedType[Any]):
    """PostgreSQL's 64-bit transaction id, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """As PostgreSQL calls it."""
        return "xid8"


ischema_names.setdefault("xid8", Xid8)  # SQLAlchemy does not know it where it reads a schema

STATES = (
    "scheduled",
    "queued",
    "running",
    "succeeded",
    "failed",
    "dead",
    "cancelled",
    "expired",
    "needs_attention",
    "blocked",
)
ENDED_STATES = tuple(state for state in STATES if state not in ("scheduled", "queued", "running"))
UNANSWERED_STATES = ("failed", "dead", "needs_attention", "expired", "blocked")  # until a person answers
FORCED = "cancel_forced"  # error_kind of a running run that its holder is to end at once
WAITING_STATES = ("scheduled", "queued", "blocked")  # in nobody's hands: cancelled at once
RETRIABLE_STATES = (*UNANSWERED_STATES, "cancelled", "scheduled")


def quote_states(states: Sequence[str]) -> str:
    """The states as SQL writes a set."""
    return "({})".format(", ".join(f"'{state}'" for state in states))


run = Table(
    "backline_run",
    metadata,
    Column("id", Text, primary_key=True),  # uuid7
    Column("task", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),  # 0 interactive, 5 batch
    Column("idempotency_key", Text),
    Column("job", Text, nullable=False),
    Column("job_sha", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("faults", Integer, nullable=False, server_default="0"),  # passing faults so far
    Column("bugs", Integer, nullable=False, server_default="0"),  # unexplained errors so far
    Column("lost", Integer, nullable=False, server_default="0"),  # leases lost so far
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", BigInteger),
    Column("claimed_at", BigInteger),  # by the worker that has it; started_at is the first attempt's
    Column("worker", Text),
    Column("due_at", BigInteger, nullable=False),
    Column("deadline_at", BigInteger),
    Column("expires_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("concurrency_key", Text),
    Column("concurrency_limit", SmallInteger, nullable=False, server_default="0"),
    Column("rings", Integer, nullable=False, server_default="0"),
    Column("ring_at", BigInteger),  # when the next bell may ring
    Column("trace_id", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("parent_id", Text),
    Column("schedule_id", Text),
    Column("slot", BigInteger),
    Column("progress", Text),
    Column("answer", Text),
    Column("error_kind", Text),
    Column("error_text", Text),
    Column("code_version", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("answered_by", Text),
    Column("answered_why", Text),
    Column("canvas", Text),  # JSON: what Celery is told at its end, see canvases.py
    CheckConstraint(f"state IN {quote_states(STATES)}", name="state"),
)
Index(
    "ix_backline_run_waiting",
    run.c.queue,
    run.c.priority,
    run.c.due_at,
    postgresql_where=text("state = 'queued'"),
    sqlite_where=text("state = 'queued'"),
)
Index(
    "ix_backline_run_due",
    run.c.due_at,
    postgresql_where=text("state = 'scheduled'"),
    sqlite_where=text("state = 'scheduled'"),
)
Index(
    "ix_backline_run_lease",
    run.c.lease_until,
    postgresql_where=text("state = 'running'"),
    sqlite_where=text("state = 'running'"),
)
Index(
    "ix_backline_run_key",
    run.c.concurrency_key,
    postgresql_where=text("state = 'running' AND concurrency_key IS NOT NULL"),
    sqlite_where=text("state = 'running' AND concurrency_key IS NOT NULL"),
)
# A succeeded run leaves every index but its key: that keeps the finish of a run cheap.
Index(
    "ix_backline_run_open",
    run.c.state,
    run.c.created_at,
    postgresql_where=text("state <> 'succeeded'"),
    sqlite_where=text("state <> 'succeeded'"),
)
Index(
    "ux_backline_run_idempotency",
    run.c.task,
    run.c.idempotency_key,
    unique=True,
    postgresql_where=text("idempotency_key IS NOT NULL"),
    sqlite_where=text("idempotency_key IS NOT NULL"),
)
Index(  # the id that Celery knows a run by
    "ix_backline_run_celery",
    run.c.idempotency_key,
    postgresql_where=text("idempotency_key LIKE 'celery:%'"),
    sqlite_where=text("idempotency_key LIKE 'celery:%'"),
)

result = Table(  # of a Celery task that has no row here, and of groups
    "backline_result",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

attempt = Table(
    "backline_attempt",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("fence", BigInteger, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("worker", Text),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error_kind", Text),
    Column("error_text", Text),
    Column("trace_id", Text, nullable=False),
)

step = Table(
    "backline_step",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("input_sha", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

schedule = Table(
    "backline_schedule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("task", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),  # of the stored job
    Column("job", Text, nullable=False),
    Column("cron", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("catch_up", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("next_slot", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("catch_up IN ('none', 'last', 'all')", name="catch_up"),
)
Index("ix_backline_schedule_next", schedule.c.next_slot)

audit = Table(
    "backline_audit",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("run_id", Text),
    Column("fence", BigInteger),
    Column("before_sha", Text),
    Column("after_sha", Text),
    Column("body", Text, nullable=False),
    Column("xid", Xid8().with_variant(BigInteger(), "sqlite")),  # PostgreSQL fills it in; see seals.py
)
Index("ix_backline_audit_object", audit.c.object)
Index(  # the order of sealing on PostgreSQL; SQLite leaves the column, and so the index, empty
    "ix_backline_audit_xid", audit.c.xid, audit.c.id, sqlite_where=text("xid IS NOT NULL")
)
Index(  # what a run did to other objects; its own states are found by the object run:<id>
    "ix_backline_audit_run",
    audit.c.run_id,
    postgresql_where=text("object NOT LIKE 'run:%'"),
    sqlite_where=text("object NOT LIKE 'run:%'"),
)
