"""CPU time per 1,000 answers of the Web API: each client in a process of its own, in rounds that alternate."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import spread
from bench.spotify_answers import KINDS, keep_answers, take_answers
from bench.spotify_readers import WAYS
from bench.workers import ROOT, RoundFailed

READ = 250  # answers of each kind in a round


def measure_reading(count: int, rounds: int, ways: Sequence[str] = tuple(WAYS)) -> list[dict[str, Any]]:
    """For each client what 1,000 answers of each kind cost, whole calls and bytes alone, in CPU ms; and its memory.

    Raises `RoundFailed` where a client reads something else in an answer than the others do.
    """
    answers = take_answers()
    with tempfile.TemporaryDirectory(prefix="backline-bench-") as name, ExitStack() as ends:
        folder = Path(name)
        keep_answers(answers, folder / "answers.json")
        asked = [key for key in ways if WAYS[key].is_installed]
        children = {key: ends.enter_context(_start(key, folder)) for key in asked}
        begun = {key: _read(child) for key, child in children.items()}
        compare({key: one["told"] for key, one in begun.items()})
        found: dict[str, list[Any]] = {key: [] for key in asked}
        for number in range(rounds):
            for key in asked if number % 2 == 0 else asked[::-1]:
                found[key].append(_ask(children[key], count))
    sizes = {kind: sum(map(len, bodies)) // len(bodies) for kind, bodies in answers.items()}
    return [_summarize(key, begun[key], found[key], sizes) for key in asked]


def compare(told: Mapping[str, Any]) -> None:
    """Raises `RoundFailed` where a client reads something else than the first."""
    first, *others = told
    for key in others:
        if told[key] != told[first]:
            raise RoundFailed(f"{WAYS[key].title} does not read what {WAYS[first].title} reads")


def _summarize(
    key: str, begun: dict[str, Any], rounds: list[dict[str, Any]], sizes: dict[str, int]
) -> dict[str, Any]:
    def gather(part: str) -> dict[str, Any]:
        return {kind: asdict(spread([one[part][kind] for one in rounds])) for kind in KINDS}

    return {
        "way": key, "title": WAYS[key].title, "gives": WAYS[key].gives, "bytes": sizes, "calls": gather("calls"),
        "bodies": gather("bodies"), "opened_mib": begun["mib"], "peak_mib": rounds[-1]["mib"], "rounds": rounds,
    }  # fmt: skip


@contextmanager
def _start(key: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    (folder / key).mkdir()
    words = [key, str(folder / "answers.json"), str(folder / key)]
    command = [sys.executable, "-m", "bench.spotify_program", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _ask(process: subprocess.Popen[str], count: int) -> dict[str, Any]:
    assert process.stdin
    process.stdin.write(f"{count}\n")
    process.stdin.flush()
    return _read(process)


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RoundFailed(f"a client ended: {process.args!r}")
    found: dict[str, Any] = json.loads(line)
    return found
