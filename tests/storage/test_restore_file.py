"""A new SQLite file takes the name of the old one, which is held alone meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from backline.errors import BadInput, NotAllowed
from backline.storage.database import Database
from backline.storage.restore_aside import Kept
from backline.storage.restore_file import fill_new_file, list_twins
from tests.storage.backups import back_up, count, put_back
from tests.storage.rows import make_run

MakeUrl = Callable[[str], str]


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def test_who_has_the_file_open_is_waited_for_in_vain(tmp_path: Path, make_database_url: MakeUrl) -> None:
    database = Database(make_database_url("sqlite"))
    make_run(database)
    back_up(database, tmp_path / "b.zip")
    with database.read() as connection:
        connection.execute(text("SELECT count(*) FROM backline_run"))
        with pytest.raises(NotAllowed, match=r"have .* open"):
            put_back(tmp_path / "b.zip", url_of(database), force=True)
    database.close()
    put_back(tmp_path / "b.zip", url_of(database), force=True)


def test_the_kept_file_stands_alone(tmp_path: Path, make_database_url: MakeUrl) -> None:
    database = Database(make_database_url("sqlite"))
    make_run(database)
    back_up(database, tmp_path / "b.zip")
    database.close()
    done = put_back(tmp_path / "b.zip", url_of(database), force=True)
    kept = Path(done.aside or "")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"b.zip", kept.name, Path(database.url.database or "").name}
    old = Database(f"sqlite:///{kept}")
    assert count(old, "SELECT count(*) FROM backline_run") == 1
    old.close()


def test_a_broken_text_in_the_old_file_stops_nothing(tmp_path: Path, make_database_url: MakeUrl) -> None:
    database = Database(make_database_url("sqlite"))
    back_up(database, tmp_path / "b.zip")
    broken = "INSERT INTO backline_user (name, role, created_at, created_by, disabled_at) VALUES (CAST(x'66ff' AS TEXT), 'viewer', 1, 'ann', 2)"
    with database.write() as connection:
        connection.execute(text(broken))
    database.close()
    put_back(tmp_path / "b.zip", url_of(database), force=True)
    assert count(database, "SELECT count(*) FROM backline_user") == 0
    database.close()


def test_what_is_no_database_any_more_is_kept_with_force(tmp_path: Path, make_database_url: MakeUrl) -> None:
    database = Database(make_database_url("sqlite"))
    make_run(database)
    back_up(database, tmp_path / "b.zip")
    database.close()
    path = Path(database.url.database or "")
    for name in (path, Path(f"{path}-wal")):
        name.write_bytes(b"no database " * 999)
    with pytest.raises(NotAllowed):
        put_back(tmp_path / "b.zip", url_of(database))
    done = put_back(tmp_path / "b.zip", url_of(database), force=True)
    assert done.aside is not None
    assert Path(done.aside).read_bytes().startswith(b"no database")
    assert Path(f"{done.aside}-wal").exists()
    assert count(database, "SELECT count(*) FROM backline_run") == 1
    database.close()


def test_a_file_that_cannot_be_filled_leaves_nothing_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/b.db")

    def fail(connection: Connection, kept: Kept) -> None:
        connection.execute(text("CREATE TABLE half (a TEXT)"))
        assert kept == Kept()
        raise BadInput("no more")

    with pytest.raises(BadInput, match="no more"):
        fill_new_file(database, fail, force=True)
    assert list((tmp_path / "new").iterdir()) == []


def test_the_new_file_has_the_rights_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    path.touch(mode=0o640)
    path.chmod(0o640)
    fill_new_file(
        Database(f"sqlite:///{path}"),
        lambda connection, _: connection.execute(text("CREATE TABLE a (b)")),
        force=False,
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["b.db"]


def test_what_a_killed_restore_set_aside_is_told_from_what_gave_way(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    assert list_twins(path) == []
    path.write_text("now")
    (tmp_path / "b.db.before-20260101T000000").write_text("then")
    twin = tmp_path / "b.db.before-20260101T000001"
    twin.hardlink_to(path)
    assert list_twins(path) == [twin]
