"""The short form of the courses through Spotify's sandbox; and that each thing that is looked at is seen where it is wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backline.spotify.needs import StoredAnswer
from tests.conftest import find_service
from tests.journeys.faults_spotify import Ground, run_schedule
from tests.journeys.spotify_course import Course
from tests.journeys.spotify_process import Life, Present, StagedHouse
from tests.journeys.spotify_trouble import Trouble
from tests.journeys.spotify_worlds import Draw, dump, tell_difference


class Quiet(Trouble):
    """Nothing goes wrong but what a test adds. `daily`: our own budgets."""

    def __init__(self, daily: int = 1000, wire: dict[int, str] | None = None, faults: Any = ()) -> None:
        super().__init__(0, "dev-2026", 1)
        self.daily = dict.fromkeys(self.daily, daily)
        self.hidden, self.window, self.latency = {}, None, 0.5
        self._wire, self._faults = wire or {}, list(faults)

    def draw_faults(self) -> list[dict[str, Any]]:
        return [dict(one) for one in self._faults]

    def draw_wire(self) -> dict[int, str]:
        return dict(self._wire)

    def draw_commit(self) -> tuple[int | None, bool]:
        return None, False


@pytest.fixture
def ground(tmp_path: Path, sqlite_template: Path) -> Ground:
    return Ground(sqlite_template, tmp_path)


@pytest.mark.parametrize("number", [1, 2, 13, 15, 16, 178])
def test_whatever_goes_wrong_the_catalogue_is_the_same(ground: Ground, number: int) -> None:
    assert run_schedule(number, ground).faults == []


@pytest.mark.services
@pytest.mark.parametrize("number", [7, 37])
def test_the_same_on_postgresql(ground: Ground, number: int) -> None:
    tally = run_schedule(number, replace(ground, server=find_service("postgresql")))
    assert tally.faults == [] and tally.counts["requests"]


DRAW = Draw(3, "dev-2026", (4, 3), False)
Spoil = Callable[[StagedHouse], object]


class Spoiled(Course):
    """A course of houses with something broken in each."""

    spoil: Spoil

    def _open_house(self) -> StagedHouse:
        house = super()._open_house()
        self.spoil(house)
        return house


@contextmanager
def run_course(ground: Ground, trouble: Trouble | None, spoil: Spoil = lambda _: None) -> Iterator[Course]:
    """A first look at everything; `spoil` breaks each of its houses."""
    folder = ground.folder / f"c{random.getrandbits(40)}"
    folder.mkdir()
    path = folder / "b.db"
    path.write_bytes(ground.template.read_bytes())
    kind = type("Broken", (Spoiled,), {"spoil": staticmethod(spoil)})
    course: Course = kind(DRAW, f"sqlite:///{path}", folder, trouble)
    try:
        course._look([one.id for one in DRAW.list_artists(course.stage)], [False, False])
        yield course
    finally:
        course.close()


class Boundless:
    """A budget that never blocks."""

    @contextmanager
    def take(self, family: str, *, interactive: bool) -> Iterator[None]:
        yield

    def tell_block(self, *_: object) -> None: ...
    def tell_spent(self, *_: object) -> None: ...


class Forgetful:
    """Answers that nobody keeps."""

    def read(self, key: str) -> StoredAnswer | None:
        return None

    def write(self, key: str, answer: StoredAnswer) -> None: ...

    @contextmanager
    def asking(self, key: str) -> Iterator[bool]:
        yield False


def test_what_is_whole_has_nothing_to_be_told(ground: Ground) -> None:
    kills = {5: "kill_after", 9: "kill_before"}
    with run_course(ground, Quiet(30, kills, [{"kind": "429", "retry_after": 7000, "skip": 8}])) as course:
        assert course.list_faults() == [] and course.lives == 3
        assert course.wire.met.total() == 2


def test_a_request_over_the_budget_is_seen(ground: Ground) -> None:
    def spoil(house: StagedHouse) -> None:
        house.spotify = replace(house.spotify, find_budget=lambda _: Boundless())

    with run_course(ground, Quiet(10), spoil) as course:
        assert any("of 8 requests for" in one for one in course.list_faults())


def test_a_request_inside_a_pause_is_seen(ground: Ground) -> None:
    def spoil(house: StagedHouse) -> None:
        house.spotify = replace(house.spotify, find_budget=lambda _: Boundless())

    with run_course(ground, Quiet(faults=[{"kind": "429", "retry_after": 7000, "skip": 4}]), spoil) as course:
        assert any("inside a pause" in one for one in course.list_faults())


def test_a_request_that_is_repeated_is_seen(ground: Ground) -> None:
    def spoil(house: StagedHouse) -> None:
        house.spotify = replace(house.spotify, answers=Forgetful())

    with run_course(ground, Quiet(wire={6: "kill_before"}), spoil) as course:
        assert any("was asked for 2 times" in one for one in course.list_faults())


def test_a_run_that_is_lost_or_counts_twice_is_seen(ground: Ground) -> None:
    with run_course(ground, None) as course:
        assert course.list_faults() == []
        with course.observer.write() as connection:
            connection.exec_driver_sql(
                "UPDATE backline_run SET state = 'dead' WHERE id = (SELECT min(id) FROM backline_run)"
            )
            connection.exec_driver_sql(
                "INSERT INTO backline_audit (at, actor, action, object, run_id, fence, body) "
                "SELECT at, actor, action, object, run_id, fence, body FROM backline_audit WHERE action = 'artist.synced' LIMIT 1"
            )
        words = course.list_faults()
        assert any("is dead" in one for one in words)
        assert any("artist.synced" in one and "2 times" in one for one in words)


OTHERS = (
    "UPDATE backline_entry SET title = 'x' WHERE no = (SELECT max(no) FROM backline_entry)",
    "DELETE FROM backline_appearance WHERE recording_no = (SELECT max(recording_no) FROM backline_appearance)",
    "UPDATE backline_entry SET detail_at = NULL WHERE kind = 'release'",
    """UPDATE backline_entry SET thing_no = (SELECT min(thing_no) FROM backline_entry WHERE kind = 'recording')
    WHERE no = (SELECT max(no) FROM backline_entry WHERE kind = 'recording')""",
    """INSERT INTO backline_catalogue_change (kind, thing_no, artist_no, provenance, source_id, field, old, new, seen_at,
    run_id) SELECT kind, thing_no, artist_no, provenance, source_id, 'title', 'a', 'b', 1, '' FROM backline_entry
    WHERE kind = 'release' LIMIT 1""",
)


@pytest.mark.parametrize("change", OTHERS, ids=["title", "place", "unread", "joined", "history"])
def test_another_catalogue_is_seen(ground: Ground, change: str) -> None:
    with run_course(ground, None) as one, run_course(ground, Quiet(30)) as other:
        wanted = dump(other.observer)
        assert tell_difference(dump(one.observer), wanted) == ""
        with one.observer.write() as connection:
            connection.exec_driver_sql(change)
        assert tell_difference(dump(one.observer), wanted) != ""


def test_history_that_is_there_twice_is_seen() -> None:
    once = {"t": Counter(["row"])}
    assert tell_difference(once, once) == ""
    assert "+row" in tell_difference({"t": Counter(["row", "row"])}, once)
    assert "-row" in tell_difference({"t": Counter()}, once)


def test_the_present_is_the_same_in_sandbox_and_database(ground: Ground) -> None:
    with run_course(ground, None) as course, course.observer.read() as connection:
        present: Present = course.present
        for _ in range(3):
            present.advance(86_400)
            assert abs(course.observer.now(connection) - present.micros) < 100
            assert course.stage.clock.now() == present.seconds


def test_a_life_ends_before_or_after_a_commit() -> None:
    for late in (False, True):
        life, seen = Life(1, late), []
        try:
            life.before_commit()
            seen.append("committed")
            life.after_commit()
        except BaseException as error:
            seen.append(type(error).__name__)
        assert seen == (["committed"] if late else []) + ["Killed"] and life.is_over
