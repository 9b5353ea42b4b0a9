"""The routes, and who may ask."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from backline.settings import Settings
from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from backline.web.api import make_api, split_host


@pytest.fixture
def database(settings: Settings) -> Database:
    """The database, not yet made."""
    return Database(settings.database_url)


@pytest.fixture
def api(settings: Settings, database: Database) -> FastAPI:
    """The API; the embedded doorbell needs no Celery application."""
    return make_api(settings, database, None)


def ask(api: FastAPI, path: str, host: str = "127.0.0.1:8765") -> tuple[int, object]:
    """Status and body."""

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(api), base_url="http://127.0.0.1"
        ) as client:
            return await client.get(path, headers={"host": host})

    answer = asyncio.run(get())
    return answer.status_code, answer.json()


def test_health(api: FastAPI) -> None:
    status, body = ask(api, "/health")
    assert status == 200
    assert body == {"status": "alive", "version": body["version"]}


def test_ready_only_with_the_right_schema(api: FastAPI, database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    status, body = ask(api, "/ready")
    assert (status, body["ready"]) == (503, False)
    assert any("db upgrade" in (check["remedy"] or "") for check in body["checks"])
    upgrade_database(database)
    status, body = ask(api, "/ready")
    assert (status, body["ready"]) == (200, True)


def test_openapi_describes_both_and_docs_are_off(api: FastAPI) -> None:
    status, body = ask(api, "/openapi.json")
    assert status == 200
    assert set(body["paths"]) == {"/health", "/ready"}
    assert ask(api, "/docs")[0] == 404
    assert ask(api, "/redoc")[0] == 404


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9:80", "[::1]:8765", "LOCALHOST:1"])
def test_this_machine_may_ask(api: FastAPI, host: str) -> None:
    assert ask(api, "/health", host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "192.0.2.7", "localhost.evil.example", "0.0.0.0", ""]
)
def test_other_names_may_not(api: FastAPI, host: str) -> None:
    assert ask(api, "/health", host)[0] == 403
    assert ask(api, "/openapi.json", host)[0] == 403


def test_host_header_parts() -> None:
    assert [split_host(text) for text in ("a:1", "a", "[::1]:2", "::1")] == ["a", "a", "::1", "::1"]
