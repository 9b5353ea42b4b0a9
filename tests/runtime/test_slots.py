"""When a cron text fires, above all in the nights in which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.errors import BadInput
from backline.runtime.slots import check_cron, next_slot


def list_slots(cron: str, zone: str, begin: str, count: int) -> list[str]:
    moment = datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo(zone))
    slots = []
    for _ in range(count):
        moment = next_slot(cron, zone, moment)
        assert moment.tzinfo is UTC
        slots.append(moment.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z"))
    return slots


@pytest.mark.parametrize(
    ("cron", "zone", "begin", "expected"),
    [
        # Spring in Berlin, 29 March 2026: 02:00 becomes 03:00.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00", ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]),
        ("0 2 * * *", "Europe/Berlin", "2026-03-28T03:00", ["29 03:00+0200", "30 02:00+0200"]),
        ("*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["29 03:00+0200", "30 02:00+0200"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", ["29 03:00+0200", "30 02:00+0200"]),
        ("0 * * * *", "Europe/Berlin", "2026-03-29T00:30", ["29 01:00+0100", "29 03:00+0200", "29 04:00+0200"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29T01:15", ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        ("0 */2 * * *", "Europe/Berlin", "2026-03-29T00:00", ["29 04:00+0200", "29 06:00+0200"]),
        # Autumn in Berlin, 25 October 2026: 03:00 becomes 02:00.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),
        ("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00", ["25 03:00+0100", "26 03:00+0100"]),
        (
            "0 * * * *", "Europe/Berlin", "2026-10-25T01:30",
            ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"],
        ),
        (
            "*/30 * * * *", "Europe/Berlin", "2026-10-25T01:45",
            ["25 02:00+0200", "25 02:30+0200", "25 02:00+0100", "25 02:30+0100", "25 03:00+0100"],
        ),
        # Half an hour at Lord Howe: 5 April 2026 02:00 becomes 01:30; 4 October 2026 02:00 becomes 02:30.
        (
            "*/30 * * * *", "Australia/Lord_Howe", "2026-04-05T01:15",
            ["05 01:30+1100", "05 01:30+1030", "05 02:00+1030"],
        ),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00", ["05 01:45+1100", "06 01:45+1030"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", ["04 02:30+1100", "05 02:15+1100"]),
        ("0 * * * *", "Australia/Lord_Howe", "2026-10-04T01:30", ["04 03:00+1100", "04 04:00+1100"]),
        # A gap at midnight: Santiago, 6 September 2026, 00:00 becomes 01:00.
        ("0 0 * * *", "America/Santiago", "2026-09-05T12:00", ["06 01:00-0300", "07 00:00-0300"]),
        # No clock change, and weekdays.
        ("0 6 * * 1", "Asia/Kolkata", "2026-11-22T12:00", ["23 06:00+0530", "30 06:00+0530"]),
        ("0 9 1 * *", "UTC", "2026-12-15T00:00", ["01 09:00+0000", "01 09:00+0000"]),
    ],
)  # fmt: skip
def test_slots(cron: str, zone: str, begin: str, expected: list[str]) -> None:
    assert list_slots(cron, zone, begin, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("", "UTC", "five fields"),
        ("* * * *", "UTC", "five fields"),
        ("* * * * * *", "UTC", "five fields"),
        ("@daily", "UTC", "five fields"),
        ("60 * * * *", "UTC", "not a cron text"),
        ("a b c d e", "UTC", "not a cron text"),
        ("0 0 30 2 *", "UTC", "not a cron text"),
        ("0 0 * * *", "Mars/Olympus", "not a time zone"),
        ("0 0 * * *", "", "not a time zone"),
        ("0 0 * * *", "../etc/passwd", "not a time zone"),
    ],
)
def test_what_cannot_fire_is_refused(cron: str, zone: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check_cron(cron, zone)


def test_a_slot_that_never_comes_is_bad_input() -> None:
    with pytest.raises(BadInput, match="never fires"):
        next_slot("0 0 30 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(BadInput, match="never fires"):
        next_slot("0 * 30 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC))


ZONES = st.sampled_from(
    ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "UTC", "Africa/Casablanca"]
)
MOMENTS = st.integers(0, 3 * 365 * 86400).map(
    lambda after: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=after)
)


@given(zone=ZONES, moment=MOMENTS, every=st.sampled_from([5, 10, 15, 30]))
def test_open_hours_miss_and_invent_nothing(zone: str, moment: datetime, every: int) -> None:
    slot = next_slot(f"*/{every} * * * *", zone, moment)
    assert timedelta(0) < slot - moment <= timedelta(minutes=every)
    local = slot.astimezone(ZoneInfo(zone))
    assert local.minute % every == 0 and local.second == 0


@given(zone=ZONES, moment=MOMENTS, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_fixed_hour_fires_once_every_local_day(zone: str, moment: datetime, hour: int, minute: int) -> None:
    first = next_slot(f"{minute} {hour} * * *", zone, moment)
    second = next_slot(f"{minute} {hour} * * *", zone, first)
    days = [slot.astimezone(ZoneInfo(zone)).date() for slot in (first, second)]
    assert moment < first < second
    assert days[1] - days[0] == timedelta(days=1)
