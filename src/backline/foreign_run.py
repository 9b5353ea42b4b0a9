"""One attempt at a durable Celery task, as Celery would make it: request, hooks, signals; its end as a verdict of ours."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from billiard.einfo import ExceptionInfo
from celery import signals
from celery._state import _task_stack
from celery.app.trace import _install_stack_protection, task_has_custom
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded
from celery.result import E_WOULDBLOCK
from celery.utils.time import maybe_make_aware

from backline.errors import BacklineError, BrokenContract
from backline.runtime.claim import SoftLimit
from backline.runtime.current import RETRY, CurrentRun, current_run
from backline.runtime.foreign import Call, ForeignTask, Returned
from backline.runtime.retry import MAX_BUGS, Judged, Verdict, back_off, judge
from backline.storage.canvases import read_root, read_task_id
from backline.tagged import tag, untag, write_tagged

log = logging.getLogger("backline.durable")
make_einfo: Any = ExceptionInfo  # billiard ships no types


def carry_task(task: Any, spec: ForeignTask, job: Call) -> Returned:
    """What the task returned, tagged. Raises `Judged`, or what the house itself raises in a task."""
    run = current_run()
    attempt = Attempt(task, spec, run, _read_call(run, job))
    with attempt.as_current():
        return Returned(returned=tag(attempt.carry()))


def _read_call(run: CurrentRun, job: Call) -> Call:
    """The arguments of this attempt, as what they were; the retry before it may have changed them."""
    retries, kept = run.count_retries(), [job.args, job.kwargs]
    if retries:
        kept = run.steps.keep(f"arguments:{retries}", None, lambda: kept)
    args, kwargs = untag(kept)
    return job.model_copy(update={"args": args, "kwargs": kwargs})


class Attempt:
    """The task, what was asked, and how far it is. The task's request knows it by `backline_attempt`."""

    def __init__(self, task: Any, spec: ForeignTask, run: CurrentRun, call: Call) -> None:
        self.task = task
        self.spec = spec
        self.run = run
        self.call = call
        self.retries = run.count_retries()
        self.spent: BaseException | None = None  # what was raised because the retries are used up
        self.wanted: Retry | None = None
        self.delay = 0.0
        self.id = read_task_id(run.row.idempotency_key) or run.id  # as Celery knows it
        self.request: Any = None
        self.state, self.value = "FAILURE", None  # as Celery's signals tell them

    @contextmanager
    def as_current(self) -> Iterator[None]:
        """The task and its request are on top of Celery's stacks inside the block, and the signals frame it."""
        task, call = self.task, self.call
        _task_stack.push(task)
        task.push_request(**_describe_request(self))
        self.request = task.request_stack.top
        try:
            signals.task_prerun.send(
                sender=task, task_id=self.id, task=task, args=call.args, kwargs=call.kwargs
            )
            task.app.loader.on_task_init(self.id, task)
            yield
        finally:
            signals.task_postrun.send(
                sender=task, task_id=self.id, task=task, args=call.args, kwargs=call.kwargs,
                retval=self.value, state=self.state,
            )  # fmt: skip
            task.pop_request()
            _task_stack.pop()
            task.app.loader.on_process_cleanup()

    def carry(self) -> Any:
        """The task's value."""
        try:
            value = self._call()
        except (Ignore, Reject, Retry) as asked:
            return self._obey(asked)
        except Exception as error:
            self._fail(error)
        self._end("SUCCESS", value)
        self._hear("on_success", value, self.id, self.call.args, self.call.kwargs)
        signals.task_success.send(sender=self.task, result=value)
        self._after("SUCCESS", value, None)
        return value

    def _call(self) -> Any:
        task, call = self.task, self.call
        function: Callable[..., Any] = task.run
        if task_has_custom(task, "__call__"):
            _install_stack_protection()
            function = task
        limit = SoftLimit(self.spec.soft, SoftTimeLimitExceeded) if self.spec.soft else nullcontext()
        with limit:
            task.before_start(self.id, call.args, call.kwargs)
            with _refuse_to_wait(task.name):
                value = self._once(lambda: function(*call.args, **call.kwargs))
        if self.wanted is not None:  # asked for by retry(throw=False)
            raise self.wanted
        return self._check_json(value)

    def _once(self, do: Callable[[], Any]) -> Any:
        """At least once; for a task that must not be repeated, at most once."""
        if self.spec.idempotent:
            return do()
        request, made = tag({"args": self.call.args, "kwargs": self.call.kwargs}), []

        def keep() -> Any:
            made.append(do())
            return _tag_or_describe(made[0])

        kept = self.run.intents.call(f"call:{self.retries}", request, keep, at_most_once=True)
        return made[0] if made else untag(kept)

    def _check_json(self, value: Any) -> Any:
        try:
            write_tagged(value)
        except (TypeError, ValueError, RecursionError) as error:
            if self.task.ignore_result:
                return None
            raise BrokenContract(
                f"{self.task.name} returned {type(value).__name__}, which is not JSON: {error}.",
                remedy="Let it return numbers, texts, moments, lists, dictionaries or nothing (NaN and infinity "
                "as a text), or set ignore_result=True.",
            ) from error
        return value

    def _obey(self, asked: Ignore | Reject | Retry) -> None:
        """What the task asked for by an exception of Celery's: nothing more, an end, or another attempt."""
        if isinstance(asked, Retry):
            verdict = Verdict("scheduled", RETRY, self._read_delay(asked), fault=True)
            raise self._put_off(asked.exc or asked, verdict, asked)
        if isinstance(asked, Reject):
            self._end("REJECTED", asked)
            again = Verdict("scheduled", "requeued", back_off(self.run.attempt - 1))
            raise Judged(again if asked.requeue else Verdict("dead", "rejected"), asked)
        self._end("IGNORED", None)

    def _read_delay(self, asked: Retry) -> float:
        if asked is self.wanted:
            return self.delay
        return measure_delay(self.task, None, asked.when)

    def _fail(self, error: Exception) -> None:
        verdict = self._judge(error)
        if verdict.state in ("scheduled", "queued"):
            raise self._put_off(error, verdict, Retry(exc=error, when=verdict.delay)) from error
        einfo = make_einfo()
        self._end("FAILURE", error)
        self._hear("on_failure", error, self.id, self.call.args, self.call.kwargs, einfo)
        signals.task_failure.send(
            sender=self.task, task_id=self.id, exception=error, args=self.call.args, kwargs=self.call.kwargs,
            traceback=error.__traceback__, einfo=einfo,
        )  # fmt: skip
        self._after("FAILURE", error, einfo)
        raise Judged(verdict, error) from error

    def _put_off(self, error: BaseException, verdict: Verdict, reason: Retry) -> Judged:
        einfo = make_einfo()
        self._end("RETRY", reason)
        self._hear("on_retry", error, self.id, self.call.args, self.call.kwargs, einfo)
        signals.task_retry.send(sender=self.task, request=self.request, reason=reason, einfo=einfo)
        self._after("RETRY", error, einfo)
        return Judged(verdict, error)

    def _judge(self, error: Exception) -> Verdict:
        """The house's verdict, but for what the task itself says of its errors."""
        if error is self.spent:
            return Verdict("dead", "retries_spent", bug=True)
        if isinstance(error, tuple(self.task.throws or ())):
            return Verdict("failed", "expected")
        row = self.run.row
        verdict = judge(error, faults=max(row.faults - self.retries, 0), bugs=row.bugs)
        if not verdict.bug or isinstance(error, BacklineError):
            return verdict
        if isinstance(error, SoftTimeLimitExceeded):
            verdict = replace(verdict, kind="time_limit")
        most = MAX_BUGS if self.spec.bugs is None else self.spec.bugs
        if row.bugs + 1 > most:
            return replace(verdict, state="dead", delay=None)
        return replace(verdict, state="scheduled", delay=back_off(row.bugs))

    def spend(self, error: BaseException) -> None:
        """The task's retries are used up; `error` says so."""
        self.spent = error

    def ask_again(self, retry: Retry, delay: float, args: Any, kwargs: Any) -> None:
        """The next attempt, in `delay` seconds and with these arguments."""
        self.wanted, self.delay = retry, delay
        call = {"args": self.call.args, "kwargs": self.call.kwargs}
        kept = self.spec.read_call({"args": args, "kwargs": kwargs}).model_dump()
        if self.retries or kept != self.spec.read_call(call).model_dump():
            name = f"arguments:{self.retries + 1}"
            self.run.steps.keep(name, None, lambda: [kept["args"], kept["kwargs"]])

    def _end(self, state: str, value: Any) -> None:
        self.state, self.value = state, value

    def _after(self, state: str, value: Any, einfo: Any) -> None:
        self._hear("after_return", state, value, self.id, self.call.args, self.call.kwargs, einfo)

    def _hear(self, hook: str, *words: Any) -> None:
        """A hook that fails changes nothing about how the task ended."""
        try:
            getattr(self.task, hook)(*words)
        except Exception:
            log.exception("%s: %s failed", self.task.name, hook)


