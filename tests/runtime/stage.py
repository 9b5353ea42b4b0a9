"""A stage for runs: one database, tasks made by the test, one process's runtime, and a look at every row."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from backline.runtime.audit import Secrets
from backline.runtime.context import Outcome, Runtime
from backline.runtime.redrive import Redriver
from backline.runtime.run import answer_bell
from backline.runtime.stop import StopOrder
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import Answer, Job, Task, task
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.leases import Leases
from backline.storage.runs import list_attempts, read_run, request_cancel
from backline.storage.sweeps import Sweeps

WORDS = "A probe.\n\n[fr]\nUne sonde.\n\n[de]\nEine Sonde."
QUEUE = "probe"


class Word(Job):
    """One word, and a number."""

    word: str = "a"
    number: int = 0


class Done(Answer):
    """What the probe did."""

    word: str = ""


def declare(name: str = "probe.work", version: int = 1, **options: Any) -> Callable[[Any], Task[Any, Any]]:
    """`@task` for functions whose words do not matter."""

    def make(function: Any) -> Task[Any, Any]:
        function.__doc__ = WORDS
        made: Task[Any, Any] = task(name, version=version, **options)(function)
        return made

    return make


def make_table(database: Database) -> None:
    """A table that effects are written to, made by the owner."""
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.write() as connection:
        connection.execute(text("CREATE TABLE probe_effect (id TEXT PRIMARY KEY, word TEXT NOT NULL)"))
        if not owner.is_sqlite:
            connection.execute(text("GRANT ALL ON probe_effect TO PUBLIC"))
    owner.close()


def write_word(word: str) -> Callable[[Connection], None]:
    """An effect that can be counted."""

    def write(connection: Connection) -> None:
        connection.execute(
            text("INSERT INTO probe_effect VALUES (:id, :word)"), {"id": uuid.uuid4().hex, "word": word}
        )

    return write


@dataclass
class FakeBroker:
    """A broker that remembers its bells; `down` refuses, `deaf` cannot be asked, `waiting` are its messages."""

    rung: list[str] = field(default_factory=list)
    waiting: int = 0
    down: bool = False
    deaf: bool = False

    def ring(self, queue: str) -> bool:
        """Remember the bell."""
        if self.down:
            return False
        self.rung.append(queue)
        return True

    def count_waiting(self, queue: str) -> int:
        """What the test says."""
        if self.deaf:
            raise ConnectionError("no broker")
        return self.waiting


class Stage:
    """One process as the tests see it."""

    def __init__(
        self, database: Database, *tasks: Task[Any, Any], code: str = "1.0+a", **options: Any
    ) -> None:
        self.database = database
        self.broker = FakeBroker()
        self.tasks = {task.name: task for task in tasks}
        now, lease = database.now_sql, options.pop("lease", 30.0)
        self.runtime = Runtime(
            database=database,
            leases=Leases(database.dialect, now, lease),
            tasks=self.tasks,
            providers={Database: lambda _: database},
            secrets=Secrets(["hunter22"]),
            worker=options.pop("worker", "host/w1/1"),
            code_version=code,
            lease_seconds=lease,
            ring_again=25.0,
            ring=self.broker.ring,
            stop=StopOrder(options.pop("grace", 25.0)),
            **options,
        )
        self.sweeps = Sweeps(database.dialect, now, 25.0)
        self.redriver = Redriver(database, self.sweeps, self.broker, self.tasks, code, 0.05, 0.5)

    def submit(self, task: Task[Any, Any], *job: Any, by: str = "tester", **ask: Any) -> str:
        """One run in a transaction of its own."""
        with self.database.write() as connection:
            asked = Ask(by, **ask)
            return submit_run(connection, self.database.now_sql, task, task.read_job(*job), asked, 25.0)

    def run(self, queue: str = QUEUE) -> Outcome | None:
        """Answer one bell."""
        return answer_bell(self.runtime, queue)

    def row(self, run_id: str) -> Any:
        """The run's row."""
        with self.database.read() as connection:
            return read_run(connection, run_id)

    def answer(self, run_id: str) -> dict[str, Any]:
        """The run's answer."""
        answer: dict[str, Any] = json.loads(self.row(run_id).answer)
        return answer

    def attempts(self, run_id: str) -> list[Any]:
        """Its attempts, oldest first."""
        with self.database.read() as connection:
            return list_attempts(connection, run_id)

    def audits(self, run_id: str) -> list[Any]:
        """Its audit rows, oldest first."""
        with self.database.read() as connection:
            return list_audit(connection, run_id=run_id)[::-1]

    def words(self) -> list[str]:
        """The effects that were committed."""
        with self.database.read() as connection:
            return sorted(connection.execute(text("SELECT word FROM probe_effect")).scalars())

    def cancel(self, run_id: str) -> str:
        """Ask for the run to be cancelled."""
        with self.database.write() as connection:
            return request_cancel(connection, self.database.now_sql, run_id)

    def change(self, run_id: str, **columns: Any) -> None:
        """Set columns of a run's row."""
        pairs = ", ".join(f"{name} = :{name}" for name in columns)
        with self.database.write() as connection:
            connection.execute(
                text(f"UPDATE backline_run SET {pairs} WHERE id = :id"), columns | {"id": run_id}
            )

    def pass_time(self, seconds: float) -> None:
        """Everything in the ledger happened, and is due, so much earlier."""
        columns = ("due_at", "deadline_at", "expires_at", "lease_until", "ring_at")
        pairs = ", ".join(f"{name} = {name} - :by" for name in columns)
        with self.database.write() as connection:
            connection.execute(text(f"UPDATE backline_run SET {pairs}"), {"by": int(seconds * 1_000_000)})

    def other(self, *tasks: Task[Any, Any], **options: Any) -> Stage:
        """Another process on the same database."""
        return Stage(self.database, *(tasks or self.tasks.values()), **options)


__all__ = ["QUEUE", "WORDS", "Done", "FakeBroker", "Stage", "Word", "declare", "make_table", "write_word"]
