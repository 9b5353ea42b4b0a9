"""Routes of the player: what was played lately, by cursor, and one device that does as it is told."""

from __future__ import annotations

from typing import Any

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.clock import tell_moment
from backline.sandbox.routes import Handler, route
from backline.sandbox.shapes import shape_track
from backline.sandbox.world import Play

REACH = 50
STATE, CONTROL = ("user-read-playback-state",), ("user-modify-playback-state",)
DEVICE = {
    "id": "5a6e64626f78", "is_active": True, "is_private_session": False, "is_restricted": False,
    "name": "Kitchen Radio", "supports_volume": True, "type": "Computer", "volume_percent": 50,
}  # fmt: skip


@route("GET", "/v1/me/player/recently-played", "me", scopes=("user-read-recently-played",))
def get_recently_played(call: Call) -> Answer:
    """The last 50 plays and no more, newest first; `after` and `before` are milliseconds, and neither is included."""
    if "after" in call.query and "before" in call.query:
        raise refuse(400, "Can't specify both after and before", "both cursors")
    limit = call.read_number("limit", 20, 1, 50)
    after, before = (_read_cursor(call, name) for name in ("after", "before"))
    world = call.world
    reach = [one for one in call.person.plays if one.track in world.tracks and one.at <= call.now][-REACH:]
    rows = [
        one
        for one in reach
        if (after is None or to_ms(one) > after) and (before is None or to_ms(one) < before)
    ]
    # Nearest to the cursor first, so that who follows `next` misses nothing.
    page = rows[:limit] if after is not None else rows[-limit:]
    more = len(rows) > len(page)
    newest, oldest = (str(to_ms(page[-1])), str(to_ms(page[0]))) if page else (None, None)
    following = (
        call.link(after=newest, limit=limit) if after is not None else call.link(before=oldest, limit=limit)
    )
    return say({
        "href": call.link(limit=limit),
        "items": [_shape_play(call, one) for one in reversed(page)],
        "limit": limit,
        "next": following if more else None,
        "cursors": {"after": newest, "before": oldest} if page else None,
    })  # fmt: skip


def to_ms(play: Play) -> int:
    """The moment of a play as cursors have it."""
    return round(play.at * 1000)


def _read_cursor(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise refuse(400, f"Invalid {name}", f"bad {name}")
    return int(text)


def _shape_play(call: Call, play: Play) -> dict[str, Any]:
    context = None
    if play.context:
        _, kind, ident = play.context.split(":")[:3]
        context = {
            "external_urls": {"spotify": f"{call.base}/open/{kind}/{ident}"},
            "href": f"{call.base}/v1/{kind}s/{ident}", "type": kind, "uri": play.context,
        }  # fmt: skip
    track = shape_track(call, call.world.tracks[play.track])
    return {"track": track, "played_at": tell_moment(play.at, 3), "context": context}


@route("GET", "/v1/me/player", "me", scopes=STATE)
def get_player(call: Call) -> Answer:
    """What plays, or nothing (204)."""
    return _answer_current(call, {"device": DEVICE, "repeat_state": "off", "shuffle_state": False})


@route("GET", "/v1/me/player/currently-playing", "me", scopes=("user-read-currently-playing", *STATE))
def get_currently_playing(call: Call) -> Answer:
    """The same without the device."""
    return _answer_current(call, {})


@route("GET", "/v1/me/player/devices", "me", scopes=STATE)
def get_devices(call: Call) -> Answer:
    """One radio."""
    _ = call.person
    return say({"devices": [DEVICE]})


@route("GET", "/v1/me/player/queue", "me", scopes=STATE)
def get_queue(call: Call) -> Answer:
    """Nothing waits."""
    _ = call.person
    return say({"currently_playing": None, "queue": []})


def _answer_current(call: Call, more: dict[str, Any]) -> Answer:
    plays = [one for one in call.person.plays if one.track in call.world.tracks and one.at <= call.now]
    track = call.world.tracks[plays[-1].track] if plays else None
    if not track or call.now > plays[-1].at + track.duration_ms / 1000:
        return Answer(204)
    data = {
        "context": None, "timestamp": to_ms(plays[-1]), "progress_ms": round((call.now - plays[-1].at) * 1000),
        "item": shape_track(call, track), "currently_playing_type": "track", "is_playing": True,
        "actions": {"disallows": {"resuming": True}},
    }  # fmt: skip
    return say(data | more)


def _enlist_order(method: str, name: str) -> Handler:
    @route(method, f"/v1/me/player{name}", "me", scopes=CONTROL)
    def give_order(call: Call) -> Answer:
        if call.person.product != "premium":
            raise refuse(403, "Player command failed: Premium required", "no premium", "PREMIUM_REQUIRED")
        return Answer(204)

    return give_order


ORDERS = [
    _enlist_order(method, name)
    for method, name in (
        ("PUT", ""), ("PUT", "/play"), ("PUT", "/pause"), ("POST", "/next"), ("POST", "/previous"), ("PUT", "/seek"),
        ("PUT", "/repeat"), ("PUT", "/volume"), ("PUT", "/shuffle"), ("POST", "/queue"),
    )
]  # fmt: skip
