"""What a canvas says of a task is split off its options, kept as JSON, and refused where it cannot be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from backline.canvas import has_chord, read_canvas, read_request, split_options, write_canvas
from backline.errors import BadInput

SINGLE = {"task": "t.a", "args": [], "kwargs": {}, "options": {}, "subtask_type": None, "immutable": False}


def test_options_of_the_run_and_of_its_canvas_are_told_apart() -> None:
    options = {
        "task_id": "a", "link": SINGLE, "link_error": [SINGLE], "group_id": "g", "group_index": 0, "priority": 3,
        "producer": object(), "add_to_parent": False, "shadow": "x", "countdown": None,
        "stamped_headers": ["monitoring"], "monitoring": "m",
    }  # fmt: skip
    plain, canvas = split_options(options)
    assert plain == {"priority": 3}
    assert canvas == {
        "id": "a", "callbacks": [SINGLE], "errbacks": [SINGLE], "group": "g", "group_index": 0,
        "stamped_headers": ["monitoring"], "stamps": {"monitoring": "m"},
    }  # fmt: skip


def test_a_key_beside_an_id_is_refused() -> None:
    with pytest.raises(BadInput, match="two names of one run"):
        split_options({"task_id": "a", "key": "b"})


def test_a_message_s_canvas_is_taken_out_of_it() -> None:
    request = SimpleNamespace(
        id="a", callbacks=[SINGLE], errbacks=None, chain=[SINGLE], chord=SINGLE, group="g", group_index=1,
        root_id="r", parent_id=None, reply_to="me", ignore_result=False, stamps={}, stamped_headers=None,
    )  # fmt: skip
    assert read_request(request) == {
        "id": "a", "callbacks": [SINGLE], "chain": [SINGLE], "chord": SINGLE, "group": "g", "group_index": 1,
        "root_id": "r", "reply_to": "me", "ignore_result": False,
    }  # fmt: skip
    assert request.callbacks is request.chain is request.chord is None and request.ignore_result is True


@pytest.mark.parametrize(
    ("canvas", "outside", "kept"),
    [
        ({"id": "a", "group": "g"}, False, False),
        ({"id": "a", "group": "g"}, True, True),
        ({"ignore_result": True}, True, False),
        ({"ignore_result": True, "callbacks": [SINGLE]}, True, True),
        ({"chord": SINGLE}, False, True),
        ({}, True, True),
    ],
)
def test_it_is_kept_where_somebody_has_to_be_told(canvas: dict[str, Any], outside: bool, kept: bool) -> None:
    text = write_canvas(canvas, "canvas.team", outside=outside)
    assert (text is not None) == kept
    if text is not None:
        assert read_canvas(text)["queue"] == "canvas.team"


def test_every_task_that_follows_has_an_id() -> None:
    parts = {**SINGLE, "subtask_type": "group", "kwargs": {"tasks": [dict(SINGLE, options={}) for _ in "ab"]}}
    steps = {
        **SINGLE,
        "subtask_type": "chain",
        "kwargs": {"tasks": [dict(SINGLE, options={}), parts]},
        "options": {},
    }
    chord = {
        **SINGLE,
        "subtask_type": "chord",
        "kwargs": {"header": [dict(SINGLE, options={})], "body": dict(SINGLE)},
    }
    given = dict(SINGLE, options={"task_id": "mine"})
    text = write_canvas({"callbacks": [steps, chord, given]}, "q", outside=False)
    assert text is not None
    kept_steps, kept_chord, kept_given = read_canvas(text)["callbacks"]
    first, inner = kept_steps["kwargs"]["tasks"]
    ids = [
        first,
        inner,
        *inner["kwargs"]["tasks"],
        kept_chord["kwargs"]["body"],
        *kept_chord["kwargs"]["header"],
    ]
    assert len({each["options"]["task_id"] for each in ids}) == 6
    assert kept_given["options"]["task_id"] == "mine" and "task_id" not in kept_steps["options"]


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(BadInput, match="What follows is no JSON"):
        write_canvas({"callbacks": [dict(SINGLE, args=[object()])]}, "q", outside=False)


def group_of(*tasks: Any) -> dict[str, Any]:
    return {**SINGLE, "subtask_type": "group", "kwargs": {"tasks": list(tasks)}}


def chain_of(*tasks: Any) -> dict[str, Any]:
    return {**SINGLE, "subtask_type": "chain", "kwargs": {"tasks": tasks}}


CHORD = {**SINGLE, "subtask_type": "chord", "kwargs": {"header": [SINGLE], "body": SINGLE}}
NO_CHORD = {
    **SINGLE,
    "kwargs": {"tasks": [CHORD], "chord": CHORD},
}  # what a task of theirs does with its arguments


@pytest.mark.parametrize(
    ("canvas", "leads_to_one"),
    [
        ({"chord": SINGLE}, True),
        ({"callbacks": [SINGLE, CHORD]}, True),
        ({"errbacks": [CHORD]}, True),
        ({"chain": [SINGLE, CHORD]}, True),
        ({"callbacks": [group_of(SINGLE, chain_of(SINGLE, CHORD))]}, True),
        ({"callbacks": [chain_of(SINGLE, group_of(SINGLE, SINGLE), SINGLE)]}, True),
        ({"callbacks": [chain_of(chain_of(SINGLE, group_of(SINGLE)), SINGLE)]}, True),
        ({"callbacks": [{**SINGLE, "options": {"link": [{**SINGLE, "options": {"link_error": CHORD}}]}}]}, True),
        ({"callbacks": [{**SINGLE, "options": {"chain": [CHORD]}}]}, True),
        ({"callbacks": [SINGLE, group_of(SINGLE)], "errbacks": [chain_of(SINGLE, group_of(SINGLE))]}, False),
        ({"callbacks": [NO_CHORD], "chain": [SINGLE], "id": "a"}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_a_chord_is_found_wherever_it_stands(canvas: dict[str, Any], leads_to_one: bool) -> None:
    assert has_chord(canvas) is leads_to_one
