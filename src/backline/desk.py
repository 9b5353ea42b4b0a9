"""One Celery application with the house behind it: what its tasks and its worker share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from celery import Celery
from celery.backends.base import DisabledBackend
from kombu.utils.json import dumps

from backline.bells import BrokerBells, find_queue, make_broker_queue, name_queue
from backline.canvas import has_chord, list_following, split_options, write_canvas
from backline.canvas_tell import BUILT_IN, START_BODY, StartBody, Teller
from backline.errors import BadInput
from backline.results import ROWS_AS_RESULTS, RowBackend, RunResult
from backline.runtime.current import RETRY
from backline.runtime.redrive import FORK_GUARD
from backline.runtime.retry import is_passing
from backline.runtime.run import run_here
from backline.runtime.stop import StopOrder
from backline.runtime.submit import Ask, prepare_run
from backline.runtime.task import Job, Task
from backline.runtime.unreadable import keep_unreadable
from backline.settings import Settings
from backline.storage.canvases import find_tell, name_key, read_task_id
from backline.storage.runs import bring_forward
from backline.storage.upgrade import NewerSchema
from backline.submit_options import read_headers, read_options
from backline.wiring import House, make_lazy, name_worker

log = logging.getLogger("backline.celery")
OWN = "backline"  # the name of our own application
AGAIN_AT_ONCE = (
    RETRY,
    "transient",
    "bug",
    "time_limit",
)  # ends of an attempt after which it is repeated in place
MOST_TRIES = 100  # in place, of a task that asks for another attempt for ever


class Desk:
    """One Celery application with the house behind it."""

    def __init__(self, app: Celery, settings: Settings, tasks: Mapping[str, Task[Any, Any]]) -> None:
        self.app = app
        self.settings = settings
        self.tasks = dict(tasks)
        self.node = "client"
        self.main_pid = 0
        self.in_child = False
        self.bells = BrokerBells(app)
        self.stop = StopOrder(settings.runtime.grace_seconds)
        self.house = make_lazy(self._make_house)

    def _make_house(self) -> House:
        return House(
            self.settings, self.tasks, self.bells, name_worker(self.node), self.in_child, self.stop,
            built_in=BUILT_IN, provides={Teller: lambda _: Teller(self.app)},
        )  # fmt: skip

    @property
    def teller_queue(self) -> str:
        """Where the workers of this application, and no others, hear what is to be told to Celery."""
        name = self.app.main or "app"
        return "canvas" if name == OWN else f"canvas.{name}"

    def list_queues(self) -> list[str]:
        """The queues of all its tasks, and the one for telling."""
        return sorted({task.queue for task in self.tasks.values()} | {self.teller_queue})

    @cached_property
    def rows(self) -> RowBackend:
        """The results of our tasks, whatever the application's result backend is."""
        return RowBackend(self.app)

    def enlist(self, task: Task[Any, Any]) -> None:
        """Carry this task too, which was declared elsewhere; workers that have not begun hear the bells of its queue."""
        if self.tasks.get(task.name) is not task:
            self.tasks[task.name] = task
            declared = self.app.amqp.queues
            if task.queue not in declared and name_queue(task.queue) not in declared:
                declared.select_add(make_broker_queue(task.queue))

    def submit(self, task: Task[Any, Any], job: Job, options: Mapping[str, Any]) -> RunResult:
        """One run in a transaction of its own, with what its canvas makes of its end.

        Where the application is eager, it is carried here and now. Raises `BadInput` with the remedy for an
        option that is not supported.
        """
        ask = self.read_ask(options)
        task_id = read_task_id(ask.key)
        if self.app.conf.task_always_eager:
            return self.carry(task, job, ask, throw=bool(self.app.conf.task_eager_propagates))
        run_id = self.house().submit(task, job, ask)
        return self._hand_out(task_id or run_id, options.get("add_to_parent", True))

    def read_ask(self, options: Mapping[str, Any]) -> Ask:
        """Celery's options as an ask, with queue and canvas. Raises `BadInput` with the remedy."""
        plain, canvas = split_options(options)
        queue = plain.pop("queue", None)
        ask = read_options(plain, self.settings.actor)
        key = name_key(canvas["id"]) if "id" in canvas else ask.key
        if queue is not None:
            queue = find_queue(self.app, self.list_queues(), queue)
        return replace(ask, key=key, queue=queue, canvas=self.write_canvas(canvas))

    def write_canvas(self, canvas: Mapping[str, Any]) -> str | None:
        """The canvas as the row keeps it. Raises `BadInput` where what follows could never be told, or never run."""
        backend = self.app.backend
        if isinstance(backend, DisabledBackend) and has_chord(canvas):
            raise BadInput(
                "A chord needs a result backend: without one nobody counts its tasks.", remedy=ROWS_AS_RESULTS
            )
        for signature in list_following(canvas):
            if signature.get("task") in self.tasks:  # what it would be refused for when its turn comes
                self.read_ask(signature.get("options") or {})
        outside = not isinstance(backend, (DisabledBackend, RowBackend))
        return write_canvas(canvas, self.teller_queue, outside=outside)

    def carry(self, task: Task[Any, Any], job: Job, ask: Ask, *, throw: bool) -> RunResult:
        """A run carried in this process, and told. With `throw` raises what its `.get()` would raise.

        What is to be tried again is so at once, as Celery does it; what the other side puts off stays put off.
        """
        house = self.house()
        new = prepare_run(task, job, replace(ask, delay=0.0), house.runtime.ring_again)
        run_id = house.database.try_twice(lambda: house.insert(new))
        tries = 1
        while self._try_here(run_id) and tries < MOST_TRIES and self._bring_forward(run_id):
            tries += 1
        result = self._hand_out(read_task_id(ask.key) or run_id, add_to_parent=False)
        result.is_eager = True
        if throw:
            result.get(disable_sync_subtasks=False)
        return result

    def _try_here(self, run_id: str) -> bool:
        """One attempt, and its end told where somebody is to be told; False where somebody else has the run."""
        house = self.house()
        if run_here(house.runtime, run_id) is None:
            return False
        row = self.rows.find(run_id)
        if row is not None and row.canvas is not None:
            with house.database.read() as connection:
                tell_id = find_tell(connection, run_id, row.fence)
            if tell_id is not None:
                run_here(house.runtime, tell_id)
        return True

    def _bring_forward(self, run_id: str) -> bool:
        database = self.house().database
        with database.write() as connection:
            return bring_forward(connection, database.now_sql, run_id, AGAIN_AT_ONCE)

    def find_shell(self, name: str) -> Any:
        """A task of ours as Celery knows it."""
        return self.app.tasks[name]

    def end_chord(self, group_id: str, body: Any) -> None:
        """All tasks of a chord have ended: one run starts its body, however often this is called."""
        house = self.house()
        job = StartBody(group_id=group_id, body=str(dumps(body)))
        ask = Ask("celery", key=f"chord:{group_id}", priority=1, queue=self.teller_queue)
        house.submit(START_BODY, job, ask)

    def find_result(self, task_id: str) -> RunResult:
        """A view of the row that this run, or the task of this Celery id, has or will have."""
        return RunResult(task_id, backend=self.rows, app=self.app)

    def _hand_out(self, task_id: str, add_to_parent: bool) -> RunResult:
        result, parent = self.find_result(task_id), self.app.current_worker_task
        if parent is not None and add_to_parent and parent.request.id is not None:
            parent.add_trail(result)
        return result

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
