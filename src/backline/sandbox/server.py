"""The sandbox as an ASGI application: bytes in, the request found its place, bytes out, whole or broken on purpose."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from backline.sandbox import (  # noqa: F401 - imported for their routes
    accounts,
    catalogue,
    library,
    me,
    old_browse,
    old_routes,
    player,
    playlist_items,
    playlists,
    search,
    talk,
)
from backline.sandbox.answers import Answer, refuse
from backline.sandbox.call import Call
from backline.sandbox.control import answer_control
from backline.sandbox.growth import Counts
from backline.sandbox.growth_people import grow_world
from backline.sandbox.ledger import Entry
from backline.sandbox.pictures import answer_picture
from backline.sandbox.profiles import PROFILES
from backline.sandbox.reception import answer_call
from backline.sandbox.routes import find_route
from backline.sandbox.stage import Stage, set_up_stage
from backline.sandbox.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
LARGEST = 2**20
BREAK = "sandbox.break"


class Sandbox:
    """An ASGI application around one stage, which tests may reach into."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the beginning and end of the server's life."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            call = read_call(self.stage, scope, await _read_body(receive))
            await _send_answer(await answer(call), scope, send)
            if call.pause and call.pause.told is None:
                call.pause.told = time.monotonic()


def make_app(
    world: World | None = None, *, seed: int | str = 1, counts: Counts | None = None, profile: str = "dev-2026",
    clock: str = "real",
) -> Sandbox:  # fmt: skip
    """A sandbox in its first state; `.stage` has world, clock, ledger and switches."""
    return Sandbox(set_up_stage(world or grow_world(seed, counts), seed, profile, clock))


async def answer(call: Call) -> Answer:
    """Control and pictures by themselves; everything else through the ledger."""
    if call.path.startswith("/_sandbox"):
        return answer_control(call)
    if call.path.startswith(("/image/", "/open/")):
        return answer_picture(call)
    found = find_route(call.method, call.path)
    if found is None and not call.path.startswith("/v1/"):
        return refuse(404, "Nothing is here; see /_sandbox.", "no route").answer
    one, call.params = found or (None, {})
    family = one.family if one else "me"
    entry = call.entry
    call.entry = call.stage.ledger.open_entry(entry.at, entry.method, entry.path, entry.query, family)
    return await answer_call(call, one)


def read_call(stage: Stage, scope: Scope, body: bytes) -> Call:
    """The request as routes see it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    text = scope["query_string"].decode("latin-1")
    query = dict(parse_qsl(text, keep_blank_values=True)) if text else {}
    base = f"{scope.get('scheme', 'http')}://{headers.get('host', '127.0.0.1')}"
    now, method, path = stage.clock.now(), scope["method"], scope["path"]
    entry = Entry(0, now, method, path, text, "")
    return Call(stage, entry, method, path, query, headers, body, base, now, PROFILES[stage.profile])


async def _read_body(receive: Receive) -> bytes:
    parts, more, size = [], True, 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    if answer.broken == "reset":
        await _break(scope, reset=True)
        return
    length = len(answer.body)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.kind:
        headers.append((b"content-type", answer.kind.encode()))
    if answer.status != 304:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = answer.body[: length // 2] if answer.broken == "cut" else answer.body
    more = answer.broken == "cut" and BREAK in scope.get("extensions", {})
    await send({"type": "http.response.body", "body": body, "more_body": more})
    if answer.broken == "cut":
        await _break(scope, reset=False)


async def _break(scope: Scope, reset: bool) -> None:
    """End the connection; without one (in-process) raise what a client would see, or leave the body cut."""
    end = scope.get("extensions", {}).get(BREAK)
    if end:
        end(reset)
        await asyncio.sleep(0.001)  # until the server knows
    elif reset:
        raise ConnectionResetError("the sandbox was told to reset this connection")


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
