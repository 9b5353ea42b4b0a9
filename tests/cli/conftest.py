"""A state folder for each test, the program in this process and as a real one, and a plug-in of tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backline.cli import app
from backline.cli.houses import open_house
from backline.runtime.submit import Ask

PLUG_IN = '''
"""Tasks that tests carry."""
import threading
from backline.errors import BadInput
from backline.runtime.claim import Watch
from backline.runtime.task import Answer, Job, task


class Add(Job):
    one: int
    two: int = 2


class Word(Job):
    word: str = "a"
    words: list[str] = []


class Sum(Answer):
    sum: int


@task("probe.add", version=1, short=True)
def add(job: Add) -> Sum:
    """Adds two numbers. Writes nothing.

    [fr]
    Additionne deux nombres. N'écrit rien.

    [de]
    Zählt zwei Zahlen zusammen. Schreibt nichts.
    """
    return Sum(sum=job.one + job.two)


@task("probe.refuse", version=1)
def refuse(job: Word) -> Sum:
    """Refuses.

    [fr]
    Refuse.

    [de]
    Weigert sich.
    """
    raise BadInput(f"{job.word} cannot be used.")


@task("probe.linger", version=1)
def linger(job: Word, watch: Watch) -> Sum:
    """Takes its time.

    [fr]
    Prend son temps.

    [de]
    Lässt sich Zeit.
    """
    pause = threading.Event()
    for _ in range(600):
        watch.checkpoint()
        pause.wait(0.1)
    return Sum(sum=0)
'''


@dataclass(frozen=True)
class Result:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def one(self) -> Any:
        """The only JSON line of stdout."""
        assert len(self.lines) == 1, self
        return self.lines[0]


Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of this test, and no option from outside."""
    for name in [name for name in os.environ if name.startswith("BACKLINE_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "state"
    monkeypatch.setenv("BACKLINE_STATE", str(folder))
    monkeypatch.setenv("BACKLINE_RUNTIME_ACTOR", "tester")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed plug-in with tasks of the family `probe`, here and in real processes."""
    folder = tmp_path / "plug-in"
    (folder / "probe_plug-1.0.dist-info").mkdir(parents=True)
    (folder / "probe_plug.py").write_text(textwrap.dedent(PLUG_IN))
    (folder / "probe_plug-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: probe-plug\nVersion: 1.0\n"
    )
    (folder / "probe_plug-1.0.dist-info" / "entry_points.txt").write_text(
        "[backline.tasks]\nprobe = probe_plug\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    yield
    sys.modules.pop("probe_plug", None)


@pytest.fixture
def call() -> Call:
    """The program in this process: quick; what it loads stays loaded."""

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, result.stderr)

    return run


def queue_run(task: str, **job: Any) -> str:
    """A run that waits for a worker, asked for in this process and without a bell; its id."""
    with open_house(tasks=True) as house:
        spec = house.find_task(task)
        return house.submit(spec, spec.read_job(**job), Ask(house.settings.actor))


@pytest.fixture
def program() -> Call:
    """The program as a process of its own."""

    def run(*arguments: str, timeout: float = 60) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "backline", *[str(argument) for argument in arguments]],
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    return run
