"""What a source was seen to say of an artist, and what had changed by then.

Of a title, a date and the like None means "not told this time": what was known stays. Ids are the source's own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenRecording:
    """A recording at its place on a release. `position` counts from 1 on each disc.

    `artists`: numbers of ours, told where it is the team's own word.
    """

    source_id: str
    title: str
    isrc: str | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    disc: int | None = None
    position: int | None = None
    credits: tuple[str, ...] = ()
    artists: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenRelease:
    """A release as it was listed; `recordings` are all that it has, None where its details were not read.

    `released` is a year, a month or a day in ISO 8601; `form` is album, single or compilation; `artists` are
    numbers of ours, told where it is the team's own word.
    """

    source_id: str
    title: str
    form: str | None = None
    released: str | None = None
    tracks: int | None = None
    upc: str | None = None
    credits: tuple[str, ...] = ()
    recordings: tuple[SeenRecording, ...] | None = None
    artists: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenArtist:
    """What one look came to. `platform_id` is the artist's own.

    `releases`: those that were seen, all of them or some; `gone`: those known ones that are not listed any more;
    `total`: how many releases there are, None where the next look must read the whole list; `next_offset`: where
    its rotation begins. `is_whole`: the whole list was read; `is_full`: and everything in it was read anew.
    """

    platform_id: str
    name: str | None = None
    releases: tuple[SeenRelease, ...] = ()
    gone: tuple[str, ...] = ()
    total: int | None = None
    next_offset: int | None = None
    is_whole: bool = False
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what was known and what was seen; see `catalogue_tables.change` for the fields.

    `title` is what the thing is called now.
    """

    kind: str
    thing_no: int
    source_id: str
    title: str
    field: str
    old: str | None
    new: str | None
