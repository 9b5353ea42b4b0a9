"""A run carried in this process, with its progress on the terminal."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from backline.cli.carry import carry_on
from backline.cli.houses import name_person
from backline.cli.run_words import explain_end
from backline.cli.screen import Screen, tidy
from backline.errors import BadInput
from backline.runtime import decisions
from backline.storage.database import Database
from backline.storage.runs import read_state
from backline.wiring import House


def carry_visibly(house: House, screen: Screen, run_id: str) -> dict[str, Any]:
    """Carry a run here and return its answer; Ctrl-C cancels it. Raises what went wrong, in its own kind."""
    try:
        with watch_progress(house.database, run_id):
            carry_on(house, screen, run_id)
    except KeyboardInterrupt:
        with suppress(BadInput), house.database.write() as connection:  # it may have ended just now
            decisions.cancel(connection, house.database.now_sql, run_id, name_person(house))
        raise
    with house.database.read() as connection:
        row = read_state(connection, run_id)
    assert row is not None
    if row.state == "succeeded":
        answer: dict[str, Any] = json.loads(row.answer)
        return answer
    raise explain_end(row, run_id)


@contextmanager
def watch_progress(database: Database, run_id: str) -> Iterator[None]:
    """A bar on stderr that follows the run's row; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_follow, args=(database, run_id, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _follow(database: Database, run_id: str, done: threading.Event) -> None:
    from rich.console import Console  # only a terminal has a bar; Rich is slow to load
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("", total=None)
        while not done.wait(0.25):
            try:
                with database.read() as connection:
                    row = read_state(connection, run_id)
            except SQLAlchemyError:
                continue
            if row is not None and row.progress:
                told = json.loads(row.progress)
                words = tidy(str(told.get("words") or ""))
                bar.update(line, completed=told.get("done", 0), total=told.get("total"), description=words)
