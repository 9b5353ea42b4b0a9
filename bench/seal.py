"""What sealing costs: 1, 2 and 4 writers carry the same runs with the sealer beside them and without.

    python -m bench.seal prepare RUNS   fill the ledger, seal what an earlier round left
    python -m bench.seal write          carry runs from the word "go" until the queue is empty

Writers are processes with the re-driver's thread, as every process of Backline has it; they take runs
from one queue, one commit each. Rounds alternate, and a ratio is taken inside a round.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from backline.runtime.run import answer_bell
from backline.runtime.submit import Ask, prepare_run
from backline.storage.database import Database
from backline.storage.runs import insert_run
from backline.storage.seals import read_lag
from bench.figures import spread
from bench.stacks import Stack
from bench.work import EffectTable, make_job
from bench.workers import ROOT, RoundFailed

WRITERS = (1, 2, 4)
SEALED_RUNS = 6000  # a round of some ten seconds, so that the sealer works again and again
LEAST = 0.9  # of the throughput without sealing
SETTING = "BACKLINE_AUDIT_SEAL_SECONDS"


def measure_sealing(
    stack: Stack, runs: int, rounds: int, numbers: Sequence[int] = WRITERS
) -> list[dict[str, Any]]:
    """For each number of writers the runs a second of every round without and with sealing, and their ratio.

    `left` is how many audit rows waited for their seal at the end of the last sealed round.
    """
    found = []
    for writers in numbers:
        rates: dict[str, list[float]] = {"0": [], "1": []}
        left = 0
        for number in range(rounds):
            for seconds in ("0", "1") if number % 2 == 0 else ("1", "0"):
                _prepare(stack, runs)
                rates[seconds].append(_measure(stack, seconds, writers, runs))
                if seconds == "1":
                    left = _count_left(stack)
        ratios = [sealed / bare for bare, sealed in zip(rates["0"], rates["1"], strict=True)]
        found.append(
            {
                "writers": writers, "without": asdict(spread(rates["0"])), "with": asdict(spread(rates["1"])),
                "ratio": asdict(spread(ratios)), "left": left, "rounds": rates,
            }
        )  # fmt: skip
    return found


def _measure(stack: Stack, seconds: str, writers: int, runs: int) -> float:
    """Runs a second from the word "go" to the last commit of the last writer."""
    processes = [_start(stack, seconds, "write") for _ in range(writers)]
    try:
        for process in processes:
            if _read(process) != "ready":
                raise RoundFailed("a writer did not start")
        began = time.time()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ends = [json.loads(_read(process) or "{}") for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    done = sum(end.get("done", 0) for end in ends)
    if done != runs:
        raise RoundFailed(f"{done} of {runs} runs were carried")
    return runs / (max(end["last"] for end in ends) - began)


def _start(stack: Stack, seconds: str, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, **stack.environ, SETTING: seconds}
    command = [sys.executable, "-m", "bench.seal", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _prepare(stack: Stack, runs: int) -> None:
    process = _start(stack, "0", "prepare", str(runs))
    process.communicate()
    if process.returncode:
        raise RoundFailed(f"prepare ended with {process.returncode}")


def _count_left(stack: Stack) -> int:
    """How many audit rows have no seal."""
    database = Database(stack.settings.database_url)
    with database.read() as connection:
        left = read_lag(connection)[1]
    database.close()
    return left


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def prepare(house: Any, spec: Any, runs: int) -> None:
    """An empty ledger with so many runs queued, and nothing left to seal."""
    database: Database = house.database
    with database.write() as connection:
        connection.execute(text("DELETE FROM backline_run"))
        for number in range(runs):
            new = prepare_run(spec, spec.read_job(**make_job("seal", number)), Ask("bench"), 3600.0)
            insert_run(connection, database.now_sql, new)
    house.sealer.seal_all()
    EffectTable(Database(database.url.render_as_string(hide_password=False))).clear()


def write(house: Any, spec: Any) -> dict[str, float]:
    """Carry runs until none is left; how many, and when the last was committed."""
    _ = house.runtime
    house.redriver.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    done, last = 0, time.time()
    while answer_bell(house.runtime, spec.queue) is not None:
        done, last = done + 1, time.time()
    house.redriver.stop()
    return {"done": done, "last": last}


def main() -> None:
    """What the command line says."""
    from bench.contenders import ours

    house, spec = ours.APP.backline_desk.house(), ours.TASKS["short"]
    if sys.argv[1] == "prepare":
        prepare(house, spec, int(sys.argv[2]))
    else:
        print(json.dumps(write(house, spec)), flush=True)


if __name__ == "__main__":
    main()
