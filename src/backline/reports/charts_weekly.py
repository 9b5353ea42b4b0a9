"""charts.spotify.com, `regional-<cc|global>-weekly-YYYY-MM-DD.csv`: 200 rows, positions and streams."""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.chart_layout import count_known, lay_out_chart
from backline.reports.format import Format, Hints, Layout


def recognise(names: Collection[str]) -> int:
    """Rank, names, streams and the weeks on the chart."""
    return count_known(names, "weeks_on_chart")


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """One region and one week, told by its last day."""
    return lay_out_chart(names, file_name, hints, "charts_weekly", span=7)


charts_weekly = Format("charts_weekly", recognise, lay_out)
