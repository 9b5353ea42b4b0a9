"""Files of a folder on an SFTP server. Its host key is pinned: another key is another server.

A file is told by its path, size and time of change; its bytes by their hash. A file that changes while it
is read is still being written, and is left for the next look.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import importlib
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from backline.errors import NeedsHuman, TryLater
from backline.mailroom.place import AWAY_SECONDS, MOST_ITEMS, Found, Known, Look, Store, TooLarge, is_wanted

CHUNK: Final = 1 << 15  # what every server gives at once
MOST_LISTED: Final = 100_000
_UNFINISHED: Final = (".part", ".tmp", ".filepart", ".partial", ".uploading")


@dataclass(frozen=True, slots=True)
class SftpFolder:
    """One folder. `password` and `passphrase` are asked for when they are needed."""

    name: str
    host: str
    port: int
    user: str
    host_key: str  # SHA256:…, or its kind and base64
    password: Callable[[], str] | None = None
    key_file: str = ""
    passphrase: Callable[[], str] | None = None
    folder: str = "."
    max_bytes: int = 64 << 20
    timeout: float = 30.0
    kind: str = "sftp"

    def look(self, known: Known, store: Store, checkpoint: Callable[[], None]) -> Look:
        """Fetch files that are not known in their version, the oldest first."""
        look = Look()
        with _speak(self) as client:
            news = [entry for entry in self._list(client) if not known.has_version(*self._tell(entry))]
            look.left = max(0, len(news) - MOST_ITEMS)
            for entry in news[:MOST_ITEMS]:
                checkpoint()
                found = self._take(client, entry, known, store, checkpoint)
                look.found += [found] if found is not None else []
        return look

    def _tell(self, entry: Any) -> tuple[str, str]:
        return f"{self.folder.rstrip('/')}/{entry.filename}"[:1000], f"{entry.st_size}:{entry.st_mtime}"

    def _list(self, client: Any) -> list[Any]:
        try:
            with _ask_there(self):
                entries = list(islice(client.listdir_iter(self.folder), MOST_LISTED))
        except TryLater as error:
            if not _is_file_error(error, errno.ENOENT, errno.EACCES, errno.ENOTDIR):
                raise
            raise NeedsHuman(
                f"The SFTP folder {self.name}: {self.folder!r} on {self.host} cannot be listed.",
                remedy="Mend its folder in the settings ([[sftp]]), or ask for access.",
            ) from error
        return sorted(filter(_is_file, entries), key=lambda entry: (entry.st_mtime or 0, str(entry.filename)))

    def _take(
        self, client: Any, entry: Any, known: Known, store: Store, checkpoint: Callable[[], None]
    ) -> Found | None:
        item, version = self._tell(entry)
        name = str(entry.filename)
        if (entry.st_size or 0) > self.max_bytes:
            words = f"The file has {entry.st_size:,} bytes; {self.max_bytes:,} are read."
            return Found(item, version, "refused", name=name, size=entry.st_size, reason=words)
        try:
            with self._open(client, item) as file:
                chunks = self._read_chunks(file, checkpoint)
                path, digest, size = store.put(name, chunks, self.max_bytes, changed=entry.st_mtime)
            with _ask_there(self):
                after = client.stat(item)
        except TooLarge:
            return Found(item, version, "refused", name=name, reason="The file is larger than it says.")
        except TryLater as error:
            if _is_file_error(error, errno.ENOENT):
                return None
            if _is_file_error(error, errno.EACCES):
                return Found(item, version, "refused", name=name, reason="The file cannot be read.")
            raise
        if (after.st_size, after.st_mtime) != (entry.st_size, entry.st_mtime) or size != entry.st_size:
            return None
        outcome = "seen" if known.has_content(item, digest) else "stored"
        return Found(item, version, outcome, digest, path.name, size, path)  # type: ignore[arg-type] # one of two

    @contextmanager
    def _open(self, client: Any, item: str) -> Iterator[Any]:
        with _ask_there(self):
            file = client.open(item, "rb")
        with closing(file):
            yield file

    def _read_chunks(self, file: Any, checkpoint: Callable[[], None]) -> Iterator[bytes]:
        while True:
            with _ask_there(self):
                chunk = file.read(CHUNK)
            if not chunk:
                return
            checkpoint()
            yield chunk


def _is_file_error(error: TryLater, *numbers: int) -> bool:
    """Whether the server only said one of these of the file or folder that it was asked for."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in numbers


