"""`backline up`: worker, scheduler and web in one process tree, for a laptop or a NAS."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Annotated

import typer

from backline.cli.db import open_database
from backline.cli.houses import make_screen, read_settings
from backline.cli.processes import await_stop
from backline.cli.screen import tidy
from backline.cli.supervisor import StateLock, Supervisor
from backline.settings import Settings
from backline.storage.upgrade import upgrade_database
from backline.web.loopback import open_socket

app = typer.Typer()
LEAST_GRACE = 5.0


@app.command()
def up(
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Default: web.port; 0 takes a free one.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, max=256, help="Default: runtime.concurrency.")
    ] = None,
) -> None:
    """Run everything in one process tree until Ctrl-C or SIGTERM."""
    settings = read_settings()
    screen = make_screen()
    stop = await_stop()
    with StateLock(settings.state):
        chosen = choose_port(settings, port)
        prepare_database(settings)
        settings.inbox.mkdir(parents=True, exist_ok=True)
        supervisor = Supervisor(
            list_commands(settings, chosen, concurrency), write_line, read_grace(settings)
        )
        supervisor.start()
        try:
            told = False
            while not stop.wait(0.2):
                supervisor.look()
                if not told and is_answering(settings.web.host, chosen):
                    told = True
                    address = show_address(settings.web.host, chosen)
                    screen.say(screen.label("up_on", address=address, state=settings.state))
                    screen.say(screen.label("drop_files", inbox=settings.inbox))
                    sys.stdout.flush()
        finally:
            screen.note(screen.label("stopping"))
            supervisor.stop()


def is_answering(host: str, port: int) -> bool:
    """Whether the web process answers there by now."""
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def show_address(host: str, port: int) -> str:
    """The address of the web process as a browser takes it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def prepare_database(settings: Settings) -> None:
    """Make and upgrade the database before three processes would at once, and tell its errors here."""
    database = open_database(settings)
    if settings.database.upgrade_at_start:
        upgrade_database(database)
    database.close()


def choose_port(settings: Settings, port: int | None) -> int:
    """A port that is free now. Raises `BadInput` where the wanted one is taken."""
    with open_socket(settings.web.host, settings.web.port if port is None else port) as listener:
        number: int = listener.getsockname()[1]
    return number


def list_commands(settings: Settings, port: int, concurrency: int | None = None) -> dict[str, Sequence[str]]:
    """The three children and their arguments."""
    children = str(concurrency or settings.runtime.concurrency)
    return {
        "worker": ["worker", "--concurrency", children],
        "scheduler": ["scheduler"],
        "web": ["web", "--port", str(port)],
    }


def read_grace(settings: Settings) -> float:
    """Seconds that a child gets to end by itself: its own grace, and a little."""
    return settings.runtime.grace_seconds + LEAST_GRACE


def write_line(name: str, line: str) -> None:
    """A child's log line, behind its name."""
    sys.stderr.write(f"{name:<9} | {tidy(line)}\n")
    sys.stderr.flush()
