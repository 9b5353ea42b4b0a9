"""One Celery application with the house behind it: what its tasks and its worker share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from celery import Celery

from backline.bells import BrokerBells, name_queue
from backline.errors import BadInput
from backline.runtime.handle import RunHandle
from backline.runtime.redrive import FORK_GUARD
from backline.runtime.retry import is_passing
from backline.runtime.stop import StopOrder
from backline.runtime.task import Job, Task
from backline.runtime.unreadable import keep_unreadable
from backline.settings import Settings
from backline.storage.upgrade import NewerSchema
from backline.submit_options import read_headers, read_options
from backline.wiring import House, make_lazy, name_worker

log = logging.getLogger("backline.celery")


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
        return House(self.settings, self.tasks, self.bells, name_worker(self.node), self.in_child, self.stop)

    def enlist(self, task: Task[Any, Any]) -> None:
        """Carry this task too, which was declared elsewhere; workers that have not begun hear the bells of its queue."""
        if self.tasks.get(task.name) is not task:
            self.tasks[task.name] = task
            queue = name_queue(task.queue)
            if queue not in self.app.amqp.queues:
                self.app.amqp.queues.add(queue)

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
