"""What a person keeps and whom they follow."""

from __future__ import annotations

import pytest

from backline.spotify.faults import ScopeMissing
from backline.spotify.payloads import list_things
from tests.spotify.stand_ins import Room


def test_shelves_and_follows_are_read_to_their_end() -> None:
    room = Room()
    library = room.speak(room.sign_in()).library
    kept = {uri for uri in room.person.saved if uri.startswith(("spotify:track:", "spotify:album:"))}
    tracks = [one.track for page in library.walk_tracks() for one in list_things(page.items)]
    albums = [one.album for page in library.walk_albums() for one in list_things(page.items)]
    found = {f"spotify:track:{one.id}" for one in tracks if one} | {
        f"spotify:album:{one.id}" for one in albums if one
    }
    assert found == kept
    follows = [one.id for page in library.walk_follows() for one in list_things(page.items)]
    assert [f"spotify:artist:{one}" for one in follows] == list(room.person.follows)


def test_follows_are_resumed_after_the_last_one_that_was_read() -> None:
    room = Room()
    library = room.speak(room.sign_in()).library
    whole = [one.id for page in library.walk_follows() for one in list_things(page.items)]
    rest = [one.id for page in library.walk_follows(after=whole[4]) for one in list_things(page.items)]
    assert rest == whole[5:] != []


def test_keeping_goes_by_forty_and_is_answered_in_order() -> None:
    room = Room()
    library = room.speak(room.sign_in()).library
    uris = [f"spotify:track:{one}" for one in list(room.world.tracks)[:41]]
    library.drop(uris)
    library.keep(uris[1:])
    assert library.has(uris) == [False] + [True] * 40
    assert len(room.list_asked("/v1/me/library")) == 2 + 1 + 2
    library.keep([])
    assert len(room.list_asked("/v1/me/library")) == 5


def test_what_was_not_agreed_to_is_named() -> None:
    room = Room()
    library = room.speak(room.sign_in(scope="user-top-read")).library
    assert library.get_me().key == room.person.account_id
    with pytest.raises(ScopeMissing, match="user-library-read"):
        next(library.walk_tracks())
    assert room.list_asked("/v1/me/tracks") == []  # what was agreed to is known
