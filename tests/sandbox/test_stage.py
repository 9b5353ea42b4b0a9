"""A stage knows which profile an app has, and draws budgets when the profile changes."""

from __future__ import annotations

import pytest

from backline.sandbox.profiles import PROFILES, draw_budgets
from tests.sandbox.guest import make_guest


def test_an_app_may_have_a_profile_of_its_own() -> None:
    stage = make_guest().stage
    first, second, _ = stage.world.apps.values()
    second.profile = "extended"
    assert [stage.find_profile(app).name for app in (first, second, None)] == [
        "dev-2026",
        "extended",
        "dev-2026",
    ]


def test_another_profile_brings_its_budgets() -> None:
    stage = make_guest(quick=False).stage
    assert stage.ledger.limits.budgets == draw_budgets(PROFILES["dev-2026"], 1)
    stage.change_profile("extended")
    assert set(stage.ledger.limits.budgets.values()) == {None}
    with pytest.raises(KeyError):
        stage.change_profile("golden")
