"""Facts of imports: what is current after any sequence of imports, re-issues and undos."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backline.storage.claims import find_heirs, hand_over
from backline.storage.database import Database
from backline.storage.imports import count_claims, mark_undone
from tests.storage.spooled import Told, count_rows, list_current, make_spool, store, store_in, take_dirty

TABLES = ("fact", "claim", "claim_echo", "dirty_day", "import", "track", "artist", "credit_part")
Facts = Counter[tuple[Any, ...]]


class Model:
    """What the facts are by definition: each scope and day belongs to the newest import that has it."""

    def __init__(self) -> None:
        self.imports: list[dict[tuple[Any, ...], Facts] | None] = []

    def add(self, kind: str, told: list[Told]) -> None:
        claims: dict[tuple[Any, ...], Facts] = {}
        for fact in told:
            scope = {"artist": fact.artist, "chart": fact.country, "track": (fact.artist, fact.track)}[kind]
            row = (
                "r" + kind,
                kind,
                fact.artist,
                fact.track or "",
                fact.country,
                fact.day,
                "streams",
                fact.value,
            )
            claims.setdefault((kind, scope, fact.day), Counter())[row] += 1
        self.imports.append(claims)

    def current(self) -> Facts:
        found: dict[tuple[Any, ...], Facts] = {}
        for claims in self.imports:
            found |= claims or {}
        return sum(found.values(), Counter())


def artist_days(facts: Facts) -> set[tuple[str, int]]:
    """Whose days they are."""
    return {(row[2], row[5]) for row in facts}


def tell(*tracks: str | None) -> st.SearchStrategy[list[Told]]:
    """Some facts about these tracks; None is the artist as a whole."""
    cells = st.tuples(
        st.sampled_from(["ann", "bo"]),
        st.integers(-1, 1),
        st.integers(0, 2),
        st.sampled_from(tracks),
        st.sampled_from(["DE", "FR"]),
    )
    return st.lists(cells.map(lambda told: Told(*told)), min_size=1, max_size=4)


imports = st.one_of(
    st.tuples(st.just("artist"), tell(None, "one", "two")),
    st.tuples(st.just("chart"), tell("one", "two")),
    st.tuples(st.just("track"), tell("one", "two")),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.one_of(imports, st.integers(0, 7)), min_size=1, max_size=9))
def test_any_sequence_is_what_the_model_says(
    database: Database, steps: list[tuple[str, list[Told]] | int]
) -> None:
    model, numbers = Model(), []
    with tempfile.TemporaryDirectory() as folder, database.write() as connection:
        for table in TABLES:
            connection.execute(text(f"DELETE FROM backline_{table}"))
        for step in steps:
            before = model.current()
            if isinstance(step, tuple):
                kind, facts = step
                model.add(kind, facts)
                half = len(facts) // 2
                spool = make_spool(Path(folder), kind, facts[:half], facts[half:])
                numbers.append(store_in(connection, database, spool, f"r{kind}").no)
            elif step < len(numbers) and model.imports[step] is not None:
                model.imports[step] = None
                heirs = find_heirs(connection, numbers[step])
                assert mark_undone(connection, numbers[step], moment=1, by="tester")
                hand_over(connection, heirs, 1)
            after = model.current()
            assert list_current(connection) == sorted(after.elements())
            assert artist_days((before - after) + (after - before)) <= take_dirty(connection)


def test_equal_reissue_writes_and_marks_nothing(database: Database, tmp_path: Path) -> None:
    facts = [Told("Ann", 1, 5, "One", "DE"), Told("Ann", 2, 6, "One", "DE")]
    store(database, make_spool(tmp_path, "artist", facts))
    with database.write() as connection:
        take_dirty(connection)
    again = store(database, make_spool(tmp_path, "artist", facts[::-1]))
    with database.write() as connection:
        assert take_dirty(connection) == set()
        assert count_rows(connection, "backline_fact") == 2
        assert count_rows(connection, "backline_claim") == 2
        assert count_claims(connection, again.no) == (2, 2)  # by their echoes


def test_reissue_touches_only_the_day_that_changed(database: Database, tmp_path: Path) -> None:
    store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 5), Told("Ann", 2, 6), Told("Bo", 1, 7)]))
    with database.write() as connection:
        take_dirty(connection)
    second = store(database, make_spool(tmp_path, "artist", [Told("ann", 1, 5), Told("ANN", 2, 9)]))
    with database.write() as connection:
        assert take_dirty(connection) == {("ann", 2)}
        values = {(row[2], row[5]): row[7] for row in list_current(connection)}
        assert count_rows(connection, "backline_fact") == 4  # the old value stays in the history
        assert count_rows(connection, "backline_claim") == 4
        assert count_claims(connection, second.no) == (2, 2)  # one of its own, one by its echo
    assert values == {("ann", 1): 5, ("ann", 2): 9, ("bo", 1): 7}


def test_chart_marks_who_left_it_too(database: Database, tmp_path: Path) -> None:
    first = [Told("Ann, Bo", 1, 5, "One", "DE"), Told("Cy", 1, 4, "Two", "DE")]
    store(database, make_spool(tmp_path, "chart", first), "charts_daily")
    with database.write() as connection:
        take_dirty(connection)
    store(database, make_spool(tmp_path, "chart", [Told("Dee", 1, 9, "Three", "DE")]), "charts_daily")
    with database.write() as connection:
        assert take_dirty(connection) == {("ann, bo", 1), ("cy", 1), ("dee", 1)}
        parts = (
            connection.execute(text("SELECT part FROM backline_credit_part ORDER BY part")).scalars().all()
        )
        scopes = connection.execute(text("SELECT DISTINCT scope FROM backline_claim")).scalars().all()
    assert (parts, scopes) == (["ann", "bo"], ["de"])


def test_reports_stand_side_by_side(database: Database, tmp_path: Path) -> None:
    store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 5)]), "one")
    store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 6)]), "two")
    with database.read() as connection:
        assert [(row[0], row[7]) for row in list_current(connection)] == [("one", 5), ("two", 6)]


def test_rejected_rows_count_beside_their_claim(database: Database, tmp_path: Path) -> None:
    spool = make_spool(tmp_path, "artist", [Told("Ann", 1, 5, "One"), Told("Ann", 1, 6, "Two", line=9)])
    spool.reject("ANN", date(1970, 1, 2))
    spool.reject("Ann", date(1980, 1, 1))  # no good row of that day: no claim, the day is missing
    spool.reject("Nobody", date(1970, 1, 2))
    spool.reject(None, date(1970, 1, 2))
    store(database, spool)
    with database.read() as connection:
        rows = connection.execute(text("SELECT accepted, rejected FROM backline_claim")).all()
    assert [tuple(row) for row in rows] == [(2, 1)]


def test_rolled_back_write_can_be_repeated(database: Database, tmp_path: Path) -> None:
    spool = make_spool(tmp_path, "artist", [Told("Ann", 1, 5, "One")])

    def fail() -> None:
        with database.write() as connection:
            store_in(connection, database, spool)
            raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            fail()
    with database.read() as connection:
        assert count_rows(connection, "backline_artist") == 0
    store(database, spool)
    with database.read() as connection:
        assert [row[7] for row in list_current(connection)] == [5]
