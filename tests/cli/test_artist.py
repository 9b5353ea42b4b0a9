"""`backline artist`."""

from __future__ import annotations

import pytest

from backline.cli.artist import FIRST
from backline.cli.houses import open_house
from backline.storage.audits import list_audit
from tests.cli.conftest import Call
from tests.storage.fact_writer import Fact, FactWriter


@pytest.fixture
def roster() -> None:
    """An artist of reports, and a shared credit with it."""
    with open_house() as house, house.database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(901, "Nova", confirmed=False)
        writer.add_artist(902, "Nova, Kay", parts=["Nova", "Kay"], confirmed=False)
        writer.add_track(7, 901, "Song")
        writer.put(20_693, [Fact(901, 10, track_no=7)], scope="901", known_at=1_000_000)
        writer.put(20_690, [Fact(902, 4)], scope="902", report="charts_daily")


def test_nobody_yet(call: Call) -> None:
    result = call("artist", "list")
    assert (result.code, "No artists yet" in result.out) == (0, True)
    assert call("artist", "list", "--json").out == ""


def test_add_confirm_known(call: Call, roster: None) -> None:
    added = call("artist", "add", "New  Name", "--json").one
    assert (added["name"], added["confirmed"], added["outcome"]) == ("New Name", True, "added")
    assert call("artist", "add", "nova", "--json").one["outcome"] == "confirmed"
    assert call("artist", "add", "NOVA", "--json").one["outcome"] == "known"
    assert call("artist", "add", " ").code == 2
    with open_house() as house, house.database.read() as connection:
        trail = [(row.action, row.object, row.actor) for row in list_audit(connection)]
        shas = [(row.before_sha, row.after_sha) for row in list_audit(connection)]
    assert shas[0][0] != shas[0][1] and all(shas[0])
    assert shas[1][0] is None and shas[1][1]
    assert trail == [
        ("artist.confirmed", "artist:art_901", "tester"),
        ("artist.added", f"artist:{added['id']}", "tester"),
    ]


def test_list(call: Call, roster: None) -> None:
    call("artist", "add", "Zeta")
    assert [line["name"] for line in call("artist", "list", "--json").lines] == ["Zeta", "Nova", "Nova, Kay"]
    with open_house() as house, house.database.write() as connection:
        for number in range(FIRST):
            FactWriter(connection).add_artist(1000 + number, f"Other {number:02}", confirmed=False)
    short = call("artist", "list")
    assert "Zeta" in short.out
    assert f"Other {FIRST - 1}" not in short.out
    assert "3 more" in short.err
    assert len(call("artist", "list", "--all", "--json").lines) == FIRST + 3


def test_search(call: Call, roster: None) -> None:
    assert [line["id"] for line in call("artist", "list", "--search", "KAY", "--json").lines] == ["art_902"]
    assert "No artist has that" in call("artist", "list", "--search", "nobody").out


def test_show(call: Call, roster: None) -> None:
    shown = call("artist", "show", "nova", "--json").one
    assert (shown["id"], shown["credits"], shown["tracks"]) == ("art_901", ["Nova", "Nova, Kay"], 1)
    chart, table = shown["reports"]
    assert (chart["report"], chart["first_day"]) == ("charts_daily", "2026-08-25")
    assert (table["last_day"], table["days"], table["known_at"]) == ("2026-08-28", 1, "1970-01-01T00:00:01Z")
    assert chart["days_behind"] == table["days_behind"] + 3
    human = call("artist", "show", "art_901").out
    assert "Nova, Kay" in human
    assert "2026-08-28" in human


def test_show_of_nobody(call: Call) -> None:
    result = call("artist", "show", "Nobody")
    assert result.code == 2
    assert "artist add" in result.err
