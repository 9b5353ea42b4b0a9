"""A run carried in this process until it has ended, however long it has to wait for its turn."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from backline.cli.screen import Screen
from backline.runtime.pause import pause
from backline.runtime.retry import is_passing, is_without_room
from backline.runtime.run import run_here
from backline.storage.run_tables import ENDED_STATES
from backline.storage.runs import read_state
from backline.wiring import House

AGAIN = 0.2  # seconds until a run that has to wait is tried again


def carry_on(house: House, screen: Screen, run_id: str) -> None:
    """Try to carry the run until it has ended or is put off, here or by a worker that was faster.

    It may have to wait for another run of its concurrency key. That one's process may have been killed,
    and there may be no worker that would notice: so this one sweeps while it waits.
    """
    told = False
    while True:
        try:
            if run_here(house.runtime, run_id) is not None:
                return
            with house.database.read() as connection:
                row = read_state(connection, run_id)
            if row is None or row.state in (*ENDED_STATES, "scheduled"):
                return
            if row.state == "queued" and not told:
                told = True
                screen.note(screen.label("waits_its_turn"))
            house.redriver.sweep()
        except SQLAlchemyError as error:
            if not is_passing(error) or is_without_room(error):  # a person is here, and can make room
                raise
        pause(AGAIN)
