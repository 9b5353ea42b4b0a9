"""The task as a plain function: a database with facts in, an answer and effects out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from backline.errors import BadInput, UnknownName
from backline.metrics.folder import ExportFolder
from backline.runtime.effects import AuditTrail, Effects
from backline.storage.database import Database
from backline.storage.rollups import count_dirty
from backline.tasks.streaming_metrics import AggregateMetrics, MetricsAnswer, aggregate_metrics, name_lock
from tests.storage.fact_writer import Fact, FactWriter, list_rollup
from tests.storage.rollup_model import model_rollup

LAST = 20_693  # 2026-08-28


@pytest.fixture
def filled(database: Database) -> Database:
    """Two weeks of an artist in two reports, and a shared credit in a chart."""
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova", confirmed=False)
        writer.add_artist(2, "Nova, Kay", parts=["Nova", "Kay"], confirmed=False)
        writer.add_track(7, 1, "=Song")
        writer.add_track(8, 2, "Duet")
        for day in range(LAST - 13, LAST + 1):
            import_no = writer.add_import()
            facts = [Fact(1, 100 + (day > LAST - 7)), Fact(1, 40, "listeners")]
            writer.put(day, facts, report="s4a_audience", import_no=import_no, known_at=1_000_000)
            facts = [Fact(1, 60, track_no=7, country="DE", source="radio")]
            writer.put(day, facts, report="table", import_no=import_no)
        chart = [Fact(2, 5, track_no=8, country="DE"), Fact(2, 9, "chart_rank", 8, "DE")]
        writer.put(LAST - 3, chart, report="charts_daily", kind="chart", scope="de", rows=(199, 1))
    return database


def run(database: Database, folder: Path, **job: Any) -> tuple[MetricsAnswer, Effects, AuditTrail]:
    effects, trail = Effects(), AuditTrail()
    words = AggregateMetrics.model_validate_json(json.dumps({"artist_id": "art_1", **job}))
    answer = aggregate_metrics(words, database, ExportFolder(folder, "run-1"), effects, trail)
    return answer, effects, trail


def test_answer_is_read_from_dirty_days_and_the_refresh_is_an_effect(
    filled: Database, tmp_path: Path
) -> None:
    answer, effects, _ = run(filled, tmp_path, period="7d")
    with filled.read() as connection:
        assert count_dirty(connection) == 15
    with filled.write() as connection:
        effects.apply(connection)
    with filled.read() as connection:
        assert count_dirty(connection) == 0
    assert list_rollup(filled) == model_rollup(filled)
    again, effects, _ = run(filled, tmp_path, period="7d")
    assert again.model_dump_json() == answer.model_dump_json()
    with filled.write() as connection:
        effects.apply(connection)


def test_reports_side_by_side(filled: Database, tmp_path: Path) -> None:
    answer, _, _ = run(filled, tmp_path, period="7d")
    tree = json.loads(answer.model_dump_json(warnings="error"))
    assert tree["artist"] == {
        "id": "art_1",
        "name": "Nova",
        "confirmed": False,
        "credits": ["Nova", "Nova, Kay"],
    }
    assert tree["period"]["days"] == 7
    assert "newest day" in tree["period"]["rule"]
    chart, audience, table = tree["reports"]
    assert [chart["report"], audience["report"], table["report"]] == ["charts_daily", "s4a_audience", "table"]
    streams = audience["totals"][1]
    assert (streams["value"], streams["before"]) == ("707", "700")
    assert streams["change"] == {"absolute": "7", "percent": "1.0", "reason": None}
    assert audience["totals"][0]["rule"] == "latest"
    assert [line["key"] for line in table["by_source"]] == ["radio"]
    assert table["by_track"][0]["key"] == "=Song"
    assert chart["by_day"][1]["coverage"] == 0.995
    assert chart["by_day"][1]["imports"] == ["imp_15"]
    assert audience["known_at"] == "1970-01-01T00:00:01Z"
    assert tree["exports"] == {"csv": None, "parquet": None}


def test_an_album_sale_is_part_of_every_total(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        writer.add_track(7, 1, "A")
        writer.add_track(8, 1, "B")
        songs = [Fact(1, 1000, track_no=7, country="DE"), Fact(1, 2000, track_no=8, country="FR")]
        writer.put(LAST, [*songs, Fact(1, 1, country="FR")], rows=(3, 1))
    answer, effects, _ = run(database, tmp_path, period="24h", export=True)
    (report,) = answer.reports
    assert [(total.value, total.coverage) for total in report.totals] == [("3001", 0.75)]
    assert [line.value for line in report.by_day] == ["3001"]
    tracks = [(line.key, line.value, line.coverage) for line in report.by_track]
    assert tracks == [("B", "2000", 0.75), ("A", "1000", 0.75), ("", "1", 0.75)]
    assert [(line.key, line.value) for line in report.by_country] == [("FR", "2001"), ("DE", "1000")]
    assert answer.exports.csv is not None
    rows = list(csv.DictReader(Path(answer.exports.csv).read_text(encoding="utf-8-sig").splitlines()))
    assert sorted(row["value"] for row in rows if row["dimension"] == "track") == ["1", "1000", "2000"]
    with database.write() as connection:
        effects.apply(connection)
    assert run(database, tmp_path, period="24h")[0].reports == answer.reports


def test_money_has_one_form_everywhere(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        for day, value in ((LAST - 1, 10), (LAST, 125)):
            writer.put(day, [Fact(1, value, "revenue", country="DE", currency="EUR", scale=1)])
    answer, _, _ = run(database, tmp_path, period="24h", export=True)
    (report,) = answer.reports
    (total,) = report.totals
    assert (total.value, total.before, total.change.absolute, total.week) == (
        "12.50",
        "1.00",
        "11.50",
        "13.50",
    )
    assert [line.value for line in (*report.by_day, *report.by_country)] == ["12.50"] * 2
    assert report.by_country[0].change is not None and report.by_country[0].change.absolute == "11.50"
    assert answer.exports.csv is not None
    rows = list(csv.DictReader(Path(answer.exports.csv).read_text(encoding="utf-8-sig").splitlines()))
    assert {row["value"] for row in rows} == {"1.00", "12.50"}


def test_reasons(filled: Database, tmp_path: Path) -> None:
    answer, _, _ = run(filled, tmp_path)
    rules = [reason.rule for reason in answer.reasons]
    assert rules.count("period_ends_at_newest_day") == 3
    assert "people_are_never_added" in rules
    assert "reports_side_by_side" in rules
    told = [reason for reason in answer.reasons if reason.rule == "change.no_data_before"]
    assert {reason.inputs["report"] for reason in told} == {"charts_daily"}


def test_exports_are_named_by_the_run_and_neutralised(filled: Database, tmp_path: Path) -> None:
    answer, _, trail = run(filled, tmp_path / "exports", export=True, period="7d")
    first = {path.name: path.read_bytes() for path in (tmp_path / "exports").iterdir()}
    assert set(first) == {"metrics-run-1.csv", "metrics-run-1.parquet"}
    run(filled, tmp_path / "exports", export=True, period="7d")
    assert {path.name: path.read_bytes() for path in (tmp_path / "exports").iterdir()} == first
    with Path(answer.exports.csv or "").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["key"] for row in rows if row["dimension"] == "track"} == {"'=Song", "Duet"}
    assert [entry[:2] for entry in trail.entries] == [("metrics.export", "artist:art_1")]


def test_artist_without_numbers(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        FactWriter(connection).add_artist(1, "Nova")
    answer, _, _ = run(database, tmp_path / "exports", export=True)
    assert answer.reports == []
    assert answer.exports.csv is None
    assert not (tmp_path / "exports").exists()


def test_unknown_artist(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        run(database, tmp_path, artist_id="art_404")


def test_job_is_checked() -> None:
    job = aggregate_metrics.read_job("art_1", "12w")
    assert isinstance(job, AggregateMetrics)
    assert (job.period, job.export) == ("12w", False)
    for words in ("soon", "0d", "36h"):
        with pytest.raises(BadInput, match="period"):
            aggregate_metrics.read_job("art_1", words)
    with pytest.raises(BadInput, match="artist_id"):
        aggregate_metrics.read_job("")


def test_one_run_per_artist_at_a_time() -> None:
    assert aggregate_metrics.concurrency is not None
    assert aggregate_metrics.concurrency(AggregateMetrics(artist_id="art_1")) == "metrics:art_1"
    assert name_lock(AggregateMetrics(artist_id="art_2")) != name_lock(AggregateMetrics(artist_id="art_1"))
    assert aggregate_metrics.concurrency_limit == 1
