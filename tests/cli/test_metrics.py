"""`backline metrics`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.houses import open_house
from backline.cli.metrics import By
from backline.music import DIMENSIONS
from backline.storage.rollups import count_dirty
from tests.cli.conftest import Call
from tests.storage.fact_writer import Fact, FactWriter

DAY = 20_693  # 2026-08-28


@pytest.fixture
def filled() -> None:
    """Three days of one artist, with a missing one between."""
    with open_house() as house, house.database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(901, "Nova", confirmed=False)
        writer.add_track(7, 901, "Song")
        for day in (DAY - 3, DAY - 1, DAY):
            facts = [
                Fact(901, 10, track_no=7, country="DE", source="radio"),
                Fact(901, 5, track_no=7, country="FR", source="radio"),
                Fact(901, 125, "revenue", 7, "DE", currency="EUR", scale=2),
            ]
            writer.put(day, facts, scope="901", rows=(3, 1), known_at=1_795_507_200_000_000)


def show(call: Call, *arguments: str) -> list[tuple[str, str, str, float]]:
    result = call("metrics", "show", "--artist", "nova", "--json", *arguments)
    assert result.code == 0, result
    return [(line["key"], line["measure"], line["value"], line["coverage"]) for line in result.lines]


def test_the_agreed_line(call: Call, filled: None) -> None:
    result = call("metrics", "show", "--artist", "art_901", "--by", "day", "--json")
    assert result.lines[0] == {
        "key": "2026-08-25", "measure": "revenue", "report": "table", "value": "1.25", "currency": "EUR",
        "coverage": 0.75, "known_at": "2026-11-24T08:00:00Z",
    }  # fmt: skip
    assert list(result.lines[0]) == ["key", "measure", "report", "value", "currency", "coverage", "known_at"]
    assert result.lines[1]["currency"] is None
    assert result.err == ""


def test_by_key_and_range(call: Call, filled: None) -> None:
    covered = round(3 * 0.75 / 4, 6)
    assert show(call, "--by", "track") == [
        ("Song", "revenue", "3.75", covered),
        ("Song", "streams", "45", covered),
    ]
    assert show(call, "--by", "country")[-1] == ("FR", "streams", "15", covered)
    assert show(call, "--by", "source", "--from", "2026-08-27", "--to", "2026-08-28") == [
        ("radio", "streams", "30", 0.75)
    ]  # fmt: skip
    assert [line[0] for line in show(call, "--from", "2026-08-28")] == ["2026-08-28", "2026-08-28"]
    assert show(call, "--report", "other") == []


def test_a_name_that_stands_only_in_shared_credits(call: Call) -> None:
    with open_house() as house, house.database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(902, "Nova, Kay", parts=["Nova", "Kay"], confirmed=False)
        writer.put(DAY, [Fact(902, 11)], scope="902")
    assert show(call, "--by", "day") == [("2026-08-28", "streams", "11", 1.0)]


def test_show_refreshes_once(call: Call, filled: None) -> None:
    before = show(call, "--by", "track")
    with open_house() as house, house.database.read() as connection:
        assert count_dirty(connection) == 0
        assert connection.execute(text("SELECT count(*) FROM backline_rollup")).scalar_one() > 0
    assert show(call, "--by", "track") == before


def test_for_people(call: Call, filled: None) -> None:
    result = call("metrics", "show", "--artist", "nova", "--by", "country")
    assert result.code == 0
    assert "coverage" in result.out.splitlines()[0]
    assert "FR" in result.out


def test_nothing_to_show(call: Call) -> None:
    call("artist", "add", "Nova")
    for more in ([], ["--json"]):
        result = call("metrics", "show", "--artist", "nova", *more)
        assert (result.code, result.out) == (0, "")
        assert "No numbers" in result.err


def test_mistakes(call: Call, filled: None) -> None:
    unknown = call("metrics", "show", "--artist", "nobody")
    assert unknown.code == 2
    assert "artist add" in unknown.err
    with open_house() as house, house.database.write() as connection:
        FactWriter(connection).add_artist(902, "NOVA", confirmed=False)
    several = call("metrics", "show", "--artist", "nova")
    assert several.code == 2
    assert "art_901, art_902" in several.err
    for arguments in (
        ["--from", "28.08.2026"],
        ["--from", "2026-08-28", "--to", "2026-08-27"],
        ["--by", "planet"],
    ):
        assert call("metrics", "show", "--artist", "art_901", *arguments).code == 2


def test_export(call: Call, filled: None, tmp_path: Path) -> None:
    out = tmp_path / "numbers.csv"
    arguments = ("--artist", "nova", "--out", str(out), "--from", "2026-08-28")
    assert call("metrics", "export", *arguments, "--json").one == {"file": str(out), "rows": 8}
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["day"] for row in rows} == {"2026-08-28"}
    assert [row["value"] for row in rows if row["dimension"] == "day"] == ["1.25", "15"]
    refused = call("metrics", "export", "--artist", "nova", "--out", "numbers.xlsx")
    assert refused.code == 2
    assert ".parquet" in refused.err


def test_rebuild(call: Call, filled: None) -> None:
    before = show(call, "--by", "country")
    with open_house() as house, house.database.write() as connection:
        connection.execute(text("UPDATE backline_rollup SET value = value + 1"))
    assert show(call, "--by", "country") != before
    assert call("metrics", "rebuild", "--artist", "nova", "--json").one == {"artist": "nova", "days": 3}
    assert show(call, "--by", "country") == before
    assert call("metrics", "rebuild", "--json").one == {"artist": None, "days": 3}
    assert call("metrics", "rebuild", "--artist", "nobody").code == 2
    rows = call("audit", "list", "--object", "metrics:all", "--json").lines
    assert [row["action"] for row in rows] == ["metrics.rebuild"]
    assert rows[0]["before_sha"] != rows[0]["after_sha"] and rows[0]["before_sha"]


def test_every_dimension_can_be_asked_for() -> None:
    assert [by.value for by in By] == list(DIMENSIONS)
