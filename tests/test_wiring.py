"""Settings in, ready objects out."""

from __future__ import annotations

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import backline
from backline.errors import NeedsHuman, UnknownName
from backline.mailroom.mailbox import Mailbox
from backline.mailroom.sftp import SftpFolder
from backline.runtime.context import RunContext
from backline.runtime.limits import Limiter
from backline.runtime.schedule import add_schedule
from backline.runtime.submit import Ask
from backline.runtime.task import BadTask, Task
from backline.settings import load_settings
from backline.storage.database import Database
from backline.storage.upgrade import find_head, read_revision
from backline.wiring import (
    House,
    SilentBells,
    find_passwords,
    find_tasks,
    make_lazy,
    make_mailroom,
    make_providers,
    name_worker,
    read_code_version,
)
from tests.celery_apps import make_settings, say
from tests.runtime.stage import FakeBroker, Word, declare
from tests.storage.catalogue_stage import CatalogueStage, release, track
from tests.storage.rows import make_run

TASKS = {name: declare(name)(say) for name in ("probe.work", "probe.more", "other.more")}


def test_a_house_upgrades_its_database_unless_told_otherwise(tmp_path: Path) -> None:
    house = House(make_settings(tmp_path), TASKS)
    assert read_revision(house.database) == find_head()
    assert house.database is house.database
    house.close()
    own = make_settings(tmp_path / "other")
    own = own.model_copy(update={"database": own.database.model_copy(update={"upgrade_at_start": False})})
    house = House(own, TASKS)
    assert read_revision(house.database) is None
    house.close()
    House(own, TASKS).close()  # nothing was opened


def test_every_process_lets_expired_content_leave(tmp_path: Path) -> None:
    house = House(make_settings(tmp_path), TASKS)
    stage = CatalogueStage(house.database)
    stage.look(
        release("Dawn", track("One")), keep_until=1
    )  # what is seen leaves with the look, and no sooner
    assert stage.count("entry") == 0
    stage.look(release("Dawn", track("One")))
    with house.database.write() as connection:
        connection.execute(text("UPDATE backline_entry SET expires_at = 1"))
    for chore in house.redriver._chores:
        chore()
    assert stage.count("entry") == 0
    house.close()


def test_a_submitted_run_is_rung_for_when_it_is_due(tmp_path: Path) -> None:
    bells = FakeBroker()
    house = House(make_settings(tmp_path), TASKS, bells)
    task = house.find_task("probe.work")
    house.submit(task, Word(), Ask("ann"))
    house.submit(task, Word(), Ask("ann", delay=5))
    assert bells.rung == ["probe"]
    assert house.runtime.worker == name_worker("here") and dict(house.runtime.tasks) == TASKS
    assert house.runtime.lease_seconds == house.settings.runtime.lease_seconds
    assert house.redriver.sweep().rung == 0 and house.scheduler.fire_due() == 0
    house.close()


def test_a_name_that_several_tasks_bear_is_told_with_all_of_them(tmp_path: Path) -> None:
    tasks = {name: declare(name)(say) for name in ("probe.work", "other.work")}
    with pytest.raises(UnknownName, match=r"probe\.work, other\.work"):
        House(make_settings(tmp_path), tasks).find_task("work")


def test_a_task_is_found_by_its_name_or_the_end_of_it(tmp_path: Path) -> None:
    house = House(make_settings(tmp_path), TASKS)
    assert house.find_task("probe.work") is house.find_task("work") is TASKS["probe.work"]
    for name in ("more", "none", "robe.work", ""):
        with pytest.raises(UnknownName):
            house.find_task(name)


def test_silent_bells_are_content() -> None:
    assert SilentBells().ring("x") is True and SilentBells().count_waiting("x") == 0


@pytest.mark.parametrize(
    ("database", "broker", "found"),
    [
        ("postgresql://joe:p%40ss@h/d", "redis://:redispw@h:6379/0", {"p%40ss", "p@ss", "redispw"}),
        ("postgresql://joe@h/d", "amqp://guest:guest1@h//", {"guest1"}),
        ("", "", set()),
    ],
)
def test_passwords_of_urls_are_known_as_secrets(
    tmp_path: Path, database: str, broker: str, found: set[str]
) -> None:
    settings = make_settings(tmp_path, broker, database)
    assert set(find_passwords(settings)) == found
    for word in found:
        assert word not in House(settings, {}).secrets.strike(f"refused: {word}!")


def test_the_house_is_made_once_per_process() -> None:
    made: list[int] = []

    def make() -> House:
        made.append(os.getpid())
        return House(make_settings(Path("/none")), {})

    get = make_lazy(make)
    assert get() is get() and made == [os.getpid()]
    child = os.fork()
    if child == 0:
        code = 1
        try:
            get()
            code = 0 if made == [os.getppid(), os.getpid()] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_names_and_versions() -> None:
    assert re.fullmatch(rf"[^/]+/node/{os.getpid()}", name_worker("node"))
    assert re.fullmatch(rf"{re.escape(backline.__version__)}\+[0-9a-f]{{8}}", read_code_version())
    assert read_code_version() is read_code_version()


