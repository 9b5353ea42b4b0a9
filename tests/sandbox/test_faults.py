"""Faults wait for the requests that they are meant for; a schedule is the same for the same seed."""

from __future__ import annotations

import pytest

from backline.sandbox.faults import Faults, Schedule


def test_the_first_that_fits_is_taken_after_its_skips() -> None:
    faults = Faults()
    faults.add([{"kind": "5xx", "match": "GET /v1/artists/*", "skip": 1, "times": 2}, {"kind": "cut"}])
    asked = [("GET", "/v1/artists/a"), ("POST", "/v1/artists/a"), *[("GET", "/v1/artists/a")] * 3]
    kinds = [fault.kind if (fault := faults.take(*one)) else None for one in asked]
    assert kinds == ["cut", None, "5xx", "5xx", None]
    assert faults.tell() == {"waiting": [], "schedule": None, "delivered": 3}


def test_invalid_grant_is_meant_for_the_token_endpoint() -> None:
    faults = Faults()
    faults.add({"kind": "invalid_grant"})
    assert faults.take("GET", "/v1/me") is None
    assert faults.take("POST", "/api/token")


def test_what_is_no_fault_is_refused_and_nothing_is_added() -> None:
    faults = Faults()
    with pytest.raises(ValueError, match="kind must be one of"):
        faults.add([{"kind": "cut"}, {"kind": "earthquake"}])
    with pytest.raises(TypeError):
        faults.add([{"kind": "cut", "sometimes": 3}])
    with pytest.raises(ValueError, match="earthquake"):
        faults.add({"schedule": {"seed": 1, "rate": 1, "kinds": ["earthquake"]}})
    assert faults.waiting == []


def test_a_schedule_is_repeatable_and_keeps_its_rate() -> None:
    def run(seed: int) -> list[str | None]:
        schedule = Schedule(seed, 0.2, ["5xx", "cut", "429"])
        return [fault.kind if (fault := schedule.draw()) else None for _ in range(2000)]

    assert run(7) == run(7) != run(8)
    assert 300 < sum(kind is not None for kind in run(7)) < 500
    assert set(run(7)) == {None, "5xx", "cut", "429"}


def test_a_schedule_can_be_given_and_taken() -> None:
    faults = Faults()
    faults.add({"schedule": {"seed": 1, "rate": 1.0, "kinds": ["cut"]}})
    assert faults.take("GET", "/v1/me")
    assert faults.take("GET", "/authorize") is None
    faults.clear()
    assert faults.take("GET", "/v1/me") is None
