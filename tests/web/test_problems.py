"""Errors in, problem details out."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from backline.errors import BacklineError, BadInput, Conflict, NeedsHuman, NotAllowed, TryLater, UnknownName
from backline.runtime.task import Job, Private
from backline.web.problems import document, explain, list_job_errors, make_problem, refuse_field
from tests.web.houses import Caller


class Login(Job):
    """One field that nobody may see."""

    name: int
    password: Annotated[int, Private()] = 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownName("No run."), 404),
        (Conflict("Taken."), 409),
        (BadInput("Odd."), 422),
        (NotAllowed("No."), 403),
        (TryLater(7, "Later."), 503),
        (NeedsHuman("Key is missing."), 503),
        (BacklineError("Odd."), 503),
        (RecursionError(), 422),
        (HTTPException(404), 404),
        (OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked")), 503),
        (ZeroDivisionError("hush-hush"), 500),
        (OperationalError("SELECT hush", {}, sqlite3.OperationalError("no such table: hush")), 500),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    answer = explain(error)
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["status"]) == (status, status)
    assert answer.media_type == "application/problem+json"
    assert body["type"] == "about:blank" and body["title"] and body["detail"]
    assert {one["field"] for one in body["errors"]} <= {"body"}
    assert "hush" not in bytes(answer.body).decode()


def test_waiting_is_told_in_seconds() -> None:
    assert explain(TryLater(7.9)).headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("loc", "kind", "field"),
    [
        (("query", "limit"), "int_parsing", "limit"),
        (("body", "options", "eta"), "x", "options.eta"),
        (("body",), "missing", "body"),
        (("body", 17), "json_invalid", "body"),
        (("header", "Idempotency-Key"), "x", "Idempotency-Key"),
        (("path", "run"), "x", "run"),
    ],
)
def test_a_field_is_named_as_the_caller_wrote_it(loc: tuple[object, ...], kind: str, field: str) -> None:
    error = RequestValidationError([{"loc": loc, "msg": "odd", "type": kind}])
    body = json.loads(bytes(explain(error).body))
    assert body["errors"] == [{"field": field, "message": "odd"}]
    assert body["detail"] == f"{field}: odd."
    assert refuse_field("cursor", "odd").errors()[0]["loc"] == ("query", "cursor")


def test_private_fields_are_told_by_the_kind_of_fault_only() -> None:
    with pytest.raises(ValidationError) as caught:
        Login.model_validate_json('{"name": "x", "password": "hush-hush"}')
    found = list_job_errors(Login, caught.value)
    assert [error.field for error in found] == ["job.name", "job.password"]
    assert found[1].message == "int_type"
    assert list_job_errors(Login, None) == []


def test_every_operation_documents_who_may_not_come_in() -> None:
    assert sorted(document(404)) == [401, 403, 404, 405, 503]
    assert make_problem(404, "Gone.").status_code == 404


def test_a_method_that_is_not_allowed_names_all_that_are(call: Caller) -> None:
    answer = call("DELETE", "/api/v1/runs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.headers["content-type"] == "application/problem+json"
    run = "/api/v1/runs/01a20fa0-d1ef-7235-a3d0-1bb892995c60"
    assert call("POST", run).headers["allow"] == "GET"
    assert call("GET", f"{run}/cancel").headers["allow"] == "POST"
    assert call("GET", "/api/v1/runs/").status_code == 404
