"""The clients that read the same answers: ours on nothing, ours on SQLite, spotipy and tekore as they come.

Each keeps its own way through, and only its transport is another: httpx' MockTransport under ours and tekore, an
adapter of requests under spotipy. It gives back the bytes that it was told to. A process loads one client only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

HEADERS: Final = {"content-type": "application/json; charset=utf-8", "cache-control": "public, max-age=0"}


@dataclass
class Desk:
    """What the transport answers next."""

    body: bytes = b""


@dataclass(frozen=True)
class Reader:
    """`asks`: a whole call for an id, by kind of answer; `reads`: nothing but bytes into what a caller gets."""

    desk: Desk
    asks: Mapping[str, Callable[[str], Any]]
    reads: Mapping[str, Callable[[bytes], Any]]


@dataclass(frozen=True)
class Way:
    """A client. `gives`: what its caller has in hand; `opens`: module and function; `needs`: the package it takes."""

    title: str
    gives: str
    opens: tuple[str, str]
    needs: str = "backline"

    @property
    def is_installed(self) -> bool:
        """Whether it can be measured here."""
        return find_spec(self.needs) is not None

    def open(self, folder: Path) -> AbstractContextManager[Reader]:
        """Load the client; the folder is its own."""
        module, name = self.opens
        reader: AbstractContextManager[Reader] = getattr(import_module(module), name)(folder)
        return reader


WAYS: Final[Mapping[str, Way]] = {
    "bare": Way("Backline, nothing stored", "typed models", ("bench.spotify_ours", "open_bare")),
    "stored": Way("Backline, stored in SQLite", "typed models", ("bench.spotify_ours", "open_stored")),
    "spotipy": Way("spotipy", "dicts, unchecked", (__name__, "open_spotipy"), "spotipy"),
    "tekore": Way("tekore", "typed models", (__name__, "open_tekore"), "tekore"),
}


@contextmanager
def open_spotipy(_: Path) -> Iterator[Reader]:
    """spotipy, unmodified, with a session whose adapter answers."""
    import requests
    import spotipy
    from urllib3 import HTTPResponse

    desk = Desk()

    class Answering(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
            raw = HTTPResponse(BytesIO(desk.body), headers=HEADERS, status=200, preload_content=False)
            return self.build_response(request, raw)

    with requests.Session() as session:
        session.mount("https://", Answering())
        client = spotipy.Spotify(auth="token", requests_session=session)
        asks = {
            "page": lambda key: client.artist_albums(key, include_groups="album,single", limit=10),
            "album": client.album,
            "track": client.track,
            "rows": lambda key: client.playlist_items(key, limit=50),
        }
        yield Reader(desk, asks, dict.fromkeys(asks, json.loads))


@contextmanager
def open_tekore(_: Path) -> Iterator[Reader]:
    """tekore, unmodified, with a client of httpx whose transport answers."""
    import httpx
    import tekore
    from tekore import model

    desk = Desk()
    with httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, headers=HEADERS, content=desk.body))
    ) as web:
        client = tekore.Spotify("token", sender=tekore.SyncSender(web))
        asks = {
            "page": lambda key: client.artist_albums(key, include_groups=["album", "single"], limit=10),
            "album": client.album,
            "track": client.track,
            "rows": lambda key: client.playlist_items(key, limit=50),
        }
        kinds = {
            "page": model.SimpleAlbumPaging, "album": model.FullAlbum, "track": model.FullTrack,
            "rows": model.PlaylistTrackPaging,
        }  # fmt: skip
        reads = {kind: lambda body, one=one: one(**json.loads(body)) for kind, one in kinds.items()}
        yield Reader(desk, asks, reads)


def tell(kind: str, found: Any) -> list[Any]:
    """What a caller wants to know of an answer, in whichever shape it came: equal for all clients."""
    if kind == "page":
        return [(_pick(one, "name"), _pick(one, "release_date")) for one in _pick(found, "items")]
    if kind == "album":
        tracks = _pick(_pick(found, "tracks"), "items")
        return [_pick(found, "name"), _pick(_pick(found, "external_ids"), "upc"), len(tracks)]
    if kind == "track":
        return [_pick(found, "name"), _pick(_pick(found, "external_ids"), "isrc")]
    return [_pick(_pick(one, "item"), "uri") for one in _pick(found, "items")]


def _pick(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name)
