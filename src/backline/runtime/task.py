"""@task: what a task says of itself (name, version, job, answer, needs, words, limits).

    @task("streaming_metrics.aggregate_metrics", version=1)
    def aggregate_metrics(job: AggregateMetrics, facts: Facts, effects: Effects) -> MetricsAnswer:
        '''English words. [fr] … [de] …'''

The first parameter is the job, the others are given by their type. Registration refuses what a
stored run could not live with: no docstring, no models, a version without upgraders.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from backline.errors import BacklineError, BadInput
from backline.runtime.door import open_door

P = ParamSpec("P")
R = TypeVar("R", bound="Answer")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

INTERACTIVE, BATCH = 0, 5
RETURNED = "returned"  # what a foreign task's call returned; see foreign.py
_OWN_ANSWER_FIELDS = {"task", "version", "code_version", RETURNED}
_NAME = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
_LANGUAGE = re.compile(r"^\[(fr|de)\]\s*$", re.MULTILINE)


class BadTask(BacklineError):
    """A task says too little of itself, or something that cannot be kept."""


class Private:
    """Marks a job's field as personal or secret (`Annotated[str, Private()]`): audit rows never show it."""


class Job(BaseModel):
    """What a run is asked to do. Strict; an unknown field and a number that is none are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Reason(BaseModel):
    """Why a result is what it is: the rule, its version, what it looked at, the numbers, the decision."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: str
    version: int = 1
    inputs: dict[str, Any] = {}
    numbers: dict[str, float | int | str | None] = {}
    decision: str


class Answer(BaseModel):
    """What a run gives back. The runtime adds task, version and code version."""

    model_config = ConfigDict(extra="forbid")
    reasons: list[Reason] = []


@dataclass(frozen=True)
class Words:
    """The docstring of a task in the three languages."""

    en: str
    fr: str
    de: str

    def in_language(self, language: str) -> str:
        """The text in `en`, `fr` or `de`."""
        return {"en": self.en, "fr": self.fr, "de": self.de}[language]


@dataclass(frozen=True)
class Limits:
    """Bounds of a run, in seconds; None means no bound.

    `soft` raises `TimeLimit` inside the task, `hard` ends the worker child, `deadline` counts from the
    due time (a run not finished by then needs attention), `expires` likewise for a run not started by then.
    """

    soft: float = 60.0
    hard: float = 90.0
    deadline: float | None = None
    expires: float | None = None

    def __post_init__(self) -> None:
        bounds = [self.soft, *(bound for bound in (self.deadline, self.expires) if bound is not None)]
        if min(bounds) <= 0 or self.hard < self.soft:
            raise BadTask(f"Limits are positive, and the hard one is not below the soft one: {self}.")


@dataclass
class Task(Generic[P, R]):
    """A declared task: callable as the plain function it is, and submitted by `.delay()`."""

    name: str
    version: int
    job: type[Job]
    answer: type[Answer]
    function: Callable[..., R]
    needs: Mapping[str, type]
    words: Words
    limits: Limits
    short: bool = False
    priority: int = BATCH
    concurrency: Callable[[Any], str | None] | None = None
    concurrency_limit: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    @property
    def queue(self) -> str:
        """The family, which is also the queue."""
        return self.name.partition(".")[0]

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """Call the plain function: no queue, no ledger, no database but what is handed in."""
        return self.function(*args, **kwargs)

    def read_job(self, *args: Any, **kwargs: Any) -> Job:
        """Positional arguments fill the job's fields in order. Raises `BadInput` naming the field."""
        if len(args) == 1 and not kwargs and isinstance(args[0], self.job):
            return args[0]
        names = list(self.job.model_fields)
        if len(args) > len(names):
            raise BadInput(f"{self.name} takes at most {len(names)} arguments: {', '.join(names)}.")
        given = dict(zip(names, args, strict=False))
        twice = sorted(given.keys() & kwargs.keys())
        if twice:
            raise BadInput(f"{self.name}: {twice[0]} is given twice, by position and by name.")
        try:
            text = to_json({**given, **kwargs})
        except (PydanticSerializationError, UnicodeError) as error:
            raise BadInput(f"{self.name}: the arguments are not JSON: {error}.") from error
        return self.read_json(text)

    def read_json(self, text: str | bytes) -> Job:
        """A job from JSON. Raises `BadInput` naming the field and what it takes."""
        try:
            return self.job.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the job"
            # A validator's words may quote the value.
            words = first["type"] if holds_private(self.job, first["loc"]) else first["msg"]
            raise BadInput(
                f"{self.name}: {where}: {words}.",
                remedy=f"`backline tasks describe {self.name}` lists the fields.",
            ) from error

    def s(self, *args: Any, **kwargs: Any) -> Any:
        """Celery's signature of this task, for its canvases."""
        return self.find_shell().s(*args, **kwargs)

    def si(self, *args: Any, **kwargs: Any) -> Any:
        """Celery's immutable signature: what came before it in a chain is not handed to it."""
        return self.find_shell().si(*args, **kwargs)

    def find_shell(self) -> Any:
        """This task as the current application's Celery knows it: signature, apply, AsyncResult …"""
        return open_door(self.name).find_shell(self.name)

    def delay(self, *args: Any, **kwargs: Any) -> Any:
        """Submit a run through the current application; the handle's `.get()` reads its row."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """Submit a run with options (see `submit_options.OPTIONS`)."""
        return open_door(self.name).submit(self, self.read_job(*args, **dict(kwargs or {})), options)


def task(
    name: str,
    *,
    version: int,
    short: bool = False,
    priority: int = BATCH,
    limits: Limits | None = None,
    concurrency: Callable[[Any], str | None] | None = None,
    concurrency_limit: int = 1,
    upgrades: Mapping[int, Upgrade] | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Declare a task.

    `short` promises under a second and no network call. Such a run is one commit on its first ring: it
    holds a transaction while it works (on SQLite the only write lock), so its soft limit is 5 s there,
    whatever `limits` say. Later attempts claim first, and have the limits of the task.
    """

    def declare(function: Callable[P, R]) -> Task[P, R]:
        job, answer, needs = _read_signature(name, function)
        _check_upgrades(name, version, upgrades or {})
        if concurrency_limit < 1:
            raise BadTask(f"Task {name}: a concurrency limit of {concurrency_limit} would never let it run.")
        if short and concurrency is not None:
            raise BadTask(f"Task {name} is short: it cannot wait for a concurrency key.")
        return Task(
            name=_check_name(name),
            version=version,
            job=job,
            answer=answer,
            function=function,
            needs=needs,
            words=read_words(name, function.__doc__),
            limits=limits or Limits(),
            short=short,
            priority=priority,
            concurrency=concurrency,
            concurrency_limit=concurrency_limit,
            upgrades=dict(upgrades or {}),
        )

    return declare