def _is_file(entry: Any) -> bool:
    name = str(entry.filename)
    is_regular = stat.S_ISREG(entry.st_mode or 0)
    return (
        is_regular
        and "/" not in name
        and is_wanted(name)
        and not name.lower().endswith(_UNFINISHED)
        and name[0] != "."
    )


@contextmanager
def _speak(place: SftpFolder) -> Iterator[Any]:
    """A client that is signed in."""
    with ExitStack() as stack:
        with _ask_there(place):
            client = _connect(place, stack)
        yield client


def _connect(place: SftpFolder, stack: ExitStack) -> Any:
    paramiko = _load()
    line = stack.enter_context(
        closing(socket.create_connection((place.host, place.port), timeout=place.timeout))
    )
    transport = stack.enter_context(closing(paramiko.Transport(line)))
    transport.banner_timeout = transport.auth_timeout = place.timeout
    _prefer_key(transport, place.host_key)
    transport.start_client(timeout=place.timeout)
    _check_host(transport.get_remote_server_key(), place)
    _sign_in(paramiko, transport, place)
    client = paramiko.SFTPClient.from_transport(transport)
    client.get_channel().settimeout(place.timeout)
    return client


def _load() -> Any:
    return importlib.import_module("paramiko")  # half a second that few processes need


@contextmanager
def _ask_there(place: SftpFolder) -> Iterator[None]:
    """Around what the server is asked, and nothing else: what goes wrong here at home is no fault of the server's.

    It comes out as `TryLater` or `NeedsHuman`.
    """
    paramiko = _load()
    try:
        yield
    except paramiko.AuthenticationException as error:
        raise NeedsHuman(
            f"The SFTP folder {place.name}: {place.host} does not let {place.user} in.",
            remedy="Look at user, password and key_file in the settings ([[sftp]]), then retry the run.",
        ) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        words = f"The SFTP folder {place.name} at {place.host} cannot be read now: {str(error)[:200]}"
        raise TryLater(AWAY_SECONDS, words) from error


def _prefer_key(transport: Any, pinned: str) -> None:
    """A server has keys of several kinds: ask for the one that is pinned."""
    kind = pinned.partition(" ")[0]
    options = transport.get_security_options()
    wanted = tuple(
        name for name in options.key_types if name == kind or (kind == "ssh-rsa" and "rsa" in name)
    )
    if wanted:
        options.key_types = wanted


def _check_host(key: Any, place: SftpFolder) -> None:
    mark = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    told = {f"SHA256:{mark}", key.get_base64()}
    pinned = place.host_key.strip()
    parts = pinned.split()
    if (
        pinned.rstrip("=") if pinned.startswith("SHA256:") else parts[1] if len(parts) > 1 else ""
    ) not in told:
        raise NeedsHuman(
            f"The SFTP folder {place.name}: {place.host} shows the key SHA256:{mark}, not the pinned one.",
            remedy="Somebody may be in between. Ask the other side; if its key is new, pin it in the settings ([[sftp]]).",
        )


def _sign_in(paramiko: Any, transport: Any, place: SftpFolder) -> None:
    if place.key_file:
        phrase = place.passphrase() if place.passphrase else None
        try:
            key = paramiko.PKey.from_path(
                Path(place.key_file).expanduser(), phrase.encode() if phrase else None
            )
        except (OSError, ValueError, TypeError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
            raise NeedsHuman(
                f"The SFTP folder {place.name}: the key {place.key_file} cannot be read.",
                remedy="Look at key_file and passphrase in the settings ([[sftp]]).",
            ) from error
        transport.auth_publickey(place.user, key)
        return
    if place.password is None:
        raise NeedsHuman(
            f"The SFTP folder {place.name} has neither a key nor a password.",
            remedy="Set key_file or password in the settings ([[sftp]]).",
        )
    transport.auth_password(place.user, place.password())
