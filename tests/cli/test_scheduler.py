"""`backline scheduler` turns due slots into runs and ends in order."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.houses import open_house
from backline.cli.scheduler import fire_due
from tests.cli.conftest import Call


@pytest.mark.usefixtures("probe")
def test_due_slot_fires_once(call: Call) -> None:
    schedule = call("schedule", "add", "add", "--cron", "0 6 * * *", "--set", "one=1", "--json").one["id"]
    with open_house(tasks=True) as house:
        assert fire_due(house) == 0
        with house.database.write() as connection:
            connection.execute(text("UPDATE backline_schedule SET next_slot = next_slot - 86400000000"))
        assert fire_due(house) == 1
        assert fire_due(house) == 0
    (run,) = call("runs", "list", "--json").lines
    assert (run["schedule_id"], run["task"]) == (schedule, "probe.add")


def test_real_process_watches_and_ends(state: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "backline", "scheduler"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        assert str(state / "inbox") in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    finally:
        process.kill()
