"""The end of a run, told to Celery: callbacks, the rest of the chain, the chord it is part of, the result backend.

These runs are carried by the workers of the application that the canvas belongs to. They are repeated until
the broker and the result backend have taken what is told, so a task that follows may be sent twice where a worker
is killed in between; one of ours is started once, since its id is its key.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import Celery, states
from celery._state import _task_stack
from celery.app.task import Context
from celery.canvas import group, maybe_signature
from celery.exceptions import ChordError
from celery.result import allow_join_result

from backline.canvas import read_canvas
from backline.errors import BacklineError, TryLater
from backline.results import make_error, name_state
from backline.runtime.retry import first_line, is_passing
from backline.runtime.task import Answer, Job, Limits, Task, task
from backline.storage.canvases import TELL, VERSION, find_told
from backline.storage.database import Database
from backline.storage.runs import RunRow
from backline.tagged import read_answer

log = logging.getLogger("backline.celery")
AGAIN = 5.0  # seconds until a broker or a result backend that is away is tried again
CHORD = "canvas.start_body"
LIMITS = Limits(soft=60.0, hard=90.0)


class TellEnd(Job):
    """Which run, and at which fence: one that has moved on has a telling of its own."""

    run_id: str
    fence: int


class StartBody(Job):
    """The group whose tasks have all ended, and the chord's body as JSON."""

    group_id: str
    body: str


class Told(Answer):
    """What was told."""

    state: str


class Teller:
    """Tells Celery through one application."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def tell(self, row: RunRow) -> str:
        """Tell the state of this run. Raises `TryLater` where the broker or the result backend is away."""
        canvas = read_canvas(row.canvas)
        request = self._make_request(row, canvas)
        state = name_state(row)
        with _try_later(), self._be_parent(row.task, request):
            if state == states.SUCCESS:
                self._succeed(request, read_answer(row.answer))
            elif state in states.READY_STATES:
                self._app.backend.mark_as_failure(
                    request.id, make_error(row), request=request,
                    store_result=not request.ignore_result, state=state,
                )  # fmt: skip
            elif not request.ignore_result:
                words = {"run_id": row.id, "due": row.due_at / 1e6, "error": row.error_text}
                self._app.backend.store_result(request.id, words, state, request=request)
        return state

    def _succeed(self, request: Context, answer: Any) -> None:
        """As Celery's own tracer does it: callbacks, then the next of the chain, then the result."""
        following = {"parent_id": request.id, "root_id": request.root_id or request.id}
        callbacks = [maybe_signature(each, app=self._app) for each in request.callbacks or ()]
        for callback in callbacks:
            if isinstance(callback, group) or len(callbacks) == 1:
                callback.apply_async((answer,), **following)
        single = [callback for callback in callbacks if not isinstance(callback, group)]
        if len(callbacks) > 1 and single:
            group(single, app=self._app).apply_async((answer,), **following)
        if request.chain:
            step = maybe_signature(request.chain[-1], app=self._app)
            step.apply_async((answer,), chain=request.chain[:-1], **following)
        self._app.backend.mark_as_done(
            request.id, answer, request=request, store_result=not request.ignore_result
        )

    def start_body(self, group_id: str, body: Mapping[str, Any]) -> str:
        """All tasks of a chord have ended: start its body with their answers, or tell it that one has none."""
        parts = self._app.GroupResult.restore(group_id, backend=self._app.backend)
        callback = maybe_signature(dict(body), app=self._app)
        if parts is None or not parts.ready():
            raise TryLater(AGAIN, f"The tasks of group {group_id} have not all ended.")
        with _try_later():
            try:
                with allow_join_result():
                    answers = parts.join(propagate=True)
            except Exception as error:
                if is_passing(error):
                    raise
                failed = ChordError(f"A task of group {group_id} has no answer: {error}")
                self._app.backend.chord_error_from_stack(callback=callback, exc=failed)
                return str(states.FAILURE)
            callback.apply_async((answers,), parent_id=group_id)
        return str(states.SUCCESS)

    def _make_request(self, row: RunRow, canvas: Mapping[str, Any]) -> Context:
        """The request that Celery would have had, had the message been the run."""
        given = {name: value for name, value in canvas.items() if name != "queue"}
        return Context({
            "id": row.id, "ignore_result": False, "correlation_id": canvas.get("id", row.id), "task": row.task,
            "args": [], "kwargs": json.loads(row.job), "hostname": row.worker, "called_directly": False,
            "delivery_info": {"is_eager": False}, "retries": 0, **given,
        })  # fmt: skip

    @contextmanager
    def _be_parent(self, name: str, request: Context) -> Iterator[None]:
        """What is sent meanwhile counts as sent by the task of this run."""
        parent = self._app.tasks.get(name)
        if parent is None:
            yield
            return
        _task_stack.push(parent)
        parent.request_stack.push(request)
        try:
            yield
        finally:
            parent.request_stack.pop()
            _task_stack.pop()


@contextmanager
def _try_later() -> Iterator[None]:
    try:
        yield
    except BacklineError:
        raise
    except Exception as error:
        if is_passing(error):
            raise TryLater(AGAIN, f"Celery cannot be told now: {first_line(error)}") from error
        raise


@task(TELL, version=VERSION, limits=LIMITS)
def _tell_end(job: TellEnd, database: Database, teller: Teller) -> Told:
    """Tells Celery how a run ended.

    [fr]
    Dit à Celery comment une exécution s'est terminée.

    [de]
    Sagt Celery, wie ein Lauf geendet hat.
    """
    with database.read() as connection:
        row = find_told(connection, job.run_id)
    if row is None or row.canvas is None or row.fence != job.fence:
        return Told(state="moved on")
    return Told(state=teller.tell(row))


@task(CHORD, version=1, limits=LIMITS)
def _start_body(job: StartBody, teller: Teller) -> Told:
    """Starts the body of a chord.

    [fr]
    Lance le corps d'un accord.

    [de]
    Startet den Rumpf eines Akkords.
    """
    return Told(state=teller.start_body(job.group_id, read_canvas(job.body)))


START_BODY: Task[Any, Any] = _start_body
BUILT_IN: dict[str, Task[Any, Any]] = {TELL: _tell_end, CHORD: _start_body}
