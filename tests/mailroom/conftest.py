"""Places on the private servers, and what a test says was known before."""

from __future__ import annotations

import errno
import imaplib
import ssl
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from backline.mailroom.mailbox import Mailbox
from backline.mailroom.place import Found, Known, Look, Store
from backline.mailroom.sftp import SftpFolder
from tests.services.dovecot import PASSWORD

TABLE = b"date,artist,streams\n2026-08-01,Ann,5\n"


@dataclass
class Remembering:
    """Stands in for what the database knows of a place."""

    found: list[Found] = field(default_factory=list)

    def has_version(self, item: str, version: str) -> bool:
        return any((one.item, one.version) == (item, version) for one in self.found)

    def has_content(self, item: str, content_sha: str) -> bool:
        return any((one.item, one.content_sha) == (item, content_sha) for one in self.found)


@dataclass
class Drawer:
    """A place with files in a dictionary; `error` is raised instead."""

    name: str = "drawer"
    kind: str = "sftp"
    files: dict[str, bytes] = field(default_factory=dict)
    error: Exception | None = None
    changed: float | None = None

    def look(self, known: Known, store: Store, checkpoint: Callable[[], None]) -> Look:
        look = Look()
        if self.error is not None:
            raise self.error
        for name, content in self.files.items():
            checkpoint()
            if known.has_version(name, str(len(content))):
                continue
            if not content:
                look.found.append(Found(name, "0", "refused", name=name, reason="It is empty."))
                continue
            path, digest, size = store.put(name, iter([content]), 10_000, changed=self.changed)
            look.found.append(Found(name, str(size), "stored", digest, name, size, path))
        return look


class Locked(Store):
    """A folder here at home that cannot be written."""

    def put(self, *_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")


@dataclass
class Post:
    """A mailbox on the server, spoken to as a mail program would."""

    client: imaplib.IMAP4
    box: Callable[..., Mailbox]

    def send(self, message: EmailMessage | bytes, folder: str = "INBOX") -> None:
        """Put a message into the mailbox."""
        body = message if isinstance(message, bytes) else message.as_bytes()
        status, _ = self.client.append(folder, "", imaplib.Time2Internaldate(1_790_000_000), body)
        assert status == "OK"

    def list_flags(self) -> list[bytes]:
        """The flags of every message."""
        self.client.select("INBOX", readonly=True)
        _, told = self.client.fetch("1:*", "(FLAGS)")
        return [line for line in told if isinstance(line, bytes)]


def write_message(
    message_id: str | None = "<one@label.example>",
    *,
    sender: str = "statements@label.example",
    subject: str = "Your statement",
    **files: bytes,
) -> EmailMessage:
    """A message with files; in their names _ before the ending stands for a dot."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "team@band.example", subject
    if message_id is not None:
        message["Message-ID"] = message_id
    message.set_content("Dear team, please find attached.")
    for name, content in files.items():
        stem, _, ending = name.rpartition("_")
        message.add_attachment(content, maintype="text", subtype=ending, filename=f"{stem}.{ending}")
    return message


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Where a place's files are kept."""
    return Store(tmp_path / "fetched")


@pytest.fixture
def post(service: Callable[[str], str]) -> Iterator[Post]:
    """A fresh mailbox on the private Dovecot."""
    url = urlsplit(service("dovecot"))
    query = parse_qs(url.query)
    user, ports = f"u{uuid.uuid4().hex}", {"tls": url.port, "starttls": int(query["port"][0])}

    def make(**options: Any) -> Mailbox:
        tls = options.pop("tls", "tls")
        given = {"password": lambda: PASSWORD, "ca_file": query["cert"][0], "since_days": 3650} | options
        return Mailbox(
            "label", "127.0.0.1", ports["tls" if tls == "tls" else "starttls"] or 0, user, tls=tls, **given
        )

    context = ssl.create_default_context(cafile=query["cert"][0])
    client = imaplib.IMAP4_SSL("127.0.0.1", url.port or 0, ssl_context=context, timeout=10)
    client.login(user, PASSWORD)
    yield Post(client, make)
    client.logout()


@pytest.fixture
def depot(service: Callable[[str], str], tmp_path: Path) -> Callable[..., SftpFolder]:
    """Makes a place for a folder on the private OpenSSH server."""
    url = urlsplit(service("sshd"))
    (tmp_path / "there").mkdir()

    def make(**options: Any) -> SftpFolder:
        given: dict[str, Any] = {
            "host_key": Path(f"{url.path}/host_key.pub").read_text(),
            "key_file": f"{url.path}/user_key",
            "folder": str(tmp_path / "there"),
        }
        return SftpFolder("depot", "127.0.0.1", url.port or 0, url.username or "", **(given | options))

    return make
