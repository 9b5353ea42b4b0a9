"""Options that several commands share, spelled once."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def complete_task(beginning: str) -> list[str]:
    """For the shell: names of tasks, whole or by their last part."""
    return _complete(_list_tasks, beginning)


def complete_artist(beginning: str) -> list[str]:
    """For the shell: names of artists."""
    return _complete(_list_artists, beginning)


def _complete(find: Callable[[str], list[str]], beginning: str) -> list[str]:
    try:
        found = find(beginning)
    except Exception:  # whatever is in the way: a shell that completes must not be disturbed by words
        return []
    return [name for name in found if name.casefold().startswith(beginning.casefold())]


# Both import what takes long to import, which only a shell that completes needs from here.
def _list_tasks(_: str) -> list[str]:
    names = list(importlib.import_module("backline.wiring").find_tasks())
    short = [name.rpartition(".")[2] for name in names]
    return sorted({name for name in short if short.count(name) == 1} | set(names))


def _list_artists(beginning: str) -> list[str]:
    settings = importlib.import_module("backline.settings").load_settings().settings
    database = importlib.import_module("backline.web.readiness").open_plainly(settings)
    if database.is_sqlite and not Path(database.url.database).exists():
        return []  # and none is made
    with database.read() as connection:
        rows = importlib.import_module("backline.storage.artists").list_artists(
            connection, limit=200, search=beginning
        )
    return [row.name for row in rows]


Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout, nothing else.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many, newest first.")]
TaskName = Annotated[
    str,
    typer.Argument(
        help="Full name, or its last part where that is unambiguous.", autocompletion=complete_task
    ),
]
RunId = Annotated[
    str, typer.Argument(help="The run's id, or a beginning of it that fits only one.", metavar="RUN")
]
Under = Annotated[
    int, typer.Option("--under", hidden=True, help="End with the process of this id, our parent.")
]
