"""What each layer of a run takes, measured in one process: alone, and as a ladder of whole transactions.

    python -m bench.layers COUNT    (prints JSON; the settings come from the environment)

Each rung of the ladder is one committed transaction that holds everything of the rung before it, so the
difference of two rungs is the price of what was added to a commit that is paid for anyway.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from backline.runtime.audit import describe_job, digest, make_entry
from backline.runtime.run import answer_bell
from backline.runtime.submit import Ask, prepare_run
from backline.storage.database import Database
from backline.storage.leases import Settlement
from backline.storage.runs import insert_run
from bench.stacks import Stack
from bench.work import Count, EffectTable, count_streams, make_job, write_effect
from bench.workers import ROOT

if TYPE_CHECKING:
    from backline.wiring import House

_STATE_ALONE = text(
    "UPDATE backline_run SET state = 'succeeded', fence = fence + 1, attempt = 1, answer = :answer, finished_at = 1 "
    "WHERE id = :id AND fence = :fence AND state = 'queued'"
)


@dataclass(frozen=True)
class Layer:
    """One layer's price in µs: wall clock (median of the calls) and CPU of this process (mean)."""

    name: str
    wall: float
    cpu: float


def run_layers(stack: Stack, count: int) -> list[Layer]:
    """Measure in a process of its own, with `count` calls of each layer."""
    command = [sys.executable, "-m", "bench.layers", str(count)]
    environ = {**os.environ, **stack.environ}
    done = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return [Layer(**values) for values in json.loads(done.stdout)]


def measure(name: str, count: int, call: Callable[[], object]) -> Layer:
    """The price of one call; the first tenth is for warming up."""
    for _ in range(max(1, count // 10)):
        call()
    walls = []
    cpu = time.process_time()
    for _ in range(count):
        began = time.perf_counter()
        call()
        walls.append(time.perf_counter() - began)
    cpu = time.process_time() - cpu
    return Layer(name, round(statistics.median(walls) * 1e6, 1), round(cpu / count * 1e6, 1))


class Bench:
    """The objects that the layers work on."""

    def __init__(self, count: int) -> None:
        from bench.contenders import ours

        self.count = count
        self.desk = ours.APP.backline_desk
        self.house: House = self.desk.house()
        self.short, self.claimed = ours.TASKS["short"], ours.TASKS["claimed"]
        self.fields = make_job("layers", 1)
        self.job = Count(**self.fields)
        self.answer = count_streams(self.job)
        EffectTable(Database(ours.SETTINGS.database_url))

    def alone(self) -> list[Layer]:
        """What can be measured without a commit, or is one by itself."""
        house, short, job, text_job = self.house, self.short, self.job, self.job.model_dump_json()
        secrets, bells, queue = house.secrets, self.desk.bells, short.queue
        return [
            self._measure("job in: pydantic, strict, from JSON", lambda: short.read_json(text_job)),
            self._measure(
                "answer out: pydantic, to JSON", lambda: self.answer.model_dump_json(warnings="error")
            ),
            self._measure(
                "audit text: job described, secrets struck out, digests",
                lambda: make_entry(
                    "bench",
                    "run.succeeded",
                    "run:x",
                    secrets,
                    after_sha=digest(text_job),
                    job=describe_job(job),
                ),
            ),
            self._measure("submit: arguments to row", lambda: self._new(short)),
            self._measure("submit: row and its commit", self._submit),
            self._measure("bell, most of them held and rung as one", lambda: bells.ring(queue)),
            self._measure("bell, each published", lambda: bells._publish(queue)),
        ]

    def ladder(self) -> list[Layer]:
        """Whole transactions, each with one more layer in it, then whole runs."""
        rungs: list[tuple[str, Callable[[Connection], object]]] = [
            ("commit of nothing", lambda _: None),
            ("effect row (plain Celery's transaction)", self._effect),
            ("  + pick", lambda c: (self._pick(c), self._effect(c))),
            ("  + pick, state", lambda c: (self._end_state(c, self._pick(c)), self._effect(c))),
            (
                "  + pick, state, attempt and audit rows",
                lambda c: (self._settle(c, self._pick(c)), self._effect(c)),
            ),
            ("claim: pick, lease and fence, commit", self._claim),
        ]
        found = []
        for name, write in rungs:
            self._fill(self.short)
            found.append(self._measure(name, lambda write=write: self._in_transaction(write)))
        for name, spec in (("whole run, one commit", self.short), ("whole run, two commits", self.claimed)):
            self._fill(spec)
            found.append(self._measure(name, lambda spec=spec: self._carry(spec)))
        return found

    def _measure(self, name: str, call: Callable[[], object]) -> Layer:
        return measure(name, self.count, call)

    def _new(self, spec: Any) -> Any:
        return prepare_run(spec, spec.read_job(**self.fields), Ask("bench"), 25.0)

    def _fill(self, spec: Any) -> None:
        """An empty ledger with enough queued runs for one measurement."""
        with self.house.database.write() as connection:
            connection.execute(text("DELETE FROM backline_run"))
            for _ in range(self.count + self.count // 10 + 2):
                insert_run(connection, self.house.database.now_sql, self._new(spec))

    def _in_transaction(self, write: Callable[[Connection], object]) -> None:
        with self.house.database.write() as connection:
            write(connection)

    def _submit(self) -> None:
        new = self._new(self.claimed)
        self._in_transaction(lambda connection: insert_run(connection, self.house.database.now_sql, new))

    def _effect(self, connection: Connection) -> None:
        write_effect(connection, self.job, self.answer)

    def _pick(self, connection: Connection) -> Any:
        row = self.house.runtime.leases.pick(connection, self.short.queue)
        assert row is not None
        return row

    def _claim(self, connection: Connection) -> None:
        assert self.house.runtime.leases.claim(connection, self._pick(connection), "bench") is not None

    def _end_state(self, connection: Connection, row: Any) -> None:
        values = {"id": row.id, "fence": row.fence, "answer": self.answer.model_dump_json()}
        connection.execute(_STATE_ALONE, values)

    def _settle(self, connection: Connection, row: Any) -> None:
        end = Settlement("succeeded", "succeeded", 1, 1, answer=self.answer.model_dump_json())
        entry = make_entry(
            "bench", "run.succeeded", f"run:{row.id}", self.house.secrets, run_id=row.id, fence=row.fence
        )
        assert self.house.runtime.leases.settle(
            connection, row, row.fence, from_state="queued", worker="bench", started_at=row.now_at,
            code_version="bench", end=end, audit=entry,
        )  # fmt: skip

    def _carry(self, spec: Any) -> None:
        outcome = answer_bell(self.house.runtime, spec.queue)
        assert outcome is not None
        assert outcome.state == "succeeded"


def main() -> None:
    """Measure and print."""
    bench = Bench(int(sys.argv[1]))
    print(json.dumps([asdict(layer) for layer in [*bench.alone(), *bench.ladder()]]))


if __name__ == "__main__":
    main()
