"""The tasks that ask the platform, called as plain functions."""

from __future__ import annotations

import pytest

from backline.spotify.apps import Apps
from backline.spotify.faults import Disconnected
from backline.spotify.needs import StoredAccount
from backline.tasks.data_sync import RemindReconnect, remind_reconnect
from tests.tasks.work.people import Ground, Hour

GIVEN = 1_795_000_000_000_000


def test_a_reminder_is_needless_or_waits_for_a_person() -> None:
    account = StoredAccount("one", "c" * 32, "Ada", frozenset(), 0, GIVEN)
    apps = Apps(Ground(clock=Hour(GIVEN), accounts=[account]))  # type: ignore[arg-type] # what is asked of it here
    answer = remind_reconnect(RemindReconnect(account_id="gone", authorized_at=GIVEN, days=14), apps)
    assert (answer.needless, answer.reasons[0].numbers) == ("disconnected", {"days": 14})
    with pytest.raises(Disconnected):
        remind_reconnect(RemindReconnect(account_id="one", authorized_at=GIVEN, days=14), apps)
