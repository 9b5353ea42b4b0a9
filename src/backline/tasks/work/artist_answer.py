"""What a run says of an artist that it looked at. Apart from the work, which loads Arrow and NumPy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class ReleaseChange(BaseModel):
    """That a field of a release is told otherwise than before; what it said then and says now is in the history."""

    model_config = ConfigDict(extra="forbid")
    release: str
    field: Literal["title", "released", "form", "tracks"]


class ArtistNews(BaseModel):
    """What a look at an artist came to; releases by the platform's ids.

    `artist`: our id, None where this run makes it. `releases`: how many are listed. `again`: new ones with recordings
    that were known. `read`: releases whose tracks were read; `left`: those still to be read. `seen_within`: after how
    many looks at the latest a moved date or a deletion is seen, and in days where a schedule asks.
    """

    model_config = ConfigDict(extra="forbid")
    artist: str | None
    platform_id: str
    releases: int
    new: list[str]
    changed: list[ReleaseChange]
    gone: list[str]
    again: list[str]
    read: int
    left: int
    seen_within: int
    seen_within_days: float | None
