"""Our tasks and the bell as Celery sees them: a message with a job becomes a row, a bell sets a worker going."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import celery
from celery.exceptions import Reject

from backline.bells import BELL
from backline.canvas import read_request
from backline.desk import Desk
from backline.errors import BadInput
from backline.results import RowBackend, RunResult
from backline.runtime.drain import drain_queue, ring_later
from backline.runtime.pause import pause
from backline.runtime.retry import is_passing
from backline.runtime.submit import Ask
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
    track_started = False
    Request = "backline.receipt:JobRequest"
    desk: Desk
    spec: Task[Any, Any]

    @property
    def backend(self) -> RowBackend:
        """That a message was taken in is no result: Celery must not store it as one."""
        return self.desk.rows

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
        canvas = read_request(self.request)
        try:
            ask = replace(ask, canvas=self.desk.write_canvas(canvas))
            job = self.spec.read_job(*args, **kwargs)
            return house.submit(self.spec, job, ask)
        except Exception as error:
            if is_passing(error) or isinstance(error, NewerSchema):
                raise
            log.error("%s: a message with a job that cannot be used: %s", self.name, error)
            return self._keep(args, kwargs, ask, error)

    def _keep(self, args: Sequence[Any], kwargs: Mapping[str, Any], ask: Ask, error: Exception) -> str:
        """A job that cannot be used becomes a failed run, and whoever waits for it is told."""
        runtime = self.desk.house().runtime
        run_id = keep_unreadable(runtime, self.spec, args, kwargs, ask, error)
        if ask.canvas is not None:
            runtime.ring(self.desk.teller_queue)
        return run_id

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> RunResult:
        """Submit a run: a row first, then a bell. Raises `BadInput` for a job or an option that cannot be used.

        A step of a canvas, sent by a worker, has nobody to raise to: a job that cannot be used is a failed run.
        """
        args, kwargs = args or (), kwargs or {}
        try:
            job = self.spec.read_job(*args, **kwargs)
        except BadInput as error:
            if not options.get("parent_id") or self.app.current_worker_task is None:
                raise
            ask = self.desk.read_ask(options)
            run_id = self._keep(args, kwargs, ask, error)
            return self.desk.find_result(options.get("task_id") or run_id)
        return self.desk.submit(self.spec, job, options)

    def apply(
        self, args: Any = None, kwargs: Any = None, throw: bool | None = None, **options: Any
    ) -> RunResult:
        """The run is written, carried in this process and told: a row like any other."""
        unused = ("logfile", "loglevel", "headers", "retries")
        ask = self.desk.read_ask({k: v for k, v in options.items() if k not in unused})
        job = self.spec.read_job(*(args or ()), **(kwargs or {}))
        propagates = self.app.conf.task_eager_propagates if throw is None else throw
        return self.desk.carry(self.spec, job, ask, throw=bool(propagates))

    def AsyncResult(self, task_id: str, **_: Any) -> RunResult:  # noqa: N802 - Celery's
        """The result of the task of this id: it reads the row, whatever the application's backend is."""
        return self.desk.find_result(task_id)


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
