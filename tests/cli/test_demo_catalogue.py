"""What the demo says of the account and the catalogue."""

from __future__ import annotations

from backline import samples
from backline.cli.demo_catalogue import describe_catalogue, describe_choice
from backline.cli.houses import open_house
from backline.cli.screen import Screen
from tests.cli.conftest import Call

CHOICE = {
    "track": "trk_1", "recording": "rec_1", "artist": "Velvet Tramlines", "title": "Attic Radio",
    "recording_isrc": None,
}  # fmt: skip


def test_what_joined_and_what_waits(call: Call) -> None:
    call("import", *(str(path) for path in sorted(samples.REPORTS.iterdir())), "--artist", samples.ARTIST)
    call("catalogue", "add-recording", samples.ARTIST, "Last Tram Home", "--isrc", "ZZVLV2500001")
    call("catalogue", "add-recording", samples.ARTIST, "Attic Radio")
    with open_house(tasks=True) as house:
        lines = list(describe_catalogue(Screen(), house, {"tracks": 8, "catalogue": 5}, "backline"))
    assert lines[0] == "0 releases, 0 recordings, with 13 requests (catalogue 5, tracks 8)"
    assert lines[1] == "1 tracks of the reports joined: 1 by ISRC, 0 by UPC"
    assert lines[2] == "1 have only the title in common with a recording and wait for your word:"
    assert "Attic Radio" in lines[3] and "backline catalogue confirm trk_" in lines[3]


def test_a_choice_without_a_code() -> None:
    line = describe_choice(Screen(), CHOICE, "backline")
    assert line == "Velvet Tramlines: Attic Radio = -?  backline catalogue confirm trk_1 rec_1"
