"""`backline limits`: what is kept of each provider, and the end of a block with its reason."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from backline.cli.houses import open_house
from backline.cli.limits import describe_bucket
from backline.errors import TryLater
from backline.runtime.limits import Limiter, Policy
from backline.storage.budgets import BudgetKey, Budgets, Share
from backline.storage.limits import Bucket, LimitKey
from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that only the settings know."""
    monkeypatch.setenv("BACKLINE_LIMITS_POST_RATE", "0.01")
    monkeypatch.setenv("BACKLINE_LIMITS_POST_BURST", "3")


def use(account: str, *, block: float = 0) -> None:
    """One call, then a block."""
    with open_house() as house:
        limiter = Limiter(house.limits)
        limiter.take("post", account)
        if block:
            limiter.block("post", account, block)


@pytest.mark.parametrize("store", ["database", pytest.param("redis", marks=pytest.mark.services)])
def test_show_and_clear(
    call: Call, store: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store == "redis":
        monkeypatch.setenv("BACKLINE_BROKER_URL", request.getfixturevalue("redis").url)
        monkeypatch.setenv("BACKLINE_BROKER_KEY_PREFIX", f"{uuid.uuid4().hex}:")
    (idle,) = [row for row in call("limits", "show", "--json").lines if row["provider"] == "post"]
    assert (idle["provider"], idle["account"], idle["tokens"], idle["blocked_until"]) == ("post", "", 3, None)
    use("ann", block=600)
    use("bob")
    rows = {row["account"]: row for row in call("limits", "show", "--json").lines}
    assert rows["ann"]["tokens"] == 0 and 500 < rows["ann"]["blocked_seconds"] <= 600
    assert rows["ann"]["blocked_until"].endswith("Z")
    assert (rows["bob"]["tokens"], rows["bob"]["blocked_until"], rows["bob"]["burst"]) == (2, None, 3)
    assert "ann" in call("limits", "show").out
    assert call("limits", "clear", "post", "--account", "ann", "--why", " ").code == 2
    assert call("limits", "clear", "post", "--account", "ann", "--why", "They said so.").code == 0
    use("ann")
    (row,) = call("audit", "list", "--object", "limit:post:ann", "--json").lines
    assert (row["action"], row["actor"], row["body"]["why"]) == ("limit.clear", "tester", "They said so.")


def test_what_is_not_kept_is_named(call: Call) -> None:
    result = call("limits", "clear", "mail", "--why", "x")
    assert result.code == 2 and "Nothing is kept of mail." in result.err
    assert call("audit", "list", "--json").lines == []


def test_a_block_is_in_the_way_until_then() -> None:
    use("ann", block=600)
    with pytest.raises(TryLater):
        use("ann")


def test_a_bucket_without_policy() -> None:
    facts: dict[str, Any] = describe_bucket(Bucket(LimitKey("gone", "x"), 5, 0), None)
    assert (facts["tokens"], facts["rate"], facts["provider"]) == (None, None, "gone")
    assert describe_bucket(Bucket(LimitKey("a"), 0, 0), Policy("a", 1, 2))["tokens"] == 2


def test_the_budget_of_a_day_is_shown_by_family(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_SPOTIFY_DAILY_SEARCH", "50")
    monkeypatch.setenv("BACKLINE_SPOTIFY_RESERVE", "0.5")
    with open_house() as house:
        budgets = Budgets(house.database)
        for family, waits in (("search", True), ("search", False), ("me", False)):
            budgets.take(BudgetKey("spotify", "own", family), Share(100), interactive=waits)
        budgets.learn(BudgetKey("spotify", "own", "me"), 30)
    rows = {row["family"]: row for row in call("limits", "show", "--json").lines if "family" in row}
    search = {"provider": "spotify", "account": "own", "family": "search", "spent": 2, "interactive": 1}
    assert rows["search"] == search | {"allowance": 50, "reserved": 25, "learned": None}
    assert (rows["me"]["allowance"], rows["me"]["learned"], rows["me"]["reserved"]) == (30, 30, 15)
    assert "asked in 24 h" in call("limits", "show").out
