"""/api/v1/artists: the roster by pages, and the numbers as the command prints them."""

from __future__ import annotations

import pytest

from backline.storage.artists import add_artist
from backline.wiring import House
from tests.storage.fact_writer import Fact, FactWriter
from tests.web.houses import Caller

ARTISTS = "/api/v1/artists"


def add(house: House, name: str) -> str:
    with house.database.write() as connection:
        return str(add_artist(connection, house.database.now_sql, name, created_by="ann").row.id)


def test_pages_in_the_order_they_came_in(house: House, call: Caller) -> None:
    ids = [add(house, f"Artist {number}") for number in range(5)]
    with house.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE backline_artist SET confirmed = false WHERE id = '{ids[1]}'")
    seen, cursor = [], ""
    while True:
        page = call("GET", f"{ARTISTS}?limit=2{cursor}").json()
        seen += [artist["id"] for artist in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ids
    confirmed = call("GET", f"{ARTISTS}?confirmed=true").json()["items"]
    assert [artist["id"] for artist in confirmed] == [ids[0], *ids[2:]]
    assert confirmed[0]["name"] == "Artist 0" and confirmed[0]["created_by"] == "ann"


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=2026-02-30", "from"), ("from=0", "from"), ("to=1e3", "to"), ("from=2026-08-02&to=2026-08-01", "to"),
     ("by=week", "by"), ("report=a%00b", "report")],
)  # fmt: skip
def test_questions_that_cannot_be(house: House, call: Caller, query: str, field: str) -> None:
    answer = call("GET", f"{ARTISTS}/{add(house, 'Velvet')}/metrics?{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_numbers_are_exact_and_by_the_day(house: House, call: Caller) -> None:
    artist = add(house, "Velvet Tramlines")
    with house.database.write() as connection:
        no = connection.exec_driver_sql("SELECT no FROM backline_artist").scalar_one()
        writer = FactWriter(connection)
        writer.put(20_000, [Fact(no, 12_345_678_901_234_567, country="DE")])
        writer.put(20_001, [Fact(no, 5, country="FR")])
    days = call("GET", f"{ARTISTS}/{artist}/metrics").json()["items"]
    assert [(line["key"], line["value"]) for line in days] == [
        ("2024-10-04", "12345678901234567"),
        ("2024-10-05", "5"),
    ]
    some = call("GET", f"{ARTISTS}/{artist}/metrics?by=country&from=2024-10-05&report=table").json()["items"]
    assert [(line["key"], line["value"], line["report"]) for line in some] == [("FR", "5", "table")]
    assert call("GET", f"{ARTISTS}/{artist}/metrics?report=other").json() == {"items": []}


def test_an_artist_that_is_not_there(call: Caller) -> None:
    assert call("GET", f"{ARTISTS}/art_0000000000000000/metrics").status_code == 404
    assert call("GET", f"{ARTISTS}/Velvet/metrics").status_code == 422
