"""What was played lately, put together from looks that overlap: every play once, and where some may be missing.

Only the last 50 plays can be read. A look that finds 50 of them, all after the newest one that is known, cannot tell
whether there were more in between: that stretch is a gap, and nothing can fill it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from backline.spotify.payloads_lists import PlayHistory

REACH: Final = 50
OVERLAP: Final = 2 * 3_600_000_000  # µs: a player without a network tells its plays late
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
PlayKey = tuple[int, str]  # when it was played (µs since 1970 UTC) and the URI


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two plays, neither included (µs since 1970 UTC), there may have been others."""

    after: int
    before: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a look brought: the plays that are new, oldest first; the newest of all; a gap, if there is one."""

    new: dict[PlayKey, PlayHistory]
    newest: int | None
    gap: Gap | None


def choose_after(newest: int | None) -> int:
    """Where to ask from (Unix milliseconds), given the newest play that is known (µs)."""
    return 0 if newest is None else max(0, (newest - OVERLAP) // 1000)


def read_moment(text: str | None) -> int | None:
    """A moment of the Web API as µs since 1970 UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - _FIRST) // timedelta(microseconds=1)


def merge_plays(newest: int | None, known: Container[PlayKey], plays: Iterable[PlayHistory]) -> Look:
    """What a look adds. `newest`: the newest play ever seen, or None before the first look."""
    found: dict[PlayKey, PlayHistory] = {}
    for play in plays:
        moment = read_moment(play.played_at)
        uri = play.track.uri or (f"spotify:track:{play.track.id}" if play.track.id else None)
        if moment is not None and uri is not None:
            found[moment, uri] = play
    oldest = min(found, default=None)
    gap = None
    if newest is not None and oldest is not None and len(found) >= REACH and oldest[0] > newest:
        gap = Gap(newest, oldest[0])
    new = {key: found[key] for key in sorted(found) if key not in known}
    return Look(new, max((newest or 0, *(moment for moment, _ in found)), default=0) or None, gap)
