"""Numbers are read right whether their days are dirty or not."""

from __future__ import annotations

from typing import Any

from backline.storage.database import Database
from backline.storage.numbers import StoredNumbers
from backline.storage.rollups import refresh_rollups
from tests.storage.fact_writer import Fact, FactWriter


def fill(database: Database) -> None:
    """Two days of two credits, of which the second is put in anew and dirty, and a window of songs."""
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        writer.add_artist(2, "Nova, Kay", parts=["Nova", "Kay"])
        writer.add_track(7, 1, "Song")
        writer.add_track(8, 2, "Song")
        writer.put(1, [Fact(1, 10, track_no=7, country="DE"), Fact(2, 4, track_no=8, country="DE")])
        writer.put(2, [Fact(1, 1, track_no=7, country="FR")])
        writer.put(2, [Fact(1, 30, track_no=7)], report="songs", span=28, known_at=50)
        refresh_rollups(connection)
        writer.put(2, [Fact(1, 20, track_no=7, country="FR"), Fact(3, 9, country="FR")], known_at=60)


def read(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that can be asked."""
    numbers = StoredNumbers(connection, [1, 2])
    found: dict[str, list[tuple[Any, ...]]] = {}
    for by in ("day", "track", "country", "source"):
        found[f"cells {by}"] = [tuple(row) for row in numbers.read_cells(by)]
        found[f"sums {by}"] = sorted(tuple(row) for row in numbers.read_sums(by))
        found[f"days {by}"] = sorted(tuple(row) for row in numbers.list_days(by))
    found["reports"] = [tuple(row) for row in numbers.list_reports()]
    return found


def test_dirty_days_are_computed(database: Database) -> None:
    fill(database)
    with database.read(snapshot=True) as connection:
        dirty = read(connection)
    assert [row[:3] + row[7:8] for row in dirty["cells day"]] == [
        (1, "table", "", 10), (1, "table", "", 4), (2, "table", "", 20),
    ]  # fmt: skip
    assert [(row[0], row[1], row[6]) for row in dirty["sums track"]] == [
        ("songs", "Song", 30), ("table", "Song", 34),
    ]  # fmt: skip
    assert [(row[1], row[6]) for row in dirty["sums country"]] == [("DE", 14), ("FR", 20)]
    assert dirty["cells source"] == []
    assert dirty["reports"] == [("songs", 28, 2, 2, 1, 50, 0), ("table", 1, 1, 2, 2, 60, 1)]
    with database.write() as connection:
        refresh_rollups(connection)
    with database.read(snapshot=True) as connection:
        assert read(connection) == dirty


def test_an_album_sale_counts_by_day_and_has_no_title(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        writer.add_track(7, 1, "Song")
        writer.put(1, [Fact(1, 1000, track_no=7, country="DE"), Fact(1, 1, country="DE")])
    with database.read(snapshot=True) as connection:
        dirty = read(connection)
    assert [row[7] for row in dirty["cells day"]] == [1001]
    assert [(row[2], row[7]) for row in dirty["cells track"]] == [("", 1), ("Song", 1000)]
    assert [(row[1], row[6]) for row in dirty["sums track"]] == [("", 1), ("Song", 1000)]
    assert [(row[2], row[7]) for row in dirty["cells country"]] == [("DE", 1001)]
    with database.write() as connection:
        refresh_rollups(connection)
    with database.read(snapshot=True) as connection:
        assert read(connection) == dirty


def test_range_and_report(database: Database) -> None:
    fill(database)
    with database.read(snapshot=True) as connection:
        numbers = StoredNumbers(connection, [1])
        assert [row.value for row in numbers.read_cells("day", 2, 2)] == [20]
        assert [row.value for row in numbers.read_cells("day", 1, 1, "table")] == [10]
        assert numbers.read_cells("day", 3, 9) == []
        assert [row.value for row in numbers.read_sums("track", report="songs")] == [30]
        assert StoredNumbers(connection, []).read_cells("day") == []


def test_sources_are_the_imports_of_current_claims(database: Database) -> None:
    fill(database)
    with database.read(snapshot=True) as connection:
        numbers = StoredNumbers(connection, [1, 2])
        assert [(row.report, row.day, row.import_id) for row in numbers.list_sources()] == [
            ("songs", 2, "imp_3"), ("table", 1, "imp_1"), ("table", 2, "imp_4"),
        ]  # fmt: skip
        assert numbers.list_sources(5, 6) == []
        assert numbers.count_tracks() == 2


def test_people_without_a_number_by_day_still_have_their_report(database: Database) -> None:
    with database.write() as connection:
        facts = [Fact(1, 5, "listeners", country="DE"), Fact(1, 6, "listeners", country="FR")]
        FactWriter(connection).put(1, facts)
        dirty = [tuple(row) for row in StoredNumbers(connection, [1]).list_reports()]
        refresh_rollups(connection)
        numbers = StoredNumbers(connection, [1])
        assert [tuple(row) for row in numbers.list_reports()] == dirty == [("table", 1, 1, 1, 1, 0, 1)]
        assert [(row.key, row.value) for row in numbers.read_cells("country")] == [("DE", 5), ("FR", 6)]
