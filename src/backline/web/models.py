"""What the API takes and answers, as it stands in OpenAPI. Times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from backline.submit_options import LONGEST

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # PostgreSQL keeps no NUL


def read_moment(value: object) -> datetime:
    """A moment in ISO 8601 with its time zone. Raises `ValueError`."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("it takes a moment with its time zone, as 2026-01-31T09:00:00+01:00")
    return moment


def read_when(value: object) -> float | datetime:
    """Seconds from now, or a moment in ISO 8601 with its time zone. Raises `ValueError`."""
    if isinstance(value, str):
        return read_moment(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= LONGEST:
        return float(value)
    raise ValueError("it takes seconds from now, or a moment with its time zone")


Moment = Annotated[
    datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
When = Annotated[
    float | datetime,
    BeforeValidator(read_when),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]


class Taken(BaseModel):
    """What the API takes: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class RunOptions(Taken):
    """When and how urgently. Seconds count from now; a moment has its time zone."""

    countdown: Annotated[float | None, Field(strict=True, ge=0, le=LONGEST, allow_inf_nan=False)] = None
    eta: Moment | None = None
    expires: When | None = None
    deadline: When | None = None
    priority: Annotated[int | None, Field(strict=True, ge=0, le=9, description="0 is most urgent.")] = None


class NewRun(Taken):
    """A run that is asked for. The job's fields are those of GET /tasks/{name}."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task": "streaming_metrics.aggregate_metrics",
                    "job": {"artist_id": "art_0000000000000000"},
                    "options": {"priority": 0},
                }
            ]
        }
    )

    task: Annotated[Text, Field(min_length=1, max_length=200)]
    job: dict[str, Any] = {}
    options: RunOptions = RunOptions()


class NewAnswer(Taken):
    """Why a failure needs no more work."""

    why: Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=2000)]


class RunAnswer(BaseModel):
    """A run. What looks like a secret is struck out of its job."""

    id: str
    task: str
    version: int
    queue: str
    priority: int
    state: str
    attempt: int
    worker: str | None
    asked_by: str
    trace_id: str
    parent_id: str | None
    idempotency_key: str | None
    schedule_id: str | None
    slot: str | None
    error_kind: str | None
    error: str | None
    code_version: str | None
    created_at: str
    due_at: str
    started_at: str | None
    finished_at: str | None
    deadline_at: str | None
    expires_at: str | None
    seconds: float | None
    answered_at: str | None
    answered_by: str | None
    answered_why: str | None
    progress: Any
    job: Any
    answer: Any


class AttemptAnswer(BaseModel):
    """One try of a run."""

    number: int
    outcome: str
    worker: str | None
    started_at: str
    seconds: float | None
    error_kind: str | None
    error: str | None


class RunWithAttempts(RunAnswer):
    """A run with its tries, oldest first."""

    attempts: list[AttemptAnswer]


class RunPage(BaseModel):
    """Runs, newest first."""

    items: list[RunAnswer]
    next: str | None


class Decision(BaseModel):
    """What a person decided about a run, and its state before and after."""

    id: str
    state: str
    was: str


class TaskAnswer(BaseModel):
    """A task, in words of the language that was asked for."""

    task: str
    version: int
    queue: str
    words: str


class TaskDescription(TaskAnswer):
    """A task with the JSON Schemas of its job and its answer; limits in seconds."""

    job: dict[str, Any]
    answer: dict[str, Any]
    short: bool
    priority: int
    limits: dict[str, float | None]


class TaskList(BaseModel):
    """Every task, by name."""

    items: list[TaskAnswer]


class ArtistAnswer(BaseModel):
    """An artist."""

    id: str
    name: str
    confirmed: bool
    provenance: str
    created_at: str
    created_by: str


class ArtistPage(BaseModel):
    """Artists, in the order in which they came in."""

    items: list[ArtistAnswer]
    next: str | None


class NumberLine(BaseModel):
    """One number, as `backline metrics show --json` prints it. value is an exact decimal text."""

    key: str
    measure: str
    report: str
    value: str
    currency: str | None
    coverage: float
    known_at: str


class NumberLines(BaseModel):
    """The numbers of an artist: reports side by side, never added."""

    items: list[NumberLine]


class AuditAnswer(BaseModel):
    """Who did what to which object; digests are SHA-256 in hex."""

    id: int
    at: str
    actor: str
    action: str
    object: str
    run_id: str | None
    fence: int | None
    before_sha: str | None
    after_sha: str | None
    body: Any


class AuditPage(BaseModel):
    """Audit rows, newest first."""

    items: list[AuditAnswer]
    next: str | None
