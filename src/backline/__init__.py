"""Backline: the crew behind the artist."""

from __future__ import annotations

import importlib

from backline.runtime.task import Door, Task

__version__ = "0.1.0"


def _open_door(name: str) -> Door:
    """`.delay()` on a task needs an application: loaded when first used, so that importing a task stays light."""
    door: Door = importlib.import_module("backline.celery_app").open_door(name)
    return door


Task.door = _open_door
