"""JSON as Celery's messages have it: moments, decimals, UUIDs and bytes come back as what they were.

kombu writes them as `{"__type__": "decimal", "__value__": "1.50"}`; what a team registers there
(`kombu.utils.json.register_type`) is kept likewise. Texts, numbers, lists and dictionaries are plain JSON.
"""

from __future__ import annotations

import json
from typing import Any

from kombu.utils.json import dumps, loads

from backline.runtime.contract import unwrap_answer


def write_tagged(value: Any) -> str:
    """The value as JSON text that can be read again. Raises `TypeError` or `ValueError` where it is none."""
    text = str(dumps(value, allow_nan=False))
    _read(text)
    return text


def tag(value: Any) -> Any:
    """The value as plain JSON, as a row keeps it. Raises like `write_tagged`."""
    return json.loads(write_tagged(value))


def untag(tree: Any) -> Any:
    """What was tagged. Raises `ValueError` for a tag of a type that nobody here can read."""
    return _read(json.dumps(tree))


def read_answer(text: str) -> Any:
    """What whoever asked for the run gets of its stored answer."""
    return untag(unwrap_answer(text))


def _read(text: str) -> Any:
    try:
        return loads(text)
    except Exception as error:  # whatever a type's own reader raises; its words may quote the value
        raise ValueError(f"a tagged value cannot be read ({type(error).__name__})") from error
