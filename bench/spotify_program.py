"""One client in a process of its own, which reads answers and says what that cost.

    python -m bench.spotify_program WAY ANSWERS FOLDER

It opens its client, says what it reads in the first answers and how much memory it has, and for each line with a count
on its input reads so many answers of each kind, first by whole calls, then from bytes alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.spotify_readers import WAYS, Reader, tell


def find_answers(path: Path) -> dict[str, list[bytes]]:
    """The bodies of each kind that `keep_answers` wrote."""
    texts = json.loads(path.read_text(encoding="utf-8"))
    return {kind: [text.encode("utf-8") for text in bodies] for kind, bodies in texts.items()}


def read_round(
    reader: Reader, answers: dict[str, list[bytes]], count: int, begin: int
) -> dict[str, dict[str, float]]:
    """CPU ms per 1,000 answers of each kind. Ids count up from `begin`, so that no call is the same twice."""
    calls, bodies = {}, {}
    for kind, some in answers.items():

        def call(
            number: int, ask: Callable[[str], Any] = reader.asks[kind], some: list[bytes] = some
        ) -> None:
            reader.desk.body = some[number % len(some)]
            ask(f"{number:022d}")

        def read(
            number: int, read: Callable[[bytes], Any] = reader.reads[kind], some: list[bytes] = some
        ) -> None:
            read(some[number % len(some)])

        calls[kind] = _time(call, range(begin, begin + count))
        bodies[kind] = _time(read, range(begin, begin + count))
    return {"calls": calls, "bodies": bodies}


def check(reader: Reader, answers: dict[str, list[bytes]]) -> list[Any]:
    """What the first answers say, by whole calls and by bytes alone: they must agree."""
    told = []
    for kind, some in answers.items():
        reader.desk.body = some[0]
        told.append(tell(kind, reader.asks[kind](f"{0:022d}")))
        assert told[-1] == tell(kind, reader.reads[kind](some[0])), kind
    return told


def measure_memory() -> float:
    """The most MiB that this process ever held; that of its parent does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _time(work: Callable[[int], None], numbers: range) -> float:
    """CPU ms of all threads of this process for a thousand."""
    began = time.process_time()
    for number in numbers:
        work(number)
    return (time.process_time() - began) * 1e6 / len(numbers)


def main() -> None:
    """What the command line says."""
    key, path, folder = sys.argv[1:]
    answers = find_answers(Path(path))
    with WAYS[key].open(Path(folder)) as reader:
        opened = measure_memory()
        print(json.dumps({"told": check(reader, answers), "mib": opened}), flush=True)
        begin = 1
        for line in sys.stdin:
            found = read_round(reader, answers, int(line), begin)
            begin += int(line)
            print(json.dumps(found | {"mib": measure_memory()}), flush=True)


if __name__ == "__main__":
    main()
