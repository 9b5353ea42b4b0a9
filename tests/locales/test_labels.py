"""The three files of labels say the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import backline
from backline.locales import LANGUAGES, read_labels

PLACES = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", ["fr", "de"])
def test_same_keys_and_the_same_places_to_fill(language: str) -> None:
    english, other = read_labels("en"), read_labels(language)
    assert list(other) == list(english)
    for key in english:
        assert sorted(PLACES.findall(other[key])) == sorted(PLACES.findall(english[key])), key
        assert other[key].strip()


def test_unknown_language() -> None:
    assert LANGUAGES == ("en", "fr", "de")
    with pytest.raises(KeyError):
        read_labels("tlh")


def test_every_label_is_used_and_every_used_label_is_there() -> None:
    source = "\n".join(path.read_text() for path in (Path(backline.__file__).parent / "cli").rglob("*.py"))
    labels = read_labels("en")
    asked = set(re.findall(r"""label\(\s*["']([a-z_]+)["']""", source))
    assert asked <= set(labels)
    made = {"column_", "todo_"}  # put together from a column's or a state's name
    told = {key for key in labels if not any(key.startswith(part) for part in made)}
    assert {
        key
        for key in told
        if not re.search(rf"""["']{key}["']""", source) and key not in ("job_fields", "answer_fields")
    } == set()
