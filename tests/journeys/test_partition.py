"""Two hosts, and between them a network that is cut without a word, longer than a lease, or slow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import FOLDER, skip_forbidden, skip_missing
from tests.journeys.faults import describe
from tests.journeys.faults_hosts import RESUMES, HostStorm, make_short
from tests.journeys.hosts import two_hosts
from tests.journeys.processes import plain_env, wait_for
from tests.journeys.stacks import remove
from tests.services.netns import Hosts, NotPermitted
from tests.services.programs import Missing


@pytest.mark.services
@pytest.mark.parametrize("name", ["redis", pytest.param("rabbitmq", marks=pytest.mark.long)])
def test_what_is_cut_off_goes_on_without_a_restart(name: str) -> None:
    folder = Path(os.environ[FOLDER]) / f"hosts-{os.getpid()}-{name}"
    folder.mkdir()
    missing, forbidden = "", ""
    try:
        with two_hosts(name, folder) as (stack, hosts):
            plan = make_short(name)
            storm = HostStorm(stack, hosts, plan)
            tally = storm.run()
            assert tally.clean, f"{describe(tally)}\n{stack.crew.all_logs()}"
            assert tally.succeeded == plan.runs
            assert storm.resumed and max(storm.resumed) < RESUMES
    except Missing as error:
        missing = str(error)
    except NotPermitted as error:
        forbidden = str(error)
    finally:
        remove(folder)
    if missing:
        skip_missing(f"{name} ({missing})")
    if forbidden:
        skip_forbidden(f"a network namespace ({forbidden})")


def test_hosts_leave_nothing_behind_when_their_maker_is_killed() -> None:
    try:
        Hosts().end()
    except NotPermitted as error:
        forbidden = str(error)
    else:
        forbidden = ""
    if forbidden:
        skip_forbidden(f"a network namespace ({forbidden})")
    code = (
        "import os, signal; from tests.services.netns import Hosts; hosts = Hosts(); "
        "print(hosts.worker.pid, hosts.servers.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=plain_env(), capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    holders = [Path(f"/proc/{pid}") for pid in done.stdout.split()]
    assert done.returncode < 0 and len(holders) == 2
    wait_for("the holders to end", lambda: not any(holder.exists() for holder in holders), 10)
