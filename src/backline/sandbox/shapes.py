"""Artists, releases and tracks as JSON, full and short, with the fields that a Client ID still gets."""

from __future__ import annotations

from typing import Any

from backline.sandbox.call import Call
from backline.sandbox.world import Artist, Release, Track

MARKETS = ("AU", "BR", "CA", "DE", "ES", "FR", "GB", "IT", "JP", "US")
Json = dict[str, Any]


def shape_ids(call: Call, kind: str, ident: str) -> Json:
    """What every object has: where it is."""
    return {
        "external_urls": {"spotify": f"{call.base}/open/{kind}/{ident}"},
        "href": f"{call.base}/v1/{kind}s/{ident}",
        "id": ident,
        "type": kind,
        "uri": f"spotify:{kind}:{ident}",
    }


def shape_images(call: Call, kind: str, ident: str) -> list[Json]:
    """Three sizes, widest first."""
    return [
        {"height": size, "url": f"{call.base}/image/{kind}/{ident}/{size}", "width": size}
        for size in (640, 300, 64)
    ]


def shape_short_artist(call: Call, artist: Artist) -> Json:
    """An artist inside something else."""
    return shape_ids(call, "artist", artist.id) | {"name": artist.name}


def shape_artist(call: Call, artist: Artist) -> Json:
    """An artist by itself. New Client IDs get neither followers nor popularity nor genres."""
    data = shape_short_artist(call, artist)
    data["images"] = shape_images(call, "artist", artist.id)
    data["genres"] = [] if call.profile.masked else artist.genres
    if not call.profile.masked:
        data["followers"] = {"href": None, "total": artist.followers}
        data["popularity"] = _rate(artist.id)
    return data


def shape_short_album(call: Call, release: Release) -> Json:
    """A release inside something else."""
    data = shape_ids(call, "album", release.id) | {
        "album_type": release.kind,
        "artists": _shape_artists(call, release.artists),
        "images": shape_images(call, "album", release.id),
        "name": release.name,
        "release_date": release.date,
        "release_date_precision": release.precision,
        "total_tracks": len(release.tracks),
    }
    if not call.profile.masked:
        data["available_markets"] = list(MARKETS)
    return data


def shape_album(call: Call, release: Release) -> Json:
    """A release by itself, with the first 50 of its tracks. UPC and copyrights stay."""
    data = shape_short_album(call, release)
    tracks = [call.world.tracks[one] for one in release.tracks[:50]]
    inner = f"{call.base}/v1/albums/{release.id}/tracks"
    more = f"{inner}?offset=50&limit=50" if len(release.tracks) > 50 else None
    data["tracks"] = {
        "href": f"{inner}?offset=0&limit=50",
        "items": [shape_short_track(call, track) for track in tracks],
        "limit": 50,
        "next": more,
        "offset": 0,
        "previous": None,
        "total": len(release.tracks),
    }
    data["copyrights"] = [
        {"text": f"{release.date[:4]} {release.label}", "type": kind} for kind in ("C", "P")
    ]
    data["external_ids"] = {"upc" if len(release.upc) == 12 else "ean": release.upc} if release.upc else {}
    data["genres"] = []
    if not call.profile.masked:
        data |= {"label": release.label, "popularity": _rate(release.id)}
    return data


def shape_short_track(call: Call, track: Track) -> Json:
    """A track inside its release: never with external ids."""
    data = shape_ids(call, "track", track.id) | {
        "artists": _shape_artists(call, track.artists),
        "disc_number": track.disc,
        "duration_ms": track.duration_ms,
        "explicit": track.explicit,
        "is_local": False,
        "name": track.name,
        "preview_url": None,
        "track_number": track.number,
    }
    if not call.profile.masked:
        data["available_markets"] = [one for one in MARKETS if one not in track.barred]
    return data


def shape_track(call: Call, track: Track) -> Json:
    """A track by itself: with a market in force it may be another one of the same recording."""
    found = _relink(call, track)
    data = shape_short_track(call, found)
    data["album"] = shape_short_album(call, call.world.releases[found.release])
    data["external_ids"] = {"isrc": found.isrc} if found.isrc else {}
    if market := call.market:
        data["is_playable"] = market not in found.barred
        if market in found.barred:
            data["restrictions"] = {"reason": "market"}
    if not call.profile.masked:
        data["popularity"] = _rate(found.id)
        if found is not track:
            data["linked_from"] = shape_ids(call, "track", track.id)
    return data


def is_there(call: Call, track: Track) -> bool:
    """Whether a list shows it: without a market, an app by itself does not see what is barred anywhere."""
    return bool(call.user or call.market or not track.barred)


def _relink(call: Call, track: Track) -> Track:
    if not call.market or call.market not in track.barred:
        return track
    others = (call.world.tracks[one] for one in call.world.recordings.get(track.isrc or "", ()))
    return next((one for one in others if call.market not in one.barred), track)


def _shape_artists(call: Call, ids: list[str]) -> list[Json]:
    return [shape_short_artist(call, call.world.artists[one]) for one in ids]


def _rate(ident: str) -> int:
    return sum(ident.encode()) % 101
