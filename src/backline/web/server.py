"""The web process: a loopback socket, the API on it, and the re-driver beside it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from backline.celery_app import app as broker_app
from backline.web.api import make_api
from backline.wiring import House


class Server(uvicorn.Server):
    """Uvicorn that ends in order at SIGTERM and SIGINT, and gives the signal to nobody else afterwards."""

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


def serve(house: House, listener: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the address."""
    host, port = listener.getsockname()[:2]
    api = make_api(house.settings, house.database, broker_app)
    server = Server(uvicorn.Config(api, log_level="warning", access_log=False, timeout_graceful_shutdown=5))
    house.redriver.start()
    listener.listen(128)  # whoever is told the address may call at once; they are answered when all is up
    ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    try:
        server.run(sockets=[listener])
    finally:
        house.redriver.stop()
