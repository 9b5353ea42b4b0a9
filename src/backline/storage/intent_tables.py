"""Tables of calls to the outside world: what is about to be asked, and how fast a provider may be asked."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, Table, Text, text

from backline.storage.run_tables import metadata, quote_states

INTENT_STATES = ("open", "done", "failed", "unclear")
UNSURE_STATES = ("open", "unclear")  # nobody knows yet whether it happened

intent = Table(
    "backline_intent",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("input_sha", Text, nullable=False),
    Column("request", Text, nullable=False),  # JSON, secrets struck out
    Column("state", Text, nullable=False),
    Column("at_most_once", Boolean, nullable=False),
    Column("fence", BigInteger, nullable=False),  # of the attempt that calls
    Column("tries", Integer, nullable=False),  # how often a call was begun
    Column("made_at", BigInteger, nullable=False),  # of the last of them
    Column("outcome", Text),  # JSON
    Column("words", Text),  # why it failed, or why nobody knows
    Column("ended_at", BigInteger),
    CheckConstraint(f"state IN {quote_states(INTENT_STATES)}", name="state"),
)
Index(
    "ix_backline_intent_open",
    intent.c.made_at,
    postgresql_where=text("state = 'open'"),
    sqlite_where=text("state = 'open'"),
)

limit = Table(
    "backline_limit",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),  # empty: the provider as a whole
    Column("tat", BigInteger, nullable=False),  # when the bucket will be full again
    Column("blocked_until", BigInteger, nullable=False),
)
