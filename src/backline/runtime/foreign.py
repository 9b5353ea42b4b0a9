"""A task that is declared elsewhere: its job is a call, its answer what the call returned."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from backline.errors import BadInput
from backline.runtime.task import Answer, Job, Limits, Private, Task, Words

LONGEST = 86_400.0  # seconds; the hard limit of a task that says none


class Call(Job):
    """The arguments of a call, by position and by name, as JSON."""

    args: list[Any] = Field(default_factory=list)
    kwargs: dict[str, Any] = Field(default_factory=dict)


class PrivateCall(Call):
    """The same; no audit row shows the arguments."""

    args: Annotated[list[Any], Private()] = Field(default_factory=list)
    kwargs: Annotated[dict[str, Any], Private()] = Field(default_factory=dict)


class Returned(Answer):
    """What the call returned, as JSON."""

    returned: Any = None


@dataclass
class ForeignTask(Task[Any, Any]):
    """A declared task whose name may have any form, and whose queue is said.

    `check` raises `TypeError` where arguments do not fit. `dump` makes JSON of them, or raises
    `TypeError` or `ValueError`. `soft` in seconds is the limit that the code itself hears
    of; `bugs` is how often an unexplained error is tried again.
    """

    family: str = "durable"
    check: Callable[..., object] | None = None
    dump: Callable[[Any], str] = json.dumps
    soft: float | None = None
    bugs: int | None = None
    idempotent: bool = True

    @property
    def queue(self) -> str:
        """The queue that was said."""
        return self.family

    def read_job(self, *args: Any, **kwargs: Any) -> Job:
        """The call with these arguments. Raises `BadInput` where they do not fit, or are not JSON."""
        if len(args) == 1 and not kwargs and isinstance(args[0], self.job):
            return args[0]
        try:
            if self.check is not None:
                self.check(*args, **kwargs)
        except TypeError as error:
            raise BadInput(f"{self.name}: {error}.") from error
        return self.read_call({"args": args, "kwargs": kwargs})

    def read_call(self, call: Mapping[str, Any]) -> Job:
        """The call with these `args` and `kwargs`. Raises `BadInput` where they are not JSON."""
        return super().read_json(self._write(call))

    def read_json(self, text: str | bytes) -> Job:
        """The same from JSON. Raises `BadInput` also for a tag that nobody here can read."""
        job = super().read_json(text)
        self._write(job.model_dump())
        return job

    def _write(self, call: Mapping[str, Any]) -> str:
        try:
            return self.dump(call)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadInput(
                f"{self.name}: the arguments are not JSON: {error}.",
                remedy="Send numbers, texts, moments, lists and dictionaries; an object by its id, "
                "infinity and NaN as a text or None.",
            ) from error


_KNOWN: dict[str, ForeignTask] = {}


def make_foreign_task(
    name: str, function: Callable[[Call], Returned], *, words: str | None, private: bool, **options: Any
) -> ForeignTask:
    """The declaration, known to this process from now on; the last one of a name counts."""
    said = inspect.cleandoc(words or "").strip() or f"The task {name} of another program."
    task = ForeignTask(
        name=name, version=1, job=PrivateCall if private else Call, answer=Returned, function=function,
        needs={}, words=Words(said, said, said), **options,
    )  # fmt: skip
    _KNOWN[name] = task
    return task


def list_foreign_tasks() -> Mapping[str, ForeignTask]:
    """What has been declared so far in this process, by name."""
    return dict(sorted(_KNOWN.items()))


def limit_call(soft: float | None, hard: float | None) -> Limits:
    """The bounds of a run whose code hears of `soft` by itself: what the runtime enforces is the hard one."""
    bound = hard or LONGEST
    return Limits(soft=max(bound, soft or 0.0), hard=max(bound, soft or 0.0))
