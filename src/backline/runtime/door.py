"""The door of a task's `.delay()`: the application that the caller's process uses. Loads nothing, so that all may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from backline.errors import BacklineError


class Door(Protocol):
    """An application: takes runs (`task` and `job` are those of runtime/task.py), and has Celery's side of tasks."""

    def submit(self, task: Any, job: Any, options: Mapping[str, Any]) -> Any: ...

    def find_shell(self, name: str) -> Any: ...


class Doors:
    """Where doors come from: the package itself says it, as nothing down here may know an application."""

    open: ClassVar[Callable[[str], Door] | None] = None  # given the name of a task


def open_door(name: str) -> Door:
    """The door of the task of that name. Raises `BacklineError` where nobody has said where doors come from."""
    if Doors.open is None:
        raise BacklineError("No application is loaded.", remedy="Import `backline` before its tasks.")
    return Doors.open(name)
