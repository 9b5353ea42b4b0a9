"""The embedded doorbell: whole messages or none, each to one reader, among several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.asynchronous.hub import Hub

from backline.doorbell import PATIENCE

QUEUE = "backline.probe"


def connect(folder: Path) -> Connection:
    """A connection whose messages lie in `folder`."""
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder)}
    return Connection(
        "filesystem://localhost//", transport="backline.doorbell:Transport", transport_options=options
    )


def make_message(number: int, padding: str = "") -> dict[str, Any]:
    """What kombu puts, with a number to tell it by."""
    info = {"exchange": "", "routing_key": QUEUE}
    properties = {"delivery_tag": f"t{number}", "delivery_info": info, "body_encoding": "base64"}
    return {"number": number, "body": padding, "headers": {}, "properties": properties}


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Any]:
    """A channel on an empty folder."""
    with connect(tmp_path) as connection:
        yield connection.default_channel


def test_what_is_put_is_got_in_order_and_only_from_its_queue(channel: Any, tmp_path: Path) -> None:
    for number in range(3):
        channel._put(QUEUE, make_message(number))
        threading.Event().wait(0.002)
    channel._put("backline.other", make_message(9))
    assert channel._size(QUEUE) == 3
    assert [channel._get(QUEUE)["number"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        channel._get(QUEUE)
    assert [path.name.partition(".")[2] for path in tmp_path.iterdir()] == ["backline.other.msg"]


def test_a_message_that_is_still_being_written_is_left_for_later(channel: Any, tmp_path: Path) -> None:
    half = tmp_path / f"000000000001_x.{QUEUE}.msg"
    half.write_text('{"number": ')
    channel._put(QUEUE, make_message(2))
    assert channel._get(QUEUE)["number"] == 2
    with pytest.raises(Empty):
        channel._get(QUEUE)
    half.write_text(json.dumps(make_message(1)))
    assert channel._get(QUEUE)["number"] == 1


def test_what_can_never_be_read_is_put_aside(
    channel: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tmp_path / f"000000000001_x.{QUEUE}.msg"
    bad.write_text("no json")
    past = bad.stat().st_mtime - 2 * PATIENCE
    os.utime(bad, (past, past))
    with pytest.raises(Empty):
        channel._get(QUEUE)
    assert [path.name for path in tmp_path.iterdir()] == [f"{bad.name}.refused"]
    assert "put aside" in caplog.text


PROPERTIES = make_message(1)["properties"]


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"__type__": "uuid", "__value__": 5}',
        *(
            json.dumps(make_message(1) | change)
            for change in (
                {"properties": 5},
                {"headers": None},
                {"body": 5},
                {"body": "a"},
                {"properties": {name: PROPERTIES[name] for name in ("delivery_tag", "body_encoding")}},
                {"properties": PROPERTIES | {"delivery_info": {"exchange": ""}}},
                {"properties": {name: PROPERTIES[name] for name in ("delivery_info", "body_encoding")}},
                {"properties": PROPERTIES | {"delivery_tag": [1]}},
                {"properties": PROPERTIES | {"body_encoding": "rot13"}},
            )
        ),
    ],
)
def test_what_is_no_message_is_put_aside_and_the_next_one_is_got(
    channel: Any, tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tmp_path / f"000000000001_x.{QUEUE}.msg"
    bad.write_text(text)
    channel._put(QUEUE, make_message(2))
    assert channel._get(QUEUE)["number"] == 2
    assert (tmp_path / f"{bad.name}.refused").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == [f"{bad.name}.refused"]
    assert "put aside" in caplog.text
    channel.Message(make_message(2), channel=channel)  # what is let through, kombu can read


def test_a_folder_in_a_message_s_place_is_put_aside(channel: Any, tmp_path: Path) -> None:
    (tmp_path / f"000000000001_x.{QUEUE}.msg").mkdir()
    channel._put(QUEUE, make_message(2))
    assert channel._get(QUEUE)["number"] == 2


WRITER = """
import sys
from tests.test_doorbell import QUEUE, connect, make_message
from pathlib import Path
with connect(Path(sys.argv[1])) as connection:
    for number in range(300):
        connection.default_channel._put(QUEUE, make_message(number, "x" * 5000))
"""


def test_several_writers_and_readers_lose_and_double_nothing(tmp_path: Path) -> None:
    """Against the transport of kombu this ends with a JSONDecodeError within seconds."""
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)]) for _ in range(2)]
    found: list[int] = []

    def read() -> None:
        with connect(tmp_path) as connection:
            while True:
                over = all(writer.poll() is not None for writer in writers)
                try:
                    found.append(connection.default_channel._get(QUEUE)["number"])
                except Empty:
                    if over:
                        return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert sorted(found) == sorted([*range(300), *range(300)])


def test_a_worker_looks_in_its_event_loop(tmp_path: Path) -> None:
    heard: list[Any] = []
    hub: Any = Hub()
    with connect(tmp_path) as connection:
        assert (
            connection.transport.implements.asynchronous
        )  # or Celery takes a pool whose children share a pipe
        queue = Queue(QUEUE, exchange=Exchange(QUEUE, type="direct"), routing_key=QUEUE)
        with connection.Consumer([queue], callbacks=[lambda body, message: heard.append((body, message))]):
            connection.register_with_event_loop(hub)
            producer = connection.Producer()
            for number in range(3):
                producer.publish(
                    {"number": number}, exchange=QUEUE, routing_key=QUEUE, declare=[queue], serializer="json"
                )
                threading.Event().wait(0.002)
            loop, until = hub.create_loop(), time.monotonic() + 20
            while len(heard) < 3 and time.monotonic() < until:
                next(loop)
    assert [body["number"] for body, _ in heard] == [0, 1, 2]
