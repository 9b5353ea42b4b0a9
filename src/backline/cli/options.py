"""`backline settings`: every option, its value, where it came from and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from backline.cli.parameters import Json
from backline.cli.screen import Screen
from backline.runtime.audit import Secrets
from backline.settings import SECTIONS, LoadedSettings, Settings, load_settings, option_names
from backline.wiring import find_passwords

app = typer.Typer(help="Show every option and where it came from.", no_args_is_help=True)


@app.command()
def show(json_lines: Json = False) -> None:
    """Show every option: value (passwords struck out), origin, environment name, meaning."""
    loaded = load_settings()
    screen = Screen(loaded.settings.language, json_lines=json_lines)
    screen.show_rows(list_options(loaded), ["option", "value", "origin", "meaning"])


@app.command()
def path(json_lines: Json = False) -> None:
    """Say which settings file is read, and where the state folder is."""
    loaded = load_settings()
    screen = Screen(loaded.settings.language, json_lines=json_lines)
    missing = screen.label("no_settings_file", path=loaded.settings.state / "backline.toml")
    file = loaded.file or (None if json_lines else missing)
    screen.show_facts({"file": file and str(file), "state": str(loaded.settings.state)})


def list_options(loaded: LoadedSettings) -> Iterator[dict[str, Any]]:
    """One row per option, in the order of the file."""
    secrets = Secrets(find_passwords(loaded.settings))
    for name in option_names():
        section, _, option = name.rpartition(".")
        model = SECTIONS[section] if section else Settings
        holder = getattr(loaded.settings, section) if section else loaded.settings
        value = getattr(holder, option)
        yield {
            "option": name,
            "value": value if isinstance(value, (int, float, bool)) else secrets.strike(str(value)),
            "origin": loaded.origin[name],
            "environment": "BACKLINE_" + name.replace(".", "_").upper(),
            "meaning": model.model_fields[option].description or "folder for database, bells, inbox and logs",
        }
