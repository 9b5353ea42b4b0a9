"""A job from words on the command line: `--artist NAME --set field=value`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from backline.cli.parameters import complete_artist
from backline.errors import BadInput
from backline.runtime.task import Job, Task
from backline.storage.artists import find_artist
from backline.wiring import House

ArtistOption = Annotated[
    str | None,
    typer.Option("--artist", help="The artist's id or unambiguous name.", autocompletion=complete_artist),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field of the job; may be repeated."),
]


def read_job(house: House, task: Task[Any, Any], artist: str | None, settings: Sequence[str]) -> Job:
    """The job of `task`. Raises `BadInput` naming the field, `UnknownName` for an unknown artist."""
    schema = task.job.model_json_schema()
    fields = schema.get("properties", {})
    values: dict[str, Any] = {}
    if artist is not None:
        if "artist_id" not in fields:
            raise BadInput(f"{task.name} takes no artist.", remedy=f"`backline tasks describe {task.name}`.")
        values["artist_id"] = find_artist_id(house, artist)
    for setting in settings:
        name, sign, text = setting.partition("=")
        if not sign:
            raise BadInput(f"--set {setting!r} is not of the form field=value.")
        if name not in fields:
            known = ", ".join(fields) or "no fields"
            raise BadInput(f"{task.name} has no field {name!r}.", remedy=f"It has {known}.")
        values[name] = read_value(fields[name], text)
    if "artist_id" in schema.get("required", ()) and "artist_id" not in values:
        raise BadInput(f"{task.name} needs an artist.", remedy="Name it: --artist NAME.")
    return task.read_json(json.dumps(values))


def read_value(schema: dict[str, Any], text: str) -> Any:
    """A field's value: text as it is for a text field, else JSON; what is neither stays text."""
    options = [schema, *schema.get("anyOf", ())]
    kinds = {option.get("type") for option in options}
    if "null" in kinds and text == "null":
        return None
    if "string" in kinds and not kinds & {"array", "object"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return [text] if "array" in kinds else text


def find_artist_id(house: House, text: str) -> str:
    """The id of the artist that `text` names."""
    with house.database.read() as connection:
        return str(find_artist(connection, text).id)
