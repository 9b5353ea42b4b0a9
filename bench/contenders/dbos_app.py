"""DBOS: a workflow with one transactional step on a queue, state and effect in the same PostgreSQL.

Two processes, as Celery has two children. The queue's poll, 1 s by default, is set to 20 ms.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, SQLAlchemyDatasource

from backline.settings import load_settings
from bench.work import Count, count_streams, write_effect

URL = load_settings().settings.database_url.replace("+psycopg", "")
QUEUE, WORKFLOW, VERSION = "bench", "count", "bench"
CONCURRENCY = 10  # workflows at once in one process
CONFIG: DBOSConfig = {
    "name": "bench",
    "system_database_url": URL,
    "application_version": VERSION,
    "log_level": "WARNING",
    "sys_db_pool_size": 20,
}


def _register() -> None:
    source = SQLAlchemyDatasource.create(URL, engine_kwargs={"pool_size": CONCURRENCY})

    @source.transaction(isolation_level="READ COMMITTED")
    def write(fields: dict[str, Any]) -> None:
        job = Count.model_validate(fields)
        write_effect(source.sql_session(), job, count_streams(job))

    @DBOS.workflow(name=WORKFLOW)
    def count(fields: dict[str, Any]) -> None:
        write(fields)


def prepare() -> None:
    """DBOS's own tables and the queue."""
    DBOS(config=CONFIG)
    _register()
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=CONCURRENCY, polling_interval_sec=0.02)
    DBOS.destroy()


def work(_key: str) -> None:
    """One process until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    DBOS(config=CONFIG)
    _register()
    DBOS.launch()
    stop.wait()
    DBOS.destroy()


@contextmanager
def open_door(_key: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Enqueue through DBOS's light client."""
    client = DBOSClient(system_database_url=URL)
    options: Any = {"queue_name": QUEUE, "workflow_name": WORKFLOW, "app_version": VERSION}
    yield lambda job: client.enqueue(options, dict(job))
    client.destroy()
