"""Plays by cursor: from any moment towards the present, each once."""

from __future__ import annotations

from backline.sandbox.player import to_ms
from backline.sandbox.world import Play
from backline.spotify.payloads import list_things
from tests.spotify.stand_ins import Room


def test_plays_after_a_moment_come_once_and_the_moment_itself_does_not() -> None:
    room = Room()
    player = room.speak(room.sign_in()).player
    last = [to_ms(one) for one in room.person.plays][-50:]
    found = [one for page in player.walk_plays(last[9]) for one in list_things(page.items)]
    assert len(found) == 40
    assert len({one.played_at for one in found}) == 40
    assert all(one.track.isrc or one.track.id for one in found)


def test_who_asks_again_at_the_last_cursor_gets_what_came_since() -> None:
    room = Room()
    player = room.speak(room.sign_in()).player
    pages = list(player.walk_plays(0))
    cursor = max(int(page.cursors.after or 0) for page in pages if page.cursors)
    assert [len(page.items) for page in player.walk_plays(cursor)] == [0]
    track_id = next(iter(room.world.tracks))
    room.person.plays.append(Play(room.stage.clock.now(), track_id, None))
    news = [one for page in player.walk_plays(cursor) for one in list_things(page.items)]
    assert [(one.track.id, one.context) for one in news] == [(track_id, None)]
