"""Our tasks in a Celery application: attached, submitted, taken in; bells are carried and signals heard."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import celery
from billiard.exceptions import WorkerLostError
from billiard.process import active_children
from celery import Celery, signals
from celery.exceptions import Reject
from kombu.entity import Queue

from backline.bells import BELL, BrokerBells, describe_transport, name_queue
from backline.errors import BacklineError, BadInput
from backline.runtime.drain import drain_queue, ring_later
from backline.runtime.handle import RunHandle
from backline.runtime.pause import pause
from backline.runtime.redrive import FORK_GUARD
from backline.runtime.retry import is_passing
from backline.runtime.stop import StopOrder
from backline.runtime.task import BadTask, Job, Task
from backline.runtime.unreadable import keep_unreadable
from backline.settings import Settings, load_settings
from backline.storage.upgrade import NewerSchema
from backline.submit_options import read_headers, read_message_options, read_options
from backline.wiring import House, find_tasks, make_lazy, name_worker

log = logging.getLogger("backline.celery")
make_queue: Any = Queue  # kombu ships no types
NEEDS_PERSON = 4  # as the command line says it, see cli/exits.py
TRY_AGAIN = 1.0  # seconds between two tries where the database is away


class Desk:
    """One Celery application with the house behind it."""

    def __init__(self, app: Celery, settings: Settings, tasks: Mapping[str, Task[Any, Any]]) -> None:
        self.app = app
        self.settings = settings
        self.tasks = tasks
        self.node = "client"
        self.main_pid = 0
        self.in_child = False
        self.bells = BrokerBells(app)
        self.stop = StopOrder(settings.runtime.grace_seconds)
        self.house = make_lazy(self._make_house)

    def _make_house(self) -> House:
        return House(self.settings, self.tasks, self.bells, name_worker(self.node), self.in_child, self.stop)

    def submit(self, task: Task[Any, Any], job: Job, options: Mapping[str, Any]) -> RunHandle:
        """One run in a transaction of its own; the handle's `.get()` reads its row."""
        house = self.house()
        return RunHandle(house.database, house.submit(task, job, read_options(options, self.settings.actor)))

    def keep_malformed(self, name: str, headers: Mapping[str, Any], body: str, error: Exception) -> bool:
        """A failed run for a message of which no request could be made; False where it is to be tried again.

        For the worker's main process.
        """
        reason = BadInput(
            f"The message cannot be read: {type(error).__name__}: {error}",
            remedy="Send args and kwargs in the form of Celery's message protocol 2.",
        )
        try:
            with FORK_GUARD:
                runtime = self.house().runtime
                keep_unreadable(runtime, self.tasks[name], (body,), {}, read_headers(headers), reason)
        except Exception as problem:
            if is_passing(problem) or isinstance(problem, NewerSchema):
                log.warning("%s: a malformed message goes back until it can be kept: %s", name, problem)
                return False
            log.exception("%s: a malformed message could not be kept", name)
        return True


