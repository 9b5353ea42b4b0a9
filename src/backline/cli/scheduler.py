"""`backline scheduler`: due slots become runs, and files in the inbox are imported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import typer

from backline.cli.audit_places import open_anchorer
from backline.cli.houses import open_ringing_house
from backline.cli.parameters import Under
from backline.cli.processes import await_stop, follow_parent, set_up_log
from backline.errors import BacklineError
from backline.inbox import Inbox
from backline.runtime.retry import is_passing
from backline.storage.schedules import is_slot_due
from backline.wiring import House

app = typer.Typer()
log = logging.getLogger("backline.scheduler")


@app.command()
def scheduler(under: Under = 0) -> None:
    """Turn due slots into runs, and watch the inbox, until SIGTERM. Any number may run at once."""
    follow_parent(under)
    set_up_log()
    stop = await_stop()
    with open_ringing_house() as house:
        options = house.settings
        inbox = Inbox(house, options.inbox)
        house.redriver.start()
        anchorer = open_anchorer(house)  # here, and not in a worker: this process never forks
        anchorer.start()
        log.info("watching %s", options.inbox)
        look_at = 0.0
        while not stop.wait(options.runtime.sweep_seconds):
            _try("slots", lambda: fire_due(house))
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + options.reports.watch_seconds
                _try("inbox", inbox.look)
        house.redriver.stop()
        anchorer.stop()


def fire_due(house: House) -> int:
    """Insert the runs of due slots; looks before it takes the write lock. Returns how many runs."""
    with house.database.read() as connection:
        if not is_slot_due(connection, house.database.now_sql):
            return 0
    return house.scheduler.fire_due()


def _try(what: str, work: Callable[[], object]) -> None:
    """A database or folder that is away for a while must not end the process."""
    try:
        work()
    except Exception as error:
        if not (is_passing(error) or isinstance(error, (OSError, BacklineError))):
            log.exception("%s: unexpected; trying again", what)
        else:
            log.warning("%s: trying again: %s", what, error)
