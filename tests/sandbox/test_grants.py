"""Codes work once and for ten minutes, for who asked and for whom they were asked; tokens can be taken away."""

from __future__ import annotations

import json

import pytest

from backline.sandbox.answers import Refused
from backline.sandbox.grants import Code, Grants, Refresh
from tests.sandbox.guest import CHALLENGE, VERIFIER


def redeem(now: float = 1.0, challenge: str | None = CHALLENGE, **changes: str | None) -> str:
    """The description of the refusal, or the user."""
    grants = Grants(1)
    word = grants.issue_code(Code("app", "ada", "http://127.0.0.1/cb", "", challenge, 0.0))
    asked = {
        "word": word,
        "client_id": "app",
        "redirect": "http://127.0.0.1/cb",
        "verifier": VERIFIER,
    } | changes
    try:
        return grants.redeem(**asked, now=now).user  # type: ignore[arg-type] # a test's own
    except Refused as refused:
        data = json.loads(refused.answer.body)
        assert (refused.answer.status, data["error"]) == (400, "invalid_grant")
        return str(data["error_description"])


def test_a_code_is_for_one_app_one_way_back_and_one_verifier() -> None:
    assert redeem() == "ada"
    assert redeem(challenge=None, verifier=None) == "ada"
    assert redeem(client_id="other") == redeem(word="no") == "Invalid authorization code"
    assert redeem(redirect="http://127.0.0.1/other") == "Invalid redirect URI"
    assert redeem(now=601.0) == "Authorization code expired"
    for verifier in ("w" * 43, None, "v" * 42, "v" * 129, "v" * 42 + "é"):
        assert redeem(verifier=verifier) == "code_verifier was incorrect"


def test_a_code_works_once() -> None:
    grants = Grants(1)
    word = grants.issue_code(Code("app", "ada", "r", "", None, 0.0))
    grants.redeem(word, "app", "r", None, 1.0)
    with pytest.raises(Refused):
        grants.redeem(word, "app", "r", None, 1.0)


def test_what_a_person_takes_away_is_gone_for_one_app_or_for_all() -> None:
    grants = Grants(1)
    for app in ("one", "two"):
        grants.issue_access(app, "ada", "", 0.0)
        grants.issue_refresh(Refresh(app, "ada", "", 0.0, pkce=True))
    grants.issue_access("one", "bob", "", 0.0)
    grants.issue_access("one", None, "", 0.0)
    assert grants.revoke("ada", "one") == 2
    assert grants.revoke("ada") == 2
    assert {access.user for access in grants.access.values()} == {"bob", None}


def test_tokens_come_from_the_seed() -> None:
    assert Grants(1).issue_access("a", None, "", 0.0) == Grants(1).issue_access("a", None, "", 0.0)
    assert Grants(1).issue_access("a", None, "", 0.0) != Grants(2).issue_access("a", None, "", 0.0)
