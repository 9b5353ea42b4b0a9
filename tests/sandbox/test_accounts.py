"""The accounts service: what shows only after sign-in, what comes back, and who gets a token."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.guest import CHALLENGE, REDIRECT, VERIFIER, Guest, make_guest


def ask_way(guest: Guest, **changes: str | None) -> Any:
    asked = {"client_id": guest.client.client_id, "response_type": "code", "redirect_uri": REDIRECT} | changes
    guest.control("POST", "login", {"user": guest.person.id})
    query = {name: value for name, value in asked.items() if value is not None}
    return guest.ask("GET", "/authorize", query=query, token=None)


def test_a_bogus_client_id_shows_only_after_sign_in() -> None:
    guest = make_guest()
    first = guest.ask("GET", "/authorize", query={"client_id": "no"}, token=None)
    assert (first.status, "/login?continue=" in first.headers["location"]) == (303, True)
    form = {"continue": "client_id=no", "user": guest.person.id, "action": "agree"}
    reply = guest.ask("POST", "/login", form=form, token=None)
    assert (reply.status, b"INVALID_CLIENT: Invalid client" in reply.body) == (400, True)


def test_the_page_names_people_and_scopes_and_escapes_them() -> None:
    guest = make_guest()
    onward = f"client_id={guest.client.client_id}&scope=user-top-read+%3Cb%3E"
    page = guest.ask("GET", "/login", query={"continue": onward}, token=None).body.decode()
    assert "user-top-read" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("<option") == len(guest.stage.world.people)
    assert "(not listed)" in page


def test_a_person_may_say_no() -> None:
    guest = make_guest()
    asked = f"client_id={guest.client.client_id}&response_type=code&redirect_uri={REDIRECT}&state=x"
    form = {"continue": asked, "user": guest.person.id, "action": "cancel"}
    reply = guest.ask("POST", "/login", form=form, token=None)
    assert reply.headers["location"] == f"{REDIRECT}?error=access_denied&state=x"


def test_who_agreed_before_goes_back_at_once_unless_the_dialog_is_asked_for() -> None:
    guest = make_guest()
    assert ask_way(guest, state="s").headers["location"].startswith(f"{REDIRECT}?code=")
    assert "/login" in ask_way(guest, show_dialog="true").headers["location"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"response_type": "token"}, "response_type must be code"),
        ({"code_challenge": CHALLENGE}, "belong together"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "must be S256"),
    ],
)
def test_the_implicit_grant_and_plain_challenges_are_over(changes: dict[str, str], words: str) -> None:
    reply = ask_way(make_guest(), **changes)
    assert (reply.status, words in reply.body.decode()) == (400, True)


def test_who_asks_for_a_token_must_be_known() -> None:
    guest = make_guest()
    for form, data in (
        ({"client_id": "", "grant_type": "client_credentials"}, {"error": "invalid_client"}),
        ({"client_id": "no", "grant_type": "refresh_token", "refresh_token": "x"},
         {"error": "invalid_client", "error_description": "Invalid client"}),
        ({"grant_type": "client_credentials", "client_secret": "no"},
         {"error": "invalid_client", "error_description": "Invalid client secret"}),
        ({"grant_type": "refresh_token"}, {"error": "invalid_request", "error_description": "refresh_token must be supplied"}),
        ({}, {"error": "unsupported_grant_type", "error_description": "grant_type parameter is missing"}),
    ):  # fmt: skip
        reply = guest.fetch(**form)
        assert (reply.status, reply.data) == (400, data)


def test_a_secret_may_come_by_basic() -> None:
    guest = make_guest()
    coded = base64.b64encode(f"{guest.client.client_id}:{guest.client.secret}".encode()).decode()
    head = {"Authorization": f"Basic {coded}"}
    reply = guest.ask(
        "POST", "/api/token", form={"grant_type": "client_credentials"}, token=None, headers=head
    )
    assert set(reply.data) == {"access_token", "token_type", "expires_in"}
    assert (
        guest.ask("POST", "/api/token", form={}, token=None, headers={"Authorization": "Basic é!"}).status
        == 400
    )


def test_the_flow_with_a_secret_refreshes_with_the_secret() -> None:
    guest = make_guest()
    code = ask_way(guest).headers["location"].partition("code=")[2]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    tokens = guest.fetch(**form, client_secret=guest.client.secret).data
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert guest.fetch(**again).data["error"] == "invalid_client"
    assert guest.fetch(**again, client_secret=guest.client.secret).status == 200


def test_with_rotation_an_old_token_is_dead() -> None:
    guest = make_guest()
    guest.control("POST", "profile", {"switches": {"refresh": "rotate"}})
    word = guest.sign_in()["refresh_token"]
    fresh = guest.fetch(grant_type="refresh_token", refresh_token=word).data["refresh_token"]
    assert guest.fetch(grant_type="refresh_token", refresh_token=word).data["error"] == "invalid_grant"
    assert guest.fetch(grant_type="refresh_token", refresh_token=fresh).status == 200


def test_faults_reach_the_token_endpoint() -> None:
    guest = make_guest()
    word = guest.sign_in()["refresh_token"]
    guest.control("POST", "profile", {"switches": {"refresh": "rotate"}})
    guest.fail("5xx", match="POST /api/token", status=503, after=True)
    assert guest.fetch(grant_type="refresh_token", refresh_token=word).status == 503
    assert guest.fetch(grant_type="refresh_token", refresh_token=word).status == 400  # it had been changed
    assert guest.fetch(grant_type="authorization_code", code="x", code_verifier=VERIFIER).status == 400
