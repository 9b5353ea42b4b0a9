"""The control API under /_sandbox: what is here, the ledger, the clock, faults, edits of the world, profile and switches."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from backline.sandbox.answers import Answer, say
from backline.sandbox.call import Call
from backline.sandbox.clock import read_moment, tell_moment
from backline.sandbox.edits import EDITS, edit_world
from backline.sandbox.export import export_world
from backline.sandbox.profiles import FAMILIES, PROFILES
from backline.sandbox.stage import Stage

Body = Any


def answer_control(call: Call) -> Answer:
    """An answer in JSON; 400 says what is wrong with a request."""
    place = call.path.removeprefix("/_sandbox").strip("/")
    work = PLACES.get((call.method, place))
    if work is None:
        known = sorted({f"{method} /_sandbox/{name}".rstrip("/") for method, name in PLACES})
        return say({"error": "Nothing is here.", "places": known}, 404)
    try:
        return say(work(call, json.loads(call.body or b"null")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return say({"error": str(error)}, 400)


def tell_all(call: Call, _: Body) -> Any:
    """What this sandbox is: addresses, counts, apps with their secrets, people."""
    stage, world = call.stage, call.world
    return {
        "profile": stage.profile,
        "seed": stage.seed,
        "clock": _tell_clock(stage),
        "addresses": {"api": f"{call.base}/v1", "accounts": call.base, "authorize": f"{call.base}/authorize",
                      "token": f"{call.base}/api/token"},
        "counts": {room: len(getattr(world, room)) for room in ("artists", "releases", "tracks", "people", "playlists")},
        "apps": [
            {"client_id": app.client_id, "client_secret": app.secret, "account": app.account, "profile": app.profile,
             "redirect_uris": app.redirects, "listed": app.listed}
            for app in world.apps.values()
        ],
        "users": [
            {"id": one.id, "account_id": one.account_id, "name": one.name, "country": one.country}
            for one in world.people.values()
        ],
        "families": list(FAMILIES),
        "profiles": sorted(PROFILES),
        "edits": sorted(EDITS),
        "switches": asdict(stage.switches),
        "lag": asdict(stage.lag),
        "browser": stage.browser,
    }  # fmt: skip


def tell_ledger(call: Call, _: Body) -> Any:
    """Requests after `?after=`, what was spent, and who did not keep a pause (`?grace=` real seconds)."""
    return call.stage.ledger.tell(int(call.query.get("after", 0)), float(call.query.get("grace", 0)))


def empty_ledger(call: Call, _: Body) -> Any:
    """Forget everything; with `?keep=books` what was spent and ordered stays."""
    call.stage.ledger.empty(books=call.query.get("keep") != "books")
    return {"requests": 0}


def tell_clock(call: Call, _: Body) -> Any:
    """The present of this world."""
    return _tell_clock(call.stage)


def set_clock(call: Call, body: Body) -> Any:
    """`{"advance": seconds}`, `{"set": ISO}`, `{"freeze": true}` or `{"run": true}`."""
    clock, orders = call.stage.clock, {"advance", "set", "freeze", "run"}
    if not body or set(body) - orders:
        raise ValueError(f"give one of {', '.join(sorted(orders))}")
    if "set" in body:
        clock.set_to(read_moment(body["set"]))
    clock.advance(float(body.get("advance", 0)))
    if body.get("freeze"):
        clock.freeze()
    if body.get("run"):
        clock.run()
    return _tell_clock(call.stage)


def add_faults(call: Call, body: Body) -> Any:
    """A list of faults, one of them, or `{"schedule": …}`."""
    call.stage.faults.add(body)
    return call.stage.faults.tell()


def tell_faults(call: Call, _: Body) -> Any:
    """What waits."""
    return call.stage.faults.tell()


def clear_faults(call: Call, _: Body) -> Any:
    """Nothing goes wrong any more; pauses that were ordered hold on."""
    call.stage.faults.clear()
    return call.stage.faults.tell()


def tell_world(call: Call, _: Body) -> Any:
    """The truth, in one piece; `?rooms=artists,releases` leaves out the rest."""
    rooms = [one for one in call.query.get("rooms", "").split(",") if one]
    return export_world(call.world, rooms or None)


def change_world(call: Call, body: Body) -> Any:
    """One edit or a list of them, in order; what each touched. The first that cannot be done ends the list."""
    return [edit_world(call.stage, one) for one in (body if isinstance(body, list) else [body])]


def change_profile(call: Call, body: Body) -> Any:
    """Profile (of an app with `client_id`), budgets, window, switches and lag; what is not named stays."""
    stage = call.stage
    if "profile" in body:
        PROFILES[body["profile"]]
        if app_id := body.get("client_id"):
            call.world.apps[app_id].profile = body["profile"]
        else:
            stage.change_profile(body["profile"])
    limits = stage.ledger.limits
    limits.budgets |= _check("budgets", body.get("budgets", {}), set(FAMILIES))
    window = _check("window", body.get("window", {}), {"seconds", "most"})
    limits.seconds, limits.most = window.get("seconds", limits.seconds), window.get("most", limits.most)
    for name in ("extend", "header"):
        if name in body:
            setattr(limits, name, body[name])
    for name, noun in (("switches", stage.switches), ("lag", stage.lag)):
        known = {field.name for field in fields(noun)}
        for key, value in _check(name, body.get(name, {}), known).items():
            setattr(noun, key, value)
    return tell_all(call, None) | {
        "budgets": limits.budgets,
        "window": {"seconds": limits.seconds, "most": limits.most},
    }


def sign_in_browser(call: Call, body: Body) -> Any:
    """`{"user": id}`: /authorize goes back to the app at once, as for a person who agreed before; null shows the page."""
    user = body["user"]
    if user is not None and user not in call.world.people:
        raise ValueError(f"{user} is nobody here")
    call.stage.browser = user
    return {"user": user}


PLACES: dict[tuple[str, str], Callable[[Call, Body], Any]] = {
    ("GET", ""): tell_all,
    ("GET", "ledger"): tell_ledger,
    ("DELETE", "ledger"): empty_ledger,
    ("GET", "clock"): tell_clock,
    ("POST", "clock"): set_clock,
    ("GET", "faults"): tell_faults,
    ("POST", "faults"): add_faults,
    ("DELETE", "faults"): clear_faults,
    ("GET", "world"): tell_world,
    ("POST", "world"): change_world,
    ("POST", "profile"): change_profile,
    ("POST", "login"): sign_in_browser,
}


def _tell_clock(stage: Stage) -> dict[str, Any]:
    now = stage.clock.now()
    return {"now": tell_moment(now, 3), "unix": now, "mode": stage.clock.mode}


def _check(name: str, given: dict[str, Any], known: set[str]) -> dict[str, Any]:
    if wrong := set(given) - known:
        raise ValueError(f"{name}: {', '.join(sorted(wrong))} is none of {', '.join(sorted(known))}")
    return given
