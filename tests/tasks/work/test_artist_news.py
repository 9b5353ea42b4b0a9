"""What a look says of itself: how late a change may be seen, and by which day its content leaves."""

from __future__ import annotations

from sqlalchemy import text

from backline.storage.database import Database
from tests.tasks.work.artist_stand import DAY, ArtistStand

EXPIRES = "SELECT min(expires_at), max(expires_at) FROM backline_entry"


def test_how_late_a_change_may_be_seen_grows_with_the_list(database: Database) -> None:
    stand = ArtistStand(database)
    told = [stand.sync(stand.make(count, tracks=1).id).artist for count in (0, 10, 20, 21, 45)]
    assert [one.seen_within for one in told if one] == [1, 1, 1, 2, 4]
    assert all(one.seen_within_days is None for one in told if one)


def test_content_leaves_by_when_it_was_seen(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(3)
    stand.room.fail("429", match="GET /v1/tracks/*", retry_after=50, skip=2)
    stand.sync(artist.id)
    with database.read() as connection:
        first, last = connection.execute(text(EXPIRES)).one()
    began = stand.room.clock.now() - 50_000_000
    assert first == last and abs(first - began - 30 * DAY * 1_000_000) < 5_000_000


def test_reasons_say_why_it_asked_for_what_it_asked_for(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(25, tracks=1)

    def why(**options: bool) -> str:
        return stand.sync(artist.id, **options).reasons[0].decision

    assert "all of it was read" in why()
    assert "a part of the others in turn" in why()
    stand.edit("remove_release", release=artist.releases[0])
    assert "the whole list was read" in why()
    assert "anew" in why(full=True)
