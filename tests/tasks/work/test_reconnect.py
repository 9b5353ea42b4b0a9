"""Whether somebody has to agree again, and the words for it."""

from __future__ import annotations

import pytest

from backline.spotify.apps import Apps
from backline.spotify.faults import Disconnected
from backline.spotify.needs import StoredAccount
from backline.spotify.tokens import reconnect_by
from backline.tasks.work.reconnect import remind_person
from tests.tasks.work.people import Ground, Hour

GIVEN = 1_795_000_000_000_000  # µs: 2026-11-18
ENDS = reconnect_by(GIVEN)


def make_apps(now: int, name: str = "Ada", given: int = GIVEN, ended_at: int | None = None) -> Apps:
    account = StoredAccount("one", "c" * 32, name, frozenset(), 0, given, ended_at)
    return Apps(Ground(clock=Hour(now), accounts=[account]))  # type: ignore[arg-type] # what is asked of it here


def test_a_consent_that_ends_soon_needs_a_person() -> None:
    with pytest.raises(Disconnected, match=r"consent of Ada ends on 2027-05-18\..*backline connect spotify"):
        remind_person(make_apps(ENDS - 1), "one", GIVEN)
    with pytest.raises(Disconnected, match="consent of one ends"):
        remind_person(make_apps(ENDS - 1, name=""), "one", GIVEN)


@pytest.mark.parametrize(("now", "ended_at"), [(ENDS, None), (GIVEN + 1, GIVEN)])
def test_one_that_has_ended_needs_a_person_too(now: int, ended_at: int | None) -> None:
    with pytest.raises(Disconnected, match="has ended"):
        remind_person(make_apps(now, ended_at=ended_at), "one", GIVEN)


def test_nothing_is_to_be_done_where_somebody_did_it_already() -> None:
    assert remind_person(make_apps(ENDS, given=GIVEN + 1), "one", GIVEN) == "renewed"
    assert remind_person(make_apps(ENDS), "two", GIVEN) == "disconnected"
