"""The weekly chart."""

from __future__ import annotations

from tests.reports.conftest import Read

HEADER = "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,weeks_on_chart,streams"


def test_weeks_make_it_weekly(read: Read) -> None:
    found = read(f'{HEADER}\n1,"u","A","T","L",1,2,3,"5"\n', "regional-global-weekly-2026-08-27.csv")
    reading = found.reading
    assert (reading.format, reading.report, reading.span) == ("charts_weekly", "charts_weekly", 7)
    assert reading.region == "global"
