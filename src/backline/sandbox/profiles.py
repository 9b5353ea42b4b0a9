"""What a Client ID may do: new ones of 2026, older ones in development mode, those with extended quota, and shared ones."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FAMILIES = ("tracks", "search", "playlist-read", "playlist-write", "artist-album", "me")
DEVELOPMENT = {
    # Shape, not constants: nobody has published a number. From what lock-outs were reported after.
    "tracks": (500, 700), "search": (200, 900), "playlist-read": (400, 900), "playlist-write": (150, 300),
    "artist-album": (400, 700), "me": (300, 600),
}  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """`search` and `artist_albums`: default and largest limit. `gone`: years whose removed routes answer 403.

    `masked`: fields of February 2026 are left out. `row_keys`: what a playlist's row calls its content;
    `holder_keys`: what a playlist calls its rows. `window`: most requests in 30 s. `budgets`: daily, drawn from ranges.
    """

    name: str
    search: tuple[int, int] = (20, 50)
    artist_albums: tuple[int, int] = (20, 50)
    gone: frozenset[str] = frozenset()
    masked: bool = False
    row_keys: tuple[str, ...] = ("item", "track")
    holder_keys: tuple[str, ...] = ("items", "tracks")
    blocked: bool = False
    window: tuple[int, int] | None = None
    budgets: dict[str, tuple[int, int]] = field(default_factory=dict)
    shared_limits: bool = True


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "dev-2026", (5, 10), (5, 10), frozenset({"2024", "2026"}), True, ("item",), ("items",),
            window=(60, 120), budgets=DEVELOPMENT,
        ),
        Profile("dev-legacy", gone=frozenset({"2024"}), window=(60, 120), budgets=DEVELOPMENT),
        Profile("extended", window=(600, 900)),
        Profile(
            "shared-id", (5, 10), (5, 10), frozenset({"2024", "2026"}), True, ("item",), ("items",),
            blocked=True,
        ),
    )
}  # fmt: skip


def draw_budgets(profile: Profile, seed: int | str) -> dict[str, int | None]:
    """How many requests of each family a day has for a developer account; None has no end. Hidden from clients."""
    rng = random.Random(f"budgets {seed}")
    return {family: _draw(rng, profile.budgets.get(family)) for family in FAMILIES}


def draw_window(profile: Profile, seed: int | str) -> int | None:
    """How many requests any 30 seconds have; None has no end."""
    return _draw(random.Random(f"window {seed}"), profile.window)


def _draw(rng: random.Random, between: tuple[int, int] | None) -> int | None:
    return None if between is None else between[0] + int(rng.random() * (between[1] - between[0] + 1))
