"""A guest of the sandbox in its own process: requests without a socket, sign-in by the real flow, the control API."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from backline.sandbox.clock import read_moment
from backline.sandbox.growth import Counts
from backline.sandbox.growth_people import grow_world
from backline.sandbox.server import Sandbox
from backline.sandbox.stage import set_up_stage
from backline.sandbox.world import App, Person

BASE = "http://sandbox.test"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "http://127.0.0.1:4444/callback"
SCOPES = (
    "playlist-read-private playlist-read-collaborative playlist-modify-private playlist-modify-public "
    "user-library-read user-library-modify user-follow-read user-follow-modify user-top-read "
    "user-read-recently-played user-read-playback-state user-modify-playback-state ugc-image-upload"
)
SMALL = Counts(artists=24)
START = "2026-11-22T10:00:00Z"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @cached_property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.data["error"]["message"])


class Guest:
    """Requests of one client. `token` goes with each that does not name another; None sends none."""

    def __init__(self, app: Sandbox) -> None:
        self.app, self.stage, self.token = app, app.stage, ""

    @property
    def client(self) -> App:
        return next(iter(self.stage.world.apps.values()))

    @property
    def person(self) -> Person:
        return next(iter(self.stage.world.people.values()))

    def ask(self, method: str, path: str, **more: Any) -> Reply:
        return asyncio.run(self.ask_async(method, path, **more))

    async def ask_async(
        self, method: str, path: str, *, query: dict[str, Any] | None = None, data: Any = None,
        form: dict[str, str] | None = None, body: bytes = b"", token: str | None = "", headers: Any = (),
    ) -> Reply:  # fmt: skip
        parts = urlsplit(path)
        text = "&".join(one for one in (parts.query, urlencode(query or {})) if one)
        if data is not None:
            body = json.dumps(data).encode()
        if form is not None:
            body = urlencode(form).encode()
        word = self.token if token == "" else token
        lines = [(b"host", b"sandbox.test")] + (
            [(b"authorization", f"Bearer {word}".encode())] if word else []
        )
        lines += [(name.lower().encode(), value.encode()) for name, value in dict(headers).items()]
        scope = {
            "type": "http", "method": method, "scheme": "http", "path": parts.path, "query_string": text.encode(),
            "headers": lines,
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        found = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:]))

    def get(self, path: str, **query: Any) -> Reply:
        """A page or a thing; `next` links are taken as they are."""
        return self.ask("GET", path if path.startswith(("/", "http")) else f"/v1/{path}", query=query)

    def control(self, method: str, place: str, data: Any = None) -> Any:
        reply = self.ask(method, f"/_sandbox/{place}", data=data, token=None)
        assert reply.status == 200, reply.body
        return reply.data

    def edit(self, do: str, **more: Any) -> Any:
        return self.control("POST", "world", {"do": do} | more)[0]

    def fail(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", [{"kind": kind} | more])

    def agree(self, scope: str = SCOPES, user: str | None = None, **more: str) -> dict[str, str]:
        """Through /authorize and the page; what comes back to the app."""
        asked = {
            "client_id": self.client.client_id, "response_type": "code", "redirect_uri": REDIRECT, "scope": scope,
            "state": "s1", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        } | more  # fmt: skip
        page = self.ask("GET", "/authorize", query=asked, token=None)
        onward = dict(parse_qsl(urlsplit(page.headers["location"]).query))["continue"]
        form = {"continue": onward, "user": user or self.person.id, "action": "agree"}
        back = self.ask("POST", "/login", form=form, token=None)
        assert back.status == 303, back.body
        return dict(parse_qsl(urlsplit(back.headers["location"]).query))

    def fetch(self, **form: str) -> Reply:
        """The token endpoint, without secret."""
        return self.ask("POST", "/api/token", form={"client_id": self.client.client_id} | form, token=None)

    def sign_in(self, scope: str = SCOPES, user: str | None = None) -> dict[str, Any]:
        """PKCE from beginning to end; the token is kept for what follows."""
        code = self.agree(scope, user)["code"]
        reply = self.fetch(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER
        )  # fmt: skip
        assert reply.status == 200, reply.body
        self.token = reply.data["access_token"]
        data: dict[str, Any] = reply.data
        return data

    def sign_in_app(self) -> None:
        """Client credentials."""
        form = {"grant_type": "client_credentials", "client_secret": self.client.secret}
        self.token = self.fetch(**form).data["access_token"]


def make_guest(profile: str = "dev-2026", counts: Counts = SMALL, quick: bool = True, seed: int = 1) -> Guest:
    """A frozen world. `quick`: no budgets and no window stand in the way."""
    stage = set_up_stage(grow_world(seed, counts), seed, profile, START)
    stage.clock.freeze()
    stage.clock.set_to(read_moment(START))
    if quick:
        stage.ledger.limits.budgets, stage.ledger.limits.most = {}, None
    return Guest(Sandbox(stage))
