"""What a canvas of Celery says of one of its tasks, as it is kept in the row of the run until it can be told.

Keys are Celery's: `id`, `callbacks`, `errbacks`, `chain`, `chord`, `group`, `group_index`, `root_id`, `parent_id`,
`reply_to`, `ignore_result`, `stamped_headers`, `stamps`; `queue` is where whoever tells it listens.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kombu.utils.json import dumps, loads

from backline.errors import BadInput

# What Celery's canvases hand to every task and we have no use for.
_UNUSED = {
    "add_to_parent",
    "producer",
    "publisher",
    "replaced_task_nesting",
    "retries",
    "route_name",
    "shadow",
}
_SINGLE = {
    # Celery's option: its name in a request
    "task_id": "id", "chain": "chain", "chord": "chord", "group_id": "group", "group_index": "group_index",
    "root_id": "root_id", "parent_id": "parent_id", "reply_to": "reply_to", "ignore_result": "ignore_result",
    "stamped_headers": "stamped_headers",
}  # fmt: skip
_LISTS = {"link": "callbacks", "link_error": "errbacks"}
_SIGNATURES = ("callbacks", "errbacks", "chain")
_TELLING = ("callbacks", "errbacks", "chain", "chord")  # without one of these nobody waits to be told
_OF_TASK = (
    "How long a run may take is said where its task is declared: @task(limits=…) for ours, "
    "time_limit= and soft_time_limit= of @app.task or limits= of @backline.durable for yours."
)
_REMEDIES = {
    "compression": "The job is a row of the database. Leave it out.",
    "connection": "A row needs no connection to the broker; one of the database is given to backline.submit.",
    "exchange": "Name a queue: queue=….",
    "headers": "The message is only a bell. What the task needs belongs into its job.",
    "retry": "The row is there although the broker is away, and its bell is rung again. Leave it out.",
    "retry_policy": "The row is there although the broker is away, and its bell is rung again. Leave it out.",
    "routing_key": "Name a queue: queue=….",
    "serializer": "The job is JSON in a row of the database. Leave it out.",
    "soft_time_limit": _OF_TASK,
    "time_limit": _OF_TASK,
}


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Celery's submit options as those of the run, and those of its canvas under the names of a request.

    Raises `BadInput` with the remedy for what Celery knows and a row has no use for.
    """
    plain: dict[str, Any] = {}
    canvas: dict[str, Any] = {}
    stamps = list(options.get("stamped_headers") or ())
    for name, value in options.items():
        if value is None or name in _UNUSED:
            continue
        if name in stamps:
            canvas.setdefault("stamps", {})[name] = value
        elif name in _SINGLE:
            canvas[_SINGLE[name]] = value
        elif name in _LISTS:
            canvas[_LISTS[name]] = _as_list(value)
        elif name in _REMEDIES:
            raise BadInput(f"The option {name} is not supported.", remedy=_REMEDIES[name])
        else:
            plain[name] = value
    if "id" in canvas and "key" in plain:
        raise BadInput(
            "key and task_id are two names of one run.",
            remedy="Leave the key out: within a canvas the task's id is the key.",
        )
    return plain, canvas


def read_request(request: Any) -> dict[str, Any]:
    """The canvas that a message of another program carries. The request forgets it: taken in is not done."""
    names = {*_SINGLE.values(), *_LISTS.values(), "stamps"}
    found = {name: getattr(request, name, None) for name in names}
    request.callbacks = request.errbacks = request.chain = request.chord = None
    request.ignore_result = True
    return {name: value for name, value in found.items() if value not in (None, [], {}, "")}


def write_canvas(canvas: Mapping[str, Any], queue: str, *, outside: bool) -> str | None:
    """The canvas as a row keeps it; None where nobody has to be told.

    `outside`: results are kept where this database is not, and so have to be carried there. Tasks that follow get
    their ids here, so that telling twice starts none of ours twice. Raises `BadInput` where it is no JSON.
    """
    told = any(canvas.get(name) for name in _TELLING)
    if not told and (not outside or canvas.get("ignore_result")):
        return None
    try:
        kept = loads(dumps(dict(canvas)))
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"What follows is no JSON: {error}.",
            remedy="Give callbacks arguments that are JSON.",
        ) from error
    for name in _SIGNATURES:
        for signature in kept.get(name) or ():
            _give_ids(signature)
    return str(dumps({**kept, "queue": queue}))


def has_chord(given: Mapping[str, Any], names: Iterable[str] = _SIGNATURES) -> bool:
    """Whether a run of this canvas is part of a chord, or leads to one, however deep in what follows."""
    following = [each for name in names for each in _as_list(given.get(name))]
    return bool(given.get("chord")) or any(map(_makes_chord, following))


def list_following(
    given: Mapping[str, Any], names: Iterable[str] = _SIGNATURES
) -> Iterator[Mapping[str, Any]]:
    """The signatures of single tasks that follow, those within a chain, group or chord too."""
    for name in names:
        for signature in _as_list(given.get(name)):
            yield from _list_single(signature)


def _list_single(signature: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(signature, Mapping):
        return
    kind, inner = signature.get("subtask_type"), signature.get("kwargs") or {}
    if kind is None:
        yield signature
    elif kind == "chord":
        for part in (inner.get("header"), inner.get("body")):
            yield from (single for each in _as_list(part) for single in _list_single(each))
    else:
        yield from (single for part in _list_parts(signature) for single in _list_single(part))


def _makes_chord(signature: Any) -> bool:
    """Celery makes a chord also of a group within a chain that something follows."""
    if not isinstance(signature, Mapping):
        return False
    kind, parts = signature.get("subtask_type"), _list_parts(signature)
    is_followed = kind == "chain" and any(part.get("subtask_type") == "group" for part in parts[:-1])
    if kind == "chord" or is_followed or any(map(_makes_chord, parts)):
        return True
    return has_chord(signature.get("options") or {}, (*_LISTS, "chain"))


def _list_parts(signature: Mapping[str, Any]) -> list[Any]:
    """The tasks of a group; the steps of a chain, those of a chain within it too."""
    kind, given = signature.get("subtask_type"), signature.get("kwargs") or {}
    parts = list(given.get("tasks") or ()) if kind in ("chain", "group") else []
    if kind != "chain":
        return parts
    return [step for part in parts for step in (_list_parts(part) if _is_chain(part) else [part])]


def _is_chain(signature: Any) -> bool:
    return bool(signature.get("subtask_type") == "chain")


def _as_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def read_canvas(text: str) -> dict[str, Any]:
    """The canvas of a row."""
    canvas: dict[str, Any] = loads(text)
    return canvas


def _give_ids(signature: Any) -> None:
    """An id for the task, or for every task of the canvas in it."""
    if not isinstance(signature, dict):
        return
    given = signature.get("kwargs") or {}
    kind = signature.get("subtask_type")
    if kind in (None, "group"):
        signature.setdefault("options", {}).setdefault("task_id", str(uuid.uuid4()))
    inner = {"chain": ("tasks",), "group": ("tasks",), "chord": ("header", "body")}.get(kind or "", ())
    for name in inner:
        part = given.get(name)
        for each in part if isinstance(part, list) else [part]:
            _give_ids(each)
