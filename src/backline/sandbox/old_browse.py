"""Routes of browsing and discovery that were taken away: in 2026, and in 2024 from apps that came later."""

from __future__ import annotations

from typing import Any

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.catalogue import find_noun
from backline.sandbox.old_routes import read_ids
from backline.sandbox.routes import route
from backline.sandbox.shapes import MARKETS, shape_artist, shape_short_album, shape_track
from backline.sandbox.shapes_lists import shape_short_playlist
from backline.sandbox.world import Track


@route("GET", "/v1/artists/{id}/top-tracks", "artist-album", gone="2026")
def get_top_tracks(call: Call) -> Answer:
    """Ten tracks of an artist."""
    return say({"tracks": [shape_track(call, one) for one in _list_tracks(call)[:10]]})


def _list_tracks(call: Call) -> list[Track]:
    artist = find_noun(call.world.artists, call.params["id"])
    return [call.world.tracks[one] for home in artist.releases for one in call.world.releases[home].tracks]


@route("GET", "/v1/artists/{id}/related-artists", "artist-album", gone="2024")
def get_related(call: Call) -> Answer:
    """Some other artists."""
    artist = find_noun(call.world.artists, call.params["id"])
    others = [one for one in call.world.artists.values() if one is not artist]
    return say({"artists": [shape_artist(call, one) for one in others[:20]]})


@route("GET", "/v1/markets", "artist-album", gone="2026")
def get_markets(call: Call) -> Answer:
    """Countries of this world."""
    assert call.app
    return say({"markets": list(MARKETS)})


@route("GET", "/v1/browse/new-releases", "artist-album", gone="2026")
def get_new_releases(call: Call) -> Answer:
    """Releases, newest first."""
    limit, offset = call.read_page()
    rows = sorted(call.world.releases.values(), key=lambda one: one.date, reverse=True)[:100]
    page = [shape_short_album(call, one) for one in rows[offset : offset + limit]]
    return say({"albums": call.make_page(page, len(rows), limit, offset)})


def _shape_category(call: Call) -> dict[str, Any]:
    icon = {"height": 64, "url": f"{call.base}/image/category/sandbox/64", "width": 64}
    return {
        "href": f"{call.base}/v1/browse/categories/sandbox",
        "id": "sandbox",
        "icons": [icon],
        "name": "Sandbox",
    }


@route("GET", "/v1/browse/categories", "artist-album", gone="2026")
def get_categories(call: Call) -> Answer:
    """One category."""
    limit, offset = call.read_page()
    return say({"categories": call.make_page([_shape_category(call)][offset:], 1, limit, offset)})


@route("GET", "/v1/browse/categories/{id}", "artist-album", gone="2026")
def get_category(call: Call) -> Answer:
    """The same."""
    if call.params["id"] != "sandbox":
        raise refuse(404, "Resource not found", "not found")
    return say(_shape_category(call))


def _list_editorial(call: Call) -> Answer:
    limit, offset = call.read_page()
    rows = [one for one in call.world.playlists.values() if one.editorial]
    page = [shape_short_playlist(call, one) for one in rows[offset : offset + limit]]
    return say({"message": "Chosen", "playlists": call.make_page(page, len(rows), limit, offset)})


for _place in ("/v1/browse/featured-playlists", "/v1/browse/categories/{id}/playlists"):
    route("GET", _place, "playlist-read", gone="2024")(_list_editorial)


def _shape_features(call: Call, track: Track) -> dict[str, Any]:
    """Numbers that mean nothing, the same for the same track."""
    names = (
        "danceability",
        "energy",
        "speechiness",
        "acousticness",
        "instrumentalness",
        "liveness",
        "valence",
    )
    points = {name: (sum(track.id.encode()) * (at + 3) % 100) / 100 for at, name in enumerate(names)}
    more = {
        "key": 5,
        "loudness": -7.5,
        "mode": 1,
        "tempo": 120.0,
        "time_signature": 4,
        "duration_ms": track.duration_ms,
    }
    ids = {
        "id": track.id,
        "uri": f"spotify:track:{track.id}",
        "track_href": f"{call.base}/v1/tracks/{track.id}",
    }
    return (
        points
        | more
        | ids
        | {"analysis_url": f"{call.base}/v1/audio-analysis/{track.id}", "type": "audio_features"}
    )


@route("GET", "/v1/audio-features/{id}", "tracks", gone="2024")
def get_features(call: Call) -> Answer:
    """Numbers of one track."""
    return say(_shape_features(call, find_noun(call.world.tracks, call.params["id"])))


@route("GET", "/v1/audio-features", "tracks", gone="2024")
def get_several_features(call: Call) -> Answer:
    """Numbers of several."""
    tracks = [call.world.tracks.get(one) for one in read_ids(call, 100)]
    return say({"audio_features": [_shape_features(call, one) if one else None for one in tracks]})


@route("GET", "/v1/audio-analysis/{id}", "tracks", gone="2024")
def get_analysis(call: Call) -> Answer:
    """An analysis with nothing in it."""
    track = find_noun(call.world.tracks, call.params["id"])
    rooms = ("bars", "beats", "sections", "segments", "tatums")
    return say({"meta": {}, "track": {"duration": track.duration_ms / 1000}} | {room: [] for room in rooms})


@route("GET", "/v1/recommendations", "tracks", gone="2024")
def get_recommendations(call: Call) -> Answer:
    """Tracks by chance."""
    limit = call.read_number("limit", 20, 1, 100)
    tracks = list(call.world.tracks.values())[:limit]
    return say({"seeds": [], "tracks": [shape_track(call, one) for one in tracks]})


@route("GET", "/v1/recommendations/available-genre-seeds", "tracks", gone="2024")
def get_genre_seeds(call: Call) -> Answer:
    """Genres of this world."""
    return say({"genres": sorted({genre for one in call.world.artists.values() for genre in one.genres})})
