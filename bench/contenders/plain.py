"""Plain Celery: early ack, no result backend, prefork; one committed transaction and no ledger.

Broker options and the database's engine are those of Backline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import Celery

from backline.bells import describe_transport
from backline.cli.processes import set_up_log
from backline.settings import load_settings
from backline.storage.database import Database
from bench.work import Count, count_streams, write_effect

SETTINGS = load_settings().settings
DATABASE = Database(SETTINGS.database_url)
APP = Celery("bench_plain")
APP.conf.update(
    task_serializer="json",
    accept_content=["json"],
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue="bench_plain",
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    **describe_transport(SETTINGS),
)


@APP.task(name="bench_plain.count")
def count(**fields: Any) -> None:
    """The same work, and nothing around it."""
    job = Count.model_validate(fields)
    answer = count_streams(job)
    with DATABASE.write() as connection:
        write_effect(connection, job, answer)


def prepare(_key: str) -> None:
    """Plain Celery has no tables of its own."""


def work(key: str, children: int) -> None:
    """Prefork; without what Backline's worker goes without."""
    set_up_log()
    flags = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    APP.worker_main(["--quiet", "worker", f"--concurrency={children}", f"--hostname=bench-{key}@%h", *flags])


@contextmanager
def open_door(_key: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """One message per job; nothing is committed when it is taken."""
    yield lambda job: count.apply_async(kwargs=dict(job), retry=False)
