"""The nouns: artist, track, fact, reason, and where each fact came from."""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final


class Provenance(enum.StrEnum):
    """Where a fact came from. The wall: `SPOTIFY_API` never reaches models, signals or writers."""

    REPORT = "report"  # a file that the rights holder downloaded and imported
    OWN = "own"  # typed in by the team
    PLATFORM = "platform"  # another platform's public numbers
    LICENSED = "licensed"  # a licensed third party
    SPOTIFY_API = "spotify_api"  # content of the Spotify Web API


MEASURES: Final[dict[str, str]] = {
    # measure -> how values of several tracks, countries or days of ONE report may be combined
    "streams": "sum",
    "saves": "sum",
    "playlist_adds": "sum",
    "downloads": "sum",
    "revenue": "sum",
    "chart_rank": "min",
    # unique people: never added over days, tracks, countries or reports
    "listeners": "never",
    "monthly_listeners": "never",
    "monthly_active_listeners": "never",
    "super_listeners": "never",
    "followers": "never",
}


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency (ISO 4217 code)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist as the catalogue knows it. `confirmed` is false until a person says so."""

    id: str
    name: str
    confirmed: bool
    provenance: Provenance = Provenance.REPORT


@dataclass(frozen=True, slots=True)
class Track:
    """A track as the catalogue knows it: a title under an artist's credit, perhaps with an ISRC."""

    id: str
    title: str
    artist_id: str
    isrc: str | None
    confirmed: bool
    provenance: Provenance = Provenance.REPORT


@dataclass(frozen=True, slots=True)
class DaySpan:
    """First and last day, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days the span has."""
        return (self.last - self.first).days + 1


_ISRC = re.compile(r"^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$")


def tidy_isrc(text: str) -> str | None:
    """An ISRC without dashes and in capitals, or None where it is not one (ISO 3901)."""
    isrc = re.sub(r"[\s-]", "", text).upper()
    return isrc if _ISRC.match(isrc) else None


def fold_name(name: str) -> str:
    """A name for comparing: NFKC, case folded, white space collapsed. Accents stay: they tell names apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
