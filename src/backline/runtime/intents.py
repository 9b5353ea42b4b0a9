"""Calls to the outside world: an intent is committed before each, its outcome right after it.

    outcome = intents.call("post", {"text": job.text}, do=lambda: client.post(job.text), reconcile=find_post)

An attempt that finds an intent with its outcome does not call. One that finds an intent without any (a
crash, a connection lost) lets the owner's function look at the outside world before it calls again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from backline.errors import BacklineError, BadInput, LeaseLost, NeedsHuman, NotAllowed, TryLater
from backline.runtime.audit import Secrets, canonical_json, describe_job, digest, make_entry
from backline.runtime.claim import Watch, hold_soft_limit
from backline.runtime.pause import pause
from backline.runtime.retry import is_passing
from backline.runtime.task import BadTask
from backline.storage.audits import insert_audit
from backline.storage.clock import from_micros
from backline.storage.database import Database
from backline.storage.intent_tables import UNSURE_STATES
from backline.storage.intents import IntentRow, end_intent, make_intent, read_intent

HARMLESS = (BadInput, NotAllowed, TryLater)  # raised by a call, they prove that nothing happened


@dataclass(frozen=True)
class Intent:
    """A call of an earlier attempt without an outcome. `key` is what `Intents.key` gave that attempt too.

    `made_at` is the moment (aware, UTC) before the last call was begun, `tries` how often one was.
    """

    run_id: str
    name: str
    key: str
    request: Any
    made_at: datetime
    tries: int


@dataclass(frozen=True)
class Found:
    """It happened. `result` is what the call would have returned, as JSON."""

    result: Any = None


@dataclass(frozen=True)
class NotThere:
    """It did not happen, and will not any more: it may be called again."""


@dataclass(frozen=True)
class Unclear:
    """Nobody can tell; a person must look."""

    why: str = "It cannot be seen whether it happened."


Reconcile = Callable[[Intent], Found | NotThere | Unclear]


@dataclass(frozen=True)
class _Asked:
    """A call as it is asked for: `input_sha` of the request, `shown` the request with secrets struck out."""

    name: str
    request: Any
    input_sha: str
    shown: Any
    at_most_once: bool


class Intents:
    """`call(name, request, do=…)` calls once per run and name, and remembers the JSON result."""

    def __init__(self, database: Database, watch: Watch, secrets: Secrets, patience: float) -> None:
        """`patience` in seconds: how long an outcome is offered to a database that is away."""
        self._database = database
        self._watch = watch
        self._secrets = secrets
        self._patience = patience

    def key(self, name: str) -> str:
        """The same text in every attempt of the run: an Idempotency-Key for an API that takes one."""
        return f"{self._watch.run_id}:{name}"

    def call(
        self,
        name: str,
        request: Mapping[str, Any] | BaseModel,
        do: Callable[[], Any],
        reconcile: Reconcile | None = None,
        *,
        at_most_once: bool = False,
    ) -> Any:
        """What `do()` returned, as JSON, in this attempt or an earlier one; `reconcile` looks where that is not known.

        Without `reconcile` such a call is repeated; with `at_most_once` it is not, and a person must look.
        Raises `NeedsHuman` then, `LeaseLost` where another worker owns the run by now, `BadTask` where the
        name stands for another request, and whatever `do` and `reconcile` raise.
        """
        asked = self._describe(name, request, at_most_once)
        row = self._read(asked)
        if row is not None and row.state == "done":
            return json.loads(row.outcome)
        self._watch.checkpoint()
        if row is not None and row.state in UNSURE_STATES:
            outcome = self._look(asked, row, reconcile)
            if outcome is not None:
                return json.loads(outcome)
        return self._call(asked, do)

    def _describe(self, name: str, request: Mapping[str, Any] | BaseModel, at_most_once: bool) -> _Asked:
        if isinstance(request, BaseModel):
            tree, shown = request.model_dump(mode="json"), describe_job(request)
        else:
            tree = shown = json.loads(canonical_json(request))
        input_sha = digest(canonical_json(tree)) or ""
        return _Asked(name, tree, input_sha, self._secrets.strike_tree(shown), at_most_once)

    def _read(self, asked: _Asked) -> IntentRow | None:
        with self._database.read() as connection:
            row = read_intent(connection, self._watch.run_id, asked.name)
        # What failed did not happen, so a mended request may take its place.
        if row is not None and row.state != "failed" and row.input_sha != asked.input_sha:
            raise BadTask(
                f"Intent {asked.name} of run {self._watch.run_id} was made for another request.",
                remedy="A request must be the same in every attempt; two calls of one run need two names.",
            )
        return row

    def _look(self, asked: _Asked, row: IntentRow, reconcile: Reconcile | None) -> str | None:
        """The outcome of an earlier attempt's call as JSON; None where it may be called again."""
        sight: Found | NotThere | Unclear = NotThere()
        if reconcile is not None:
            moment, run_id = from_micros(row.made_at), self._watch.run_id
            intent = Intent(run_id, asked.name, self.key(asked.name), asked.request, moment, row.tries)
            sight = reconcile(intent)
        elif asked.at_most_once or row.at_most_once:
            sight = Unclear(
                "It is called at most once, and nobody knows whether an attempt that broke off did."
            )
        if isinstance(sight, NotThere):
            return None
        if isinstance(sight, Found):
            outcome, odd = _write_json(sight.result)
            kept = self._end(asked, row.fence, "done", outcome, action="found")
            _refuse_odd(asked, odd)
        elif isinstance(sight, Unclear):
            kept = self._end(asked, row.fence, "unclear", words=sight.why)
        else:
            raise BadTask(f"Intent {asked.name}: reconcile returned {type(sight).__name__}.")
        if kept and isinstance(sight, Unclear):
            raise self._call_person(asked, sight.why)
        return outcome if kept and isinstance(sight, Found) else self._read_outcome(asked)

    def _call_person(self, asked: _Asked, why: str) -> NeedsHuman:
        command = f"backline runs outcome {self._watch.run_id} {asked.name}"
        return NeedsHuman(
            f"Whether the call {asked.name} took effect is not clear: {why}",
            remedy=f"Look there, then `{command} --done JSON --why TEXT`, or --not-done.",
        )

    def _call(self, asked: _Asked, do: Callable[[], Any]) -> Any:
        if not self._make(asked):
            return json.loads(self._read_outcome(asked))
        fence = self._watch.fence
        try:
            self._watch.confirm()
        except BacklineError:
            self._end(asked, fence, "failed", words="It was not called.")
            raise
        try:
            result = do()
        except HARMLESS as error:
            self._end(asked, fence, "failed", words=self._secrets.strike(str(error)))
            raise
        outcome, odd = _write_json(result)
        if not self._end(asked, fence, "done", outcome):
            raise LeaseLost
        _refuse_odd(asked, odd)
        return json.loads(outcome)

    def _read_outcome(self, asked: _Asked) -> str:
        """The outcome that somebody else has written meanwhile. Raises `LeaseLost` where there is none."""
        row = self._read(asked)
        if row is None or row.state != "done":
            raise LeaseLost
        return str(row.outcome)

    def _make(self, asked: _Asked) -> bool:
        with self._database.write() as connection:
            tries = make_intent(
                connection, self._database.now_sql,
                run_id=self._watch.run_id, fence=self._watch.fence, name=asked.name, input_sha=asked.input_sha,
                request=canonical_json(asked.shown), at_most_once=asked.at_most_once,
            )  # fmt: skip
            if tries is not None:
                facts = {"request": asked.shown, "at_most_once": asked.at_most_once, "tries": tries}
                self._note(connection, asked, "made", None, facts)
        return tries is not None

    def _end(
        self,
        asked: _Asked,
        fence: int,
        state: str,
        outcome: str | None = None,
        *,
        words: str | None = None,
        action: str | None = None,
    ) -> bool:
        """Commit how it ended; False where it is no longer this attempt's to say.

        What is known of the outside world must not be lost: no soft limit interrupts it, and a database that
        is away is asked again for as long as a lease lasts.
        """
        wait, until = 0.1, time.monotonic() + self._patience
        with hold_soft_limit():
            while True:
                try:
                    with self._database.write() as connection:
                        kept = end_intent(
                            connection, self._database.now_sql, run_id=self._watch.run_id, fence=fence,
                            name=asked.name, state=state, outcome=outcome, words=words,
                        )  # fmt: skip
                        told = (action or state) if kept else "late"
                        self._note(connection, asked, told, outcome, {"state": state, "words": words})
                    return kept
                except Exception as error:
                    if time.monotonic() > until or not is_passing(error):
                        raise
                pause(wait)
                wait = min(wait * 2, 1.0)

    def _note(
        self, connection: Any, asked: _Asked, action: str, outcome: str | None, facts: Mapping[str, Any]
    ) -> None:
        watch = self._watch
        entry = make_entry(
            watch.asked_by, f"intent.{action}", name_object(watch.run_id, asked.name), self._secrets,
            run_id=watch.run_id, fence=watch.fence, before_sha=asked.input_sha, after_sha=digest(outcome), **facts,
        )  # fmt: skip
        insert_audit(connection, self._database.now_sql, entry)


def name_object(run_id: str, name: str) -> str:
    """An intent as audit rows name it."""
    return f"intent:{run_id}:{name}"


def _write_json(result: Any) -> tuple[str, str | None]:
    """The result as JSON, and the name of a type in it that is none: what happened is kept in any case."""
    odd: list[str] = []

    def keep(value: Any) -> str:
        odd.append(type(value).__name__)
        return repr(value)

    return to_json(result, fallback=keep, inf_nan_mode="null").decode(), odd[0] if odd else None


def _refuse_odd(asked: _Asked, odd: str | None) -> None:
    if odd is not None:
        raise BadTask(
            f"Intent {asked.name}: its result holds {odd}, which is no JSON; it is kept as a text.",
            remedy="Let `do` return what the task needs of it: numbers, texts, lists, dictionaries.",
        )
