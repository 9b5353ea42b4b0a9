"""The `fields` parameter: what it keeps, what it drops, and what it does not understand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sandbox.fields import pick, read_fields

DATA: dict[str, Any] = {
    "total": 2, "next": None, "href": "h",
    "items": [{"added_by": {"id": "ada", "type": "user"}, "item": {"id": "t", "name": "T", "album": {"id": "r", "name": "R"}}},
              {"added_by": None, "item": None}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("total,next", {"total": 2, "next": None}),
        ("items.item.id", {"items": [{"item": {"id": "t"}}, {"item": None}]}),
        ("items(item(id,album(name)))", {"items": [{"item": {"id": "t", "album": {"name": "R"}}}, {"item": None}]}),
        ("items(added_by.id,item.name)",
         {"items": [{"added_by": {"id": "ada"}, "item": {"name": "T"}}, {"added_by": None, "item": None}]}),
        ("items(item(!album,name))", {"items": [{"item": {"id": "t"}}, {"item": None}]}),
        ("!items", {"total": 2, "next": None, "href": "h"}),
        ("items.item.id,items.item.name", {"items": [{"item": {"id": "t", "name": "T"}}, {"item": None}]}),
        ("items(track(id)),total", {"items": [{}, {}], "total": 2}),
        (" total , href ", {"total": 2, "href": "h"}),
        ("nothing", {}),
    ],
)  # fmt: skip
def test_what_is_left(text: str, left: dict[str, Any]) -> None:
    assert pick(DATA, read_fields(text)) == left


@pytest.mark.parametrize(
    "text", ["items(", "items)", "items(item", ",", "a,,b", "a.", "!", "a b", "a-b", "(a)", "a.(b)"]
)
def test_what_it_does_not_understand(text: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected|missing|closed"):
        read_fields(text)


@given(st.text(alphabet="ab.,()! ", max_size=30))
def test_whatever_comes_it_is_read_or_refused(text: str) -> None:
    try:
        picked = read_fields(text)
    except ValueError:
        return
    assert isinstance(pick(DATA, picked), dict)
