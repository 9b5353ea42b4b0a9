"""Answers of the Web API to be read by all clients alike: taken from the sandbox once, kept as bytes.

They are those of extended quota, the one profile that all clients can read: tekore's models insist on fields that
new Client IDs no longer get (popularity, label). Playlists are those whose rows are all tracks: tekore refuses pages
with a local file or a row of unknown age, and nobody is to be measured by how it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from backline.sandbox.growth import Counts
from backline.sandbox.world import Playlist
from tests.sandbox.guest import Guest, make_guest

KINDS: Mapping[str, str] = {
    "page": "page of 10 releases",
    "album": "full release",
    "track": "full track",
    "rows": "page of 50 playlist rows",
}
PROFILE = "extended"
Answers = dict[str, list[bytes]]


def take_answers(each: int = 40, artists: int = 60) -> Answers:
    """Up to so many different bodies of each kind."""
    guest = make_guest(PROFILE, Counts(artists=artists, playlists=each))
    guest.sign_in()
    world = guest.stage.world
    makers = (one for one in world.artists.values() if len(one.releases) >= 10)
    lists = (one for one in world.playlists.values() if _is_plain(one) and one.owner == guest.person.id)
    addresses = {
        "page": (f"artists/{one.id}/albums?limit=10" for one in makers),
        "album": (f"albums/{key}" for key in world.releases),
        "track": (f"tracks/{key}" for key in world.tracks),
        "rows": (f"playlists/{one.id}/items?limit=50" for one in lists),
    }
    return {kind: [_take(guest, one) for one in islice(addresses[kind], each)] for kind in KINDS}


def keep_answers(answers: Answers, path: Path) -> None:
    """Write them down for the processes that read them."""
    texts = {kind: [body.decode("utf-8") for body in bodies] for kind, bodies in answers.items()}
    path.write_text(json.dumps(texts), encoding="utf-8")


def _take(guest: Guest, address: str) -> bytes:
    reply = guest.get(address)
    assert reply.status == 200, (address, reply.body[:200])
    return reply.body


def _is_plain(playlist: Playlist) -> bool:
    """Whether the first 50 rows are tracks of the platform, each with a person who added it."""
    rows = playlist.rows[:50]
    return len(rows) == 50 and all(one.uri.startswith("spotify:track:") and one.by for one in rows)
