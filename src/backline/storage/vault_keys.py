"""Where the vault's keys come from: a file that only its owner reads, an environment variable, a keyring's command.

All three give the same text: keys of 256 bits in base64, white space between; the first one encrypts, all of
them decrypt. A key is known by its id, the first 8 hex digits of a SHA-256 over it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
import secrets
import shlex
import stat
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backline.disk import is_alive, name_draft, read_draft, sync_folder, take_name
from backline.errors import NeedsHuman, NotAllowed

log = logging.getLogger("backline.vault")
KEY_BYTES = 32
SECONDS = 30  # that a keyring may ask its owner for
MAKE = "`openssl rand -base64 32` makes a key."


@dataclass(frozen=True, repr=False)
class Key:
    """A key of 256 bits and its id."""

    id: str
    value: bytes

    def __repr__(self) -> str:
        return f"<Key {self.id}>"


class KeySource(Protocol):
    """Where keys are read, first the one that encrypts."""

    @property
    def place(self) -> str:
        """Where that is, in words."""

    def read(self) -> Sequence[Key]:
        """The keys; none where the place is not there yet. Raises `NeedsHuman` or `NotAllowed`."""

    def recall(self) -> Sequence[Key]:
        """The keys without a wait for anybody, as a transaction needs them: as last read where reading takes time."""

    def add(self) -> Key:
        """Make a new key, put it first and return it. Raises `NeedsHuman` where a person must do it."""

    def retire(self, ids: Collection[str]) -> None:
        """Forget these keys, where that can be done here."""


class KeyFile:
    """Keys in a file that nobody but its owner may read."""

    def __init__(self, path: Path, *, may_make: bool = False) -> None:
        self.path = path
        self.may_make = may_make

    @property
    def place(self) -> str:
        """The path."""
        return str(self.path)

    def read(self) -> Sequence[Key]:
        """The keys of the file. Raises `NotAllowed` where others may read it, `NeedsHuman` where it holds none."""
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read(1 << 16)
        except FileNotFoundError:
            return []
        except OSError as error:
            remedy = "Give this user the right to read it."
            raise NeedsHuman(f"The vault's key file {self.path}: {error.strerror}.", remedy=remedy) from error
        if stat.S_IMODE(mode) & 0o077:
            raise NotAllowed(
                f"The vault's key file {self.path} may be read by others (mode {stat.S_IMODE(mode):04o}).",
                remedy=f"chmod 600 {self.path}",
            )
        return read_keys(text.decode("utf-8", "replace"), self.place)

    recall = read

    def add(self) -> Key:
        """Make a key and put it first; the file is made where it may be."""
        self._clear()
        kept = self.read()
        if not kept and not self.may_make and not self.path.exists():
            raise explain_missing(self.place)
        key = make_key()
        if kept:
            self._write([key, *kept])
        elif not self._make(key):
            return self.read()[0]  # another process was quicker
        return key

    def retire(self, ids: Collection[str]) -> None:
        """Write the file without these keys."""
        self._clear()
        kept = self.read()
        left = [key for key in kept if key.id not in ids]
        if left and len(left) < len(kept):
            self._write(left)

    def _clear(self) -> None:
        """Remove keys that killed processes left half written. This one writes none now; in a container its id comes back."""
        for path in self.path.parent.glob(".*") if self.path.parent.is_dir() else ():
            name, pid = read_draft(path) or ("", 0)
            if name == self.path.name and (pid == os.getpid() or not is_alive(pid)):
                path.unlink(missing_ok=True)

    def _make(self, key: Key) -> bool:
        """A file of one key, unless there is one by now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return take_name(self._write_beside([key]), self.path)

    def _write(self, keys: Sequence[Key]) -> None:
        """All or nothing: a crash leaves the old file or the new one."""
        self._write_beside(keys).replace(self.path)
        sync_folder(self.path.parent)

    def _write_beside(self, keys: Sequence[Key]) -> Path:
        fresh = name_draft(self.path)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("".join(f"{spell_key(key)}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        return fresh


class KeyText:
    """Keys in an environment variable, which settings.py has read."""

    def __init__(self, variable: str, text: str | None) -> None:
        self.variable = variable
        self.text = text

    @property
    def place(self) -> str:
        """The variable."""
        return f"the environment variable {self.variable}"

    def read(self) -> Sequence[Key]:
        """The keys of the variable; none where it is not set."""
        return read_keys(self.text, self.place) if self.text and self.text.strip() else []

    recall = read

    def add(self) -> Key:
        """Nobody can change an environment from here."""
        raise _ask_for_key(self.place)

    def retire(self, ids: Collection[str]) -> None:
        """The person who set the variable takes them out."""


class KeyCommand:
    """Keys on the standard output of a keyring's command, run without a shell."""

    def __init__(self, command: str) -> None:
        self.command = command
        self._last: Sequence[Key] = ()

    @property
    def place(self) -> str:
        """The program; its arguments are nobody's business."""
        return f"the command {self.command.split()[0]}"

    def read(self) -> Sequence[Key]:
        """The keys that the command prints. Raises `NeedsHuman` where it fails."""
        try:
            done = subprocess.run(
                shlex.split(self.command), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
            )  # fmt: skip
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise _explain_command(self.place, reason) from None
        if done.returncode:
            raise _explain_command(self.place, f"it ended with code {done.returncode}")
        self._last = read_keys(done.stdout.decode("utf-8", "replace"), self.place)
        return self._last

    def recall(self) -> Sequence[Key]:
        """What the command printed last; it is run where it was not yet."""
        return self._last or self.read()

    def add(self) -> Key:
        """A keyring is filled by its owner."""
        raise _ask_for_key(self.place)

    def retire(self, ids: Collection[str]) -> None:
        """The owner of the keyring takes them out."""


def make_key() -> Key:
    """A new key by chance."""
    return name_key(secrets.token_bytes(KEY_BYTES))


def name_key(value: bytes) -> Key:
    """The key with its id."""
    return Key(hashlib.sha256(b"backline vault key " + value).hexdigest()[:8], value)


def spell_key(key: Key) -> str:
    """The key as it stands in a file."""
    return base64.b64encode(key.value).decode()


def read_keys(text: str, place: str) -> list[Key]:
    """The keys in a text. Raises `NeedsHuman` where one is no key, or where there is none; never quotes it."""
    keys = []
    for number, word in enumerate(text.split(), 1):
        try:
            value = base64.b64decode(word, validate=True)
        except (binascii.Error, ValueError):
            value = b""
        if len(value) != KEY_BYTES:
            raise NeedsHuman(
                f"Key {number} of the vault in {place} is not 32 bytes in base64.",
                remedy=f"Put the right text back; nothing was changed. {MAKE}",
            )
        keys.append(name_key(value))
    if not keys:
        raise NeedsHuman(f"There is no key of the vault in {place}.", remedy=f"Put it back. {MAKE}")
    return keys


def explain_missing(place: str) -> NeedsHuman:
    """The error where no key is to be found: nothing is lost as long as a copy is somewhere."""
    remedy = "Put the key back from its copy; the secrets are still there. `backline doctor` names the place."
    return NeedsHuman(f"The vault's key is missing: nothing in {place}.", remedy=remedy)


def _explain_command(place: str, reason: str) -> NeedsHuman:
    remedy = "Unlock the keyring, or mend vault.key_command; nothing was changed."
    return NeedsHuman(f"The vault's key cannot be had from {place}: {reason}.", remedy=remedy)


def _ask_for_key(place: str) -> NeedsHuman:
    remedy = f"Put a new key in front of those there, white space between, and say it again. {MAKE}"
    return NeedsHuman(f"Backline cannot write a key into {place}.", remedy=remedy)
