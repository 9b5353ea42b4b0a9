"""What a place is that statements are fetched from, and what came out of a look at it.

Nothing at a place is believed: names, sizes and counts are bounded here, and a file is stored under the hash
of its bytes and a name that leads nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, Literal, Protocol

from backline.errors import BadInput

ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".zip", ".json", ".parquet")
MOST_ITEMS: Final = 200  # messages or files of one look; the others come with the next
AWAY_SECONDS: Final = 900.0  # until a server that was away is asked again
LONGEST_NAME: Final = 120  # characters of a stored file's name
_LEADS = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")

Outcome = Literal["stored", "refused", "seen"]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a look came to: an attachment or file, stored or refused; or a message as a whole ("seen").

    `item` is the message's id or the file's path there, `version` what changes when it is another one of that
    name, `content_sha` SHA-256 of the bytes, "" where none were taken.
    """

    item: str
    version: str
    outcome: Outcome
    content_sha: str = ""
    name: str = ""
    size: int = 0
    path: Path | None = None
    reason: str = ""


@dataclass(slots=True)
class Look:
    """What one look at a place came to."""

    found: list[Found] = field(default_factory=list)
    left: int = 0  # messages or files that there was no room for this time


class Known(Protocol):
    """What earlier looks at one place came to."""

    def has_version(self, item: str, version: str) -> bool:
        """Whether this version was looked through."""

    def has_content(self, item: str, content_sha: str) -> bool:
        """Whether these bytes came under this item before."""


class Place(Protocol):
    """Somewhere that statements arrive. `kind` is mailbox or sftp."""

    @property
    def name(self) -> str:
        """Short name, from the settings."""

    @property
    def kind(self) -> str:
        """What it is."""

    def look(self, known: Known, store: Store, checkpoint: Callable[[], None]) -> Look:
        """Fetch what is new. Raises `TryLater` where the server is away, `NeedsHuman` where only a person helps."""


@dataclass(frozen=True)
class Mailroom:
    """The places of the settings, and the folder in which their files are kept. Made in wiring.py."""

    places: Sequence[Place]
    folder: Path

    def choose(self, names: Sequence[str]) -> list[Place]:
        """The named places, or all. Raises `BadInput` where one is unknown, or where there are none."""
        known = {place.name: place for place in self.places}
        if not known:
            raise BadInput(
                "No mailbox and no SFTP folder is set.",
                remedy="Add [[mailbox]] or [[sftp]] to the settings file.",
            )
        unknown = [name for name in names if name not in known]
        if unknown:
            raise BadInput(f"No place {unknown[0]!r}.", remedy=f"There are: {', '.join(known)}.")
        return [known[name] for name in names or known]


class TooLarge(Exception):
    """More bytes came than may."""


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of one place's files: <the hash's first 16 digits>/<name>."""

    folder: Path

    def put(
        self, name: str, chunks: Iterator[bytes], most: int, *, changed: float | None = None
    ) -> tuple[Path, str, int]:
        """Write a file, whole or not at all. Returns its path, SHA-256 and size. Raises `TooLarge`.

        `changed` is when it was changed there, in seconds since 1970 UTC: it orders the import and may tell up to
        which day a report goes. A moment that is yet to come is not believed.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, size = hashlib.sha256(), 0
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".fetching-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if size > most:
                        raise TooLarge
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                if changed is not None and 0 <= changed < Path(draft).stat().st_mtime:
                    os.utime(file.fileno(), (changed, changed))
                os.fsync(file.fileno())
            target = self.folder / digest.hexdigest()[:16] / tidy_name(name)
            target.parent.mkdir(exist_ok=True, mode=0o700)
            Path(draft).replace(target)
        finally:
            Path(draft).unlink(missing_ok=True)
        return target, digest.hexdigest(), size


def tidy_name(name: str) -> str:
    """A file name that leads nowhere else, is no hidden one and keeps its ending."""
    plain = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name)
    plain = _LEADS.sub("_", plain.encode(errors="replace").decode()).strip(" .~") or "attachment"
    stem, dot, ending = plain.rpartition(".")
    return plain if len(plain) <= LONGEST_NAME else f"{(stem or plain)[:100]}{dot}{ending[:10]}"


def is_wanted(name: str) -> bool:
    """Whether a file of this name may be a statement."""
    return tidy_name(name).lower().endswith(ENDINGS)
