"""Profiles differ where Client IDs do; budgets are hidden and come from the seed."""

from __future__ import annotations

from backline.sandbox.profiles import FAMILIES, PROFILES, draw_budgets, draw_window


def test_a_new_client_id_may_least() -> None:
    new, legacy, extended = (PROFILES[name] for name in ("dev-2026", "dev-legacy", "extended"))
    assert (new.search[1], new.artist_albums[1], legacy.search[1]) == (10, 10, 50)
    assert new.gone > legacy.gone > extended.gone
    assert new.masked
    assert not legacy.masked
    assert PROFILES["shared-id"].blocked


def test_budgets_are_drawn_from_the_seed() -> None:
    new = PROFILES["dev-2026"]
    assert set(draw_budgets(new, 1)) == set(FAMILIES)
    assert draw_budgets(new, 1) == draw_budgets(new, 1)
    assert len({str(draw_budgets(new, seed)) for seed in range(20)}) > 15
    for seed in range(20):
        assert 500 <= (draw_budgets(new, seed)["tracks"] or 0) <= 700
        assert 60 <= (draw_window(new, seed) or 0) <= 120


def test_extended_quota_has_no_daily_budget() -> None:
    assert set(draw_budgets(PROFILES["extended"], 1).values()) == {None}
