"""What a worker's main process does with a message before and while a child works on it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from celery import bootsteps
from celery.worker import state
from celery.worker.request import Request

from backline.bells import BELL

HOLD = 600.0  # seconds; RabbitMQ closes the channel of whoever keeps a message for 30 minutes


class JobRequest(Request):  # type: ignore[misc]  # celery ships no types
    """A job from another program goes to a child at once: when it is due and when it expires, its row says.

    Celery would keep the message in the worker's memory until it is due, and drop it when it is late.
    """

    eta = None
    expires = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.time_limits = (None, None)  # the sender's are meant for the task, not for storing its job


class LongBells(bootsteps.StartStopStep):  # type: ignore[misc]  # celery ships no types
    """A bell is acknowledged when it is served, or after `HOLD` seconds: the broker must not lose patience."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._entry: Any = None
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Look once a minute, in the event loop; a broker without one has no such patience."""
        if consumer.hub is not None:
            self._entry = consumer.timer.call_repeatedly(60.0, acknowledge_long)

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 - the shape of a step
        """Look no more."""
        if self._entry is not None:
            self._entry.cancel()
            self._entry = None


def acknowledge_long(requests: Iterable[Any] | None = None) -> None:
    """Acknowledge bells that a child has been serving for longer than `HOLD` seconds."""
    for request in list(state.active_requests if requests is None else requests):
        if request.name == BELL and request.time_start and time.time() - request.time_start > HOLD:
            request.acknowledge()
