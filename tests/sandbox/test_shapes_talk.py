"""Talk loses its markets and publishers for new Client IDs, and keeps them with extended quota."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import make_guest


@pytest.mark.parametrize(("profile", "there"), [("dev-2026", False), ("extended", True)])
def test_markets_and_publishers(profile: str, there: bool) -> None:
    guest = make_guest(profile)
    guest.sign_in_app()
    by_kind = {talk.kind: talk for talk in guest.stage.world.talks.values()}
    for kind, names in (
        ("show", {"available_markets", "publisher"}),
        ("audiobook", {"publisher"}),
        ("chapter", {"available_markets"}),
    ):
        data = guest.get(f"{kind}s/{by_kind[kind].id}").data
        assert (names <= set(data)) is there, kind


def test_a_show_of_more_than_fifty_episodes_has_pages() -> None:
    guest = make_guest()
    guest.sign_in_app()
    show = next(one for one in guest.stage.world.talks.values() if len(one.parts) > 50)
    page = guest.get(f"shows/{show.id}").data["episodes"]
    assert (
        guest.get(page["next"].removeprefix("http://sandbox.test")).data["items"][-1]["id"] == show.parts[-1]
    )
