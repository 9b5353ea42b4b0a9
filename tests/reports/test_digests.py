"""What makes two files the same."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path

from backline.reports.digests import digest_file, digest_hints, read_download_day
from backline.reports.format import Hints
from backline.reports.mapping import Mappings
from backline.reports.read import open_report


def test_bytes_and_the_day_of_the_download(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    os.utime(path, (86_400, 86_400))
    asked: list[int] = []
    assert digest_file(path, lambda: asked.append(1)) == hashlib.sha256(b"abc").hexdigest()
    assert asked == [1] and read_download_day(path) == date(1970, 1, 2)


def test_a_copy_of_another_day_is_the_same_and_other_words_are_not(tmp_path: Path) -> None:
    path = tmp_path / "A-songs-28day.csv"
    path.write_text("song,listeners,streams\nOne,1,2\n")

    def digest(**said: object) -> str:
        hints = Hints(**said)  # type: ignore[arg-type] # by name
        return digest_hints(hints, open_report(path, path.name, hints, Mappings()), None)

    first = digest(downloaded=date(2026, 8, 1))
    assert first == digest(downloaded=date(2026, 8, 2)) != digest(date="2026-08-02")
    formed = [digest(downloaded=date(2026, 8, 1), number_form=form) for form in ("1.200,5", "1,200.5")]
    assert len({first, *formed}) == 3
    assert digest_hints(Hints(), None, None) != digest_hints(Hints(), None, "x = 1")


def test_what_was_imported_before_there_were_number_forms_is_still_the_same() -> None:
    told = {"hints": ["Ann", None, None, None, None], "mapping": None}
    expected = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    assert digest_hints(Hints(artist="Ann"), None, None) == expected
