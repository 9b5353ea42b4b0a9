"""Write the samples that the package ships: an invented artist, 120 days of reports, always the same bytes.

Run as `python scripts/make_samples.py`; it writes src/backline/samples/reports/, and artist.json beside it: the
artist as the sandbox is told of it, with the ISRCs and UPCs that stand in the reports.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent / "src" / "backline" / "samples" / "reports"
ARTIST = "Velvet Tramlines"
PLATFORM_ID = "SampleVelvetTramlines0"
LAST = date(2026, 8, 30)
DAYS = [LAST - timedelta(days=119 - number) for number in range(120)]
BUMP = date(2026, 8, 14)  # the day on which a playlist took Copper Rain
RHYTHM = (0.94, 0.92, 0.95, 0.99, 1.12, 1.14, 0.94)  # Monday … Sunday
TRACKS = {
    # title: (streams on an ordinary day, release date)
    "Last Tram Home": (1450, "2025-11-07"),
    "Copper Rain": (820, "2026-05-15"),
    "Salt and Neon": (610, "2025-11-07"),
    "Attic Radio": (340, "2024-09-20"),
    "Northbound Again": (150, "2024-09-20"),
}
# No country has the prefix ZZ, and codes that begin with 2 are for use inside shops: no real recording or product.
ISRCS = {
    "Last Tram Home": "ZZVLV2500001",
    "Salt and Neon": "ZZVLV2500002",
    "Platform Nine": "ZZVLV2500003",  # no report has this one
    "Copper Rain": "ZZVLV2600001",
    "Attic Radio": "ZZVLV2400001",
    "Northbound Again": "ZZVLV2400002",
    "Depot Light": "ZZVLV2600002",  # nor this one
}
RELEASES = {
    # of each title the kind, the day, the UPC and the tracks
    "Attic Radio": ("single", "2024-09-20", "299026100010", ["Attic Radio", "Northbound Again"]),
    "Night Lines": (
        "album",
        "2025-11-07",
        "299026100027",
        ["Last Tram Home", "Salt and Neon", "Platform Nine"],
    ),
    "Copper Rain": ("single", "2026-05-15", "299026100034", ["Copper Rain"]),
    "Late Lines": ("single", "2026-08-21", "299026100041", ["Last Tram Home", "Depot Light"]),
}
# What the distributor's table says of each of its tracks: ISRC and UPC, or the UPC alone.
CODES = {
    "Last Tram Home": (ISRCS["Last Tram Home"], RELEASES["Night Lines"][2]),
    "Copper Rain": ("", RELEASES["Copper Rain"][2]),
    "Salt and Neon": (ISRCS["Salt and Neon"], RELEASES["Night Lines"][2]),
}
COUNTRIES = {"de": 0.44, "fr": 0.21, "at": 0.11, "nl": 0.1, "ch": 0.08, "pl": 0.06}
SOURCES = {"playlists": 0.5, "library": 0.32, "search": 0.18}
FIRST_WORDS = ["Amber", "Silent", "Paper", "Northern", "Electric", "Golden", "Distant"]
FIRST_WORDS += ["Crimson", "Lunar", "Hollow", "Wild", "Broken", "Little"]
LAST_WORDS = ["Harbour", "Foxes", "Cinema", "Meadow", "Orchard", "Letters", "Weather", "Parade", "Rooftops"]
LAST_WORDS += ["Satellites", "Mirrors", "Canyon"]


def count_streams(chance: random.Random, title: str, day: date) -> int:
    """Streams of a track on a day: its level, the week's rhythm, a slow rise, noise, the playlist."""
    level = TRACKS[title][0] * RHYTHM[day.weekday()] * (1 + (day - DAYS[0]).days / 900)
    if title == "Copper Rain" and day >= BUMP:
        level *= 1 + 2.4 * math.exp(-(day - BUMP).days / 9)
    return max(0, round(level * chance.uniform(0.95, 1.05)))


