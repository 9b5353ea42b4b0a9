"""What charts have in common."""

from __future__ import annotations

from backline.reports.chart_layout import KNOWN, count_known, lay_out_chart
from backline.reports.format import Hints


def test_what_is_needed_and_what_is_known() -> None:
    assert count_known({*KNOWN, "days_on_chart"}, "days_on_chart") == len(KNOWN) + 1
    assert count_known({*KNOWN, "days_on_chart"}, "weeks_on_chart") == 0
    assert count_known({"rank", "streams", "days_on_chart"}, "days_on_chart") == 0


def test_without_an_address_the_rank_is_the_only_key() -> None:
    hints = Hints(region="fr", date="2026-08-01")
    assert lay_out_chart(["rank"], "x.csv", hints, "charts_daily", 1).unique == (("chart_rank",),)
    assert lay_out_chart(["rank", "uri"], "x.csv", hints, "charts_daily", 1).unique[1] == ("uri",)
