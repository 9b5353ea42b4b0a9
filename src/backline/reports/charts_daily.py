"""charts.spotify.com, `regional-<cc|global>-daily-YYYY-MM-DD.csv`: 200 rows, positions and streams."""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.chart_layout import count_known, lay_out_chart
from backline.reports.format import Format, Hints, Layout


def recognise(names: Collection[str]) -> int:
    """Rank, names, streams and the days on the chart."""
    return count_known(names, "days_on_chart")


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """One region and one day."""
    return lay_out_chart(names, file_name, hints, "charts_daily", span=1)


charts_daily = Format("charts_daily", recognise, lay_out)
