"""Pictures are pictures; those of playlists end within a day."""

from __future__ import annotations

from backline.sandbox.pictures import draw_square, see_cover
from tests.sandbox.guest import Guest


def test_a_square_is_a_png() -> None:
    assert draw_square(7).startswith(b"\x89PNG\r\n\x1a\n")
    assert draw_square(7) != draw_square(8)


def test_covers_of_releases_do_not_end(guest: Guest) -> None:
    data = guest.get(f"albums/{next(iter(guest.stage.world.releases))}").data
    assert [one["width"] for one in data["images"]] == [640, 300, 64]
    url = data["images"][0]["url"].removeprefix("http://sandbox.test")
    guest.control("POST", "clock", {"advance": 10**8})
    reply = guest.ask("GET", url)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")


def test_the_address_of_a_playlist_picture_holds_for_an_hour(guest: Guest) -> None:
    path = f"playlists/{next(iter(guest.stage.world.playlists))}/images"
    first = guest.get(path).data
    guest.control("POST", "clock", {"advance": 3599})
    assert guest.get(path).data == first
    guest.control("POST", "clock", {"advance": 1})
    guest.sign_in()
    assert guest.get(path).data != first


def test_the_newest_visible_cover_is_seen(guest: Guest) -> None:
    one = next(iter(guest.stage.world.playlists.values()))
    one.cover = [(0.0, b"a"), (10.0, b"b")]
    assert [see_cover(one, now) for now in (4.9, 5.0, 14.9, 15.0)] == [None, b"a", b"a", b"b"]


def test_a_link_leads_to_a_page_without_anybodys_content(guest: Guest) -> None:
    reply = guest.ask("GET", "/open/track/<b>")
    assert (reply.status, b"<b>" in reply.body) == (200, False)
