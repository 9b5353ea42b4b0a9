"""backline.submit: a run asked for in the transaction of a team's own program, through its own connection.

    with Session(engine) as session, session.begin():
        session.add(order)
        backline.submit(SendReceipt(order=order.id), connection=session)

Rolled back there, no run exists; committed there, one does, and the bell is rung after it. psycopg,
sqlite3 and a bare SQLAlchemy Connection tell nobody of a commit: there the sweep of a worker finds the
run, within a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeGuard

from pydantic_core import to_json

from backline.celery_app import list_desks
from backline.desk import Desk
from backline.durability import DurableTask
from backline.errors import BadInput, UnknownName
from backline.runtime.foreign import ForeignTask
from backline.runtime.handle import RunHandle
from backline.runtime.submit import Ask, prepare_run
from backline.runtime.task import Job, Task
from backline.storage.borrowed import insert_borrowed, insert_borrowed_async
from backline.storage.runs import NewRun
from backline.submit_options import read_options
from backline.tagged import read_answer

Spec = Task[Any, Any]
Asked = Job | Mapping[str, Any]


def submit(job: Asked, *, connection: Any = None, task: Spec | str | Any = None, **options: Any) -> RunHandle:
    """Ask for a run in the transaction that is open on `connection`; without one in a transaction of its own.

    `connection` is a SQLAlchemy Session, scoped_session or Connection, a psycopg 3 or sqlite3 connection or cursor,
    or a Django connection. The task is found by the job's class; `task` (a name, a declared task, a durable Celery
    task) says it where several take that class, or where the job is a mapping. A signature of one task (`send.s(7)`)
    says both, and its own options (`countdown`, `queue`, `link` …) are read as `.apply_async()` reads them. Options: `key`, `delay` (seconds), `priority` (0 to 9), `asked_by`, `deadline`
    and `expires` (seconds from now). The handle reads the row through Backline's own connection, so only
    after the commit. Raises `BadInput`, and `Conflict` where the key stands for another job.
    """
    desk, spec, wanted = _find_task(job, task)
    ask = _read_ask(desk, spec, job, options)
    if connection is None:
        return _hand_out(desk, desk.house().submit(spec, wanted, ask))
    new = _prepare(desk, spec, wanted, ask)
    return _hand_out(desk, insert_borrowed(connection, new, _make_ring(desk, new.queue)))


async def submit_async(
    job: Asked, *, connection: Any, task: Spec | str | Any = None, **options: Any
) -> RunHandle:
    """The same for a psycopg AsyncConnection or AsyncCursor, or SQLAlchemy's AsyncSession or AsyncConnection.

    The handle's methods wait in the calling thread: `await asyncio.to_thread(handle.get)`.
    """
    desk, spec, wanted = _find_task(job, task)
    new = _prepare(desk, spec, wanted, _read_ask(desk, spec, job, options))
    return _hand_out(desk, await insert_borrowed_async(connection, new, _make_ring(desk, new.queue)))


def _hand_out(desk: Desk, run_id: str) -> RunHandle:
    return RunHandle(desk.house().database, run_id, read_answer)


def _prepare(desk: Desk, spec: Spec, job: Job, ask: Ask) -> NewRun:
    return prepare_run(spec, job, ask, desk.house().settings.runtime.ring_again_seconds)


def _read_ask(desk: Desk, spec: Spec, asked: Asked, options: Mapping[str, Any]) -> Ask:
    """The options of the call; of a signature also its own, before which those of the call go."""
    given = {"countdown" if name == "delay" else name: value for name, value in options.items()}
    if not _is_signature(asked):
        return read_options(given, desk.settings.actor)
    own = {
        name: value for name, value in asked["options"].items() if name != "eta" or "countdown" not in given
    }
    shell = desk.app.tasks[spec.name]
    choose = shell.choose_options if isinstance(shell, DurableTask) else dict
    return desk.read_ask(choose(own | given))


def _is_signature(asked: Asked) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(asked, Mapping) and "subtask_type" in asked


def _make_ring(desk: Desk, queue: str) -> Any:
    """Ring; from within an event loop in a thread of its own, since a broker may keep one waiting."""
    ring = partial(desk.bells.ring, queue)

    def ring_anywhere() -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            ring()
        else:
            loop.run_in_executor(None, ring)

    return ring_anywhere


def _find_task(job: Asked, task: Any) -> tuple[Desk, Spec, Job]:
    """The desk that knows the task, the task, and the job as it reads it."""
    if _is_signature(job):
        if job["subtask_type"] is not None:
            raise BadInput(
                f"submit: a {job['subtask_type']} is several tasks, and a call asks for one run.",
                remedy="Link what follows (first.s().set(link=second.s())), or send the canvas after your commit.",
            )
        task = job["task"] if task is None else task
    if not isinstance(job, Job) and task is None:
        raise BadInput(
            f"submit: {type(job).__name__} does not say which task it is for.",
            remedy="Give an instance of the task's job class, a signature, or `task=`.",
        )
    desk, spec = _choose_desk(job, task)
    if isinstance(job, spec.job):
        return desk, spec, job
    if _is_signature(job):
        return desk, spec, spec.read_job(*job["args"], **job["kwargs"])
    if isinstance(spec, ForeignTask) and isinstance(job, Mapping):
        return desk, spec, spec.read_call(job)
    return desk, spec, spec.read_json(to_json(job))


def _choose_desk(job: Any, task: Any) -> tuple[Desk, Spec]:
    if hasattr(task, "find_desk"):  # a durable Celery task itself
        return task.find_desk(), task.spec
    name = getattr(task, "name", task)
    for complete in (False, True):
        for desk in list_desks():
            if complete:  # what a Celery application discovers it imports only where it needs it
                desk.app.loader.import_default_modules()
            spec = _choose(desk.tasks, job, name)
            if spec is not None:
                return desk, spec
    remedy = "`backline tasks list` shows them; or `task=`."
    if any(name in desk.app.tasks for desk in list_desks()):  # of the team's own, as a message
        remedy = "It is a Celery task without runs: put `@backline.durable` above it."
    raise UnknownName(
        f"submit: no task {name or type(job).__name__!r} is known here.",
        remedy=remedy,
    )


def _choose(tasks: Mapping[str, Spec], job: Any, name: str | None) -> Spec | None:
    if name is not None:
        return tasks.get(name)
    fits = [spec for spec in tasks.values() if spec.job is type(job)]
    if len(fits) > 1:
        names = ", ".join(spec.name for spec in fits)
        raise BadInput(f"submit: {type(job).__name__} is the job of {names}.", remedy="Say which by `task=`.")
    return fits[0] if fits else None
