"""Drafts of mappings: written for what is not known, and nothing is imported."""

from __future__ import annotations

import zipfile
from pathlib import Path

from backline.cli.exits import BAD_INPUT, FINE, NEEDS_PERSON
from tests.cli.conftest import Call

TABLE = "date,artist,streams\n2026-01-01,Ann,5\n"
ODD = "Tag;Wer;Wie oft\n2026-01-01;Ann;5\n"


def test_a_known_file_needs_no_draft_and_is_not_imported(call: Call, tmp_path: Path) -> None:
    known, draft = tmp_path / "x.csv", tmp_path / "draft.toml"
    known.write_text(TABLE)
    result = call("import", known, "--draft-map", draft)
    assert (result.code, draft.exists()) == (FINE, False)
    assert "No draft was needed: x.csv is known as table." in result.out and "--draft-map" in result.out
    assert call("import", "list", "--json").lines == call("runs", "list", "--json").lines == []


def test_a_draft_is_written_of_the_first_unknown_file(call: Call, tmp_path: Path) -> None:
    draft, archive = tmp_path / "draft.toml", tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("1.csv", TABLE)
        file.writestr("2.csv", ODD)
        file.writestr("3.csv", "<html></html>")
    result = call("import", archive, tmp_path, "--draft-map", draft, "--json")
    assert result.code == NEEDS_PERSON
    told = [(line["file"], line["format"], line["outcome"]) for line in result.lines[:3]]
    assert told == [
        ("a.zip/1.csv", "table", "known"),
        ("a.zip/2.csv", None, "needs_mapping"),
        ("a.zip/3.csv", None, "rejected"),
    ]
    assert "Wie oft" in draft.read_text() and all("draft" not in line for line in result.lines)
    out = call("import", archive, "--draft-map", tmp_path / "again.toml").out
    assert "3.csv\n  What to do: " in out and "again.toml" in out


def test_a_kept_mapping_does_not_stand_in_the_way_of_another(call: Call, tmp_path: Path) -> None:
    odd, mapping, draft = tmp_path / "odd.csv", tmp_path / "map.toml", tmp_path / "draft.toml"
    odd.write_text(ODD)
    mapping.write_text('[columns]\ndate = "Tag"\nartist = "Wer"\nstreams = "Wie oft"\n')
    assert call("import", odd, "--map", mapping).code == FINE
    assert call("import", odd, "--draft-map", draft).code == NEEDS_PERSON and draft.exists()


def test_a_report_without_a_day_is_known_by_its_date_of_change(call: Call, tmp_path: Path) -> None:
    songs = tmp_path / "Ann-songs-28day.csv"
    songs.write_text("song,listeners,streams,saves,release_date\nOne,1,2,3,2026-01-01\n")
    result = call("import", songs, "--draft-map", tmp_path / "draft.toml", "--json")
    assert [(line.get("format"), line.get("outcome")) for line in result.lines[:1]] == [
        ("s4a_songs", "known")
    ]


def test_a_form_of_numbers_that_is_none_is_said(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(TABLE)
    wrong = call("import", tmp_path / "x.csv", "--draft-map", tmp_path / "d.toml", "--number-form", ",")
    assert wrong.code == BAD_INPUT and "--number-form" in wrong.err and "1.200,5" in wrong.err
