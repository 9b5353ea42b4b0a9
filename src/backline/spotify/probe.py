"""Which profile a Client ID has, found in one or two requests: nothing tells it, and it changes what may be asked.

One search with a page of eleven: new Client IDs may have ten. Where it is let through, one route of those that went in
November 2024: who still has it has extended quota.
"""

from __future__ import annotations

from dataclasses import dataclass

from backline.spotify.faults import LimitTooHigh, RouteGone
from backline.spotify.routes import GENRE_SEEDS, SEARCH, Profile
from backline.spotify.sender import Call, Query, Sender

ELEVEN = 11


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and why; `requests` is what it cost."""

    profile: Profile
    reasons: tuple[str, ...]
    requests: int


def probe_profile(sender: Sender, account_id: str | None = None) -> Finding:
    """Ask. `account_id` None needs the secret of the app; a person's account does as well.

    Raises what a call raises: a Client ID that is blocked or whose owner does not pay has no profile to be seen.
    """
    query: dict[str, Query] = {"q": "a", "type": "artist", "limit": ELEVEN}
    try:
        sender.send(Call(SEARCH, query=query, account_id=account_id, interactive=True, anew=True))
    except LimitTooHigh:
        return Finding(Profile.DEV_2026, ("A search takes no more than ten results a page.",), 1)
    first = "A search takes more than ten results a page."
    try:
        sender.send(Call(GENRE_SEEDS, account_id=account_id, interactive=True, anew=True))
    except RouteGone:
        return Finding(Profile.DEV_LEGACY, (first, f"{GENRE_SEEDS} is gone."), 2)
    return Finding(Profile.EXTENDED, (first, f"{GENRE_SEEDS} is still there."), 2)
