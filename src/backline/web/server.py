"""The web process: a loopback socket, the API on it, and the re-driver beside it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from backline.celery_app import app as broker_app
from backline.web.api import make_api
from backline.web.api_events import Streams
from backline.wiring import House


class Server(uvicorn.Server):
    """Uvicorn that ends in order at SIGTERM and SIGINT, and gives the signal to nobody else afterwards."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Open streams end too; whoever listens comes back to the next process."""
        self._streams.closing.set()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Both signals ask for a graceful end."""
        former = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def start_listening(listener: socket.socket) -> None:
    """Take connections that send at once.

    asyncio sees to that only for sockets that were made with the protocol TCP by number; for others the kernel
    holds each answer's body back until the header is acknowledged, 40 ms later (Nagle, RFC 896).
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted connections inherit it
    listener.listen(128)


def serve(house: House, listener: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the address."""
    host, port = listener.getsockname()[:2]
    _ = house.database  # opened, and upgraded where that is to be, before anybody asks
    api = make_api(house, broker_app)
    config = uvicorn.Config(api, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    server = Server(config, api.state.streams)
    house.redriver.start()
    start_listening(
        listener
    )  # whoever is told the address may call at once; they are answered when all is up
    ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    try:
        server.run(sockets=[listener])
    finally:
        house.redriver.stop()
