"""schemathesis against a real process: whatever it sends, no 5xx and no answer that OpenAPI does not describe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backline.storage.artists import add_artist
from backline.wiring import House
from tests.storage.rows import make_run
from tests.web.houses import make_key, run_web

SEED = "20261124"
# What a job or a cursor may be, its schema does not say: the one is known by the task, the other opaque on purpose.
LEFT_OUT = "positive_data_acceptance"


@pytest.fixture
def known(house: House, tmp_path: Path) -> Path:
    """A settings file of schemathesis with ids of runs, tasks and artists that are there."""
    states = ("queued", "succeeded", "failed", "needs_attention", "running", "dead")
    runs = [
        make_run(house.database, state=state, answer='{"sum": 1}', progress='{"done": 1}') for state in states
    ]
    with house.database.write() as connection:
        artist = add_artist(connection, house.database.now_sql, "Velvet Tramlines", created_by="ann").row.id
    tasks = ["streaming_metrics.aggregate_metrics", "report_import.import_reports"]
    given = {"run": runs, "name": tasks, "artist": [artist]}
    path = tmp_path / "schemathesis.toml"
    lines = [f'"path.{name}" = {json.dumps(values)}\n' for name, values in given.items()]
    path.write_text("[parameters]\n" + "".join(lines))
    return path


def judge(config: Path, address: str, *options: str) -> str:
    """The report of one run, which found nothing."""
    program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run"]
    program += [f"{address}/openapi.json", "--seed", SEED]
    program += [] if "--phases" in options else ["--phases", "examples,coverage,fuzzing"]
    program += ["--checks", "all", "--exclude-checks", LEFT_OUT, "--continue-on-failure", *options]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=240, cwd=config.parent, check=False
    )
    report = done.stdout[-8000:] + done.stderr[-2000:]
    if done.returncode:
        pytest.fail(report, pytrace=False)
    return report


def test_without_a_key_and_with_one(house: House, known: Path) -> None:
    signed = ["-H", f"Authorization: Bearer {make_key(house.database)}"]
    with run_web(house, BACKLINE_WEB_STREAM_SECONDS="0.2") as address:
        # SQLite gets the whole of it; PostgreSQL what differs there: texts that it does not keep.
        if house.database.is_sqlite:
            paths = ["--include-path-regex", "^/api/v1/"]
            report = judge(known, address, "-n", "3", "--phases", "fuzzing", *paths)
            assert "Authentication failed: 12 operations" in report
            report = judge(known, address, "-n", "15", *signed)
        else:
            report = judge(known, address, "-n", "8", "--phases", "fuzzing", *signed)
    assert "Missing test data" not in report  # the ids of `known` were used
