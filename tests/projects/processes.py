"""Commands and workers of a generated project, in its folder and with its settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.processes import Crew, wait_for


def make_env(folder: Path, database_url: str, broker_url: str, **extra: str) -> dict[str, str]:
    """This process's environment without our options, with the project's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("BACKLINE_", "DJANGO_"))}
    return {
        **env, "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1", "BACKLINE_STATE": str(folder / "state"),
        "BACKLINE_DATABASE_URL": database_url, "BACKLINE_BROKER_URL": broker_url,
        "BACKLINE_RUNTIME_LEASE_SECONDS": "2", "BACKLINE_RUNTIME_SWEEP_SECONDS": "0.2",
        "BACKLINE_RUNTIME_RING_AGAIN_SECONDS": "2", "BACKLINE_RUNTIME_GRACE_SECONDS": "3", **extra,
    }  # fmt: skip


def run_python(folder: Path, env: Mapping[str, str], *arguments: str) -> str:
    """What `python …` says. Raises with its errors where it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=dict(env), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


@contextmanager
def keep_crew(folder: Path, env: Mapping[str, str]) -> Iterator[Crew]:
    """Long processes; all of them end with the block."""
    crew = Crew(env, folder)
    try:
        yield crew
    except BaseException:
        print(crew.all_logs())
        raise
    finally:
        crew.kill_all()


__all__ = ["keep_crew", "make_env", "run_python", "wait_for"]
