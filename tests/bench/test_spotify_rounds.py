"""Clients of the Web API read the same bytes, each in its own process; whoever reads otherwise is found out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from rich.console import Console

from bench import tables
from bench.spotify_answers import KINDS, take_answers
from bench.spotify_program import measure_memory
from bench.spotify_readers import WAYS, tell
from bench.spotify_rounds import compare, measure_reading
from bench.workers import RoundFailed


def test_every_client_that_is_installed_has_a_price_for_each_kind() -> None:
    found = measure_reading(2, 2)
    assert [one["way"] for one in found] == [key for key, way in WAYS.items() if way.is_installed]
    for one in found:
        assert all(one[part][kind]["low"] > 0 for part in ("calls", "bodies") for kind in KINDS)
        assert len(one["rounds"]) == 2
        assert 10 < one["opened_mib"] <= one["peak_mib"]
    tables.show_reading(Console(quiet=True), found)


def test_answers_are_as_long_as_they_are_said_to_be() -> None:
    answers = take_answers()
    assert list(answers) == list(KINDS)
    pages = {kind: [json.loads(body) for body in bodies] for kind, bodies in answers.items()}
    assert {len(one["items"]) for one in pages["page"]} == {10}
    assert {len(one["items"]) for one in pages["rows"]} == {50}
    assert all(row["item"]["type"] == "track" for one in pages["rows"] for row in one["items"])


def test_what_a_client_reads_is_told_alike_from_dicts_and_from_models() -> None:
    stub = {"name": "Ebb", "release_date": "2026"}
    assert tell("page", {"items": [stub]}) == tell("page", SimpleNamespace(items=[SimpleNamespace(**stub)]))
    assert tell("track", {"name": "Ebb", "external_ids": {"isrc": "ZZ"}}) == ["Ebb", "ZZ"]


def test_a_client_that_reads_something_else_is_named() -> None:
    compare({"bare": [1], "spotipy": [1]})
    with pytest.raises(RoundFailed, match="tekore does not read what Backline"):
        compare({"bare": [1], "spotipy": [1], "tekore": [2]})


def test_memory_is_that_of_this_process() -> None:
    assert measure_memory() > 10
