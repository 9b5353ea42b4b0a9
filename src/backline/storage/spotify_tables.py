"""Tables of Spotify: apps, accounts and stored answers; and, of any provider, turns and the budget of a day."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from backline.storage.run_tables import metadata

# A Client ID. Its secret is in the vault; the default one is named "".
app = Table(
    "backline_spotify_app",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("developer", Text, nullable=False),  # whose apps share one budget
    Column("has_secret", Boolean, nullable=False),
    Column("profile", Text),  # null until somebody looked
    Column("reasons", Text, nullable=False),  # JSON, a list of words: how the profile was told
    Column("probed_at", BigInteger),
    Column("doubted_at", BigInteger),  # an answer came since that the profile did not foretell
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)
Index("ux_backline_spotify_app_name", app.c.name, unique=True)

# A consent, or what an app has by itself ("app:" and its Client ID). The tokens are in the vault.
account = Table(
    "backline_spotify_account",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("name", Text, nullable=False),  # as the person is called there
    Column("scopes", Text, nullable=False),  # names with spaces between
    Column("expires_at", BigInteger, nullable=False),  # of the access token
    Column("authorized_at", BigInteger, nullable=False),  # the consent lasts six months from here
    Column("ended_at", BigInteger),  # a refresh was refused
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)
Index("ix_backline_spotify_account_client", account.c.client_id)

# Content of the platform, kept for some days. No backup holds it.
answer = Table(
    "backline_spotify_answer",
    metadata,
    Column("key", Text, primary_key=True),  # SHA-256 of what was asked, by which app, for whom
    Column("client_id", Text, nullable=False),
    Column("account_id", Text),  # null: asked by the app itself
    Column("etag", Text),
    Column("body", LargeBinary, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("fresh_until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("ix_backline_spotify_answer_account", answer.c.account_id)
Index("ix_backline_spotify_answer_expires", answer.c.expires_at)

# One holder at a time, by name. A row leaves with its holder; of one that was killed it stays until it is taken over.
turn = Table(
    "backline_turn",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

# What was asked in an hour (whole hours since 1970), all and those for which somebody waited.
budget_hour = Table(
    "backline_budget_hour",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("family", Text, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("spent", Integer, nullable=False),
    Column("interactive", Integer, nullable=False),
)

# Where a quota was seen to end. The row is also what all who count lock.
budget = Table(
    "backline_budget",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("family", Text, primary_key=True),
    Column("learned", Integer),  # requests in 24 hours
    Column("learned_at", BigInteger),
)
