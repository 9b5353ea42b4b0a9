"""A result backend of Celery's that reads rows: the state of a run is its result, and nothing is stored twice.

    app.conf.result_backend = "backline.results:RowBackend"

With it, `AsyncResult(id)`, groups and chords work with nothing else installed. What has no row here (a team's own
task, the rest of a chain that failed) is kept in the table `backline_result`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import celery.result
from celery import states
from celery.app.control import Control
from celery.backends.base import Backend, DisabledBackend, SyncBackendMixin
from celery.exceptions import TaskRevokedError
from celery.exceptions import TimeoutError as CeleryTimeout
from kombu.utils.json import dumps, loads

from backline.errors import BacklineError, BadInput
from backline.runtime.decisions import Person, cancel
from backline.runtime.handle import RunFailed
from backline.runtime.pause import pause
from backline.storage.canvases import drop_result, find_told, keep_result, read_result
from backline.storage.clock import from_micros
from backline.storage.runs import RunRow
from backline.tagged import read_answer

NEEDS_ATTENTION, BLOCKED, SCHEDULED = "NEEDS_ATTENTION", "BLOCKED", "SCHEDULED"
STATES = {
    "scheduled": SCHEDULED, "queued": states.PENDING, "running": states.STARTED, "succeeded": states.SUCCESS,
    "failed": states.FAILURE, "dead": states.FAILURE, "cancelled": states.REVOKED, "expired": states.REVOKED,
    "needs_attention": NEEDS_ATTENTION, "blocked": BLOCKED,
}  # fmt: skip
WAITING = (NEEDS_ATTENTION, BLOCKED)  # for a person or for other code: to wait would not help
_OF_ROWS = (*states.READY_STATES, *WAITING, SCHEDULED)  # what only the row itself says
GROUP = "group:"
ROWS_AS_RESULTS = (
    'Set result_backend = "backline.results:RowBackend"; it needs nothing else installed.'  # a remedy
)


class WaitedLong(CeleryTimeout, TimeoutError):  # type: ignore[misc]  # celery ships no types
    """The run has not ended within the time given."""


def name_state(row: RunRow) -> str:
    """The state of a run as Celery calls it. A failure that a person has answered has ended."""
    if row.state in ("needs_attention", "blocked") and row.answered_at is not None:
        return str(states.FAILURE)
    return str(STATES[row.state])


def make_error(row: RunRow) -> Exception:
    """What whoever waits for this run is told."""
    why = f" ({row.error_kind}): {row.error_text}" if row.error_text else "."
    words = f"Run {row.id} is {row.state}{why}"
    if STATES[row.state] == states.REVOKED:
        revoked: Exception = TaskRevokedError(words)
        return revoked
    return RunFailed(words)


class RunResult(celery.result.AsyncResult):  # type: ignore[misc]  # celery ships no types
    """What `.delay()` returns: Celery's AsyncResult on the run's row.

    `id` is the Celery id where one was given, else the run's; `run_id` is the run's in any case.
    """

    is_eager = False  # nobody else may carry it, so to wait would not help

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return str(self._find().id)

    @property
    def run_state(self) -> str:
        """The state in the row, now: one of the ten."""
        return str(self._find().state)

    def get(self, timeout: float | None = None, *args: Any, **options: Any) -> Any:
        """The answer (a JSON object). Raises `RunFailed`, `TaskRevokedError`, or `TimeoutError` after `timeout` s.

        A run that needs a person or other code raises `RunFailed` at once: waiting would not help.
        """
        if self.is_eager and not self.ready():
            raise make_error(self._find())
        return super().get(timeout, *args, **options)

    def revoke(self, connection: Any = None, terminate: bool = False, **_: Any) -> None:  # noqa: ARG002 - Celery's
        """Cancel the run: at once where it waits, at its next checkpoint where it runs. One that has ended stays.

        `terminate` ends a running one at once too, and with it the worker's child that has it.
        """
        self.backend.cancel(self.id, terminate=terminate)

    def _parents(self) -> Iterator[Any]:
        """The steps before it, but for those whose results are kept nowhere: nobody can say how they ended."""
        return (node for node in super()._parents() if not isinstance(node.backend, DisabledBackend))

    def _find(self) -> RunRow:
        row = self.backend.find(self.id)
        if row is None:
            raise BacklineError(f"No run {self.id}.")
        return row


class JoinsRuns:
    """What a group or a set of results of an application with runs is, besides what Celery makes of it.

    Celery asks the first part how all are waited for; a run is waited for in its row, wherever the others are.
    """

    results: Sequence[Any]

    @property
    def supports_native_join(self) -> Any:
        """Never where one of the parts is a run, else as Celery says."""
        native = super().supports_native_join  # type: ignore[misc]  # Celery's, beside which it stands
        return not _has_runs(self.results) and native


def _has_runs(results: Iterable[Any]) -> bool:
    return any(
        _has_runs(each.results) if isinstance(each, celery.result.ResultSet) else isinstance(each, RunResult)
        for each in results
    )


class NoBackend(DisabledBackend):  # type: ignore[misc]  # celery ships no types
    """No result backend, in an application with runs: what it refuses it could do with rows as results."""

    def ensure_chords_allowed(self) -> None:
        """Celery's refusal, and the way out."""
        try:
            super().ensure_chords_allowed()
        except NotImplementedError as refused:  # Celery's word for a chord that nobody would count
            raise type(refused)(f"{refused}\n\n{ROWS_AS_RESULTS}") from None


