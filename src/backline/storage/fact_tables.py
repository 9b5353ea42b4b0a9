"""Tables of the catalogue and the facts: artists, tracks, imports, claims, facts, rollups.

Nothing here is ever overwritten but a flag. An import brings claims: "of this report, for this scope
and day, these are the facts". Of the claims on one scope and day the newest that is not taken back is
`current`; the others are its history. Days are counted from 1970-01-01; times are microseconds since
1970 UTC; a value is `value` · 10^-`scale`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, SmallInteger, Table, Text, text

from backline.storage.run_tables import BigKey, metadata

artist = Table(
    "backline_artist",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),  # art_…
    Column("name", Text, nullable=False),  # as first written; a chart's shared credit is kept whole
    Column("folded", Text, nullable=False),  # music.fold_name(name)
    Column("confirmed", Boolean, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),  # a person, or an import's id
)
Index("ix_backline_artist_folded", artist.c.folded)

# The single names inside a shared credit ("A, B"), folded, runs of several parts included ("Tyler, The
# Creator"). The numbers of an artist are those of its own name and of every credit that it is part of.
credit_part = Table(
    "backline_credit_part",
    metadata,
    Column("part", Text, primary_key=True),
    Column("artist_no", BigInteger, primary_key=True),
)

track = Table(
    "backline_track",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),  # trk_…
    Column("artist_no", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("isrc", Text),
    Column("released", Text),  # ISO 8601 day
    Column("confirmed", Boolean, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("upc", Text),  # music.tidy_upc; of the release that a report names beside it
)
Index("ix_backline_track_folded", track.c.artist_no, track.c.folded)
for name in ("isrc", "upc"):  # the catalogue's codes, which may be told of artists of another name
    is_there = text(f"{name} IS NOT NULL")
    Index(f"ix_backline_track_{name}", track.c[name], postgresql_where=is_there, sqlite_where=is_there)

report_import = Table(
    "backline_import",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),  # rises: a later import replaces an earlier
    Column("id", Text, nullable=False, unique=True),  # imp_…
    Column("file", Text, nullable=False),
    Column("content_sha", Text, nullable=False),
    Column("hints_sha", Text, nullable=False),  # of everything the person said beside the file
    Column("format", Text),
    Column("report", Text),
    Column("outcome", Text, nullable=False),  # accepted, rejected, needs_mapping
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_accepted", BigInteger, nullable=False),
    Column("rows_rejected", BigInteger, nullable=False),
    Column("rows_ignored", BigInteger, nullable=False),
    Column("rejected", Text, nullable=False),  # JSON list of {line, kind, reason}
    Column("totals", Text, nullable=False),  # JSON
    Column("first_day", Integer),
    Column("last_day", Integer),
    Column("days", Integer, nullable=False),
    Column("remedy", Text),
    Column("run_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", Text),
)
Index("ix_backline_import_content", report_import.c.content_sha, report_import.c.hints_sha)

mapping = Table(
    "backline_mapping",
    metadata,
    Column("fingerprint", Text, primary_key=True),  # of the header that it is for
    Column("body", Text, nullable=False),  # TOML
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

claim = Table(
    "backline_claim",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("import_no", BigInteger, nullable=False),
    Column("report", Text, nullable=False),  # whose number it is: charts_daily, s4a_songs_28day, distrokid …
    Column("kind", Text, nullable=False),  # artist, track, chart, statement, playlist: what the scope names
    # "<artist no>", "<artist no>/<track no>", "<region>", of a statement "<artist no>/<when it was reported>"
    Column("scope", Text, nullable=False),
    Column("day", Integer, nullable=False),  # of a longer span: its last day
    Column("span", SmallInteger, nullable=False),  # days that one value covers; 0 = all time; -1 = its month
    Column("content", Text, nullable=False),  # digest of the facts: an equal re-issue is no new claim
    # Rows of the file that stand behind it; none where a statement no longer tells a month.
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),  # rows of this scope and day that could not be used
    Column("known_at", BigInteger, nullable=False),
    Column("current", Boolean, nullable=False),
)
Index("ix_backline_claim_import", claim.c.import_no)
Index("ix_backline_claim_scope", claim.c.report, claim.c.scope, claim.c.day, claim.c.import_no)
Index(
    "ux_backline_claim_current",
    claim.c.report,
    claim.c.scope,
    claim.c.day,
    unique=True,
    postgresql_where=text("current"),
    sqlite_where=text("current"),
)

# Later imports that brought exactly the content of a claim again: they write no claim of their own, and
# keep this one alive where its first import is taken back.
claim_echo = Table(
    "backline_claim_echo",
    metadata,
    Column("claim_id", BigInteger, primary_key=True),
    Column("import_no", BigInteger, primary_key=True),
)
Index("ix_backline_claim_echo_import", claim_echo.c.import_no)

fact = Table(
    "backline_fact",
    metadata,
    Column("claim_id", BigInteger, nullable=False),
    Column("artist_no", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("track_no", BigInteger, nullable=False),  # 0: the artist as a whole
    Column("country", Text, nullable=False),  # ISO 3166-1 alpha-2, "global", or "" where not told
    Column("source", Text, nullable=False),  # source of playback, or ""
    Column("measure", Text, nullable=False),  # music.MEASURES
    Column("currency", Text, nullable=False),  # ISO 4217, or "" for counts
    Column("value", BigInteger, nullable=False),
    Column("scale", SmallInteger, nullable=False),
)
Index("ix_backline_fact_claim", fact.c.claim_id)
Index("ix_backline_fact_artist", fact.c.artist_no, fact.c.day)

# (artist, day) whose rollup no longer tells what the current claims tell.
dirty_day = Table(
    "backline_dirty_day",
    metadata,
    Column("artist_no", BigInteger, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("marked_at", BigInteger, nullable=False),
)

rollup = Table(
    "backline_rollup",
    metadata,
    Column("artist_no", BigInteger, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("report", Text, primary_key=True),
    Column("dimension", Text, primary_key=True),  # day, track, country, source
    Column("key", Text, primary_key=True),  # "" for the day as a whole, track no, country, source
    Column("measure", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("scale", SmallInteger, primary_key=True),
    Column("span", SmallInteger, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
)
