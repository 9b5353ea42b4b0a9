"""An anchor's line, its signature, and what is no anchor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backline.anchors.anchor import Anchor, is_signed, read_anchor, read_lines, sign_anchor
from backline.anchors.keys import SigningKey

KEY = SigningKey(Ed25519PrivateKey.generate())


def make(seq: int = 3) -> Anchor:
    return sign_anchor(KEY, 1, seq, bytes([seq]) * 32, seq, 1_700_000_000_000_000)


def test_the_text_that_is_signed_is_canonical() -> None:
    anchor = make()
    assert anchor.signed_text() == (
        b'backline-anchor-v1\n{"at":1700000000000000,"count":3,"epoch":1,"hash":"' + b"03" * 32
        + b'","key":"' + KEY.id.encode() + b'","seq":3}'
    )  # fmt: skip
    assert read_anchor(anchor.as_line()) == anchor


@pytest.mark.parametrize("change", [{"seq": 4}, {"hash": "00" * 32}, {"count": 9}, {"at": 1}, {"epoch": 2}])
def test_a_signature_is_of_every_field(change: dict[str, object]) -> None:
    assert is_signed(make(), [KEY.public])
    assert not is_signed(replace(make(), **change), [KEY.public])


def test_only_the_named_key_counts() -> None:
    other = SigningKey(Ed25519PrivateKey.generate())
    assert not is_signed(make(), [other.public])
    assert is_signed(make(), [other.public, KEY.public])
    assert not is_signed(replace(make(), key=other.id), [other.public, KEY.public])


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "nonsense", '{"epoch":"1"}', make().as_line().replace("03", "0z")],
    ids=["nothing", "no fields", "a list", "words", "a text for a number", "no hex"],
)
def test_what_is_no_anchor(line: str) -> None:
    assert read_anchor(line) is None


def test_a_folder_is_read_and_a_bad_line_told(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.jsonl").write_text(f"{make(1).as_line()}\n\ncut{{\n{make(2).as_line()}\n")
    (tmp_path / "sub" / "b.json").write_text(make(3).as_line())
    (tmp_path / "other.txt").write_text("not looked at")
    bad: list[str] = []
    assert [anchor.seq for anchor in read_lines(tmp_path, bad)] == [1, 2, 3]
    (words,) = bad
    assert words.endswith("a.jsonl, line 3, is not an anchor.")
