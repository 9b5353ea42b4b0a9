"""What charts have in common."""

from __future__ import annotations

import pytest

from backline.reports.chart_layout import KNOWN, count_known, lay_out_chart
from backline.reports.format import Hints, Refused


def test_what_is_needed_and_what_is_known() -> None:
    assert count_known({*KNOWN, "days_on_chart"}, "days_on_chart") == len(KNOWN) + 1
    assert count_known({*KNOWN, "days_on_chart"}, "weeks_on_chart") == 0
    assert count_known({"rank", "streams", "days_on_chart"}, "days_on_chart") == 0


def test_without_an_address_the_rank_is_the_only_key() -> None:
    hints = Hints(region="fr", date="2026-08-01")
    assert lay_out_chart(["rank"], "x.csv", hints, "charts_daily", 1).unique == (("chart_rank",),)
    assert lay_out_chart(["rank", "uri"], "x.csv", hints, "charts_daily", 1).unique[1] == ("uri",)


@pytest.mark.parametrize(
    ("name", "hints", "words", "way_out"),
    [
        ("regional-zz-daily-2026-06-01.csv", Hints(), "'zz' is not an ISO country code", "--region"),
        ("regional-de-daily-2026-06-31.csv", Hints(), "2026-06-31 is not a day", "--date"),
        ("regional-zz-daily-2026-06-31.csv", Hints(region="de"), "2026-06-31 is not a day", "--date"),
        ("chart.csv", Hints(date="2026-06-01"), "which region", "--region"),
        ("chart.csv", Hints(region="de"), "which day", "--date"),
    ],
)
def test_a_wrong_or_missing_region_or_day_names_its_option(
    name: str, hints: Hints, words: str, way_out: str
) -> None:
    with pytest.raises(Refused, match=words) as caught:
        lay_out_chart(["rank"], name, hints, "charts_daily", 1)
    assert way_out in (caught.value.remedy or "")


def test_options_mend_a_wrong_name() -> None:
    hints = Hints(region="de", date="2026-06-30")
    layout = lay_out_chart(["rank"], "regional-zz-daily-2026-06-31.csv", hints, "charts_daily", 1)
    assert layout.region == "de"
