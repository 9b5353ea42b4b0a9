"""The order in which a request is judged: token, pace, standing, route, scope, parameters."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest, make_guest


def why(guest: Guest) -> str:
    return str(guest.control("GET", "ledger")["requests"][-1]["why"])


def test_each_gate_has_its_word_in_the_ledger(guest: Guest) -> None:
    guest.ask("GET", "/v1/me", token=None)
    assert why(guest) == "missing_token"
    guest.ask("GET", "/v1/me", headers={"Authorization": "Basic x"}, token=None)
    assert why(guest) == "missing_token"
    guest.get("markets")
    assert why(guest) == "gone"
    guest.get("nothing/here")
    assert why(guest) == "no route"
    guest.get("me/tracks?limit=0")
    assert why(guest) == "bad limit"
    guest.edit("unlist_user", user=guest.person.id)
    guest.get("me")
    assert why(guest) == "not listed"
    guest.edit("lapse_premium")
    guest.get("me")
    assert why(guest) == "premium"
    guest.control("POST", "profile", {"profile": "shared-id"})
    guest.get("me")
    assert why(guest) == "shared id"


def test_what_is_refused_for_the_pace_is_not_looked_at_further() -> None:
    guest = make_guest(quick=False)
    guest.control("POST", "profile", {"budgets": {"playlist-write": 0}})
    guest.sign_in()
    assert guest.ask("POST", "/v1/me/playlists", data={"name": "x"}).status == 429
    assert len(guest.stage.world.playlists) == 12
    assert why(guest) == "quota"
    assert guest.control("GET", "ledger")["over_budget"] == 1


def test_with_extended_quota_nobody_is_listed_and_nobody_pays() -> None:
    guest = make_guest("extended")
    guest.edit("lapse_premium")
    guest.sign_in(user=list(guest.stage.world.people)[7])
    assert guest.get("me").status == 200


def test_a_token_lives_as_long_as_its_app_and_its_consent(guest: Guest) -> None:
    guest.edit("revoke_access")
    assert guest.get("me").status == 401


def test_what_a_pause_ordered_counts_only_after_it_was_told() -> None:
    guest = make_guest(quick=False)
    guest.control("POST", "profile", {"window": {"most": 2}})
    guest.sign_in()
    statuses = [guest.get("me").status for _ in range(5)]
    assert statuses == [200, 200, 429, 429, 429]
    told = guest.control("GET", "ledger")
    assert (told["inside_ban"], told["most_in_window"]) == (2, 5)
    assert guest.control("GET", "ledger?grace=60")["inside_ban"] == 0


@pytest.mark.parametrize("path", ["me", "artists/{artist}", "search?q=a&type=artist"])
def test_every_answer_that_was_read_has_a_tag_that_holds(guest: Guest, path: str) -> None:
    place = path.format(artist=next(iter(guest.stage.world.artists)))
    first = guest.get(place)
    guest.control("POST", "clock", {"advance": 5})
    again = guest.ask("GET", f"/v1/{place}", headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert again.status == 304
    assert "content-type" not in again.headers
