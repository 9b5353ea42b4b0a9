"""Everything that one sandbox is made of: world, clock, profile, ledger, tokens, faults and switches."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from backline.sandbox.books import Limits
from backline.sandbox.clock import Clock
from backline.sandbox.faults import Faults
from backline.sandbox.grants import Grants
from backline.sandbox.ledger import Ledger
from backline.sandbox.profiles import PROFILES, Profile, draw_budgets, draw_window
from backline.sandbox.snapshots import Lag
from backline.sandbox.world import App, World


@dataclass
class Switches:
    """Behaviour that was seen both ways, or that nobody knows.

    `refresh`: keep (the field is left out) or rotate. `discography`: newest, grouped or shuffled. `gone_2024`: 403
    or 404. `bad_limit`: json or empty. `positions`: DELETE honours them. `artist_follow`: PUT /me/library takes
    artists. `parallel_errors`: POSTs at the same time fail. `row_keys`: both, item or track, whatever the profile.
    """

    refresh: str = "keep"
    discography: str = "newest"
    gone_2024: int = 403
    bad_limit: str = "json"
    positions: bool = False
    artist_follow: bool = True
    parallel_errors: bool = True
    row_keys: str | None = None


@dataclass
class Stage:
    """One sandbox. `browser`: who is signed in there and agrees without being asked; None shows the page."""

    world: World
    seed: int | str
    clock: Clock
    profile: str
    ledger: Ledger
    grants: Grants
    faults: Faults
    switches: Switches = field(default_factory=Switches)
    lag: Lag = field(default_factory=Lag)
    browser: str | None = None
    posting: dict[str, int] = field(default_factory=dict)
    random: random.Random = field(default_factory=random.Random)

    def find_profile(self, app: App | None) -> Profile:
        """What this Client ID may do: its own profile, or the server's."""
        return PROFILES[(app and app.profile) or self.profile]

    def change_profile(self, name: str) -> None:
        """Another profile for all apps that have none of their own; budgets are drawn anew. Raises `KeyError`."""
        self.profile = name
        self.ledger.limits.budgets = draw_budgets(PROFILES[name], self.seed)
        self.ledger.limits.most = draw_window(PROFILES[name], self.seed)


def set_up_stage(
    world: World, seed: int | str = 1, profile: str = "dev-2026", clock: str | Clock = "real"
) -> Stage:
    """A stage in its first state."""
    watch = clock if isinstance(clock, Clock) else Clock(clock)
    limits = Limits(draw_budgets(PROFILES[profile], seed), draw_window(PROFILES[profile], seed))
    return Stage(
        world,
        seed,
        watch,
        profile,
        Ledger(limits, seed),
        Grants(seed),
        Faults(),
        random=random.Random(f"stage {seed}"),
    )
