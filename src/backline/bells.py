"""Bells on a broker: ring a queue, count what waits there. Best effort, and never in the way."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.transport.virtual import QoS

from backline.errors import BadInput
from backline.runtime.pause import pause
from backline.settings import Settings

log = logging.getLogger("backline.bells")
BELL = "backline.bell"
WINDOW = 0.01  # seconds
QUIET = 1.0  # seconds
make_queue: Any = Queue  # kombu ships no types
make_exchange: Any = Exchange
# A network that is cut in the middle neither answers nor resets; TCP alone would wait for hours. In seconds, but
# for the last, which is in milliseconds. Not every system has all of these.
_PATIENCE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
PATIENCE = {getattr(socket, name): value for name, value in _PATIENCE.items() if hasattr(socket, name)}


def name_queue(family: str) -> str:
    """The broker's queue of a family; the prefix keeps a shared broker tidy."""
    return f"backline.{family}"


def make_broker_queue(queue: str) -> Any:
    """The broker's queue of a family, as an application declares it that has not named it in its settings."""
    name = name_queue(queue)
    return make_queue(name, exchange=make_exchange(name, type="direct"), routing_key=name)


def find_queue(app: Celery, families: Sequence[str], given: Any) -> str:
    """The queue of runs that `queue=` means: a family's, or one that the application declares.

    Raises `BadInput` with the remedy: a queue in which nobody listens would keep its runs for ever.
    """
    name = str(getattr(given, "name", given))
    family = name.removeprefix(name_queue(""))
    if family in families:
        return family
    if name in app.amqp.queues:
        return name
    known = ", ".join([*families, *(each for each in app.amqp.queues if not each.startswith(name_queue("")))])
    raise BadInput(
        f"No worker is known to listen in the queue {name}.",
        remedy=f"Known are {known}; more are declared in task_queues.",
    )


class BrokerBells:
    """Rings through a Celery application. The message says "look in this queue" and nothing else.

    Whoever hears a bell works until the queue is empty or its slice of time is over, so one bell serves
    many runs: bells of one queue that follow each other within `WINDOW` seconds are rung as one, at
    the end of the window. A broker that did not take a bell is left alone for `QUIET` seconds, so that its
    absence costs whoever rings next to nothing.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._local = threading.local()
        self._begin_process()
        os.register_at_fork(after_in_child=self._begin_process)
        atexit.register(self._ring_held)

    def _begin_process(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._held: set[str] = set()
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def ring(self, queue: str) -> bool:
        """Publish a bell without retry, or hold it for the window's end. False: the broker did not take it."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(queue, -WINDOW) < WINDOW:
                self._held.add(queue)
                self._wake.set()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._flush, name="backline-bells", daemon=True)
                    self._thread.start()
                return True
            self._last[queue] = now
        return self._publish(queue)

    def _flush(self) -> None:
        while True:
            self._wake.wait()
            pause(WINDOW)
            self._ring_held()

    def _ring_held(self) -> None:
        with self._lock:
            held, self._held = sorted(self._held), set()
            self._wake.clear()
            self._last |= dict.fromkeys(held, time.monotonic())
        for queue in held:
            self._publish(queue)

    def _publish(self, queue: str) -> bool:
        if time.monotonic() < self._quiet_until:
            return False
        try:
            self._app.tasks[BELL].apply_async(
                (queue,), queue=self._find(queue), retry=False, ignore_result=True, add_to_parent=False
            )
        except Exception as error:  # any broker's error: a bell may be lost without harm
            self._quiet_until = time.monotonic() + QUIET
            log.warning("the bell of %s was not taken: %s", queue, error)
            return False
        return True

    def count_waiting(self, queue: str) -> int:
        """Messages waiting in the queue. Raises where the broker cannot be asked or has no such queue."""
        try:
            connection = self._connect()
            # kombu looks for a Redis queue without the key prefix, so that a passive look never finds it;
            # there a queue is only a list, and to declare it makes nothing.
            passive = connection.transport.driver_type != "redis"
            found = self._find(queue)
            name = str(getattr(found, "name", found))
            declared = connection.default_channel.queue_declare(name, passive=passive)
            return int(declared.message_count)
        except Exception:
            self._drop()
            raise

    def _find(self, queue: str) -> Any:
        """The broker's queue: the application's own of that name, its family's, else one as we declare it."""
        declared = self._app.amqp.queues
        for name in (name_queue(queue), queue):
            if name in declared:
                return name
        return make_broker_queue(queue)

    def _connect(self) -> Any:
        connection: Any = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._app.connection_for_read()
        return connection

    def _drop(self) -> None:
        connection: Any = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.release()


def free_place(message: Any, answer: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """Acknowledge or reject a message; where the broker cannot be told, it is no longer in hand all the same.

    On Redis that goes over another connection than the messages come by. Where it breaks, kombu writes a line
    into the log and keeps the message in the window of those in hand: with a full window nothing is asked for
    any more, no error ever shows, and the worker is deaf for good. Redis gives the message out once more
    after its visibility timeout; whoever hears it finds the row, and nothing left to do.
    """
    answer(*args, **kwargs)
    qos = getattr(message.channel, "qos", None)
    if isinstance(qos, QoS) and not message.acknowledged:
        QoS.ack(qos, message.delivery_tag)  # not Redis' own, which would ask the broker again


def describe_transport(settings: Settings) -> dict[str, Any]:
    """Celery's broker settings for the URL in force.

    `max_retries` is for whoever rings or counts: kombu else waits some seconds for a broker that is away.
    The worker's own connection is tried again for ever all the same (`broker_connection_max_retries`).
    """
    url = settings.broker_url
    if url.startswith("filesystem://"):
        folder = settings.state / "doorbell"
        for name in ("messages", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.05,
        }
        # A host name, though there is none: kombu else warns of its absence at every connection.
        return {
            "broker_url": "filesystem://localhost//",
            "broker_transport": "backline.doorbell:Transport",
            "broker_transport_options": options,
        }
    if url.startswith(("redis://", "rediss://", "sentinel://")):
        options = {
            "max_retries": 0,
            "global_keyprefix": settings.broker.key_prefix,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "socket_keepalive_options": PATIENCE,
            "health_check_interval": 10,  # a wait for the next bell is given up after twice that
        }
        return {"broker_url": url, "broker_transport_options": options}
    # py-amqp itself gives up a second after what is not acknowledged: on a slow link that is too soon.
    options = {"max_retries": 0, "socket_settings": PATIENCE}
    return {"broker_url": url, "broker_heartbeat": 15, "broker_transport_options": options}
