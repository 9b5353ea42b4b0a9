"""`backline demo`: the embedded stack on the sample reports and a sandbox, from import to report, and a summary."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from backline import samples
from backline.cli.demo_sandbox import DemoSandbox, agree, refuse_own_apps, write_settings
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
from backline.storage.artists import find_artist
from backline.storage.run_tables import RETRIABLE_STATES
from backline.storage.runs import RunRow, find_run, read_run
from backline.web.loopback import open_socket
from backline.wiring import House

app = typer.Typer()
GRACE = 5.0
PATIENCE = 30.0  # seconds until the sandbox answers
WHO = "demo"
IMPORT, SYNC = "report_import.import_reports", "data_sync.sync_artist_data"
AGGREGATE = "streaming_metrics.aggregate_metrics"


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End by itself after the summary.")] = False,
    state: Annotated[Path, typer.Option("--state", help="Where the demo keeps everything.")] = Path(
        "demo-state"
    ),
    inside: Annotated[bool, typer.Option("--inside", hidden=True)] = False,
) -> None:
    """Run the whole stack on the sample reports, and a sandbox in place of Spotify."""
    if not inside:
        begin_again(state.absolute(), once=once)
    settings = read_settings()
    screen = make_screen()
    with StateLock(
        settings.state, "give the demo another folder with --state (make demo ARGS='--state PATH')"
    ):
        prepare_database(settings)
        write_settings(settings.state, settings.spotify.address)
        with run_stack(settings) as stack:
            screen.say(screen.label("demo_stack", state=settings.state))
            with open_ringing_house() as house:
                found = work(house, stack)
                show_summary(screen, house, found, None if once else stack.address)
            sys.stdout.flush()
            if not once:
                screen.say(screen.label("demo_stay"))
                sys.stdout.flush()
                stack.stages.stay()


def begin_again(state: Path, *, once: bool) -> None:
    """Start this program anew with the demo's own settings, whatever the environment and files say.

    The settings are read once per process, by every module that needs them; so the environment has to
    be right before the first of them is imported.
    """
    with open_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
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
        "BACKLINE_SPOTIFY_ADDRESS": f"http://127.0.0.1:{port}",
        "BACKLINE_SPOTIFY_MARKET": "",
        "BACKLINE_LIMITS_SPOTIFY_RATE": "50",  # nobody has to spare the sandbox
        "BACKLINE_LIMITS_SPOTIFY_BURST": "50",
        "BACKLINE_VAULT_KEY_FILE": "",
        "BACKLINE_VAULT_KEY_VARIABLE": "",
        "BACKLINE_VAULT_KEY_COMMAND": "",
        "NO_PROXY": "*",  # everything that is asked is on this machine
        "no_proxy": "*",
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


@dataclass(frozen=True)
class Stack:
    """The demo's processes: the sandbox runs, the others are started when the account is connected."""

    stages: Stages
    supervisor: Supervisor
    sandbox: DemoSandbox
    others: dict[str, Sequence[str]]
    address: str  # of the web process


@contextmanager
def run_stack(settings: Settings) -> Iterator[Stack]:
    """All processes, with their log in the state folder; stopped at the end whatever happens."""
    stop = await_stop()
    port = choose_port(settings, 0)
    log = settings.state / "demo.log"
    sandbox = DemoSandbox(settings.spotify.address)
    with log.open("a", encoding="utf-8") as file:

        def keep(name: str, line: str) -> None:
            file.write(f"{name:<9} | {line}\n")
            file.flush()

        supervisor = Supervisor({"sandbox": sandbox.command}, keep, GRACE + 5)
        supervisor.start()
        try:
            stages, others = Stages(make_screen(), supervisor, stop), list_commands(settings, port)
            yield Stack(stages, supervisor, sandbox, others, f"http://127.0.0.1:{port}")
        finally:
            sandbox.close()
            supervisor.stop()


