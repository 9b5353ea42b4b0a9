"""`backline doctor --repair` names, asks, mends and tells the audit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.doctor_repair import IMPORT, list_items
from backline.cli.houses import open_house
from tests.cli.conftest import Call
from tests.storage.rows import make_run


@pytest.fixture
def broken(call: Call, state: Path) -> None:
    """An orphan, a run without an end of its lease, a bell and an export of long ago."""
    assert call("db", "upgrade").code == 0
    with open_house() as house, house.database.write() as connection:
        connection.execute(text("INSERT INTO backline_step VALUES ('gone', 'a', 's', '1', 5)"))
    for name, words in (
        ("doorbell/messages/1_a.backline.probe.msg", '{"headers": {"task": "backline.bell"}}'),
        ("exports/metrics-019b0000-0000-7000-8000-000000000000.csv", "a"),
        ("spool/a", "a"),
    ):
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words)
        for place in (path, path.parent):
            os.utime(place, (5, 5))


def test_nothing_to_do(call: Call) -> None:
    result = call("doctor", "--repair")
    assert (result.code, "Nothing is out of joint" in result.out) == (0, True)


@pytest.mark.usefixtures("broken")
def test_without_yes_it_only_names(call: Call, state: Path) -> None:
    result = call("doctor", "--repair", "--json")
    assert result.code == 4
    assert [row["item"] for row in result.lines] == ["orphans", "spool", "exports", "bells"]
    assert {(row["before"], row["after"], row["mended"]) for row in result.lines} == {(1, 1, 0)}
    assert (state / "spool").exists()


@pytest.mark.usefixtures("broken")
def test_with_yes_it_mends_and_tells(call: Call, state: Path) -> None:
    result = call("doctor", "--repair", "--yes", "--json")
    assert result.code == 0, result
    assert {(row["before"], row["after"], row["mended"]) for row in result.lines} == {(1, 0, 1)}
    assert not (state / "spool").exists()
    assert list((state / "doorbell" / "messages").iterdir()) == []
    told = [row for row in call("audit", "list", "--json").lines if row["action"] == "doctor.repair"]
    assert {row["object"] for row in told} == {f"repair:{row['item']}" for row in result.lines}
    assert {row["actor"] for row in told} == {"tester"}
    assert call("doctor", "--repair").code == 0


@pytest.mark.usefixtures("broken")
def test_an_import_that_began_in_any_queue_keeps_its_spool(state: Path) -> None:
    with open_house() as house:
        (spool,) = [item for item in list_items(house) if item.name == "spool"]
        make_run(house.database, task=IMPORT, queue="slow", state="running", lease_until=4102444800000000)
        assert "spool" not in [item.name for item in list_items(house)]
        assert (spool.mend(), spool.count(), (state / "spool").exists()) == (0, 0, True)


def test_half_written_keys_and_twins_of_the_database_are_removed(call: Call, state: Path) -> None:
    assert call("db", "upgrade").code == 0
    left = state / f".vault.key.{2**22 + 1}.0a1b2c3d.part"
    left.write_text("key")
    os.utime(left, (5, 5))
    twin = state / "backline.db.before-20260101T000000"
    twin.hardlink_to(state / "backline.db")
    result = call("doctor", "--repair", "--yes", "--json")
    assert [(row["item"], row["after"]) for row in result.lines] == [
        ("unfinished files", 0),
        ("kept twins", 0),
    ]
    assert not left.exists()
    assert not twin.exists()
    assert call("doctor", "--repair").code == 0