class RowControl(Control):  # type: ignore[misc]  # celery ships no types
    """Our own workers take no orders by message: what can be said of a run is said in its row."""

    def revoke(self, task_id: Any, destination: Any = None, terminate: bool = False, **_: Any) -> None:  # noqa: ARG002 - Celery's
        """Cancel these runs; `terminate` ends running ones too."""
        for each in [task_id] if isinstance(task_id, str) else task_id:
            self.app.backend.cancel(each, terminate=terminate)


class RowBackend(Backend, SyncBackendMixin):  # type: ignore[misc]  # celery ships no types
    """Reads `backline_run`, and keeps in `backline_result` what has no row there."""

    supports_autoexpire = True
    persistent = True

    def find(self, task_id: str) -> RunRow | None:
        """The run of this id, or that the task of this id became."""
        database = self._house().database

        def look() -> RunRow | None:
            with database.read() as connection:
                return find_told(connection, task_id)

        return database.try_twice(look)

    def cancel(self, task_id: str, *, terminate: bool = False) -> None:
        """Cancel the run where it has not ended; `terminate` does not leave it to the task to stop."""
        house, row = self._house(), self.find(task_id)
        if row is None:
            return
        try:
            with house.database.write() as connection:
                person = Person(house.settings.actor, house.secrets)
                done = cancel(connection, house.database.now_sql, row.id, person, by_force=terminate)
            for queue in done.rings:
                house.bells.ring(queue)
        except BadInput:  # it has ended meanwhile
            return

    def _house(self) -> Any:
        desk = getattr(self.app, "backline_desk", None)
        if desk is None:
            raise BacklineError(
                "This application has no runs to read results from.", remedy="Call backline.attach(app)."
            )
        return desk.house()

    def _find_outside(self) -> Any:
        """Where the application keeps the results of what has no row; None where that is here, or nowhere."""
        backend = self.app.backend
        return None if isinstance(backend, (RowBackend, DisabledBackend)) else backend

    def _ensure_not_eager(self) -> None:
        """A run carried at once has its row like any other."""

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        row = self.find(task_id)
        is_told = row is None or row.canvas is not None or row.state == "running"
        kept = self._read(task_id) if is_told else None
        meta: dict[str, Any] = {"task_id": task_id, "status": states.PENDING, "result": None, "children": []}
        if row is None and kept is not None and "fence" not in kept[1]:  # what a run said is not its end
            return dict(self.meta_from_decoded(kept[1] | {"status": kept[0]}))
        if row is None:
            outside = self._find_outside()
            return meta if outside is None else dict(outside.get_task_meta(task_id))
        state = name_state(row)
        meta |= {"status": state, "name": row.task, "worker": row.worker, "traceback": None}
        if kept is not None and state == states.STARTED and kept[1].get("fence") == row.fence:
            meta |= {"status": kept[0], "result": kept[1]["result"]}
        elif state == states.SUCCESS:
            meta["result"] = read_answer(row.answer)
        elif row.error_text is not None or state in states.PROPAGATE_STATES:
            meta["result"] = make_error(row)
        if kept is not None:
            meta["children"] = kept[1].get("children") or []
        if state in states.READY_STATES and row.finished_at is not None:
            meta["date_done"] = from_micros(row.finished_at).isoformat()
        return meta

    def store_result(
        self,
        task_id: str | None,
        result: Any,
        state: str,
        traceback: Any = None,
        request: Any = None,
        **_: Any,
    ) -> Any:
        """Of what has no row, also where the application keeps its results: its body of a chord that failed.

        A plain call has no id, and nothing of it is kept.
        """
        if task_id is None:
            return result
        outside = self._find_outside()
        if outside is not None and self.find(task_id) is None:
            outside.store_result(task_id, result, state, traceback=traceback, request=request)
        return super().store_result(task_id, result, state, traceback=traceback, request=request)

    def _store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: Any = None,
        request: Any = None,
        **_: Any,
    ) -> Any:
        """Keep it where there is no row; of a run what followed it, and what it says of itself meanwhile."""
        meta = self._get_result_meta(result=result, state=state, traceback=traceback, request=request)
        if self.find(task_id) is None or meta.get("children"):
            self._keep(task_id, state, meta)
        else:
            self.keep_state(task_id, state, result)
        return result

    def keep_state(self, task_id: str, state: str, words: Any) -> None:
        """What a run says of itself (`update_state`); it is shown until this attempt ends, and not as an end."""
        row = self.find(task_id)
        if row is not None and row.state == "running" and state not in _OF_ROWS:
            self._keep(task_id, state, {"result": words, "fence": row.fence})

    def _forget(self, task_id: str) -> None:
        """What was kept is forgotten; a run stays in the ledger."""
        with self._house().database.write() as connection:
            drop_result(connection, task_id)

    def _save_group(self, group_id: str, result: Any) -> Any:
        self._keep(GROUP + group_id, states.SUCCESS, {"result": result.as_tuple()})
        return result

    def _restore_group(self, group_id: str) -> Any:
        kept = self._read(GROUP + group_id)
        if kept is None:
            return None
        return {"result": celery.result.result_from_tuple(kept[1]["result"], self.app)}

    def _delete_group(self, group_id: str) -> None:
        self._forget(GROUP + group_id)

    def apply_chord(self, header_result_args: Any, body: Any, **_: Any) -> None:  # noqa: ARG002 - Celery's
        """Keep which tasks the body waits for, before the first of them can end."""
        self.app.GroupResult(*header_result_args).save(backend=self)

    def on_chord_part_return(self, request: Any, state: str, result: Any, **_: Any) -> None:  # noqa: ARG002 - Celery's
        """A part has ended: when all have, ask for the run that starts the body, once for each chord."""
        parts = self.app.GroupResult.restore(request.group, backend=self) if request.group else None
        if parts is not None and parts.ready():
            self.app.backline_desk.end_chord(request.group, request.chord)

    def wait_for(
        self,
        task_id: str,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,  # noqa: ARG002 - Celery's
        on_interval: Any = None,
    ) -> Any:
        """Look at the row until it has ended. Raises `RunFailed` at once where only a person or other code helps."""
        began, nap = time.monotonic(), 0.02
        while True:
            meta = self.get_task_meta(task_id)
            if meta["status"] in states.READY_STATES:
                return meta
            if meta["status"] in WAITING:
                raise meta["result"]
            if on_interval:
                on_interval()
            if timeout is not None and time.monotonic() - began >= timeout:
                raise WaitedLong(f"{task_id} is still {meta['status']} after {timeout:g} s.")
            pause(nap)
            nap = min(nap * 1.5, interval or 0.5)

    def get_many(
        self, task_ids: Iterable[str], timeout: float | None = None, interval: float = 0.5, **_: Any
    ) -> Iterator[tuple[str, Any]]:
        """Each id with its end, as they are asked for."""
        began = time.monotonic()
        for task_id in task_ids:
            left = None if timeout is None else max(timeout - (time.monotonic() - began), 0.0)
            yield task_id, self.wait_for(task_id, timeout=left, interval=interval)

    def _keep(self, task_id: str, state: str, meta: dict[str, Any]) -> None:
        database = self._house().database
        with database.write() as connection:
            keep_result(connection, database.now_sql, task_id, state, str(dumps(meta)))

    def _read(self, task_id: str) -> tuple[str, Any] | None:
        with self._house().database.read() as connection:
            kept = read_result(connection, task_id)
        return None if kept is None else (kept[0], loads(json.dumps(kept[1])))
