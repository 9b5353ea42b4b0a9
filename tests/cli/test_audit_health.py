"""`backline doctor` on the audit: late seals, old anchors, failed targets, and their remedies."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.cli.houses import open_house
from backline.web.readiness import Check
from tests.cli.conftest import Call
from tests.storage.chains import tamper

pytestmark = pytest.mark.usefixtures("probe")


def look(call: Call, name: str) -> Check:
    checks = {line["name"]: Check(**line) for line in call("doctor", "--json").lines}
    return checks[name]


def run(call: Call, number: int = 1) -> None:
    assert call("run", "add", "--set", f"one={number}", "--here").code == 0


def change(statement: str) -> None:
    with open_house() as house:
        tamper(house.database, statement)


def test_late_seals_are_a_warning(call: Call) -> None:
    run(call)
    assert look(call, "sealing").verdict == "ok"
    assert look(call, "anchors").says == "Nothing is sealed yet."
    change("UPDATE backline_audit SET at = at - 100000000")
    check = look(call, "sealing")
    assert check.verdict == "warning"
    assert "1 audit rows or more" in check.says
    assert "backline audit anchor" in (check.remedy or "")


def test_sealing_that_is_off_is_a_warning(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("db", "upgrade")
    monkeypatch.setenv("BACKLINE_AUDIT_SEAL_SECONDS", "0")
    assert look(call, "sealing").verdict == "warning"


def test_anchors_missing_good_old_and_failed(
    call: Call, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(call)
    call("audit", "anchor")  # seals, and finds no key
    check = look(call, "anchors")
    assert (check.verdict, check.says) == ("warning", "Newest anchors: file: none yet.")
    assert "audit key" in (check.remedy or "")
    call("audit", "key")
    call("audit", "anchor")
    assert look(call, "anchors").verdict == "ok"
    change("UPDATE backline_seal_anchor SET anchored_at = anchored_at - 3600000000")
    assert look(call, "anchors").verdict == "ok", "nothing was sealed since"
    run(call, 2)
    with open_house() as house:
        house.sealer.seal_all()
    check = look(call, "anchors")
    assert (check.verdict, check.says) == ("warning", "Newest anchors: file: 60 min old.")
    assert "scheduler" in (check.remedy or "")
    (state / "taken").touch()
    monkeypatch.setenv("BACKLINE_AUDIT_ANCHOR_FOLDER", str(state / "taken"))
    call("audit", "anchor")
    assert "the last try failed (FileExistsError" in look(call, "anchors").says


def test_no_target_and_a_target_without_address(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    run(call)
    call("audit", "anchor")
    monkeypatch.setenv("BACKLINE_AUDIT_ANCHOR_MINUTES", "0")
    assert "nowhere" in look(call, "anchors").says
    monkeypatch.delenv("BACKLINE_AUDIT_ANCHOR_MINUTES")
    monkeypatch.setenv("BACKLINE_AUDIT_ANCHOR_TARGETS", "s3")
    check = look(call, "anchors")
    assert (check.verdict, check.says) == ("problem", "audit.s3_place is empty.")


def test_a_key_that_is_open_to_all_is_a_problem(call: Call, state: Path) -> None:
    run(call)
    call("audit", "key")
    call("audit", "anchor")
    (state / "audit-key.pem").chmod(0o644)
    check = look(call, "anchors")
    assert check.verdict == "problem"
    assert (check.remedy or "").startswith("chmod 600")
