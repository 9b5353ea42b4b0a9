"""Backline: the crew behind the artist."""

from __future__ import annotations

import importlib
from typing import Any

from backline.runtime.door import Door, Doors

__version__ = "0.1.0"
_OFFERED = {
    # what a team's own program uses, and where it lives: loaded when first asked for
    "submit": "backline.adoption",
    "submit_async": "backline.adoption",
    "durable": "backline.durability",
    "attach": "backline.celery_app",
    "current_run": "backline.runtime.current",
}


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module 'backline' has no attribute {name!r}")
    return getattr(importlib.import_module(_OFFERED[name]), name)


def _open_door(name: str) -> Door:
    """`.delay()` on a task needs an application: loaded when first used, so that importing a task stays light."""
    door: Door = importlib.import_module("backline.celery_app").open_door(name)
    return door


Doors.open = _open_door
