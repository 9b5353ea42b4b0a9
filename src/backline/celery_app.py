"""THE ONLY FLOOR THAT KNOWS CELERY: attaches the tasks to an application, carries bells, hears signals."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import celery
from billiard.exceptions import WorkerLostError
from billiard.process import active_children
from celery import Celery, signals
from celery.exceptions import Reject
from kombu.entity import Queue

from backline.bells import BELL, BrokerBells, describe_transport, name_queue
from backline.errors import BadInput
from backline.runtime.drain import drain_queue
from backline.runtime.handle import RunHandle
from backline.runtime.redrive import FORK_GUARD
from backline.runtime.retry import is_passing
from backline.runtime.submit import Ask, prepare_run
from backline.runtime.task import BadTask, Job, Task
from backline.settings import Settings, load_settings
from backline.storage.runs import insert_run
from backline.wiring import House, find_tasks, make_lazy, name_worker

log = logging.getLogger("backline.celery")
make_queue: Any = Queue  # kombu ships no types
OPTIONS = {"countdown", "eta", "expires", "priority", "key", "asked_by", "deadline"}


class Desk:
    """One Celery application with the house behind it."""

    def __init__(self, app: Celery, settings: Settings, tasks: Mapping[str, Task[Any, Any]]) -> None:
        self.app = app
        self.settings = settings
        self.tasks = tasks
        self.node = "client"
        self.in_child = False
        self.bells = BrokerBells(app)
        self.house = make_lazy(self._make_house)

    def _make_house(self) -> House:
        return House(self.settings, self.tasks, self.bells, name_worker(self.node), self.in_child)

    def submit(self, task: Task[Any, Any], job: Job, options: Mapping[str, Any]) -> RunHandle:
        """One run in a transaction of its own; the handle's `.get()` reads its row."""
        house = self.house()
        return RunHandle(house.database, house.submit(task, job, read_options(options, self.settings.actor)))


def read_options(options: Mapping[str, Any], actor: str) -> Ask:
    """Celery's submit options as an ask. What is not supported raises `BadInput` with the remedy."""
    given = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(given.keys() - OPTIONS)
    if unknown:
        raise BadInput(
            f"apply_async: the option {unknown[0]} is not supported.",
            remedy=f"Supported are {', '.join(sorted(OPTIONS))}.",
        )
    delay = max(_read_seconds("eta" if "eta" in given else "countdown", given) or 0.0, 0.0)
    expires, deadline = _read_seconds("expires", given), _read_seconds("deadline", given)
    return Ask(
        asked_by=str(given.get("asked_by", actor)),
        key=str(given["key"]) if "key" in given else None,
        delay=delay,
        priority=_read_priority(given),
        deadline=None if deadline is None else deadline - delay,
        expires=None if expires is None else expires - delay,
    )


def _read_seconds(name: str, given: Mapping[str, Any]) -> float | None:
    """A time option as seconds from now: a number of seconds, or a moment (naive ones are UTC, as in Celery)."""
    value = given.get(name)
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - datetime.now(UTC)).total_seconds()
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and name != "eta"
    ):
        return float(value)
    if value is None:
        return None
    what = "a moment (datetime)" if name == "eta" else "seconds from now, or a moment (datetime)"
    raise BadInput(f"apply_async: {name} is {value!r}.", remedy=f"It takes {what}.")


def _read_priority(given: Mapping[str, Any]) -> int | None:
    value = given.get("priority")
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9):
        return value
    raise BadInput(f"apply_async: priority is {value!r}.", remedy="It takes 0 (most urgent) to 9.")


