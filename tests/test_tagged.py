"""What Celery's messages keep is kept in a row: types come back, and what is no JSON is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from backline.tagged import read_answer, tag, untag, write_tagged

VALUES = [
    datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 2), time(3, 4),
    Decimal("1.50"), UUID(int=7), b"abc", b"\xff", {"inner": [Decimal("0.1"), None]}, "é", 1.5,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_types_come_back(value: Any) -> None:
    tree = tag(value)
    assert json.loads(json.dumps(tree)) == tree
    assert untag(tree) == value and type(untag(tree)) is type(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {"a": -float("inf")}, object(), {1, 2}, {(1, 2): 3}, {"__type__": "x", "__value__": 1}],
)  # fmt: skip
def test_what_is_no_json_raises(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_tagged(value)


def test_an_answer_is_what_a_durable_task_returned_or_the_whole() -> None:
    assert read_answer(json.dumps({"task": "t", "returned": tag(Decimal("2.0"))})) == Decimal("2.0")
    assert read_answer('{"task": "t", "word": "x"}') == {"task": "t", "word": "x"}
