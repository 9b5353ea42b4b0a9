"""What the demo says of the account that it connected and the catalogue that it brought over."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from backline import samples
from backline.cli.accounts import describe_account
from backline.cli.catalogue_words import describe_joins
from backline.cli.screen import Screen
from backline.storage.artists import find_artist
from backline.storage.catalogue_read import list_releases, list_spots
from backline.storage.join_decisions import list_joins
from backline.storage.joins import JOINED, PROPOSED
from backline.wiring import House


def describe_catalogue(
    screen: Screen, house: House, requests: Mapping[str, int], program: str
) -> Iterator[str]:
    """Who is connected and until when, what was found and at what price, what joined, and what a person decides."""
    now = house.apps.clock.now()
    for account in house.apps.list_accounts():
        told = describe_account(account, {}, now)
        yield screen.label("demo_connected", account=told["account"], day=told["reconnect_by"][:10])
    with house.database.read(snapshot=True) as connection:
        artist = find_artist(connection, samples.ARTIST)
        releases = list_releases(connection, artist.no)
        recordings = {spot.recording_no for spot in list_spots(connection, releases=releases)}
        joins = describe_joins(connection, list_joins(connection, states=[JOINED, PROPOSED]))
    families = ", ".join(f"{name} {count}" for name, count in sorted(requests.items()))
    yield screen.label(
        "demo_found", releases=len(releases), recordings=len(recordings), requests=sum(requests.values()),
        families=families,
    )  # fmt: skip
    joined = Counter(one["how"] for one in joins if one["state"] == JOINED)
    yield screen.label("demo_joined", count=joined.total(), isrc=joined["isrc"], upc=joined["upc"])
    waiting = [one for one in joins if one["state"] == PROPOSED]
    if waiting:
        yield screen.label("demo_waiting", count=len({one["track"] for one in waiting}))
    for one in waiting:
        yield "  " + describe_choice(screen, one, program)


def describe_choice(screen: Screen, join: Mapping[str, Any], program: str) -> str:
    """One track that only a title tells, and how a person says that it is the recording."""
    command = shlex.join(["catalogue", "confirm", join["track"], join["recording"]])
    return screen.label(
        "demo_choice", artist=join["artist"], title=join["title"], isrc=join["recording_isrc"] or "-",
        command=f"{program} {command}",
    )  # fmt: skip