class Shell(celery.Task):  # type: ignore[misc]  # celery ships no types
    """A task of ours as Celery sees it. A message that carries a job becomes a row, then a bell."""

    abstract = True
    typing = False
    acks_late = True
    ignore_result = True
    desk: Desk
    spec: Task[Any, Any]

    def run(self, *args: Any, **kwargs: Any) -> str:
        """A message from another program: its row is committed before the message is acknowledged."""
        try:
            return self._take_in(args, kwargs)
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("%s: the database is away, the message goes back: %s", self.name, error)
            threading.Event().wait(1.0)
            raise Reject(str(error), requeue=True) from error

    def _take_in(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        house = self.desk.house()
        key = f"celery:{self.request.id}" if self.request.id else None
        ask = Ask(asked_by=f"message:{self.request.origin or 'unknown'}", key=key)
        try:
            job = self.spec.read_job(*args, **kwargs)
            return house.submit(self.spec, job, ask)
        except BadInput as error:
            log.error("%s: a message with a job that cannot be used: %s", self.name, error)
            return _keep_unreadable(house, self.spec, args, kwargs, ask)

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> RunHandle:
        """Submit a run: a row first, then a bell."""
        job = self.spec.read_job(*(args or ()), **(kwargs or {}))
        return self.desk.submit(self.spec, job, {k: v for k, v in options.items() if k != "shadow"})


class Bell(celery.Task):  # type: ignore[misc]  # celery ships no types
    """Look in this queue: carry the most urgent due runs there, one by one, for a slice of time."""

    abstract = True
    name = BELL
    typing = False
    acks_late = False
    ignore_result = True
    desk: Desk

    def run(self, queue: str) -> None:
        """Work until the queue is empty or the slice is over; then others get their turn."""
        drain_queue(self.desk.house().runtime, queue)


def _keep_unreadable(
    house: House, spec: Task[Any, Any], args: Sequence[Any], kwargs: Mapping[str, Any], ask: Ask
) -> str:
    """A row for a job that cannot be read: its run fails, visibly, instead of the message being dropped."""
    text = json.dumps({"args": list(args), "kwargs": dict(kwargs)}, default=str)
    empty = spec.job.model_construct()
    new = prepare_run(_without_key(spec), empty, ask, house.settings.runtime.ring_again_seconds)
    with house.database.write() as connection:
        run_id = insert_run(connection, house.database.now_sql, _with_job(new, text))
    house.bells.ring(spec.queue)
    return run_id


def _with_job(new: Any, text: str) -> Any:
    return type(new)(**{**vars(new), "job": text, "job_sha": "unreadable"})


def _without_key(spec: Task[Any, Any]) -> Task[Any, Any]:
    return type(spec)(**{**vars(spec), "concurrency": None})


def attach_tasks(app: Celery, settings: Settings, tasks: Mapping[str, Task[Any, Any]]) -> Desk:
    """Register every task and the bell on an application; other tasks and settings stay as they are.

    Raises `BadTask` where a name is taken.
    """
    _refuse_taken(app, tasks)
    desk = Desk(app, settings, tasks)
    for spec in tasks.values():
        shell = type("Shell_" + spec.name.replace(".", "_"), (Shell,), {"desk": desk, "spec": spec})
        app.register_task(_name(shell(), spec))

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
    if desk is not None:
        desk.node = str(sender.hostname)
        _ = desk.house().database  # migrations before the children start


@signals.worker_ready.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _ready(sender: Any = None, **_: Any) -> None:
    desk = getattr(sender.app, "backline_desk", None)
    if desk is not None:
        for queue in sorted({task.queue for task in desk.tasks.values()}):
            _suspect_queue(desk, queue)  # whatever ended the worker before us may have held these
        desk.house().redriver.start()


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
        threading.Thread(target=_hand_back_late, args=(desk,), daemon=True, name="backline-grace").start()


def _hand_back_late(desk: Desk) -> None:
    """Runs that are not done when the grace is over go back to their queue, and the worker ends."""
    threading.Event().wait(desk.settings.runtime.grace_seconds)
    try:
        with FORK_GUARD, desk.house().database.write() as connection:
            prefix = name_worker(desk.node).rpartition("/")[0] + "/"
            ids = desk.house().runtime.leases.hand_back(connection, prefix)
        log.warning("the grace is over: %d runs handed back", len(ids))
    finally:
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)
        os._exit(0)


def open_door(name: str) -> Desk:
    """The desk that `.delay()` uses: the current application's where it has the task, else our own."""
    desk = getattr(celery.current_app, "backline_desk", None)
    found: Desk = desk if desk is not None and name in desk.tasks else app.backline_desk
    return found


app = make_app(load_settings().settings)
