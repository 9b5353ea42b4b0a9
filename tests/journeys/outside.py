"""The outside world of a journey: an HTTP server in this process that counts what took effect, and can hold a call.

POST /posts/N    one effect of number N     POST /gate/PLACE/N    nothing, but may be held
GET  /posts/N    how many there were
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Outside:
    """`hold` names the calls that are answered only after `let_go`; `held` are those that wait now."""

    def __init__(self) -> None:
        self.posts: Counter[int] = Counter()
        self.hold: set[tuple[str, int]] = set()
        self.held: set[tuple[str, int]] = set()
        self.slowness = 0.0  # seconds that an answer takes at most
        self.lock = threading.Lock()
        self._gone = threading.Event()
        outside = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:
                """How many effects there were."""
                self._answer({"count": outside.posts[int(self.path.rpartition("/")[2])]})

            def do_POST(self) -> None:
                """An effect, or a gate."""
                *_, place, number = self.path.split("/")
                if place == "posts":
                    with outside.lock:
                        outside.posts[int(number)] += 1
                    place = "in"
                outside.wait_at(place, int(number))
                self._answer({"id": int(number)})

            def _answer(self, body: dict[str, int]) -> None:
                with suppress(OSError):  # whoever asked may have been killed
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def wait_at(self, place: str, number: int) -> None:
        """Hold a call where the journey says so."""
        if (place, number) in self.hold:
            self.held.add((place, number))
            self._gone.wait(60)
        elif self.slowness:
            self._gone.wait(random.uniform(0, self.slowness))

    def let_go(self) -> None:
        """Answer what is held, and hold nothing any more."""
        self.hold.clear()
        self._gone.set()


@contextmanager
def open_outside() -> Iterator[Outside]:
    """The server, until the block ends."""
    outside = Outside()
    thread = threading.Thread(target=outside.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield outside
    finally:
        outside.let_go()
        outside.server.shutdown()
        outside.server.server_close()
        thread.join(5)
