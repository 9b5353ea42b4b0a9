"""Our tasks in a Celery application, our own or a team's: attached, and found by `.delay()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import celery
from celery import Celery
from kombu.entity import Queue

from backline.bells import BELL, describe_transport, make_broker_queue, name_queue
from backline.desk import Desk
from backline.durability import enlist
from backline.results import JoinsRuns
from backline.runtime.foreign import list_foreign_tasks
from backline.runtime.task import BadTask, Task
from backline.settings import Settings, load_settings
from backline.shell import Bell, Shell
from backline.wiring import find_tasks

make_queue: Any = Queue  # kombu ships no types


def attach(
    app: Celery, settings: Settings | None = None, tasks: Mapping[str, Task[Any, Any]] | None = None
) -> Desk:
    """Add our tasks to a team's own Celery application. Its other tasks and its settings stay as they are.

    Its workers then also carry runs, in the queues `backline.<family>` (name them where you use `-Q`); jobs and
    bells reach these without a route. `settings` default to those in force, `tasks` to all that are found.
    Raises `BadTask` where a name is taken.
    """
    found = find_tasks() if tasks is None else tasks
    desk = attach_tasks(app, load_settings().settings if settings is None else settings, found)
    for spec in found.values():
        app.tasks[spec.name].queue = make_broker_queue(spec.queue)
    app.tasks[BELL].queue = None
    return desk


def attach_tasks(app: Celery, settings: Settings, tasks: Mapping[str, Task[Any, Any]]) -> Desk:
    """Register every task and the bell on an application; other tasks and settings stay as they are.

    Raises `BadTask` where a name is taken.
    """
    _refuse_taken(app, tasks)
    desk = Desk(app, settings, tasks)
    for spec in tasks.values():
        shell = type("Shell_" + spec.name.replace(".", "_"), (Shell,), {"desk": desk, "spec": spec})
        app.register_task(_name(shell(), spec))

    app.steps["consumer"] |= {
        "backline.receipt:LongBells",
        "backline.receipt:Revokes",
        "backline.receipt:Shield",
    }
    bell = type("DeskBell", (Bell,), {"desk": desk})()
    app.register_task(bell)
    app.backline_desk = desk
    _teach_results(app)
    for task in list_foreign_tasks().values():
        enlist(desk, task)
    return desk


def _teach_results(app: Celery) -> None:
    """Groups of this application wait for runs too, and its refusal of a chord says the way out."""
    for name in ("ResultSet", "GroupResult"):
        kind = getattr(app, name)
        words = {"__module__": kind.__module__, "__doc__": kind.__doc__}
        setattr(app, name, type(name, (JoinsRuns, kind), words))
    app.loader.override_backends = {"disabled": "backline.results:NoBackend"} | app.loader.override_backends


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
    """Our own application: one queue per family, JSON only, results read from the rows, no remote control."""
    tasks = find_tasks() if tasks is None else tasks
    app = Celery("backline", control="backline.results:RowControl", set_as_current=False)
    families = sorted({task.queue for task in tasks.values()})
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend="backline.results:RowBackend",
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
        task_queues=[
            make_queue("backline"),
            *(make_queue(name_queue(family)) for family in (*families, "canvas")),
        ],
        task_routes=[
            lambda name, *_, **__: {"queue": name_queue(tasks[name].queue)} if name in tasks else None
        ],
        **describe_transport(settings),
    )
    attach_tasks(app, settings, tasks)
    return app


def open_door(name: str) -> Desk:
    """The desk that `.delay()` uses: the current application's where it has the task, else our own."""
    desk = getattr(celery.current_app, "backline_desk", None)
    found: Desk = desk if desk is not None and name in desk.tasks else app.backline_desk
    return found


def list_desks() -> list[Desk]:
    """The current application's desk where it has one, then our own."""
    desk = getattr(celery.current_app, "backline_desk", None)
    return [app.backline_desk] if desk in (None, app.backline_desk) else [desk, app.backline_desk]


app = make_app(load_settings().settings)
