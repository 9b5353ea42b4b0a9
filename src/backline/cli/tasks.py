"""`backline tasks`: which tasks there are, and what each says of itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from backline.cli.houses import find_every_task, make_screen, read_settings
from backline.cli.parameters import Json, TaskName
from backline.cli.screen import Screen
from backline.runtime.task import Task
from backline.wiring import House

app = typer.Typer(help="List and describe the tasks.", no_args_is_help=True)
Language = Literal["en", "fr", "de"]


@app.command("list")
def list_tasks(json_lines: Json = False) -> None:
    """List the tasks with the first sentence of what they do."""
    settings = read_settings()
    screen = Screen(settings.language, json_lines=json_lines)
    rows = [
        {
            "task": task.name,
            "version": task.version,
            "queue": task.queue,
            "words": task.words.in_language(settings.language).partition("\n\n")[0].replace("\n", " "),
        }
        for task in find_every_task(settings).values()
    ]
    screen.show_rows(rows, ["task", "version", "words"], empty=screen.label("no_tasks"))


@app.command()
def describe(
    name: TaskName,
    lang: Annotated[Language | None, typer.Option("--lang", help="Language of the words.")] = None,
    json_lines: Json = False,
) -> None:
    """Describe a task: words, fields of its job and answer, limits, queue, version."""
    settings = read_settings()
    language = lang or settings.language
    task = House(settings, find_every_task(settings)).find_task(name)
    description = describe_task(task, language)
    if json_lines:
        make_screen(json_lines=True).dump(description)
        return
    _show(Screen(language), description)


def describe_task(task: Task[Any, Any], language: str) -> dict[str, Any]:
    """What a task says of itself, as one JSON object; bounds in seconds."""
    return {
        "task": task.name,
        "version": task.version,
        "queue": task.queue,
        "words": task.words.in_language(language),
        "job": list_fields(task.job.model_json_schema()),
        "answer": list_fields(task.answer.model_json_schema(mode="serialization")),
        "short": task.short,
        "priority": task.priority,
        "limits": vars(task.limits),
    }


def list_fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a JSON schema: name, type, bounds, default, whether it must be given."""
    required = set(schema.get("required", ()))
    return [
        {
            "field": name,
            "type": _name_type(field, schema.get("$defs", {})),
            "bounds": _describe_bounds(field),
            "default": field.get("default"),
            "required": name in required,
            "meaning": field.get("description"),
        }
        for name, field in schema.get("properties", {}).items()
    ]


_BOUNDS = {
    "minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<",
    "minLength": "length ≥", "maxLength": "length ≤", "minItems": "items ≥", "maxItems": "items ≤",
    "pattern": "like",
}  # fmt: skip


def _describe_bounds(field: dict[str, Any]) -> str | None:
    parts = [
        f"{sign} {option[key]}"
        for option in (field, *field.get("anyOf", ()))
        for key, sign in _BOUNDS.items()
        if key in option
    ]
    return ", ".join(parts) or None


def _name_type(field: dict[str, Any], defs: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " | ".join(_name_type(option, defs) for option in field["anyOf"])
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        return _name_type(defs[name], {}) if "enum" in defs.get(name, {}) else name
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_name_type(field.get('items', {}), defs)}"
    return str(field.get("format") or field.get("type") or field.get("const", "any"))


def _show(screen: Screen, description: dict[str, Any]) -> None:
    screen.say(f"{description['task']}  v{description['version']}")
    screen.say()
    screen.say(description["words"])
    for part in ("job", "answer"):
        screen.say()
        screen.say(screen.label(f"{part}_fields"))
        columns = ["field", "type", "bounds", "default", "required", "meaning"]
        screen.show_rows(description[part], columns if part == "job" else ["field", "type"])
    screen.say()
    limits = description["limits"]
    screen.show_facts(
        {"queue": description["queue"], **{name: value for name, value in limits.items() if value}}
    )
