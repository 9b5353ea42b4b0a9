"""backline.durable: an existing Celery task gains a run row, audit, trace id, retries as due rows and re-drive.

    @backline.durable
    @app.task(bind=True, autoretry_for=(OSError,), retry_backoff=True)
    def send_invoice(self, order): ...

Its name on the wire stays what it is. `.delay()` and `.apply_async()` write a row first; a message of another
program becomes a row when a worker takes it in. Calling the task stays a plain call. The promise
is at least once: see the guide.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import celery
from celery._state import _get_active_apps, connect_on_app_finalize
from celery.app import routes, trace
from celery.exceptions import Retry
from celery.local import PromiseProxy, Proxy
from celery.utils.serialization import raise_with_context

from backline.desk import Desk
from backline.errors import BadInput, BrokenContract
from backline.foreign_run import carry_task, measure_delay
from backline.results import RowBackend
from backline.runtime.door import Doors
from backline.runtime.foreign import (
    Call,
    ForeignTask,
    Returned,
    limit_call,
    list_foreign_tasks,
    make_foreign_task,
)
from backline.runtime.task import BadTask, Limits, Task
from backline.shell import Shell
from backline.tagged import write_tagged

log = logging.getLogger("backline.durable")
T = TypeVar("T")
# What only says how a message travels: a row needs none of it.
_OF_MESSAGES = {
    "argsrepr", "compression", "connection", "delivery_mode", "exchange", "headers", "immediate", "kwargsrepr",
    "mandatory", "producer", "publisher", "retry", "retry_policy", "routing_key", "serializer", "shadow",
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """How a task is to be carried: see `durable`."""

    queue: str | None = None
    short: bool = False
    limits: Limits | None = None
    retries: int | None = None
    idempotent: bool = True
    private: bool = False


def durable(task: T | None = None, **terms: Any) -> T | Any:
    """Make a Celery task durable, or every one that a module defines (the module, or its name). Returns what it was given.

    `queue`: of Backline, by default the task's own queue, else `durable`. `short`: under a second and no
    network call, one commit. `limits`: default the task's own, else a day. `retries`: how often an
    unexplained error is tried again, default 2, or none where the task says `max_retries=0`.
    `idempotent=False`: an attempt that broke off is not repeated, a person looks. `private`: no audit row
    shows the arguments. Raises `BadTask` for what is no Celery task.
    """
    if task is None:
        return lambda found: durable(found, **terms)
    kept = Terms(**terms)
    if kept.short and not kept.idempotent:
        raise BadTask("A short task is one commit; it cannot be called at most once.")
    for found in _list_tasks(task):
        _make_durable(found, kept)
    return task


def enlist_modules(desk: Desk, names: Iterable[str]) -> None:
    """Let this desk carry the tasks of these modules."""
    for spec in load_modules(names).values():
        enlist(desk, spec)


def load_modules(names: Iterable[str]) -> Mapping[str, ForeignTask]:
    """Import these modules (`durable.modules` in the settings) and make their tasks durable; all that are known now."""
    for name in names:
        durable(name)
    return list_foreign_tasks()


def _list_tasks(given: Any) -> Iterator[Any]:
    """The Celery tasks that are meant, as they were given: proxies are not looked behind."""
    module = _import(given) if isinstance(given, str) else given
    if isinstance(module, ModuleType):
        found = {
            id(value): value
            for value in vars(module).values()
            if isinstance(value, celery.Task) and _look_behind(value).__module__ == module.__name__
        }
        if not found:
            raise BadTask(
                f"{module.__name__} defines no Celery task.", remedy="Name the module of the tasks."
            )
        yield from found.values()
    elif isinstance(given, celery.Task):
        yield given
    else:
        named = getattr(given, "__name__", repr(given))
        raise BadTask(
            f"{named} is no Celery task.", remedy="Put @backline.durable above @app.task or @shared_task."
        )


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BadInput(
            f"The module {name} of durable tasks cannot be imported: {error}.",
            remedy="Start in the folder of the project, or set PYTHONPATH.",
        ) from error


def _look_behind(given: Any) -> Any:
    """The task itself, where a proxy of Celery's stands for it."""
    is_proxy = issubclass(type(given), Proxy)
    return given._get_current_object() if is_proxy else given  # noqa: SLF001 - a proxy has no other way in


def _make_durable(given: Any, terms: Terms) -> None:
    """One task. Celery gives it to every application of the process, now or later: each instance is meant."""
    is_proxy, instance = issubclass(type(given), Proxy), _look_behind(given)
    name = instance.name
    if isinstance(instance, DurableTask):
        return
    spec = _declare(instance, terms, shared=is_proxy and not issubclass(type(given), PromiseProxy))
    _adopt(instance, spec)
    for app in _get_active_apps():
        if app.finalized and name in app.tasks:
            _adopt(app.tasks[name], spec)
    connect_on_app_finalize(
        lambda app: app.on_after_finalize.connect(partial(_adopt_later, spec=spec), weak=False)
    )


