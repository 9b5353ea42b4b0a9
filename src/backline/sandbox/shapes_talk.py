"""Shows, episodes, audiobooks and chapters as JSON."""

from __future__ import annotations

from typing import Any

from backline.sandbox.call import Call
from backline.sandbox.shapes import MARKETS, shape_ids, shape_images
from backline.sandbox.world import Talk

WORDS = "Invented for a sandbox."
SPEAKERS = {"authors": [{"name": "Nobody Atall"}], "narrators": [{"name": "Hedda Lantern"}]}


def shape_short_talk(call: Call, talk: Talk) -> dict[str, Any]:
    """A show, episode, audiobook or chapter inside something else."""
    data = shape_ids(call, talk.kind, talk.id) | {
        "description": WORDS,
        "html_description": f"<p>{WORDS}</p>",
        "explicit": False,
        "images": shape_images(call, talk.kind, talk.id),
        "name": talk.name,
    }
    masked = call.profile.masked
    if talk.kind in {"show", "audiobook"}:
        data |= {"copyrights": [], "languages": ["en"], "media_type": "audio"}
        data |= {} if masked else {"available_markets": list(MARKETS), "publisher": "Nine Doors"}
        if talk.kind == "show":
            return data | {"is_externally_hosted": False, "total_episodes": len(talk.parts)}
        return data | SPEAKERS | {"edition": "Unabridged", "total_chapters": len(talk.parts)}
    data |= {
        "audio_preview_url": None, "duration_ms": talk.duration_ms, "is_playable": True, "languages": ["en"],
        "release_date": talk.date, "release_date_precision": "day",
        "resume_point": {"fully_played": False, "resume_position_ms": 0},
    }  # fmt: skip
    if talk.kind == "episode":
        return data | {"is_externally_hosted": False, "language": "en"}
    data["chapter_number"] = _find_place(call, talk)
    return data if masked else data | {"available_markets": list(MARKETS)}


def shape_talk(call: Call, talk: Talk) -> dict[str, Any]:
    """The same by itself: what belongs together comes with it."""
    data = shape_short_talk(call, talk)
    if talk.inside:
        return data | {HOLDERS[talk.kind]: shape_short_talk(call, call.world.talks[talk.inside])}
    name = "episodes" if talk.kind == "show" else "chapters"
    inner = f"{call.base}/v1/{talk.kind}s/{talk.id}/{name}"
    parts = [shape_short_talk(call, call.world.talks[one]) for one in talk.parts[:50]]
    page = {
        "href": f"{inner}?offset=0&limit=50", "items": parts, "limit": 50, "offset": 0, "previous": None,
        "next": f"{inner}?offset=50&limit=50" if len(talk.parts) > 50 else None, "total": len(talk.parts),
    }  # fmt: skip
    return data | {name: page}


HOLDERS = {"episode": "show", "chapter": "audiobook"}


def _find_place(call: Call, talk: Talk) -> int:
    return call.world.talks[talk.inside].parts.index(talk.id) if talk.inside else 0
