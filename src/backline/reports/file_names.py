"""What the names of downloaded files tell. Portals write "_" for signs that a file name may not hold."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from backline.reports.countries import GLOBAL, read_country
from backline.reports.dates import read_day
from backline.reports.format import Hints, Refused

_COPY = re.compile(r"\s*(?:\(\d{1,3}\)| - Copy| copy)$", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:csv|tsv|txt|parquet)$", re.IGNORECASE)
_CHART = re.compile(
    r"(?:^|[^a-z])regional-(?P<region>[a-z]{2}|global)-(?:daily|weekly)-(?P<day>\d{4}-\d{2}-\d{2})",
    re.IGNORECASE,
)
NO_ARTIST: Final = "Say whose it is: --artist NAME."


class ChartName(NamedTuple):
    """Region and day in the name of a chart's file, None where what stands there is no country or no day."""

    region: str | None
    day: date | None


def take_stem(name: str) -> str:
    """The name without its ending and without what a browser adds to a second copy."""
    return _COPY.sub("", _ENDING.sub("", name.strip())).strip()


def cut_ending(name: str, ending: str) -> str | None:
    """What stands before `ending` in the stem, None where the stem does not end so."""
    stem = take_stem(name)
    if not stem.casefold().endswith(ending):
        return None
    return stem[: len(stem) - len(ending)].strip() or None


def read_chart_name(name: str) -> ChartName | None:
    """`regional-<cc|global>-daily-YYYY-MM-DD.csv` and the weekly twin."""
    match = _CHART.search(name)
    if match is None:
        return None
    region = read_country(match["region"])
    return ChartName(region.lower() if region else None, read_day(match["day"], "YYYY-MM-DD"))


def doubt_region(name: str) -> Refused | None:
    """What is wrong with the region in a chart's file name, None where the name tells none or a good one."""
    match = _CHART.search(name)
    if match is None or read_country(match["region"]):
        return None
    return Refused(
        "bad_country",
        f"{name}: {match['region']!r} is not an ISO country code.",
        "Say the right region: --region CC (a country code of two letters, or global).",
    )


def doubt_day(name: str) -> Refused | None:
    """What is wrong with the day in a chart's file name, None where the name tells none or a good one."""
    match = _CHART.search(name)
    if match is None or read_day(match["day"], "YYYY-MM-DD"):
        return None
    return Refused(
        "bad_date",
        f"{name}: {match['day']} is not a day of the calendar.",
        "Say the right day: --date YYYY-MM-DD.",
    )


def read_day_hint(hints: Hints) -> date | None:
    """The day of --date. Raises `Refused` where it is none."""
    if hints.date is None:
        return None
    day = read_day(hints.date.strip(), "YYYY-MM-DD")
    if day is None:
        raise Refused("bad_option", f"--date {hints.date!r} is not a day.", "Write it as YYYY-MM-DD.")
    return day


def read_region_hint(hints: Hints) -> str | None:
    """The region of --region: a country code in lower case, or "global". Raises `Refused`."""
    if hints.region is None:
        return None
    region = read_country(hints.region.strip())
    if region is None:
        raise Refused(
            "bad_option",
            f"--region {hints.region!r} is not a region.",
            "Write a country code of two letters, or global.",
        )
    return region.lower()


def clean_hint(text: str | None) -> str | None:
    """A trimmed option, None where nothing is left."""
    return (text or "").strip() or None


def as_country(region: str) -> str:
    """The country of a chart's facts: capitals, or "global"."""
    return region if region == GLOBAL else region.upper()
