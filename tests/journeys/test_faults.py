"""The short form of `make faults`: 200 runs a stack under faults of every kind, nothing lost, nothing twice."""

from __future__ import annotations

from tests.journeys.conftest import on
from tests.journeys.faults import SHORT, Plan, Storm, Tally, describe
from tests.journeys.stacks import Stack


@on()
def test_nothing_is_lost_and_nothing_counts_twice(stack: Stack) -> None:
    tally = Storm(stack, SHORT).run()
    assert tally.clean, f"{describe(tally)}\n{stack.crew.all_logs()}"
    assert tally.submitted == tally.succeeded == SHORT.runs


def test_plan_lists_every_fault() -> None:
    faults = Plan(2000).list_faults(seed=5)
    assert [faults.count(kind) for kind in ("child", "worker", "broker", "database", "pause")] == [
        7,
        3,
        1,
        1,
        2,
    ]


def test_tally_is_clean_only_with_every_fault_delivered() -> None:
    from collections import Counter

    wanted = Counter(child=2)
    assert Tally("x", wanted, Counter(child=2)).clean
    assert not Tally("x", wanted, Counter(child=1)).clean
    assert not Tally("x", wanted, Counter(child=2), lost=1).clean
    assert not Tally("x", wanted, Counter(child=2), doubled=1).clean
