"""The processes of one contender: started, weighed and stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from bench.contenders import Contender

ROOT = Path(__file__).parents[1]


class RoundFailed(Exception):
    """A worker ended by itself, or runs were lost: the round gives no figures."""


def run_program(contender: Contender, environ: Mapping[str, str], words: Sequence[str], log: Path) -> str:
    """Run one process of a contender to its end; what it printed. Raises `RuntimeError` with its log."""
    with log.open("ab") as stderr:
        done = subprocess.run(
            _command(contender, words), cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE,
            stderr=stderr, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{contender.title}: {words[0]} ended with {done.returncode}:\n{read_tail(log)}")
    return done.stdout


def feed(
    contender: Contender,
    environ: Mapping[str, str],
    log: Path,
    batch: str,
    warm: int,
    count: int,
    rate: float = 0,
) -> dict[str, float]:
    """Ask for runs from a process of its own; its wall and CPU seconds."""
    words = ["feed", batch, str(warm), str(count), str(rate)]
    spent: dict[str, float] = json.loads(run_program(contender, environ, words, log).splitlines()[-1])
    return spent


class Workers:
    """A contender's workers while they live; a context that starts and ends them."""

    def __init__(
        self, contender: Contender, environ: Mapping[str, str], log: Path, children: int = 2
    ) -> None:
        self._contender = contender
        self._environ = {**os.environ, **environ}
        self._log = log
        self._children = children
        self._processes: list[psutil.Popen] = []

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            for _ in range(self._contender.processes):
                command = _command(self._contender, ["work", str(self._children)])
                self._processes.append(
                    psutil.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)
                )
        return self

    def __exit__(self, *_: object) -> None:
        tree = self._list_tree()
        for process in self._processes:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        psutil.wait_procs(tree, timeout=3)
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def read_cpu(self) -> float:
        """User and system seconds of every living process of the tree so far."""
        total = 0.0
        for process in self._list_tree():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def check(self) -> None:
        """Raises `RoundFailed` with the end of the log where one of them has ended."""
        if any(process.poll() is not None for process in self._processes):
            raise RoundFailed(f"a worker ended by itself: {read_tail(self._log)}")

    def _list_tree(self) -> list[psutil.Process]:
        tree: list[psutil.Process] = []
        for process in self._processes:
            with suppress(psutil.NoSuchProcess):
                tree += [process, *process.children(recursive=True)]
        return tree


def read_tail(log: Path) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-2000:].strip()


def _command(contender: Contender, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "bench.program", contender.key, *words]
