"""Cursors: what was written is read, and everything else names the field."""

from __future__ import annotations

import base64
import json

import pytest
from fastapi.exceptions import RequestValidationError

from backline.web.paging import read_number_cursor, read_run_cursor, write_cursor

RUN = "01a20fa0-d1ef-7235-a3d0-1bb892995c60"


def test_there_and_back() -> None:
    assert read_run_cursor(write_cursor("runs", RUN)) == RUN
    assert read_number_cursor(write_cursor("audit", 2**40), "audit") == 2**40
    assert read_run_cursor(None) is None and read_number_cursor(None, "audit") is None


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BAD = [
    "", "a", "====", "é", "\0", encode(1), encode([]), encode(["runs"]), encode(["runs", 5]), encode(["audit", "x"]),
    encode(["audit", -1]), encode(["audit", 2**63]), encode(["audit", True]), encode(["audit", 1.5]),
    encode(["runs", RUN + "\0"]), encode(["runs", None]), encode({"runs": RUN}), encode(["artists", 5]),
]  # fmt: skip


@pytest.mark.parametrize("cursor", BAD)
def test_what_is_no_cursor_names_the_field(cursor: str) -> None:
    for read in (read_run_cursor, lambda text: read_number_cursor(text, "audit")):
        with pytest.raises(RequestValidationError) as caught:
            read(cursor)
        assert caught.value.errors()[0]["loc"] == ("query", "cursor")
