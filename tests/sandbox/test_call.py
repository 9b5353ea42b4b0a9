"""Parameters are checked, and pages are linked by the address that the client used."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest


@pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=ten", "offset=-1", "offset=100001"])
def test_numbers_have_bounds(guest: Guest, query: str) -> None:
    reply = guest.get(f"me/tracks?{query}")
    assert (reply.status, reply.message) == (400, f"Invalid {query.partition('=')[0]}")


def test_pages_link_on_and_back_and_keep_what_was_asked(guest: Guest) -> None:
    page = guest.get("me/tracks?market=DE&limit=10&offset=10").data
    assert page["next"] == "http://sandbox.test/v1/me/tracks?market=DE&limit=10&offset=20"
    assert page["previous"] == "http://sandbox.test/v1/me/tracks?market=DE&limit=10&offset=0"
    assert (page["limit"], page["offset"]) == (10, 10)
    last = guest.get(f"me/tracks?limit=50&offset={page['total'] - 1}").data
    assert (last["next"], len(last["items"])) == (None, 1)


def test_a_body_must_be_an_object(guest: Guest) -> None:
    for body in (b"{", b"[]", b"\xff"):
        reply = guest.ask("POST", "/v1/me/playlists", body=body)
        assert (reply.status, reply.message) == (400, "Error parsing JSON.")


def test_what_belongs_to_a_person_is_not_for_an_app(guest: Guest) -> None:
    guest.sign_in_app()
    reply = guest.get("me")
    assert (reply.status, reply.message) == (401, "Valid user authentication required")


def test_a_missing_scope_is_403(guest: Guest) -> None:
    guest.sign_in(scope="user-top-read")
    assert guest.get("me/top/tracks").status == 200
    assert guest.get("me/tracks").message == "Insufficient client scope"
