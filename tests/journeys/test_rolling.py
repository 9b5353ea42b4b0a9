"""Old and new code and schema side by side: old workers go on until they are started again, each job counts once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backline.cli.exits import NEEDS_PERSON
from tests.conftest import skip_forbidden, skip_missing
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Servers, make_stack
from tests.journeys.trees import NoHistory, make_trees
from tests.services.programs import Missing


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("embedded", False, id="one migration more", marks=pytest.mark.xdist_group("rolling")),
        pytest.param(
            "redis", True, id="an old commit",
            marks=[pytest.mark.xdist_group("journeys_redis"), pytest.mark.services, pytest.mark.long],
        ),
    ],
)  # fmt: skip
def test_an_upgrade_rolls_through(name: str, kept: bool, tmp_path: Path, servers: Servers) -> None:
    stack, lacking, missing = None, "", ""
    try:
        old, new = make_trees(tmp_path, kept=kept)
        stack = make_stack(name, tmp_path / "stack", servers, revision=old.revision)
    except NoHistory as error:
        lacking = str(error)
    except Missing as error:
        missing = str(error)
    if missing:
        skip_missing(f"{name} ({missing})")
    if stack is None:
        skip_forbidden(f"an old tree ({lacking} is not in this clone)")
    crew, env = stack.crew, dict(stack.env)
    crew.before |= {"old": old.become(), "new": new.become()}
    try:
        old.submit(env, 0, 10)
        if not kept:
            stack.submit(journey_tasks.mark, 10, key="n10")  # this process is an old client then
        crew.worker("old", concurrency=1)
        wait_for("the old worker's work", lambda: stack.count("succeeded") >= 10, 60)
        crew.worker("new", concurrency=1)  # it upgrades beside the old one
        wait_for("the new worker", lambda: " ready." in crew.log("new"), 60)
        assert stack.one("SELECT version_num AS v FROM backline_schema").v == new.revision
        numbers = [*range(10), *range(30, 38), *([] if kept else range(10, 30))]
        for number in set(range(11, 30)) & set(numbers):
            stack.submit(journey_tasks.mark, number, key=f"n{number}")
        new.submit(env, 30, 38)
        total = len(numbers)
        wait_for("nearly every run", lambda: stack.count("succeeded") >= total - 4, 60)
        assert not crew.has_ended()  # the old worker is still there
        crew.stop("old")  # what it has blocked, as too new for it, waits a little longer each time
        wait_for("every run to succeed", lambda: stack.count("succeeded") == total, 60)
        assert [stack.effects(number) for number in numbers] == [1] * total
        assert stack.count("scheduled", "queued", "running", "blocked", "failed", "dead") == 0
        versions = {row.version for row in stack.query("SELECT version FROM backline_run")}
        assert versions == {1, 2}
        command = [*old.become(), sys.executable, "-m", "backline", "worker"]
        again = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert again.returncode == NEEDS_PERSON and new.revision in again.stderr
    finally:
        print(crew.all_logs())
        stack.close()


def test_the_tasks_of_both_trees_bear_the_same_names() -> None:
    assert journey_tasks.mark.version == 1
