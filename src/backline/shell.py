"""Our tasks and the bell as Celery sees them: a message with a job becomes a row, a bell sets a worker going."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import celery
from celery.exceptions import Reject

from backline.bells import BELL
from backline.desk import Desk
from backline.runtime.drain import drain_queue, ring_later
from backline.runtime.handle import RunHandle
from backline.runtime.pause import pause
from backline.runtime.retry import is_passing
from backline.runtime.task import Task
from backline.runtime.unreadable import keep_unreadable
from backline.storage.upgrade import NewerSchema
from backline.submit_options import read_message_options
from backline.worker_life import TRY_AGAIN, end_worker

log = logging.getLogger("backline.celery")


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
                end_worker(self.desk, error)
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
                end_worker(self.desk, error)
            elif not is_passing(error):
                raise
            ring_later(self.desk.bells.ring, queue, error)
            return
        drain_queue(runtime, queue)
