"""Consent and tokens against the sandbox's accounts service: once for all, never again after a refusal."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from backline.errors import BacklineError
from backline.spotify.faults import Disconnected, Hiccup, RateLimited, WrongApp
from backline.spotify.needs import Grant
from backline.spotify.tokens import App, Tokens, make_pair, name_scopes, reconnect_by, write_authorize_url
from tests.spotify.stand_ins import Room

HOUR = 3600


def to_micros(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def count_refreshes(room: Room) -> int:
    return len(room.list_asked("/api/token"))


def test_the_challenge_is_that_of_the_rfc() -> None:
    # RFC 7636, appendix B.
    pair = make_pair("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert pair.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert make_pair().verifier != make_pair().verifier
    assert 43 <= len(make_pair().verifier) <= 128
    assert make_pair().verifier not in repr(pair)


def test_no_more_is_asked_for_than_is_needed() -> None:
    assert name_scopes(["plays"]) == ("user-read-recently-played",)
    everything = name_scopes(["playlists", "plays", "library", "follows", "top", "covers", "keep"])
    assert not {"user-read-email", "user-read-private"} & set(everything)
    with pytest.raises(KeyError):
        name_scopes(["everything"])


def test_the_address_has_what_the_accounts_service_asks_for() -> None:
    room, pair = Room(), make_pair()
    url = httpx.URL(
        write_authorize_url(room.hosts, App("abc"), "http://127.0.0.1:1/callback", ["a", "b"], "s", pair)
    )
    assert (url.path, url.params["scope"], url.params["state"]) == ("/authorize", "a b", "s")
    assert (url.params["code_challenge_method"], url.params["code_challenge"]) == ("S256", pair.challenge)
    assert pair.verifier not in str(url)


@pytest.mark.parametrize(
    ("begun", "ends"),
    [
        ("2026-05-22T10:00:00", "2026-11-22T10:00:00"),
        ("2026-08-31T10:00:00", "2027-02-28T10:00:00"),
        ("2027-08-31T00:00:01", "2028-02-29T00:00:01"),
        ("2026-12-15T23:59:59", "2027-06-15T23:59:59"),
    ],
)
def test_a_consent_ends_after_six_months_of_the_calendar(begun: str, ends: str) -> None:
    assert reconnect_by(to_micros(begun)) == to_micros(ends)


def test_a_token_is_kept_for_its_hour_and_then_refreshed_with_the_old_refresh_token() -> None:
    room = Room()
    account = room.sign_in()
    first = room.tokens.give(account)
    room.stage.clock.advance(HOUR - 61)
    assert room.tokens.give(account) == first
    room.stage.clock.advance(2)
    second = room.tokens.give(account)
    assert second.access_token != first.access_token
    assert (second.refresh_token, second.authorized_at) == (first.refresh_token, first.authorized_at)
    assert second.scopes == first.scopes != frozenset()
    assert count_refreshes(room) == 2  # the code, and one refresh


def test_a_refresh_token_that_rotates_is_written_down_before_it_is_used() -> None:
    room = Room()
    room.stage.switches.refresh = "rotate"
    account = room.sign_in()
    first = room.tokens.give(account)
    for _ in range(3):
        room.stage.clock.advance(HOUR)
        assert room.tokens.give(account) == room.store.writes[-1]
    assert room.store.grants[account].refresh_token != first.refresh_token
    assert room.store.grants[account].authorized_at == first.authorized_at


def test_eight_workers_refresh_once() -> None:
    room = Room()
    room.stage.switches.refresh = "rotate"  # a second refresh with the same token would be refused
    account = room.sign_in()
    stale = room.tokens.give(account)
    room.stage.clock.advance(HOUR)
    start = threading.Barrier(8)
    workers = [Tokens(room.web, room.hosts, room.tokens.app, room.store, room.clock) for _ in range(8)]

    def work(tokens: Tokens) -> Grant:
        start.wait()
        return tokens.give(account)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, workers))
    assert len({grant.access_token for grant in found}) == 1
    assert found[0].access_token != stale.access_token
    assert count_refreshes(room) == 2


def test_a_refusal_is_asked_for_once_kept_and_undone_by_connecting_again() -> None:
    room = Room()
    account = room.sign_in()
    room.stage.clock.advance(HOUR)
    room.fail("invalid_grant")
    for _ in range(3):
        with pytest.raises(Disconnected, match="Connect the account again"):
            room.tokens.give(account)
    assert count_refreshes(room) == 2
    kept = room.store.grants[account]
    assert kept.ended_at == room.clock.now()
    assert kept.refresh_token  # such refusals have been wrong before: nothing is thrown away
    room.sign_in()
    assert room.tokens.give(account).ended_at is None


def test_after_six_months_a_person_is_needed() -> None:
    room = Room()
    account = room.sign_in()
    ends = reconnect_by(room.store.grants[account].authorized_at) / 1_000_000
    room.stage.clock.set_to(ends - 1)
    room.tokens.give(account)
    room.stage.clock.set_to(ends + HOUR)
    with pytest.raises(Disconnected):
        room.tokens.give(account)


@pytest.mark.parametrize(
    ("kind", "more", "error"),
    [
        ("5xx", {}, Hiccup),
        ("html", {}, Hiccup),
        ("html", {"status": 200}, Hiccup),
        ("html", {"status": 400}, Hiccup),
        ("cut", {}, Hiccup),
        ("reset", {}, Hiccup),
        ("429", {"retry_after": 5}, RateLimited),
    ],
)
def test_what_passes_leaves_the_grant_as_it_is(
    kind: str, more: dict[str, int], error: type[BacklineError]
) -> None:
    room = Room()
    account = room.sign_in()
    before = room.store.grants[account]
    room.stage.clock.advance(HOUR)
    room.fail(kind, match="/api/token", **more)
    with pytest.raises(error):
        room.tokens.give(account)
    assert room.store.grants[account] == before
    room.stage.clock.advance(6)
    assert room.tokens.give(account).access_token != before.access_token


def test_an_app_gets_a_token_by_itself_once_and_needs_its_secret() -> None:
    room = Room()
    assert room.tokens.give(None) == room.tokens.give(None)
    assert count_refreshes(room) == 1
    without = Tokens(room.web, room.hosts, App("other"), room.store, room.clock)
    with pytest.raises(WrongApp, match="needs its secret"):
        without.give(None)


@pytest.mark.parametrize("secret", ["wrong", None])
def test_an_unknown_app_is_told_from_an_ended_consent(secret: str | None) -> None:
    room = Room()
    account = room.sign_in()
    app = App(room.client.client_id, secret) if secret else App("0" * 32)
    room.store.write(replace(room.store.grants[account], client_id=app.client_id, expires_at=0))
    tokens = Tokens(room.web, room.hosts, app, room.store, room.clock)
    with pytest.raises(WrongApp, match="does not know this app"):
        tokens.give(None if secret else account)
    assert room.store.grants[account].ended_at is None


def test_a_grant_of_another_client_id_is_not_used() -> None:
    room = Room()
    account = room.sign_in()
    tokens = Tokens(room.web, room.hosts, App("0" * 32), room.store, room.clock)
    with pytest.raises(Disconnected, match="another Client ID"):
        tokens.give(account)
    with pytest.raises(Disconnected, match="not connected"):
        tokens.give("nobody")
    assert count_refreshes(room) == 1


def test_a_code_works_once_and_only_with_its_verifier() -> None:
    room = Room()
    for code in ("", "AQnonsense"):
        with pytest.raises(Disconnected):
            room.tokens.exchange(code, make_pair(), "http://127.0.0.1:4444/callback")