def test_every_task_of_the_house_gets_what_it_needs(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    tasks = find_tasks()
    assert list(tasks) == sorted(tasks) and all(isinstance(task, Task) for task in tasks.values())
    house = House(settings, tasks)
    assert dict(house.runtime.tasks) == tasks
    assert Database in make_providers(settings, house.database)
    house.close()


def test_a_task_that_is_enlisted_late_is_known_to_all(tmp_path: Path) -> None:
    tasks: dict[str, Task[Any, Any]] = {}
    house = House(make_settings(tmp_path), tasks, built_in={"probe.more": TASKS["probe.more"]})
    redriver, scheduler, runtime = house.redriver, house.scheduler, house.runtime
    task = tasks["probe.work"] = TASKS["probe.work"]
    blocked = [
        make_run(house.database, task=name, state="blocked", error_kind="unknown_task", ring_at=0)
        for name in ("probe.work", "probe.more")
    ]
    with house.database.write() as connection:
        add_schedule(
            connection,
            house.database,
            task,
            Word(word="a"),
            cron="* * * * *",
            zone="UTC",
            catch_up="last",
            who="ann",
        )
        connection.execute(text("UPDATE backline_schedule SET next_slot = next_slot - 60000000"))
    assert redriver.sweep().unblocked == len(blocked)
    assert scheduler.fire_due() == 1
    assert runtime.tasks["probe.work"] is task
    house.close()


def test_two_tasks_of_one_name_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "doubled-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubled\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[backline.tasks]\none = doubled_one\ntwo = doubled_two\n")
    text = "from tests.celery_apps import say\nfrom tests.runtime.stage import declare\nwork = declare('doubled.work'{})(say)\n"
    (tmp_path / "doubled_one.py").write_text(text.format(""))
    (tmp_path / "doubled_two.py").write_text("from doubled_one import work as again\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "doubled.work" in find_tasks()  # the same task under two names is one task
    (tmp_path / "doubled_two.py").write_text(text.format(", priority=3"))
    for name in ("doubled_one", "doubled_two"):
        sys.modules.pop(name)
    importlib.invalidate_caches()
    with pytest.raises(BadTask, match=r"Two tasks are named doubled\.work"):
        find_tasks()
    for name in ("doubled_one", "doubled_two"):
        sys.modules.pop(name)


def test_a_run_that_somebody_waits_for_gets_a_limiter_that_knows(tmp_path: Path) -> None:
    house = House(make_settings(tmp_path), TASKS)
    make = house.runtime.providers[Limiter]
    told = [make(RunContext(None, None, None, priority))._interactive for priority in (0, 5)]  # type: ignore[arg-type]  # only the priority is read
    assert told == [True, False]
    house.close()


def test_places_are_made_of_the_settings_and_secrets_are_looked_for_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.toml").write_text(
        '[[mailbox]]\nname = "label"\nhost = "h"\nuser = "u"\npassword = "env:LABEL_WORD"\nmax_file_mb = 1\n'
        f'[[sftp]]\nname = "depot"\nhost = "h"\nuser = "u"\nhost_key = "SHA256:{"a" * 43}"\n'
        f'password = "file:{tmp_path / "word"}"\n'
    )
    options = {"BACKLINE_STATE": str(tmp_path / "state"), "BACKLINE_CONFIG": str(tmp_path / "own.toml")}
    house = House(load_settings(options).settings, {})
    room = make_mailroom(house.settings, house.find_secret)
    box, depot = room.choose([])
    assert isinstance(box, Mailbox) and isinstance(depot, SftpFolder)
    assert (box.max_bytes, depot.passphrase, room.folder) == (1 << 20, None, tmp_path / "state" / "fetched")
    with pytest.raises(NeedsHuman, match="env:LABEL_WORD"):
        box.password()
    monkeypatch.setenv("LABEL_WORD", "open-sesame")
    (tmp_path / "word").write_text("file-word\n")
    (tmp_path / "word").chmod(0o640)
    with pytest.raises(NeedsHuman, match=r"may be read by others \(mode 0640\)\. chmod 600"):
        house.find_secret(f"file:{tmp_path / 'word'}")
    (tmp_path / "word").chmod(0o600)
    assert box.password() == "open-sesame" and depot.password is not None and depot.password() == "file-word"
    assert "open-sesame" not in house.secrets.strike(
        "say open-sesame"
    ) and "file-word" not in house.secrets.strike("file-word")
    with pytest.raises(NeedsHuman, match="vault:nothing"):
        house.find_secret("vault:nothing")
    house.close()
