"""Procrastinate: an asynchronous task on psycopg's pool, ten at once in each of two processes.

It polls and listens; the finish of a job is a commit of its own after the effect's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from backline.settings import load_settings
from bench.work import Count, count_streams, make_effect

URL = load_settings().settings.database_url.replace("+psycopg", "")
CONCURRENCY = 10  # jobs at once in one process
CONNECTOR = PsycopgConnector(conninfo=URL, min_size=CONCURRENCY, max_size=CONCURRENCY + 4)
APP = App(connector=CONNECTOR)
_INSERT = (
    "INSERT INTO bench_effect (batch, number, track, streams, asked_at, done_at) "
    "VALUES (%(batch)s, %(number)s, %(track)s, %(streams)s, %(asked_at)s, %(done_at)s)"
)


@APP.task(name="bench.count", queue="bench")
async def count(**fields: Any) -> None:
    """The same work; the effect commits on its own."""
    job = Count.model_validate(fields)
    values = make_effect(job, count_streams(job))
    async with CONNECTOR.pool.connection() as connection:
        await connection.execute(_INSERT, values)


def prepare(_key: str) -> None:
    """Procrastinate's own tables."""
    with APP.replace_connector(SyncPsycopgConnector(conninfo=URL)) as app, app.open():
        if not app.check_connection():
            app.schema_manager.apply_schema()


def work(_key: str, _children: int) -> None:
    """One process until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(_work())


async def _work() -> None:
    async with APP.open_async():
        await APP.run_worker_async(queues=["bench"], concurrency=CONCURRENCY, fetch_job_polling_interval=0.5)


@contextmanager
def open_door(_key: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """One deferred job per call, on a synchronous pool."""
    with APP.replace_connector(SyncPsycopgConnector(conninfo=URL)) as app, app.open():
        yield lambda job: app.tasks["bench.count"].defer(**job)
