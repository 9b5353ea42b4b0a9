"""What an import did, in words."""

from __future__ import annotations

from typing import Any

import pytest

from backline.cli.import_words import show_files, show_import, show_imports, summarise_file
from backline.cli.screen import Screen

FILE: dict[str, Any] = {
    "file": "x.csv",
    "format": "table",
    "outcome": "accepted",
    "import_id": "imp_1",
    "rows": {"read": 13, "accepted": 1, "rejected": 12, "ignored": 0},
    "rejected": [{"line": line, "kind": "bad_number", "reason": "no number"} for line in range(2, 14)],
    "totals": {"units": 7, "money": {"USD": "2.00", "EUR": "1.50"}},
    "days": {"first": "2026-01-01", "last": "2026-01-01", "count": 1},
    "remedy": None,
    "draft": None,
}
UNKNOWN: dict[str, Any] = {
    "file": "odd.csv",
    "outcome": "needs_mapping",
    "remedy": "Map it.",
    "draft": "[columns]\n",
}
ROW: dict[str, Any] = {
    **{key: value for key, value in FILE.items() if key not in ("import_id", "draft")},
    "id": "imp_1",
    "report": "mine",
    "at": "2026-01-02T00:00:00Z",
    "run": "r",
    "claims": {"brought": 1},
    "undone_at": None,
    "undone_by": None,
}


def test_cells_of_a_file() -> None:
    assert summarise_file(FILE) == {
        "file": "x.csv",
        "outcome": "accepted",
        "format": "table",
        "rows": 1,
        "rejected": 12,
        "units": "7, 1.50 EUR, 2.00 USD",
        "days": "2026-01-01",
    }
    assert summarise_file(UNKNOWN)["days"] is None
    days = {"first": "2026-01-01", "last": "2026-01-31", "count": 30}
    assert summarise_file({**FILE, "days": days})["days"] == "2026-01-01 – 2026-01-31 (30)"


def test_first_rejected_lines_and_how_many_more(capsys: pytest.CaptureFixture[str]) -> None:
    show_files(Screen(), [FILE])
    out = capsys.readouterr().out
    assert "  2: no number" in out and "  11: no number" in out and "  12: " not in out
    assert "and 2 more" in out


def test_an_unknown_table_tells_of_drafts(capsys: pytest.CaptureFixture[str]) -> None:
    show_files(Screen(), [FILE])
    assert "--draft-map" not in capsys.readouterr().out
    show_files(Screen(), [FILE, UNKNOWN])
    out = capsys.readouterr().out
    assert "--draft-map" in out and "Map it." in out


def test_json_leaves_the_draft_out(capsys: pytest.CaptureFixture[str]) -> None:
    show_files(Screen(json_lines=True), [FILE, UNKNOWN])
    assert "draft" not in capsys.readouterr().out


def test_imports_in_words_and_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_imports(Screen(), [ROW])
    show_import(Screen(), ROW)
    out = capsys.readouterr().out
    assert out.count("imp_1") == 2 and "no number" in out and "brought" in out
    show_imports(Screen(json_lines=True), [ROW])
    show_import(Screen(json_lines=True), ROW)
    listed, shown = capsys.readouterr().out.splitlines()
    assert '"rejected": [' not in listed and '"rejected": [' in shown


def test_remedy_of_an_accepted_file_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"rejected": [], "remedy": "Put the day before in."}
    show_files(Screen(), [{**FILE, **told}])
    show_import(Screen(), {**ROW, **told})
    out = capsys.readouterr().out
    assert out.count("Put the day before in.") == 2 and "Rejected lines" not in out
