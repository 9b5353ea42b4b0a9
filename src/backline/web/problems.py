"""What went wrong, as problem details (RFC 9457): status, words, the field that is meant and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from backline.errors import BacklineError, BadInput, Conflict, NotAllowed, TryLater, UnknownName
from backline.runtime.retry import is_passing
from backline.runtime.task import Job, holds_private

MEDIA = "application/problem+json"
AWAY_SECONDS = 5
_SECTIONS = ("body", "query", "path", "header", "cookie")
_STATUS: Mapping[type[BacklineError], int] = {
    UnknownName: 404, Conflict: 409, BadInput: 422, NotAllowed: 403, TryLater: 503, BacklineError: 503,
}  # fmt: skip
_WHEN = {
    400: "The body is not JSON.",
    401: "No API key, or one that does not work.",
    403: "The key lacks the scope, or the Host header is not of this machine.",
    404: "There is no such thing.",
    405: "The method is not allowed here; Allow says which are.",
    409: "The state of the thing, or an earlier use of the key, stands against it.",
    413: "The body is larger than web.max_body_kb.",
    415: "The body is not application/json.",
    422: "A field cannot be used; errors names it.",
    429: "Too many streams are open.",
    503: "The database cannot be reached just now.",
}


class FieldError(BaseModel):
    """A field of the body, the query, the path or a header, and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """Problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    remedy: str | None = None
    errors: list[FieldError] = []


def make_problem(
    status: int,
    detail: str,
    remedy: str | None = None,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer."""
    title = HTTPStatus(status).phrase
    body = Problem(title=title, status=status, detail=detail, remedy=remedy, errors=list(errors))
    return JSONResponse(body.model_dump(mode="json"), status, headers=dict(headers or {}), media_type=MEDIA)


def document(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation answers with, for OpenAPI; 401, 403, 405 and 503 are every one's."""
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        code: {"description": _WHEN[code], "content": content}
        for code in sorted({401, 403, 405, 503, *codes})
    }


def refuse_field(field: str, message: str) -> RequestValidationError:
    """What to raise where a field was read and cannot be used."""
    return RequestValidationError([{"loc": ("query", field), "msg": message, "type": "value_error"}])


def explain(error: Exception) -> JSONResponse:
    """The answer that an error amounts to. What nobody foresaw says nothing of its inside."""
    if isinstance(error, RequestValidationError):
        return _explain_fields(error)
    if isinstance(error, HTTPException) and error.status_code == 400 and error.__cause__ is not None:
        return _explain_body(error.__cause__)
    if isinstance(error, HTTPException):
        return make_problem(error.status_code, f"{error.detail}.".replace("..", "."), headers=error.headers)
    if isinstance(error, BacklineError):
        status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
        wait = {"Retry-After": str(max(int(error.seconds), 1))} if isinstance(error, TryLater) else None
        return make_problem(status, error.message, error.remedy, headers=wait)
    if isinstance(error, RecursionError):
        return _explain_body(error)
    if isinstance(error, DBAPIError) and is_passing(error):
        remedy = "Ask again in a moment; `backline doctor` says what is in the way."
        headers = {"Retry-After": str(AWAY_SECONDS)}
        return make_problem(503, "The database cannot be reached just now.", remedy, headers=headers)
    return make_problem(500, "This is a bug in Backline.", "The web process wrote the details to its log.")


def _explain_body(error: BaseException) -> JSONResponse:
    """A body that is JSON, or nearly, and that Python does not read."""
    if isinstance(error, RecursionError):
        words, remedy = "The body is nested too deeply.", "Send a flatter one."
    elif isinstance(error, UnicodeDecodeError):
        words, remedy = "The body is not UTF-8.", "Send JSON in UTF-8."
    else:  # the only other thing that json refuses
        words, remedy = "A number in the body has too many digits.", "Send a smaller one, or a text."
    return make_problem(422, words, remedy, [FieldError(field="body", message=words)])


def list_job_errors(model: type[Job], error: BaseException | None) -> list[FieldError]:
    """What is wrong with a job, field by field; of private fields only the kind of fault, never the value."""
    if not isinstance(error, ValidationError):
        return []
    found = []
    for part in error.errors(include_url=False, include_input=False, include_context=False):
        words = part["type"] if holds_private(model, part["loc"]) else part["msg"]
        found.append(FieldError(field=".".join(["job", *map(str, part["loc"])]), message=words))
    return found


def install(api: FastAPI) -> None:
    """Every error of the API is told as a problem."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        return explain(error)

    for kind in (RequestValidationError, HTTPException, BacklineError, RecursionError, DBAPIError, Exception):
        api.add_exception_handler(kind, answer)
    api.add_exception_handler(405, _explain_method)


async def _explain_method(request: Request, _: Exception) -> JSONResponse:
    """All the methods of the path; a router knows only those of the first route that fits."""
    known: dict[str, Any] = {}
    for path, operations in request.app.openapi()["paths"].items():
        if _fits(path, request.url.path):
            known |= operations
    allowed = ", ".join(sorted(method.upper() for method in known))
    detail = f"{request.method} is not allowed here."
    return make_problem(405, detail, f"Allowed is {allowed}.", headers={"Allow": allowed})


def _fits(pattern: str, path: str) -> bool:
    ours, theirs = pattern.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(
        part == given or part.startswith("{") for part, given in zip(ours, theirs, strict=True)
    )


def _explain_fields(error: RequestValidationError) -> JSONResponse:
    errors = []
    for part in error.errors():
        loc = [str(word) for word in part["loc"]]
        named = loc[1:] if len(loc) > 1 and loc[0] in _SECTIONS else loc
        if part["type"] == "json_invalid":
            named = ["body"]
        errors.append(FieldError(field=".".join(named), message=str(part["msg"])))
    detail = f"{errors[0].field}: {errors[0].message}." if errors else "The request cannot be used."
    return make_problem(422, detail, "/openapi.json describes every field.", errors)
