"""The mapping file and what it says when it is wrong."""

from __future__ import annotations

import pytest

from backline.reports.format import Refused
from backline.reports.mapping import Mappings, read_mapping

GOOD = """
report = "kworb"
cumulative = ["streams"]
[columns]
date = "Day"
streams = "Total"
[split]
column = "Artist and Title"
at = " - "
into = ["artist", "track"]
"""


def test_a_mapping_names_what_it_reads() -> None:
    mapping = read_mapping("\ufeff" + GOOD)
    assert mapping.report == "kworb"
    assert mapping.needed == ["day", "total", "artist_and_title"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("report = ", "not valid TOML"),
        ("x = 1\n[columns]\nstreams = 'a'", "x:"),
        ("report = 5\n[columns]\nstreams = 'a'", "report:"),
        ("report = 'Ä B'\n[columns]\nstreams = 'a'", "report:"),
        ("[columns]\ndate = 'a'", "no measure"),
        ("[columns]\nstreams = ''", "names no column"),
        ("[columns]\nplays = 'a'", "'plays' is not something"),
        ("[columns]\nstreams = 'a'\n[constants]\nartist = ''", "artist is empty"),
        ("[columns]\nstreams = 'a'\n[constants]\nx = 'a'", "'x' cannot be a constant"),
        ("[columns]\nstreams = 'a'\n[constants]\ndate = '1.2.'", "date '1.2.' is not a day"),
        ("[columns]\nstreams = 'a'\n[constants]\ncountry = 'Germany'", "'Germany' is not an ISO code"),
        ("[columns]\nstreams = 'a'\nartist = 'b'\n[constants]\nartist = 'c'", "artist is told twice"),
        ("cumulative = ['listeners']\n[columns]\nlisteners = 'a'", "cumulative"),
        ("cumulative = ['streams']\n[columns]\nsaves = 'a'", "cumulative"),
        ("cumulative = ['streams']\nspan = 7\n[columns]\nstreams = 'a'", "span: the growth"),
        ("span = 0\n[columns]\nstreams = 'a'", "span:"),
        ("span = '7'\n[columns]\nstreams = 'a'", "span:"),
        ("[columns]\nrevenue = 'a'", "revenue needs a currency"),
        ("date_form = 'D/M'\n[columns]\nstreams = 'a'", "date_form: 'D/M' is no form of dates; known: auto"),
        ("date_form = 'D/M'\n[columns]\nstreams = 'a'", "DD.MM.YYYY and DD-MM-YYYY mean DD/MM/YYYY"),
        ("date_form = 'MM.DD.YYYY'\n[columns]\nstreams = 'a'", "dots put the day first"),
        (
            "date_form = 'MM/YYYY'\n[columns]\nstreams = 'a'",
            "date_form: MM/YYYY reads the months of a column",
        ),
        (
            "date_form = 'YYYY-MM'\nspan = 7\n[columns]\ndate = 'd'\nstreams = 'a'",
            "reads months; remove cumulative and span",
        ),
        ("[columns]\ndate = 'd'\nstatement = 's'\nstreams = 'a'", "only months are told by statements"),
        (
            "date_form = 'YYYY-MM'\n[columns]\ndate = 'd'\nrank = 'r'\nstatement = 's'",
            "charts are not told by statements",
        ),
        ("[columns]\nstreams = 'a'\n[constants]\nstatement = 's'", "'statement' cannot be a constant"),
        ("date_form = 5\n[columns]\nstreams = 'a'", "date_form: 5"),
        ("number_form = '1;2'\n[columns]\nstreams = 'a'", "number_form:"),
        ("[columns]\nstreams = 'a'\n[split]\ncolumn = 'x'\nat = ''\ninto = ['artist', 'track']", "split.at:"),
        ("[columns]\nstreams = 'a'\n[split]\ncolumn = 'x'\nat = '-'\ninto = ['artist']", "split.into:"),
        ("x" * 100_001, "longer than"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        read_mapping(text)
    assert words in caught.value.message
    assert caught.value.kind == "bad_mapping"
    assert caught.value.remedy


@pytest.mark.parametrize("form", ["DD/MM/YYYY", "DD.MM.YYYY", "DD-MM-YYYY"])
def test_a_form_of_dates_may_be_written_as_the_file_writes_it(form: str) -> None:
    assert read_mapping(f"date_form = '{form}'\n[columns]\nstreams = 'a'").date_form == "DD/MM/YYYY"


def test_a_kept_mapping_is_read_once_and_only_where_it_is_asked_for() -> None:
    mappings = Mappings(kept={"good": GOOD, "bad": "no TOML"})
    found = mappings.find("good")
    assert found is not None and found.report == "kworb"
    assert mappings.find("good") is found
    assert (mappings.find("other"), mappings.find_text("other"), mappings.given) == (None, None, None)
    with pytest.raises(Refused):
        mappings.find("bad")
