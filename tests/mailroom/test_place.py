"""Names and bytes that nobody vouches for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from backline.errors import BadInput
from backline.mailroom.mailbox import Mailbox
from backline.mailroom.place import LONGEST_NAME, Mailroom, Store, TooLarge, is_wanted, tidy_name


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("Velvet Tramlines-songs-28day.csv", "Velvet Tramlines-songs-28day.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\x.csv", "x.csv"),
        ("..", "attachment"),
        ("", "attachment"),
        (".hidden.csv", "hidden.csv"),
        ("a\x00b\nc.csv", "a_b_c.csv"),
        ("a\udcffb.csv", "a?b.csv".replace("?", "_")),
    ],
)
def test_a_name_is_a_name(name: str, tidy: str) -> None:
    assert tidy_name(name) == tidy


def test_a_long_name_keeps_its_ending() -> None:
    name = tidy_name("x" * 500 + ".csv")
    assert len(name) <= LONGEST_NAME and name.endswith(".csv")


def test_what_may_be_a_statement() -> None:
    assert is_wanted("A.CSV") and is_wanted("b.xlsx") and not is_wanted("c.pdf") and not is_wanted("csv")


def test_a_file_is_stored_under_its_hash_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "in")
    path, digest, size = store.put("a.csv", iter([b"one", b"two"]), 6, changed=7)
    assert path.stat().st_mtime == 7
    assert store.put("c.csv", iter([b"one"]), 6, changed=1e11)[0].stat().st_mtime < 1e11
    assert (path.read_bytes(), size) == (b"onetwo", 6)
    assert digest == hashlib.sha256(b"onetwo").hexdigest() and path.parent.name == digest[:16]
    with pytest.raises(TooLarge):
        store.put("b.csv", iter([b"one", b"two"]), 5)
    assert sorted(found.name for found in store.folder.rglob("*") if found.is_file()) == ["a.csv", "c.csv"]


def test_places_are_chosen_by_name(tmp_path: Path) -> None:
    one, two = (Mailbox(name, "h", 1, "u", lambda: "p") for name in ("one", "two"))
    room = Mailroom([one, two], tmp_path)
    assert room.choose([]) == [one, two] and room.choose(["two"]) == [two]
    with pytest.raises(BadInput, match="No place 'three'"):
        room.choose(["three"])
    with pytest.raises(BadInput, match="No mailbox"):
        Mailroom([], tmp_path).choose([])
