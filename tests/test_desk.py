"""What is asked of an application becomes a row: with its options, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backline.errors import BadInput, Conflict
from backline.results import RunResult
from backline.runtime.drain import drain_queue
from tests.celery_apps import make_own_app, rows

NAME = "probe.work"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """Our own application in a state folder of this test."""
    return make_own_app(tmp_path)


def test_options_reach_the_row(app: Any) -> None:
    task = app.tasks[NAME]
    task.apply_async(("a",), countdown=60, priority=0, key="k", expires=90, deadline=120, asked_by="bob")
    (row,) = rows(app)
    assert (row.state, row.priority, row.idempotency_key, row.asked_by) == ("scheduled", 0, "k", "bob")
    times = [row.due_at - row.created_at, row.expires_at - row.created_at, row.deadline_at - row.created_at]
    assert [round(time / 1e6) for time in times] == [60, 90, 120]
    assert app.backline_desk.bells.count_waiting("probe") == 0  # nobody has to look yet
    assert task.apply_async(("a",), key="k").id == row.id
    with pytest.raises(Conflict):
        task.apply_async(("b",), key="k")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task_id": "x", "key": "y"}, "key and task_id are two names of one run"),
        ({"queue": "x"}, "No worker is known to listen in the queue x. Known are canvas, "),
        ({"link": object()}, "What follows is no JSON"),
        ({"retry": True}, "option retry is not supported. The row is there"),
        ({"colour": "red"}, "option colour is not supported. Supported are asked_by, countdown"),
        ({"countdown": "soon"}, "countdown is 'soon'. It takes seconds"),
        ({"countdown": True}, "countdown is True"),
        ({"countdown": float("nan")}, "countdown is nan"),
        ({"countdown": 1e18}, "countdown lies 1e+18 s away. It takes at most 100 years"),
        ({"expires": -1e300}, "expires lies -1e+300 s away"),
        ({"deadline": 4e9}, "deadline lies 4e+09 s away"),
        ({"eta": datetime(9999, 1, 1, tzinfo=UTC)}, "eta lies"),
        ({"eta": 5}, "eta is 5. It takes a moment"),
        ({"eta": "tomorrow"}, "eta is 'tomorrow'. It takes a moment"),
        ({"expires": "never"}, "expires is 'never'"),
        ({"priority": 10}, "priority is 10. It takes 0"),
        ({"priority": "high"}, "priority is 'high'"),
    ],
)
def test_what_is_not_supported_is_refused_with_a_remedy(
    app: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        app.tasks[NAME].apply_async(("a",), **options)
    assert words in str(caught.value)
    assert rows(app) == []


def test_delay_writes_a_row_and_rings(app: Any) -> None:
    handle = app.tasks[NAME].delay("x", number=2)
    assert isinstance(handle, RunResult)
    (row,) = rows(app)
    assert (row.id, row.state, row.job, row.asked_by) == (
        handle.id,
        "queued",
        '{"word":"x","number":2}',
        "ann",
    )
    assert app.backline_desk.bells.count_waiting("probe") == 1
    assert drain_queue(app.backline_desk.house().runtime, "probe") == 1
    assert handle.get(timeout=5)["word"] == "x"
