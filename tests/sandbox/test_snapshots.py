"""After a write, readers see the items soon, then a snapshot that nobody answered, then the one that the write did."""

from __future__ import annotations

from backline.sandbox.snapshots import Lag, make_snapshot, see_rows, see_snapshot, write_version
from backline.sandbox.world import Playlist, Row, Version

OLD, NEW, NEWER = (Row("old", 0, None),), (Row("new", 0, None),), (Row("newer", 0, None),)
LAG = Lag()


def make_list() -> Playlist:
    return Playlist("p", "ada", "P", "", True, False, [Version(0.0, make_snapshot("p", 1), OLD)])


def test_items_are_right_after_a_moment() -> None:
    one = make_list()
    write_version(one, NEW, 100.0, LAG)
    assert see_rows(one, 100.5, LAG) == OLD
    assert see_rows(one, 100.6, LAG) == NEW
    assert one.rows == NEW


def test_the_snapshot_is_old_then_strange_then_new() -> None:
    one = make_list()
    before = see_snapshot(one, 99.0, LAG)
    answered = write_version(one, NEW, 100.0, LAG)
    seen = [see_snapshot(one, 100.0 + after, LAG) for after in (0, 11.9, 12, 30, 30.3, 500)]
    assert seen[:2] == [before, before]
    assert seen[2] == seen[3]
    assert seen[2] not in {before, answered}
    assert seen[4:] == [answered, answered]


def test_writes_that_follow_each_other_are_each_seen_late() -> None:
    one = make_list()
    first = write_version(one, NEW, 100.0, LAG)
    second = write_version(one, NEWER, 125.0, LAG)
    assert see_snapshot(one, 131.0, LAG) == first
    assert see_snapshot(one, 155.3, LAG) == second
    assert see_rows(one, 125.1, LAG) == NEW


def test_a_late_snapshot_does_not_bring_back_the_items_of_before() -> None:
    one = make_list()
    write_version(one, NEW, 100.0, LAG, late=60.0)
    write_version(one, NEWER, 110.0, LAG)
    last = write_version(one, OLD, 145.0, LAG)  # the second is seen by all, the first is not
    assert [see_rows(one, at, LAG) for at in (145.1, 146.0)] == [NEWER, OLD]
    assert see_snapshot(one, 500.0, LAG) == last


def test_versions_that_nobody_can_see_are_forgotten() -> None:
    one = make_list()
    for number in range(100):
        write_version(one, NEW, 100.0 + number, LAG)
    assert len(one.versions) < 35


def test_what_is_settled_is_seen_at_once() -> None:
    one = make_list()
    snapshot = write_version(one, NEW, 100.0, LAG, settled=True)
    assert see_rows(one, 100.0, LAG) == NEW
    assert see_snapshot(one, 100.0, LAG) == snapshot
