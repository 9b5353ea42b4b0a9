"""A run carried here waits for its turn: after a killed run of its key, until it is cancelled, not when put off."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from backline.cli.carry import carry_on
from backline.cli.screen import Screen
from backline.storage.runs import read_state, request_cancel
from backline.wiring import House
from tests.cli.turns import ask, house, take_as_killed

__all__ = ["house"]


def read(house: House, run_id: str) -> tuple[str, str | None]:
    """State and kind of error."""
    with house.database.read() as connection:
        row = read_state(connection, run_id)
    assert row is not None
    return row.state, row.error_kind


def test_waits_for_a_killed_run_of_its_key(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    killed, mine = ask(house, "killed"), ask(house, "mine")
    take_as_killed(house, killed)
    carry_on(house, Screen(), mine)
    assert read(house, mine) == ("succeeded", None)
    assert "Another run must end first" in capsys.readouterr().err
    assert read(house, killed) == ("queued", "lease_lost")


def test_waiting_ends_where_the_run_is_cancelled(house: House) -> None:
    busy, mine = ask(house, "busy"), ask(house, "mine")
    take_as_killed(house, busy)
    with house.database.write() as connection:  # its owner lives
        connection.execute(
            text("UPDATE backline_run SET lease_until = lease_until * 2 WHERE id = :id"), {"id": busy}
        )
    thread = threading.Thread(target=carry_on, args=(house, Screen(), mine))
    thread.start()
    with house.database.write() as connection:
        request_cancel(connection, house.database.now_sql, mine)
    thread.join(20)
    assert not thread.is_alive()
    assert read(house, mine)[0] == "cancelled"


def test_a_run_that_is_put_off_is_left_to_a_worker(house: House) -> None:
    run_id = ask(house, "later")
    carry_on(house, Screen(), run_id)
    assert read(house, run_id) == ("scheduled", "try_later")
