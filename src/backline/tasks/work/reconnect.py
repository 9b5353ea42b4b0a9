"""The word to a person that a consent ends soon, unless it was given anew or taken back."""

from __future__ import annotations

from typing import Literal

from backline.moments import show_moment
from backline.spotify.apps import Apps
from backline.spotify.faults import Disconnected
from backline.spotify.tokens import reconnect_by

Needless = Literal["renewed", "disconnected"]


def remind_person(apps: Apps, account_id: str, authorized_at: int) -> Needless:
    """Why nobody needs to do anything. Raises `Disconnected` with the day where somebody does, before and after it."""
    found = [one for one in apps.list_accounts() if one.account_id == account_id]
    if not found:
        return "disconnected"
    account = found[0]
    if account.authorized_at != authorized_at:
        return "renewed"
    day = show_moment(reconnect_by(authorized_at))[:10]
    name = account.name or account_id
    ended = account.ended_at is not None or apps.clock.now() >= reconnect_by(authorized_at)
    words = f"has ended (it was to last until {day})" if ended else f"ends on {day}"
    raise Disconnected(
        f"The consent of {name} {words}.",
        remedy="Let them agree again: `backline connect spotify`. That answers this too.",
    )
