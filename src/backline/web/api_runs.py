"""/api/v1/runs: ask for runs, read them, and decide about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import StringConstraints

from backline.errors import BadInput, Conflict, UnknownName
from backline.runtime import decisions
from backline.runtime.audit import canonical_json, digest
from backline.runtime.decisions import Person
from backline.runtime.submit import Ask, prepare_run
from backline.runtime.task import Job, Task
from backline.storage.api_keys import Caller, claim_request
from backline.storage.run_tables import STATES
from backline.storage.runs import insert_run, list_attempts, list_runs, read_run
from backline.submit_options import read_options
from backline.web.descriptions import describe_attempt, describe_run
from backline.web.gate import API, allow
from backline.web.models import Decision, NewAnswer, NewRun, RunPage, RunWithAttempts
from backline.web.paging import CursorQuery, LimitQuery, read_run_cursor, write_cursor
from backline.web.problems import FieldError, document, list_job_errors, make_problem
from backline.wiring import House

State = Literal[*STATES]  # type: ignore[valid-type]  # the states are named once, in storage
RunId = Annotated[
    str, Path(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="The run's id.")
]
TaskName = Annotated[
    str | None, Query(max_length=200, pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$", description="Only this task.")
]
Key = Annotated[
    str | None,
    StringConstraints(pattern=r"^[!-~]+$", max_length=255),
    Header(
        alias="Idempotency-Key",
        description="The same key and body again give the same run, for 30 days, while it is kept.",
    ),
]
READ, WRITE = allow("runs:read"), allow("runs:write")


def make_router(house: House) -> APIRouter:
    """The routes of runs."""
    router = APIRouter(prefix=f"{API}/runs", tags=["runs"])
    desk = RunDesk(house)
    again: dict[int | str, dict[str, Any]] = {
        200: {"model": RunWithAttempts, "description": "The key and the body were sent before: that run."}
    }

    @router.post(
        "",
        status_code=201,
        response_model=RunWithAttempts,
        responses=again | document(400, 404, 409, 413, 415, 422),
    )
    def ask(body: NewRun, response: Response, caller: Caller = WRITE, key: Key = None) -> Any:
        """Ask for a run. 201 with its address."""
        return desk.submit(body, response, caller, key)

    @router.get("/{run}", dependencies=[READ], responses=document(404, 422))
    def show(run: RunId) -> RunWithAttempts:
        """One run with its tries."""
        return desk.read(run)

    _add_list(router, house)
    _add_decisions(router, desk)
    return router


def _add_list(router: APIRouter, house: House) -> None:
    @router.get("", dependencies=[READ], responses=document(422))
    def list_some(
        state: Annotated[list[State] | None, Query(description="Only these states.")] = None,
        task: TaskName = None,
        unanswered: Annotated[bool, Query(description="Only failures that nobody answered.")] = False,
        limit: LimitQuery = 50,
        cursor: CursorQuery = None,
    ) -> RunPage:
        """Runs, newest first."""
        before = read_run_cursor(cursor)
        with house.database.read() as connection:
            rows = list_runs(
                connection,
                states=state or (),
                task=task,
                unanswered=unanswered,
                before=before,
                limit=limit + 1,
            )
        items = [describe_run(row, house.secrets) for row in rows[:limit]]
        upcoming = write_cursor("runs", rows[limit - 1].id) if len(rows) > limit else None
        return RunPage.model_validate({"items": items, "next": upcoming})


def _add_decisions(router: APIRouter, desk: RunDesk) -> None:
    @router.post("/{run}/cancel", responses=document(404, 409, 413, 415, 422))
    def cancel(run: RunId, caller: Caller = WRITE) -> Decision:
        """End a waiting run at once, ask a running one to stop."""
        return desk.decide(decisions.cancel, run, caller)

    @router.post("/{run}/retry", responses=document(404, 409, 413, 415, 422))
    def retry(run: RunId, caller: Caller = WRITE) -> Decision:
        """Put a run that has not succeeded back into its queue."""
        return desk.decide(decisions.retry, run, caller)

    @router.post("/{run}/answer", responses=document(400, 404, 409, 413, 415, 422))
    def answer(run: RunId, body: NewAnswer, caller: Caller = WRITE) -> Decision:
        """Say why a failure needs no more work."""
        return desk.decide(decisions.answer, run, caller, body.why)


class RunDesk:
    """What several routes of runs do alike."""

    def __init__(self, house: House) -> None:
        self.house = house

    def submit(self, body: NewRun, response: Response, caller: Caller, key: str | None) -> Any:
        """Make the run, or find the one that the key stands for."""
        house = self.house
        task = house.find_task(body.task)
        job = read_job(task, body.job)
        if isinstance(job, JSONResponse):
            return job
        ask = read_ask(body, caller)
        new = prepare_run(task, job, ask, house.settings.runtime.ring_again_seconds)
        sha = digest(canonical_json(body.model_dump(mode="json"))) or ""

        def insert() -> str:
            with house.database.write() as connection:
                clock = house.database.now_sql
                earlier = claim_request(connection, clock, caller.user, key, sha, new.id) if key else None
                return earlier or insert_run(connection, clock, new)

        run_id = house.database.try_twice(insert)
        if run_id == new.id and ask.delay <= 0:
            house.bells.ring(task.queue)
        response.status_code = 201 if run_id == new.id else 200
        response.headers["Location"] = f"{API}/runs/{run_id}"
        return self.read(run_id)

    def read(self, run: str) -> RunWithAttempts:
        """The run as it is told. Raises `UnknownName`."""
        with self.house.database.read() as connection:
            row = read_run(connection, run)
            attempts = [describe_attempt(attempt) for attempt in list_attempts(connection, run)]
        return RunWithAttempts.model_validate({**describe_run(row, self.house.secrets), "attempts": attempts})

    def decide(self, decision: Any, run: str, caller: Caller, *words: str) -> Decision:
        """What the key's user decides. Raises `UnknownName`, and `Conflict` where the state stands against it."""
        database = self.house.database
        try:
            with database.write() as connection:
                person = Person(caller.user, self.house.secrets)
                done = decision(connection, database.now_sql, run, person, *words)
        except UnknownName:
            raise
        except BadInput as error:
            raise Conflict(error.message, remedy=f"GET {API}/runs/{run} says where it stands.") from error
        for queue in done.rings:
            self.house.bells.ring(queue)
        return Decision(id=done.id, state=done.state, was=done.was)


def read_job(task: Task[Any, Any], given: dict[str, Any]) -> Job | JSONResponse:
    """The job, or the problem that names every field of it that cannot be used."""
    errors = list(find_nuls("job", given))
    if errors:
        return make_problem(422, f"{errors[0].field}: {errors[0].message}.", "Leave it out.", errors)
    try:
        return task.read_json(canonical_json(given))
    except BadInput as error:
        errors = list_job_errors(task.job, error.__cause__)
        return make_problem(422, error.message, f"GET {API}/tasks/{task.name} describes the job.", errors)


def find_nuls(field: str, tree: Any) -> Iterator[FieldError]:
    """Fields with the letter U+0000, which no database keeps in a text."""
    if isinstance(tree, str) and "\0" in tree:
        yield FieldError(field=field, message="a text with a NUL cannot be kept")
    elif isinstance(tree, (dict, list)):
        for name, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from find_nuls(f"{field}.{name}", part)


def read_ask(body: NewRun, caller: Caller) -> Ask:
    """The options as an ask of the key's user. Raises `BadInput`."""
    try:
        return read_options(body.options.model_dump(), caller.user)
    except BadInput as error:
        raise BadInput(f"options: {error.message}", remedy=error.remedy) from error
