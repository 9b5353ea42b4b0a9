"""Backline through its own worker: the same task declared short (one commit) and not (two commits)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from backline.bells import name_queue
from backline.celery_app import make_app
from backline.cli.processes import set_up_log
from backline.cli.worker import list_arguments
from backline.runtime.effects import Effects
from backline.runtime.task import Task, task
from backline.settings import load_settings
from bench.work import Count, Counted, count_streams, write_effect


def count(job: Count, effects: Effects) -> Counted:
    """Count the streams of one track.

    [fr]
    Compte les écoutes d'un titre.

    [de]
    Zählt die Streams eines Stücks.
    """
    answer = count_streams(job)
    effects.add(lambda connection: write_effect(connection, job, answer))
    return answer


TASKS: dict[str, Task[Any, Any]] = {
    "short": task("bench_short.count", version=1, short=True)(count),
    "claimed": task("bench_claimed.count", version=1)(count),
}
SETTINGS = load_settings().settings
APP = make_app(SETTINGS, {spec.name: spec for spec in TASKS.values()})


def prepare(_key: str) -> None:
    """The ledger's tables."""
    _ = APP.backline_desk.house().database


def work(key: str, children: int) -> None:
    """Backline's worker listening to this form's family alone."""
    set_up_log()
    APP.worker_main(
        [*list_arguments(children, None, f"bench-{key}"), f"--queues={name_queue(TASKS[key].queue)}"]
    )


@contextmanager
def open_door(key: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """`.delay()` of the task as any program of a team calls it."""
    shell = APP.tasks[TASKS[key].name]
    yield lambda job: shell.delay(**job)