def list_versions(tasks: Mapping[str, Task[Any, Any]]) -> dict[str, int]:
    """The newest version that is known of each task."""
    return {name: task.version for name, task in tuple(tasks.items())}  # another thread may enlist one


def read_words(name: str, docstring: str | None) -> Words:
    """Split a docstring into English, `[fr]` and `[de]`. Raises `BadTask` where one is missing."""
    parts = _LANGUAGE.split(inspect.cleandoc(docstring or ""))
    found = {"en": parts[0].strip(), **{parts[i]: parts[i + 1].strip() for i in range(1, len(parts), 2)}}
    missing = [language for language in ("en", "fr", "de") if not found.get(language)]
    if missing:
        raise BadTask(f"Task {name}: the docstring lacks {', '.join(missing)}.")
    return Words(found["en"], found["fr"], found["de"])


def _check_name(name: str) -> str:
    if not _NAME.match(name):
        raise BadTask(f"Task name {name!r} is not of the form family.function.")
    return name


def _check_upgrades(name: str, version: int, upgrades: Mapping[int, Upgrade]) -> None:
    missing = sorted(set(range(1, version)) - upgrades.keys())
    if version < 1 or missing:
        raise BadTask(
            f"Task {name}: version {version} needs an upgrader for stored jobs of {missing or version}."
        )


def _read_signature(
    name: str, function: Callable[..., Any]
) -> tuple[type[Job], type[Answer], dict[str, type]]:
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters)
    job = hints.get(parameters[0]) if parameters else None
    answer = hints.get("return")
    if not (isinstance(job, type) and issubclass(job, Job)):
        raise BadTask(f"Task {name}: the first parameter must be typed as a Job.")
    if not (isinstance(answer, type) and issubclass(answer, Answer)):
        raise BadTask(f"Task {name}: the return type must be an Answer.")
    taken = sorted(answer.model_fields.keys() & _OWN_ANSWER_FIELDS)
    if taken:
        raise BadTask(
            f"Task {name}: the runtime writes {taken[0]} into every answer; name the field otherwise."
        )
    untyped = [parameter for parameter in parameters[1:] if not isinstance(hints.get(parameter), type)]
    if untyped:
        raise BadTask(f"Task {name}: parameter {untyped[0]} has no type to be given by.")
    return job, answer, {parameter: hints[parameter] for parameter in parameters[1:]}


@lru_cache(maxsize=4096)
def is_private(model: type[BaseModel], name: str) -> bool:
    """Whether the field is marked, also inside a union (`Annotated[str, Private()] | None`)."""
    info = model.model_fields.get(name)
    return info is not None and (_is_marked(info.metadata) or _is_marked_inside(info.annotation))


def _is_marked_inside(annotation: Any) -> bool:
    marks = getattr(annotation, "__metadata__", ())
    return _is_marked(marks) or any(_is_marked_inside(part) for part in typing.get_args(annotation))


def _is_marked(marks: Iterable[Any]) -> bool:
    return any(isinstance(mark, Private) or mark is Private for mark in marks)


def holds_private(model: type[BaseModel], path: Sequence[int | str]) -> bool:
    """Whether the place of an error lies in a private field, or above one."""
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            if is_private(model, part):
                return True
            inner = next(_list_models(model.model_fields[part].annotation), None)
            if inner is None:
                return False
            model = inner
    return any(is_private(model, name) for name in model.model_fields)


def _list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _list_models(part)
