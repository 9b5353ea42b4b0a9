"""`backline worker`: our Celery application's worker, without what it does not need."""

from __future__ import annotations

import secrets
import warnings
from typing import Annotated

import typer

from backline.bells import name_queue
from backline.celery_app import app as celery_app
from backline.cli.houses import open_desk
from backline.cli.parameters import Under
from backline.cli.processes import follow_parent, set_up_log
from backline.errors import UnknownName

app = typer.Typer()


@app.command()
def worker(
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", min=1, max=256, help="Children; default: runtime.concurrency."),
    ] = None,
    queues: Annotated[
        str | None, typer.Option("--queues", help="Task families with commas; default: all.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of this node; default: one that is unique.")
    ] = None,
    under: Under = 0,
) -> None:
    """Carry runs until SIGTERM; runs in hand are finished or handed back."""
    follow_parent(under)
    set_up_log()
    open_desk()  # with the modules of durable tasks, before the children start
    # Celery warns root of pickled messages; this application accepts JSON alone, and root is usual on a NAS.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    celery_app.worker_main(list_arguments(concurrency, queues, name))


def list_arguments(concurrency: int | None, queues: str | None, name: str | None) -> list[str]:
    """The worker's command line. Gossip, mingle and heartbeats are of no use: the rows know it all."""
    arguments = [
        "--quiet",
        "worker",
        f"--hostname={name or 'worker-' + secrets.token_hex(3)}@%h",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--loglevel=INFO",
    ]
    if concurrency:
        arguments.append(f"--concurrency={concurrency}")
    if queues:
        arguments.append(f"--queues={','.join(_read_queues(queues))}")
    return arguments


def _read_queues(queues: str) -> list[str]:
    families = {task.queue for task in celery_app.backline_desk.tasks.values()}
    wanted = [family.strip() for family in queues.split(",") if family.strip()]
    for family in wanted:
        if family not in families:
            raise UnknownName(
                f"No task family {family!r}.", remedy=f"There are {', '.join(sorted(families))}."
            )
    return [name_queue(family) for family in wanted]
