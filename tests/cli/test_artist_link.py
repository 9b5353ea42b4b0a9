"""`backline artist link` and `unlink`."""

from __future__ import annotations

from backline.cli.houses import open_house
from backline.music import Provenance
from backline.storage.catalogue_links import make_artist_from
from backline.storage.catalogue_seen import SeenArtist
from backline.storage.catalogue_write import write_seen
from tests.cli.conftest import Call
from tests.storage.catalogue_stage import DAY, release, track
from tests.storage.fact_writer import FactWriter

ID = "0abcdefghij0123456789A"


def test_a_link_brings_what_was_read_and_its_joins(call: Call) -> None:
    with open_house() as house, house.database.write() as connection:
        FactWriter(connection).add_artist(901, "Nova")
        FactWriter(connection).add_track(7, 901, "One")
        now = house.database.now(connection)
        keep = now + 30 * DAY
        other = make_artist_from(connection, now, "spotify", ID, "NOVA!", keep_until=keep, run_id="run-1")
        seen = SeenArtist(ID, "NOVA!", (release("Dawn", track("One")),), is_whole=True)
        write_seen(connection, now, other.no, Provenance.SPOTIFY_API, seen, keep_until=keep, run_id="run-1")
    assert call("catalogue", "joins", "--json").out == ""
    linked = call(
        "artist", "link", "Nova", f"https://open.spotify.com/intl-de/artist/{ID}?si=1", "--json"
    ).one
    assert (linked["spotify"], linked["outcome"]) == (ID, "linked")
    assert call("artist", "link", "Nova", ID, "--json").one["outcome"] == "known"
    assert call("catalogue", "joins", "--open", "--json").one["title"] == "One"
    gone = call("artist", "unlink", "Nova", "--json").one
    assert gone["outcome"] == "unlinked" and gone["left"]["recordings"] == 1
    assert call("catalogue", "joins", "--json").out == ""
    assert call("artist", "unlink", "Nova").code == 2


def test_what_is_no_artist_of_spotify(call: Call) -> None:
    call("artist", "add", "Nova")
    result = call("artist", "link", "Nova", "https://open.spotify.com/track/" + ID)
    assert result.code == 2 and "open.spotify.com/artist" in result.err
