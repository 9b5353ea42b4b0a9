"""A new SQLite file in the place of an old one, which keeps a name of its own.

At every moment the database's name leads to a whole file: the old one until the new one, filled and on the
disk, takes the name in one step. The old file is held alone meanwhile: a process that had it open would go
on writing into what is kept aside.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from backline.disk import name_draft, sync_folder
from backline.errors import BadInput, NeedsHuman, NotAllowed
from backline.storage.database import WRITES, Database
from backline.storage.restore_aside import FORCE, Kept, read_closed

BEFORE = ".before-"  # behind the name of a file that gave way
PATIENCE = 2.0  # seconds for a process that is just about to end
_MAGIC = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")


def list_twins(path: Path) -> list[Path]:
    """Names that a restore, killed before its swap, gave the file that is still in its place."""
    kept = path.parent.glob(f"{glob.escape(path.name)}{BEFORE}*")
    return sorted(one for one in kept if path.exists() and one.samefile(path))


def fill_new_file(target: Database, fill: Callable[[Connection, Kept], None], *, force: bool) -> None:
    """Let `fill` write into a new file, then put it in the place of the target's.

    Raises `NotAllowed` where the old one holds something and there is no `force`, or where others have it open.
    """
    path = Path(target.url.database or "").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = name_draft(path)
    with _hold_alone(path) as old:
        aside = None
        if old.is_filled:
            if not force:
                raise NotAllowed(f"{path} holds something already.", remedy=FORCE)
            aside = _name_aside(path)
        try:
            kept = Kept(None if aside is None else str(aside), old.epoch, **old.closed)
            _fill(hidden, fill, kept)
            if path.exists():
                hidden.chmod(path.stat().st_mode & 0o777)
            _swap(hidden, path, aside)
        except BaseException:
            for name in (hidden, *(Path(f"{hidden}{end}") for end in _BESIDE)):
                name.unlink(missing_ok=True)
            raise


class _Old:
    """What the file at the target's name holds."""

    def __init__(
        self,
        *,
        is_filled: bool = False,
        epoch: int = 0,
        closed: Mapping[str, frozenset[str] | None] | None = None,
    ) -> None:
        self.is_filled = is_filled
        self.epoch = epoch
        self.closed = closed or {}


@contextlib.contextmanager
def _hold_alone(path: Path) -> Iterator[_Old]:
    """Nobody else has the file open until the end. One that is no database any more is nobody's."""
    if not path.exists():
        yield _Old()
        return
    if not _is_database(path):  # SQLite would take what stands beside it away
        yield _Old(is_filled=True)
        return
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    connection.text_factory = _read_text
    try:
        yield _look(connection, path)
    finally:
        connection.close()


def _read_text(stored: bytes) -> str:
    """Text of an old file may be broken; that is no reason to keep it in its place."""
    return stored.decode("utf-8", "surrogateescape")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) in (b"", _MAGIC)


def _look(connection: sqlite3.Connection, path: Path) -> _Old:
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        # Only the last one who has it open may leave the write-ahead log, which is written into the file by that.
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        # Who holds a file alone empties its journal and leaves it; beside the kept file nobody would remove it.
        Path(f"{path}-journal").unlink(missing_ok=True)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        ours = [name for name in names if name != "backline_schema"]
        filled = any(connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for name in ours)
        epoch = 0
        if "backline_seal_epoch" in ours:
            epoch = connection.execute("SELECT coalesce(max(epoch), 0) FROM backline_seal_epoch").fetchone()[
                0
            ]
        closed = read_closed(ours, lambda query: (row[0] for row in connection.execute(query)))
        return _Old(is_filled=filled, epoch=int(epoch), closed=closed)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise NotAllowed(
            f"Other processes have {path} open.", remedy="Stop every process of Backline, then restore."
        ) from error
    except sqlite3.DatabaseError:  # malformed: all the more is it kept
        return _Old(is_filled=True)


def _fill(hidden: Path, fill: Callable[[Connection, Kept], None], kept: Kept) -> None:
    database = Database(f"sqlite:///{hidden}")
    try:
        with database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            # The file is thrown away where this fails, so that it needs no journal; it is synced at the end.
            driver.execute("PRAGMA journal_mode=OFF")
            driver.execute("PRAGMA synchronous=OFF")
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                fill(connection, kept)
            found = driver.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise NeedsHuman(f"The restored file is damaged: {found}.", remedy="Look at the disk.")
    finally:
        database.close()
    with hidden.open("rb") as file:
        os.fsync(file.fileno())


def _name_aside(path: Path) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    names = (
        path.with_name(f"{path.name}{BEFORE}{moment}{more}")
        for more in ("", *map("-{}".format, range(2, 99)))
    )
    free = next((name for name in names if not name.exists()), None)
    if free is None:
        raise BadInput(f"{path} was restored too often within a second.")
    return free


def _swap(hidden: Path, path: Path, aside: Path | None) -> None:
    if aside is not None:
        try:
            aside.hardlink_to(path)
        except OSError:  # a file system without links
            shutil.copy2(path, aside)
    for end in _BESIDE:  # of a file that is no database any more; they must not stand beside the new one
        beside = Path(f"{path}{end}")
        if beside.exists() and aside is not None:
            beside.rename(f"{aside}{end}")
    hidden.replace(path)
    sync_folder(path.parent)
