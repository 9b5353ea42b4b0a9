"""Tables of the catalogue: releases and recordings, what each source says of them, and how that changed.

A thing (artist, release, recording) is a number and an id and says nothing of itself. What is known of it are
entries, one for each source and name there; see docs/decisions/0021. Where a row has `expires_at`, it is gone
then unless it was seen again. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text

from backline.storage.run_tables import BigKey, metadata

ARTIST, RELEASE, RECORDING = "artist", "release", "recording"

release = Table(
    "backline_release",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),  # rel_…
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),  # a person, an import's or a run's id
)

recording = Table(
    "backline_recording",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),  # rec_…
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

entry = Table(
    "backline_entry",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),  # artist, release, recording
    Column("thing_no", BigInteger, nullable=False),
    Column("provenance", Text, nullable=False),  # music.Provenance
    Column("source_id", Text, nullable=False),  # the platform's id, a CSV import's id, "" by hand
    Column("title", Text, nullable=False),  # of an artist: the name
    Column("folded", Text, nullable=False),  # music.fold_name(title)
    Column("artist_no", BigInteger, nullable=False),  # 0 for artists
    Column("credits", Text, nullable=False),  # JSON list of names
    Column("isrc", Text),  # music.tidy_isrc; of recordings
    Column("upc", Text),  # music.tidy_upc; of releases
    Column("released", Text),  # ISO 8601, a year, a month or a day
    Column("form", Text),  # album, single, compilation
    Column("tracks", Integer),
    Column("duration_ms", BigInteger),
    Column("explicit", Boolean),
    Column("seen_at", BigInteger, nullable=False),
    Column("detail_at", BigInteger),  # when its recordings were read; null: they are still to be read
    Column("expires_at", BigInteger),  # null: never
    Column("gone_at", BigInteger),  # since when its source does not list it any more
)
Index(
    "ux_backline_entry_source",
    entry.c.kind,
    entry.c.provenance,
    entry.c.source_id,
    entry.c.thing_no,
    unique=True,
)
Index("ix_backline_entry_thing", entry.c.kind, entry.c.thing_no, entry.c.provenance)
Index("ix_backline_entry_artist", entry.c.artist_no, entry.c.kind, entry.c.folded)
for name in ("isrc", "upc", "expires_at"):
    is_there = text(f"{name} IS NOT NULL")
    Index(f"ix_backline_entry_{name}", entry.c[name], postgresql_where=is_there, sqlite_where=is_there)

# That a release of a source has a recording of the same source, at this place. Leaves with either entry.
appearance = Table(
    "backline_appearance",
    metadata,
    Column("release_no", BigInteger, primary_key=True),
    Column("recording_no", BigInteger, primary_key=True),
    Column("provenance", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),  # of the release's entry
    Column("recording_source", Text, primary_key=True),  # of the recording's entry
    Column("disc", Integer),
    Column("position", Integer),
    Column("gone_at", BigInteger),
)
Index("ix_backline_appearance_recording", appearance.c.recording_no)

# Whose a recording is, by the team's own word (`source_id` of its entry): each of them finds it.
performer = Table(
    "backline_performer",
    metadata,
    Column("recording_no", BigInteger, primary_key=True),
    Column("artist_no", BigInteger, primary_key=True),
    Column("provenance", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
)
Index("ix_backline_performer_artist", performer.c.artist_no)

# That a source lists a release for an artist.
discography = Table(
    "backline_discography",
    metadata,
    Column("artist_no", BigInteger, primary_key=True),
    Column("release_no", BigInteger, primary_key=True),
    Column("provenance", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),  # of the release's entry
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("gone_at", BigInteger),
)
Index("ix_backline_discography_release", discography.c.release_no)
Index(
    "ix_backline_discography_expires_at",
    discography.c.expires_at,
    postgresql_where=text("expires_at IS NOT NULL"),
    sqlite_where=text("expires_at IS NOT NULL"),
)

# A person's word which artist of a platform this is.
artist_link = Table(
    "backline_artist_link",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("platform_id", Text, primary_key=True),
    Column("artist_no", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
)
Index("ix_backline_artist_link_artist", artist_link.c.artist_no)

# How far the releases of an artist were read.
artist_sync = Table(
    "backline_artist_sync",
    metadata,
    Column("artist_no", BigInteger, primary_key=True),
    Column("platform_id", Text, primary_key=True),
    Column("total", Integer),  # how many releases the platform said there are
    Column("next_offset", Integer),  # of the next page of the rotation
    Column("walked_at", BigInteger),  # when the whole list was read last
    Column("full_at", BigInteger),  # when everything was read anew last
    Column("answered_at", BigInteger),  # when the platform answered last
)

# `field`: title, released, tracks, form, isrc, upc, credits (of the team's own word), "listed" (the day it was first or last seen: null → day
# appeared, day → null gone) or "again" (a known recording on a new release: the titles of both). History of
# an entry leaves with it.
change = Table(
    "backline_catalogue_change",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("thing_no", BigInteger, nullable=False),
    Column("artist_no", BigInteger, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("seen_at", BigInteger, nullable=False),
    Column("run_id", Text, nullable=False),
)
Index("ix_backline_catalogue_change_thing", change.c.kind, change.c.thing_no)
Index("ix_backline_catalogue_change_artist", change.c.artist_no, change.c.no)

# Which recording a track that reports name is: one that is joined, or a choice of those that it may be. What a
# person decided (`decided_at`) stands.
track_join = Table(
    "backline_track_join",
    metadata,
    Column("track_no", BigInteger, primary_key=True),
    Column("recording_no", BigInteger, primary_key=True),
    Column("how", Text, nullable=False),  # isrc, upc, title, hand
    Column("state", Text, nullable=False),  # joined, proposed, refused
    Column("reasons", Text, nullable=False),  # JSON
    Column("made_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("decided_by", Text),
)
Index("ix_backline_track_join_recording", track_join.c.recording_no)
Index(
    "ux_backline_track_join_joined",
    track_join.c.track_no,
    unique=True,
    postgresql_where=text("state = 'joined'"),
    sqlite_where=text("state = 'joined'"),
)
