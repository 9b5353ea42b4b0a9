"""What the names of downloaded files tell. Portals write "_" for signs that a file name may not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

from backline.reports.countries import GLOBAL, read_country
from backline.reports.dates import read_day
from backline.reports.format import Hints, Refused

_COPY = re.compile(r"\s*(?:\(\d{1,3}\)| - Copy| copy)$", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:csv|tsv|txt|parquet|xlsx|json)$", re.IGNORECASE)
_CHART = re.compile(
    r"(?:^|[^a-z])regional-(?P<region>[a-z]{2}|global)-(?P<length>daily|weekly)-"
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:--(?P<end>\d{4}-\d{2}-\d{2}))?",
    re.IGNORECASE,
)
_SPANS: Final = {"daily": 1, "weekly": 7}
NO_ARTIST: Final = "Say whose it is: --artist NAME."


class ChartName(NamedTuple):
    """Region and (last) day in the name of a chart's file, None where what stands there is no country or no day.

    `span` is 7 of a weekly chart, else 1.
    """

    region: str | None
    day: date | None
    span: int


def take_stem(name: str) -> str:
    """The name without its ending and without what a browser adds to a second copy."""
    return _COPY.sub("", _ENDING.sub("", name.strip())).strip()


def cut_ending(name: str, ending: str) -> str | None:
    """What stands before `ending` in the stem, None where the stem does not end so."""
    stem = take_stem(name)
    if not stem.casefold().endswith(ending):
        return None
    return stem[: len(stem) - len(ending)].strip() or None


def read_period_name(name: str, what: str, periods: Iterable[str]) -> tuple[str | None, str | None]:
    """(period, artist) of `<artist>-<what>-<period>.csv`; the artist may be missing."""
    for period in periods:
        if artist := cut_ending(name, f"-{what}-{period}"):
            return period, artist
        if cut_ending(f"x{name}", f"{what}-{period}"):
            return period, None
    return None, None


def read_chart_name(name: str) -> ChartName | None:
    """`regional-<cc|global>-daily-YYYY-MM-DD.csv` and the weekly twin, which tells the week's last day, a Thursday.

    Until 2021 weekly names told from Friday to Friday (2018-12-28--2019-01-04, the next one from 2019-01-04):
    that week, too, ends on the Thursday.
    """
    match = _CHART.search(name)
    if match is None:
        return None
    region = read_country(match["region"])
    return ChartName(
        region.lower() if region else None, _read_last_day(match), _SPANS[match["length"].lower()]
    )


def _read_last_day(match: re.Match[str]) -> date | None:
    first = read_day(match["day"], "YYYY-MM-DD")
    if match["end"] is None or first is None:
        return first
    end, last = read_day(match["end"], "YYYY-MM-DD"), first + timedelta(days=6)
    is_week = match["length"].lower() == "weekly" and end in (last, last + timedelta(days=1))
    return last if is_week else None


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
    if match is None or _read_last_day(match):
        return None
    told = match["day"] if match["end"] is None else f"{match['day']}--{match['end']}"
    what = "a day of the calendar" if match["end"] is None else "a week"
    return Refused("bad_date", f"{name}: {told} is not {what}.", "Say the right day: --date YYYY-MM-DD.")


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
