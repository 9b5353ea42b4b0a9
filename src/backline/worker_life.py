"""A worker's life: it begins with a database that fits, rings for what a dead child held, and ends in good time."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import signal
import threading
from contextlib import suppress
from typing import Any

import celery
from billiard.exceptions import WorkerLostError
from billiard.process import active_children
from celery import signals

from backline.bells import BELL, make_broker_queue, name_queue
from backline.desk import Desk
from backline.errors import BacklineError
from backline.runtime.pause import pause
from backline.runtime.redrive import FORK_GUARD
from backline.wiring import name_worker

log = logging.getLogger("backline.celery")
NEEDS_PERSON = 4  # as the command line says it, see cli/exits.py
TRY_AGAIN = 1.0  # seconds between two tries where the database is away


def end_worker(desk: Desk, error: Exception) -> None:
    """Newer code has upgraded the database: this worker finishes what is in hand and ends."""
    log.error("this worker cannot work and ends: %s", error)
    if desk.in_child and os.getppid() == desk.main_pid:
        os.kill(desk.main_pid, signal.SIGTERM)
    elif os.getpid() == desk.main_pid:
        state: Any = importlib.import_module("celery.worker.state")
        state.should_stop = NEEDS_PERSON


@signals.celeryd_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _know_queues(instance: Any = None, **_: Any) -> None:
    """Our queues beside those of a team's application, before `-Q` chooses among them."""
    desk = getattr(instance.app, "backline_desk", None)
    for queue in () if desk is None else desk.list_queues():
        if name_queue(queue) not in instance.app.amqp.queues:
            instance.app.amqp.queues.select_add(make_broker_queue(queue))


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _hear_teller(instance: Any = None, **_: Any) -> None:
    """Whatever `-Q` says: what is to be told to Celery only the workers of this application can tell."""
    desk = getattr(instance.app, "backline_desk", None)
    if desk is not None:
        queues = instance.app.amqp.queues
        queues.select_add(queues[name_queue(desk.teller_queue)])


@signals.worker_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _begin(sender: Any = None, **_: Any) -> None:
    desk = getattr(sender.app, "backline_desk", None)
    if desk is None:
        return
    # Two workers of one host may bear one name, and in containers even one process id.
    desk.node = f"{sender.hostname}.{os.getpid()}-{secrets.token_hex(2)}"
    desk.main_pid = os.getpid()
    try:
        _ = desk.house().database  # migrations before the children start
    except Exception as error:  # what escapes here Celery would only log
        if isinstance(error, BacklineError):
            log.error("this worker cannot work: %s", error)
            raise SystemExit(NEEDS_PERSON) from error
        log.warning("the database is away, the worker waits for it: %s", error)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _ready(sender: Any = None, **_: Any) -> None:
    desk = getattr(sender.app, "backline_desk", None)
    if desk is not None and not _start_redriver(desk):
        threading.Thread(target=_keep_starting, args=(desk,), daemon=True, name="backline-start").start()


def _start_redriver(desk: Desk) -> bool:
    """Whether no further try is needed: the re-driver runs, or this worker ends."""
    try:
        with FORK_GUARD:
            redriver = desk.house().redriver
    except BacklineError as error:
        end_worker(desk, error)
        return True
    except Exception as error:  # the database is away
        log.warning("the re-driver waits for the database: %s", error)
        return False
    for queue in desk.list_queues():
        _suspect_queue(desk, queue)  # whatever ended the worker before us may have held these
    redriver.start()
    return True


def _keep_starting(desk: Desk) -> None:
    while not _start_redriver(desk):
        pause(TRY_AGAIN)


@signals.task_failure.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _suspect(sender: Any = None, exception: Any = None, args: Any = (), **_: Any) -> None:
    """A child died at a bell: what it may have held is counted from now on, and the bell rings again."""
    if getattr(sender, "name", None) == BELL and isinstance(exception, WorkerLostError) and args:
        threading.Thread(target=_suspect_queue, args=(sender.desk, args[0]), daemon=True).start()


def _suspect_queue(desk: Desk, queue: str) -> None:
    house = desk.house()
    try:
        with FORK_GUARD, house.database.write() as connection:
            house.sweeps.suspect_first(connection, queue)
    except Exception as error:  # the re-driver rings in any case
        log.warning("%s: could not mark what a dead child may have held: %s", queue, error)
    desk.bells.ring(queue)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _begin_child(**_: Any) -> None:
    app = celery.current_app
    desk = getattr(app, "backline_desk", None)
    if desk is not None:
        desk.in_child = True


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _stop(**_: Any) -> None:
    desk = getattr(celery.current_app, "backline_desk", None)
    if desk is not None:
        desk.stop.give()
        threading.Thread(target=_hand_back_late, args=(desk,), daemon=True, name="backline-grace").start()


def _hand_back_late(desk: Desk) -> None:
    """Runs that are not done when the grace is over go back to their queue, and the worker ends."""
    pause(desk.settings.runtime.grace_seconds)
    try:
        _kill_children()  # first, so that none of them claims what has just been handed back
        with FORK_GUARD, desk.house().database.write() as connection:
            prefix = name_worker(desk.node).rpartition("/")[0] + "/"
            ids = desk.house().runtime.leases.hand_back(connection, prefix)
        log.warning("the grace is over: %d runs handed back", len(ids))
    finally:
        _kill_children()
        os._exit(0)


def _kill_children() -> None:
    children = active_children()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    for child in children:
        child.join(1.0)
