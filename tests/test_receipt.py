"""A job's message goes to a child at once, whatever it says of time; a bell is not kept for ever."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker.request import Request

from backline.bells import BELL
from backline.receipt import HOLD, JobRequest, LongBells, acknowledge_long
from tests.celery_apps import make_own_app

NAME = "probe.work"


def make_request(kind: type[Any], app: Any) -> Any:
    """A message with an eta to come, an expiry that has passed, and the sender's own time limit."""
    now = datetime.now(UTC)
    headers = {
        "id": "m1", "task": NAME, "eta": (now + timedelta(hours=1)).isoformat(),
        "expires": (now - timedelta(hours=1)).isoformat(), "timelimit": [1, 1],
    }  # fmt: skip
    message = SimpleNamespace(
        headers=headers, body=b"", payload=[["x"], {}, {}], content_type="application/json",
        content_encoding="utf-8", delivery_info={}, properties={},
    )  # fmt: skip
    return kind(message, app=app, task=app.tasks[NAME])


def test_a_job_is_taken_in_at_once(tmp_path: Path) -> None:
    app = make_own_app(tmp_path)
    plain = make_request(Request, app)
    assert plain.eta and plain.expires and list(plain.time_limits) == [1, 1]  # what Celery would heed
    ours = make_request(JobRequest, app)
    assert (ours.eta, ours.expires, ours.time_limits) == (None, None, (None, None))
    assert not ours.revoked()
    assert ours.request_dict["eta"] and ours.request_dict["expires"]  # the child still reads them
    assert app.tasks[NAME].Request == f"{JobRequest.__module__}:{JobRequest.__name__}"


@pytest.mark.parametrize(
    ("name", "seconds", "expected"), [(BELL, HOLD + 1, 1), (BELL, HOLD - 5, 0), (NAME, HOLD + 1, 0)]
)
def test_a_bell_that_is_served_for_long_is_acknowledged(name: str, seconds: float, expected: int) -> None:
    heard: list[str] = []
    request = SimpleNamespace(
        name=name, time_start=time.time() - seconds, acknowledge=lambda: heard.append(name)
    )
    waiting = SimpleNamespace(name=name, time_start=None, acknowledge=lambda: heard.append("waiting"))
    acknowledge_long([request, waiting])
    assert len(heard) == expected


def test_the_look_at_long_bells_begins_and_ends_with_the_consumer() -> None:
    looks: list[Any] = []
    entry = SimpleNamespace(cancel=lambda: looks.append("cancelled"))

    def call(seconds: float, function: Any) -> Any:
        looks.append((seconds, function))
        return entry

    consumer = SimpleNamespace(hub=object(), timer=SimpleNamespace(call_repeatedly=call), steps=[])
    step = LongBells(consumer)
    step.start(consumer)
    step.stop(consumer)
    step.stop(consumer)
    assert looks == [(60.0, acknowledge_long), "cancelled"]
    consumer.hub = None
    step.start(consumer)
    assert len(looks) == 2


def test_every_application_with_our_tasks_has_the_step(tmp_path: Path) -> None:
    assert "backline.receipt:LongBells" in make_own_app(tmp_path).steps["consumer"]
