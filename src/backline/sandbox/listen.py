"""The sandbox on a loopback socket: uvicorn, with connections that can be broken on purpose."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from backline.sandbox.server import BREAK, Sandbox

AT_ONCE = struct.pack("ii", 1, 0)


class Line(H11Protocol):
    """A connection that an answer can end: within its body, or with a reset before anything was said."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Give the application a way to end this connection."""
        super().connection_made(transport)
        inner = self.app

        def end(reset: bool) -> None:
            if not reset:
                transport.close()
                return
            plug = transport.get_extra_info("socket")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            transport.abort()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[BREAK] = end
            await inner(scope, receive, send)

        self.app = app


class Server(uvicorn.Server):
    """Uvicorn that ends in order at SIGTERM and SIGINT, and gives the signal to nobody else afterwards."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Both signals ask for a graceful end."""
        wanted = (signal.SIGINT, signal.SIGTERM)
        former = {number: signal.signal(number, self.handle_exit) for number in wanted}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def open_socket(host: str, port: int) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one. Raises `ValueError` for others' addresses, `OSError`."""
    if not is_loopback(host):
        raise ValueError(f"The sandbox does not listen on {host}: it gives its tokens to whoever asks.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tell_address(listener: socket.socket) -> str:
    """`http://127.0.0.1:8620`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: Sandbox, listener: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT; open connections get a second to end."""
    config = uvicorn.Config(
        app,
        http=Line,
        ws="none",
        loop="asyncio",
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    Server(config).run(sockets=[listener])
