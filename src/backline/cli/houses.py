"""A house for one command: settings read, database opened, closed again at the end."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from backline.cli.screen import Screen
from backline.runtime.audit import canonical_json, digest, make_entry
from backline.runtime.decisions import Decided, Person
from backline.runtime.task import Task
from backline.settings import Settings, load_settings
from backline.storage.audits import insert_audit
from backline.wiring import House, find_tasks


def read_settings() -> Settings:
    """The settings in force."""
    return load_settings().settings


def make_screen(*, json_lines: bool = False) -> Screen:
    """A screen in the language of the settings."""
    return Screen(read_settings().language, json_lines=json_lines)


def find_every_task(settings: Settings) -> dict[str, Task[Any, Any]]:
    """Ours and those of plug-ins, and the Celery tasks of `durable.modules`; only for these Celery is loaded."""
    tasks = find_tasks()
    if settings.durable.modules:
        tasks |= importlib.import_module("backline.durability").load_modules(settings.durable.modules)
    return tasks


@contextmanager
def open_house(*, tasks: bool = False) -> Iterator[House]:
    """A house that rings no bells; `tasks` also finds the tasks, so that it can carry runs itself."""
    settings = read_settings()
    house = House(settings, find_every_task(settings) if tasks else {})
    try:
        yield house
    finally:
        house.close()


def open_desk() -> Any:
    """The desk of our Celery application; it knows the tasks of `durable.modules` too."""
    modules = read_settings().durable.modules
    desk = importlib.import_module("backline.celery_app").app.backline_desk
    if modules:
        importlib.import_module("backline.durability").enlist_modules(desk, modules)
    return desk


@contextmanager
def open_ringing_house() -> Iterator[House]:
    """The house behind our Celery application: its bells reach the workers.

    Celery takes a second to import, so only commands that ring load it, and by name.
    """
    house: House = open_desk().house()
    try:
        yield house
    finally:
        house.close()


def ring_for(decided: Decided) -> None:
    """Ring, after the commit, the queues that a decision concerns; where it concerns none, Celery is not loaded."""
    if decided.rings:
        with open_ringing_house() as house:
            for queue in decided.rings:
                house.bells.ring(queue)


def name_person(house: House) -> Person:
    """Who decides here."""
    return Person(house.settings.actor, house.secrets)


def write_audit(
    house: House,
    connection: Connection,
    action: str,
    object: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **body: Any,
) -> None:
    """An audit row of what a person did here, in the caller's transaction.

    Of what the object was before and is after, the digests are kept; None where there is none.
    """
    digests = [None if state is None else digest(canonical_json(state)) for state in (before, after)]
    entry = make_entry(
        house.settings.actor,
        action,
        object,
        house.secrets,
        before_sha=digests[0],
        after_sha=digests[1],
        **body,
    )
    insert_audit(connection, house.database.now_sql, entry)
