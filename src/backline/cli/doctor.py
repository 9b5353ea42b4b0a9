"""`backline doctor`: looks at everything a run needs, and says the remedy of each problem."""

from __future__ import annotations

import importlib
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from backline.cli.audit_health import look_at_audit
from backline.cli.doctor_spotify import look_at_spotify
from backline.cli.exits import NEEDS_PERSON
from backline.cli.parameters import Json
from backline.cli.screen import Screen
from backline.cli.vault_health import look_at_vault
from backline.discovery import BrokenMember
from backline.runtime.task import list_versions
from backline.settings import LoadedSettings, Settings, load_settings
from backline.storage.database import Database
from backline.storage.intents import count_old_intents
from backline.storage.runs import count_unanswered, read_longest_wait
from backline.storage.schedules import count_unknown
from backline.web.readiness import Check, check_broker, check_database, open_plainly, shorten
from backline.wiring import find_tasks

app = typer.Typer()
LEAST_SQLITE = (3, 35, 0)  # UPDATE … RETURNING
LEAST_FREE = 1 << 30
CLOCK_SECONDS = 2.0
WAIT_SECONDS = 60.0


@app.command()
def doctor(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Name what is out of joint in the database and the files, and mend it."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --repair: do not ask.")] = False,
    json_lines: Json = False,
) -> None:
    """Look at database, broker, clock and disk, and say the remedy. Exit code 4 where there is a problem.

    With --repair: stuck leases, orphans, stale files. On a terminal it asks before each; elsewhere it only
    names them, unless there is --yes.
    """
    loaded = load_settings()
    screen = Screen(loaded.settings.language, json_lines=json_lines)
    if repair:  # it brings Arrow along, which a look does not need
        importlib.import_module("backline.cli.doctor_repair").repair(screen, yes=yes)
        return
    checks = list(look_at_everything(loaded))
    screen.show_rows([vars(check) for check in checks], ["verdict", "name", "says", "remedy"])
    if any(check.verdict == "problem" for check in checks):
        raise typer.Exit(NEEDS_PERSON)


def look_at_everything(loaded: LoadedSettings) -> Iterator[Check]:
    """Every check, in the order in which problems are best mended."""
    settings = loaded.settings
    yield check_versions()
    yield check_settings_file(loaded)
    yield check_state_folder(settings.state)
    yield check_disk(settings.state)
    database = open_plainly(settings)
    checks = check_database(settings, database)
    yield from checks
    yield check_broker(settings, _load_broker_app(settings))
    if len(checks) > 1 and checks[1].verdict == "ok":  # it answers, and its schema is ours
        looks = (check_clock, check_waiting, check_unanswered, check_calls, check_schedules)
        for look in (*looks, *look_at_audit(settings), *look_at_vault(settings)):
            yield _look_safely(look, settings, database)
        yield from look_at_spotify(settings, database)
    database.close()


def _load_broker_app(settings: Settings) -> object:
    """Celery is needed only where a broker is to be reached; it takes a second to import."""
    if settings.broker_url.startswith("filesystem://"):
        return None
    return importlib.import_module("backline.celery_app").app


def _look_safely(look: Callable[[Database], Check], settings: Settings, database: Database) -> Check:
    try:
        return look(database)
    except (SQLAlchemyError, OSError) as error:
        name = look.__name__.removeprefix("check_")
        return Check(name, "problem", shorten(error, settings), "Look at the database first.")


def check_versions() -> Check:
    """Python and SQLite."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    says = f"Python {python}, SQLite {sqlite3.sqlite_version}."
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        return Check("versions", "problem", says, "Use a Python that comes with SQLite 3.35 or newer.")
    return Check("versions", "ok", says)


def check_settings_file(loaded: LoadedSettings) -> Check:
    """Which file is read."""
    if loaded.file is None:
        return Check("settings", "ok", "No settings file: built-in values and the environment.")
    return Check("settings", "ok", f"{loaded.file} is read.")


def check_state_folder(state: Path) -> Check:
    """Whether files can be made in the state folder."""
    nearest = next(place for place in (state, *state.parents) if place.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        says = f"{state} can be written." if nearest == state else f"{state} will be made."
        return Check("state folder", "ok", says)
    remedy = "Give this user the right to write there, or set BACKLINE_STATE to another folder."
    return Check("state folder", "problem", f"{nearest} cannot be written.", remedy)


def check_disk(state: Path) -> Check:
    """Free space where the state folder is."""
    nearest = next(place for place in (state, *state.parents) if place.exists())
    free = shutil.disk_usage(nearest).free
    says = f"{free / (1 << 30):.1f} GiB free at {nearest}."
    if free < LEAST_FREE:
        return Check("disk", "warning", says, "Make room: a full disk stops every run.")
    return Check("disk", "ok", says)


def check_clock(database: Database) -> Check:
    """The database's clock against this machine's."""
    with database.read() as connection:
        database.now(connection)
        before = time.time()
        theirs = database.now(connection) / 1_000_000
        apart = theirs - (before + time.time()) / 2
    says = f"The database's clock is {abs(apart):.1f} s {'ahead' if apart > 0 else 'behind'}."
    if abs(apart) > CLOCK_SECONDS:
        return Check(
            "clock", "warning", says, "Let both machines keep their time with NTP; runs go by the database."
        )
    return Check("clock", "ok", says)


def check_waiting(database: Database) -> Check:
    """How long the oldest due run has been waiting."""
    with database.read() as connection:
        waited = read_longest_wait(connection, database.now_sql)
    if waited is None:
        return Check("waiting runs", "ok", "No run waits.")
    says = f"The oldest due run has waited for {waited / 1_000_000:.0f} s."
    if waited / 1_000_000 > WAIT_SECONDS:
        return Check("waiting runs", "warning", says, "Start a worker: `backline up` or `backline worker`.")
    return Check("waiting runs", "ok", says)


def check_unanswered(database: Database) -> Check:
    """Failures that nobody has answered."""
    with database.read() as connection:
        count = count_unanswered(connection)
    if count:
        says = f"{count:,} failed runs wait for an answer."
        return Check("failures", "warning", says, "`backline runs dead` lists them with what to do.")
    return Check("failures", "ok", "No failure waits for an answer.")


def check_calls(database: Database) -> Check:
    """Calls to the outside world of which nobody knows whether they took effect."""
    with database.read() as connection:
        count, oldest = count_old_intents(connection, database.now_sql)
    if count:
        says = f"{count:,} calls to the outside world have had no outcome for over an hour, the oldest of run {oldest}."
        remedy = f"`backline runs show {oldest}`, look there, then `backline runs outcome`."
        return Check("calls", "warning", says, remedy)
    return Check("calls", "ok", "No call to the outside world is without an outcome for over an hour.")


def check_schedules(database: Database) -> Check:
    """Schedules of tasks, or versions of them, that this code does not know."""
    with database.read() as connection:
        counts = count_unknown(connection, {})
        try:
            tasks = find_tasks() if counts else {}  # importing them takes a moment
        except BrokenMember as error:
            return Check("schedules", "problem", str(error), "Mend that plug-in, or uninstall it.")
        counts = count_unknown(connection, list_versions(tasks))
    if counts:
        says = f"{sum(counts.values())} schedules wait for what this code does not know: {', '.join(counts)}."
        return Check("schedules", "warning", says, "Install that task, or `backline schedule remove` them.")
    return Check("schedules", "ok", "Every schedule's task is known.")
