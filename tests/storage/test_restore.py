"""A backup comes back into either database: whole, checked, told to the audit, and stale for whoever worked before."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.errors import BadInput, NotAllowed
from backline.storage.backup_archive import ArchiveWriter, Manifest
from backline.storage.backup_rows import Columns
from backline.storage.database import Database
from backline.storage.restore_past import JUMP
from backline.storage.runs import read_run
from backline.storage.upgrade import NewerSchema, find_head, read_revision, upgrade_database
from tests.storage.backups import back_up, count, fill, put_back, read_everything, shift_schema
from tests.storage.chains import check, read_points, seal, tell
from tests.storage.rows import make_run

MOMENT = 1_790_000_000_000_000
MakeUrl = Callable[[str], str]
KILLED = """
import signal, sys
from pathlib import Path
import backline.storage.restore as restore
from backline.storage.backup_archive import Archive
from backline.storage.restore_past import Return

def stay(connection, back):
    print("half", flush=True)
    signal.pause()

restore.come_back = stay
archive = Archive(Path(sys.argv[1]))
restore.restore(archive, sys.argv[2], lambda epoch: Return(archive.manifest, "b.zip", "ann"), force=True)
"""


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.services])])
def target(request: pytest.FixtureRequest, make_database_url: MakeUrl) -> str:
    """The URL of an empty, upgraded database."""
    return make_database_url(request.param)


def test_it_comes_back_from_either_database_into_either(
    database: Database, target: str, tmp_path: Path
) -> None:
    running = fill(database)
    before, points = read_everything(database), read_points(database)
    made = back_up(database, tmp_path / "b.zip")
    done = put_back(tmp_path / "b.zip", target)
    assert (done.rows, done.aside, done.arrival.epoch, done.arrival.queued) == (made.rows, None, 2, 1)
    copy = Database(target, writer_role=None if "sqlite" in target else "backline_writer")
    after = read_everything(copy)
    moved = {"backline_run", "backline_attempt", "backline_audit", "backline_seal", "backline_seal_epoch"}
    assert {name: rows for name, rows in after.items() if name not in moved} == {
        name: rows for name, rows in before.items() if name not in moved
    }
    assert set(before["backline_audit"]) <= set(after["backline_audit"])
    with copy.read() as connection:
        row = read_run(connection, running)
    assert (row.state, row.fence, row.attempt, row.lease_until) == ("queued", 9 + JUMP, 1, None)
    assert (
        count(copy, "SELECT count(*) FROM backline_attempt WHERE error_kind = 'restored' AND fence = 9") == 1
    )
    assert count(copy, "SELECT count(*) FROM backline_run WHERE state = 'succeeded' AND fence = 0") == 1
    assert (
        count(copy, f"SELECT count(*) FROM backline_run WHERE state = 'queued' AND ring_at <= {copy.now_sql}")
        == 2
    )
    # The chain holds, stands on the old head, and takes the next rows; so do the counters.
    tell(copy, "afterwards")
    assert seal(copy) == 1
    assert check(copy, points, late=True) == []
    assert count(copy, "SELECT max(epoch) FROM backline_seal") == 2
    if not copy.is_sqlite:
        assert count(copy, "SELECT count(*) FROM backline_audit WHERE xid IS NULL") == 0
    copy.close()


def test_a_filled_database_is_refused_and_with_force_kept(database: Database, tmp_path: Path) -> None:
    make_run(database, task="probe.first")
    back_up(database, tmp_path / "b.zip")
    make_run(database, task="probe.later")
    everything = read_everything(database)
    database.close()
    with pytest.raises(NotAllowed, match="holds something"):
        put_back(tmp_path / "b.zip", url_of(database))
    assert read_everything(database) == everything
    database.close()
    done = put_back(tmp_path / "b.zip", url_of(database), force=True)
    assert done.aside is not None
    assert count(database, "SELECT count(*) FROM backline_run") == 1
    if database.is_sqlite:
        old = Database(f"sqlite:///{done.aside}")
        assert read_everything(old) == everything
        old.close()
        names = sorted(
            path.name.removeprefix(Path(database.url.database or "").name)
            for path in Path(done.aside).parent.glob("*.db*")
        )
        assert [name for name in names if name.endswith(("-journal", ".part"))] == []
    else:
        place = done.aside.removeprefix("schema ")
        owner = Database(url_of(database))
        assert count(owner, f"SELECT count(*) FROM {place}.backline_run") == 2
        for table in (f"{place}.backline_seal_epoch", "backline_seal_epoch"):  # guarded here and there
            with pytest.raises(Exception, match="never changed"), owner.write() as connection:
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM {table} WHERE false"))
                connection.execute(text(f"TRUNCATE {table}"))
        owner.close()


def test_an_older_schema_is_upgraded_and_a_newer_one_refused(tmp_path: Path, target: str) -> None:
    old = Database(f"sqlite:///{tmp_path}/old.db")
    upgrade_database(old, "0001")
    columns = ("id", "task", "queue", "job", "job_sha", "trace_id", "asked_by")
    values = f"'{'a' * 36}', 't', 'q', '{{}}', 's', 't', 'ann', 1, 5, 'scheduled', 5, 5"
    with old.write() as connection:
        names = f"{', '.join(columns)}, version, priority, state, due_at, created_at"
        connection.execute(text(f"INSERT INTO backline_run ({names}) VALUES ({values})"))
    made = back_up(old, tmp_path / "old.zip")
    assert (made.schema, made.head) == ("0001", None)
    put_back(tmp_path / "old.zip", target)
    copy = Database(target)
    assert read_revision(copy) == find_head()
    with copy.read() as connection:
        assert read_run(connection, "a" * 36).state == "scheduled"
    copy.close()
    shift_schema(old, "9999")
    back_up(old, tmp_path / "new.zip")
    with pytest.raises(NewerSchema, match="9999"):
        put_back(tmp_path / "new.zip", target, force=True)
    old.close()


def test_a_damaged_archive_is_refused_before_anything_is_written(database: Database, tmp_path: Path) -> None:
    fill(database)
    path = tmp_path / "b.zip"
    back_up(database, path)
    before = read_everything(database)
    database.close()
    whole = path.read_bytes()
    place = whole.index(b"tables/backline_seal.copy") + 60
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(BadInput, match=r"tables/backline_seal\.copy"):
        put_back(path, url_of(database), force=True)
    assert read_everything(database) == before


def test_kill_9_in_the_middle_leaves_the_old_database(database: Database, tmp_path: Path) -> None:
    fill(database)
    back_up(database, tmp_path / "b.zip")
    before = read_everything(database)
    database.close()
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "b.zip"), url_of(database)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=30)
    child.stdout.close()
    assert read_everything(database) == before
    make_run(database)
    database.close()
    put_back(tmp_path / "b.zip", url_of(database), force=True)
    assert count(database, "SELECT count(*) FROM backline_run") == 4


@pytest.mark.parametrize(
    ("table", "columns", "line", "words"),
    [
        ("backline_nothing", (("id", "int"),), b"1\n", "has no backline_nothing"),
        ("backline_step", (('a") VALUES (1); --', "int"),), b"1\n", "has no backline_step.a"),
        ("backline_step", (("made_at", "text"),), b"1\n", "has no backline_step.made_at as it is told"),
        ("backline_dirty_day", (("artist_no", "int"), ("day", "int")), b"1\t2\n", "cannot be written"),
        ("backline_dirty_day", (("artist_no", "int"), ("day", "int")), b"1\n", "cannot be written"),
        ("backline_dirty_day", (("artist_no", "int"), ("day", "int")), b"1\tx\n", "cannot be written"),
    ],
)
def test_an_archive_that_does_not_fit_its_schema(
    target: str, tmp_path: Path, table: str, columns: Columns, line: bytes, words: str
) -> None:
    path = tmp_path / "b.zip"
    with path.open("wb") as file:
        writer = ArchiveWriter(file, MOMENT)
        writer.add_rows(table, columns, [line])
        writer.finish(Manifest(find_head(), "1", MOMENT, "sqlite", None, parts=tuple(writer.parts)))
    with pytest.raises(BadInput) as caught:
        put_back(path, target)
    assert words in str(caught.value)
    database = Database(target)
    assert count(database, "SELECT count(*) FROM backline_audit") == 0
    database.close()
