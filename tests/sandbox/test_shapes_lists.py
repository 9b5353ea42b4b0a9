"""A list tells others what it is and nobody but its own what is in it."""

from __future__ import annotations

from tests.sandbox.guest import make_guest


def test_older_client_ids_get_both_names_and_foreign_rows() -> None:
    guest = make_guest("extended")
    guest.sign_in()
    foreign = next(
        one
        for one in guest.stage.world.playlists.values()
        if one.owner != guest.person.id and not one.editorial
    )
    data = guest.get(f"playlists/{foreign.id}").data
    assert data["items"]["total"] == data["tracks"]["total"] == len(foreign.rows)
    assert data["tracks"]["href"].endswith("/tracks?offset=0&limit=100")


def test_a_local_file_keeps_its_words() -> None:
    guest = make_guest()
    guest.sign_in()
    odd = list(guest.stage.world.playlists.values())[1]
    rows = guest.get(f"playlists/{odd.id}/items", limit=50).data["items"]
    local = next(row["item"] for row in rows if row["is_local"])
    assert (local["artists"][0]["name"], local["album"]["name"], local["name"], local["duration_ms"]) == (
        "Nobody", "Attic Tape", "Untitled 4", 187_000,
    )  # fmt: skip


def test_a_removed_release_leaves_gaps() -> None:
    guest = make_guest()
    guest.sign_in()
    first = next(iter(guest.stage.world.playlists.values()))
    track = first.rows[0].uri.rpartition(":")[2]
    guest.edit("remove_release", release=guest.stage.world.tracks[track].release)
    page = guest.get(f"playlists/{first.id}/items").data
    assert page["items"][0]["item"] is None
    assert page["total"] == len(first.rows)
