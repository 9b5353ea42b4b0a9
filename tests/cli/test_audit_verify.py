"""`backline audit verify`: green on what is untouched, code 4 and a name for what is not, also offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.houses import open_house
from backline.storage.database import Database
from tests.cli.conftest import Call
from tests.storage.chains import tamper

pytestmark = pytest.mark.usefixtures("probe")


@pytest.fixture
def told(call: Call) -> Database:
    """Three sealed rows, anchored after the second and the third."""
    call("audit", "key")
    for number in (1, 2, 3):
        assert call("run", "add", "--set", f"one={number}", "--here").code == 0
        assert call("audit", "anchor").code == 0
    with open_house() as house:
        return house.database


def kinds(call: Call, *words: str) -> tuple[int, list[str]]:
    result = call("audit", "verify", "--json", *words)
    return result.code, [line["kind"] for line in result.lines[:-1]]


def test_an_untouched_chain(call: Call, told: Database) -> None:
    result = call("audit", "verify", "--json")
    assert result.code == 0
    assert {**result.one, "seconds": 0, "rows_a_second": 0} == {
        "whole": True, "rows": 3, "anchors": 3, "faults": 0, "seconds": 0, "rows_a_second": 0,
    }  # fmt: skip
    assert result.one["rows_a_second"] > 0


def test_what_was_done_is_told(call: Call, told: Database) -> None:
    tamper(told, "UPDATE backline_audit SET actor = 'bob' WHERE id = 2")
    result = call("audit", "verify")
    assert result.code == 4
    assert "fault: Audit row 2 was changed (epoch 1, seal 2).\n" in result.out
    tamper(told, "DELETE FROM backline_audit WHERE id = 3", "DELETE FROM backline_seal WHERE seq = 3")
    assert kinds(call) == (4, ["changed_row", "cut_tail"])


def test_without_anchors_that_is_said(call: Call, told: Database, state: Path) -> None:
    (state / "anchors" / "anchors.jsonl").unlink()
    with told.write() as connection:
        connection.execute(text("DELETE FROM backline_seal_anchor"))
    assert kinds(call) == (0, ["no_anchors"])


def test_anchors_that_were_kept_and_are_gone_are_a_fault(call: Call, told: Database, state: Path) -> None:
    file = state / "anchors" / "anchors.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:2]) + "\n")
    assert kinds(call) == (4, ["missing_anchor"])
    assert (
        "fault: Target file was given an anchor at epoch 1, seal 3: it is gone.\n"
        in call("audit", "verify").out
    )
    file.unlink()
    assert kinds(call) == (4, ["no_anchors", "missing_anchor"])
    file.write_text("\n".join(lines) + "\n")
    assert kinds(call) == (0, [])


def test_a_copy_of_the_anchors_may_be_older(call: Call, told: Database, state: Path, tmp_path: Path) -> None:
    copy = tmp_path / "anchors.jsonl"
    copy.write_text((state / "anchors" / "anchors.jsonl").read_text().splitlines()[0] + "\n")
    assert kinds(call, "--anchors", str(copy)) == (0, [])


def test_without_a_key_that_is_said(call: Call, told: Database, state: Path) -> None:
    (state / "audit-key.pem.pub").unlink()
    assert kinds(call) == (0, ["no_key"])


def test_an_anchor_of_another_hand_counts_for_nothing(call: Call, told: Database, state: Path) -> None:
    file = state / "anchors" / "anchors.jsonl"
    lines = file.read_text().splitlines()
    forged = json.dumps(json.loads(lines[1]) | {"hash": "00" * 32})
    file.write_text("\n".join([lines[0], forged, "nonsense", lines[2]]) + "\n")
    assert kinds(call) == (4, ["bad_signature", "bad_anchor"])
    call("audit", "key", str(state / "other.pem"))
    assert kinds(call, "--public-key", str(state / "other.pem.pub"))[1].count("bad_signature") == 3
    both = ("--public-key", str(state / "other.pem.pub"), "--public-key", str(state / "audit-key.pem.pub"))
    assert kinds(call, *both, "--anchors", str(state / "anchors")) == (4, ["bad_signature", "bad_anchor"])


def test_an_export_is_verified_offline(call: Call, told: Database, state: Path, tmp_path: Path) -> None:
    file, anchors, public = tmp_path / "e.jsonl", state / "anchors", state / "audit-key.pem.pub"
    call("audit", "export", str(file))
    (state / "backline.db").rename(tmp_path / "away.db")
    words = ("--export", str(file), "--anchors", str(anchors), "--public-key", str(public))
    assert kinds(call, *words) == (0, [])
    assert kinds(call, "--export", str(file)) == (0, ["no_anchors"])
    file.write_text(file.read_text().replace("tester", "nobody", 1))
    assert kinds(call, *words) == (4, ["changed_row"])
    assert not (state / "backline.db").exists()
    assert call("audit", "verify", "--export", str(public)).code == 2


def test_an_older_export_stands_against_younger_anchors(
    call: Call, told: Database, state: Path, tmp_path: Path
) -> None:
    file = tmp_path / "e.jsonl"
    call("audit", "export", str(file))
    call("run", "add", "--set", "one=4", "--here")
    assert call("audit", "anchor").code == 0
    call("audit", "epoch", "--why", "month")
    assert call("audit", "anchor").code == 0
    words = ("--export", str(file), "--whole", "--anchors", str(state / "anchors"))
    assert kinds(call, *words) == (0, ["younger_anchors"])
    (note,) = [line for line in call("audit", "verify", *words).out.splitlines() if line.startswith("note")]
    assert note.startswith("note: 2 anchors are younger than this export of 2")
    assert "Nothing answers" not in note


@pytest.mark.parametrize("how", ["moment", "cut", "unsigned"])
def test_the_moment_and_the_end_of_an_export_are_signed(
    call: Call, told: Database, state: Path, tmp_path: Path, how: str
) -> None:
    file = tmp_path / "e.jsonl"
    call("audit", "export", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    if how == "moment":
        lines[0]["made_at"] += 1
    else:  # an end cut off, and the moment set back to the row before
        del lines[-2]
        lines[-1]["rows"] -= 1
        lines[0]["made_at"] = lines[-2]["row"]["at"]
    if how == "unsigned":
        del lines[-1]["key"], lines[-1]["signature"]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = ("--export", str(file), "--anchors", str(state / "anchors"))
    if how == "unsigned":
        assert kinds(call, *words) == (0, ["younger_anchors"])
        assert "Nothing answers for that moment" in call("audit", "verify", *words).out
    else:
        code, found = kinds(call, *words)
        assert (code, found[0]) == (4, "bad_signature")


def test_a_part_says_that_it_is_one(call: Call, told: Database, tmp_path: Path) -> None:
    file = tmp_path / "e.jsonl"
    call("audit", "export", str(file))
    assert kinds(call, "--export", str(file), "--whole") == (0, ["no_anchors"])
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["whole"] = False
    del lines[3:5]  # two rows of three
    lines[-1] = {"kind": "end", "rows": 1, "unsealed": 0}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = call("audit", "verify", "--export", str(file), "--json")
    assert (result.code, [line["kind"] for line in result.lines[:-1]]) == (0, ["no_anchors", "part"])
    assert result.lines[-1]["whole"] is False
    assert "note: This is a part of the chain, 1 seals" in call("audit", "verify", "--export", str(file)).out
    assert kinds(call, "--export", str(file), "--whole") == (4, ["no_anchors", "part"])
    del lines[2]
    lines[-1] |= {"rows": 0, "unsealed": 1}
    lines.insert(2, {"kind": "unsealed", "row": {"id": 9, "at": 5}})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert kinds(call, "--export", str(file)) == (4, ["no_anchors", "empty_part", "unsealed_rows"])


def test_rows_that_nobody_seals_are_a_fault(call: Call, told: Database) -> None:
    call("run", "add", "--set", "one=4", "--here")
    assert kinds(call) == (0, [])
    tamper(told, "UPDATE backline_audit SET at = at - 61000000 WHERE id = 4")
    result = call("audit", "verify")
    assert result.code == 4
    assert "fault: Audit row 4 of " in result.out
    assert " is not sealed: start a process" in result.out
    assert "backline audit anchor" in result.out
    assert call("audit", "anchor").code == 0
    assert kinds(call) == (0, [])


def test_a_target_that_cannot_be_read_is_a_fault(
    call: Call, told: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLINE_AUDIT_ANCHOR_TARGETS", "file,s3")
    assert kinds(call) == (4, ["bad_anchor"])
    with told.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_seal")).scalar_one() == 3
