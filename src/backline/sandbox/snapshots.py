"""What a reader sees of a playlist after a write: the items almost at once, the snapshot late, and another in between."""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass

from backline.sandbox.world import Playlist, Row, Version


@dataclass
class Lag:
    """Seconds after a write until readers see the items, an unexpected snapshot, and the one that the write answered."""

    items: float = 0.6
    third: float = 12.0
    snapshot: float = 30.3

    @property
    def longest(self) -> float:
        """After so many seconds everything is seen."""
        return max(self.items, self.third, self.snapshot)


def make_snapshot(words: str, number: int) -> str:
    """An opaque id that looks like base64; its beginning counts, which nobody may rely on."""
    digest = hashlib.blake2b(words.encode(), digest_size=20).digest()
    return base64.b64encode(number.to_bytes(4, "big") + digest).decode()


def write_version(
    playlist: Playlist, rows: tuple[Row, ...], now: float, lag: Lag, settled: bool = False, late: float = 0.0
) -> str:
    """Make `rows` the true content; the new snapshot. `settled`: everybody sees it at once."""
    # From the last one on that everybody sees: one whose snapshot is late stays, and so does what came after it.
    seen = (version.at + version.late + lag.longest <= now for version in playlist.versions)
    keep = playlist.versions[max(sum(itertools.takewhile(bool, seen)) - 1, 0) :]
    number = int.from_bytes(base64.b64decode(playlist.versions[-1].snapshot)[:4], "big") + 1
    version = Version(now, make_snapshot(f"{playlist.id} {number} {now}", number), rows, late)
    if settled:
        playlist.versions = [Version(now - lag.longest, version.snapshot, rows)]
    else:
        playlist.versions = [*keep, version]
    return version.snapshot


def see_rows(playlist: Playlist, now: float, lag: Lag) -> tuple[Row, ...]:
    """The items that a reader sees."""
    return _find(playlist, now - lag.items).rows


def see_snapshot(playlist: Playlist, now: float, lag: Lag) -> str:
    """The snapshot that a reader sees: the old one, then one that nobody answered, then the true one."""
    settled = _find(playlist, now - lag.snapshot, late=True)
    coming = _find(playlist, now - lag.third, late=True)
    if coming is settled:
        return settled.snapshot
    return make_snapshot("between " + coming.snapshot, int(coming.at) & 0xFFFF)


def _find(playlist: Playlist, until: float, late: bool = False) -> Version:
    seen = [one for one in playlist.versions if one.at + (one.late if late else 0) <= until]
    return seen[-1] if seen else playlist.versions[0]
