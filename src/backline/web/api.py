"""The API: health, readiness, /api/v1 for those who have a key, and the description of it all as OpenAPI."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from backline import __version__
from backline.storage.database import Database
from backline.web import api_artists, api_audit, api_events, api_runs, api_tasks, problems
from backline.web.api_events import Streams
from backline.web.gate import Gate
from backline.web.problems import Problem
from backline.web.readiness import check_broker, check_database
from backline.wiring import House

WORDS = "Everything below /api/v1 asks for a key: `Authorization: Bearer bl_…`. Errors are RFC 9457 problems."


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


def make_api(house: House, broker_app: Any, looked_at: Database | None = None) -> FastAPI:
    """The API of a house. `looked_at` is what readiness looks at, where that is not the house's database.

    `/docs` is off: its page would load code from elsewhere.
    """
    api = FastAPI(
        title="Backline", version=__version__, description=WORDS, docs_url=None, redoc_url=None, redirect_slashes=False
    )  # fmt: skip
    streams = api.state.streams = Streams(house.settings.web.max_streams)
    api.add_middleware(Gate, house=house)
    problems.install(api)
    _add_checks(api, house, broker_app, looked_at)
    api.include_router(api_runs.make_router(house))
    api.include_router(api_events.make_router(house, streams))
    for part in (api_tasks, api_artists, api_audit):
        api.include_router(part.make_router(house))
    api.openapi = lambda: _describe(api)  # type: ignore[method-assign]  # as FastAPI's guide has it
    return api


def _add_checks(api: FastAPI, house: House, broker_app: Any, looked_at: Database | None) -> None:
    @api.get("/health")
    def health() -> Health:
        """The process is alive and answers."""
        return Health(status="alive", version=__version__)

    @api.get("/ready", responses={503: {"model": Readiness, "description": "Something is missing."}})
    def ready(response: Response) -> Readiness:
        """Database, schema and broker, in words; 503 where one of them is missing."""
        database = looked_at or house.database
        checks = [*check_database(house.settings, database), check_broker(house.settings, broker_app)]
        is_ready = all(check.verdict != "problem" for check in checks)
        response.status_code = 200 if is_ready else 503
        return Readiness(ready=is_ready, checks=[CheckAnswer(**vars(check)) for check in checks])


def _describe(api: FastAPI) -> dict[str, Any]:
    """OpenAPI, with the problems that answers refer to."""
    if not api.openapi_schema:
        schema = get_openapi(
            title=api.title, version=api.version, description=api.description, routes=api.routes
        )
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        parts |= {**problem.pop("$defs"), "Problem": problem}
        api.openapi_schema = schema
    return api.openapi_schema
