"""`backline db` upgrades, and says where the database stands."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


def test_a_newer_database_is_not_sent_to_the_upgrade_that_refuses_it(call: Call, state: Path) -> None:
    call("db", "upgrade")
    with sqlite3.connect(state / "backline.db") as connection:
        connection.execute("UPDATE backline_schema SET version_num = '9999'")
    connection.close()
    for arguments in (("db", "status"), ("db", "upgrade")):
        result = call(*arguments)
        assert result.code == exits.NEEDS_PERSON
        assert "newer Backline" in result.err and "db upgrade" not in result.err
    doctor = call("doctor", "--json")
    (schema,) = [check for check in doctor.lines if check["name"] == "schema"]
    assert (doctor.code, schema["verdict"]) == (exits.NEEDS_PERSON, "problem")
    assert "newer Backline" in schema["remedy"] and "db upgrade" not in schema["remedy"]
