"""Who speaks when nobody is named, and a profile that is probed once, kept, doubted and probed again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backline.errors import BadInput, NeedsHuman, TryLater, UnknownName
from backline.spotify.faults import Disconnected, LimitTooHigh, PremiumLapsed, RouteGone
from backline.spotify.needs import StoredApp
from backline.spotify.routes import SEARCH, Profile
from tests.spotify.apps_stand import AppsRoom

DAY = 86_400


def find_artist(room: AppsRoom) -> str:
    return next(iter(room.world.artists))


def test_an_app_with_a_secret_speaks_by_itself() -> None:
    room = AppsRoom()
    client = room.apps.speak()
    assert client.voice.account_id is None
    assert client.catalogue.get_artist(find_artist(room)).id == find_artist(room)
    assert len(room.list_asked("/v1/")) == 1


def test_without_a_secret_a_connected_account_asks_for_it() -> None:
    room = AppsRoom(has_secret=False)
    with pytest.raises(NeedsHuman, match="no account is connected"):
        room.apps.speak()
    account = room.connect()
    client = room.apps.speak()
    assert client.voice.account_id == account
    assert client.catalogue.get_artist(find_artist(room)).name
    room.store.grants[account] = replace(room.store.grants[account], ended_at=1)
    with pytest.raises(NeedsHuman, match="no account is connected"):
        room.apps.speak()


def test_an_account_speaks_through_its_own_app() -> None:
    room = AppsRoom()
    other = StoredApp("0" * 32, "other")
    room.shelf.apps = {other.client_id: other} | room.shelf.apps
    account = room.connect()
    client = room.apps.speak(account)
    assert client.library.get_me().key == account
    with pytest.raises(Disconnected, match="another Client ID"):
        room.apps.speak(account, app="other").library.get_me()
    with pytest.raises(Disconnected, match="not connected"):
        room.apps.speak("nobody")
    with pytest.raises(NeedsHuman, match="no account is connected"):
        room.apps.speak(app="other")


def test_apps_and_accounts_by_name() -> None:
    room = AppsRoom()
    first = room.apps.find()
    other = StoredApp("0" * 32, "other")
    room.shelf.apps[other.client_id] = other
    assert room.apps.find() == room.apps.find(first.client_id) == first
    assert room.apps.find("other") == room.apps.find("0" * 32) == other
    with pytest.raises(UnknownName, match="'third'"):
        room.apps.find("third")
    room.shelf.apps[first.client_id] = replace(first, name="first")
    with pytest.raises(BadInput, match="2 Spotify apps: first, other"):
        room.apps.find()
    room.shelf.apps.clear()
    with pytest.raises(NeedsHuman, match="No Spotify app is known"):
        room.apps.find()


def test_the_account_of_a_name_or_the_only_one() -> None:
    room = AppsRoom()
    with pytest.raises(UnknownName, match="No Spotify account is connected"):
        room.apps.find_account()
    people = list(room.world.people.values())
    account, second = (room.connect(person, name="Same") for person in people[:2])
    assert room.apps.find_account(account).account_id == account
    for name in (None, "Same"):
        with pytest.raises(BadInput, match="2 Spotify accounts"):
            room.apps.find_account(name)
    room.store.grants[second] = replace(room.store.grants[second], ended_at=1)
    assert room.apps.find_account().account_id == account


@pytest.mark.parametrize("has_secret", [True, False])
def test_the_profile_is_probed_at_the_first_use_and_kept(has_secret: bool) -> None:
    room = AppsRoom("dev-legacy", known=False, has_secret=has_secret)
    room.connect()
    for _ in range(2):
        assert room.apps.speak().voice.profile is Profile.DEV_LEGACY
        assert len(room.list_asked("/v1/")) == 2
    kept = room.apps.find()
    assert (kept.profile, kept.probed_at, len(kept.reasons)) == (Profile.DEV_LEGACY, room.clock.now(), 2)
    room.advance(31 * DAY)
    room.apps.speak()
    assert len(room.list_asked("/v1/")) == 4


def test_a_doubted_profile_is_looked_at_anew_but_not_at_every_use() -> None:
    room = AppsRoom("dev-legacy")
    room.stage.change_profile("dev-2026")
    track = next(iter(room.world.tracks))
    room.advance(3600)
    with pytest.raises(TryLater, match="looked at anew") as caught:
        list(room.apps.speak().catalogue.list_tracks([track]))
    assert caught.value.seconds == 1
    assert room.apps.find().doubted_at == room.clock.now()
    client = room.apps.speak()
    assert client.voice.profile is Profile.DEV_2026
    assert [one.id for one in client.catalogue.list_tracks([track])] == [track]
    assert room.apps.find().doubted_at is None


def test_what_a_fresh_look_did_not_foretell_is_told_as_it_is() -> None:
    room = AppsRoom()
    room.fail("forbidden", match="/v1/artists/*")
    with pytest.raises(RouteGone):
        room.apps.speak().catalogue.get_artist(find_artist(room))
    before = len(room.list_asked("/v1/"))
    room.apps.speak()
    assert len(room.list_asked("/v1/")) == before
    room.advance(3600)
    room.apps.speak()
    assert len(room.list_asked("/v1/")) == before + 1


def test_a_page_that_is_refused_is_odd_only_where_the_profile_allows_it() -> None:
    room = AppsRoom("dev-legacy")
    room.stage.change_profile("dev-2026")
    client = room.apps.speak()
    with pytest.raises(LimitTooHigh):
        next(client.catalogue.walk_releases(find_artist(room)))
    assert room.apps.find().doubted_at is not None
    room = AppsRoom()
    with pytest.raises(LimitTooHigh):
        client = room.apps.speak()
        client.voice.fetch(SEARCH, q="a", type="artist", limit=11)
    assert room.apps.find().doubted_at is None


def test_a_look_that_cannot_be_had_now_holds_nobody_up() -> None:
    room = AppsRoom(known=False)
    room.fail("5xx")
    assert room.apps.speak().voice.profile is Profile.DEV_2026
    assert room.apps.find().profile is None
    room.world.accounts[room.client.account].premium = False
    with pytest.raises(PremiumLapsed):
        room.apps.speak()


def test_what_was_asked_since_the_beginning_of_a_run_is_not_asked_again() -> None:
    room = AppsRoom()
    began = room.clock.now()
    for seconds in (0, 100, 100):
        room.advance(seconds)
        room.apps.speak(since=began).catalogue.get_artist(find_artist(room))
    assert len(room.list_asked("/v1/")) == 1
    room.apps.speak(since=room.clock.now()).catalogue.get_artist(find_artist(room))
    assert len(room.list_asked("/v1/")) == 2


def test_content_has_to_leave_after_its_days() -> None:
    room = AppsRoom(keep_days=3)
    assert room.apps.keep_until() - room.clock.now() == 3 * DAY * 1_000_000
