"""Records of a history, judged one by one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from backline.reports.columns import Problem
from backline.reports.format import Hints
from backline.reports.mapping import Mappings
from backline.reports.plays import PLAY_SCHEMA, PlayReading, read_play, read_stamp
from backline.reports.read import open_report

LATEST = datetime(2026, 11, 26, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "ts": "2024-03-01T21:15:07Z", "ms_played": 201000, "conn_country": "DE", "platform": "ios",
    "master_metadata_track_name": "One", "master_metadata_album_artist_name": "Ann",
    "master_metadata_album_album_name": "LP", "spotify_track_uri": "spotify:track:1", "skipped": None,
    "shuffle": True, "offline_timestamp": 1709327506, "ip_addr": "203.0.113.7", "username": "ann.private",
    "user_agent_decrypted": "Agent%20Secret", "ip_addr_decrypted": "203.0.113.8", "city": "Freiburg", "region": "BW",
}  # fmt: skip


def read(
    folder: Path, *records: dict[str, Any], name: str = "endsong_0.json"
) -> tuple[PlayReading, list[dict[str, Any]]]:
    """A history of these records."""
    path = folder / "history"
    path.write_text(json.dumps(records), encoding="utf-8")
    reading = open_report(path, name, Hints(today=date(2026, 11, 24)), Mappings())
    assert isinstance(reading, PlayReading)
    return reading, [play for block in reading.blocks() for play in block.to_pylist()]


def test_a_play_and_what_is_dropped(tmp_path: Path) -> None:
    reading, (play,) = read(tmp_path, RECORD)
    told = {
        name: play[name] for name in ("kind", "title", "creator", "collection", "skipped", "shuffle", "line")
    }
    assert told == {
        "kind": "track", "title": "One", "creator": "Ann", "collection": "LP", "skipped": None, "shuffle": True,
        "line": 1,
    }  # fmt: skip
    assert play["ended_at"] == 1_709_327_707_000_000 and play["offline_at"] == 1_709_327_506_000_000
    kept = json.dumps(play)
    for private in ("203.0.113", "Agent", "ann.private", "Freiburg", "BW"):
        assert private not in kept
    assert (reading.kind, reading.report, reading.ms_played) == ("listener", "spotify_history", 201_000)
    assert reading.totals == {"units": 1, "money": {}} and reading.days.first == date(2024, 3, 1)


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (1709327506, 1_709_327_506_000_000),
        (1709327506123, 1_709_327_506_123_000),
        (0, None),
        (None, None),
        (-1, None),
        (True, None),
        (float("inf"), None),
        (float("nan"), None),
        (10**15, None),
    ],
)
def test_seconds_of_new_files_and_milliseconds_of_old_ones(value: Any, micros: int | None) -> None:
    assert read_stamp(value) == micros


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"ts": "soon"}, "bad_date"),
        ({"ts": None}, "bad_date"),
        ({"ts": "1970-01-01T00:00:00Z"}, "bad_date"),
        ({"ts": "2027-01-01T00:00:00Z"}, "future_date"),
        ({"ms_played": "5"}, "bad_number"),
        ({"ms_played": -1}, "bad_number"),
        ({"ms_played": True}, "bad_number"),
        ({"ms_played": 10**12}, "bad_number"),
    ],
)
def test_what_cannot_be_a_play(change: dict[str, Any], kind: str) -> None:
    found = read_play(RECORD | change, LATEST)
    assert isinstance(found, Problem) and found.kind == kind


def test_a_rejected_record_is_named_by_its_number(tmp_path: Path) -> None:
    reading, plays = read(tmp_path, RECORD, RECORD | {"ts": "soon"}, RECORD, RECORD | {"ms_played": 5})
    assert [(item.line, item.kind) for item in reading.rejected] == [(2, "bad_date")]
    counts = reading.counts
    assert (counts.read, counts.accepted, counts.rejected, counts.ignored) == (4, 2, 1, 1)
    assert [play["line"] for play in plays] == [1, 4]


def test_the_same_play_has_one_key_and_another_has_another() -> None:
    keys = [read_play(RECORD | change, LATEST)["key"] for change in ({}, {"ip_addr": "x"}, {"ms_played": 5})]  # type: ignore[index] # a play
    assert keys[0] == keys[1] != keys[2]


def test_episodes_chapters_and_what_is_gone(tmp_path: Path) -> None:
    gone = dict.fromkeys((name for name in RECORD if "track" in name or "album" in name), None)
    episode = RECORD | gone | {"episode_name": "E", "episode_show_name": "S", "spotify_episode_uri": "u"}
    chapter = (
        RECORD | gone | {"audiobook_title": "B", "audiobook_chapter_title": "C", "audiobook_chapter_uri": "v"}
    )
    plays = read(tmp_path, episode, chapter, RECORD | gone)[1]
    assert [(play["kind"], play["title"], play["collection"]) for play in plays] == [
        ("episode", "E", ""), ("audiobook", "C", "B"), ("unknown", "", ""),
    ]  # fmt: skip


def test_a_schema_without_anything_private() -> None:
    assert not {"ip_addr", "username", "user_agent", "city", "region"} & set(PLAY_SCHEMA.names)
