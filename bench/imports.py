"""A million rows of a plain table into a database: `backline import` beside what one would pick instead."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.stacks import Stack
from bench.workers import ROOT

_DUCKDB = """
import duckdb, sys
source, target = sys.argv[1:]
with duckdb.connect(target) as database:
    database.execute("CREATE TABLE facts AS SELECT * FROM read_csv(?)", [source])
    print(database.execute("SELECT count(*) FROM facts").fetchone()[0])
"""
_BY_HAND = """
import csv, sqlite3, sys
source, target = sys.argv[1:]
database = sqlite3.connect(target)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE facts (day TEXT, artist TEXT, track TEXT, country TEXT, streams INTEGER)")
with open(source, newline="", encoding="utf-8") as file, database:
    rows = csv.reader(file)
    next(rows)
    database.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", ((*row[:4], int(row[4])) for row in rows))
print(database.execute("SELECT count(*) FROM facts").fetchone()[0])
"""


def write_table(path: Path, rows: int) -> None:
    """A CSV of `rows` lines: date, artist, track, country, streams; 20 artists, 1,000 tracks, 10 countries."""
    countries = ("AR", "BR", "CA", "DE", "ES", "FR", "GB", "JP", "MX", "US")
    days = (date(2024, 1, 1) + timedelta(days=number) for number in itertools.count())
    lines = (
        f"{day},Artist {track % 20},Track {track},{country},{(track * 7919 + number * 31) % 9000 + 1}\n"
        for number, day in enumerate(days)
        for track in range(1000)
        for country in countries
    )
    with path.open("w", encoding="utf-8") as file:
        file.write("date,artist,track,country,streams\n")
        file.writelines(itertools.islice(lines, rows))


def write_catalogue(path: Path, rows: int) -> None:
    """A CSV of `rows` lines in which every row names another track, of 37 artists."""
    first = date(2024, 1, 1)
    with path.open("w", encoding="utf-8") as file:
        file.write("date;artist;track;country;source;streams\n")
        file.writelines(
            f"{first + timedelta(days=row // 10_000)};Artist {row % 37};Track {row};DE;search;{row % 9000 + 1}\n"
            for row in range(rows)
        )


def measure_imports(stack: Stack, rows: int) -> list[dict[str, Any]]:
    """Each way once, in a process of its own: wall and CPU seconds, peak resident MiB, rows stored."""
    source = stack.state / "table.csv"
    write_table(source, rows)
    catalogue = stack.state / "catalogue.csv"
    write_catalogue(catalogue, rows)
    ways = {
        "backline import (checked, keyed, undoable; SQLite)": [
            sys.executable, "-m", "backline", "import", str(source), "--json",
        ],
        "backline import, every row a new track (SQLite)": [
            sys.executable, "-m", "backline", "import", str(catalogue), "--json",
        ],
        "csv + executemany (SQLite)": [sys.executable, "-c", _BY_HAND, str(source), str(stack.state / "hand.db")],
        "DuckDB read_csv (DuckDB file)": [
            sys.executable, "-c", _DUCKDB, str(source), str(stack.state / "duck.db"),
        ],
    }  # fmt: skip
    return [measure_way(name, command, stack.environ) for name, command in ways.items()]


def measure_way(name: str, command: list[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """Run one command to its end. `stored` is None, and `failed` says why, where it did not work."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environ}, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        said, complained = output.read(), errors.read()
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "way": name,
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / scale,
        "stored": _read_stored(said) if process.returncode == 0 else None,
        "failed": None if process.returncode == 0 else complained.strip()[-500:],
    }


def _read_stored(output: str) -> int:
    """The number printed, or the accepted rows of `backline import --json`."""
    found = json.loads(output.strip().splitlines()[-1])
    return found if isinstance(found, int) else int(found["rows"]["accepted"])
