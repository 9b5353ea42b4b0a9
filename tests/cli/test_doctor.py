"""`backline doctor` finds what is wrong and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.doctor import check_waiting
from backline.cli.houses import open_house
from backline.runtime.submit import Ask
from tests.cli.conftest import Call
from tests.cli.test_runs import add_intent


def look(call: Call) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit code and the checks by name."""
    result = call("doctor", "--json")
    return result.code, {check["name"]: check for check in result.lines}


def test_empty_machine_is_well_and_stays_empty(call: Call, state: Path) -> None:
    code, checks = look(call)
    assert code == 0
    assert {check["verdict"] for check in checks.values()} == {"ok"}
    assert not state.exists()


def test_used_machine_is_well(call: Call) -> None:
    call("db", "upgrade")
    code, checks = look(call)
    assert code == 0, checks
    assert {"clock", "waiting runs", "failures", "schema", "broker", "disk"} <= checks.keys()


def test_old_schema_is_a_problem(call: Call, state: Path) -> None:
    state.mkdir()
    (state / "backline.db").touch()
    code, checks = look(call)
    assert code == 4
    assert "db upgrade" in checks["schema"]["remedy"]
    assert "clock" not in checks


def test_database_and_broker_away(program: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", "postgresql://me:hush-hush@127.0.0.1:1/none")
    monkeypatch.setenv("BACKLINE_BROKER_URL", "redis://127.0.0.1:1/0")
    result = program("doctor", "--json")
    assert result.code == 4
    problems = {check["name"] for check in result.lines if check["verdict"] == "problem"}
    assert problems == {"database", "broker"}
    assert "hush-hush" not in result.out


@pytest.mark.usefixtures("probe")
def test_unanswered_failures_are_counted(call: Call) -> None:
    call("run", "refuse", "--here")
    code, checks = look(call)
    assert (code, checks["failures"]["verdict"]) == (0, "warning")
    assert "runs dead" in checks["failures"]["remedy"]


@pytest.mark.usefixtures("probe")
def test_run_that_nobody_takes() -> None:
    with open_house(tasks=True) as house:
        spec = house.find_task("probe.add")
        house.submit(spec, spec.read_job(1), Ask("tester"))
        assert check_waiting(house.database).verdict == "ok"
        with house.database.write() as connection:
            connection.execute(text("UPDATE backline_run SET due_at = due_at - 120000000"))
        check = check_waiting(house.database)
    assert check.verdict == "warning"
    assert "backline up" in (check.remedy or "")


@pytest.mark.usefixtures("probe")
def test_schedules_of_an_unknown_task_are_counted(call: Call) -> None:
    for _ in range(2):
        assert call("schedule", "add", "add", "--cron", "0 6 * * *", "--set", "one=1").code == 0
    assert look(call)[1]["schedules"]["verdict"] == "ok"
    with open_house() as house, house.database.write() as connection:
        connection.execute(text("UPDATE backline_schedule SET task = 'gone.plugin'"))
    code, checks = look(call)
    assert (code, checks["schedules"]["verdict"]) == (0, "warning")
    assert checks["schedules"]["says"].startswith("2 schedules wait")
    assert "gone.plugin" in checks["schedules"]["says"]


@pytest.mark.usefixtures("probe")
def test_calls_without_an_outcome_are_counted(call: Call) -> None:
    run = str(call("run", "refuse", "--here", "--json").one["run"])
    assert look(call)[1]["calls"]["verdict"] == "ok"
    add_intent(run)
    check = look(call)[1]["calls"]
    assert check["verdict"] == "warning" and check["says"].startswith("1 calls")
    assert f"backline runs show {run}" in check["remedy"]
