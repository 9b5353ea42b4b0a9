"""Answers as they go out: JSON, the two shapes of errors, and the texts that are no JSON at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

PREMIUM = (
    "Active premium subscription required for the owner of the app. When the subscription status changes, "
    "it can take a few hours before requests are allowed again."
)
NOT_LISTED = "User not registered in the Developer Dashboard"
JSON = "application/json; charset=utf-8"
ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Answer:
    """Status, body and headers. `broken`: `cut` ends the connection within the body, `reset` before anything."""

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    broken: str | None = None


class Refused(Exception):
    """The request gets this answer and no other; `why` goes into the ledger."""

    def __init__(self, answer: Answer, why: str) -> None:
        super().__init__(why)
        self.answer, self.why = answer, why


def say(data: Any, status: int = 200, **headers: str) -> Answer:
    """JSON."""
    tidy = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, ENCODE(data).encode("utf-8", "surrogatepass"), JSON, tidy)


def say_text(text: str, status: int, kind: str = "text/plain; charset=utf-8") -> Answer:
    """A body that is no JSON."""
    return Answer(status, text.encode(), kind)


def refuse(status: int, message: str, why: str, reason: str | None = None) -> Refused:
    """An error of the Web API: nested."""
    error: dict[str, Any] = {"status": status, "message": message}
    return Refused(say({"error": error | ({"reason": reason} if reason else {})}, status), why)


def refuse_flat(error: str, description: str | None = None, status: int = 400) -> Refused:
    """An error of the accounts service: flat."""
    body = {"error": error} | ({"error_description": description} if description else {})
    return Refused(say(body, status), error)


def refuse_token(kind: str) -> Refused:
    """No token or a bad one: the same body, another header."""
    described = {"missing_token": "No token provided", "invalid_token": "Invalid access token"}[kind]
    challenge = f'Bearer realm="spotify", error="{kind}", error_description="{described}"'
    body = {"error": {"status": 401, "message": "Missing/invalid/expired access token"}}
    return Refused(say(body, 401, www_authenticate=challenge), kind)


def refuse_pace(kind: str, wait: int | None, why: str) -> Refused:
    """429 with or without `Retry-After`, of a rolling window or of a quota."""
    error: dict[str, Any] = {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}
    if kind != "quota":
        error = {"status": 429, "message": "API rate limit exceeded"}
    headers = {} if wait is None else {"Retry_After": str(wait)}
    return Refused(say({"error": error}, 429, **headers), why)
