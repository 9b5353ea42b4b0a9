"""`backline artist link` and `unlink`: a person's word which artist of a platform one is."""

from __future__ import annotations

from typing import Annotated

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json, complete_artist
from backline.errors import BadInput, UnknownName
from backline.spotify.addresses import read_artist_id
from backline.storage.artists import find_artist
from backline.storage.catalogue_links import SPOTIFY, find_platform_id, link_artist, unlink_artist
from backline.storage.joins import join_artists

Artist = Annotated[
    str,
    typer.Argument(
        help="The artist's id or unambiguous name.", metavar="ARTIST", autocompletion=complete_artist
    ),
]


def link(
    artist: Artist,
    address: Annotated[
        str, typer.Argument(help="The artist at Spotify: an address, a URI or an id.", metavar="ADDRESS")
    ],
    json_lines: Json = False,
) -> None:
    """Say which artist of Spotify an artist is."""
    screen = make_screen(json_lines=json_lines)
    platform_id = read_artist_id(address)
    if platform_id is None:
        raise BadInput(
            f"{address!r} is no artist of Spotify.",
            remedy="Copy the artist's address there: https://open.spotify.com/artist/…",
        )
    with open_house() as house, house.database.write() as connection:
        row, now = find_artist(connection, artist), house.database.now(connection)
        is_new = link_artist(connection, now, SPOTIFY, platform_id, row.no, made_by=house.settings.actor)
        if is_new:
            join_artists(connection, now, [row.no])
            write_audit(
                house,
                connection,
                "artist.linked",
                f"artist:{row.id}",
                platform=SPOTIFY,
                platform_id=platform_id,
            )
    outcome = "linked" if is_new else "known"
    screen.show_facts({"id": row.id, "name": row.name, SPOTIFY: platform_id, "outcome": outcome})


def unlink(artist: Artist, json_lines: Json = False) -> None:
    """Take that back: what Spotify said of the artist leaves, with its joins."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        row = find_artist(connection, artist)
        platform_id = find_platform_id(connection, SPOTIFY, row.no)
        if platform_id is None:
            raise UnknownName(f"{row.name} is no artist of Spotify so far.")
        counts = unlink_artist(connection, SPOTIFY, platform_id)
        write_audit(
            house,
            connection,
            "artist.unlinked",
            f"artist:{row.id}",
            platform=SPOTIFY,
            platform_id=platform_id,
            left=counts,
        )
    screen.show_facts(
        {"id": row.id, "name": row.name, SPOTIFY: platform_id, "outcome": "unlinked", "left": counts}
    )
