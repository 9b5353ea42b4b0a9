"""/api/v1/tasks: which tasks there are, and the JSON Schema of a job."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from backline.errors import UnknownName
from backline.runtime.task import Task
from backline.web.gate import API, allow
from backline.web.models import TaskAnswer, TaskDescription, TaskList
from backline.web.problems import document
from backline.wiring import House

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$", max_length=200)]
Language = Annotated[
    Literal["en", "fr", "de"] | None, Query(description="Language of the words; else that of the settings.")
]
READ = allow("tasks:read")


def make_router(house: House) -> APIRouter:
    """The routes of tasks."""
    router = APIRouter(prefix=f"{API}/tasks", tags=["tasks"])

    @router.get("", dependencies=[READ], responses=document(422))
    def list_all(lang: Language = None) -> TaskList:
        """Every task with what it says of itself."""
        language = lang or house.settings.language
        return TaskList(items=[TaskAnswer(**tell_task(task, language)) for task in house.tasks.values()])

    @router.get("/{name}", dependencies=[READ], responses=document(404, 422))
    def show(name: Name, lang: Language = None) -> TaskDescription:
        """One task: words, JSON Schema of its job and answer, limits."""
        task = find_task(house, name)
        return TaskDescription(
            **tell_task(task, lang or house.settings.language),
            job=task.job.model_json_schema(),
            answer=task.answer.model_json_schema(mode="serialization"),
            short=task.short,
            priority=task.priority,
            limits=vars(task.limits),
        )

    return router


def find_task(house: House, name: str) -> Task[Any, Any]:
    """The task of that name, or of that name without its family. Raises `UnknownName`."""
    try:
        return house.find_task(name)
    except UnknownName as error:
        raise UnknownName(error.message, remedy=f"GET {API}/tasks lists them.") from error


def tell_task(task: Task[Any, Any], language: str) -> dict[str, Any]:
    """Name, version, queue and words."""
    words = task.words.in_language(language)
    return {"task": task.name, "version": task.version, "queue": task.queue, "words": words}
