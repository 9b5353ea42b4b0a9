"""`backline demo`: the embedded stack on the sample reports, from import to report, and a summary."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from backline import samples
from backline.cli.demo_stages import Stages
from backline.cli.demo_summary import Found, show_summary
from backline.cli.houses import make_screen, open_ringing_house, read_settings
from backline.cli.jobs import find_artist_id
from backline.cli.processes import await_stop
from backline.cli.supervisor import StateLock, Supervisor
from backline.cli.up import choose_port, list_commands, prepare_database
from backline.errors import BacklineError
from backline.runtime import decisions
from backline.runtime.decisions import Person
from backline.runtime.submit import Ask
from backline.settings import Settings
from backline.storage.run_tables import RETRIABLE_STATES
from backline.storage.runs import RunRow, read_run
from backline.wiring import House

app = typer.Typer()
GRACE = 5.0


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End by itself after the summary.")] = False,
    state: Annotated[Path, typer.Option("--state", help="Where the demo keeps everything.")] = Path(
        "demo-state"
    ),
    inside: Annotated[bool, typer.Option("--inside", hidden=True)] = False,
) -> None:
    """Run the whole stack on the sample reports."""
    if not inside:
        begin_again(state.absolute(), once=once)
    settings = read_settings()
    screen = make_screen()
    with StateLock(
        settings.state, "give the demo another folder with --state (make demo ARGS='--state PATH')"
    ):
        prepare_database(settings)
        with run_stack(settings) as (stages, address):
            screen.say(screen.label("demo_stack", state=settings.state))
            with open_ringing_house() as house:
                found = work(house, stages)
                show_summary(screen, house, found, None if once else address)
            sys.stdout.flush()
            if not once:
                screen.say(screen.label("demo_stay"))
                sys.stdout.flush()
                stages.stay()


def begin_again(state: Path, *, once: bool) -> None:
    """Start this program anew with the demo's own settings, whatever the environment and files say.

    The settings are read once per process, by every module that needs them; so the environment has to
    be right before the first of them is imported.
    """
    options = {
        "BACKLINE_CONFIG": "",
        "BACKLINE_STATE": str(state),
        "BACKLINE_DATABASE_URL": "",
        "BACKLINE_DATABASE_UPGRADE_AT_START": "true",
        "BACKLINE_BROKER_URL": "",
        "BACKLINE_REPORTS_INBOX": "",
        "BACKLINE_RUNTIME_CONCURRENCY": "2",
        "BACKLINE_RUNTIME_LEASE_SECONDS": "5",  # a demo that was killed is taken up again soon
        "BACKLINE_RUNTIME_SWEEP_SECONDS": "0.5",
        "BACKLINE_RUNTIME_GRACE_SECONDS": str(GRACE),
        "BACKLINE_WEB_HOST": "127.0.0.1",
        "BACKLINE_WEB_PORT": "0",
    }
    command = [sys.executable, "-m", "backline", "demo", "--inside", "--state", str(state)]
    sys.stdout.flush()
    os.execvp(  # noqa: S606 -- replaces this process on purpose; the list is ours
        "env",
        [
            "env",
            *(f"{name}={value}" for name, value in options.items()),
            *command,
            *(["--once"] if once else []),
        ],
    )


@contextmanager
def run_stack(settings: Settings) -> Iterator[tuple[Stages, str]]:
    """Worker, scheduler and web, with their log in the state folder; stopped at the end whatever happens."""
    stop = await_stop()
    port = choose_port(settings, 0)
    log = settings.state / "demo.log"
    with log.open("a", encoding="utf-8") as file:

        def keep(name: str, line: str) -> None:
            file.write(f"{name:<9} | {line}\n")
            file.flush()

        supervisor = Supervisor(list_commands(settings, port), keep, GRACE + 5)
        supervisor.start()
        try:
            yield Stages(make_screen(), supervisor, stop), f"http://127.0.0.1:{port}"
        finally:
            supervisor.stop()


def work(house: House, stages: Stages) -> Found:
    """Import, add up, export: runs with keys, so that what was done once is found and not repeated."""
    began = time.time()
    reports, mark = copy_samples(house.settings.state / "reports")
    screen = stages.screen
    job: dict[str, Any] = {"paths": [str(path) for path in reports], "artist": samples.ARTIST}
    imported = carry(house, stages, "report_import.import_reports", job, mark, screen.label("demo_importing"))
    artist_id = find_artist_id(house, samples.ARTIST)
    words = screen.label("demo_adding_up", artist=samples.ARTIST)
    job = {"artist_id": artist_id, "period": "7d", "export": True}
    added = carry(house, stages, "streaming_metrics.aggregate_metrics", job, mark, words)
    return Found(runs=(imported, added), began=began)


def copy_samples(folder: Path) -> tuple[list[Path], str]:
    """The sample reports as files of the demo, dated as downloaded; and a digest of what they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    copies = []
    for source in sorted(samples.REPORTS.iterdir()):
        copy = folder / source.name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            shutil.copyfile(source, copy)
        os.utime(copy, (samples.DOWNLOADED, samples.DOWNLOADED))
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
        copies.append(copy)
    return copies, digest.hexdigest()[:12]


def carry(house: House, stages: Stages, task: str, job: dict[str, Any], mark: str, words: str) -> RunRow:
    """One run through the worker: asked for by its key, or found where an earlier demo asked for it."""
    spec = house.find_task(task)
    run_id = house.submit(spec, spec.read_json(json.dumps(job)), Ask("demo", key=f"demo:{mark}"))
    with house.database.write() as connection:
        if read_run(connection, run_id).state in RETRIABLE_STATES:
            decisions.retry(connection, house.database.now_sql, run_id, Person("demo", house.secrets))
            house.bells.ring(spec.queue)
    row = stages.await_run(house.database, run_id, words)
    if row.state != "succeeded":
        raise BacklineError(
            f"The run {run_id} of {task} is {row.state}: {row.error_text}",
            remedy=f"The log is {house.settings.state / 'demo.log'}.",
        )
    return row
