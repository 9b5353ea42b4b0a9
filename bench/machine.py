"""What the figures were taken on: processor, load, a measured fsync, versions."""

from __future__ import annotations

import os
import platform
import statistics
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "celery", "kombu", "billiard", "amqp", "redis", "sqlalchemy", "psycopg", "pydantic", "dbos", "procrastinate", "duckdb",
    "httpx", "spotipy", "tekore",
)  # fmt: skip


def describe_machine(folder: Path) -> dict[str, Any]:
    """Facts of this machine; fsync is measured in `folder`, in ms."""
    return {
        "processor": _read_processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "fsync_ms": measure_fsync(folder),
        "packages": {name: _find_version(name) for name in PACKAGES},
    }


def measure_fsync(folder: Path, count: int = 200) -> dict[str, float]:
    """Append 512 bytes and fdatasync: least, median and 99th percentile in ms."""
    path = folder / "fsync"
    times = []
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * 512)
            began = time.perf_counter()
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            times.append((time.perf_counter() - began) * 1e3)
    path.unlink()
    times.sort()
    return {
        "min": round(times[0], 4),
        "median": round(statistics.median(times), 4),
        "p99": round(times[int(count * 0.99)], 4),
    }


def _read_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _find_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
