"""Growth per day out of running totals."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reports.conftest import Read

MAPPING = (
    "cumulative = ['streams']\n[columns]\ndate = 'd'\ntrack = 't'\nstreams = 's'\n[constants]\nartist = 'A'\n"
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("TUV"), st.integers(1, 9)), st.integers(0, 10**12), min_size=1, max_size=20
    ).flatmap(lambda told: st.permutations(sorted(told.items())))
)
def test_growth_is_told_exactly_where_the_day_before_is(
    read: Read, rows: list[tuple[tuple[str, int], int]]
) -> None:
    text = "t,d,s\n" + "".join(f"{track},2026-08-0{day},{total}\n" for (track, day), total in rows)
    found = read(text, mapping=MAPPING)
    totals = defaultdict(dict)
    for (track, day), total in rows:
        totals[track][day] = total
    expected = {
        (track, day): total - days[day - 1]
        for track, days in totals.items()
        for day, total in days.items()
        if day - 1 in days
    }
    assert {(fact["track"], fact["day"].day): fact["value"] for fact in found.facts} == expected
    unpreceded = len(rows) - len(expected)
    assert found.counts == (len(rows), len(expected), 0, unpreceded)
    assert (found.reading.remedy or "").startswith(f"{unpreceded} readings of running totals")


def test_a_day_told_twice_is_not_added_up(read: Read) -> None:
    rows = "T,2026-08-01,5\nT,2026-08-02,9\nT,2026-08-02,9\nT,2026-08-02,8\n"
    found = read("t,d,s\n" + rows, mapping=MAPPING)
    assert found.values() == [4]
    assert found.rejected == [(5, "duplicate")]


def test_readings_without_a_day_before_are_told_with_the_way_out(read: Read) -> None:
    rows = "T,2026-08-01,5\nT,2026-08-02,9\nT,2026-08-04,12\nT,2026-08-05,\nU,2026-08-02,x\n"
    found = read("t,d,s\n" + rows, mapping=MAPPING)
    assert found.counts == (5, 1, 1, 3)
    remedy = found.reading.remedy or ""
    assert remedy.startswith("2 readings") and "Put the day before into the same file" in remedy
    assert read("t,d,s\n" + rows, mapping=MAPPING.replace("['streams']", "[]")).reading.remedy is None
