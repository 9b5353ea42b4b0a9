"""Runs that say when a consent ends: asked for when it is given, done with when it is given anew or taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from backline.cli.houses import name_person
from backline.runtime import decisions
from backline.runtime.decisions import Decided
from backline.runtime.submit import Ask, submit_run
from backline.storage.run_tables import UNANSWERED_STATES
from backline.storage.runs import RunRow, list_runs
from backline.wiring import House

TASK: Final = "data_sync.remind_reconnect"
DAYS: Final = (30, 14, 3)  # before the end of the consent
DAY: Final = 86_400_000_000  # µs
WAITING: Final = ("scheduled", "queued")
MANY: Final = 100_000


def plan_reminders(
    house: House, connection: Connection, account_id: str, authorized_at: int, ends_at: int
) -> None:
    """Ask for the runs, in the caller's transaction; moments in µs since 1970. Asked for again, they are the same."""
    task, now = house.find_task(TASK), house.database.now(connection)
    for days in DAYS:
        job = task.read_job(account_id=account_id, authorized_at=authorized_at, days=days)
        ask = Ask(
            house.settings.actor,
            key=f"{account_id}:{authorized_at}:{days}",
            delay=max(0.0, (ends_at - days * DAY - now) / 1_000_000),
        )
        again = house.settings.runtime.ring_again_seconds
        submit_run(connection, house.database.now_sql, task, job, ask, again)


def end_reminders(house: House, connection: Connection, account_id: str, why: str) -> list[Decided]:
    """Answer those that somebody was to answer and cancel those that wait, in the caller's transaction."""
    person, now_sql = name_person(house), house.database.now_sql
    ended = []
    for row in _list_open(house, connection, account_id):
        if row.state in WAITING:
            ended.append(decisions.cancel(connection, now_sql, row.id, person))
        else:
            ended.append(decisions.answer(connection, now_sql, row.id, person, why))
    return ended


def _list_open(house: House, connection: Connection, account_id: str) -> Iterator[RunRow]:
    task = house.find_task(TASK)
    states = (*WAITING, *UNANSWERED_STATES)
    for row in list_runs(connection, states=states, task=TASK, limit=MANY):
        job = task.read_json(row.job)
        if row.answered_at is None and getattr(job, "account_id", None) == account_id:
            yield row
