"""Routes of shows, episodes, audiobooks and chapters."""

from __future__ import annotations

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.catalogue import find_noun
from backline.sandbox.routes import route
from backline.sandbox.shapes_talk import shape_short_talk, shape_talk
from backline.sandbox.world import Talk


def find_talk(call: Call, kind: str) -> Talk:
    """One by its id. Raises `Refused` (404) for another kind."""
    talk = find_noun(call.world.talks, call.params["id"])
    if talk.kind != kind:
        raise refuse(404, "Resource not found", "not found")
    return talk


@route("GET", "/v1/shows/{id}", "artist-album")
def get_show(call: Call) -> Answer:
    """One show."""
    return say(shape_talk(call, find_talk(call, "show")))


@route("GET", "/v1/episodes/{id}", "tracks")
def get_episode(call: Call) -> Answer:
    """One episode."""
    return say(shape_talk(call, find_talk(call, "episode")))


@route("GET", "/v1/audiobooks/{id}", "artist-album")
def get_audiobook(call: Call) -> Answer:
    """One audiobook."""
    return say(shape_talk(call, find_talk(call, "audiobook")))


@route("GET", "/v1/chapters/{id}", "tracks")
def get_chapter(call: Call) -> Answer:
    """One chapter."""
    return say(shape_talk(call, find_talk(call, "chapter")))


@route("GET", "/v1/shows/{id}/episodes", "artist-album")
def get_show_episodes(call: Call) -> Answer:
    """The episodes of a show, short."""
    return _list_parts(call, find_talk(call, "show"))


@route("GET", "/v1/audiobooks/{id}/chapters", "artist-album")
def get_audiobook_chapters(call: Call) -> Answer:
    """The chapters of an audiobook, short."""
    return _list_parts(call, find_talk(call, "audiobook"))


def _list_parts(call: Call, whole: Talk) -> Answer:
    limit, offset = call.read_page()
    parts = [shape_short_talk(call, call.world.talks[one]) for one in whole.parts[offset : offset + limit]]
    return say(call.make_page(parts, len(whole.parts), limit, offset))
