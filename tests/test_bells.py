"""Bells on a stand-in and on real brokers: rung once per window, counted, and never in the way."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from amqp.exceptions import ChannelError
from kombu.exceptions import OperationalError

from backline.bells import BELL, QUIET, WINDOW, BrokerBells, describe_transport, name_queue
from backline.settings import Settings
from tests.celery_apps import make_own_app


class FakeApp:
    """A Celery application whose bell task remembers."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, float]] = []
        self.options: dict[str, Any] = {}
        self.down = False
        self.heard = threading.Condition()
        self.tasks = {BELL: SimpleNamespace(apply_async=self._ring)}
        self.amqp = SimpleNamespace(queues={name_queue(family): None for family in ("probe", "other")})

    def _ring(self, args: tuple[str], **options: Any) -> None:
        if self.down:
            raise ConnectionError("no broker")
        with self.heard:
            self.options = options
            self.rung.append((args[0], time.monotonic()))
            self.heard.notify_all()

    def await_rung(self, count: int) -> bool:
        with self.heard:
            return self.heard.wait_for(lambda: len(self.rung) >= count, 10)


def make_bells() -> tuple[FakeApp, BrokerBells]:
    app: Any = FakeApp()
    return app, BrokerBells(app)


def test_a_bell_is_published_at_once_without_retry() -> None:
    app, bells = make_bells()
    assert bells.ring("probe")
    assert [queue for queue, _ in app.rung] == ["probe"]
    assert app.options["queue"] == name_queue("probe") == "backline.probe"
    assert app.options["retry"] is False and app.options["ignore_result"] is True


def test_bells_within_a_window_are_rung_as_one_at_its_end() -> None:
    app, bells = make_bells()
    for _ in range(200):
        assert bells.ring("probe")
    assert app.await_rung(2)
    count = len(app.rung)
    spent = app.rung[-1][1] - app.rung[0][1]
    assert app.rung[1][1] - app.rung[0][1] >= WINDOW * 0.5
    assert 2 <= count <= 2 + spent / WINDOW  # at most one a window


def test_the_last_bell_of_a_burst_is_never_swallowed() -> None:
    app, bells = make_bells()
    for _ in range(50):
        bells.ring("probe")
    last = time.monotonic()
    bells.ring("probe")
    with app.heard:
        assert app.heard.wait_for(lambda: app.rung[-1][1] >= last, 10)


def test_queues_do_not_hold_each_other_s_bells() -> None:
    app, bells = make_bells()
    bells.ring("one")
    bells.ring("two")
    assert [queue for queue, _ in app.rung[:2]] == ["one", "two"]


def test_a_broker_that_is_away_is_no_error_and_is_left_alone_for_a_while() -> None:
    app, bells = make_bells()
    app.down = True
    assert bells.ring("probe") is False
    app.down = False
    assert bells.ring("other") is False  # not asked again yet
    assert app.rung == [] and 0 < bells._quiet_until - time.monotonic() <= QUIET
    bells._quiet_until = 0.0
    assert bells.ring("third") is True


def test_a_forked_child_rings_for_itself() -> None:
    app, bells = make_bells()
    bells.ring("probe")
    bells.ring("probe")  # held: the thread that will ring it is the parent's
    child = os.fork()
    if child == 0:
        code = 1
        try:
            app.rung.clear()
            bells.ring("probe")
            bells.ring("probe")
            code = 0 if app.await_rung(2) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert app.await_rung(2)


@pytest.fixture(
    params=["filesystem", *(pytest.param(name, marks=pytest.mark.services) for name in ("redis", "rabbitmq"))]
)
def broker_url(request: pytest.FixtureRequest, service: Callable[[str], str]) -> str:
    """No URL for the embedded doorbell, else that of a private server."""
    return "" if request.param == "filesystem" else service(request.param)


def test_bells_on_a_real_broker_are_counted(broker_url: str, tmp_path: Path) -> None:
    family = f"q{os.getpid()}{time.time_ns()}"
    app = make_own_app(tmp_path, broker_url, family)
    bells = app.backline_desk.bells
    if broker_url.startswith("amqp"):
        with pytest.raises(ChannelError):  # a queue that nobody made: the re-driver counts it as empty
            bells.count_waiting(family)
    else:
        assert bells.count_waiting(family) == 0
    for number in range(3):
        assert bells.ring(family)
        threading.Event().wait(WINDOW * 2)
        assert await_count(bells, family, number + 1)
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue(name_queue(family))
        for _ in range(3):
            message = queue.get(timeout=5)
            assert message.headers["task"] == BELL and message.payload[0] == [family]
            message.ack()
        queue.close()
    assert await_count(bells, family, 0)
    assert bells.ring(family) and await_count(bells, family, 1)


def await_count(bells: BrokerBells, queue: str, count: int) -> bool:
    """Whether so many come to wait: RabbitMQ takes a message in its own time."""
    pause = threading.Event()
    return any(bells.count_waiting(queue) == count or pause.wait(0.05) for _ in range(200))


def test_a_broker_that_cannot_be_asked_raises_quickly(tmp_path: Path) -> None:
    app = make_own_app(tmp_path, "amqp://guest@127.0.0.1:1//", "probe")
    bells = app.backline_desk.bells
    began = time.monotonic()
    with pytest.raises(OperationalError):
        bells.count_waiting("probe")
    assert bells.ring("probe") is False
    assert time.monotonic() - began < 10


def test_the_embedded_doorbell_lives_in_the_state_folder(tmp_path: Path) -> None:
    settings = Settings.model_validate({"state": tmp_path / "s"})
    transport = describe_transport(settings)
    assert transport["broker_url"].startswith("filesystem://")
    folders = {
        Path(transport["broker_transport_options"][name]) for name in ("data_folder_in", "control_folder")
    }
    assert all(folder.is_dir() and folder.is_relative_to(tmp_path / "s") for folder in folders)


def test_redis_keys_carry_the_prefix(tmp_path: Path) -> None:
    broker = {"url": "redis://h/0", "key_prefix": "mine:"}
    transport = describe_transport(Settings.model_validate({"state": tmp_path, "broker": broker}))
    assert transport["broker_transport_options"]["global_keyprefix"] == "mine:"
    rabbit = describe_transport(Settings.model_validate({"state": tmp_path, "broker": {"url": "amqp://h"}}))
    assert (rabbit["broker_url"], rabbit["broker_heartbeat"]) == ("amqp://h", 15)
    for described in (transport, rabbit):
        assert described["broker_transport_options"]["max_retries"] == 0
