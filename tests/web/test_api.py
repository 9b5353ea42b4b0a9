"""Health, readiness and the description; what is open to all, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from backline.settings import Settings, load_settings
from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from backline.web.api import make_api
from backline.wiring import House
from tests.web.houses import Caller


@pytest.fixture
def database(settings: Settings) -> Database:
    """The database, not yet made."""
    return Database(settings.database_url)


@pytest.fixture
def api(tmp_path: Path) -> FastAPI:
    """The API over a database that nobody upgrades; the embedded doorbell needs no Celery application."""
    env = {"BACKLINE_STATE": str(tmp_path / "state"), "BACKLINE_DATABASE_UPGRADE_AT_START": "false"}
    return make_api(House(load_settings(env).settings, {}), None)


def ask(api: FastAPI, path: str, host: str = "127.0.0.1:8765") -> tuple[int, object]:
    """Status and body."""
    answer = Caller(api)("GET", path, headers={"host": host})
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


def test_openapi_describes_all_and_docs_are_off(api: FastAPI) -> None:
    status, body = ask(api, "/openapi.json")
    assert status == 200
    assert {path for path in body["paths"] if not path.startswith("/api/v1/")} == {"/health", "/ready"}
    assert len(body["paths"]) == 13
    assert ask(api, "/docs")[0] == 404
    assert ask(api, "/redoc")[0] == 404


def test_openapi_names_the_problems_of_every_operation_that_asks_for_a_key(api: FastAPI) -> None:
    body = ask(api, "/openapi.json")[1]
    assert {"Problem", "FieldError"} <= set(body["components"]["schemas"])
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/api/v1/"):
                assert "security" not in operation
                continue
            assert operation["security"] == [{"apiKey": []}], path
            wanted = {"401", "403", "405", "503"} | ({"413", "415"} if method == "post" else set())
            assert wanted <= set(operation["responses"]), path
            for code, answer in operation["responses"].items():
                if code[0] in "45":
                    assert list(answer["content"]) == ["application/problem+json"], (path, code)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9:80", "[::1]:8765", "LOCALHOST:1"])
def test_this_machine_may_ask(api: FastAPI, host: str) -> None:
    assert ask(api, "/health", host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "192.0.2.7", "localhost.evil.example", "0.0.0.0", ""]
)
def test_other_names_may_not(api: FastAPI, host: str) -> None:
    for path in ("/health", "/openapi.json", "/api/v1/runs"):
        status, body = ask(api, path, host)
        assert (status, body["status"]) == (403, 403)
        assert "only this machine" in body["detail"]
