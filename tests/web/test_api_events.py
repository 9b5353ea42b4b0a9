"""Server-sent events: each change once, until the end, and again from where somebody was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from backline.storage.run_tables import ENDED_STATES, run
from backline.web.api_events import EventStream, Streams, follow_run, look, spell, tag
from backline.wiring import House
from tests.storage.rows import make_run
from tests.web.houses import Caller, make_key, run_web


def change(house: House, run_id: str, **values: Any) -> None:
    with house.database.write() as connection:
        connection.execute(run.update().where(run.c.id == run_id).values(**values))


def read_events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Kind and data of each event of a stream."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        assert lines["id"]
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def collect(
    house: House,
    run_id: str,
    streams: Streams,
    last: str | None,
    *steps: dict[str, Any] | Callable[[str], None],
) -> list[str]:
    """The parts of a stream; after each part the next step is taken: a change of the run, or a deed with the key."""
    key_id = make_key(house.database).split("_")[1]

    async def go() -> list[str]:
        found, left = [], list(steps)
        parts: AsyncIterator[str] = follow_run(house, streams, run_id, last, key_id)
        async for part in parts:
            found.append(part)
            step = left.pop(0) if left else None
            if callable(step):
                step(key_id)
            elif step is not None:
                change(house, run_id, **step)
            else:
                streams.closing.set()
        return found

    return asyncio.run(asyncio.wait_for(go(), 30))


def test_each_change_is_told_once_until_the_end(house: House) -> None:
    run_id = make_run(house.database)
    parts = collect(
        house, run_id, Streams(1), None,
        {"state": "running", "progress": '{"done": 1, "total": 2, "words": "half"}'},
        {"attempt": 2, "progress": '{"done": 2, "total": 2, "words": "all"}'},
        {"state": "succeeded", "answer": "{}"},
        {"state": "queued"},
    )  # fmt: skip
    events = read_events("".join(parts))
    assert [(kind, told["state"]) for kind, told in events] == [
        ("run", "queued"), ("run", "running"), ("run", "running"), ("end", "succeeded"),
    ]  # fmt: skip
    assert events[1][1]["progress"]["words"] == "half"
    assert all(told["id"] == run_id for _, told in events)


def test_who_comes_back_is_told_only_what_is_new(house: House) -> None:
    run_id = make_run(house.database)
    told = look(house, run_id)
    assert told is not None
    change(house, run_id, worker="other")  # nothing that is told
    assert tag(look(house, run_id) or {}) == tag(told)
    change(house, run_id, state="failed", error_kind="bug", error_text="Odd.")
    (part,) = collect(house, run_id, Streams(1), tag(told))
    assert read_events(part)[0][1]["error"] == "Odd."


def test_a_heartbeat_while_nothing_happens(house: House) -> None:
    run_id = make_run(house.database)
    parts = collect(house, run_id, Streams(1, heartbeat=0.0), None, {"worker": "a"}, {"worker": "b"})
    assert parts[0].startswith("id: ") and parts[1:] == [": heartbeat\n\n"] * 2


def test_a_stream_is_cut_in_time(house: House) -> None:
    run_id = make_run(house.database)
    web = house.settings.web.model_copy(update={"stream_seconds": 0.01})
    short = replace(house, settings=house.settings.model_copy(update={"web": web}))
    short.__dict__["database"] = house.database
    assert len(collect(short, run_id, Streams(1), None, {"worker": "a"})) == 1


ENDS = [
    "UPDATE backline_api_key SET revoked_at = 5 WHERE id = :key",
    "UPDATE backline_api_key SET expires_at = 5 WHERE id = :key",
    "UPDATE backline_user SET disabled_at = 5",
    "DELETE FROM backline_api_key WHERE id = :key",
]


@pytest.mark.parametrize("statement", ENDS)
def test_a_stream_ends_with_the_key(house: House, statement: str) -> None:
    run_id = make_run(house.database)

    def end(key_id: str) -> None:
        with house.database.write() as connection:
            connection.execute(text(statement), {"key": key_id} if ":key" in statement else {})
        change(house, run_id, state="running")

    parts = collect(house, run_id, Streams(1), None, {"progress": '{"done": 1}'}, end)
    assert [told["progress"] for _, told in read_events("".join(parts))] == [None, {"done": 1}]


@pytest.mark.parametrize("state", ENDED_STATES)
def test_the_end_is_told_once_and_then_never_again(house: House, call: Caller, state: str) -> None:
    run_id = make_run(house.database, state=state)
    path = f"/api/v1/runs/{run_id}/events"
    answer = call("GET", path)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [(kind, told["state"]) for kind, told in read_events(answer.text)] == [("end", state)]
    last = answer.text.splitlines()[0].removeprefix("id: ")
    assert call("GET", path, headers={"last-event-id": last}).status_code == 204
    assert call("GET", path, headers={"last-event-id": "another"}).status_code == 200
    assert call("GET", path, headers={"last-event-id": "x" * 101}).status_code == 422


def test_more_streams_than_may_be_open(house: House, call: Caller) -> None:
    run_id = make_run(house.database, state="succeeded")
    streams: Streams = call.api.state.streams
    assert streams.take() and streams.take() and not streams.take()
    answer = call("GET", f"/api/v1/runs/{run_id}/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    streams.give_back()
    for _ in range(3):  # each gives its place back
        assert call("GET", f"/api/v1/runs/{run_id}/events").status_code == 200


def test_a_stream_that_breaks_gives_its_place_back() -> None:
    streams = Streams(1)
    assert streams.take()

    async def parts() -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError

    async def send(_: Any) -> None:
        """Heard."""

    async def receive() -> Any:
        await asyncio.Event().wait()

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(EventStream(parts(), streams)(scope, receive, send))
    assert streams.take()


def test_an_event_is_one_line_of_json() -> None:
    text = spell({"id": "r", "state": "running", "error": "a\nb\r\nc ", "progress": None})
    assert text.count("\n") == 4 and text.endswith("\n\n") and text.isascii()


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_a_real_stream_follows_a_run(house: House) -> None:
    run_id, key = make_run(house.database), make_key(house.database, ("runs:read",))
    with (
        run_web(house) as address,
        httpx.stream(
            "GET",
            f"{address}/api/v1/runs/{run_id}/events",
            headers={"authorization": f"Bearer {key}"},
            timeout=30,
        ) as answer,
    ):
        assert answer.status_code == 200
        states = []
        for line in answer.iter_lines():
            if line.startswith("data: "):
                states.append(json.loads(line.removeprefix("data: "))["state"])
                change(house, run_id, state={1: "running", 2: "succeeded"}.get(len(states), "succeeded"))
    assert states == ["queued", "running", "succeeded"]


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_an_open_stream_does_not_hold_up_the_end_of_the_process(house: House) -> None:
    run_id, key = make_run(house.database), make_key(house.database)
    headers = {"authorization": f"Bearer {key}"}
    with run_web(house) as address:
        client = httpx.Client(headers=headers, timeout=30)
        with client.stream("GET", f"{address}/api/v1/runs/{run_id}/events") as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("id: ")
            del lines
    client.close()
