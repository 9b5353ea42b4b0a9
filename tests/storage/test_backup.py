"""A backup is one moment of the database, whatever goes on meanwhile, and has its name only when it is whole."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import text

from backline.disk import PART
from backline.errors import BadInput, NeedsHuman
from backline.runtime.effects import Effects
from backline.storage.backup import name_backup
from backline.storage.backup_archive import Archive
from backline.storage.database import Database
from tests.runtime.stage import Done, Stage, Word, declare
from tests.storage.backups import back_up, count, fill, put_back, read_everything
from tests.storage.chains import check, tell

KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Self
from backline.storage import backup_archive
from backline.storage.backup import write_backup
from backline.storage.database import Database

class Killed(backup_archive.ArchiveWriter):
    def add_rows(self, table, columns, blocks):
        super().add_rows(table, columns, blocks)
        if table == "backline_run":
            print("half", flush=True)
            signal.pause()

import backline.storage.backup as backup
backup.ArchiveWriter = Killed
write_backup(Database(sys.argv[1]), Path(sys.argv[2]), code_version="1")
"""


def test_it_tells_what_it_holds(database: Database, tmp_path: Path) -> None:
    fill(database)
    path = tmp_path / "b.zip"
    made = back_up(database, path, files={"notes.txt": b"kept"})
    archive = Archive(path)
    archive.verify()
    assert archive.manifest == made
    assert (made.database, made.code_version, made.keys) == (database.dialect, "1.0+a", False)
    assert made.head is not None
    assert (made.head["epoch"], made.head["seq"], made.head["rows"]) == (1, 2, 2)
    assert {part.table: part.rows for part in made.parts}["backline_run"] == 4
    assert made.rows == sum(map(len, read_everything(database).values()))
    assert [part.name for part in made.find_files()] == ["files/notes.txt"]
    assert b"".join(archive.read(made.find_files()[0])) == b"kept"
    assert abs(count(database, f"SELECT {database.now_sql}") - made.made_at) < 60_000_000
    assert name_backup(database).startswith(f"backline-{made.moment:%Y%m%d}")
    archive.close()


def test_only_its_owner_reads_it_and_nothing_is_overwritten(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "new" / "b.zip"
    back_up(database, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["b.zip"]
    with pytest.raises(BadInput, match="exists already"):
        back_up(database, path)


def test_an_error_on_the_way_leaves_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        back_up(database, tmp_path / "b.zip", files={"gone": tmp_path / "gone"})
    assert not list(tmp_path.glob("*b.zip*"))


def test_an_empty_database_has_nothing_to_back_up(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(BadInput, match="nothing to back up"):
        back_up(database, tmp_path / "b.zip")
    database.close()


def test_tables_of_others_are_named_and_left_out(database: Database, tmp_path: Path) -> None:
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.write() as connection:
        connection.execute(text("CREATE TABLE band (name TEXT)"))
    owner.close()
    assert back_up(database, tmp_path / "b.zip").left_out == ("band",)


def test_damaged_pages_are_not_backed_up(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "b.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    tell(database, *("x" * 3000 for _ in range(50)))
    database.close()
    with path.open("r+b") as file:
        file.seek(-4096, os.SEEK_END)
        file.write(b"\xff" * 4096)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(NeedsHuman, match="damaged"):
        back_up(database, tmp_path / "b.zip")
    database.close()


def test_kill_9_in_the_middle_leaves_no_file_of_that_name(database: Database, tmp_path: Path) -> None:
    fill(database)
    path = tmp_path / "b.zip"
    url = database.url.render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=30)
    child.stdout.close()
    assert not path.exists()
    (half,) = tmp_path.glob(f".*{PART}")
    assert not zipfile.is_zipfile(half)
    back_up(database, path)


def write_mapping(job: Word, database: Database, effects: Effects) -> Done:
    """A task whose effect can be counted in a table that backups hold."""
    statement = text(f"INSERT INTO backline_mapping VALUES (:word, 'x', {database.now_sql}, 'probe')")
    effects.add(lambda connection: connection.execute(statement, {"word": job.word}) and None)
    return Done(word=job.word)


class Worker:
    """Asks for runs and carries them, one after the other, in a thread, until it is told to stop."""

    def __init__(self, database: Database) -> None:
        self.made = 0
        self._task = declare(short=True)(write_mapping)
        self._stage, self._stop = Stage(database, self._task), threading.Event()
        self.thread = threading.Thread(target=self._carry)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.thread.join(timeout=60)

    def _carry(self) -> None:
        while not self._stop.is_set():
            self._stage.submit(self._task, f"w{self.made}")
            self._stage.run()
            self.made += 1


def test_under_load_every_run_has_its_effect_and_its_audit_row(database: Database, tmp_path: Path) -> None:
    """A worker writes an effect, its state and audit rows in one commit: the copy holds all of these or none."""
    paths = [tmp_path / f"{number}.zip" for number in range(4)]
    with Worker(database) as worker:
        for path in paths:
            before = worker.made
            while worker.made < before + 5:
                assert worker.thread.is_alive()
                worker.thread.join(0.01)
            back_up(database, path)
    ends = [count_done(path) for path in (paths[0], paths[-1])]
    assert 0 < ends[0] < ends[1] <= worker.made


def count_done(path: Path) -> int:
    """How many runs of a backup have succeeded, each with everything that was committed with it."""
    put_back(path, f"sqlite:///{path}.db")
    copy = Database(f"sqlite:///{path}.db")
    done = count(copy, "SELECT count(*) FROM backline_run WHERE state = 'succeeded'")
    for query in (
        "SELECT count(*) FROM backline_mapping",
        "SELECT count(*) FROM backline_attempt WHERE outcome = 'succeeded'",
        "SELECT count(*) FROM backline_audit WHERE action = 'run.succeeded'",
    ):
        assert count(copy, query) == done, query
    assert [finding for finding in check(copy) if finding.fault] == []
    copy.close()
    return done