def _adopt_later(sender: Any, *, spec: ForeignTask, **_: Any) -> None:
    if spec.name in sender.tasks:
        _adopt(sender.tasks[spec.name], spec)


def _declare(task: Any, terms: Terms, *, shared: bool) -> ForeignTask:
    """What Backline has to know of the task, read off it."""
    soft = task.soft_time_limit or task.app.conf.task_soft_time_limit
    hard = task.time_limit or task.app.conf.task_time_limit
    limits = terms.limits
    if limits is not None:
        soft, hard = limits.soft, limits.hard
    bounds = limit_call(soft, hard)
    if limits is not None:
        bounds = Limits(bounds.soft, bounds.hard, limits.deadline, limits.expires)
    if task.rate_limit:
        log.warning(
            "%s: rate_limit is Celery's, per worker, and not kept for a durable task; "
            "backline.current_run().limiter counts for all workers together",
            task.name,
        )
    none = task.max_retries == 0 or not terms.idempotent
    return make_foreign_task(
        task.name,
        lambda call: _carry(task, call, shared=shared),
        words=task.__doc__ if task.__doc__ != celery.Task.__doc__ else None,
        private=terms.private,
        family=terms.queue or getattr(task, "queue", None) or _find_route(task) or "durable",
        short=terms.short,
        limits=bounds,
        soft=soft,
        dump=write_tagged,
        check=task.__header__ if task.typing and hasattr(task, "__header__") else None,
        bugs=(0 if none else None) if terms.retries is None else terms.retries,
        idempotent=terms.idempotent,
    )


def _find_route(task: Any) -> str | None:
    """The queue that the team's `task_routes` say; the application's own router is not to be made this early."""
    prepared = routes.prepare(task.app.conf.task_routes)
    found = routes.Router(prepared, app=task.app).lookup_route(task.name) or {}
    queue = found.get("queue")
    return None if queue is None else str(getattr(queue, "name", queue))


def _carry(task: Any, call: Call, *, shared: bool) -> Returned:
    """By the instance that was declared; a shared task's is the one of the worker's application."""
    own = celery.current_app.tasks.get(task.name) if shared else None
    instance = own if isinstance(own, DurableTask) and own.spec is task.spec else task
    return carry_task(instance, instance.spec, call)


def _adopt(instance: Any, spec: ForeignTask) -> None:
    """The instance stays what it is for whoever holds it; its class learns what durable means."""
    if isinstance(instance, DurableTask):
        return
    kind = type(instance)
    words = {"spec": spec, "__module__": kind.__module__, "__doc__": kind.__doc__}
    instance.__class__ = type(kind.__name__, (kind, DurableTask), words)
    desk = getattr(instance.app, "backline_desk", None)
    if desk is not None:
        enlist(desk, spec)


def enlist(desk: Desk, spec: Task[Any, Any]) -> None:
    """Let this desk carry the task; where its application has no task of that name, its messages are taken in too."""
    desk.enlist(spec)
    if spec.name not in desk.app.tasks:
        desk.app.register_task(_make_intake(desk, spec))


def _make_intake(desk: Desk, spec: Task[Any, Any]) -> Any:
    kind = type("Intake", (Shell,), {"desk": desk, "spec": spec, "name": spec.name, "__doc__": spec.words.en})
    return kind()


