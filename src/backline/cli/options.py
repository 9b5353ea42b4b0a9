"""`backline settings`: every option, its value, where it came from and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from backline.cli.parameters import Json
from backline.cli.screen import Screen
from backline.runtime.audit import Secrets
from backline.sections import LimitSettings, Section
from backline.settings import (
    SECTIONS,
    LoadedSettings,
    Problem,
    Settings,
    load_settings,
    name_variable,
    option_names,
    survey_settings,
)
from backline.wiring import find_passwords

app = typer.Typer(help="Show every option and where it came from.", no_args_is_help=True)


@app.command()
def show(json_lines: Json = False) -> None:
    """Show every option: value in force (passwords struck out), origin, environment name, meaning.

    What cannot be used is told beside its option, which then has its built-in value; exit code 2.
    """
    loaded, problems = survey_settings()
    screen = Screen(loaded.settings.language, json_lines=json_lines)
    columns = ["option", "value", "origin", *(["error"] if problems else []), "meaning"]
    screen.show_rows(list_options(loaded, problems), columns)
    if problems:
        for problem in problems[1:]:
            screen.note(f"error: {problem.error}")
        raise problems[0].error


@app.command()
def path(json_lines: Json = False) -> None:
    """Say which settings file is read, and where the state folder is."""
    loaded = load_settings()
    screen = Screen(loaded.settings.language, json_lines=json_lines)
    missing = screen.label("no_settings_file", path=loaded.settings.state / "backline.toml")
    file = loaded.file or (None if json_lines else missing)
    screen.show_facts({"file": file and str(file), "state": str(loaded.settings.state)})


def list_options(loaded: LoadedSettings, problems: Sequence[Problem] = ()) -> Iterator[dict[str, Any]]:
    """One row per option, in the order of the file; what is empty is shown as what it stands for."""
    secrets = Secrets(find_passwords(loaded.settings))
    errors = {problem.option: problem.error.message for problem in problems}
    meant = name_meant(loaded.settings)
    limits = [name for name in loaded.origin if name.startswith("limits.")]
    for name in [*option_names(), *limits]:
        section, _, option = name.rpartition(".")
        model, holder = _find_section(loaded.settings, section)
        value = getattr(holder, option)
        value = meant.get(name, value) if value == "" else value
        yield {
            "option": name,
            "value": value if isinstance(value, (int, float, bool)) else secrets.strike(str(value)),
            "origin": loaded.origin[name],
            "environment": name_variable(name),
            "error": errors.get(name),
            "meaning": model.model_fields[option].description or "folder for database, bells, inbox and logs",
        }


def _find_section(settings: Settings, section: str) -> tuple[type[Section], Section | None]:
    if section.startswith("limits."):
        return LimitSettings, settings.limits.get(section.partition(".")[2], LimitSettings())
    return (SECTIONS[section], getattr(settings, section)) if section else (Settings, settings)


def name_meant(settings: Settings) -> dict[str, str]:
    """What an empty option stands for."""
    return {
        "database.url": settings.database_url,
        "broker.url": settings.broker_url,
        "reports.inbox": str(settings.inbox),
        "runtime.actor": settings.actor,
    }
