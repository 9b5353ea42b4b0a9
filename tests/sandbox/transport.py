"""A sandbox behind a client of httpx that does not know asyncio, in the same process: quick enough for random schedules."""

from __future__ import annotations

import asyncio
import threading

import httpx

from backline.sandbox.server import Sandbox

BASE = "http://sandbox.test"


class SandboxTransport(httpx.BaseTransport):
    """One request after the other, also of several threads. Resets, cut bodies and slow answers are errors of httpx."""

    def __init__(self, app: Sandbox) -> None:
        self.app = app
        self._inner = httpx.ASGITransport(app)
        self._turn = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `httpx.ReadError`, `httpx.RemoteProtocolError` and `httpx.ReadTimeout` as a network would."""
        request.read()
        patience = request.extensions.get("timeout", {}).get("read")
        try:
            with self._turn:
                status, headers, body = asyncio.run(asyncio.wait_for(self._ask(request), patience))
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout("the sandbox takes its time", request=request) from error
        promised = headers.get("content-length")
        if promised is not None and int(promised) != len(body):
            raise httpx.RemoteProtocolError("the sandbox cut this body", request=request)
        return httpx.Response(status, headers=headers, content=body, request=request)

    async def _ask(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        reply = await self._inner.handle_async_request(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        )
        return reply.status_code, reply.headers, await reply.aread()


def open_client(app: Sandbox, **more: object) -> httpx.Client:
    """A client whose relative addresses lead into the sandbox."""
    return httpx.Client(transport=SandboxTransport(app), base_url=BASE, **more)  # type: ignore[arg-type] # httpx's own options
