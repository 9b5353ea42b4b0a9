"""The profile of a Client ID, found in one or two requests."""

from __future__ import annotations

import pytest

from backline.spotify.faults import PremiumLapsed, RateLimited
from backline.spotify.probe import probe_profile
from backline.spotify.routes import Profile
from tests.spotify.stand_ins import Aged, Room


@pytest.mark.parametrize(
    ("name", "profile", "requests"),
    [
        ("dev-2026", Profile.DEV_2026, 1),
        ("dev-legacy", Profile.DEV_LEGACY, 2),
        ("extended", Profile.EXTENDED, 2),
    ],
)
@pytest.mark.parametrize("signed_in", [False, True])
def test_each_profile_is_told_with_its_reasons(
    name: str, profile: Profile, requests: int, signed_in: bool
) -> None:
    room = Room(name, known=False)
    account = room.sign_in() if signed_in else None
    finding = probe_profile(room.sender, account)
    assert (finding.profile, finding.requests, len(finding.reasons)) == (profile, requests, requests)
    assert len(room.list_asked("/v1/")) == requests


@pytest.mark.parametrize("bad_limit", ["json", "empty"])
@pytest.mark.parametrize("gone", [403, 404])
def test_it_does_not_hang_on_one_wording(bad_limit: str, gone: int) -> None:
    for name, profile in (("dev-2026", Profile.DEV_2026), ("dev-legacy", Profile.DEV_LEGACY)):
        room = Room(name, known=False)
        room.stage.switches.bad_limit, room.stage.switches.gone_2024 = bad_limit, gone
        assert probe_profile(room.sender).profile is profile


def test_a_second_look_is_not_answered_by_what_was_stored() -> None:
    room = Room("extended", transport=Aged, known=False)
    assert probe_profile(room.sender).profile is Profile.EXTENDED
    room.stage.change_profile("dev-2026")
    assert probe_profile(room.sender).profile is Profile.DEV_2026


def test_who_is_blocked_or_unpaid_has_no_profile_to_be_seen() -> None:
    with pytest.raises(RateLimited):
        probe_profile(Room("shared-id", known=False).sender)
    room = Room(known=False)
    room.world.accounts[room.client.account].premium = False
    with pytest.raises(PremiumLapsed):
        probe_profile(room.sender)
