"""`backline db` upgrades, and says where the database stands."""

from __future__ import annotations

from backline.cli import exits
from tests.cli.conftest import Call


def test_status_before_and_after_an_upgrade(call: Call) -> None:
    before = call("db", "status", "--json")
    assert before.code == exits.NEEDS_PERSON
    assert before.one["schema"] is None
    assert "db upgrade" in before.err
    upgrade = call("db", "upgrade", "--json").one
    assert upgrade["before"] is None and upgrade["changed"] is True
    after = call("db", "status", "--json")
    assert (after.code, after.one["current"]) == (0, True)
    assert call("db", "upgrade", "--json").one["changed"] is False
