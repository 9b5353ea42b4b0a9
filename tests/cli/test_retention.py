"""`backline retention` shows terms and lets old rows leave."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.houses import open_house
from backline.storage.retention import KINDS
from tests.cli.conftest import Call


@pytest.fixture
def old(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ended long ago, and a term."""
    monkeypatch.setenv("BACKLINE_RETENTION_RUNS_DAYS", "30")
    assert call("retention", "run").code == 0
    with open_house() as house, house.database.write() as connection:
        connection.execute(text("UPDATE backline_run SET finished_at = 5"))


def count_runs() -> int:
    with open_house() as house, house.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM backline_run")).scalar_one())


def test_all_but_results_and_what_spotify_said_is_kept_until_a_term_is_set(call: Call) -> None:
    rows = call("retention", "show", "--json").lines
    assert [row["kind"] for row in rows] == [*(kind.name for kind in KINDS), "content", "audit"]
    assert {row["kind"]: row["days"] for row in rows if row["days"]} == {
        "results": 30,
        "content": 30,
    }
    assert {row["due"] for row in rows} == {0}
    assert len({row["meaning"] for row in rows}) == len({row["option"] for row in rows}) == len(rows)
    assert "retention.runs_days" in call("retention", "show").out


@pytest.mark.usefixtures("old")
def test_a_dry_run_only_counts(call: Call) -> None:
    (runs,) = (row for row in call("retention", "show", "--json").lines if row["kind"] == "runs")
    assert (runs["days"], runs["due"]) == (30, 1)
    rows = call("retention", "run", "--dry-run", "--json").lines
    assert {row["kind"]: row["removed"] for row in rows}["runs"] == 1
    assert count_runs() == 2


@pytest.mark.usefixtures("old")
def test_what_is_old_leaves(call: Call, state: Path) -> None:
    rows = call("retention", "run", "--json").lines
    assert {row["kind"]: row["removed"] for row in rows} == dict.fromkeys(
        [*(kind.name for kind in KINDS), "content", "audit"], 0
    ) | {"runs": 1}
    assert count_runs() == 1
    told = call("audit", "list", "--json").lines
    assert [row["actor"] for row in told if row["action"] == "retention.runs"] == ["tester"]
    assert not (state / "audit").exists()
