"""The run that this code is part of, for code that is given nothing: a Celery task made durable, a library below it.

run = backline.current_run()
payments.charge(order, idempotency_key=run.key)
run.add_effect(lambda connection: connection.execute(text("UPDATE …")))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from backline.errors import BacklineError, BrokenContract
from backline.runtime.context import RunContext
from backline.runtime.effects import Effect
from backline.runtime.intents import Intents
from backline.runtime.limits import Limiter
from backline.runtime.steps import Steps
from backline.storage.canvases import TELL
from backline.storage.database import Database
from backline.storage.leases import RunRow
from backline.storage.runs import list_attempts

RETRY = "retry"  # the outcome of an attempt that asked for another one


class NoRun(BacklineError):
    """This code is not part of a run."""


class CurrentRun:
    """What code may know of the run it is part of, and leave with it."""

    def __init__(
        self, row: RunRow, context: RunContext, database: Database, make_limiter: Callable[[], Limiter]
    ) -> None:
        self._row = row
        self._context = context
        self._database = database
        self._make_limiter = make_limiter

    @property
    def id(self) -> str:
        """The run's id; the same in every attempt."""
        return str(self._row.id)

    @property
    def task(self) -> str:
        """The task's name."""
        return str(self._row.task)

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return int(self._row.attempt) + 1

    @property
    def trace_id(self) -> str:
        """As W3C trace context spells it, the same for every run that this one led to."""
        return str(self._row.trace_id)

    @property
    def asked_by(self) -> str:
        """Who asked for the run."""
        return str(self._row.asked_by)

    @property
    def row(self) -> RunRow:
        """The run's row as it was picked."""
        return self._row

    def count_retries(self) -> int:
        """How often the task itself has asked for another attempt, since a person last put the run back."""
        if not self._row.faults:
            return 0
        with self._database.read() as connection:
            attempts = list_attempts(connection, self.id)
        asked = [attempt for attempt in attempts if attempt.outcome == RETRY]
        return min(int(self._row.faults), len(asked))

    @property
    def key(self) -> str:
        """The same text in every attempt of this run, and in no other: an Idempotency-Key for the outside world."""
        return f"backline:{self._row.id}"

    @property
    def intents(self) -> Intents:
        """Calls to the outside world, committed before and after."""
        return self._context.intents

    @property
    def steps(self) -> Steps:
        """Results that later attempts find again."""
        return self._context.steps

    @property
    def limiter(self) -> Limiter:
        """How fast a provider may be asked, for all workers together: `run.limiter.take("crm")` before each call.

        The provider is declared by a `Policy`, or in the settings by `limits.crm.rate`. Raises `BrokenContract` in a
        short task, which cannot wait.
        """
        if not self._context.watch.leased:
            raise BrokenContract(
                f"{self.task} is short: it cannot ask a limiter.", remedy="Declare it without short=True."
            )
        return self._make_limiter()

    def add_effect(self, effect: Effect) -> None:
        """Have `effect(connection)` called in the run's last transaction: it is written once, with the answer.

        `connection` is a SQLAlchemy Connection to Backline's database. Nothing is written where the attempt fails.
        """
        self._context.effects.add(effect)

    def checkpoint(self) -> None:
        """Raise `Cancelled`, `LeaseLost`, `Stopping` or `TimeLimit` where the task should end now."""
        self._context.watch.checkpoint()

    def progress(self, done: float, total: float | None = None, words: str = "") -> None:
        """Say how far the run is; written at most once a second. Also a checkpoint."""
        self._context.watch.progress(done, total, words)


_CURRENT: ContextVar[CurrentRun | None] = ContextVar("backline_run", default=None)


@contextmanager
def be_current(run: CurrentRun) -> Iterator[None]:
    """Inside the block `current_run()` is this run."""
    token = _CURRENT.set(run)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def find_parent() -> tuple[str | None, str | None]:
    """Id and trace id of the run that asks, where what is asked for here is asked for by one.

    A telling asks for what follows in the name of the run that it tells of.
    """
    run = _CURRENT.get()
    if run is None:
        return None, None
    return (run.row.parent_id if run.task == TELL else run.id), run.trace_id


def current_run() -> CurrentRun:
    """The run that is being carried here. Raises `NoRun` outside of one, also in other threads of a task."""
    run = _CURRENT.get()
    if run is None:
        raise NoRun(remedy="Only a task that a worker carries has one; a plain call has none.")
    return run
