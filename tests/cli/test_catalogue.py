"""`backline catalogue`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from backline.cli.houses import open_house
from backline.storage.audits import list_audit
from tests.cli.conftest import Call

TABLE = (
    "artist,title,isrc,release,upc,release_date,label\n"
    "Nova,One,ZZA012600001,Dawn,036000291452,2026-03,Own\nNova,Two,,Dawn,036000291452,,\n"
)
REPORT = "date,artist,track,isrc,streams\n2026-01-01,Nova,One,ZZA012600001,5\n2026-01-01,Nova,Two,,7\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a file; its path."""

    def write(name: str, body: str) -> str:
        (tmp_path / name).write_text(body)
        return str(tmp_path / name)

    return write


def list_actions() -> list[str]:
    """What the audit says, newest first."""
    with open_house() as house, house.database.read() as connection:
        return [row.action for row in list_audit(connection) if not row.action.startswith("run.")]


def test_by_hand(call: Call) -> None:
    call("artist", "add", "Nova")
    assert "No releases" in call("catalogue", "list", "Nova").out
    made = call(
        *("catalogue", "add-release", "Nova", "Dawn", "--upc", "0036000291452", "--released", "2026-03"),
        *("--type", "album", "--json"),
    ).one
    assert made["facts"]["upc"][0] | {"source": "", "seen_at": ""} == {
        "value": "036000291452", "provenance": "own", "source": "", "seen_at": "",
    }  # fmt: skip
    for title, position in (("One", "1"), ("Two", "2")):
        told = call(
            *("catalogue", "add-recording", "Nova", title, "--release", made["id"], "--position", position),
            *("--duration", "3:35", "--clean", "--json"),
        ).one
    assert told["facts"]["duration_ms"][0]["value"] == 215_000 and told["places"][0]["title"] == "Dawn"
    again = call(
        "catalogue", "add-recording", "Nova", "two", "--isrc", "ZZ-A01-26-00002", "--release", made["id"],
        "--position", "2", "--json",
    ).one  # fmt: skip
    assert (again["id"], again["facts"]["isrc"][0]["value"]) == (told["id"], "ZZA012600002")
    shown = call("catalogue", "show", made["id"], "--json").one
    assert [(place["position"], place["title"]) for place in shown["places"]] == [(1, "One"), (2, "two")]
    alone = call("catalogue", "add-recording", "Nova", "Demo", "--json").one
    assert alone["places"] == []
    assert call("catalogue", "list", "Nova", "--json").one["tracks"] == 2
    fields = [row["field"] for row in call("catalogue", "history", "Nova", "--json").lines]
    assert fields == ["title", "listed", "tracks"]  # the latest first
    shown = call("catalogue", "show", made["id"]).out
    assert "036000291452" in shown and "('Nova'" not in shown
    (head,) = [line for line in shown.splitlines() if line.startswith("field")]
    assert re.split(r"\s{2,}", head) == ["field", "value", "from", "named there", "seen"]
    assert list_actions()[:5] == ["catalogue.entered"] * 5


def test_what_was_entered_is_taken_back(call: Call, write: Any) -> None:
    call("catalogue", "import", write("mine.csv", TABLE))
    corrected = write("mine.csv", TABLE.replace("036000291452", "859000000001"))
    told = call("catalogue", "import", corrected)
    (row,) = [
        one for one in call("catalogue", "list", "Nova", "--json").lines if one["upc"] == "036000291452"
    ]
    assert f"backline catalogue remove {row['id']}" in told.out
    answer = call("catalogue", "remove", row["id"], "--json").one
    assert [(one["kind"], one["title"], one["stays"]) for one in answer["removed"]] == [
        ("release", "Dawn", False),
        ("recording", "Two", False),  # One has an ISRC, and is on the corrected release now
    ]
    assert answer["counts"]["entries"] == 2 and list_actions()[0] == "catalogue.removed"
    assert len(call("catalogue", "list", "Nova", "--json").lines) == 1
    assert call("catalogue", "remove", row["id"]).code == 2
    rows = call("catalogue", "list", "Nova", "--recordings", "--json").lines
    assert [(one["title"], one["isrc"], one["credits"]) for one in rows] == [
        ("One", "ZZA012600001", "Nova"),
        ("Two", None, "Nova"),
    ]
    assert "One" in call("catalogue", "remove", rows[0]["id"]).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add-release", "Nova", "Dawn", "--upc", "12"), "upc: '12' is not a UPC"),
        (("add-release", "Nova", "Dawn", "--released", "03/04/2026"), "release_date"),
        (("add-release", "Nova", "Dawn", "--type", "ep"), "album, single, compilation"),
        (("add-release", "Nova", " "), "is empty"),
        (("add-release", "Nobody", "Dawn"), "No artist 'Nobody'"),
        (("add-recording", "Nova", "One", "--isrc", "ZZ1"), "is not an ISRC"),
        (("add-recording", "Nova", "One", "--position", "1"), "--release RELEASE"),
        (("add-recording", "Nova", "One", "--release", "rel_0"), "nothing starts so"),
        (("show", "xyz"), "nothing starts so"),
        (("confirm", "trk_0"), "no track starts so"),
        (("import", "none.csv"), "no such file"),
    ],
)
def test_what_cannot_be_used_is_said(call: Call, words: tuple[str, ...], said: str) -> None:
    call("artist", "add", "Nova")
    result = call("catalogue", *words)
    assert result.code == 2 and said in result.err, result
    assert call("catalogue", "list", "Nova", "--json").out == ""


