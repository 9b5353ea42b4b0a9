"""The bench works: one small round of Backline and of plain Celery, each layer once, figures and tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from backline.storage.database import Database
from bench import tables
from bench.__main__ import main, make_plan, read_arguments, repeat_round
from bench.contenders import CONTENDERS
from bench.figures import EXACT, judge, percentile, spread, summarize
from bench.imports import measure_imports, measure_way, write_catalogue, write_table
from bench.layers import run_layers
from bench.machine import measure_fsync
from bench.rounds import Plan, Round, measure_round, prepare
from bench.seal import LEAST, measure_sealing
from bench.stacks import Stack, open_stack
from bench.work import EffectTable
from bench.workers import RoundFailed


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with open_stack("embedded") as opened:
        yield opened


def measure(stack: Stack, key: str, plan: Plan) -> Round:
    table = EffectTable(Database(stack.settings.database_url))
    return measure_round(CONTENDERS[key], stack, table, plan)


def make_round(contender: str, drain: float, cpu: float, effects: int = 10) -> Round:
    return Round(contender, 100.0, 0.5, drain, cpu, [1.0, 2.0, 9.0], effects, 10, 0)


def test_round_of_ours_leaves_each_effect_once(stack: Stack) -> None:
    prepare(CONTENDERS["short"], stack)
    found = measure(stack, "short", Plan(warm=2, runs=8, paced=3, rate=50.0))
    assert found.is_exact
    assert found.effects == 18
    assert len(found.latencies) == 3
    assert min(found.enqueue_rate, found.drain_rate, *found.latencies) > 0


def test_round_of_plain_celery_leaves_each_effect_once(stack: Stack) -> None:
    found = measure(stack, "plain", Plan(warm=2, runs=8, paced=0, rate=0.0))
    assert found.is_exact
    assert found.effects == 10
    assert found.latencies == []


def test_every_layer_has_a_price(stack: Stack) -> None:
    layers = run_layers(stack, 3)
    assert len(layers) == 15
    assert all(layer.wall > 0 for layer in layers)
    tables.show_layers(Console(quiet=True), "embedded", layers)


def test_ratio_is_taken_round_by_round() -> None:
    rounds = [
        [make_round("plain", 100, 1.0), make_round("short", 90, 1.5)],
        [make_round("plain", 50, 2.0), make_round("short", 60, 2.1)],
        [make_round("plain", 200, 1.0), make_round("short", 160, 1.2)],
    ]
    plain, short = summarize(rounds)
    assert plain.ratio == spread([1.0, 1.0, 1.0])
    assert short.ratio is not None
    assert (short.ratio.low, short.ratio.median, short.ratio.high) == (0.8, 0.9, 1.2)
    assert short.cpu_more is not None
    assert short.cpu_more.median == pytest.approx(0.2)
    assert short.latency_p99 == 9.0
    assert judge([plain, short])["moonshot: 0.9 of plain Celery or more"]
    tables.show_rounds(Console(quiet=True), "embedded", [plain, short])


def test_lost_effect_and_slow_drain_are_told() -> None:
    verdicts = judge(summarize([[make_round("plain", 100, 1.0), make_round("short", 70, 2.5, effects=9)]]))
    assert not any(verdicts.values())
    assert len(verdicts) == 4


def test_failed_round_is_noted_and_measured_again() -> None:
    good, calls, failures = make_round("short", 90, 1.5), [], []

    def measure_late() -> Round:
        calls.append(1)
        if len(calls) == 1:
            raise RoundFailed("a worker ended by itself")
        return good

    assert repeat_round(measure_late, CONTENDERS["short"], failures) is good
    assert failures == [("short", "a worker ended by itself")]
    tables.show_failures(Console(quiet=True), failures)
    assert not judge(summarize([[good]]), {"short"})[EXACT]


def test_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([5.0], 0.99) == 5.0


def test_fsync_is_measured(tmp_path: Path) -> None:
    found = measure_fsync(tmp_path, 5)
    assert 0 < found["min"] <= found["median"] <= found["p99"]


def test_table_has_so_many_distinct_rows(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", 20_005)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "date,artist,track,country,streams"
    assert lines[1].startswith("2024-01-01,Artist 0,Track 0,AR,")
    assert lines[-1].startswith("2024-01-03,Artist 0,Track 0,")
    assert len({tuple(line.split(",")[:4]) for line in lines[1:]}) == 20_005


def test_every_row_of_a_catalogue_names_another_track(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "table.csv", 10_002)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "date;artist;track;country;source;streams"
    assert lines[-1] == "2024-01-02;Artist 11;Track 10001;DE;search;1002"
    assert len({tuple(line.split(";")[1:3]) for line in lines[1:]}) == 10_002


def test_every_way_stores_every_row(stack: Stack) -> None:
    ways = measure_imports(stack, 500)
    assert [(way["stored"], way["failed"]) for way in ways] == [(500, None)] * 4
    tables.show_imports(Console(quiet=True), 500, ways)


def test_a_way_that_fails_says_why() -> None:
    good = measure_way("good", [sys.executable, "-c", "print(7)"], {})
    bad = measure_way("bad", [sys.executable, "-c", "raise SystemExit('no such thing')"], {})
    assert (good["stored"], good["failed"]) == (7, None)
    assert (bad["stored"], bad["failed"]) == (None, "no such thing")
    assert good["peak_mib"] > 1


def test_sealing_has_a_price(stack: Stack) -> None:
    (found,) = measure_sealing(stack, 10, 1, (2,))
    assert found["writers"] == 2
    assert all(rate > 0 for rates in found["rounds"].values() for rate in rates)
    tables.show_sealing(Console(quiet=True), "embedded", [found], LEAST)


def test_results_are_kept(tmp_path: Path) -> None:
    assert main(["--stack", "embedded", "--only", "dbos", "--quick"], tmp_path) == 0
    (kept,) = tmp_path.iterdir()
    (found,) = json.loads(kept.read_text())
    assert found["stack"] == "embedded"
    assert found["machine"]["cores"] >= 1


def test_arguments() -> None:
    arguments = read_arguments(["--only", "plain,short", "--runs", "7"])
    assert make_plan(arguments, "embedded").runs == 7
    assert (arguments.parts, arguments.rounds, arguments.rows) == ({"plain", "short"}, 5, 1_000_000)
    with pytest.raises(SystemExit):
        read_arguments(["--only", "plan"])
