"""What a stored job and an answer must be: jobs of older versions are upgraded, answers are checked."""

from __future__ import annotations

import json
from typing import Any

from backline.errors import BadInput, BrokenContract
from backline.runtime.task import RETURNED, Job, Task


def read_stored_job(task: Task[Any, Any], version: int, text: str) -> Job:
    """The job of a row, brought to the task's version.

    A job of this version that cannot be read is bad input; an old one that does not upgrade breaks the
    contract (`BrokenContract`), and waits for code that can read it.
    """
    if version == task.version:
        return task.read_json(text)
    try:
        tree = json.loads(text)
        for step in range(version, task.version):
            tree = task.upgrades[step](tree)
        return task.read_json(json.dumps(tree))
    except (
        Exception
    ) as error:  # an upgrader is a task author's code: whatever it raises, the job stays unread
        words = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        raise BrokenContract(f"A stored job of version {version} does not upgrade: {words}") from error


def unwrap_answer(text: str) -> Any:
    """What whoever asked for the run gets of its stored answer: of a foreign task what it returned, else the whole."""
    answer: dict[str, Any] = json.loads(text)
    return answer.get(RETURNED, answer)


def wrap_answer(task: Task[Any, Any], answer: Any, code_version: str) -> str:
    """The answer as JSON with task, version and code version in front. Raises `BrokenContract`."""
    if not isinstance(answer, task.answer):
        raise BrokenContract(f"{task.name} answered {type(answer).__name__}, not {task.answer.__name__}.")
    try:
        body = answer.model_dump_json(warnings="error")
    except ValueError as error:
        words = f"{task.name}: the answer is not what {task.answer.__name__} says: {error}"
        raise BrokenContract(words) from error
    head = json.dumps({"task": task.name, "version": task.version, "code_version": code_version})
    return f"{head[:-1]}, {body[1:]}"
