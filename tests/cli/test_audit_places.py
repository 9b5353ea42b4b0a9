"""Keys and targets as the settings name them, and what anchors that contradict each other say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backline.anchors.anchor import sign_anchor
from backline.anchors.keys import make_key, read_verifying_key
from backline.anchors.rfc3161 import StampTarget
from backline.anchors.s3 import S3Target
from backline.cli.audit_places import (
    KnownAnchors,
    find_signing_key,
    find_verifying_keys,
    judge_anchors,
    list_targets,
    open_anchorer,
    read_targets,
)
from backline.errors import BadInput
from backline.settings import load_settings
from backline.wiring import House
from tests.anchors.authority import Authority


def settings(state: Path, **options: str) -> object:
    environ = {f"BACKLINE_AUDIT_{name.upper()}": value for name, value in options.items()}
    return load_settings({"BACKLINE_STATE": str(state), **environ}).settings


def test_no_key_is_no_fault_unless_one_is_named(tmp_path: Path) -> None:
    assert find_signing_key(settings(tmp_path)) is None
    assert find_verifying_keys(settings(tmp_path), []) == []
    with pytest.raises(FileNotFoundError):
        find_signing_key(settings(tmp_path, signing_key=str(tmp_path / "gone.pem")))
    made = make_key(tmp_path / "audit-key.pem")
    found = find_signing_key(settings(tmp_path))
    assert found is not None
    assert [found.id] == [key.id for key in find_verifying_keys(settings(tmp_path), [])] == [made.id]


def test_targets_are_those_of_the_settings(tmp_path: Path) -> None:
    options = {"s3_place": "bucket/x", "tsa_url": "http://tsa.example/", "anchor_targets": "s3, file,rfc3161"}
    s3, file, stamps = list_targets(settings(tmp_path, **options))
    assert isinstance(s3, S3Target)
    assert file.name == "file"
    assert isinstance(stamps, StampTarget)
    assert list_targets(settings(tmp_path, anchor_targets="")) == []
    for name, option in (("s3", "audit.s3_place"), ("rfc3161", "audit.tsa_url")):
        with pytest.raises(BadInput, match=option):
            list_targets(settings(tmp_path, anchor_targets=name))
    with pytest.raises(BadInput, match="unknown target floppy"):
        settings(tmp_path, anchor_targets="file,floppy")


def test_targets_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    bad: list[str] = []
    assert list(read_targets(settings(tmp_path, anchor_targets="s3,file"), bad)) == []
    assert [words.partition(" cannot")[0] for words in bad] == ["The anchors of target s3"]
    assert "audit.s3_place is empty" in bad[0]


def test_anchors_are_judged_one_by_one(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key.pem")
    public = [read_verifying_key(tmp_path / "key.pem.pub")]
    first, second = (sign_anchor(key, 1, seq, bytes([seq]) * 32, seq, seq) for seq in (1, 2))
    twice = sign_anchor(key, 1, 2, bytes(32), 2, 3)
    known = KnownAnchors()
    judge_anchors([first, second, replace(first, count=9), twice], public, [], known)
    assert known.points == {(1, 1): b"\x01" * 32, (1, 2): b"\x02" * 32}
    assert [finding.kind for finding in known.findings] == ["bad_signature", "rewritten"]
    assert known.newest == twice


def test_time_stamps_are_looked_at_where_certificates_are_given(tmp_path: Path) -> None:
    rfc3161 = pytest.importorskip("backline.anchors.rfc3161")
    authority = Authority(tmp_path / "authority")
    anchor = replace(sign_anchor(make_key(tmp_path / "key.pem"), 1, 1, bytes(32), 1, 1), token="bm8=")
    certificates = rfc3161.read_certificates(authority.certificates)
    for given, kinds in (([], []), (certificates, ["bad_timestamp"])):
        known = KnownAnchors()
        judge_anchors([anchor], [], given, known)
        assert [finding.kind for finding in known.findings] == kinds
        assert bool(known.points) == (not kinds)


def test_a_process_works_on_where_it_cannot_anchor(tmp_path: Path) -> None:
    house = House(settings(tmp_path, signing_key=str(tmp_path / "gone.pem")), {})
    anchorer = open_anchorer(house)
    anchorer.start()
    anchorer.stop()
    house.close()
