"""Names come from the seed, the awkward ones first."""

from __future__ import annotations

import random
import unicodedata

from backline.sandbox.names import ODD_ARTISTS, name_artist, name_person, name_title


def test_the_awkward_names_are_all_there() -> None:
    names = [name_artist(random.Random(1), number) for number in range(len(ODD_ARTISTS))]
    assert tuple(names) == ODD_ARTISTS
    text = "".join(names)
    assert {unicodedata.bidirectional(sign) for sign in text} >= {"R", "AL", "L"}
    assert any(len(name) == 1 for name in names)
    assert any(name != unicodedata.normalize("NFC", name) for name in names)
    assert any("\U0001f300" <= sign <= "\U0001faff" for sign in text)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text)
    assert {'"', "'", "<", "%", "/"} <= set(text)


def test_the_others_are_invented_and_repeatable() -> None:
    first, second = random.Random(3), random.Random(3)
    made = [(name_artist(first, 100), name_title(first), name_person(first, 3)) for _ in range(200)]
    assert made == [
        (name_artist(second, 100), name_title(second), name_person(second, 3)) for _ in range(200)
    ]
    assert len({title for _, title, _ in made}) > 100
