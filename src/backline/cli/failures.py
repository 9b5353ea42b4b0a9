"""An error in; an exit code, a message and a remedy out. Loaded only when something went wrong."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage

from sqlalchemy.exc import DBAPIError

from backline import errors
from backline.cli import exits
from backline.runtime.audit import Secrets
from backline.runtime.retry import is_passing, is_without_room
from backline.settings import load_settings
from backline.web.readiness import RESTORE, is_corrupt
from backline.wiring import find_passwords

_LITTLE = 1 << 16  # bytes
_SCHEMA_WORDS = ("no such table", "no such column", "does not exist")
_MAKE_WAY = "Give this user the right to it, make room, or choose another place."
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FOLDER_TROUBLE = {
    errno.EACCES: _MAKE_WAY,
    errno.EPERM: _MAKE_WAY,
    errno.EROFS: _MAKE_WAY,
    errno.ENOSPC: _MAKE_WAY,
    errno.EDQUOT: _MAKE_WAY,
    errno.ENOTDIR: _MAKE_WAY,
    errno.ENOENT: "Look at the spelling of the path.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EEXIST: "Choose another name; nothing is overwritten.",
}


@dataclass(frozen=True)
class Failure:
    """What to tell: the code to end with, one sentence, and what to do about it."""

    code: int
    message: str
    remedy: str | None = None


def explain_error(error: BaseException) -> Failure:
    """The failure that an error amounts to. An error nobody foresaw is a bug: its details go to a file."""
    if isinstance(error, errors.BacklineError):
        return Failure(_choose_code(error), error.message, error.remedy)
    if isinstance(error, DBAPIError):
        return _explain_database(error)
    if _is_broker_away(error):
        words = f"The broker cannot be reached: {_first_line(error)}"
        return Failure(exits.UNREACHABLE, words, "`backline doctor` says what is in the way.")
    if isinstance(error, OSError) and error.errno in _FOLDER_TROUBLE and error.filename:
        words = f"{error.filename}: {error.strerror}."
        return Failure(exits.NEEDS_PERSON, words, _FOLDER_TROUBLE[error.errno])
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Failure(exits.NEEDS_PERSON, f"It cannot be written: {error.strerror}.", "Make room.")
    if is_passing(error):
        return Failure(
            exits.UNREACHABLE, f"Not reachable: {_first_line(error)}", "`backline doctor` says more."
        )
    return _explain_bug(error)


def _choose_code(error: errors.BacklineError) -> int:
    if isinstance(error, errors.BadInput):
        return exits.BAD_INPUT
    if isinstance(error, errors.NotAllowed):
        return exits.NOT_ALLOWED
    if isinstance(error, errors.TryLater | ConnectionError):
        return exits.UNREACHABLE
    return exits.NEEDS_PERSON


def _explain_database(error: DBAPIError) -> Failure:
    words = _strike(_first_line(error.orig or error))
    if any(part in words for part in _SCHEMA_WORDS) and "role" not in words and "database" not in words:
        message = f"The database has another schema than this code: {words}"
        return Failure(exits.NEEDS_PERSON, message, "Run `backline db upgrade`.")
    if _has_no_room(error, words):
        message = f"The disk of the database is full: {words}."
        return Failure(exits.NEEDS_PERSON, message, "Make room, then try again; nothing was half written.")
    if is_corrupt(error):
        return Failure(exits.NEEDS_PERSON, f"The database cannot be used: {words}.", RESTORE)
    if is_passing(error) or type(error).__name__ in ("OperationalError", "InterfaceError"):
        message = f"The database cannot be used: {words}"
        return Failure(exits.UNREACHABLE, message, "`backline doctor` says what is in the way.")
    return _explain_bug(error)


def _has_no_room(error: DBAPIError, words: str) -> bool:
    """SQLite that cannot enlarge its shared memory on a full disk speaks of an I/O error only."""
    if is_without_room(error):
        return True
    try:
        return "disk I/O error" in words and disk_usage(load_settings().settings.state).free < _LITTLE
    except (OSError, errors.BacklineError):
        return False


def _is_broker_away(error: BaseException) -> bool:
    for kind in type(error).__mro__:
        home = kind.__module__.partition(".")[0]
        if home in ("kombu", "redis", "amqp") and kind.__name__ in ("OperationalError", "ConnectionError"):
            return True
    return False


def _explain_bug(error: BaseException) -> Failure:
    summary = _strike(f"{type(error).__name__}: {_first_line(error)}")
    place = _keep_details(error)
    remedy = (
        f"The details are in {place}." if place else "Run it again with `backline --trace …` for the details."
    )
    return Failure(exits.BUG, f"This is a bug in Backline. {summary}", remedy)


def _keep_details(error: BaseException) -> Path | None:
    """Append the stack trace, secrets struck out, to errors.log in the state folder; None if it fails."""
    text = _strike("".join(traceback.format_exception(error)))
    try:
        place = load_settings().settings.state / "errors.log"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now(UTC).isoformat()}\n{text}\n")
    except (OSError, errors.BacklineError):
        return None
    return place


def _strike(text: str) -> str:
    try:
        known = find_passwords(load_settings().settings)
    except errors.BacklineError:
        known = []
    return Secrets(known).strike(text)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
