"""`backline audit key, anchor, epoch, export`: what a person does with the chain."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from backline.runtime.audit import STRUCK
from tests.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("probe")


def run(call: Call, *numbers: int) -> None:
    for number in numbers:
        assert call("run", "add", "--set", f"one={number}", "--here").code == 0


def test_key_is_made_once_for_its_owner(call: Call, state: Path) -> None:
    made = call("audit", "key", "--json").one
    path = state / "audit-key.pem"
    assert made["private_key"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made["pem"] == (state / "audit-key.pem.pub").read_text()
    again = call("audit", "key")
    assert again.code == 4
    assert "exists" in again.err


def test_anchor_wants_a_key_and_then_keeps_the_head(call: Call, state: Path) -> None:
    run(call, 1)
    without = call("audit", "anchor")
    assert without.code == 4
    assert "audit key" in without.err
    call("audit", "key")
    assert call("audit", "anchor", "--json").one == {"target": "file", "sealed": 0, "error": None}
    run(call, 2)
    assert call("audit", "anchor", "--json").one["sealed"] == 1
    lines = [json.loads(line) for line in (state / "anchors" / "anchors.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["seq"], line["count"]) for line in lines] == [(1, 1, 1), (1, 2, 2)]


def test_a_target_that_fails_is_told(call: Call, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(call, 1)
    call("audit", "key")
    (state / "taken").touch()
    monkeypatch.setenv("BACKLINE_AUDIT_ANCHOR_FOLDER", str(state / "taken"))
    result = call("audit", "anchor", "--json")
    assert result.code == 4
    assert "taken" in result.one["error"]
    assert "doctor" in result.err


def test_epoch_is_begun_with_a_reason(call: Call) -> None:
    run(call, 1)
    assert call("audit", "epoch", "--why", "month closed", "--json").one == {
        "epoch": 1,
        "why": "month closed",
    }
    assert call("audit", "epoch", "--why", "restored", "--restored", "epoch 1, seq 2").code == 0
    newest = call("audit", "list", "--json").lines[0]
    assert (newest["action"], newest["actor"]) == ("audit.epoch", "tester")
    assert newest["body"]["anchor"] == "epoch 1, seq 2"
    assert call("audit", "epoch").code == 2


def test_no_secret_is_sealed_with_the_reason_of_an_epoch(call: Call) -> None:
    words = ("--why", "password=hunter22", "--restored", "password=hunter22, seq 2")
    assert call("audit", "epoch", *words, "--json").one["why"] == f"password={STRUCK}"
    sealed = call("audit", "export").out
    assert sealed.count(STRUCK) == 4 and "hunter22" not in sealed


def test_export_is_in_the_order_of_the_chain_and_overwrites_nothing(call: Call, tmp_path: Path) -> None:
    run(call, 1, 2)
    call("audit", "epoch", "--why", "month")
    run(call, 3)
    lines = call("audit", "export").lines
    assert [line["kind"] for line in lines] == ["chain", "epoch", "row", "row", "row", "unsealed", "end"]
    assert [json.loads(line["row"]["body"])["job"]["one"] for line in lines[2:4]] == [1, 2]
    target = tmp_path / "audit.jsonl"
    assert call("audit", "export", str(target)).out == f"{target}: 4\n"
    assert [json.loads(line) for line in target.read_text().splitlines()][1:] == lines[1:]
    again = call("audit", "export", str(target))
    assert again.code == 4
    assert "exists" in again.err


def test_export_of_a_time(call: Call) -> None:
    run(call, 1)
    call("audit", "epoch", "--why", "month")
    assert len(call("audit", "export", "-", "--from", "2020-01-01").lines) == 5
    assert [line["kind"] for line in call("audit", "export", "--to", "2020-01-01").lines] == [
        "chain",
        "epoch",
        "end",
    ]
    assert call("audit", "export", "--from", "2021-01-01", "--to", "2020-01-01").code == 2


def test_epoch_after_a_restore_passes_by_the_numbers_that_anchors_know(call: Call, state: Path) -> None:
    run(call, 1)
    call("audit", "key")
    call("audit", "epoch", "--why", "month")
    call("audit", "epoch", "--why", "month")
    call("audit", "anchor")
    for name in ("backline.db", "backline.db-wal", "backline.db-shm"):
        (state / name).unlink(missing_ok=True)
    run(call, 2)
    words = ("audit", "epoch", "--why", "disk died", "--restored", "nothing")
    assert call(*words, "--json").one["epoch"] == 3
    verified = call("audit", "verify", "--json")
    assert verified.code == 0
    assert [line["kind"] for line in verified.lines[:-1]] == ["restored"]
