"""The application: in its own process, through httpx, and fast enough for a thousand artists."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from backline.sandbox.growth import Counts
from backline.sandbox.server import make_app
from tests.sandbox.guest import Guest, make_guest
from tests.sandbox.transport import open_client


def test_httpx_talks_to_it_without_a_socket(guest: Guest) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(guest.app)
        head = {"Authorization": f"Bearer {guest.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=head) as client:
            page = (await client.get("/v1/me/tracks", params={"limit": 1})).json()
            return await client.get(page["next"])

    assert asyncio.run(ask()).json()["offset"] == 1


def test_a_client_without_asyncio_talks_to_it_and_sees_what_a_network_does(guest: Guest) -> None:
    head = {"Authorization": f"Bearer {guest.token}"}
    with open_client(guest.app, headers=head, timeout=0.05) as client:
        assert client.get("/v1/me").json()["account_id"] == guest.person.account_id
        assert client.post("/v1/me/playlists", json={"name": "x"}).status_code == 201
        for fault, wrong in (
            ({"kind": "reset"}, httpx.ReadError), ({"kind": "cut"}, httpx.RemoteProtocolError),
            ({"kind": "stall", "seconds": 1}, httpx.ReadTimeout),
        ):  # fmt: skip
            guest.control("POST", "faults", [fault])
            with pytest.raises(wrong):
                client.get("/v1/me")
        etag = client.get("/v1/me").headers["etag"]
        assert client.get("/v1/me", headers={"If-None-Match": etag}).status_code == 304


def test_an_app_is_made_from_a_seed() -> None:
    counts = Counts(artists=8, listeners=1, playlists=0)
    first, second = (make_app(seed=3, counts=counts, clock="2026-11-22T10:00:00Z") for _ in range(2))
    assert list(first.stage.world.tracks) == list(second.stage.world.tracks)
    assert first.stage.profile == "dev-2026"
    assert Guest(first).ask("GET", "/_sandbox", token=None).data["counts"]["artists"] == 8


def test_the_same_requests_get_the_same_bytes() -> None:
    first, second = make_guest(seed=5), make_guest(seed=5)
    for guest in (first, second):
        guest.sign_in()
    for path in (
        "me",
        "me/tracks",
        "me/playlists",
        "search?q=a&type=track,album",
        "me/player/recently-played",
    ):
        assert first.get(path).body == second.get(path).body


def test_other_places_are_not_there(guest: Guest) -> None:
    assert guest.ask("GET", "/elsewhere").status == 404
    assert guest.ask("PATCH", "/v1/me").status == 404
    assert not guest.control("GET", "ledger")["requests"][-1]["path"].startswith("/elsewhere")


def test_a_body_of_more_than_a_megabyte_is_not_kept(guest: Guest) -> None:
    reply = guest.ask("POST", "/v1/me/playlists", body=b'{"name":"' + b"x" * 2**21 + b'"}')
    assert reply.status == 400


def test_it_lives_and_ends_when_told() -> None:
    sent: list[str] = []
    orders = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(orders)}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    asyncio.run(make_guest().app({"type": "lifespan"}, receive, send))  # type: ignore[arg-type] # a test's own
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_thousand_artists_start_at_once_and_a_thousand_answers_take_less_than_a_second() -> None:
    started = time.process_time()
    guest = make_guest(counts=Counts(artists=1000))
    assert time.process_time() - started < 3
    guest.sign_in_app()
    artists = list(guest.stage.world.artists)

    async def read_all() -> None:
        for artist in artists:
            assert (await guest.ask_async("GET", f"/v1/artists/{artist}/albums?limit=10")).status == 200

    started = time.process_time()
    asyncio.run(read_all())
    assert time.process_time() - started < 1
