"""What the daily and the weekly chart of charts.spotify.com have in common."""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.file_names import (
    as_country,
    doubt_day,
    doubt_region,
    read_chart_name,
    read_day_hint,
    read_region_hint,
)
from backline.reports.format import Hints, Layout, Refused

ALWAYS = frozenset({"rank", "artist_names", "track_name", "streams"})
KNOWN = ALWAYS | {"uri", "source", "peak_rank", "previous_rank"}


def count_known(names: Collection[str], age: str) -> int:
    """How many columns of a chart are there, 0 where one of the needed ones is missing. `age` tells daily or weekly."""
    found = set(names)
    return len(found & (KNOWN | {age})) if found >= ALWAYS | {age} else 0


def lay_out_chart(names: Collection[str], file_name: str, hints: Hints, report: str, span: int) -> Layout:
    """Region and day come from --region and --date, else from the file's name."""
    named = read_chart_name(file_name)
    region = read_region_hint(hints) or (named.region if named else None)
    day = read_day_hint(hints) or (named.day if named else None)
    if region is None:
        raise doubt_region(file_name) or Refused(
            "missing_region",
            f"{file_name} does not say which region's chart it is.",
            "Say it: --region CC (a country code, or global).",
        )
    if day is None:
        raise doubt_day(file_name) or Refused(
            "missing_date", f"{file_name} does not say which day's chart it is.", "Say it: --date YYYY-MM-DD."
        )
    columns = {"artist": "artist_names", "track": "track_name"} | ({"uri": "uri"} if "uri" in names else {})
    keys: tuple[tuple[str, ...], ...] = (("chart_rank",), ("uri",))
    return Layout(
        report=report,
        kind="chart",
        span=span,
        region=region,
        columns=columns,
        constants={"day": day, "country": as_country(region)},
        measures={"chart_rank": "rank", "streams": "streams"},
        required=frozenset({"track", "streams"}),
        unique=keys if "uri" in names else keys[:1],
    )
