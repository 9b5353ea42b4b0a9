"""The routes: health, readiness, and their description as OpenAPI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from backline import __version__
from backline.settings import Settings
from backline.storage.database import Database
from backline.web.loopback import is_loopback
from backline.web.readiness import check_broker, check_database


class Health(BaseModel):
    """The process is alive."""

    status: str
    version: str


class CheckAnswer(BaseModel):
    """One thing that runs need; `verdict` is ok, warning or problem."""

    name: str
    verdict: str
    says: str
    remedy: str | None


class Readiness(BaseModel):
    """Whether runs can be asked for and carried."""

    ready: bool
    checks: list[CheckAnswer]


def make_api(settings: Settings, database: Database, broker_app: Any) -> FastAPI:
    """The API over one database and one broker. `/docs` is off: its page would load code from elsewhere."""
    api = FastAPI(title="Backline", version=__version__, docs_url=None, redoc_url=None)
    api.middleware("http")(refuse_strangers)

    @api.get("/health")
    def health() -> Health:
        """The process is alive and answers."""
        return Health(status="alive", version=__version__)

    @api.get("/ready", responses={503: {"model": Readiness, "description": "Something is missing."}})
    def ready(response: Response) -> Readiness:
        """Database, schema and broker, in words; 503 where one of them is missing."""
        checks = [*check_database(settings, database), check_broker(settings, broker_app)]
        is_ready = all(check.verdict != "problem" for check in checks)
        response.status_code = 200 if is_ready else 503
        return Readiness(ready=is_ready, checks=[CheckAnswer(**vars(check)) for check in checks])

    return api


async def refuse_strangers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Only a Host header of this machine: another name may be a page elsewhere that rebound its DNS."""
    if not is_loopback(split_host(request.headers.get("host", ""))):
        words = "This address serves only this machine: use http://127.0.0.1 or http://localhost."
        return JSONResponse({"detail": words}, status_code=403)
    return await call_next(request)


def split_host(header: str) -> str:
    """The host of a Host header, without port and brackets (RFC 9110 §7.2)."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header