class DurableTask(celery.Task):  # type: ignore[misc]  # celery ships no types
    """What a durable task's own class stands on in the place of Celery's Task, so that its overrides are kept."""

    abstract = True
    spec: ForeignTask

    @property
    def intake(self) -> Any:
        """The shell that turns asking, by call or by message, into a row."""
        desk = self.find_desk()
        made: dict[int, Any] = self.__dict__.setdefault("_backline_intakes", {})
        if id(desk) not in made:
            made[id(desk)] = _make_intake(desk, self.spec)
            made[id(desk)].bind(self.app)
        return made[id(desk)]

    def find_desk(self) -> Desk:
        """Of its own application where Backline is attached to it, else the one that `.delay()` of our tasks uses."""
        desk: Any = getattr(self.app, "backline_desk", None)
        if desk is None and Doors.open is not None:
            desk = Doors.open(self.name)
        enlist(desk, self.spec)
        found: Desk = desk
        return found

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """A row first, then a bell. Takes Celery's options; those of messages alone are left out.

        Where the application is eager, the row is carried here and now.
        """
        if self.typing and self.spec.check is not None:
            self.spec.check(*(args or ()), **(kwargs or {}))
        if self.app.conf.task_always_eager:
            return self.apply(args, kwargs, **options)
        if self._dump_pydantic_arguments is not None:
            args, kwargs = self._dump_pydantic_arguments(args, kwargs)
        return self.intake.apply_async(args, kwargs, **self.choose_options(options))

    def apply(self, args: Any = None, kwargs: Any = None, throw: Any = None, **options: Any) -> Any:
        """The row is written, carried in this process and told, like any other."""
        if self._dump_pydantic_arguments is not None:
            args, kwargs = self._dump_pydantic_arguments(args, kwargs)
        return self.intake.apply(args, kwargs, throw=throw, **self.choose_options(options))

    def choose_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What of these options, and of the task's own, a row keeps."""
        own = {
            "priority": self.priority,
            "expires": self.expires,
            "ignore_result": self.ignore_result or None,
        }
        given = own | dict(options)
        return {
            name: value for name, value in given.items() if name not in _OF_MESSAGES and value is not None
        }

    def AsyncResult(self, task_id: str, **_: Any) -> Any:  # noqa: N802 - Celery's
        """The result of the run of this id: it reads the row, whatever the application's backend is."""
        return self.intake.AsyncResult(task_id)

    def update_state(self, task_id: Any = None, state: Any = None, meta: Any = None, **options: Any) -> None:
        """As Celery's, and kept beside the row: what `AsyncResult` of a run says while this attempt works.

        In a plain call, which has no id, nothing is kept.
        """
        task_id = task_id or self.request.id
        if task_id is None:
            return
        super().update_state(task_id, state, meta, **options)
        if not isinstance(self.backend, RowBackend):
            self.intake.backend.keep_state(task_id, state, meta)

    def replace(self, sig: Any) -> Any:
        """As Celery's in a plain call. Raises `BrokenContract` in a run: its row would end without an answer."""
        self._refuse_within_run("replace")
        return super().replace(sig)

    def add_to_chord(self, sig: Any, lazy: bool = False) -> Any:
        """As Celery's in a plain call. Raises `BrokenContract` in a run: its chord counts the rows it began with."""
        self._refuse_within_run("add_to_chord")
        return super().add_to_chord(sig, lazy)

    def _refuse_within_run(self, method: str) -> None:
        if getattr(self.request, "backline_attempt", None) is not None:
            raise BrokenContract(
                f"{self.name}: self.{method}() is not supported in a durable task: what waits for its row "
                "would not hear of the other task.",
                remedy="Let whoever asks chain the two, or ask for the other with .delay() and return its id; "
                "else leave this task as it is, without @backline.durable.",
            )

    def retry(
        self, args: Any = None, kwargs: Any = None, exc: Any = None, throw: bool = True, eta: Any = None,
        countdown: Any = None, max_retries: Any = None, **options: Any,
    ) -> Any:  # fmt: skip
        """As Celery's, but that the next attempt is the run's own row, due later."""
        attempt = getattr(self.request, "backline_attempt", None)
        if attempt is None:
            given = {"eta": eta, "countdown": countdown, "max_retries": max_retries, **options}
            return super().retry(args, kwargs, exc, throw, **given)
        if options:
            log.warning(
                "%s: retry leaves out %s: the row stays where it is", self.name, ", ".join(sorted(options))
            )
        most = self.max_retries if max_retries is None else max_retries
        if max_retries is not None:
            self.override_max_retries = max_retries
        if most is not None and attempt.retries + 1 > most:
            attempt.spend(exc or self.MaxRetriesExceededError(
                f"Can't retry {self.name}[{attempt.id}] args:{attempt.call.args} kwargs:{attempt.call.kwargs}",
                task_args=attempt.call.args, task_kwargs=attempt.call.kwargs,
            ))  # fmt: skip
            raise_with_context(attempt.spent)
        delay = max(measure_delay(self, countdown, eta), 0.0)
        retry = Retry(exc=exc, when=eta or delay)
        call = attempt.call
        attempt.ask_again(
            retry, delay, call.args if args is None else args, call.kwargs if kwargs is None else kwargs
        )
        if throw:
            raise retry
        return retry

    @property
    def __trace__(self) -> Any:
        """What a worker does with a message of this name: it becomes a row."""
        intake = self.intake
        if intake.__dict__.get("__trace__") is None:
            intake.__trace__ = trace.build_tracer(self.name, intake, self.app.loader, app=self.app)
        return intake.__trace__

    @__trace__.setter
    def __trace__(self, tracer: Any) -> None:
        """Celery sets the tracer of the plain task at the start of a worker's child."""

    def start_strategy(self, app: Any, consumer: Any, **options: Any) -> Any:
        """A message goes to a child at once, whatever its time is: the row keeps that."""
        return self.intake.start_strategy(app, consumer, **options)
