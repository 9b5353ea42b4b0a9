"""One process of a contender: prepare its tables, work, or ask for runs and say what that cost.

python -m bench.program KEY prepare
python -m bench.program KEY work CHILDREN
python -m bench.program KEY feed BATCH WARM COUNT RATE
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from bench.contenders import CONTENDERS
from bench.work import make_job


def feed(
    door: Callable[[Mapping[str, Any]], object], batch: str, warm: int, count: int, rate: float
) -> dict[str, float]:
    """Ask for `warm` runs, numbered below zero, then for `count` more, at `rate` a second (0: at once).

    Returns the wall and CPU seconds of the latter.
    """
    for number in range(-warm, 0):
        door(make_job(batch, number))
    pause = threading.Event()
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        if rate:
            pause.wait(max(0.0, began + number / rate - time.perf_counter()))
        door(make_job(batch, number))
    return {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}


def main() -> None:
    """What the command line says."""
    key, verb, *rest = sys.argv[1:]
    module = importlib.import_module(f"bench.contenders.{CONTENDERS[key].module}")
    if verb == "feed":
        batch, warm, count, rate = rest
        with module.open_door(key) as door:
            spent = feed(door, batch, int(warm), int(count), float(rate))
        print(json.dumps(spent))
    elif verb == "work":
        module.work(key, int(rest[0]))
    else:
        module.prepare(key)


if __name__ == "__main__":
    main()
