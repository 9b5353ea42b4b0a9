"""The control API: what it tells, what it changes, and what it says of a mistake."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.guest import Guest, make_guest


def test_it_tells_what_is_here(guest: Guest) -> None:
    told = guest.control("GET", "")
    assert (told["profile"], told["seed"], told["clock"]["mode"]) == ("dev-2026", 1, "frozen")
    assert told["addresses"]["token"] == "http://sandbox.test/api/token"
    assert told["apps"][0]["client_id"] == guest.client.client_id
    assert told["users"][0]["account_id"] == guest.person.account_id
    assert told["counts"]["artists"] == 24
    assert "add_release" in told["edits"]


def test_control_is_not_counted_and_needs_no_token(guest: Guest) -> None:
    before = len(guest.control("GET", "ledger")["requests"])
    guest.control("GET", "world?rooms=artists")
    assert len(guest.control("GET", "ledger")["requests"]) == before


def test_the_ledger_is_read_from_a_number_on_and_emptied(guest: Guest) -> None:
    guest.get("me")
    last = guest.control("GET", "ledger")["requests"][-1]["n"]
    guest.get("me")
    assert len(guest.control("GET", f"ledger?after={last}")["requests"]) == 1
    guest.control("DELETE", "ledger?keep=books")
    assert guest.control("GET", "ledger")["spent"] == {"me": 2}
    guest.control("DELETE", "ledger")
    assert guest.control("GET", "ledger")["spent"] == {}


def test_the_clock_stops_jumps_and_runs(guest: Guest) -> None:
    assert guest.control("POST", "clock", {"advance": 1.5})["now"] == "2026-11-22T10:00:01.500Z"
    assert guest.control("POST", "clock", {"set": "2026-12-01", "freeze": True})["mode"] == "frozen"
    assert guest.control("GET", "clock")["now"] == "2026-12-01T00:00:00.000Z"
    assert guest.control("POST", "clock", {"run": True})["mode"] == "set"


def test_faults_wait_and_are_cleared(guest: Guest) -> None:
    guest.fail("5xx", times=3)
    assert guest.control("GET", "faults")["waiting"][0]["times"] == 3
    assert guest.control("DELETE", "faults")["waiting"] == []
    assert guest.get("me").status == 200


def test_edits_come_one_or_several(guest: Guest) -> None:
    artist = next(iter(guest.stage.world.artists))
    one = guest.control("POST", "world", {"do": "add_release", "artist": artist})
    two = guest.control("POST", "world", [{"do": "play"}, {"do": "add_artist"}])
    assert [len(one), len(two)] == [1, 2]
    assert set(guest.control("GET", "world?rooms=artists,tracks")) == {"artists", "tracks"}


def test_profile_budgets_window_switches_and_lag_change_by_themselves(guest: Guest) -> None:
    told = guest.control(
        "POST", "profile", {"budgets": {"me": 5}, "window": {"most": 9}, "lag": {"items": 0}}
    )
    assert (told["budgets"]["me"], told["window"], told["lag"]["items"], told["profile"]) == (
        5, {"seconds": 30.0, "most": 9}, 0, "dev-2026",
    )  # fmt: skip
    told = guest.control("POST", "profile", {"profile": "extended"})
    assert (told["profile"], told["budgets"]["me"], told["lag"]["items"]) == ("extended", None, 0)
    second = list(guest.stage.world.apps)[1]
    guest.control("POST", "profile", {"profile": "dev-legacy", "client_id": second})
    assert guest.stage.profile == "extended"
    assert guest.stage.world.apps[second].profile == "dev-legacy"


def test_a_browser_that_is_signed_in_is_not_asked() -> None:
    guest = make_guest()
    asked = {
        "client_id": guest.client.client_id,
        "response_type": "code",
        "redirect_uri": "http://[::1]:1/callback",
    }
    guest.control("POST", "login", {"user": guest.person.id})
    assert "code=" in guest.ask("GET", "/authorize", query=asked, token=None).headers["location"]
    guest.control("POST", "login", {"user": None})
    assert "/login" in guest.ask("GET", "/authorize", query=asked, token=None).headers["location"]


@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("clock", {}), ("clock", {"sideways": 1}), ("clock", {"set": "soon"}), ("faults", [{"kind": "x"}]),
        ("faults", [{}]), ("world", {"do": "x"}), ("world", "x"), ("profile", {"profile": "x"}),
        ("profile", {"budgets": {"x": 1}}), ("profile", {"switches": {"x": 1}}), ("login", {"user": "x"}), ("login", {}),
    ],
)  # fmt: skip
def test_a_mistake_is_400_with_words(guest: Guest, place: str, data: Any) -> None:
    reply = guest.ask("POST", f"/_sandbox/{place}", data=data, token=None)
    assert reply.status == 400
    assert reply.data["error"]


def test_an_unknown_place_names_the_known_ones(guest: Guest) -> None:
    reply = guest.ask("GET", "/_sandbox/x", token=None)
    assert reply.status == 404
    assert "POST /_sandbox/clock" in reply.data["places"]
    assert guest.ask("POST", "/_sandbox/clock", body=b"{", token=None).status == 400
