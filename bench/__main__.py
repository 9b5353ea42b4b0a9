"""The bench: `python -m bench [--stack …] [--runs N] [--rounds N] [--only …] [--quick]`.

One run measures every contender on a stack side by side, in rounds that alternate, prints tables and keeps
JSON under bench/results/. Exit code 0: measured (whether the targets are met is printed); 1: a run of
Backline was lost or doubled.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from backline.storage.database import Database
from bench import tables
from bench.contenders import CONTENDERS, EMBEDDED, EVERYWHERE, Contender
from bench.figures import EXACT, judge, summarize
from bench.imports import measure_imports
from bench.layers import run_layers
from bench.machine import describe_machine
from bench.rounds import Plan, Round, measure_round, prepare
from bench.seal import LEAST, SEALED_RUNS, measure_sealing
from bench.spotify_readers import WAYS
from bench.spotify_rounds import READ, measure_reading
from bench.stacks import Stack, open_stack
from bench.sync_counts import ARTISTS, measure_syncs
from bench.work import EffectTable
from bench.workers import RoundFailed
from tests.services.programs import Missing

RESULTS = Path(__file__).parent / "results"
ONCE = frozenset({"import", "spotify", "requests"})  # with the embedded stack only
PARTS = (*CONTENDERS, "layers", "import", "seal", "spotify", "requests")
PLANS = {False: Plan(100, 300, 100, 20.0), True: Plan(100, 2000, 300, 50.0)}  # embedded, and with services
QUICK_PLANS = {False: Plan(20, 60, 20, 20.0), True: Plan(70, 200, 50, 50.0)}


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--stack", action="append", choices=EVERYWHERE, help="default: all; may be repeated")
    parser.add_argument("--runs", type=int, help="runs a round (default 2000, embedded 300)")
    parser.add_argument("--rounds", type=int, help="rounds that alternate (default 5)")
    parser.add_argument("--only", help="with commas: " + ", ".join(PARTS))
    parser.add_argument(
        "--quick", action="store_true", help="small counts and one round: does it work at all"
    )
    parser.add_argument(
        "--children", type=int, default=2, help="of Celery's and Backline's workers (default 2)"
    )
    parser.add_argument("--rows", type=int, help="rows of the imported table (default 1,000,000)")
    arguments = parser.parse_args(words)
    arguments.parts = set(arguments.only.split(",")) if arguments.only else set(PARTS)
    if unknown := arguments.parts - set(PARTS):
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 5)
    arguments.rows = arguments.rows or (20_000 if arguments.quick else 1_000_000)
    return arguments


def make_plan(arguments: argparse.Namespace, stack: str) -> Plan:
    """The counts of a round on this stack."""
    plan = (QUICK_PLANS if arguments.quick else PLANS)[stack != EMBEDDED]
    return Plan(plan.warm, arguments.runs or plan.runs, plan.paced, plan.rate, arguments.children)


def choose_contenders(console: Console, stack: str, parts: set[str]) -> list[Contender]:
    """Those that run on this stack and are asked for; a line for each that is not installed."""
    wanted = [one for one in CONTENDERS.values() if one.key in parts and stack in one.stacks]
    for one in wanted:
        if not one.is_installed:
            console.print(
                f"{one.title} is left out: {one.needs} is not installed (`make bench` brings it in)"
            )
    return [one for one in wanted if one.is_installed]


def run_rounds(
    console: Console, stack: Stack, contenders: list[Contender], plan: Plan, count: int
) -> tuple[list[list[Round]], list[tuple[str, str]]]:
    """Rounds of every contender in turn, every second one backwards; and who failed in which way meanwhile."""
    table = EffectTable(Database(stack.settings.database_url))
    failures: list[tuple[str, str]] = []
    for one in contenders:
        prepare(one, stack)
    rounds = []
    for number in range(count):
        group = {}
        for one in contenders if number % 2 == 0 else contenders[::-1]:
            console.print(f"[dim]{stack.name}, round {number + 1} of {count}: {one.title}[/]")
            group[one.key] = repeat_round(
                lambda one=one: measure_round(one, stack, table, plan), one, failures
            )
        rounds.append([group[one.key] for one in contenders])
    return rounds, failures


def repeat_round(
    measure: Callable[[], Round], contender: Contender, failures: list[tuple[str, str]]
) -> Round:
    """A round that fails is noted and measured again, at most three times in all. Raises `RoundFailed`."""
    for last in (False, False, True):
        try:
            return measure()
        except RoundFailed as failed:
            failures.append((contender.key, str(failed)))
            if last:
                raise
    raise AssertionError


def measure_stack(console: Console, arguments: argparse.Namespace, name: str) -> dict[str, Any]:
    """Everything that is asked for on one stack, shown and as a tree for the results file."""
    found: dict[str, Any] = {"stack": name}
    contenders = choose_contenders(console, name, arguments.parts)
    with open_stack(name) as stack:
        found["machine"] = describe_machine(stack.state)
        tables.show_machine(console, found["machine"])
        if contenders:
            plan = make_plan(arguments, name)
            rounds, failures = run_rounds(console, stack, contenders, plan, arguments.rounds)
            summaries = summarize(rounds)
            verdicts = judge(summaries, {key for key, _ in failures})
            tables.show_rounds(console, name, summaries)
            tables.show_failures(console, failures)
            tables.show_verdicts(console, verdicts)
            found |= {
                "plan": asdict(plan),
                "verdicts": verdicts,
                "summaries": [asdict(one) for one in summaries],
            }
            found["failures"] = failures
            found["rounds"] = [[one.as_json() for one in group] for group in rounds]
        if "layers" in arguments.parts:
            layers = run_layers(stack, 50 if arguments.quick else 500)
            tables.show_layers(console, name, layers)
            found["layers"] = [asdict(layer) for layer in layers]
        if "seal" in arguments.parts:
            runs = arguments.runs or (200 if arguments.quick else SEALED_RUNS)
            found["seal"] = measure_sealing(stack, runs, arguments.rounds)
            tables.show_sealing(console, name, found["seal"], LEAST)
        if "import" in arguments.parts and name == EMBEDDED:
            found["import"] = measure_imports(stack, arguments.rows)
            tables.show_imports(console, arguments.rows, found["import"])
    return found | (measure_spotify(console, arguments) if name == EMBEDDED else {})


def measure_spotify(console: Console, arguments: argparse.Namespace) -> dict[str, Any]:
    """What reading answers of the Web API costs, and how many of them a sync asks for; without a network."""
    found: dict[str, Any] = {}
    if "spotify" in arguments.parts:
        for way in WAYS.values():
            if not way.is_installed:
                console.print(
                    f"{way.title} is left out: {way.needs} is not installed (`make bench` brings it in)"
                )
        count = arguments.runs or (20 if arguments.quick else READ)
        found["spotify"] = measure_reading(count, arguments.rounds)
        tables.show_reading(console, found["spotify"])
    if "requests" in arguments.parts:
        found["requests"] = measure_syncs((1, 10) if arguments.quick else ARTISTS)
        tables.show_syncs(console, found["requests"])
    return found


def keep(found: list[dict[str, Any]], folder: Path) -> Path:
    """Write the results file; its name is the moment in UTC."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return path


def main(words: list[str] | None = None, results: Path = RESULTS) -> int:
    """Measure, show, keep. Returns the exit code."""
    arguments = read_arguments(words)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    found = []
    for name in arguments.stack or EVERYWHERE:
        if name != EMBEDDED and arguments.parts <= ONCE:
            continue
        try:
            found.append(measure_stack(console, arguments, name))
        except Missing as missing:
            console.print(f"{name} is left out: {missing} is not installed (`make services` brings it in)")
    console.print(f"kept as {keep(found, results)}")
    exact = all(one["verdicts"][EXACT] for one in found if "verdicts" in one)
    return 0 if exact else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # workers, services and folders go too
    sys.exit(main())
