"""The numbers of an artist as they are asked for: whose rows count, brought up to date, then read."""

from __future__ import annotations

from backline.errors import UnknownName
from backline.runtime.retry import is_passing
from backline.storage.artists import find_artist, list_credits, list_shared_credits
from backline.storage.database import Database
from backline.storage.rollups import count_dirty, refresh_rollups


def find_credits(database: Database, artist: str) -> list[int]:
    """The artist rows whose numbers count. Raises `UnknownName` or `BadInput`.

    A name that stands only in shared credits of charts has numbers without being an artist of ours yet.
    """
    with database.read() as connection:
        try:
            return list_credits(connection, find_artist(connection, artist))
        except UnknownName:
            shared = list_shared_credits(connection, artist)
            if not shared:
                raise
            return shared


def refresh_all(database: Database, artist_nos: list[int] | None) -> int:
    """Refresh batch by batch, each in a transaction of its own; how many artist-days."""
    done = 0
    while True:
        with database.write() as connection:
            count = refresh_rollups(connection, artist_nos)
        if not count:
            return done
        done += count


def refresh_quietly(database: Database, artist_nos: list[int]) -> None:
    """Bring rollups up to date where that can be done now; reading is right without it, only slower."""
    with database.read() as connection:
        dirty = count_dirty(connection, artist_nos)
    if not dirty:
        return
    try:
        refresh_all(database, artist_nos)
    except Exception as error:
        if not is_passing(error):
            raise
