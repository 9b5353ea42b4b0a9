"""What file names tell."""

from __future__ import annotations

from datetime import date

import pytest

from backline.reports.file_names import (
    as_country,
    clean_hint,
    cut_ending,
    doubt_day,
    doubt_region,
    read_chart_name,
    read_day_hint,
    read_period_name,
    read_region_hint,
    take_stem,
)
from backline.reports.format import Hints, Refused


def test_a_second_download_is_the_same_name() -> None:
    assert take_stem("Copper Rain-timeline (1).csv") == "Copper Rain-timeline"
    assert take_stem("a - Copy.csv") == "a"


def test_endings_are_cut() -> None:
    assert cut_ending("AC_DC-audience-timeline.csv", "-audience-timeline") == "AC_DC"
    assert cut_ending("-timeline.csv", "-timeline") is None
    assert cut_ending("else.csv", "-timeline") is None


@pytest.mark.parametrize(
    ("name", "region", "span"),
    [
        ("regional-de-daily-2026-08-28.csv", "de", 1),
        ("x regional-GLOBAL-weekly-2026-08-28 (2).csv", "global", 7),
        ("regional-de-Weekly-2026-08-22--2026-08-28.csv", "de", 7),
        ("regional-de-weekly-2026-08-22--2026-08-29.csv", "de", 7),
    ],
)
def test_chart_names(name: str, region: str, span: int) -> None:
    assert read_chart_name(name) == (region, date(2026, 8, 28), span)


@pytest.mark.parametrize(
    "days", ["weekly-2026-08-22--2026-08-31", "weekly-2026-08-22--2026-08-32", "daily-2026-08-22--2026-08-28"]
)
def test_a_range_that_is_no_week_is_said(days: str) -> None:
    name = f"regional-de-{days}.csv"
    found, doubt = read_chart_name(name), doubt_day(name)
    assert found is not None and found.day is None
    assert doubt is not None and f"{days.partition('-')[2]} is not a week" in doubt.message


@pytest.mark.parametrize("name", ["chart.csv", "regional-deu-daily-2026-08-28.csv"])
def test_other_names_tell_no_chart(name: str) -> None:
    assert read_chart_name(name) is None
    assert doubt_region(name) is None
    assert doubt_day(name) is None


def test_what_is_no_country_or_no_day_in_a_charts_name_is_said() -> None:
    name = "regional-zz-daily-2026-06-31.csv"
    assert read_chart_name(name) == (None, None, 1)
    region, day = doubt_region(name), doubt_day(name)
    assert region is not None and region.kind == "bad_country" and "'zz'" in region.message
    assert "--region" in (region.remedy or "")
    assert day is not None and day.kind == "bad_date" and "2026-06-31" in day.message
    assert "--date" in (day.remedy or "")
    good = "regional-uk-weekly-2026-06-30.csv"
    assert (read_chart_name(good), doubt_region(good), doubt_day(good)) == (
        ("gb", date(2026, 6, 30), 7),
        None,
        None,
    )


def test_options_are_checked() -> None:
    assert read_day_hint(Hints(date="2026-08-28")) == date(2026, 8, 28)
    assert read_day_hint(Hints()) is None
    assert read_region_hint(Hints(region="UK")) == "gb"
    assert read_region_hint(Hints()) is None
    with pytest.raises(Refused, match="--date"):
        read_day_hint(Hints(date="28.8."))
    with pytest.raises(Refused, match="--region"):
        read_region_hint(Hints(region="Germany"))
    with pytest.raises(Refused, match="--region 'zz'"):
        read_region_hint(Hints(region="zz"))


def test_small_words() -> None:
    assert clean_hint("  ") is None
    assert clean_hint(" A ") == "A"
    assert as_country("de") == "DE"
    assert as_country("global") == "global"


def test_a_period_and_an_artist_in_a_name() -> None:
    periods = ("7day", "28day")
    assert read_period_name("Ann-songs-28day (2).csv", "songs", periods) == ("28day", "Ann")
    assert read_period_name("songs-7day.csv", "songs", periods) == ("7day", None)
    assert read_period_name("Ann-playlists-28day.csv", "songs", periods) == (None, None)
