"""Answers read as what they should be, and pages that are resumed where somebody was stopped."""

from __future__ import annotations

import pytest

from backline.errors import BrokenContract
from backline.spotify import routes
from backline.spotify.faults import Hiccup
from backline.spotify.payloads import Artist, OffsetPage, list_things
from backline.spotify.payloads_lists import SavedTrack
from backline.spotify.routes import Profile
from backline.spotify.voice import Voice, read_as
from tests.spotify.stand_ins import Room

PAGE = OffsetPage[SavedTrack]


def test_who_was_stopped_goes_on_at_the_next_page_and_repeats_none() -> None:
    room = Room()
    account = room.sign_in()
    voice = room.speak(account).voice
    whole = [one for page in voice.walk(PAGE, routes.SAVED_TRACKS) for one in list_things(page.items)]
    assert len(whole) > 50
    room.fail("5xx", skip=1)
    seen, resume = [], 0
    before = len(room.list_asked("/v1/me/tracks"))
    with pytest.raises(Hiccup):
        for page in voice.walk(PAGE, routes.SAVED_TRACKS):
            seen += list_things(page.items)
            resume = page.resume_at or 0
    for page in voice.walk(PAGE, routes.SAVED_TRACKS, offset=resume):
        seen += list_things(page.items)
    assert seen == whole
    assert len(room.list_asked("/v1/me/tracks")) - before == 3


def test_a_page_is_as_long_as_the_profile_lets_it_be() -> None:
    lengths = {}
    for profile in ("dev-2026", "dev-legacy"):
        room = Room(profile)
        busy = max(room.world.artists.values(), key=lambda one: len(one.releases))
        pages = list(room.speak().catalogue.walk_releases(busy.id, ("album", "single", "compilation")))
        assert sum(len(page.items) for page in pages) == len(busy.releases)
        lengths[profile] = pages[0].limit
    assert lengths == {"dev-2026": 10, "dev-legacy": 50}


def test_nobody_asks_for_more_than_new_client_ids_may_before_it_is_known() -> None:
    assert Voice(Room(known=False).sender).profile is Profile.DEV_2026


def test_an_answer_of_another_shape_waits_for_other_code_and_names_the_field() -> None:
    with pytest.raises(BrokenContract, match=r"GET /artists/\{id\} answered .* id: "):
        read_as(Artist, {"name": "A"}, routes.ARTIST)
    with pytest.raises(BrokenContract, match="the answer"):
        read_as(Artist, [], routes.ARTIST)
