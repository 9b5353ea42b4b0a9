"""Tables of what a team's own account on a platform has: playlists and their rows, what it keeps, what it played.

All of it is content of the platform: a row leaves at `expires_at` unless it was seen again, and everything of an
account leaves with the account. A playlist's rows are kept as one state for each time that they had changed, so that
an earlier one can be shown and brought back. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from backline.storage.run_tables import BigKey, metadata

playlist = Table(
    "backline_playlist",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("account_id", Text, nullable=False),
    Column("playlist_id", Text, nullable=False),  # the platform's
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("owner_name", Text, nullable=False),
    Column("public", Boolean),
    Column("collaborative", Boolean, nullable=False),
    Column("is_ours", Boolean, nullable=False),  # its rows may be read; of others only this row is known
    Column("total", Integer),  # rows, as the list of playlists told it
    Column("place", Integer, nullable=False),  # in the list of playlists, from 0
    Column("reading_snapshot", Text),  # a reading was cut off: under which snapshot it was begun …
    Column("reading_since", BigInteger),  # … and when
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("gone_at", BigInteger),  # since when the account does not list it any more
)
Index("ux_backline_playlist_id", playlist.c.account_id, playlist.c.playlist_id, unique=True)

# The rows of a playlist as they were from `seen_at` on; the last one is how they are.
playlist_state = Table(
    "backline_playlist_state",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("playlist_no", BigInteger, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("snapshot", Text),  # the last one that these rows were seen under
    Column("total", Integer, nullable=False),
    Column("rows", LargeBinary, nullable=False),  # account_rows.pack_slots
    Column("run_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("ix_backline_playlist_state_playlist", playlist_state.c.playlist_no, playlist_state.c.no)

# What an account keeps (tracks, releases) and follows (artists).
kept = Table(
    "backline_account_kept",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # track, release, artist
    Column("uri", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("credits", Text, nullable=False),  # JSON list of names
    Column("isrc", Text),
    Column("upc", Text),
    Column("added_at", BigInteger),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

account_play = Table(
    "backline_account_play",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("played_at", BigInteger, primary_key=True),
    Column("uri", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("credits", Text, nullable=False),  # JSON list of names
    Column("isrc", Text),
    Column("duration_ms", BigInteger),
    Column("context", Text),  # the URI of what it was played from
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Between these two plays there may have been others that nobody can tell any more.
play_gap = Table(
    "backline_account_gap",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("after", BigInteger, primary_key=True),
    Column("before", BigInteger, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# How far each part of an account was read. Nothing of it is content, so it stays until the account leaves.
account_sync = Table(
    "backline_account_sync",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("part", Text, primary_key=True),  # playlists, track, release, artist, plays
    Column("seen_at", BigInteger, nullable=False),
    Column("whole_at", BigInteger),  # when all of it was read last, to the end
    Column("blanks", Integer, nullable=False),  # entries without a thing, then
    Column("newest", BigInteger),  # plays: the newest one ever seen
    Column("reading_since", BigInteger),  # a reading was cut off, which was begun then
)

# `thing`: playlist, track, release, artist. `field`: name, description, public, collaborative, owner, "listed" (the
# moment: null → appeared, → null gone), "replaced" (numbers of rows); of a playlist's rows added, removed, moved and
# swapped, with positions from 0 in `old` and `new` and the row in `uri` and `title`.
account_change = Table(
    "backline_account_change",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("account_id", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("thing_id", Text, nullable=False),  # a playlist's id, else a URI
    Column("field", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("uri", Text),
    Column("title", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index(
    "ix_backline_account_change_thing",
    account_change.c.account_id,
    account_change.c.thing,
    account_change.c.thing_id,
)

EXPIRING = (playlist, playlist_state, kept, account_play, play_gap, account_change)
TABLES = (*EXPIRING, account_sync)
