"""Tables beside the facts: rates of exchange, a listener's own plays, and what was fetched from where.

Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from backline.storage.run_tables import BigKey, metadata

# A rate is never overwritten: of one period and pair the newest row counts.
rate = Table(
    "backline_rate",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("period", Text, nullable=False),  # "2026-08-31" or "2026-08"
    Column("currency", Text, nullable=False),  # what is counted: so many of it …
    Column("per", Text, nullable=False),  # … for one of this
    Column("rate", Text, nullable=False),  # a decimal text, exact
    Column("source", Text, nullable=False),  # the file that the team gave
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)
Index("ix_backline_rate_pair", rate.c.currency, rate.c.per, rate.c.period)

# What one person listened to. No artist, no claim and no fact: nothing that reads an artist's numbers reads this.
play = Table(
    "backline_play",
    metadata,
    Column("import_no", BigInteger, primary_key=True),
    Column("line", BigInteger, primary_key=True),  # number of the record in its file
    Column("key", BigInteger, nullable=False),  # the same for the same play in another export
    Column("ended_at", BigInteger, nullable=False),
    Column("ms_played", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # track, episode, audiobook, unknown
    Column("uri", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("creator", Text, nullable=False),  # artist or show
    Column("collection", Text, nullable=False),  # album or book
    Column("country", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("reason_start", Text, nullable=False),
    Column("reason_end", Text, nullable=False),
    Column("shuffle", Boolean),
    Column("skipped", Boolean),
    Column("offline", Boolean),
    Column("incognito", Boolean),
    Column("offline_at", BigInteger),
)
Index("ix_backline_play_key", play.c.key)

# Every attachment and file that was taken or refused, and every message that was looked through ("seen").
fetched = Table(
    "backline_fetched",
    metadata,
    Column("place", Text, primary_key=True),  # "mailbox:label", "sftp:depot"
    Column("item", Text, primary_key=True),  # a message's id, a file's path; "" for a message looked through
    Column("version", Text, primary_key=True),  # UIDVALIDITY:UID, size:time
    Column("content_sha", Text, primary_key=True),  # "" where no bytes were taken
    Column("outcome", Text, nullable=False),  # stored, refused, seen
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("path", Text, nullable=False),  # where it is stored
    Column("reason", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
