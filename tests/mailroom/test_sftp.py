"""A folder on a real SFTP server (OpenSSH)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paramiko import SFTPAttributes

from backline.errors import NeedsHuman, TryLater
from backline.mailroom.place import Store
from backline.mailroom.sftp import SftpFolder
from tests.mailroom.conftest import TABLE, Locked, Remembering
from tests.services.programs import free_port

pytestmark = pytest.mark.services
Depot = Callable[..., SftpFolder]


class Refusing:
    """A client whose server gives no file."""

    def __init__(self, number: int) -> None:
        self.number = number

    def open(self, *_: Any) -> Any:
        raise OSError(self.number, "no")


def check() -> None:
    """No lease to lose."""


def test_files_are_fetched_once_and_left_as_they_are(depot: Depot, store: Store, tmp_path: Path) -> None:
    there = tmp_path / "there"
    for name in ("a.csv", "b.CSV", "note.pdf", ".hidden.csv", "half.csv.part"):
        (there / name).write_bytes(TABLE)
    (there / "inner.csv").mkdir()
    (there / "link.csv").symlink_to(there / "a.csv")
    before = sorted((path.name, path.lstat().st_mtime_ns) for path in there.iterdir())
    known = Remembering()
    look = depot().look(known, store, check)
    assert [found.name for found in look.found] == ["a.csv", "b.CSV"]
    assert all(found.path is not None and found.path.read_bytes() == TABLE for found in look.found)
    known.found += look.found
    assert depot().look(known, store, check).found == []
    assert sorted((path.name, path.lstat().st_mtime_ns) for path in there.iterdir()) == before


def test_a_changed_file_is_fetched_anew_and_a_touched_one_is_not(
    depot: Depot, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "there" / "a.csv"
    path.write_bytes(TABLE)
    known = Remembering(depot().look(Remembering(), store, check).found)
    os.utime(path, (1, 1))
    (touched,) = depot().look(known, store, check).found
    assert touched.outcome == "seen"
    path.write_bytes(TABLE + b"2026-08-02,Ann,6\n")
    (changed,) = depot().look(known, store, check).found
    assert changed.outcome == "stored"


def test_the_oldest_comes_first_and_stays_as_old(depot: Depot, store: Store, tmp_path: Path) -> None:
    for name, moment in (("a.csv", 3), ("b.csv", 1), ("c.csv", 2)):
        (tmp_path / "there" / name).write_bytes(TABLE + name.encode())
        os.utime(tmp_path / "there" / name, (moment, moment))
    found = depot().look(Remembering(), store, check).found
    told = [(one.name, one.path.stat().st_mtime) for one in found if one.path is not None]
    assert told == [("b.csv", 1), ("c.csv", 2), ("a.csv", 3)]


def test_what_is_too_large_is_refused(depot: Depot, store: Store, tmp_path: Path) -> None:
    (tmp_path / "there" / "a.csv").write_bytes(b"x" * 1000)
    (found,) = depot(max_bytes=999).look(Remembering(), store, check).found
    assert (found.outcome, found.size) == ("refused", 1000)
    assert not store.folder.exists()


def test_the_host_key_is_pinned_by_fingerprint_or_as_a_whole(depot: Depot, store: Store) -> None:
    with pytest.raises(NeedsHuman, match="not the pinned one") as caught:
        depot(host_key="SHA256:" + "A" * 43).look(Remembering(), store, check)
    mark = caught.value.message.partition("shows the key ")[2].partition(",")[0]
    assert mark.startswith("SHA256:")
    assert depot(host_key=mark).look(Remembering(), store, check).found == []
    with pytest.raises(NeedsHuman, match="not the pinned one"):
        depot(host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA").look(Remembering(), store, check)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folder": "/nowhere/at/all"}, "cannot be listed"),
        ({"key_file": "/nowhere/key"}, "cannot be read"),
        ({"key_file": "", "password": lambda: "guess-me"}, "does not let"),
        ({"key_file": ""}, "neither a key nor a password"),
    ],
)
def test_what_only_a_person_can_mend(depot: Depot, store: Store, options: dict[str, Any], words: str) -> None:
    with pytest.raises(NeedsHuman, match=words) as caught:
        depot(**options).look(Remembering(), store, check)
    assert caught.value.remedy and "guess-me" not in str(caught.value)


def test_a_folder_at_home_that_cannot_be_written_is_no_fault_of_the_file(
    depot: Depot, tmp_path: Path
) -> None:
    (tmp_path / "there" / "a.csv").write_bytes(TABLE)
    with pytest.raises(PermissionError):
        depot().look(Remembering(), Locked(tmp_path), check)


def test_a_file_that_is_not_ours_to_read_is_refused_and_one_that_is_gone_left_out(store: Store) -> None:
    place = SftpFolder("depot", "127.0.0.1", 1, "u", "SHA256:")
    entry = SFTPAttributes()
    entry.filename, entry.st_size, entry.st_mtime = "a.csv", 5, 1
    for number, reason in ((errno.EACCES, "The file cannot be read."), (errno.ENOENT, None)):
        found = place._take(Refusing(number), entry, Remembering(), store, check)
        assert (found and found.reason) == reason


def test_a_server_that_is_away_is_asked_later(depot: Depot, store: Store) -> None:
    place = depot()
    away = SftpFolder(**{name: getattr(place, name) for name in place.__slots__} | {"port": free_port()})
    with pytest.raises(TryLater, match="cannot be read now"):
        away.look(Remembering(), store, check)
