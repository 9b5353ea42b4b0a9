"""`backline schedule`: added, paused, resumed, removed, each with an audit row."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("probe")


def add(call: Call, *more: str) -> str:
    """A schedule's id."""
    arguments = ("schedule", "add", "add", "--cron", "30 6 * * 1", "--set", "one=1", *more, "--json")
    return str(call(*arguments).one["id"])


def test_add_list_show(call: Call) -> None:
    schedule = add(call, "--zone", "Europe/Berlin", "--catch-up", "all")
    (row,) = call("schedule", "list", "--json").lines
    assert (row["id"], row["zone"], row["catch_up"], row["enabled"]) == (
        schedule,
        "Europe/Berlin",
        "all",
        True,
    )
    assert row["job"] == {"one": 1, "two": 2}
    assert call("schedule", "show", schedule, "--json").one == row
    assert "30 6 * * 1" in call("schedule", "list").out


def test_pause_resume_remove_are_audited(call: Call) -> None:
    schedule = add(call)
    assert call("schedule", "pause", schedule, "--json").one["enabled"] is False
    assert call("schedule", "resume", schedule, "--json").one["enabled"] is True
    assert call("schedule", "remove", schedule, "--json").one["removed"] is True
    rows = call("audit", "list", "--object", f"schedule:{schedule}", "--json").lines
    actions = [row["action"] for row in rows]
    assert actions == ["schedule.remove", "schedule.resume", "schedule.pause", "schedule.add"]
    assert call("schedule", "show", schedule).code == 2
    digests = [(row["before_sha"], row["after_sha"]) for row in rows]
    (removed, resumed, paused, added) = digests
    assert added[0] is None and removed[1] is None
    assert added[1] == paused[0] != paused[1] == resumed[0]
    assert resumed[1] == removed[0] is not None
    whole_second = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert all(re.fullmatch(whole_second, row["at"]) for row in rows)


def test_times_are_told_as_everywhere(call: Call) -> None:
    add(call)
    (row,) = call("schedule", "list", "--json").lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT06:30:00Z", row["next_slot"])


@pytest.mark.parametrize(
    "arguments", [("--cron", "whenever"), ("--cron", "0 6 * * *", "--zone", "Mars/Base")]
)
def test_mistakes_are_refused_and_leave_nothing(call: Call, arguments: tuple[str, ...]) -> None:
    result = call("schedule", "add", "add", "--set", "one=1", *arguments)
    assert result.code == 2, result
    assert call("schedule", "list", "--json").lines == []
