"""The built wheel in a clean environment: `backline up` answers, imports what is dropped, and ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.journeys.processes import wait_for
from tests.services.programs import die_with_parent

ROOT = Path(__file__).parents[2]


def find_uv() -> str:
    """The uv that made this environment, or the one in PATH."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    assert found is not None, "scripts/venv.sh brings uv in"
    return found


def call(*command: str | Path, cwd: Path) -> str:
    """Run to the end; its words are those of the failure."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=240, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`backline`, installed from a wheel and the lock, far from the source."""
    folder = tmp_path_factory.mktemp("clean")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    uv, python = find_uv(), folder / "venv" / "bin" / "python"
    call(uv, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    lock = ROOT / "requirements" / "run.lock"
    call(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock, cwd=folder)
    call(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel, cwd=folder)
    where = call(python, "-c", "import backline; print(backline.__file__)", cwd=folder)
    assert Path(where.strip()).is_relative_to(folder.resolve())
    return folder / "venv" / "bin" / "backline"


@dataclass
class Installed:
    """A running `backline up` of the installed program."""

    process: subprocess.Popen[str]
    address: str
    state: Path
    log: Path


@pytest.fixture
def installed(program: Path, tmp_path: Path) -> Iterator[Installed]:
    """`backline up` on a free port."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("BACKLINE_", "PYTHON"))}
    env |= {"BACKLINE_STATE": str(tmp_path / "state"), "BACKLINE_REPORTS_WATCH_SECONDS": "0.5"}
    log = tmp_path / "up.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [str(program), "up", "--port", "0"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=file,
            text=True, preexec_fn=die_with_parent,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None, log.read_text()
        yield Installed(process, address[0], tmp_path / "state", log)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=40)
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    """Whether it answers 200."""
    with suppress(httpx.TransportError):
        return httpx.get(address).status_code == 200
    return False


@pytest.mark.xdist_group("wheel")
def test_installed_wheel_is_up_imports_and_ends(installed: Installed) -> None:
    wait_for("/ready", lambda: answers(f"{installed.address}/ready"), 60)
    assert answers(f"{installed.address}/health")
    inbox = installed.state / "inbox"
    wait_for("the inbox", inbox.is_dir)
    part = inbox / "own.part"
    part.write_text("date,artist,track,country,streams\n2026-01-05,Night Bus,Harbour,FR,120\n")
    part.rename(inbox / "own.csv")
    wait_for("the report to be imported", lambda: list((inbox / "done").glob("**/*own*.csv")), 60)
    assert not list((inbox / "refused").glob("**/*.csv"))
    installed.process.send_signal(signal.SIGTERM)
    assert installed.process.wait(timeout=40) == 0, installed.log.read_text()
