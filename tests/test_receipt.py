"""A job's message goes to a child at once; a bell is not kept for ever; what is malformed ends nobody."""

from __future__ import annotations

import logging
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from celery.exceptions import InvalidTaskError
from celery.worker.request import Request
from sqlalchemy import text

from backline.bells import BELL, free_place
from backline.receipt import (
    HOLD,
    BellRequest,
    JobRequest,
    LongBells,
    Revokes,
    Shield,
    acknowledge_long,
)
from backline.storage.runs import list_runs
from tests.celery_apps import load_celery_app, make_own_app, make_settings, say
from tests.runtime.stage import declare

NAME = "probe.work"
log = logging.getLogger("tests.receipt")


def make_request(kind: type[Any], app: Any, payload: Any = None, **more: Any) -> Any:
    """A message with an eta to come, an expiry that has passed, and the sender's own time limit."""
    now = datetime.now(UTC)
    headers = {
        "id": "m1", "task": NAME, "eta": (now + timedelta(hours=1)).isoformat(),
        "expires": (now - timedelta(hours=1)).isoformat(), "timelimit": [1, 1], **more,
    }  # fmt: skip
    message = SimpleNamespace(
        headers=headers, body=b"", payload=payload or [["x"], {}, {}], content_type="application/json",
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
    "times", [{"eta": "tomorrow"}, {"expires": "never"}, {"eta": 5}, {"expires": {"a": 1}}]
)
def test_times_that_cannot_be_read_are_left_to_the_child(tmp_path: Path, times: dict[str, Any]) -> None:
    app = make_own_app(tmp_path)
    with pytest.raises(InvalidTaskError):
        make_request(Request, app, **times)
    request = make_request(JobRequest, app, **times)
    assert {name: request.request_dict[name] for name in times} == times
    assert (request.eta, request.expires) == (None, None)
    assert "eta" not in make_request(BellRequest, app, **times).request_dict


@pytest.mark.parametrize("kind", [JobRequest, BellRequest])
def test_what_celery_would_stumble_over_later_is_not_heard(tmp_path: Path, kind: type[Any]) -> None:
    unheard = {"stamped_headers": 5, "stamps": "x", "shadow": {"a": 1}, "timelimit": "x"}
    request = make_request(kind, make_own_app(tmp_path), **unheard)
    assert not request.revoked() and request.name == NAME and request.time_limits == (None, None)
    assert unheard.keys().isdisjoint(request.request_dict)


@pytest.mark.parametrize("kind", [JobRequest, BellRequest])
def test_what_cannot_be_carried_to_a_child_is_found_out_at_once(tmp_path: Path, kind: type[Any]) -> None:
    app = make_own_app(tmp_path)
    nested: list[Any] = []
    for _ in range(sys.getrecursionlimit() - 250):
        nested = [nested]
    if sys.version_info < (3, 12):  # later ones count the levels of C apart
        with pytest.raises(RecursionError):
            make_request(kind, app, [nested, {}, {}])
    make_request(kind, app, [[[[["x"]]]], {}, {}])


class Letter:
    """A message as the consumer sees it, and what became of it."""

    acknowledged = False
    channel = None

    def __init__(self, headers: Any, body: bytes = b"5", payload: Any = 5) -> None:
        self.headers, self.body, self.payload = headers, body, payload
        self.fate: list[Any] = []

    def ack_log_error(self, *_: Any) -> None:
        self.fate.append("acknowledged")

    def reject_log_error(self, *_: Any, requeue: bool = False) -> None:
        self.fate.append("back" if requeue else "rejected")


class Office:
    """A consumer whose handler raises, with the step; `later` is what its timer holds."""

    connection_errors = (ConnectionError, KeyError)  # as kombu says of Redis
    steps: ClassVar[list[Any]] = []

    def __init__(self, app: Any, error: Exception | None = None) -> None:
        self.app, self.error = app, error
        self.passed_on: list[Any] = []
        self.later: list[Any] = []
        self.timer = SimpleNamespace(call_after=lambda _, function, args: self.later.append((function, args)))
        Shield(self)

    def create_task_handler(self) -> Any:
        def handle(message: Letter) -> None:
            if self.error is not None:
                raise self.error
            message.fate.append("handled")

        return handle

    def on_invalid_task(self, body: Any, message: Letter, error: Exception) -> None:
        self.passed_on.append(("invalid", message, error))

    def on_decode_error(self, message: Letter, error: Exception) -> None:
        self.passed_on.append(("undecoded", message, error))

    def call_soon(self, function: Any) -> None:
        function()


def list_kept(app: Any) -> list[tuple[Any, ...]]:
    with app.backline_desk.house().database.read() as connection:
        rows = list_runs(connection)
    return [(row.state, row.error_kind, row.asked_by, row.idempotency_key, row.job) for row in rows]


