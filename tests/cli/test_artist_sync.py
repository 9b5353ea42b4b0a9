"""`backline artist sync` against a sandbox of its own process."""

from __future__ import annotations

import pytest

from backline.cli.client_ids import Wanted, prepare_app
from backline.cli.houses import open_house
from backline.cli.screen import Screen
from backline.cli.sign_in import Way
from tests.cli.conftest import Call
from tests.cli.consent import sandboxed, stand
from tests.sandbox.stand import Stand

__all__ = ["sandboxed", "stand"]  # fixtures


@pytest.fixture
def artist(sandboxed: Stand, monkeypatch: pytest.MonkeyPatch) -> str:
    """One with three releases, and an app that may ask about it, as quickly as it likes."""
    monkeypatch.setenv("BACKLINE_LIMITS_SPOTIFY_RATE", "500")
    monkeypatch.setenv("SANDBOX_SECRET", sandboxed.facts["client_secret"])
    with open_house() as house:
        wanted = Wanted(client_id=sandboxed.facts["client_id"], secret="env:SANDBOX_SECRET")
        prepare_app(house, Screen("en"), wanted, Way(browse=lambda _: True))
    return str(sandboxed.edit("add_artist", name="The Sync", releases=3)["artist"])


def test_what_came_of_it_is_told_and_its_cost(call: Call, sandboxed: Stand, artist: str) -> None:
    told = call("artist", "sync", f"spotify:artist:{artist}").out
    assert "3 releases are listed, 3 were read, 0 are left." in told
    assert "New 3, changed 0, gone 0, released again 0." in told
    assert "1 syncs at most" in told and "Requests: catalogue 4, tracks" in told
    releases = sandboxed.web.get(f"/v1/artists/{artist}/albums", headers=sandboxed.sign_in_app()).json()
    first = releases["items"][0]
    sandboxed.edit("rename_release", release=first["id"], name="Quite Another")
    told = call("artist", "sync", artist).out
    assert "New 0, changed 1, gone 0" in told and "Requests: catalogue 1." in told
    assert first["name"] in told and "Quite Another" in told
    answer = call("artist", "sync", artist, "--full", "--json").one
    assert answer["changes"] == [] and answer["artist"]["read"] == 3


def test_whom_nobody_knows(call: Call, artist: str) -> None:
    assert call("artist", "sync", "Nobody At All").code == 2
    assert call("artist", "sync", "0" * 22).code == 2


def test_a_short_pause_is_waited_for_and_a_long_one_told(call: Call, sandboxed: Stand, artist: str) -> None:
    sandboxed.control("POST", "faults", [{"kind": "429", "retry_after": 1, "match": "GET /v1/artists/*"}])
    assert call("artist", "sync", artist).code == 0
    sandboxed.control("POST", "faults", [{"kind": "429", "retry_after": 7200, "match": "GET /v1/artists/*"}])
    told = call("artist", "sync", artist)
    assert told.code == 5 and "is put off" in told.err
    sandboxed.control("POST", "clock", {"advance": 7200})
