"""Pages by cursor: the place after which the next one begins, in a text that says nothing to who reads it.

New rows never move a page: runs and audit rows go from new to old by their ids, artists by their number.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Annotated

from fastapi import Query

from backline.web.problems import refuse_field

MOST = 200
_RUN = re.compile(r"[0-9a-f-]{36}")
LimitQuery = Annotated[int, Query(ge=1, le=MOST, description="At most so many on this page.")]
CursorQuery = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before; none for the first.")
]


def write_cursor(kind: str, place: str | int) -> str:
    """The cursor of a place in lists of a kind."""
    return base64.urlsafe_b64encode(json.dumps([kind, place]).encode()).decode().rstrip("=")


def read_run_cursor(cursor: str | None) -> str | None:
    """The run after which a page begins. Raises what becomes a 422 that names the field."""
    place = _read(cursor, "runs")
    if place is None or (isinstance(place, str) and _RUN.fullmatch(place)):
        return place
    raise refuse_field("cursor", "this is no cursor of this list")


def read_number_cursor(cursor: str | None, kind: str) -> int | None:
    """The number after which a page begins. Raises what becomes a 422 that names the field."""
    place = _read(cursor, kind)
    if place is None or (type(place) is int and 0 <= place < 2**63):
        return place
    raise refuse_field("cursor", "this is no cursor of this list")


def _read(cursor: str | None, kind: str) -> object:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        found, place = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        found, place = None, None
    if found != kind or place is None:
        raise refuse_field("cursor", "this is no cursor of this list")
    return place
