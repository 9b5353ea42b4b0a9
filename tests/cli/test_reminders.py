"""A consent is said to end 30, 14 and 3 days before, until somebody connects again, disconnects or answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from backline.cli.houses import open_house
from backline.cli.reminders import DAY, DAYS, TASK, end_reminders
from backline.runtime.run import run_here
from backline.spotify.tokens import reconnect_by
from backline.storage.runs import list_runs
from backline.wiring import House
from tests.cli.conftest import Call
from tests.cli.consent import connect, sandboxed, stand
from tests.sandbox.stand import Stand

__all__ = ["sandboxed", "stand"]


def list_reminders(house: House, *states: str) -> list[Any]:
    with house.database.read() as connection:
        return list_runs(connection, task=TASK, states=states, oldest_first=True)


def let_one_be_due(house: House, run_id: str) -> str:
    """Move the day by hand, and carry the run; its state."""
    with house.database.write() as connection:
        query = text("UPDATE backline_run SET due_at = 0, ring_at = 0 WHERE id = :id")
        connection.execute(query, {"id": run_id})
    house.redriver.sweep()
    outcome = run_here(house.runtime, run_id)
    assert outcome is not None
    return outcome.state


def test_a_consent_is_reminded_of_and_answered_by_the_next(sandboxed: Stand, call: Call) -> None:
    with open_house(tasks=True) as house:
        facts = connect(house, sandboxed)
        (account,) = house.apps.list_accounts()
        runs = sorted(list_reminders(house, "scheduled"), key=lambda run: run.due_at)
        ends = reconnect_by(account.authorized_at)
        for run, days in zip(runs, DAYS, strict=True):
            assert abs(run.due_at - (ends - days * DAY)) < 60_000_000
        assert let_one_be_due(house, runs[0].id) == "needs_attention"
        (dead,) = call("runs", "dead", "--json").lines
        assert (dead["id"], dead["task"]) == (runs[0].id, TASK)
        assert facts["reconnect_by"][:10] in dead["error"] and "backline connect spotify" in dead["error"]
        trail = call("audit", "list", "--json").out
        assert facts["account_id"] not in trail and facts["account"] not in trail
        # The same person agrees anew: what was said is answered, what waits is cancelled, and three are asked for.
        connect(house, sandboxed)
        assert call("runs", "dead", "--json").lines == []
        assert {run.id for run in list_reminders(house, "cancelled")} == {run.id for run in runs[1:]}
        assert len(list_reminders(house, "scheduled")) == len(DAYS)
        (answered,) = list_reminders(house, "needs_attention")
        assert answered.answered_why == "Connected again."


def test_a_reminder_of_an_older_consent_has_nothing_to_do(sandboxed: Stand) -> None:
    with open_house(tasks=True) as house:
        connect(house, sandboxed)
        first = list_reminders(house, "scheduled")[0]
        with house.database.write() as connection:
            connection.execute(text("UPDATE backline_spotify_account SET authorized_at = authorized_at + 1"))
        assert let_one_be_due(house, first.id) == "succeeded"


def test_only_those_of_the_account_end(sandboxed: Stand) -> None:
    with open_house(tasks=True) as house:
        connect(house, sandboxed)
        with house.database.write() as connection:
            assert end_reminders(house, connection, "somebody else", "No.") == []
            (account,) = house.apps.list_accounts()
            ended = end_reminders(house, connection, account.account_id, "Gone.")
        assert [one.state for one in ended] == ["cancelled"] * len(DAYS)
