"""`backline audit` lists and exports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("probe")


def test_list_by_run(call: Call) -> None:
    first = call("run", "add", "--set", "one=1", "--here", "--json").one["run"]
    call("run", "add", "--set", "one=2", "--here")
    assert len(call("audit", "list", "--json").lines) == 2
    (row,) = call("audit", "list", "--run", first[:-2], "--json").lines
    assert (row["object"], row["actor"], row["body"]["job"]) == (
        f"run:{first}",
        "tester",
        {"one": 1, "two": 2},
    )


def test_export_is_oldest_first_and_overwrites_nothing(call: Call, tmp_path: Path) -> None:
    for number in "12":
        call("run", "add", "--set", f"one={number}", "--here")
    rows = call("audit", "export").lines
    assert [row["body"]["job"]["one"] for row in rows] == [1, 2]
    target = tmp_path / "audit.jsonl"
    assert call("audit", "export", "--to", str(target)).code == 0
    assert [json.loads(line) for line in target.read_text().splitlines()] == rows
    again = call("audit", "export", "--to", str(target))
    assert again.code == 4
    assert "exists" in again.err