@pytest.mark.parametrize("error", [TypeError("x"), ValueError("x"), KeyError("id"), RecursionError("x")])
def test_a_job_that_cannot_be_taken_is_kept_as_failed_and_acknowledged(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office(make_own_app(tmp_path), error)
    letter = Letter({"task": NAME, "id": "m1", "origin": "gen7@elsewhere"}, b"[\xff\0")
    office.create_task_handler()(letter)
    assert letter.fate == ["acknowledged"] and "malformed" in caplog.text
    job = '{"args": ["[\\ufffd\\u0000"], "kwargs": {}}'
    assert list_kept(office.app) == [("failed", "bad_input", "message:gen7@elsewhere", "celery:m1", job)]


def test_a_connection_error_and_a_good_message_pass(tmp_path: Path) -> None:
    app = make_own_app(tmp_path)
    letter = Letter({"task": NAME})
    with pytest.raises(ConnectionResetError):
        Office(app, ConnectionResetError()).create_task_handler()(letter)
    Office(app).create_task_handler()(letter)
    assert letter.fate == ["handled"] and list_kept(app) == []


@pytest.mark.parametrize("headers", [{"task": BELL}, {"task": "team.own"}, {"task": [1]}, None, [1], {}])
def test_what_is_no_job_of_ours_is_acknowledged_and_not_kept(tmp_path: Path, headers: Any) -> None:
    office = Office(make_own_app(tmp_path), TypeError("x"))
    letter = Letter(headers)
    office.create_task_handler()(letter)
    assert letter.fate == ["acknowledged"] and list_kept(office.app) == []


def test_what_celery_would_throw_away_is_kept_where_it_is_ours(tmp_path: Path) -> None:
    office: Any = Office(make_own_app(tmp_path))
    ours, older = Letter({"task": NAME}), Letter({}, payload={"task": NAME})
    office.on_invalid_task(None, ours, ValueError("x"))
    office.on_decode_error(older, ValueError("x"))
    assert ours.fate == older.fate == ["acknowledged"] and len(list_kept(office.app)) == 2
    other = Letter({"task": "team.own"})
    office.on_invalid_task(None, other, ValueError("x"))
    office.on_decode_error(other, ValueError("x"))
    assert [name for name, *_ in office.passed_on] == ["invalid", "undecoded"] and other.fate == []


def test_a_malformed_job_goes_back_while_the_database_is_away(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    office = Office(load_celery_app().make_app(settings, {NAME: declare(NAME)(say)}), TypeError("x"))
    letter = Letter({"task": NAME})
    office.create_task_handler()(letter)
    assert letter.fate == []
    ((function, args),) = office.later
    function(*args)
    assert letter.fate == ["back"]


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


def test_every_application_with_our_tasks_has_the_steps(tmp_path: Path) -> None:
    app = make_own_app(tmp_path)
    assert {"backline.receipt:LongBells", "backline.receipt:Shield"} <= app.steps["consumer"]
    assert app.tasks[BELL].Request == f"{BellRequest.__module__}:{BellRequest.__name__}"


def test_an_order_to_revoke_cancels_the_run_too(tmp_path: Path) -> None:
    app = make_own_app(tmp_path)
    result, running = (app.tasks[NAME].apply_async((word,), countdown=60) for word in "xy")
    with app.backline_desk.house().database.write() as connection:
        connection.execute(
            text("UPDATE backline_run SET state = 'running' WHERE id = :id"), {"id": running.id}
        )
    heard: list[Any] = []

    def revoke(state: Any, task_id: Any, **options: Any) -> str:
        heard.append((state, task_id, options))
        return "heard"

    node = SimpleNamespace(handlers={"revoke": revoke, "ping": len})
    consumer = SimpleNamespace(app=app, steps=[SimpleNamespace(box=SimpleNamespace(node=node)), object()])
    Revokes(SimpleNamespace()).start(consumer)
    assert node.handlers["ping"] is len
    assert node.handlers["revoke"]("state", [result.id, "nobody", running.id], terminate=True) == "heard"
    for thread in threading.enumerate():
        if thread.name == "backline-revoke":
            thread.join(10)
    assert (result.run_state, running.run_state) == ("cancelled", "cancelled")
    assert heard == [("state", [result.id, "nobody", running.id], {"terminate": True})]


def test_a_message_that_cannot_be_acknowledged_gives_its_place_back() -> None:
    from kombu import Connection, Message
    from kombu.transport.virtual import QoS

    class Cut(QoS):
        def ack(self, delivery_tag: str) -> None:
            raise ConnectionError("the broker is away")

    with Connection("memory://") as connection:
        channel = connection.default_channel
        qos = channel._qos = Cut(channel, prefetch_count=1)
        message = Message(body="{}", delivery_tag="t1", channel=channel)
        qos.append(message, "t1")
        assert not qos.can_consume()
        message.ack_log_error(log, (ConnectionError,))
        assert not qos.can_consume()  # as kombu leaves it
        free_place(message, message.ack_log_error, log, (ConnectionError,))
        assert qos.can_consume()
