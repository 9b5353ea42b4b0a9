"""Tables of the vault, of named users, of API keys and of requests that carried an Idempotency-Key."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from backline.storage.run_tables import metadata

# A secret is what it is for (a token, a key), whose it is and its name. The three and the version are bound
# into the ciphertext, so that a row moved to another place cannot be read.
secret = Table(
    "backline_secret",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),  # counts the values that the name has had
    Column("key_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),  # 96 bits
    Column("ciphertext", LargeBinary, nullable=False),  # with the tag of 128 bits behind it
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
)
Index("ix_backline_secret_key", secret.c.key_id)

user = Table(
    "backline_user",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", BigInteger),
    Column("disabled_by", Text),
)

api_key = Table(
    "backline_api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "secret_sha", Text, nullable=False
    ),  # SHA-256 of 256 random bits: nothing to guess, no salt needed
    Column("user_name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # names with spaces between
    Column("note", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("used_at", BigInteger),  # to the minute
)
Index("ix_backline_api_key_user", api_key.c.user_name)

api_request = Table(
    "backline_api_request",
    metadata,
    Column("user_name", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # what the Idempotency-Key header said
    Column("body_sha", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
Index("ix_backline_api_request_created", api_request.c.created_at)
