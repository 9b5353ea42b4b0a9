"""Our own client as a reader: with nothing behind it, and as it is wired on SQLite."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx

from backline.spotify.client import Client, speak
from backline.spotify.faults import parse_json
from backline.spotify.hosts import Hosts, open_web
from backline.spotify.needs import Grant
from backline.spotify.payloads import Album, AlbumStub, OffsetPage, Track
from backline.spotify.payloads_lists import PlaylistRow
from backline.spotify.routes import ALBUM, ARTIST_ALBUMS, ROWS, TRACK, Profile, Route
from backline.spotify.sender import Sender
from backline.spotify.tokens import App, Tokens
from backline.spotify.voice import read_as
from bench.spotify_readers import HEADERS, Desk, Reader

NEVER: Final = 2**52  # µs since 1970
MANY: Final = 1_000_000


@contextmanager
def open_bare(_: Path) -> Iterator[Reader]:
    """Ours: no answers are stored, no budget is kept, nobody waits for anybody."""
    desk = Desk()
    with _open_web(desk) as web:
        nothing = _Nothing()
        tokens = Tokens(web, Hosts(), App("app"), nothing, nothing)
        sender = Sender(web, Hosts(), tokens, nothing, nothing, nothing, Profile.EXTENDED)
        yield _read_as_ours(desk, speak(sender, "person"))


@contextmanager
def open_stored(folder: Path) -> Iterator[Reader]:
    """Ours as it is wired: answers, turns, pace, budget of the day and sealed tokens in SQLite, synchronous=FULL."""
    from backline.sections import LimitSettings, SpotifySettings
    from backline.settings import Settings
    from backline.spotify.apps import Apps
    from backline.storage.spotify_accounts import keep_app
    from backline.wiring import House

    desk = Desk()
    daily = {name: MANY for name in SpotifySettings.model_fields if name.startswith("daily_")}
    settings = Settings.model_validate({"state": folder}).model_copy(
        update={
            "spotify": SpotifySettings(**daily),
            "limits": {"spotify": LimitSettings(rate=MANY, burst=MANY)},
        }
    )
    house = House(settings, {})
    try:
        with _open_web(desk) as web:
            ground = replace(house.spotify, web=web)
            with house.database.write() as connection:
                keep_app(connection, house.database.now_sql, "app", who="bench")
            now = ground.clock.now()
            ground.apps.note_profile("app", Profile.EXTENDED, (), now)
            ground.tokens.write(Grant("person", "app", "token", NEVER, now, "refresh", frozenset()))
            yield _read_as_ours(desk, Apps(ground).speak("person"))
    finally:
        house.close()


def _open_web(desk: Desk) -> httpx.Client:
    return open_web(httpx.MockTransport(lambda _: httpx.Response(200, headers=HEADERS, content=desk.body)))


def _read_as_ours(desk: Desk, client: Client) -> Reader:
    catalogue, playlists = client.catalogue, client.playlists
    asks = {
        "page": lambda key: next(catalogue.walk_releases(key)),
        "album": catalogue.get_release,
        "track": catalogue.get_track,
        "rows": lambda key: next(playlists.walk_rows(key)),
    }
    kinds: dict[str, tuple[Any, Route]] = {
        "page": (OffsetPage[AlbumStub], ARTIST_ALBUMS),
        "album": (Album, ALBUM),
        "track": (Track, TRACK),
        "rows": (OffsetPage[PlaylistRow], ROWS),
    }
    reads = {
        kind: lambda body, one=one: read_as(one[0], parse_json(body), one[1]) for kind, one in kinds.items()
    }
    return Reader(desk, asks, reads)


class _Nothing:
    """A budget, answers, tokens and a clock that hold up nobody and keep nothing."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def take(self, *_: Any, **__: Any) -> AbstractContextManager[None]:
        return nullcontext()

    def asking(self, _: str) -> AbstractContextManager[bool]:
        return nullcontext(False)

    def read(self, key: str) -> Any:
        return Grant(key, "app", "token", NEVER, 0) if key == "person" else None

    def write(self, *_: Any) -> None:
        pass

    def lock(self, _: str) -> AbstractContextManager[None]:
        return nullcontext()

    def tell_block(self, *said: Any) -> None:
        raise AssertionError(said)

    def tell_spent(self, *said: Any) -> None:
        raise AssertionError(said)
