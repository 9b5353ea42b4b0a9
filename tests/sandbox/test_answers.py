"""Errors have the two shapes and the texts that were seen."""

from __future__ import annotations

import json

from backline.sandbox.answers import PREMIUM, refuse, refuse_flat, refuse_pace, refuse_token, say


def test_the_premium_text_has_159_bytes() -> None:
    assert len(PREMIUM.encode()) == 159


def test_errors_of_the_api_are_nested_and_those_of_accounts_flat() -> None:
    assert json.loads(refuse(403, "Forbidden", "gone").answer.body) == {
        "error": {"status": 403, "message": "Forbidden"}
    }
    assert json.loads(refuse_flat("invalid_grant").answer.body) == {"error": "invalid_grant"}
    described = json.loads(refuse_flat("invalid_client", "Invalid client").answer.body)
    assert described == {"error": "invalid_client", "error_description": "Invalid client"}


def test_a_missing_and_a_bad_token_differ_in_the_header_alone() -> None:
    missing, bad = refuse_token("missing_token").answer, refuse_token("invalid_token").answer
    assert missing.body == bad.body
    assert json.loads(bad.body)["error"]["message"] == "Missing/invalid/expired access token"
    assert missing.headers["www-authenticate"] == (
        'Bearer realm="spotify", error="missing_token", error_description="No token provided"'
    )
    assert (
        'error="invalid_token", error_description="Invalid access token"' in bad.headers["www-authenticate"]
    )


def test_429_says_how_long_or_does_not() -> None:
    quota, rate = refuse_pace("quota", None, "quota").answer, refuse_pace("rate", 7, "rate").answer
    assert json.loads(quota.body)["error"]["reason"] == "QUOTA_EXCEEDED"
    assert quota.headers == {}
    assert rate.headers == {"Retry-After": "7"}
    assert json.loads(rate.body)["error"] == {"status": 429, "message": "API rate limit exceeded"}


def test_json_keeps_every_sign() -> None:
    assert say({"a": "東京 🌊"}).body == '{"a":"東京 🌊"}'.encode()