def test_two_tracks_at_one_place(call: Call) -> None:
    call("artist", "add", "Nova")
    made = call("catalogue", "add-release", "Nova", "Dawn", "--json").one
    on = ("--release", made["id"], "--position", "1")
    call("catalogue", "add-recording", "Nova", "One", *on)
    refused = call("catalogue", "add-recording", "Nova", "Two", *on)
    assert refused.code == 2 and "'One' and 'Two' would both be at disc 1, position 1" in refused.err
    call("artist", "add", "Kay")
    assert call("catalogue", "add-recording", "Kay", "one", *on, "--json").one["facts"]["credits"][0][
        "value"
    ] == ["Nova", "Kay"]
    places = call("catalogue", "show", made["id"], "--json").one["places"]
    assert [(place["position"], place["title"]) for place in places] == [(1, "one")]


def test_a_table_and_joins(call: Call, write: Any) -> None:
    call("import", write("report.csv", REPORT))
    told = call("catalogue", "import", write("mine.csv", TABLE))
    assert told.code == 0 and "label" in told.out and "1 joins wait" in told.err
    again = call("catalogue", "import", write("mine.csv", TABLE), "--json").one
    assert (again["outcome"], again["counts"]["unchanged"], again["counts"]["new"]) == ("unchanged", 3, 0)
    other = call("catalogue", "import", write("kay.csv", "artist,title\nKay,Six\n"))
    assert other.code == 0 and "wait" not in other.err  # what waits is none of this file's
    rows = call("catalogue", "joins", "--json").lines
    assert [(row["title"], row["state"], row["how"]) for row in rows] == [
        ("One", "joined", "isrc"),
        ("Two", "proposed", "title"),
    ]
    assert rows[0]["reasons"] == {"isrc": "ZZA012600001"} and rows[1]["reasons"] == {"title": "Two"}
    (open_one,) = call("catalogue", "joins", "Nova", "--open", "--json").lines
    assert call("catalogue", "confirm", open_one["track"], "--json").one["state"] == "joined"
    assert call("catalogue", "confirm", open_one["track"]).code == 2  # nothing is proposed any more
    assert "No join waits" in call("catalogue", "joins", "--open").out
    shown = call("catalogue", "show", open_one["recording"], "--json").one
    assert [row["track"] for row in shown["joins"]] == [open_one["track"]]
    assert "joined" in call("catalogue", "show", open_one["recording"]).out
    back = call("catalogue", "refuse", open_one["track"], open_one["recording"][:12], "--json").one
    assert (back["state"], back["decided_by"]) == ("refused", "tester")
    assert call("catalogue", "refuse", open_one["track"]).code == 2
    assert len(call("catalogue", "joins", "--refused", "--json").lines) == 2
    assert call("catalogue", "confirm", open_one["track"], "rel_").code == 2
    assert list_actions()[:2] == ["join.refused", "join.confirmed"]


def test_wrong_cells(call: Call, write: Any) -> None:
    path = write("mine.csv", TABLE + "Nova,Three,ZZ1,Dawn,036000291452,,\n,Four,,,,,\n")
    result = call("catalogue", "import", path)
    assert result.code == 4
    assert "mine.csv:4 isrc: 'ZZ1' is not an ISRC." in result.out and "mine.csv:5 artist:" in result.out
    assert call("catalogue", "import", path, "--json").one["counts"] == {"rows": 2, "wrong": 2}
