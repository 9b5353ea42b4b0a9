"""THE TASK ITSELF, called: what it raises is its own, what ends a process comes from outside or is a bug in it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from backline.runtime.task import Job, Task


def call_task(task: Task[Any, Any], job: Job, needs: Mapping[str, Any]) -> Any:
    """What the task returns. Only its `Exception`s leave it, and what a signal brings from outside.

    `sys.exit()`, a cancelled coroutine or the panic of a library in another language is no `Exception`: it
    would end or confuse the worker. In a task it is a bug like any other, so a `RuntimeError` takes its place.
    """
    try:
        return task.function(job, **needs)
    except (Exception, KeyboardInterrupt):
        raise
    except SystemExit as end:
        if type(end) is not SystemExit or _comes_from_pool(end):
            raise
        raise RuntimeError(f"The task called sys.exit({end.code!r}).") from end
    except BaseException as error:
        raise RuntimeError(f"The task raised {type(error).__name__}, which is no Exception.") from error


def _comes_from_pool(end: SystemExit) -> bool:
    """Whether the pool's own signal handler raised it."""
    frames = list(traceback.walk_tb(end.__traceback__))
    return str(frames[-1][0].f_globals.get("__name__")).partition(".")[0] in ("billiard", "celery")
