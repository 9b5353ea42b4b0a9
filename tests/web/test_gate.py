"""Who may come in: keys, scopes, sizes and kinds of bodies."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from backline.settings import load_settings
from backline.storage.api_keys import SCOPES, list_api_keys
from backline.storage.users import disable_user
from backline.web.api import make_api
from backline.web.gate import API, split_host
from backline.wiring import House
from tests.web.houses import Caller, make_keys

READ = {"runs:read": "/runs", "tasks:read": "/tasks", "metrics:read": "/artists", "audit:read": "/audit"}


def test_host_header_parts() -> None:
    assert [split_host(text) for text in ("a:1", "a", "[::1]:2", "::1")] == ["a", "a", "::1", "::1"]


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer bl_0_0", "bl_0_0", "Bearer \xe9", "Bearer a b c"],
)
def test_without_a_key_nothing_is_answered(house: House, header: str | None) -> None:
    ask = Caller(make_api(house, None))
    for path in (*READ.values(), "/nowhere", "/runs/0/events"):
        answer = ask(
            "GET", API + path, headers={} if header is None else {"authorization": header.encode("latin-1")}
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["remedy"]


def test_a_scope_opens_its_own_door_and_admin_all(house: House) -> None:
    api, keys = make_api(house, None), make_keys(house.database)
    for scope in SCOPES:
        for wanted, path in READ.items():
            answer = Caller(api, keys[scope])("GET", API + path)
            assert answer.status_code == (200 if scope in (wanted, "admin") else 403), (scope, path)
            if answer.status_code == 403:
                assert f"lacks the scope {wanted}" in answer.json()["detail"]
    body = {"task": "probe.add", "job": {"one": 1}}
    assert Caller(api, keys["runs:read"])("POST", f"{API}/runs", json=body).status_code == 403
    assert Caller(api, keys["runs:write"])("POST", f"{API}/runs", json=body).status_code == 201


def test_a_disabled_user_is_out_at_once(house: House, call: Caller) -> None:
    assert call("GET", f"{API}/runs").status_code == 200
    with house.database.write() as connection:
        disable_user(connection, house.database.now_sql, "ann", "eve")
    answer = call("GET", f"{API}/runs")
    assert answer.status_code == 401 and "disabled" in answer.json()["detail"]


def test_use_is_noted_and_not_every_time(house: House, call: Caller) -> None:
    def used() -> int | None:
        with house.database.read() as connection:
            return int(list_api_keys(connection)[0].used_at or 0)

    assert used() == 0
    call("GET", f"{API}/runs")
    first = used()
    assert first
    call("GET", f"{API}/runs")
    assert used() == first
    with house.database.write() as connection:
        connection.execute(text("UPDATE backline_api_key SET used_at = used_at - 61000000"))
    call("GET", f"{API}/runs")
    assert (used() or 0) >= first


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(call: Caller, chunked: bool) -> None:
    body = b'{"task": "' + b"x" * 20_000 + b'"}'

    async def pieces():
        for first in range(0, len(body), 1000):
            yield body[first : first + 1000]

    answer = call(
        "POST",
        f"{API}/runs",
        headers={"content-type": "application/json"},
        content=pieces() if chunked else body,
    )
    assert answer.status_code == 413 and "16 KB" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_kind(call: Caller, media: str) -> None:
    answer = call("POST", f"{API}/runs", headers={"content-type": media}, content=b"{}")
    assert answer.status_code == 415 and "application/json" in answer.json()["remedy"]


def test_json_may_say_its_letters(call: Caller) -> None:
    answer = call(
        "POST", f"{API}/runs", headers={"content-type": "application/json; charset=utf-8"},
        content=b'{"task": "probe.add", "job": {"one": 1}}',
    )  # fmt: skip
    assert answer.status_code == 201


def test_answers_are_not_kept_by_anybody(call: Caller) -> None:
    answer = call("GET", f"{API}/runs")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_database_that_is_away_is_a_503(tmp_path: Path) -> None:
    url = "postgresql://me:hush-hush@127.0.0.1:1/none"
    env = {
        "BACKLINE_STATE": str(tmp_path),
        "BACKLINE_DATABASE_URL": url,
        "BACKLINE_DATABASE_UPGRADE_AT_START": "0",
    }
    house = House(load_settings(env).settings, {})
    answer = Caller(make_api(house, None), "bl_0_0")("GET", f"{API}/runs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "doctor" in answer.json()["remedy"] and "hush" not in answer.text