def write_rows(name: str, header: list[str], rows: list[list[object]], *, bom: bool = False) -> None:
    """One CSV file with CRLF, as the portals write it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    (HOME / name).write_bytes(text.getvalue().encode("utf-8-sig" if bom else "utf-8"))


def make_audience(chance: random.Random, streams: dict[tuple[str, date], int]) -> None:
    """The audience timeline of Spotify for Artists, newest generation."""
    header = [
        "date",
        "listeners",
        "monthly listeners",
        "monthly active listeners",
        "super listeners",
        "streams",
    ]
    header += ["playlist adds", "saves", "followers"]
    rows: list[list[object]] = []
    followers = 11_800
    for number, day in enumerate(DAYS):
        total = sum(streams[title, day] for title in TRACKS)
        since = (day - BUMP).days
        reach = 1 + (1.1 * (1 - math.exp(-since / 8)) if since >= 0 else 0)
        followers += round(chance.uniform(9, 21) * reach)
        monthly = round((33_000 + 45 * number) * (1 + 0.35 * (reach - 1)))
        adds = round(total * chance.uniform(0.011, 0.014) * (4.5 if since in (0, 1, 2) else 1))
        listeners = round(total * chance.uniform(0.52, 0.56))
        active = round(monthly * chance.uniform(0.285, 0.295))
        fans = round(monthly * chance.uniform(0.021, 0.022))
        rows.append([day, listeners, monthly, active, fans, total, adds, round(adds * 0.72), followers])
    write_rows(f"{ARTIST}-audience-timeline.csv", header, rows, bom=True)


def make_songs(streams: dict[tuple[str, date], int]) -> None:
    """The songs of the last 28 days."""
    rows: list[list[object]] = []
    for title, (_, released) in TRACKS.items():
        total = sum(streams[title, day] for day in DAYS[-28:])
        rows.append([title, round(total * 0.39), total, round(total * 0.021), released])
    rows.sort(key=lambda row: -int(str(row[2])))
    write_rows(
        f"{ARTIST}-songs-28day.csv", ["song", "listeners", "streams", "saves", "release_date"], rows, bom=True
    )


def make_timelines(streams: dict[tuple[str, date], int]) -> None:
    """Two songs by day."""
    for title in ("Last Tram Home", "Copper Rain"):
        rows: list[list[object]] = [[day, streams[title, day]] for day in DAYS]
        write_rows(f"{title}-timeline.csv", ["date", "streams"], rows, bom=True)


def make_chart(chance: random.Random, ours: int) -> None:
    """A national chart of one day in which the artist stands once, under a shared credit."""
    names = [f"{first} {last}" for first in FIRST_WORDS for last in LAST_WORDS]
    chance.shuffle(names)
    header = ["rank", "uri", "artist_names", "track_name", "source", "peak_rank", "previous_rank"]
    header += ["days_on_chart", "streams"]
    rows: list[list[object]] = []
    steps = [chance.uniform(0.965, 0.992) for _ in range(200)]
    streams = ours / math.prod(steps[:143])
    for rank, step in enumerate(steps, start=1):
        streams *= step
        artist, title = names[rank % len(names)], f"{chance.choice(FIRST_WORDS)} {chance.choice(LAST_WORDS)}"
        if rank == 143:
            artist, title = f"{ARTIST}, Amber Orchard", "Copper Rain"
        uri = "spotify:track:sample" + "".join(chance.choices("abcdefghijkmnpqrstuvwxyz23456789", k=16))
        before = -1 if chance.random() < 0.05 else max(1, min(200, rank + chance.randint(-9, 9)))
        peak = min(rank, before if before > 0 else rank, chance.randint(1, 200))
        label = chance.choice(["Kite Street Records", "Undertow Music", "Plum Harbour"])
        rows.append([rank, uri, artist, title, label, peak, before, chance.randint(1, 400), round(streams)])
    write_rows("regional-de-daily-2026-08-28.csv", header, rows, bom=True)


def make_table(chance: random.Random, streams: dict[tuple[str, date], int]) -> None:
    """A distributor's table of August by track, country and source; one number in it cannot be read."""
    rows: list[list[object]] = []
    for day in (day for day in DAYS if day.month == 8):
        for title in list(TRACKS)[:3]:
            for country, share in COUNTRIES.items():
                source = chance.choices(list(SOURCES), list(SOURCES.values()))[0]
                count = round(streams[title, day] * share * chance.uniform(0.93, 0.99))
                rows.append([day, ARTIST, title, *CODES[title], country.upper(), source, count])
    rows[301][-1] = "1x7"
    header = ["date", "artist", "track", "isrc", "upc", "country", "source", "streams"]
    write_rows("distributor-2026-08.csv", header, rows)


def make_artist() -> None:
    """The artist for the sandbox's control API: one edit of its world."""
    releases: list[dict[str, Any]] = []
    for title, (kind, day, upc, titles) in RELEASES.items():
        tracks = [
            {"name": one, "isrc": ISRCS[one], "duration_ms": 170_000 + 9_500 * number}
            for number, one in enumerate(ISRCS)
            if one in titles
        ]
        releases.append({"name": title, "kind": kind, "date": day, "upc": upc, "tracks": tracks})
    told = {"do": "add_artist", "artist": PLATFORM_ID, "name": ARTIST, "releases": releases}
    (HOME.parent / "artist.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write every file."""
    HOME.mkdir(parents=True, exist_ok=True)
    chance = random.Random(20260830)
    streams = {(title, day): count_streams(chance, title, day) for day in DAYS for title in TRACKS}
    make_audience(chance, streams)
    make_songs(streams)
    make_timelines(streams)
    make_chart(chance, round(streams["Copper Rain", date(2026, 8, 28)] * COUNTRIES["de"]))
    make_table(chance, streams)
    make_artist()


if __name__ == "__main__":
    main()