def work(house: House, stack: Stack) -> Found:
    """Connect, import, sync, add up: runs with keys, so that what was done once is found and not repeated.

    The account is connected before there is a worker: one that goes on with a sync would ask with tokens that the
    sandbox, which is made anew with each demo, does not know.
    """
    began, stages = time.time(), stack.stages
    reports, mark = copy_samples(house.settings.state / "reports")
    screen = stages.screen
    connect(house, stack, mark)
    stack.supervisor.add(stack.others)
    job: dict[str, Any] = {"paths": [str(path) for path in reports], "artist": samples.ARTIST}
    imported = carry(house, stages, IMPORT, job, mark, screen.label("demo_importing"))
    artist_id = find_artist_id(house, samples.ARTIST)
    synced = sync(house, stack, artist_id, mark)
    words = screen.label("demo_adding_up", artist=samples.ARTIST)
    job = {"artist_id": artist_id, "period": "7d", "export": True}
    added = carry(house, stages, AGGREGATE, job, mark, words)
    return Found(runs=(imported, synced, added), began=began)


def connect(house: House, stack: Stack, mark: str) -> None:
    """Tell the sandbox of the sample artist, and connect an account there unless its work is done."""
    screen, sandbox = stack.stages.screen, stack.sandbox
    with stack.stages.tell(screen.label("demo_connecting")):
        if not stack.stages.await_true(sandbox.is_up, PATIENCE):
            raise BacklineError(
                f"The sandbox does not answer at {sandbox.address}.",
                remedy=f"The log is {house.settings.state / 'demo.log'}.",
            )
        client_id = sandbox.find_client_id()
        refuse_own_apps(house, client_id)
        sandbox.tell_artist()
        if not is_done(house, SYNC, mark):
            agree(house, client_id)


def sync(house: House, stack: Stack, artist_id: str, mark: str) -> RunRow:
    """Bring the artist over from the sandbox; once more where that was started anew meanwhile."""
    from backline.storage.catalogue_links import (
        SPOTIFY,
        link_artist,
    )  # loads Arrow, which starting does without

    with house.database.write() as connection:
        artist, now = find_artist(connection, artist_id), house.database.now(connection)
        link_artist(connection, now, SPOTIFY, samples.PLATFORM_ID, artist.no, made_by=WHO)
    words = stack.stages.screen.label("demo_syncing", artist=samples.ARTIST)
    job = {"artist_id": artist_id}
    try:
        return carry(house, stack.stages, SYNC, job, mark, words)
    except BacklineError:
        if stack.sandbox.is_up() and stack.sandbox.knows_artist():
            raise
        connect(house, stack, mark)
        return carry(house, stack.stages, SYNC, job, mark, words)


def is_done(house: House, task: str, mark: str) -> bool:
    """Whether an earlier demo came to the end of it."""
    with house.database.read() as connection:
        run_id = find_run(connection, task, name_key(mark))
        return run_id is not None and read_run(connection, run_id).state == "succeeded"


def name_key(mark: str) -> str:
    """The key of the demo's runs, one for each task."""
    return f"demo:{mark}"


def copy_samples(folder: Path) -> tuple[list[Path], str]:
    """The sample reports as files of the demo, dated as downloaded; and a digest of all samples."""
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
    digest.update(samples.ARTIST_FILE.read_bytes())
    return copies, digest.hexdigest()[:12]


def carry(house: House, stages: Stages, task: str, job: dict[str, Any], mark: str, words: str) -> RunRow:
    """One run through the worker: asked for by its key, or found where an earlier demo asked for it."""
    spec = house.find_task(task)
    run_id = house.submit(spec, spec.read_json(json.dumps(job)), Ask(WHO, key=name_key(mark)))
    with house.database.write() as connection:
        if read_run(connection, run_id).state in RETRIABLE_STATES:
            decisions.retry(connection, house.database.now_sql, run_id, Person(WHO, house.secrets))
            house.bells.ring(spec.queue)
    row = stages.await_run(house.database, run_id, words)
    if row.state != "succeeded":
        raise BacklineError(
            f"The run {run_id} of {task} is {row.state}: {row.error_text}",
            remedy=f"The log is {house.settings.state / 'demo.log'}.",
        )
    return row
