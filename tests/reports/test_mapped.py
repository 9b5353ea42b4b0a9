"""Tables that a mapping file explains."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backline.music import MONTH
from backline.reports.format import NeedsMapping, Refused
from backline.reports.header import fingerprint_names
from tests.reports.conftest import Read

CHART = """
report = "sea"
[columns]
date = "day"
country = "land"
rank = "pos"
streams = "plays"
[split]
column = "what"
at = " - "
into = ["artist", "track"]
"""
STATEMENT = """
report = "believe"
number_form = "1.200,5"
date_form = "DD/MM/YYYY"
[columns]
date = "Tag"
artist = "Künstler"
track = "Titel"
streams = "Menge"
revenue = "Betrag"
country = "Land"
[constants]
currency = "eur"
"""


def test_a_rank_makes_it_a_chart(read: Read) -> None:
    text = "pos,plays,what,land,day\n1,9,A - B - live,id,2026-08-01\n1,8,C - D,my,2026-08-01\n2,7,no sign,my,2026-08-01\n"
    found = read(text + "1,9,A - B,id,2026-08-01\n", mapping=CHART)
    reading = found.reading
    assert (reading.format, reading.report, reading.kind, reading.region) == ("mapped", "sea", "chart", None)
    assert reading.fingerprint == fingerprint_names(["pos", "plays", "what", "land", "day"])
    assert found.column("country")[:2] == ["ID", "MY"]
    assert found.column("track")[:2] == ["B - live", "D"]
    assert found.rejected == [(4, "missing_track"), (5, "duplicate")]


def test_a_charts_region_may_be_said(read: Read) -> None:
    mapping = "[columns]\ndate = 'd'\nrank = 'r'\nstreams = 's'\nartist = 'a'\ntrack = 't'\n"
    text = "d,r,s,a,t\n2026-08-01,1,5,A,T\n"
    assert read(text, mapping=mapping, region="FR").reading.region == "fr"
    with pytest.raises(Refused, match="--region"):
        read(text, mapping=mapping)


def test_a_statement_in_german_dress(read: Read) -> None:
    text = (
        "Tag;Künstler;Titel;Menge;Betrag;Land\r\n"
        "01/08/2026;A;T;1.200;1.234,5;AT\r\n"
        "01/08/2026;A;T;-3;-0,004;AT\r\n"
        "02/08/2026;A;T;;;AT\r\n"
        "Summe;;;1.197;1.234,496;\r\n"
    )
    found = read(text.encode("cp1252"), mapping=STATEMENT)
    assert found.counts == (4, 2, 0, 2)
    assert found.reading.totals == {"units": 1197, "money": {"EUR": Decimal("1234.496")}}
    assert found.reading.days.last == date(2026, 8, 1)
    with pytest.raises(Refused, match="do not reconcile"):
        read(text.replace("1.234,496", "1.234,497"), mapping=STATEMENT)


def test_months_are_values_of_their_last_day_told_by_statements(read: Read) -> None:
    mapping = (
        "report = 'mine'\ndate_form = 'YYYY-MM'\n[columns]\ndate = 'Sale Month'\nartist = 'Artist'\n"
        "statement = 'Reporting Date'\ncountry = 'Land'\nunits = 'Quantity'\n"
    )
    rows = "2026-02,A,2026-04-12,DE,5\nFeb 2026,A,2026-05-12,OU,7\n2027-03,A,2026-05-12,DE,7\nsoon,A,2026-05-12,DE,7\n"
    found = read("Sale Month,Artist,Reporting Date,Land,Quantity\n" + rows, mapping=mapping)
    assert (found.reading.kind, found.reading.span, found.reading.report) == ("statement", MONTH, "mine")
    assert found.column("day") == [date(2026, 2, 28)] * 2
    assert found.column("statement") == ["2026-04-12", "2026-05-12"]
    assert (found.column("country"), found.values("units")) == (["DE", ""], [5, 7])
    assert found.rejected == [(4, "future_date"), (5, "bad_date")]


def test_a_distributor_that_is_known_may_be_read_by_a_mapping(read: Read) -> None:
    mapping = (
        "number_form = '1,200.5'\ndate_form = 'YYYY-MM'\n[columns]\ndate = 'Sale Month'\nartist = 'Artist'\n"
        "revenue = 'Earnings (USD)'\n[constants]\ncurrency = 'USD'\n"
    )
    header = "Sale Month,Store,Artist,Title,Quantity,Country of Sale,Earnings (USD)\n"
    found = read(header + '2026-07,Spotify,Ann,One,1,DE,"1,234"\n', mapping=mapping)
    assert (found.reading.format, found.reading.totals["money"]) == ("mapped", {"USD": Decimal(1234)})
    assert found.column("day") == [date(2026, 7, 31)]


def test_running_totals_become_days(read: Read) -> None:
    mapping = "cumulative = ['streams']\n[columns]\ndate = 'd'\ntrack = 't'\nstreams = 'total'\n"
    rows = [
        "T,2026-08-03,30",
        "T,2026-08-01,10",
        "T,2026-08-02,15",
        "T,2026-08-05,50",
        "T,2026-08-06,49",
        "U,2026-08-03,7",
    ]
    found = read("t,d,total\n" + "\n".join(rows), mapping=mapping, artist="A")
    assert {fact["day"].day: fact["value"] for fact in found.facts} == {2: 5, 3: 15, 6: -1}
    assert found.counts == (6, 3, 0, 3)
    assert found.reading.totals["units"] == 19


def test_amounts_that_may_be_thousands_or_fractions_are_refused(read: Read) -> None:
    mapping = "[columns]\ndate = 'd'\nrevenue = 'r'\n[constants]\nartist = 'A'\ncurrency = 'EUR'\n"
    with pytest.raises(Refused, match="number_form"):
        read("d;r\n2026-08-01;1.234\n", mapping=mapping)
    found = read("d;r\n2026-08-01;1.234\n2026-08-02;0,5\n", mapping=mapping)
    assert found.reading.totals["money"] == {"EUR": Decimal("1234.5")}


def test_a_missing_column_artist_or_day_is_named(read: Read) -> None:
    with pytest.raises(Refused, match="no column 'day'"):
        read("a,b\n1,2\n", mapping=CHART)
    with pytest.raises(Refused, match="--artist"):
        read("d,s\n2026-08-01,2\n", mapping="[columns]\ndate='d'\nstreams='s'\n")
    mapping = "[columns]\nstreams='s'\nartist='d'\n"
    with pytest.raises(Refused, match="--date"):
        read("d,s\nA,2\n", mapping=mapping)
    assert read("d,s\nA,2\n", mapping=mapping, date="2026-08-01").column("day") == [date(2026, 8, 1)]


def test_a_mapping_is_asked_for_then_remembered(read: Read) -> None:
    text = "Wann;Wer;Abrufe\n2026-08-01;A;5\n"
    with pytest.raises(NeedsMapping) as caught:
        read(text)
    needs = caught.value
    assert "Wann, Wer, Abrufe" in needs.message
    assert 'streams = "Abrufe"' in needs.draft
    mapping = "[columns]\ndate='Wann'\nartist='Wer'\nstreams='Abrufe'\n"
    fingerprint = fingerprint_names(["wann", "wer", "abrufe"])
    found = read("Abrufe;Wer;Wann\n5;A;2026-08-01\n", keep={fingerprint: mapping})
    assert found.reading.fingerprint == fingerprint
    assert found.values() == [5]


def test_a_mapping_leaves_known_files_of_other_columns_alone(read: Read) -> None:
    found = read("date,artist,streams\n2026-08-01,A,5\n", mapping=CHART)
    assert found.reading.format == "table"


def test_a_track_that_all_rows_share_makes_it_a_tracks_file(read: Read) -> None:
    mapping = "[columns]\ndate='d'\nstreams='s'\n[constants]\nartist='A'\n"
    assert read("d,s\n2026-08-01,5\n", mapping=mapping, track="T").reading.kind == "track"


def test_a_charts_file_name_is_checked_where_it_is_needed(read: Read) -> None:
    mapping = "[columns]\nrank = 'r'\nstreams = 's'\nartist = 'a'\ntrack = 't'\n"
    text, name = "r,s,a,t\n1,5,A,T\n", "regional-zz-daily-2026-06-31.csv"
    with pytest.raises(Refused, match="2026-06-31 is not a day"):
        read(text, name, mapping=mapping)
    with pytest.raises(Refused, match="'zz' is not an ISO country code"):
        read(text, name, mapping=mapping, date="2026-06-30")
    assert read(text, name, mapping=mapping, date="2026-06-30", region="de").column("country") == ["DE", "DE"]


OLD_CHART = (
    ',,,"Note that these figures are generated using a formula that protects against inflation.",\n'
    'Position,"Track Name",Artist,Streams,URL\n'
    '1,"thank u, next","Ariana Grande",9000,https://example.org/1\n'
    '2,Sunflower,"Post Malone",8000,https://example.org/2\n'
)


def draft_of(read: Read, text: str, name: str) -> str:
    with pytest.raises(NeedsMapping) as caught:
        read(text, name)
    return caught.value.draft


def test_the_old_chart_is_read_by_its_draft_as_it_is(read: Read) -> None:
    name = "regional-us-daily-2019-01-04.csv"
    found = read(OLD_CHART, name, mapping=draft_of(read, OLD_CHART, name))
    reading = found.reading
    assert (reading.report, reading.kind, reading.region, reading.span) == ("my_chart", "chart", "us", 1)
    assert found.counts == (2, 2, 0, 0)
    assert (found.values(), found.values("chart_rank")) == ([9000, 8000], [1, 2])
    assert set(found.column("day")) == {date(2019, 1, 4)}
    assert found.column("artist")[:2] == ["Ariana Grande", "Post Malone"]
    assert found.column("track")[:2] == ["thank u, next", "Sunflower"]


def test_a_week_is_told_by_its_name_or_by_the_mapping(read: Read) -> None:
    name = "regional-us-weekly-2018-12-28--2019-01-04.csv"
    mapping = draft_of(read, OLD_CHART, name)
    week = read(OLD_CHART, name, mapping=mapping)
    assert (week.reading.report, week.reading.span) == ("my_chart_weekly", 7)
    assert set(week.column("day")) == {date(2019, 1, 3)}
    said = read(OLD_CHART, name, mapping="span = 7\n" + mapping).reading
    assert (said.report, said.span) == ("my_chart", 7)
    renamed = read(OLD_CHART, "x.csv", mapping="span = 7\n" + mapping, date="2019-01-03", region="us").reading
    assert (renamed.report, renamed.span) == ("my_chart", 7)
    with pytest.raises(Refused, match="2018-12-28--2019-01-09 is not a week"):
        read(OLD_CHART, name.replace("01-04", "01-09"), mapping=mapping)


def test_a_statement_is_the_same_in_another_form_of_its_day(read: Read) -> None:
    mapping = (
        "date_form = 'YYYY-MM'\n[columns]\ndate = 'Month'\nartist = 'Artist'\nunits = 'Quantity'\n"
        "statement = 'Reported'\n"
    )
    days = ["2026-07-13", "13.07.2026", "13/07/2026", "07/13/2026", "13 Jul 2026", "03/04/2026", "2026-07"]
    rows = "".join(f"2026-06,Ann,1,{day}\n" for day in days)
    found = read(f"Month,Artist,Quantity,Reported\n{rows}", mapping=mapping)
    assert found.column("statement") == [*["2026-07-13"] * 5, "03/04/2026", "2026-07"]
