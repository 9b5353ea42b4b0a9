"""Statements, playlists and a listener's history through the whole import, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from backline.metrics.lines import convert_lines, list_lines
from backline.metrics.numbers import show_value
from backline.metrics.rates import Exchange, Rate, RateTable
from backline.metrics.summary import summarise_reports
from backline.music import to_day
from backline.storage.database import Database
from backline.storage.numbers import StoredNumbers
from backline.storage.play_totals import total_plays
from backline.storage.rollups import refresh_rollups
from backline.tasks.report_import import undo_import
from backline.wiring import House
from tests.reports.statements import write_statement
from tests.reports.test_distrokid import CLASSIC, ROW
from tests.reports.test_plays import RECORD
from tests.storage.fact_writer import list_rollup
from tests.storage.rollup_model import model_rollup
from tests.storage.spooled import count_rows
from tests.tasks.test_report_import import bring, carry, house, write

__all__ = ["house", "write"]
Write = Callable[[str, str], Path]


def row(month: str, reported: str, units: int, money: str, **more: str) -> dict[str, str]:
    """A row of a statement."""
    told = {"Sale Month": month, "Reporting Date": reported, "Quantity": str(units), "Earnings (USD)": money}
    return ROW | told | more


@pytest.fixture
def numbers(house: House) -> Iterator[Callable[[], StoredNumbers]]:
    """Asks for the numbers of all artists, from dirty days or from the rollup."""
    opened: list[Any] = []

    def ask() -> StoredNumbers:
        for former in opened:
            former.close()
        connection = house.database.engine.connect()
        opened[:] = [connection]
        found = connection.execute(text("SELECT no FROM backline_artist ORDER BY no")).scalars().all()
        return StoredNumbers(connection, list(found))

    yield ask
    for connection in opened:
        connection.close()


def show(numbers: StoredNumbers, by: str, measure: str = "units") -> dict[str, str]:
    """Key to value of one measure."""
    return {line.key: str(line.value) for line in list_lines(numbers, by) if line.measure == measure}


def show_amounts(numbers: StoredNumbers, by: str) -> dict[str, str]:
    """Key to revenue as it is shown."""
    lines = [line for line in list_lines(numbers, by) if line.measure == "revenue"]
    return {line.key: show_value(line.value, line.currency) for line in lines}


def test_two_statements_of_one_month_are_added_and_a_corrected_one_replaces_itself(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    album = row("2026-05", "2026-07-10", 2, "13.26", **{"Song/Album": "Album", "Title": "LP", "ISRC": ""})
    bring(house, write("july.tsv", write_statement(CLASSIC, row("2026-05", "2026-07-10", 100, "1.5"), album)))
    late = write_statement(
        CLASSIC, row("2026-05", "2026-08-12", 7, "0.1"), row("2026-06", "2026-08-12", 9, "0.2")
    )
    (second,) = bring(house, write("august.tsv", late))
    assert show(numbers(), "day") == {"2026-05-31": "109", "2026-06-30": "9"}
    assert show(numbers(), "track") == {"": "2", "Öne": "116"}
    assert show(numbers(), "country") == {"DE": "118"}
    (third,) = bring(
        house,
        write(
            "again.tsv",
            late.replace(
                "\n2026-08-12,2026-05,Spotify,Ann,Öne,qz-abc-26-00001,,7,",
                "\n2026-08-12,2026-05,Spotify,Ann,Öne,qz-abc-26-00001,,8,",
            ),
        ),
    )
    assert third["outcome"] == "accepted" and show(numbers(), "day")["2026-05-31"] == "110"
    carry(house, undo_import, import_id=third["import_id"])
    assert show(numbers(), "day")["2026-05-31"] == "109"
    carry(house, undo_import, import_id=second["import_id"])
    assert show(numbers(), "day") == {"2026-05-31": "102"}
    with house.database.write() as connection:
        refresh_rollups(connection)
    assert list_rollup(house.database) == model_rollup(house.database)
    assert show(numbers(), "day") == {"2026-05-31": "102"}


def test_a_corrected_statement_leaves_nothing_of_a_month_that_it_no_longer_tells(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    may, june = row("2026-05", "2026-08-12", 5, "5.00"), row("2026-06", "2026-08-12", 6, "6.00")
    other = row("2026-05", "2026-07-10", 1, "1.00")
    files = {"other": [other], "first": [may, june], "second": [row("2026-06", "2026-08-12", 11, "11.00")]}
    files |= {"third": [row("2026-06", "2026-08-12", 12, "12.00")], "fourth": [may, june, other]}
    ids = {
        name: bring(house, write(f"{name}.tsv", write_statement(CLASSIC, *rows)))[0]["import_id"]
        for name, rows in list(files.items())[:3]
    }
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "1", "2026-06-30": "11"}
    with house.database.write() as connection:
        refresh_rollups(connection)
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "1", "2026-06-30": "11"}
    (again,) = bring(house, write("first.tsv", write_statement(CLASSIC, may, june)))
    assert again["outcome"] == "unchanged" and ids["second"] in again["remedy"]
    (third,) = bring(house, write("third.tsv", write_statement(CLASSIC, *files["third"])))
    carry(house, undo_import, import_id=ids["second"])
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "1", "2026-06-30": "12"}
    carry(house, undo_import, import_id=third["import_id"])
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "6", "2026-06-30": "6"}
    bring(house, write("second.tsv", write_statement(CLASSIC, *files["second"])))
    bring(house, write("fourth.tsv", write_statement(CLASSIC, *files["fourth"])))
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "6", "2026-06-30": "6"}
    with house.database.write() as connection:
        refresh_rollups(connection)
    assert list_rollup(house.database) == model_rollup(house.database)


def test_rows_of_no_statement_replace_months_only(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    for month in ("2026-05", "2026-06"):
        bring(house, write(f"{month}.tsv", write_statement(CLASSIC, row(month, "", 1, "1.00"))))
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "1", "2026-06-30": "1"}


def test_money_of_many_decimals_is_the_same_from_a_text_and_from_a_workbook(
    house: House, write: Write, tmp_path: Path, numbers: Callable[[], StoredNumbers]
) -> None:
    amounts = ["0.00352941176470588", "1.5E-05", "2.0000000000015", "-0.00000000000005"]
    rows = [row("2026-05", "2026-08-12", 1, amount) for amount in amounts]
    book = openpyxl.Workbook()
    book.active.append(CLASSIC.split(", "))
    for told in rows:
        cells = told | {"Earnings (USD)": float(told["Earnings (USD)"])}
        book.active.append([cells.get(name) for name in CLASSIC.split(", ")])
    book.save(tmp_path / "x.xlsx")
    for path in (write("x.tsv", write_statement(CLASSIC, *rows)), tmp_path / "x.xlsx"):
        (file,) = bring(house, path)
        assert (file["rows"]["accepted"], file["totals"]["money"]) == (4, {"USD": "2.00354441176615588"})
        assert show_amounts(numbers(), "day") == {"2026-05-31": "2.00354441176615588"}
        with house.database.write() as connection:
            refresh_rollups(connection)
        assert list_rollup(house.database) == model_rollup(house.database)
        assert show_amounts(numbers(), "track") == {"Öne": "2.00354441176615588"}
    with house.database.read() as connection:
        assert count_rows(connection, "backline_claim") == 1  # the workbook told the same


def test_a_month_is_one_value_and_months_are_compared(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    rows = [row(f"2026-{month:02}", "2026-08-12", month, f"{month}.5") for month in (1, 2, 3)]
    bring(house, write("x.tsv", write_statement(CLASSIC, *rows)))
    (report,) = summarise_reports(numbers(), 28, to_day(date(2026, 4, 10)))
    assert (str(report.period.first), str(report.period.last)) == ("2026-03-01", "2026-03-31")
    assert (str(report.before.first), str(report.before.last)) == ("2026-02-01", "2026-02-28")
    total = next(total for total in report.totals if total.measure == "units")
    assert (total.value, total.before, total.coverage, total.week) == ("3", "2", 1.0, None)
    assert total.change.absolute == "1"
    (quarter,) = summarise_reports(numbers(), 90, to_day(date(2026, 4, 10)))
    assert str(quarter.period.first) == "2026-01-01"
    assert [line.key for line in quarter.by_day if line.measure == "units"] == [
        "2026-01-31", "2026-02-28", "2026-03-31",
    ]  # fmt: skip
    assert all(line.coverage == 1.0 for line in list_lines(numbers(), "track"))


def test_money_is_shown_in_another_currency_beside_the_original(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    rows = [row("2026-05", "2026-08-12", 1, "2.00"), row("2026-06", "2026-08-12", 1, "3.00")]
    bring(house, write("x.tsv", write_statement(CLASSIC, *rows)))
    may, june = Rate("2026-05", "EUR", "USD", "0.9", "r.csv"), Rate("2026-06", "USD", "EUR", "1.25", "r.csv")
    whole, half = Exchange("EUR", RateTable([may, june])), Exchange("EUR", RateTable([may]))
    lines = list_lines(numbers(), "track")
    told = {line["measure"]: line for line in convert_lines(numbers(), "track", lines, whole)}
    assert told["units"]["converted"] is None
    assert (told["revenue"]["value"], told["revenue"]["converted"]["value"]) == ("5.00", "4.20")
    assert [rate["period"] for rate in told["revenue"]["converted"]["rates"]] == ["2026-05", "2026-06"]
    (unknown,) = [
        line for line in convert_lines(numbers(), "track", lines, half) if line["measure"] == "revenue"
    ]
    assert (unknown["converted"]["value"], unknown["converted"]["reason"]) == (None, "no_rate")
    (report,) = summarise_reports(numbers(), 60, to_day(date(2026, 8, 1)), whole)
    total = next(total for total in report.totals if total.measure == "revenue")
    assert total.converted is not None and (total.value, total.converted.value) == ("5.00", "4.20")
    for some in (report.by_day, report.by_track, report.by_country, report.by_source):
        amounts = [line.converted.value for line in some if line.converted is not None]
        assert amounts in (["1.80", "2.40"], ["4.20"])


def test_playlists_are_a_window_by_source_and_never_added(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    body = "title,author,listeners,streams,date_added\nNight,Spotify,120,340,-\nLate,kurt,11,24,n/a\n"
    path = write("Ann-playlists-28day.csv", body)
    bring(house, path, date="2026-08-01")
    bring(house, write("in/Ann-playlists-28day.csv", body.replace("340", "350")), date="2026-08-08")
    for _ in ("dirty", "rolled up"):
        assert show(numbers(), "source", "streams") == {"Late · kurt": "24", "Night · Spotify": "350"}
        assert show(numbers(), "source", "listeners") == {"Late · kurt": "11", "Night · Spotify": "120"}
        assert show(numbers(), "day", "streams") == show(numbers(), "track", "streams") == {}
        (report,) = summarise_reports(numbers(), 1, 21_000)
        assert [line.key for line in report.by_source if line.measure == "streams"] == [
            "Night · Spotify",
            "Late · kurt",
        ]
        assert report.totals == () and str(report.newest_day) == "2026-08-08"
        with house.database.write() as connection:
            refresh_rollups(connection)
    assert list_rollup(house.database) == model_rollup(house.database)


def test_a_listener_s_history_makes_no_artist_and_no_number(house: House, write: Write) -> None:
    body = json.dumps([RECORD, RECORD | {"ms_played": 5}, RECORD | {"ts": "soon"}])
    path = write("Streaming_History_Audio_2024_1.json", body)
    (line,) = bring(house, path)
    assert (line["format"], line["outcome"]) == ("spotify_history", "accepted")
    assert line["rows"] == {"read": 3, "accepted": 2, "rejected": 1, "ignored": 0}
    assert (line["totals"], line["days"]["first"]) == ({"units": 2, "money": {}}, "2024-03-01")
    assert bring(house, path)[0]["outcome"] == "unchanged"
    with house.database.read() as connection:
        for table in ("backline_artist", "backline_track", "backline_claim", "backline_fact"):
            assert count_rows(connection, table) == 0
        assert total_plays(connection, 1).ms_played == 201_005
        kept = [str(row) for row in connection.execute(text("SELECT * FROM backline_play"))]
        assert not [
            word for word in ("203.0.113", "Secret", "ann.private", "Freiburg") if word in "".join(kept)
        ]
    answer = carry(house, undo_import, import_id=line["import_id"])
    assert (answer["restored"], answer["removed"], answer["kept"]) == (0, 0, 0)
    assert bring(house, path)[0]["outcome"] == "accepted"


def test_facts_and_plays_of_one_run_do_not_mix(house: House, write: Write, database: Database) -> None:
    table = write("1.csv", "date,artist,streams\n2026-01-01,Ann,5\n")
    history = write("2.json", json.dumps([RECORD]))
    other = write("3.csv", "date,artist,streams\n2026-01-02,Ann,6\n")
    assert [line["outcome"] for line in bring(house, table, history, other)] == ["accepted"] * 3
    with database.read() as connection:
        assert connection.execute(text("SELECT sum(value) FROM backline_fact")).scalar_one() == 11
        assert count_rows(connection, "backline_play") == 1


def test_a_month_of_which_a_corrected_statement_has_but_rejected_rows_stands(
    house: House, write: Write, numbers: Callable[[], StoredNumbers]
) -> None:
    july, august = "2026-07-12", "2026-08-12"
    first = [row(month, july, 1, "1.00") for month in ("2026-04", "2026-05", "2026-06")]
    bring(house, write("one.tsv", write_statement(CLASSIC, *first)))
    second = [row("2026-05", july, 2, "2.00"), row("2026-06", july, 1, "?")]
    bring(house, write("two.tsv", write_statement(CLASSIC, *second)))
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "2", "2026-06-30": "1"}
    third = [
        row("2026-05", july, 3, "3.00"),
        row("2026-05", august, 4, "4.00"),
        row("2026-06", august, 1, "?"),
    ]
    bring(house, write("three.tsv", write_statement(CLASSIC, *third)))  # the rejected row may be of both
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "7", "2026-06-30": "1"}
    bring(house, write("four.tsv", write_statement(CLASSIC, row("2026-05", july, 5, "5.00"))))
    assert show(numbers(), "day", "revenue") == {"2026-05-31": "9"}
