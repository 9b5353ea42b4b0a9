"""A team's own Celery application with Backline attached, on a test's database, and a look at its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery, _state
from sqlalchemy import text

from backline.bells import describe_transport
from backline.runtime import foreign
from backline.runtime.drain import drain_queue
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.runs import list_attempts, list_runs, read_run
from tests.celery_apps import load_celery_app, make_settings


class Shop:
    """One process of the team: it asks for runs, and carries them when told to."""

    def __init__(self, folder: Path, database: Database, **options: Any) -> None:
        url = database.url.render_as_string(hide_password=False)
        settings = make_settings(folder, database_url=url)
        self.app = Celery("shop", set_as_current=False)
        self.app.conf.update(describe_transport(settings) | options)
        self.desk = load_celery_app().attach_tasks(self.app, settings, {})
        self.database = database

    def carry(self, queue: str = "durable") -> int:
        """What a bell sets going, in this process, however slow the machine is."""
        return int(drain_queue(self.desk.house().runtime, queue, 60.0))

    def pass_time(self, seconds: float) -> None:
        """Everything is due so much earlier; what is due then is queued."""
        by = {"by": int(seconds * 1_000_000)}
        with self.database.write() as connection:
            connection.execute(
                text("UPDATE backline_run SET due_at = due_at - :by, ring_at = ring_at - :by"), by
            )
        self.desk.house().redriver.sweep()

    def row(self, run: Any) -> Any:
        """The row of a handle."""
        with self.database.read() as connection:
            return read_run(connection, getattr(run, "id", run))

    def rows(self) -> list[Any]:
        """Every row, oldest first."""
        with self.database.read() as connection:
            return list_runs(connection, oldest_first=True)

    def outcomes(self, run: Any) -> list[str]:
        """How its attempts ended, oldest first."""
        with self.database.read() as connection:
            return [row.outcome for row in list_attempts(connection, run.id)]

    def audits(self, run: Any) -> list[Any]:
        """Its audit rows."""
        with self.database.read() as connection:
            return list_audit(connection, run_id=run.id)

    def receive(self, task: Any, *args: Any, id: str = "m1", **kwargs: Any) -> Any:
        """What a worker's child does with another program's message of this name."""
        request = {"id": id, "origin": "gen7@elsewhere", "delivery_info": {}}
        return task.__trace__(id, args, kwargs, request)

    def close(self) -> None:
        """Give back the connections."""
        self.desk.house().close()


OpenShop = Callable[..., Shop]


@contextmanager
def apart() -> Iterator[None]:
    """Celery gives every task to every application of a process; those made inside go with the block.

    Whether this process is a worker's child is a flag of the process too: it is none.
    """
    former, finalizers = _state._tls.current_app, set(_state._on_app_finalizers)
    _state._set_task_join_will_block(False)
    try:
        yield
    finally:
        _state._tls.current_app = former
        _state._on_app_finalizers.clear()
        _state._on_app_finalizers.update(finalizers)
        foreign._KNOWN.clear()


@contextmanager
def open_shops(folder: Path, database: Database) -> Iterator[OpenShop]:
    """`open_shop(**celery_settings)` is a team's application with Backline attached."""
    shops: list[Shop] = []

    def make(**options: Any) -> Shop:
        shops.append(Shop(folder, database, **options))
        return shops[-1]

    with apart():
        yield make
        for shop in shops:
            shop.close()
