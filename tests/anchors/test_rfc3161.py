"""Time stamps from a local authority: kept, verified, and refused where they are of something else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backline.anchors.anchor import Anchor
from backline.anchors.rfc3161 import StampTarget, read_certificates, verify_token
from backline.errors import BadInput
from tests.anchors.authority import Authority, open_authority
from tests.conftest import skip_missing

ANCHOR = Anchor(1, 7, "00" * 32, 7, 5, "k", "signature")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    if shutil.which("openssl") is None:
        skip_missing("openssl")
    with open_authority(tmp_path_factory.mktemp("tsa") / "authority") as opened:
        yield opened


def test_a_token_is_kept_beside_the_anchor_and_holds(authority: Authority, tmp_path: Path) -> None:
    target = StampTarget(authority.url, tmp_path, authority.certificates)
    place = target.keep(ANCHOR)
    assert place == str(tmp_path / "timestamps.jsonl")
    (kept,) = target.read([])
    assert replace(kept, token="") == ANCHOR
    seen = verify_token(kept, read_certificates(authority.certificates))
    assert abs(datetime.now(UTC) - seen) < timedelta(minutes=5)


def test_a_token_of_another_anchor_does_not_hold(authority: Authority, tmp_path: Path) -> None:
    target = StampTarget(authority.url, tmp_path)
    target.keep(ANCHOR)
    (kept,) = target.read([])
    certificates = read_certificates(authority.certificates)
    for other in (replace(kept, seq=8), replace(kept, signature="other"), replace(kept, token="bm8=")):
        with pytest.raises(BadInput, match="does not hold"):
            verify_token(other, certificates)


def test_an_authority_of_somebody_else_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    target = StampTarget(authority.url, tmp_path, stranger.certificates)
    with pytest.raises(BadInput, match="does not hold"):
        target.keep(ANCHOR)
    assert list(target.read([])) == []


def test_an_authority_that_talks_nonsense_or_is_away(authority: Authority, tmp_path: Path) -> None:
    authority.broken = True
    try:
        with pytest.raises(BadInput, match="did not answer with a time stamp"):
            StampTarget(authority.url, tmp_path).keep(ANCHOR)
    finally:
        authority.broken = False
    with pytest.raises(OSError, match="refused"):
        StampTarget("http://127.0.0.1:1/", tmp_path).keep(ANCHOR)
    with pytest.raises(BadInput, match="no address"):
        StampTarget("file:///etc/passwd", tmp_path).keep(ANCHOR)


def test_a_file_without_certificates(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(BadInput, match="no certificates"):
        read_certificates(tmp_path / "none.pem")
