"""Bells on a broker: ring a queue, count what waits there. Best effort, and never in the way."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from celery import Celery
from kombu import Connection

from backline.runtime.task import Task
from backline.settings import Settings

log = logging.getLogger("backline.bells")
BELL = "backline.bell"


def name_queue(family: str) -> str:
    """The broker's queue of a family; the prefix keeps a shared broker tidy."""
    return f"backline.{family}"


class BrokerBells:
    """Rings through a Celery application. The message says "look in this queue" and nothing else."""

    def __init__(self, app: Celery, tasks: Mapping[str, Task[Any, Any]]) -> None:
        self._app = app
        self._local = threading.local()
        self._hard: dict[str, float] = {}
        for task in tasks.values():
            self._hard[task.queue] = max(self._hard.get(task.queue, 0.0), task.limits.hard)

    def ring(self, queue: str) -> bool:
        """Publish one bell without retry. False where the broker did not take it: the re-driver rings again."""
        try:
            self._app.tasks[BELL].apply_async(
                (queue,),
                queue=name_queue(queue),
                retry=False,
                ignore_result=True,
                # The last resort for a child that hangs and cannot even watch its own hard limit.
                time_limit=self._hard.get(queue, 90.0) + 30,
            )
        except Exception as error:  # any broker's error: a bell may be lost without harm
            log.warning("the bell of %s was not taken: %s", queue, error)
            return False
        return True

    def count_waiting(self, queue: str) -> int:
        """Messages waiting in the queue. Raises where the broker cannot be asked or has no such queue."""
        try:
            channel = self._connect().default_channel
            return int(channel.queue_declare(name_queue(queue), passive=True).message_count)
        except Exception:
            self._drop()
            raise

    def _connect(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._app.connection_for_read()
        return connection

    def _drop(self) -> None:
        connection: Connection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.release()


def describe_transport(settings: Settings) -> dict[str, Any]:
    """Celery's broker settings for the URL in force."""
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
        return {"broker_url": "filesystem://", "broker_transport_options": options}
    if url.startswith(("redis://", "rediss://", "sentinel://")):
        options = {
            "global_keyprefix": settings.broker.key_prefix,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 25,
        }
        return {"broker_url": url, "broker_transport_options": options}
    return {"broker_url": url, "broker_heartbeat": 30}
