"""Before anything is read: whose Host header it is, which key is shown, how large and of what kind the body is.

Plain ASGI, so that streams pass through untouched. Below /api/v1 nothing is answered without a key.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backline.errors import NotAllowed
from backline.sections import is_loopback
from backline.storage.api_keys import Caller, find_caller, note_use
from backline.web.problems import explain, make_problem
from backline.wiring import House

log = logging.getLogger("backline.web")
API = "/api/v1"
_BEARER = HTTPBearer(
    auto_error=False, scheme_name="apiKey", bearerFormat="bl_<id>_<secret>",
    description="`backline key create` makes a key and shows it once.",
)  # fmt: skip
_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Gate:
    """Lets through what may come in; everything else is told why not."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self.app = app
        self.house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = refuse_stranger(headers)
        if refusal is None and scope["path"].startswith(API):
            refusal = await self._find_caller(scope, headers)
        if refusal is None and scope["method"] in ("POST", "PUT", "PATCH"):
            receive, refusal = await _read_body(headers, receive, self.house.settings.web.max_body_kb << 10)
        answer = self.app if refusal is None else refusal
        await answer(scope, receive, _add_headers(send))

    async def _find_caller(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        """The caller becomes part of the request's state; the answer where there is none."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return _ask_for_key("No API key was sent.", "Send `Authorization: Bearer bl_…`.")
        try:
            caller = await run_in_threadpool(self._look_up, key.strip())
        except NotAllowed as error:
            return _ask_for_key(error.message, error.remedy)
        except DBAPIError as error:
            return explain(error)
        scope.setdefault("state", {})["caller"] = caller
        return None

    def _look_up(self, key: str) -> Caller:
        database = self.house.database

        def look() -> tuple[Caller, bool, int]:
            with database.read() as connection:
                now = database.now(connection)
                return *find_caller(connection, now, key), now

        caller, is_stale, now = database.try_twice(look)
        if is_stale:
            try:
                with database.write() as connection:
                    note_use(connection, caller.key_id, now)
            except DBAPIError as error:  # when a key was used is worth less than the answer
                log.warning("cannot note the use of key %s: %s", caller.key_id, type(error).__name__)
        return caller


def allow(scope: str) -> Any:
    """A dependency: the caller, whose key must have the scope. Raises `NotAllowed`."""

    def check(
        request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> Caller:
        caller: Caller = request.state.caller
        if not caller.may(scope):
            remedy = f"`backline key create --user {caller.user} --scope {scope}` makes one that has it."
            raise NotAllowed(f"This key lacks the scope {scope}.", remedy=remedy)
        return caller

    return Security(check)


def refuse_stranger(headers: Headers) -> JSONResponse | None:
    """Only a Host header of this machine: another name may be a page elsewhere that rebound its DNS."""
    if is_loopback(split_host(headers.get("host", ""))):
        return None
    remedy = "Use http://127.0.0.1 or http://localhost; from elsewhere, an SSH tunnel."
    return make_problem(403, "This address serves only this machine.", remedy)


def split_host(header: str) -> str:
    """The host of a Host header, without port and brackets (RFC 9110 §7.2)."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header


def _ask_for_key(detail: str, remedy: str | None) -> JSONResponse:
    return make_problem(401, detail, remedy, headers={"WWW-Authenticate": 'Bearer realm="backline"'})


async def _read_body(headers: Headers, receive: Receive, most: int) -> tuple[Receive, JSONResponse | None]:
    """The body read whole, to be given on; or the answer where it is too large or of another kind."""
    too_large = make_problem(
        413, f"The body is larger than {most >> 10} KB.", "Send less, or raise web.max_body_kb."
    )
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:20]) > most:
        return receive, too_large
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            return receive, too_large
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media != "application/json":
        return receive, make_problem(
            415, f"The body is {media or 'of no named kind'}.", "Send application/json."
        )
    return _give_on(body, receive), None


def _give_on(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _add_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in _HEADERS if pair[0] not in there)]
        await send(message)

    return with_headers
