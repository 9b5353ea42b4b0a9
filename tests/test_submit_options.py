"""Times in any form become seconds, within bounds; a message's options are read as far as they can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from backline.errors import BadInput
from backline.submit_options import (
    LONGEST,
    LONGEST_ID,
    read_headers,
    read_message_options,
    read_options,
)


def test_moments_may_have_any_zone() -> None:
    read = read_options
    now = datetime.now(UTC)
    tokyo = (now + timedelta(seconds=100)).astimezone(timezone(timedelta(hours=9)))
    ask = read({"eta": tokyo, "expires": now + timedelta(seconds=130)}, "ann")
    assert 99 < ask.delay <= 100 and ask.expires is not None and 29 < ask.expires < 31
    assert 99 < read({"eta": (now + timedelta(seconds=100)).replace(tzinfo=None)}, "ann").delay <= 100
    assert 99 < read({"eta": tokyo.isoformat()}, "ann").delay <= 100
    past = read({"eta": now - timedelta(hours=1), "expires": now + timedelta(seconds=50)}, "ann")
    assert past.delay == 0 and past.expires is not None and 48 < past.expires <= 50
    assert read({"countdown": 10, "expires": 60}, "ann").expires == 50
    plain = read({"countdown": None}, "ann")
    assert (plain.delay, plain.expires, plain.priority, plain.asked_by) == (0, None, None, "ann")


@pytest.mark.parametrize("name", ["countdown", "expires", "deadline"])
def test_times_are_bounded_to_a_century(name: str) -> None:
    read_options({name: LONGEST}, "ann")
    for seconds in (LONGEST + 1, 1e18, 1e308, -1e18):
        with pytest.raises(BadInput, match="at most 100 years"):
            read_options({name: seconds}, "ann")


def make_message(**given: Any) -> Any:
    """A request as Celery's worker fills it in."""
    return SimpleNamespace(**{"id": "m1", "origin": "gen7@elsewhere", "eta": None, "expires": None,
                              "delivery_info": None} | given)  # fmt: skip


def test_a_message_that_says_nothing_asks_for_now() -> None:
    for info in (None, {}, {"priority": None}, {"priority": 0}):
        ask = read_message_options(make_message(delivery_info=info))
        assert (ask.asked_by, ask.key) == ("message:gen7@elsewhere", "celery:m1")
        assert (ask.delay, ask.expires, ask.priority, ask.deadline) == (0.0, None, None, None)


def test_a_message_s_times_and_priority_are_read() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)
    ask = read_message_options(
        make_message(eta=moment.isoformat(), expires=moment.isoformat(), delivery_info={"priority": 9})
    )
    assert 59 < ask.delay <= 60 and ask.priority == 9
    assert ask.expires is not None and abs(ask.expires) < 1


@pytest.mark.parametrize(
    "given",
    [
        {"eta": "soon"},
        {"expires": "9999-01-01"},
        {"eta": 5},
        {"delivery_info": {"priority": "a"}},
        {"expires": 10**400},
        {"expires": {"a": 1}},
    ],
)
def test_an_option_that_cannot_be_read_is_left_out(given: dict[str, Any]) -> None:
    ask = read_message_options(make_message(**given))
    assert (ask.delay, ask.expires, ask.priority, ask.key) == (0.0, None, None, "celery:m1")


@pytest.mark.parametrize(
    ("given", "key"),
    [("m1", "celery:m1"), (None, None), ("", None), ([1, 2], None), ("a\0b", None), ("\ud800", None),
     ("x" * LONGEST_ID, "celery:" + "x" * LONGEST_ID), ("x" * (LONGEST_ID + 1), None)],
)  # fmt: skip
def test_headers_tell_who_sent_a_message_that_cannot_be_read(given: object, key: str | None) -> None:
    ask = read_headers({"id": given, "origin": "gen7\0@\ud800"})
    assert (ask.asked_by, ask.key) == ("message:gen7@?", key)
    assert read_headers({}).asked_by == "message:unknown"
