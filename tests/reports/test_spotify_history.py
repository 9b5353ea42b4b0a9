"""Which lists of JSON are a history."""

from __future__ import annotations

import json

import pytest

from backline.reports.format import Hints, NeedsMapping, Refused
from backline.reports.spotify_history import lay_out, recognise
from tests.reports.conftest import Read
from tests.reports.test_plays import RECORD


def test_its_names_are_known() -> None:
    assert recognise(RECORD) == len(RECORD)
    assert recognise(["ts", "ms_played"]) == 0
    assert lay_out(list(RECORD), "x", Hints()).kind == "listener"


def test_the_short_history_is_refused_with_what_to_ask_for(read: Read) -> None:
    short = [{"endTime": "2026-01-01 10:00", "artistName": "Ann", "trackName": "One", "msPlayed": 5}]
    with pytest.raises(Refused, match="extended streaming history") as caught:
        read(json.dumps(short), "StreamingHistory_music_0.json")
    assert caught.value.kind == "short_history"


@pytest.mark.parametrize("text", ['[{"a": 1}]', '{"ts": 1}', "[]", '[ {"date": "2026-01-01", "streams": 5}]'])
def test_other_json_is_refused_as_before(read: Read, text: str) -> None:
    with pytest.raises(Exception) as caught:  # of two kinds
        read(text, "x.json")
    assert getattr(caught.value, "kind", "json") in ("json", "not_a_table")


def test_a_table_of_its_columns_is_no_history(read: Read) -> None:
    with pytest.raises(NeedsMapping):
        read("ts,ms_played,spotify_track_uri\n2026-01-01T00:00:00Z,5,u\n", "x.csv")
