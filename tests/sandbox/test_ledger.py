"""The ledger tells every request, what was spent, and who did not keep a pause."""

from __future__ import annotations

import time

from backline.sandbox.books import Limits
from backline.sandbox.ledger import Entry, Ledger, round_up


def open_entry(ledger: Ledger, account: str = "a", family: str = "me", at: float = 0.0) -> Entry:
    entry = ledger.open_entry(at, "GET", "/v1/me", "", family)
    entry.account = account
    return entry


def test_apps_of_one_account_share_a_book() -> None:
    ledger = Ledger(Limits({"me": 2}, None), 1)
    rulings = [ledger.admit(open_entry(ledger, account)) for account in ("a", "a", "b", "a")]
    assert [ruling.pause is None for ruling in rulings] == [True, True, True, False]
    told = ledger.tell()
    assert told["spent"] == {"me": 3}
    assert told["spent_by_account"] == {"a": {"me": 2}, "b": {"me": 1}}
    assert told["over_budget"] == 1


def test_requests_can_be_read_from_some_number_on() -> None:
    ledger = Ledger(Limits({}, None), 1)
    for _ in range(5):
        ledger.admit(open_entry(ledger))
    requests = ledger.tell(after=3)["requests"]
    assert isinstance(requests, list)
    assert [one["n"] for one in requests] == [4, 5]
    assert requests[0]["at"] == "1970-01-01T00:00:00.000Z"


def test_who_was_on_the_way_when_a_pause_was_ordered_did_not_break_it() -> None:
    ledger = Ledger(Limits({}, None), 1)
    pause = ledger.order_pause(open_entry(ledger), "*", "rate", 10)
    ledger.admit(open_entry(ledger))  # no answer has gone out yet
    assert ledger.tell()["inside_ban"] == 0
    pause.told = time.monotonic() - 0.1
    late = open_entry(ledger)
    assert ledger.admit(late).pause is pause
    assert late.why == "pause"
    assert not late.counted
    assert ledger.tell()["inside_ban"] == 1
    assert ledger.tell(grace=5.0)["inside_ban"] == 0


def test_it_can_be_emptied_with_or_without_what_was_spent() -> None:
    ledger = Ledger(Limits({"me": 2}, None), 1)
    for _ in range(3):
        ledger.admit(open_entry(ledger))
    ledger.empty(books=False)
    told = ledger.tell()
    assert (told["requests"], told["over_budget"], told["spent"]) == ([], 0, {"me": 2})
    assert ledger.admit(open_entry(ledger)).pause
    ledger.empty()
    assert ledger.admit(open_entry(ledger)).pause is None


def test_a_wait_is_never_told_too_short() -> None:
    assert [round_up(seconds) for seconds in (0.2, 1.0, 1.2, 30.0)] == [1, 1, 2, 30]
