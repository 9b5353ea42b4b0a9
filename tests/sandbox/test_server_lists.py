"""Points 11 to 13 of a faithful sandbox: what playlists do that trips a client."""

from __future__ import annotations

import asyncio
import base64

from tests.sandbox.guest import Guest

ONE = "spotify:track:"


def make_list(guest: Guest, uris: list[str]) -> str:
    ident = str(guest.ask("POST", "/v1/me/playlists", data={"name": "L"}).data["id"])
    if uris:
        assert guest.ask("POST", f"/v1/playlists/{ident}/items", data={"uris": uris}).status == 201
    guest.control("POST", "clock", {"advance": 60})
    return ident


def read_uris(guest: Guest, ident: str) -> list[str]:
    items = guest.get(f"playlists/{ident}/items", limit=50).data["items"]
    return [row["item"]["uri"] for row in items]


def test_point_11_playlists_by_pages_with_every_odd_row(guest: Guest) -> None:
    _, odd, long, *_ = guest.stage.world.playlists.values()
    assert guest.get(f"playlists/{long.id}/items", limit=51).status == 400
    seen, path = 0, f"/v1/playlists/{long.id}/items?limit=50"
    while path:
        page = guest.get(path).data
        seen, path = seen + len(page["items"]), page["next"]
    assert seen == page["total"] == 260
    rows = guest.get(f"playlists/{odd.id}/items", limit=50, additional_types="track,episode").data["items"]
    whole = guest.get(f"playlists/{odd.id}/items", limit=50).data
    assert [row["item"] for row in rows].count(None) == 1
    assert rows[0]["item"] is None  # the slot stays, and positions count it
    local = next(row for row in rows if row["is_local"])
    assert (local["item"]["id"], local["item"]["uri"].count(":")) == (None, 5)
    assert any(row["item"] and row["item"]["type"] == "episode" for row in rows)
    assert all(row["item"] is None or row["item"]["type"] == "track" for row in whole["items"])
    assert any(row["added_at"] is None and row["added_by"] is None for row in rows)
    market = guest.get(f"playlists/{odd.id}/items", limit=50, market="DE").data["items"]
    moved = [(a["item"], b["item"]) for a, b in zip(whole["items"], market, strict=True) if a["item"]]
    relinked = [(a, b) for a, b in moved if a["id"] != b["id"]]
    assert relinked
    assert all(a["external_ids"] == b["external_ids"] and "linked_from" not in b for a, b in relinked)
    assert any(b.get("restrictions") == {"reason": "market"} for _, b in moved)


def test_point_11_a_hundred_a_write_and_ten_thousand_in_all(guest: Guest) -> None:
    uris = [ONE + next(iter(guest.stage.world.tracks))] * 101
    ident = make_list(guest, [])
    assert guest.ask("POST", f"/v1/playlists/{ident}/items", data={"uris": uris}).status == 400
    guest.edit("edit_playlist", playlist=ident, add=uris[:1] * 9_950)
    assert guest.ask("POST", f"/v1/playlists/{ident}/items", data={"uris": uris[:51]}).status == 400
    assert guest.ask("POST", f"/v1/playlists/{ident}/items", data={"uris": uris[:50]}).status == 201


def test_point_12_the_snapshot_lags_behind_the_items(guest: Guest) -> None:
    tracks = [ONE + one for one in guest.stage.world.tracks]
    ident = make_list(guest, tracks[:2])
    before = guest.get(f"playlists/{ident}").data["snapshot_id"]
    answered = guest.ask("PUT", f"/v1/playlists/{ident}/items", data={"uris": tracks[2:4]}).data[
        "snapshot_id"
    ]
    assert read_uris(guest, ident) == tracks[:2]
    guest.control("POST", "clock", {"advance": 0.6})
    assert read_uris(guest, ident) == tracks[2:4]
    assert guest.get(f"playlists/{ident}").data["snapshot_id"] == before
    guest.control("POST", "clock", {"advance": 15})
    third = guest.get(f"playlists/{ident}").data["snapshot_id"]
    assert third not in {before, answered}
    guest.control("POST", "clock", {"advance": 15})
    assert guest.get(f"playlists/{ident}").data["snapshot_id"] == answered
    assert base64.b64decode(answered)
    assert guest.ask("PUT", f"/v1/playlists/{ident}", data={"public": False}).status == 200
    guest.control("POST", "clock", {"advance": 60})
    assert guest.get(f"playlists/{ident}").data["snapshot_id"] != answered
    stale = {"range_start": 0, "insert_before": 2, "snapshot_id": before}
    assert guest.ask("PUT", f"/v1/playlists/{ident}/items", data=stale).status == 200


def test_point_13_writes_are_not_idempotent_and_delete_takes_all_copies(guest: Guest) -> None:
    a, b = [ONE + one for one in list(guest.stage.world.tracks)[:2]]
    ident = make_list(guest, [a, b, a])
    guest.ask("POST", f"/v1/playlists/{ident}/items", data={"uris": [b]})
    guest.ask("POST", f"/v1/playlists/{ident}/items", data={"uris": [b]})
    guest.ask("DELETE", f"/v1/playlists/{ident}/items", data={"items": [{"uri": a, "positions": [0]}]})
    guest.control("POST", "clock", {"advance": 60})
    assert read_uris(guest, ident) == [b, b, b]
    guest.control("POST", "profile", {"switches": {"positions": True}})
    guest.ask("DELETE", f"/v1/playlists/{ident}/items", data={"items": [{"uri": b, "positions": [1]}]})
    guest.control("POST", "clock", {"advance": 60})
    assert read_uris(guest, ident) == [b, b]


def test_point_13_of_two_additions_at_once_about_half_fail(guest: Guest) -> None:
    uri, ident = ONE + next(iter(guest.stage.world.tracks)), make_list(guest, [])

    async def post_all() -> list[int]:
        path = f"/v1/playlists/{ident}/items"
        asked = [guest.ask_async("POST", path, data={"uris": [uri]}) for _ in range(60)]
        return [reply.status for reply in await asyncio.gather(*asked)]

    statuses = asyncio.run(post_all())
    assert 15 < statuses.count(500) < 45
    assert len(guest.stage.world.playlists[ident].rows) == statuses.count(201)


def test_point_13_a_cover_is_taken_and_seen_later(guest: Guest) -> None:
    ident = make_list(guest, [])
    picture = b"\xff\xd8\xff" + bytes(500)
    path = f"/v1/playlists/{ident}/images"
    assert guest.ask("PUT", path, body=base64.b64encode(picture)).status == 202
    url = guest.get(path).data[0]["url"].removeprefix("http://sandbox.test")
    assert guest.ask("GET", url).body != picture
    guest.control("POST", "clock", {"advance": 5})
    assert guest.ask("GET", url).body == picture
    assert guest.ask("PUT", path, body=base64.b64encode(picture + bytes(300_000))).status == 413
    assert guest.ask("PUT", path, body=b"no").status == 400