@contextmanager
def _refuse_to_wait(name: str) -> Iterator[None]:
    """Celery's refusal of `.get()` within a task stays the same however often it is tried."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != E_WOULDBLOCK:
            raise
        raise BrokenContract(
            f"{name} waits for the result of another task: that holds a place of the worker, and can hold all of them.",
            remedy="Chain the two, or let this one be asked for by link= of the other.",
        ) from error


def _tag_or_describe(value: Any) -> Any:
    """The value as a row keeps it; what is none in words: that it was called is kept in any case."""
    try:
        return tag(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def measure_delay(task: Any, countdown: float | None, when: Any) -> float:
    """Seconds until a moment, or of a countdown; the task's default where neither is said."""
    if isinstance(when, datetime):
        return float((maybe_make_aware(when, task.app.timezone) - datetime.now(UTC)).total_seconds())
    seconds = when if countdown is None else countdown
    return float(task.default_retry_delay if seconds is None else seconds)


def _describe_request(attempt: Attempt) -> Mapping[str, Any]:
    row, spec, task = attempt.run.row, attempt.spec, attempt.task
    return {
        "id": attempt.id,
        "task": task.name,
        "args": attempt.call.args,
        "kwargs": attempt.call.kwargs,
        "retries": attempt.retries,
        "root_id": read_root(row.canvas) or attempt.id,
        "parent_id": row.parent_id,
        "correlation_id": attempt.id,
        "called_directly": False,
        "is_eager": False,
        "hostname": socket.gethostname(),
        "origin": row.asked_by,
        "timelimit": [spec.limits.hard, spec.soft],
        "delivery_info": {
            "exchange": "", "routing_key": row.queue, "priority": row.priority, "redelivered": row.attempt > 0,
        },
        "headers": {"backline_run": attempt.run.id, "backline_trace": attempt.run.trace_id},
        "ignore_result": task.ignore_result,
        "utc": True,
        "backline_attempt": attempt,
    }  # fmt: skip
