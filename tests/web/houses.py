"""A house with users and keys, its API in this process, and the web as a real process."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from backline.runtime.task import Answer, Job, task
from backline.storage.api_keys import SCOPES, make_api_key
from backline.storage.database import Database
from backline.storage.users import add_user
from backline.wiring import House


class Add(Job):
    """Two numbers, and a word that may be anything."""

    one: int
    two: int = 2
    word: str = ""


class Sum(Answer):
    """Their sum."""

    sum: int


@task("probe.add", version=1, concurrency=lambda job: job.word or None)
def add(job: Add) -> Sum:
    """Adds two numbers.

    [fr]
    Additionne deux nombres.

    [de]
    Zählt zwei Zahlen zusammen.
    """
    return Sum(sum=job.one + job.two)


@dataclass
class CountingBells:
    """Remembers which queues were rung."""

    rung: list[str] = field(default_factory=list)

    def ring(self, queue: str) -> bool:
        """Heard."""
        self.rung.append(queue)
        return True

    def count_waiting(self, queue: str) -> int:
        """Nothing waits."""
        return 0


def make_key(database: Database, scopes: Sequence[str] = ("admin",), user: str = "ann") -> str:
    """A key of an administrator, who is made where there is none of that name."""
    with database.write() as connection:
        known = connection.exec_driver_sql("SELECT name FROM backline_user").scalars().all()
        if user not in known:
            add_user(connection, database.now_sql, user, "admin", "me")
        return make_api_key(connection, database.now_sql, user, scopes, created_by="me").text


def make_keys(database: Database) -> dict[str, str]:
    """One key a scope."""
    return {scope: make_key(database, (scope,)) for scope in SCOPES}


@dataclass
class Caller:
    """Asks an API in this process, with a key or without."""

    api: FastAPI
    key: str | None = None

    def __call__(
        self,
        method: str,
        path: str,
        json: Any = None,
        headers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """One request; its answer."""
        given = {"authorization": f"Bearer {self.key}"} if self.key else {}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.api)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
                return await client.request(
                    method, path, json=json, headers={**given, **(headers or {})}, **options
                )

        return asyncio.run(ask())


@contextmanager
def run_web(house: House, **variables: str) -> Iterator[str]:
    """The web as a process of its own on the house's database; its address."""
    settings = house.settings
    env = {name: value for name, value in os.environ.items() if not name.startswith("BACKLINE_")}
    env |= {
        "BACKLINE_STATE": str(settings.state),
        "BACKLINE_DATABASE_URL": settings.database_url,
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "backline", "web", "--port", "0"], stderr=subprocess.PIPE, text=True, env=env
    )
    assert process.stderr is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert address is not None
        yield address[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    finally:
        process.kill()
        process.stderr.close()
