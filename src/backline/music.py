"""What every room says alike: measures, dimensions, days as numbers, names as they compare, provenance and its wall."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from backline.errors import NotAllowed


class Provenance(enum.StrEnum):
    """Where a fact came from. The wall: `SPOTIFY_API` never reaches models, signals or writers."""

    REPORT = "report"  # a file that the rights holder downloaded and imported
    OWN = "own"  # typed in by the team
    PLATFORM = "platform"  # another platform's public numbers
    LICENSED = "licensed"  # a licensed third party
    SPOTIFY_API = "spotify_api"  # content of the Spotify Web API


TRUST: Final = (
    Provenance.OWN,
    Provenance.REPORT,
    Provenance.LICENSED,
    Provenance.PLATFORM,
    Provenance.SPOTIFY_API,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A value, where it came from, by which name there, and when it was seen last (µs since 1970 UTC)."""

    value: Any
    provenance: Provenance
    source: str
    seen_at: int


def refuse_spotify(what: object, purpose: str) -> None:
    """The wall: raise `NotAllowed` where anything in `what`, however deep, is content of the Spotify Web API.

    Called by whatever hands something to a model, a signal or a writer; `purpose` says what for. Looks into facts,
    lists, mappings and objects. What can be read only once cannot be looked through, and is a `TypeError`.
    Source: Spotify Developer Terms v10, IV.2.a.i; Developer Policy, III.14 (15 May 2025).
    """
    found = list(_find_spotify(what, "", set()))
    if not found:
        return
    named = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    raise NotAllowed(
        f"Content of the Spotify Web API may not be used for {purpose}: {named}.",
        remedy="Use what your team, its reports or another source says of the same.",
    )


def _find_spotify(what: object, path: str, above: set[int]) -> Iterator[str]:
    """The places of all content of Spotify in something. `above`: what is being looked through already."""
    if (
        what is None
        or isinstance(what, str | bytes | int | float | Decimal | date | type)
        or id(what) in above
    ):
        return
    if isinstance(what, Iterator):
        raise TypeError(f"{path or 'What is handed over'} can be read only once: give a list.")
    parts = _list_parts(what)
    if parts.get("provenance") == Provenance.SPOTIFY_API:
        yield f"{path or type(what).__name__} ({parts.get('source') or 'Spotify'})"
        return
    for name, part in parts.items():
        yield from _find_spotify(part, f"{path}.{name}".lstrip("."), above | {id(what)})
        yield from _find_spotify(name, f"{path} key".lstrip(), above | {id(what)})


def _list_parts(what: Any) -> Mapping[Any, object]:
    """What something consists of, by name or place; nothing where it cannot be looked into."""
    if isinstance(what, Mapping):
        return what
    if is_dataclass(what):
        return {field.name: getattr(what, field.name) for field in fields(what)}
    if hasattr(what, "_asdict"):  # a named tuple, a row of the database
        named: Mapping[str, object] = what._asdict()
        return named
    slots = [name for kind in type(what).__mro__ for name in getattr(kind, "__slots__", ())]
    held = {name: getattr(what, name) for name in slots if hasattr(what, name)} | getattr(
        what, "__dict__", {}
    )
    return held | dict(enumerate(what)) if hasattr(what, "__iter__") else held


MEASURES: Final[dict[str, str]] = {
    # measure -> how values of several tracks, countries or days of ONE report may be combined
    "streams": "sum",
    "saves": "sum",
    "playlist_adds": "sum",
    "downloads": "sum",
    "units": "sum",  # what a statement counts without saying whether it was streamed or sold
    "revenue": "sum",
    "chart_rank": "min",
    # unique people: never added over days, tracks, countries or reports
    "listeners": "never",
    "monthly_listeners": "never",
    "monthly_active_listeners": "never",
    "super_listeners": "never",
    "followers": "never",
}


DIMENSIONS: Final = ("day", "track", "country", "source")  # what a number may stand for

EPOCH: Final = date(1970, 1, 1)
MONTH: Final = -1  # the span of a value that stands for the calendar month whose last day it bears
FIRST_DAY, LAST_DAY = -1_000_000, 1_000_000  # days since the epoch that no report reaches


def to_date(day: int) -> date:
    """The date of a day's number, counted from 1970-01-01."""
    return EPOCH + timedelta(days=day)


def to_day(value: date) -> int:
    """The number of a date."""
    return (value - EPOCH).days


def end_month(year: int, month: int) -> date:
    """The last day of a month. Raises `ValueError` where there is no such month."""
    first = date(year, month, 1)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def begin_span(day: int, span: int) -> int:
    """The first day that a value of `day` covers; days as numbers."""
    return to_day(to_date(day).replace(day=1)) if span == MONTH else day - max(span, 1) + 1


def show_money(amount: Decimal) -> str:
    """An amount as a plain decimal text: exact, with two decimals at least and no idle zeros behind them."""
    whole, _, part = format(amount, "f").partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


_ISRC = re.compile(r"^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$")


def tidy_isrc(text: str) -> str | None:
    """An ISRC without dashes and in capitals, or None where it is not one (ISO 3901)."""
    isrc = re.sub(r"[\s-]", "", text).upper()
    return isrc if _ISRC.match(isrc) else None


_UPC = re.compile(r"^0*[1-9][0-9]*$")


def tidy_upc(text: str) -> str | None:
    """A UPC, EAN or GTIN as digits, or None where it is not one: 8 to 14 digits are.

    Zeros in front come and go between the three, and spreadsheets drop them; here at least 12 digits stay.
    """
    upc = re.sub(r"[\s-]", "", text)
    return upc.lstrip("0").rjust(12, "0") if 8 <= len(upc) <= 14 and _UPC.match(upc) else None


def fold_name(name: str) -> str:
    """A name for comparing: NFKC, case folded, white space collapsed. Accents stay: they tell names apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
