"""What a worker's main process does with a message before and while a child works on it."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from celery import bootsteps
from celery.worker import state
from celery.worker.request import Request

from backline.bells import BELL, free_place
from backline.runtime.redrive import FORK_GUARD

log = logging.getLogger("backline.receipt")
HOLD = 600.0  # seconds; RabbitMQ closes the channel of whoever keeps a message for 30 minutes
TRY_AGAIN = 1.0  # seconds between two tries where the database is away
MOST_TEXT = 10_000  # characters of a malformed message that are kept
# What other programs may say and we have no use for. Celery uses them unread, some of them only when a place
# in the pool has been taken, which a malformed one would never give back.
UNHEARD = {"shadow", "stamped_headers", "stamps", "timelimit"}
TIMES = {"eta", "expires"}
MARGIN = 300  # levels: a message is written to the child, and read there, further down the stack


class BellRequest(Request):  # type: ignore[misc]  # celery ships no types
    """A message as far as it is meant for us. Raises what is wrong with it before a child is given to it."""

    def __init__(self, message: Any, *args: Any, **kwargs: Any) -> None:
        headers: Mapping[str, Any] = kwargs.pop("headers", None) or message.headers
        kept = {name: value for name, value in headers.items() if name not in UNHEARD | TIMES}
        super().__init__(message, *args, headers=kept, **kwargs)
        _check_depth(self.request_dict)


class JobRequest(BellRequest):
    """A job from another program goes to a child at once: when it is due and when it expires, its row says.

    Celery would keep the message in the worker's memory until it is due, drop it when it is late, and refuse
    it where it cannot read a time: here the child reads them.
    """

    def __init__(self, message: Any, *args: Any, **kwargs: Any) -> None:
        headers = kwargs.get("headers") or message.headers
        super().__init__(message, *args, **kwargs)
        self.request_dict.update({name: headers[name] for name in TIMES & headers.keys()})


def _check_depth(carried: Any) -> None:
    for _ in range(MARGIN):
        carried = [carried]
    pickle.dumps(carried)


class Shield(bootsteps.Step):  # type: ignore[misc]  # celery ships no types
    """A malformed message of another program ends no worker: it is acknowledged, and its job kept as failed.

    Celery lets what its task handler raises end the consumer's loop; the broker then gives the same message
    to the next worker. And it throws away what it can tell to be invalid, here too a job.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        make = consumer.create_task_handler
        consumer.create_task_handler = lambda: partial(_handle, consumer, make())
        invalid, undecoded = consumer.on_invalid_task, consumer.on_decode_error
        consumer.on_invalid_task = lambda body, message, error: (
            _lay_aside(consumer, message, error)
            if _find_task(consumer, message)
            else invalid(body, message, error)
        )
        consumer.on_decode_error = lambda message, error: (
            _lay_aside(consumer, message, error)
            if _find_task(consumer, message)
            else undecoded(message, error)
        )


def _handle(consumer: Any, handler: Callable[[Any], Any], message: Any) -> None:
    for name in ("ack_log_error", "reject_log_error"):
        setattr(message, name, partial(free_place, message, getattr(message, name)))
    try:
        handler(message)
    except Exception as error:
        # kombu counts KeyError among Redis's connection errors; a message without an id raises one.
        if isinstance(error, consumer.connection_errors) and not isinstance(error, KeyError):
            raise
        _lay_aside(consumer, message, error)


def _lay_aside(consumer: Any, message: Any, error: Exception) -> None:
    """Acknowledge what cannot be read; where it is a job of ours, a failed run is kept of it first."""
    log.error("a malformed message is laid aside: %s: %s", type(error).__name__, error, exc_info=error)
    name = _find_task(consumer, message)
    desk = consumer.app.backline_desk
    headers = message.headers if isinstance(message.headers, dict) else {}
    if name and not desk.keep_malformed(name, headers, _read_body(message), error):
        back = partial(message.reject_log_error, log, consumer.connection_errors, requeue=True)
        consumer.timer.call_after(TRY_AGAIN, consumer.call_soon, (back,))
    elif not message.acknowledged:
        message.ack_log_error(log, consumer.connection_errors)


def _find_task(consumer: Any, message: Any) -> str | None:
    """The name of the task of ours that the message is for; message protocol 1 has it in the body."""
    named = message.headers.get("task") if isinstance(message.headers, dict) else None
    if named is None:
        try:
            named = message.payload["task"]
        except Exception:  # of a body that cannot be read nobody knows whose it is
            return None
    return named if isinstance(named, str) and named in consumer.app.backline_desk.tasks else None


def _read_body(message: Any) -> str:
    body = message.body
    return (body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))[:MOST_TEXT]


class Revokes(bootsteps.StartStopStep):  # type: ignore[misc]  # celery ships no types
    """Celery's order to revoke a task (`app.control.revoke`, a group's, Flower's) also cancels the run of that id."""

    requires = ("celery.worker.consumer.control:Control",)

    def start(self, consumer: Any) -> None:
        """Hear the order beside Celery's own handler; where a worker takes no orders there is nothing to hear."""
        boxes = [step.box for step in consumer.steps if hasattr(step, "box")]
        for node in [box.node for box in boxes]:
            heard = node.handlers["revoke"]
            node.handlers = {**node.handlers, "revoke": partial(_revoke, consumer.app, heard)}


def _revoke(app: Any, heard: Callable[..., Any], state: Any, task_id: Any, **options: Any) -> Any:
    ids = [task_id] if isinstance(task_id, str) else list(task_id)
    terminate = bool(options.get("terminate"))
    order = threading.Thread(target=_cancel, args=(app, ids, terminate), daemon=True, name="backline-revoke")
    order.start()
    return heard(state, task_id, **options)


def _cancel(app: Any, ids: Iterable[str], terminate: bool) -> None:
    for each in ids:
        try:
            with FORK_GUARD:
                app.backline_desk.rows.cancel(each, terminate=terminate)
        except Exception as error:  # whoever gave the order is not there to be told
            log.warning("%s could not be cancelled: %s", each, error)


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
