"""What a fault does: before the effect, after it, or to the answer; and the pauses that it orders."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from backline.sandbox.answers import NOT_LISTED, PREMIUM
from tests.sandbox.guest import Guest


@pytest.mark.parametrize(
    ("kind", "status", "form", "begins"),
    [
        ("html", 502, "text/html", b"<html>"), ("text", 503, "text/plain", b"upstream"), ("empty", 400, "text/plain", b""),
        ("premium", 403, "text/plain", PREMIUM.encode()), ("not_listed", 403, "text/plain", NOT_LISTED.encode()),
        ("forbidden", 403, "application/json", b'{"error"'), ("bad_token", 401, "application/json", b'{"error"'),
    ],
)  # fmt: skip
def test_answers_that_are_not_what_was_asked_for(
    guest: Guest, kind: str, status: int, form: str, begins: bytes
) -> None:
    guest.fail(kind)
    reply = guest.get("me")
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (status, form)
    assert reply.body.startswith(begins)
    assert guest.control("GET", "ledger")["requests"][-1]["why"] == f"fault {kind}"
    assert guest.get("me").status == 200


def test_a_fault_before_has_no_effect_and_one_after_has(guest: Guest) -> None:
    for after, there in ((False, False), (True, True)):
        name = f"after {after}"
        guest.fail("reset", match="POST /v1/me/playlists", after=after)
        with pytest.raises(ConnectionResetError):
            guest.ask("POST", "/v1/me/playlists", data={"name": name})
        assert (name in [one.name for one in guest.stage.world.playlists.values()]) is there
    assert [one["status"] for one in guest.control("GET", "ledger")["requests"][-2:]] == [0, 0]


def test_a_cut_answer_is_half_of_the_true_one(guest: Guest) -> None:
    whole = guest.get("me")
    guest.fail("cut")
    half = guest.get("me")
    assert half.body == whole.body[: len(whole.body) // 2]
    assert half.headers["content-length"] == str(len(whole.body))


def test_a_pause_of_22_hours_holds_for_the_account(guest: Guest) -> None:
    guest.fail("429", retry_after=79_200)
    assert guest.get("me").headers["retry-after"] == "79200"
    guest.control("POST", "clock", {"advance": 3600})
    assert guest.get("search?q=a&type=track").status == 401  # the token lived an hour; nobody is counted
    guest.sign_in()
    assert guest.get("search?q=a&type=track").headers["retry-after"] == "75600"
    guest.control("POST", "clock", {"advance": 75_600})
    guest.sign_in()
    assert guest.get("me").status == 200
    assert guest.control("GET", "ledger")["inside_ban"] == 1


def test_a_quota_holds_for_its_family_alone(guest: Guest) -> None:
    guest.fail("quota", match="/v1/search", seconds=600)
    reply = guest.get("search?q=a&type=track")
    assert (reply.data["error"]["reason"], "retry-after" in reply.headers) == ("QUOTA_EXCEEDED", False)
    assert guest.get("me").status == 200
    assert guest.get("search?q=a&type=track").status == 429
    guest.control("POST", "clock", {"advance": 600})
    assert guest.get("search?q=a&type=track").status == 200


def test_slow_answers_take_their_time(guest: Guest) -> None:
    guest.fail("slow", seconds=0.05)
    started = time.monotonic()
    assert guest.get("me").status == 200
    assert time.monotonic() - started >= 0.05


def test_the_world_may_change_just_before(guest: Guest) -> None:
    artist = next(iter(guest.stage.world.artists))
    guest.fail("world", edits=[{"do": "rename_artist", "artist": artist, "name": "Other"}])
    assert guest.get(f"artists/{artist}").data["name"] == "Other"


def run_schedule(guest: Guest, seed: int) -> list[Any]:
    kinds = ["5xx", "cut", "html", "429", "reset", "slow"]
    guest.control(
        "POST", "faults", {"schedule": {"seed": seed, "rate": 0.4, "kinds": kinds, "seconds": 0.001}}
    )
    seen: list[Any] = []
    for _ in range(60):
        try:
            reply = guest.get("me")
            json.loads(reply.body)
            seen.append(reply.status)
        except (ConnectionResetError, ValueError) as error:
            seen.append(type(error).__name__)
        guest.control("POST", "clock", {"advance": 3})
    guest.control("DELETE", "faults")
    return seen


def test_a_schedule_is_the_same_again(guest: Guest) -> None:
    first, second, other = run_schedule(guest, 3), run_schedule(guest, 3), run_schedule(guest, 4)
    assert first == second != other
    assert {200, "ConnectionResetError", "JSONDecodeError", 429} <= set(first)