class Shell(celery.Task):  # type: ignore[misc]  # celery ships no types
    """A task of ours as Celery sees it. A message that carries a job becomes a row, then a bell."""

    abstract = True
    typing = False
    acks_late = True
    reject_on_worker_lost = True  # the message is the job until its row is committed
    ignore_result = True
    Request = "backline.receipt:JobRequest"
    desk: Desk
    spec: Task[Any, Any]

    def run(self, *args: Any, **kwargs: Any) -> str:
        """A message from another program: its row is committed before the message is acknowledged."""
        try:
            return self._take_in(args, kwargs)
        except Exception as error:  # whatever it is, the job must not vanish with its message
            if isinstance(error, NewerSchema):
                _end_worker(self.desk, error)
            log.warning("%s: the job could not be stored, its message goes back: %s", self.name, error)
            pause(TRY_AGAIN)
            raise Reject(str(error), requeue=True) from error

    def _take_in(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        house = self.desk.house()
        ask = read_message_options(self.request)
        try:
            job = self.spec.read_job(*args, **kwargs)
            return house.submit(self.spec, job, ask)
        except Exception as error:
            if is_passing(error) or isinstance(error, NewerSchema):
                raise
            log.error("%s: a message with a job that cannot be used: %s", self.name, error)
            return keep_unreadable(house.runtime, self.spec, args, kwargs, ask, error)

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> RunHandle:
        """Submit a run: a row first, then a bell."""
        job = self.spec.read_job(*(args or ()), **(kwargs or {}))
        return self.desk.submit(self.spec, job, {k: v for k, v in options.items() if k != "shadow"})


class Bell(celery.Task):  # type: ignore[misc]  # celery ships no types
    """Look in this queue: carry the most urgent due runs there, one by one, for a slice of time."""

    abstract = True
    name = BELL
    typing = False
    acks_late = True  # else a worker whose children are all busy takes bells that nobody there can hear
    reject_on_worker_lost = False  # `_suspect` rings again, and counts the crash
    ignore_result = True
    Request = "backline.receipt:BellRequest"
    desk: Desk

    def run(self, queue: str) -> None:
        """Work until the queue is empty or the slice is over; then others get their turn."""
        try:
            runtime = self.desk.house().runtime
        except Exception as error:
            if isinstance(error, NewerSchema):
                _end_worker(self.desk, error)
            elif not is_passing(error):
                raise
            ring_later(self.desk.bells.ring, queue, error)
            return
        drain_queue(runtime, queue)


def _end_worker(desk: Desk, error: Exception) -> None:
    """Newer code has upgraded the database: this worker finishes what is in hand and ends."""
    log.error("this worker cannot work and ends: %s", error)
    if desk.in_child and os.getppid() == desk.main_pid:
        os.kill(desk.main_pid, signal.SIGTERM)
    elif os.getpid() == desk.main_pid:
        state: Any = importlib.import_module("celery.worker.state")
        state.should_stop = NEEDS_PERSON


def attach_tasks(app: Celery, settings: Settings, tasks: Mapping[str, Task[Any, Any]]) -> Desk:
    """Register every task and the bell on an application; other tasks and settings stay as they are.

    Raises `BadTask` where a name is taken.
    """
    _refuse_taken(app, tasks)
    desk = Desk(app, settings, tasks)
    for spec in tasks.values():
        shell = type("Shell_" + spec.name.replace(".", "_"), (Shell,), {"desk": desk, "spec": spec})
        app.register_task(_name(shell(), spec))

    app.steps["consumer"] |= {"backline.receipt:LongBells", "backline.receipt:Shield"}
    bell = type("DeskBell", (Bell,), {"desk": desk})()
    app.register_task(bell)
    app.backline_desk = desk
    return desk


def _refuse_taken(app: Celery, tasks: Mapping[str, Task[Any, Any]]) -> None:
    """Celery lets the last one of a name win, silently; here a taken name stops the start."""
    for name in (*tasks, BELL):
        if name in app.tasks or (name == BELL and BELL in tasks):
            raise BadTask(
                f"The application has a task {name} already.", remedy="Give one of them another name."
            )


def _name(shell: Shell, spec: Task[Any, Any]) -> Shell:
    shell.name = spec.name
    shell.__doc__ = spec.words.en
    return shell


def make_app(settings: Settings, tasks: Mapping[str, Task[Any, Any]] | None = None) -> Celery:
    """Our own application: one queue per family, JSON only, no result backend, no remote control."""
    tasks = find_tasks() if tasks is None else tasks
    app = Celery("backline", set_as_current=False)
    families = sorted({task.queue for task in tasks.values()})
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=False,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.runtime.concurrency,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=4,
        worker_max_memory_per_child=400_000,
        worker_lost_wait=1.0,  # seconds; a bell has no result that a dead child could still hand in
        task_create_missing_queues=False,
        task_default_queue="backline",
        task_queues=[make_queue("backline"), *(make_queue(name_queue(family)) for family in families)],
        task_routes=[
            lambda name, *_, **__: {"queue": name_queue(tasks[name].queue)} if name in tasks else None
        ],
        **describe_transport(settings),
    )
    attach_tasks(app, settings, tasks)
    return app


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
        _end_worker(desk, error)
        return True
    except Exception as error:  # the database is away
        log.warning("the re-driver waits for the database: %s", error)
        return False
    for queue in sorted({task.queue for task in desk.tasks.values()}):
        _suspect_queue(desk, queue)  # whatever ended the worker before us may have held these
    redriver.start()
    return True


def _keep_starting(desk: Desk) -> None:
    while not _start_redriver(desk):
        pause(TRY_AGAIN)


@signals.task_failure.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _suspect(sender: Any = None, exception: Any = None, args: Any = (), **_: Any) -> None:
    """A child died at a bell: what it may have held is counted from now on, and the bell rings again."""
    if isinstance(sender, Bell) and isinstance(exception, WorkerLostError) and args:
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


def open_door(name: str) -> Desk:
    """The desk that `.delay()` uses: the current application's where it has the task, else our own."""
    desk = getattr(celery.current_app, "backline_desk", None)
    found: Desk = desk if desk is not None and name in desk.tasks else app.backline_desk
    return found


app = make_app(load_settings().settings)
