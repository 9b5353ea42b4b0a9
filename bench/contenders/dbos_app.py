"""DBOS with state and effect in the same PostgreSQL, in two forms.

`dbos` is a workflow whose transactional step writes the effect exactly once; `dbos_bare` is a workflow that writes
it in a transaction of its own, DBOS's least costly form, where a crash can double it. Two processes with a
queue polled every 50 ms and 50 workflows at once were the best of what was tried.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, SQLAlchemyDatasource
from sqlalchemy import create_engine

from backline.settings import load_settings
from bench.work import Count, count_streams, write_effect

CONCURRENCY = 50  # workflows at once in one process
POLL = 0.05  # seconds; 1 s is the default
WORKFLOW, VERSION = "count", "bench"
URL = load_settings().settings.database_url.replace("+psycopg", "")


def _make(key: str) -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": URL,
        "application_version": VERSION,
        "executor_id": f"bench-{os.getpid()}",  # two of one name would recover each other's workflows
        "log_level": "WARNING",
        "sys_db_pool_size": 20,
    }
    DBOS(config=config)
    write = _make_transaction() if key == "dbos" else _make_bare()
    DBOS.workflow(name=WORKFLOW)(write)


def _make_transaction() -> Callable[[dict[str, Any]], None]:
    source = SQLAlchemyDatasource.create(URL, engine_kwargs={"pool_size": CONCURRENCY})

    @source.transaction(isolation_level="READ COMMITTED")
    def write(fields: dict[str, Any]) -> None:
        job = Count.model_validate(fields)
        write_effect(source.sql_session(), job, count_streams(job))

    def count(fields: dict[str, Any]) -> None:
        write(fields)

    return count


def _make_bare() -> Callable[[dict[str, Any]], None]:
    engine = create_engine(URL.replace("postgresql:", "postgresql+psycopg:"), pool_size=CONCURRENCY)

    def count(fields: dict[str, Any]) -> None:
        job = Count.model_validate(fields)
        with engine.begin() as connection:
            write_effect(connection, job, count_streams(job))

    return count


def prepare(key: str) -> None:
    """DBOS's own tables and the queue of this form."""
    _make(key)
    DBOS.launch()
    DBOS.register_queue(key, worker_concurrency=CONCURRENCY, polling_interval_sec=POLL)
    DBOS.destroy()


def work(key: str, _children: int) -> None:
    """One process until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _make(key)
    DBOS.listen_queues([key])
    DBOS.launch()
    stop.wait()
    DBOS.destroy()


@contextmanager
def open_door(key: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Enqueue through DBOS's light client."""
    client = DBOSClient(system_database_url=URL)
    options: Any = {"queue_name": key, "workflow_name": WORKFLOW, "app_version": VERSION}
    yield lambda job: client.enqueue(options, dict(job))
    client.destroy()
