"""Each fault told apart: from answers as they were seen, and from the sandbox on each profile."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from backline.errors import BacklineError, BadInput, NotAllowed, UnknownName
from backline.runtime.retry import judge as judge_run
from backline.spotify import routes
from backline.spotify.faults import (
    Disconnected,
    Hiccup,
    LimitTooHigh,
    NotListed,
    NotOwner,
    OutcomeUnknown,
    PremiumLapsed,
    QuotaSpent,
    RateLimited,
    RouteGone,
    ScopeMissing,
    judge_answer,
    judge_failure,
    parse_json,
    read_json,
    read_wait,
)
from backline.spotify.routes import Route
from backline.spotify.sender import Call
from tests.spotify.stand_ins import Room

DEVELOPMENT = ["dev-2026", "dev-legacy"]
ALL = [*DEVELOPMENT, "extended"]


def answer(status: int, message: str | None = None, *, text: str | None = None, reason: str | None = None,
           query: str = "", **headers: str) -> httpx.Response:  # fmt: skip
    request = httpx.Request("GET", f"https://api.spotify.com/v1/x{query}")
    tidy = {name.replace("_", "-"): value for name, value in headers.items()}
    if message is None:
        return httpx.Response(status, text=text or "", headers=tidy, request=request)
    error: dict[str, Any] = {"status": status, "message": message} | ({"reason": reason} if reason else {})
    return httpx.Response(status, json={"error": error}, headers=tidy, request=request)


def judge(reply: httpx.Response, route: Route = routes.ARTIST, listed: bool = True) -> BacklineError:
    return judge_answer(reply, route, lambda: listed)


PREMIUM = "Active premium subscription required for the owner of the app. When the subscription status changes, it can take a few hours before requests are allowed again."
CASES = [
    (answer(403, text=PREMIUM), routes.ARTIST, PremiumLapsed),
    (answer(403, text="User not registered in the Developer Dashboard"), routes.ROWS, NotListed),
    (answer(403, "Insufficient client scope"), routes.SAVED_TRACKS, ScopeMissing),
    (answer(403, "Forbidden"), routes.ROWS, NotOwner),
    (answer(403, "Forbidden"), routes.ADD_ROWS, NotOwner),
    (answer(403, "Forbidden"), routes.TRACKS, RouteGone),
    (answer(403, "Forbidden"), routes.OLD_ROWS, NotOwner),
    (answer(403), routes.RELATED_ARTISTS, RouteGone),
    (answer(404, "Not Found"), routes.RELATED_ARTISTS, RouteGone),
    (answer(404, "Resource not found"), routes.PLAYLIST, UnknownName),
    (answer(404, "Service not found"), routes.TRACK, UnknownName),
    (answer(400, "Invalid limit", query="?limit=11"), routes.SEARCH, LimitTooHigh),
    (answer(400, query="?limit=11"), routes.ARTIST_ALBUMS, LimitTooHigh),
    (answer(400, "Invalid base62 id", query="?limit=11"), routes.ARTIST_ALBUMS, BadInput),
    (answer(400), routes.ARTIST, BadInput),
    (answer(401, "Valid user authentication required"), routes.ME, NotAllowed),
    (answer(401, "Missing/invalid/expired access token"), routes.ME, Disconnected),
    (answer(429, "API rate limit exceeded", retry_after="7"), routes.ARTIST, RateLimited),
    (answer(429, "Too many requests", reason="QUOTA_EXCEEDED"), routes.ARTIST, QuotaSpent),
    (answer(429, text="Too many requests"), routes.ARTIST, RateLimited),
    (answer(502, "Bad gateway."), routes.ARTIST, Hiccup),
    (answer(502, text="<html>502</html>", content_type="text/html"), routes.REPLACE_ROWS, Hiccup),
    (answer(503, text="upstream connect error"), routes.ADD_ROWS, OutcomeUnknown),
    (answer(302, text="", location="http://portal"), routes.ARTIST, Hiccup),
    (answer(304), routes.ARTIST, Hiccup),
    (answer(408), routes.ARTIST, Hiccup),
    (answer(403, text="<html>blocked</html>", content_type="text/html"), routes.TRACK, Hiccup),
    (answer(500, "Server error."), routes.MOVE_ROWS, OutcomeUnknown),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "route", "kind"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_each_answer_has_its_own_meaning(
    reply: httpx.Response, route: Route, kind: type[BacklineError]
) -> None:
    assert type(judge(reply, route)) is kind


def test_who_is_not_listed_is_told_from_a_list_that_is_not_theirs_by_asking_who_they_are() -> None:
    assert isinstance(judge(answer(403, "Forbidden"), routes.ROWS, listed=False), NotListed)
    asked: list[bool] = []
    judge_answer(answer(403, "Forbidden"), routes.TRACKS, lambda: asked.append(True) or True)
    judge_answer(answer(403, "Insufficient client scope"), routes.ROWS, lambda: asked.append(True) or True)
    assert asked == []  # where something else tells, nothing is spent


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("79200", 79200), ("0", 1), ("-5", 1), ("9e99", 604_800), ("nan", None), ("soon", None), (None, None)],
)  # fmt: skip
def test_waits_of_seconds_and_hours_are_read_and_nonsense_is_bounded(
    header: str | None, seconds: float | None
) -> None:
    assert read_wait(answer(429, "x", **({} if header is None else {"retry_after": header}))) == seconds


def test_a_wait_that_is_not_told_is_a_minute_for_the_pace_and_a_day_for_the_quota() -> None:
    pace, quota = judge(answer(429, "x")), judge(answer(429, "x", reason="QUOTA_EXCEEDED"))
    assert isinstance(pace, RateLimited)
    assert isinstance(quota, QuotaSpent)
    assert (pace.seconds, quota.seconds) == (60, 86_400)


def test_the_words_are_plain_and_what_helps_is_said() -> None:
    lapsed = str(judge(answer(403, text=PREMIUM)))
    assert "Premium subscription" in lapsed
    assert "subscribe again" in lapsed
    assert "room for five" in str(judge(answer(403, "Forbidden"), routes.PLAYLIST, listed=False))
    assert "user-library-read" in str(judge(answer(403, "Insufficient client scope"), routes.SAVED_TRACKS))
    assert "<html>" not in str(judge(answer(502, text="<html>x</html>", content_type="text/html")))


@pytest.mark.parametrize(
    ("error", "route", "kind"),
    [
        (httpx.ConnectError("x"), routes.ADD_ROWS, Hiccup),
        (httpx.ConnectTimeout("x"), routes.ADD_ROWS, Hiccup),
        (httpx.ReadTimeout("x"), routes.ADD_ROWS, OutcomeUnknown),
        (httpx.RemoteProtocolError("x"), routes.MAKE_PLAYLIST, OutcomeUnknown),
        (httpx.ReadTimeout("x"), routes.DROP_ROWS, Hiccup),
        (httpx.ReadError("x"), routes.ARTIST, Hiccup),
    ],
)
def test_what_was_never_sent_may_be_asked_again_and_a_lost_write_may_not(
    error: httpx.TransportError, route: Route, kind: type[BacklineError]
) -> None:
    assert type(judge_failure(error, route)) is kind


def test_a_body_that_is_no_json_is_lost_and_an_empty_one_is_nothing() -> None:
    assert read_json(answer(200), routes.CHANGE_PLAYLIST) is None
    with pytest.raises(Hiccup, match="no JSON"):
        read_json(answer(200, text='{"id":'), routes.ARTIST)
    with pytest.raises(OutcomeUnknown, match="Look at what is there"):
        read_json(answer(201, text="<html>"), routes.ADD_ROWS)


@pytest.mark.parametrize(
    "body", [b'{"name": "\\ud83c"}', '{"name": "x"}'.encode("utf-16"), b'\xef\xbb\xbf{"name": "x"}']
)
def test_json_that_only_the_patient_reader_takes_is_read_all_the_same(body: bytes) -> None:
    assert parse_json(body)["name"] in {"x", "\ud83c"}
    assert parse_json(b" \n") is None


@pytest.mark.parametrize("profile", DEVELOPMENT)
def test_the_sandbox_refuses_the_unpaid_and_the_unlisted(profile: str) -> None:
    room = Room(profile)
    account = room.sign_in()
    stranger = list(room.world.people.values())[5]
    room.tokens.keep(stranger.account_id, room.agree(stranger))
    with pytest.raises(NotListed):
        room.speak(stranger.account_id).library.get_me()
    room.world.accounts[room.client.account].premium = False
    with pytest.raises(PremiumLapsed):
        room.speak(account).library.get_me()


def test_extended_quota_asks_for_neither() -> None:
    room = Room("extended")
    stranger = list(room.world.people.values())[5]
    room.tokens.keep(stranger.account_id, room.agree(stranger))
    room.world.accounts[room.client.account].premium = False
    assert room.speak(stranger.account_id).library.get_me().key == stranger.account_id


@pytest.mark.parametrize(
    ("profile", "route", "kind"),
    [
        ("dev-2026", routes.TRACKS, RouteGone),
        ("dev-2026", routes.GENRE_SEEDS, RouteGone),
        ("dev-legacy", routes.GENRE_SEEDS, RouteGone),
    ],
)
def test_routes_that_went_are_told_by_the_sandbox(
    profile: str, route: Route, kind: type[BacklineError]
) -> None:
    room = Room(profile, known=False)
    for status in (403, 404):
        room.stage.switches.gone_2024 = status
        with pytest.raises(kind):
            room.sender.send(Call(route))
    assert len(room.list_asked("/v1/")) == 2


@pytest.mark.parametrize("profile", DEVELOPMENT)
def test_lists_of_others_and_of_the_editors_are_told_apart(profile: str) -> None:
    room = Room(profile)
    account = room.sign_in()
    lists = list(room.world.playlists.values())
    other = next(one for one in lists if one.owner != room.person.id and not one.editorial)
    editors = next(one for one in lists if one.editorial)
    if profile == "dev-2026":
        with pytest.raises(NotOwner):
            next(room.speak(account).playlists.walk_rows(other.id))
        assert room.list_asked("/v1/me") == ["GET /v1/me"]
        with pytest.raises(NotOwner):
            next(room.speak(account).playlists.walk_rows(other.id))
        assert room.list_asked("/v1/me") == ["GET /v1/me"]  # that they are listed is known for a while
    with pytest.raises(UnknownName, match="Spotify makes itself"):
        room.speak(account).playlists.get(editors.id)
    with pytest.raises(NotOwner):
        room.speak(account).playlists.replace_rows(other.id, [])


@pytest.mark.parametrize("profile", ALL)
@pytest.mark.parametrize(
    ("kind", "more", "error"),
    [
        ("429", {"retry_after": 2}, RateLimited),
        ("429", {"retry_after": 79_200}, RateLimited),
        ("429", {"seconds": 5}, RateLimited),
        ("quota", {"retry_after": 79_200}, QuotaSpent),
        ("quota", {"seconds": 5}, QuotaSpent),
        ("5xx", {}, Hiccup),
        ("cut", {}, Hiccup),
        ("reset", {}, Hiccup),
        ("html", {}, Hiccup),
        ("html", {"status": 200}, Hiccup),
        ("text", {}, Hiccup),
        ("empty", {}, BadInput),
        ("premium", {}, PremiumLapsed),
        ("not_listed", {}, NotListed),
    ],
)
def test_faults_on_demand_are_what_they_are_called(
    profile: str, kind: str, more: dict[str, Any], error: type[BacklineError]
) -> None:
    room = Room(profile)
    room.tokens.give(None)
    room.fail(kind, **more)
    artist_id = next(iter(room.world.artists))
    with pytest.raises(error) as caught:
        room.speak().catalogue.get_artist(artist_id)
    assert type(caught.value) is error
    if "retry_after" in more:
        assert caught.value.seconds == more["retry_after"]  # type: ignore[attr-defined] # those two have it
    assert len(room.list_asked("/v1/")) == 1


@pytest.mark.parametrize("words", ["json", "empty"])
def test_a_page_that_is_too_long_is_told(words: str) -> None:
    room = Room(known=False)
    room.stage.switches.bad_limit = words
    with pytest.raises(LimitTooHigh):
        room.sender.send(Call(routes.ARTIST_ALBUMS, (next(iter(room.world.artists)),), {"limit": 11}))


def test_a_passing_fault_says_what_it_is_and_passes_by_the_rules_of_the_network() -> None:
    error = judge(answer(502))
    assert isinstance(error, Hiccup) and isinstance(error, ConnectionError)
    assert str(error) == "The Web API had a fault at GET /artists/{id}: it answered 502."
    assert (error.remedy, str(Hiccup(remedy="Wait."))) == (
        None,
        "The Web API could not be reached, or answered with a fault of its own. Wait.",
    )
    verdict = judge_run(error, faults=0, bugs=0)
    assert (verdict.state, verdict.kind, verdict.counts_attempt) == ("scheduled", "transient", True)
    assert judge_run(error, faults=7, bugs=0).state == "dead"
