"""What lies between a staged house and its sandbox: every request is written down, some meet trouble on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from backline.sandbox.books import Pause
from backline.sandbox.server import Sandbox
from tests.journeys.spotify_process import Life, Present
from tests.sandbox.transport import SandboxTransport

# What the sandbox calls its families, in the words of our budgets.
FAMILIES = {
    "tracks": "tracks", "search": "search", "playlist-read": "playlist_read", "playlist-write": "playlist_write",
    "artist-album": "catalogue", "me": "me",
}  # fmt: skip
HICCUPS = ("unreachable", "timeout")
KILLS = ("kill_before", "kill_after")


@dataclass
class Sent:
    """One request that went out. `finished`: its whole answer came and was kept; `tagged`: it had an ETag with it."""

    run_id: str
    at: float
    method: str
    path: str
    query: str
    tagged: bool
    status: int = 0
    finished: bool = False
    pause: Pause | None = None
    family: str = ""


@dataclass
class Wire(httpx.BaseTransport):
    """`trouble`: what happens to which request from now on, counted from 0. `latency`: virtual seconds of an answer."""

    app: Sandbox
    present: Present
    life: Life
    latency: float = 0.5
    run_id: str = ""
    trouble: dict[int, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._inner = SandboxTransport(self.app)
        self._number = -1

    def plan(self, trouble: dict[int, str]) -> None:
        """From the next request on."""
        self._number, self.trouble = -1, dict(trouble)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.life.check()
        self._number += 1
        kind = self.trouble.pop(self._number, "")
        if kind == "kill_before":
            self.met[kind] += 1
            self.life.end()
        if kind == "unreachable":
            self.met[kind] += 1
            self.present.advance(10)
            raise httpx.ConnectError("nobody is there", request=request)
        return self._deliver(request, kind)

    def _deliver(self, request: httpx.Request, kind: str) -> httpx.Response:
        url = request.url
        sent = Sent(
            self.run_id, self.present.seconds, request.method, url.path, url.query.decode(),
            "if-none-match" in request.headers,
        )  # fmt: skip
        self.sent.append(sent)
        try:
            answer = self._inner.handle_request(request)
        finally:
            self.present.advance(self.latency)
            sent.status = self.app.stage.ledger.entries[-1].status
        sent.family = self.app.stage.ledger.entries[-1].family
        sent.finished = sent.status in (200, 304)
        if sent.status == 429:
            sent.pause = self._find_pause()
            if kind != "kill_after":
                return answer  # an order to wait arrives
        if kind:
            self.met[kind] += 1
        if kind == "slow":
            self.present.advance(25)
        if kind == "timeout":
            sent.finished = False
            self.present.advance(30)
            raise httpx.ReadTimeout("it takes too long", request=request)
        if kind == "kill_after":
            self.life.end()
        return answer

    def _find_pause(self) -> Pause | None:
        entry, now = self.app.stage.ledger.entries[-1], self.app.stage.clock.now()
        pauses = self.app.stage.ledger.open_book(entry).pauses
        found: Any = [pauses[name] for name in ("*", entry.family) if name in pauses]
        return next((one for one in found if one.until > now), None)

    def close(self) -> None:
        """A house that ends closes its client; the wire is for all of them."""
