"""/api/v1/runs/{run}/events: what happens to a run, as server-sent events, until it ends.

There is no log of events behind it: each one tells the row as it is. Its id is a digest of that, so whoever comes
back with Last-Event-ID is told nothing twice, and only what changed meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from backline.errors import UnknownName
from backline.runtime.audit import canonical_json, digest
from backline.storage.api_keys import Caller, is_still_good
from backline.storage.run_tables import ENDED_STATES
from backline.storage.runs import read_state
from backline.web.api_runs import READ, RunId
from backline.web.gate import API
from backline.web.problems import document, make_problem
from backline.wiring import House

log = logging.getLogger("backline.web")
LOOK_SECONDS = 0.3
HEARTBEAT_SECONDS = 15.0
Known = Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)]


class Streams:
    """How many streams are open in this process, and whether they are to end."""

    def __init__(self, most: int, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.most = most
        self.heartbeat = heartbeat
        self.closing = threading.Event()
        self._open = 0

    def take(self) -> bool:
        """A place for one more; False where all are taken."""
        if self._open >= self.most:
            return False
        self._open += 1
        return True

    def give_back(self) -> None:
        """One has ended."""
        self._open -= 1


class EventStream(StreamingResponse):
    """A stream that gives its place back, however it ends."""

    media_type = "text/event-stream"

    def __init__(self, content: Any = (), streams: Streams | None = None, **options: Any) -> None:
        super().__init__(content, **options)
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the end of the run, or until the caller is gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._streams is not None:
                self._streams.give_back()


def make_router(house: House, streams: Streams) -> APIRouter:
    """The route of events."""
    router = APIRouter(prefix=f"{API}/runs", tags=["runs"])
    known_end: dict[int | str, dict[str, Any]] = {
        204: {"description": "The run has ended and Last-Event-ID knows it: do not come back."}
    }

    @router.get(
        "/{run}/events",
        status_code=200,
        response_class=EventStream,
        response_model=None,
        responses={**known_end, **document(404, 422, 429)},
    )
    async def follow(run: RunId, caller: Caller = READ, last: Known = None) -> Response:
        """Events `run` while it goes on and `end` when it is over; a comment as heartbeat."""
        told = await run_in_threadpool(look, house, run)
        if told is None:
            raise UnknownName(f"Run {run!r}: no run has this id.", remedy=f"GET {API}/runs lists them.")
        if told["state"] in ENDED_STATES and tag(told) == last:
            return Response(status_code=204)
        if not streams.take():
            remedy = "Close one, raise web.max_streams, or read the run itself now and then."
            return make_problem(
                429, f"{streams.most} streams are open.", remedy, headers={"Retry-After": "5"}
            )
        return EventStream(follow_run(house, streams, run, last, caller.key_id), streams)

    return router


async def follow_run(
    house: House, streams: Streams, run: str, last: str | None, key_id: str
) -> AsyncIterator[str]:
    """The text of the stream. It is cut after web.stream_seconds, and where the key of whoever listens has ended.

    Who comes back goes on where it was, or is told by the gate why not.
    """
    began = spoke = time.monotonic()
    while not streams.closing.is_set() and time.monotonic() - began < house.settings.web.stream_seconds:
        try:
            told = await run_in_threadpool(look_again, house, run, key_id)
        except DBAPIError as error:  # away for a moment: the next look tries again
            log.warning("cannot look at run %s: %s", run, type(error).__name__)
            told = {}
        if told is None:
            return
        if told and tag(told) != last:
            last, spoke = tag(told), time.monotonic()
            yield spell(told)
        if told and told["state"] in ENDED_STATES:
            return
        if time.monotonic() - spoke >= streams.heartbeat:
            spoke = time.monotonic()
            yield ": heartbeat\n\n"
        await asyncio.sleep(LOOK_SECONDS)


def look(house: House, run: str) -> dict[str, Any] | None:
    """The run as an event tells it; None where there is no such run."""
    with house.database.read() as connection:
        return _tell(connection, run)


def look_again(house: House, run: str, key_id: str) -> dict[str, Any] | None:
    """The same; None also where the key may not be used any more."""
    with house.database.read() as connection:
        if not is_still_good(connection, house.database.now(connection), key_id):
            return None
        return _tell(connection, run)


def _tell(connection: Connection, run: str) -> dict[str, Any] | None:
    row = read_state(connection, run)
    if row is None:
        return None
    progress = json.loads(row.progress) if row.progress else None
    told = {"id": run, "state": row.state, "progress": progress, "error_kind": row.error_kind}
    return {**told, "error": row.error_text}


def tag(told: dict[str, Any]) -> str:
    """The id of an event: what it says, as a digest."""
    return (digest(canonical_json(told)) or "")[:16]


def spell(told: dict[str, Any]) -> str:
    """An event as it goes over the wire (WHATWG HTML §9.2); JSON on one line."""
    kind = "end" if told["state"] in ENDED_STATES else "run"
    return f"id: {tag(told)}\nevent: {kind}\ndata: {json.dumps(told)}\n\n"
