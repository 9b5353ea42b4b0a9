"""What is read from answers: only the fields that we use, and everything that 2026 took away is optional.

Fields that we do not know are ignored. Each field that some Client IDs no longer get, and each that was ever seen
null, may be absent. Nothing here is for keeping beyond its time: it is content of the platform.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from backline.music import end_month, tidy_isrc

T = TypeVar("T")
PARTS = {"year": 1, "month": 2, "day": 3}


class Payload(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _tell_list(value: Any) -> Any:
    return [] if value is None else value


Listed = Annotated[list[T], BeforeValidator(_tell_list)]  # a list that may be null or absent


class ReleaseDate(Payload):
    """A date as precise as it is known: a year, a month or a day."""

    text: str
    precision: Literal["year", "month", "day"]

    @property
    def first(self) -> date:
        """The first day that it may be."""
        year, month, day = [*map(int, self.text.split("-")), 1, 1][:3]
        return date(year, month, day)

    @property
    def last(self) -> date:
        """The last day that it may be."""
        first = self.first
        if self.precision == "day":
            return first
        return end_month(first.year, 12 if self.precision == "year" else first.month)


def read_release_date(text: str | None, precision: str | None = None) -> ReleaseDate | None:
    """The date of a release, or None where there is none or nonsense (`0000` was seen).

    The text decides: a precision that promises more parts than there are is not believed.
    """
    parts = (text or "").split("-")
    named = next((name for name, count in PARTS.items() if count == len(parts)), None)
    said = precision if precision in PARTS and PARTS[precision] <= len(parts) else named
    if named is None or said is None:
        return None
    try:
        found = ReleaseDate.model_validate({"text": "-".join(parts[: PARTS[said]]), "precision": said})
        _ = found.first
    except ValueError:
        return None
    return found


class ArtistStub(Payload):
    """An artist inside something else; `id` None in local files."""

    id: str | None = None
    name: str = ""


class Artist(ArtistStub):
    """An artist by itself. `genres` is often empty even where it is given; never rely on it."""

    id: str
    genres: Listed[str] = Field(default_factory=list)
    popularity: int | None = None


class ExternalIds(Payload):
    """Identifiers of the industry; on full tracks and full albums only."""

    isrc: str | None = None
    upc: str | None = None
    ean: str | None = None


class AlbumStub(Payload):
    """A release inside something else; `id` None in local files. `album_group` is gone for new Client IDs."""

    id: str | None = None
    name: str = ""
    album_type: str | None = None
    album_group: str | None = None
    artists: Listed[ArtistStub] = Field(default_factory=list)
    release_date: str | None = None
    release_date_precision: str | None = None
    total_tracks: int | None = None

    @property
    def released(self) -> ReleaseDate | None:
        """When it came out, as precisely as it is said."""
        return read_release_date(self.release_date, self.release_date_precision)


class TrackStub(Payload):
    """A track inside its release: never with an ISRC. `id` None in local files, which are known by `uri`."""

    id: str | None = None
    uri: str | None = None
    name: str = ""
    artists: Listed[ArtistStub] = Field(default_factory=list)
    disc_number: int | None = None
    track_number: int | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    is_local: bool = False
    is_playable: bool | None = None


class Track(TrackStub):
    """A track by itself, or an episode where `type` or the row says so."""

    type: str = "track"
    episode: bool = False
    album: AlbumStub | None = None
    external_ids: ExternalIds | None = None
    popularity: int | None = None

    @property
    def isrc(self) -> str | None:
        """The ISRC without dashes, or None."""
        said = self.external_ids.isrc if self.external_ids else None
        return tidy_isrc(said) if said else None

    @property
    def is_episode(self) -> bool:
        """An episode may come in the clothes of a track, told by `episode` alone."""
        return self.episode or self.type == "episode"


class OffsetPage(Payload, Generic[T]):
    """A page by offset. `next` None is the end; `total` may change between two pages."""

    items: Listed[T | None] = Field(default_factory=list)
    offset: int = 0
    limit: int = 0
    total: int = 0
    next: str | None = None

    @property
    def resume_at(self) -> int | None:
        """The offset of the next page, or None at the end."""
        return None if self.next is None else self.offset + max(self.limit, len(self.items), 1)


class Album(AlbumStub):
    """A release by itself. `label` and `popularity` are gone for new Client IDs, UPC and EAN stayed."""

    id: str
    external_ids: ExternalIds | None = None
    label: str | None = None
    tracks: OffsetPage[TrackStub] | None = None

    @property
    def upc(self) -> str | None:
        """The UPC, or the EAN where it has that instead."""
        said = self.external_ids
        return (said.upc or said.ean) if said else None


class Cursors(Payload):
    """Where a page by cursor goes on; texts, also where they are milliseconds."""

    after: str | None = None
    before: str | None = None


class CursorPage(Payload, Generic[T]):
    """A page by cursor."""

    items: Listed[T | None] = Field(default_factory=list)
    limit: int = 0
    total: int | None = None
    next: str | None = None
    cursors: Cursors | None = None


def list_things(items: Iterable[T | None]) -> list[T]:
    """The entries of a page that are not null."""
    return [one for one in items if one is not None]
