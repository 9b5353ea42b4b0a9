"""Attachments of a mailbox, by IMAP (RFC 3501). The folder is opened to be read, so nothing there is changed.

Which messages were looked through is told by UIDVALIDITY and UID; what an attachment is, by its message's
id and the hash of its bytes. So a message that was moved or came twice brings nothing twice.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

from backline.errors import NeedsHuman, TryLater
from backline.mailroom.place import AWAY_SECONDS, MOST_ITEMS, Found, Known, Look, Store, TooLarge, is_wanted

MOST_PARTS: Final = 200  # of one message
_HEADER: Final = "(RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID FROM SUBJECT)])"
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_HEADER_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One folder of one mailbox. `password` is asked for when it is needed, so that it lies nowhere."""

    name: str
    host: str
    port: int
    user: str
    password: Callable[[], str]
    tls: Literal["tls", "starttls", "none"] = "tls"
    ca_file: str = ""
    folder: str = "INBOX"
    sender: str = ""
    subject: str = ""
    since_days: int = 90
    mark_seen: bool = False
    max_bytes: int = 64 << 20
    timeout: float = 30.0
    kind: str = "mailbox"

    def look(self, known: Known, store: Store, checkpoint: Callable[[], None]) -> Look:
        """Fetch attachments of messages not looked through before, oldest first."""
        look = Look()
        with _speak(self) as client:
            validity = self._open_folder(client)
            news = [uid for uid in self._search(client) if not known.has_version("", f"{validity}:{uid}")]
            look.left = max(0, len(news) - MOST_ITEMS)
            for uid in news[:MOST_ITEMS]:
                checkpoint()
                found = list(self._take(client, uid, f"{validity}:{uid}", known, store))
                look.found += found
                if self.mark_seen and any(item.outcome == "stored" for item in found):
                    self._ask(client, "mark a message", "STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
        return look

    def _open_folder(self, client: imaplib.IMAP4) -> str:
        quoted = '"' + self.folder.replace("\\", "\\\\").replace('"', r"\"") + '"'
        with _ask_there(self):
            answer, _ = client.select(quoted, readonly=not self.mark_seen)
        if answer != "OK":
            raise NeedsHuman(
                f"The mailbox {self.name} has no folder {self.folder!r} to look through.",
                remedy="Mend its folder in the settings ([[mailbox]]).",
            )
        _, told = client.response("UIDVALIDITY")
        return told[0].decode(errors="replace") if told and told[0] else "0"

    def _ask(self, client: imaplib.IMAP4, what: str, command: str, *words: str) -> list[Any]:
        """The answer to a command that goes by UID; `what` it does, in words."""
        with _ask_there(self):
            status, told = client.uid(command, *words)
            if status != "OK":
                raise imaplib.IMAP4.error(f"the server would not {what}")
        return told

    def _search(self, client: imaplib.IMAP4) -> list[str]:
        since = (datetime.now(UTC) - timedelta(days=self.since_days)).date()
        words = f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"
        told = self._ask(client, "search", "SEARCH", "SINCE", words)
        return sorted((uid.decode() for uid in (told[0] or b"").split() if uid.isdigit()), key=int)

    def _take(
        self, client: imaplib.IMAP4, uid: str, version: str, known: Known, store: Store
    ) -> Iterator[Found]:
        """What one message holds; at the end that it was looked through."""
        size, head = _read_head(self._ask(client, "read a header", "FETCH", uid, _HEADER))
        item = str(head.get("Message-ID", "")).strip()[:500] or f"uid:{version}"
        if self._fits(head):
            if size > self.max_bytes:
                words = f"The message has {size:,} bytes; {self.max_bytes:,} are read."
                yield Found(item, version, "refused", size=size, reason=words)
            else:
                body = _read_literal(self._ask(client, "read a message", "FETCH", uid, "(BODY.PEEK[])"))
                yield from self._unpack(body, item, version, known, store)
        yield Found("", version, "seen")

    def _fits(self, head: EmailMessage) -> bool:
        told = ((self.sender, "From"), (self.subject, "Subject"))
        return all(words.casefold() in str(head.get(name, "")).casefold() for words, name in told)

    def _unpack(self, body: bytes, item: str, version: str, known: Known, store: Store) -> Iterator[Found]:
        try:
            message = BytesParser(policy=policy.default).parsebytes(body)
            parts, sent = list_attachments(message), read_moment(message)
        except (RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
            words = f"The message cannot be taken apart: {type(error).__name__}."
            yield Found(item, version, "refused", size=len(body), reason=words)
            return
        for name, content in parts:
            try:
                path, digest, size = store.put(name, iter([content]), self.max_bytes, changed=sent)
            except TooLarge:
                yield Found(item, version, "refused", name=name, reason="The attachment is too large.")
                continue
            if not known.has_content(item, digest):
                yield Found(item, version, "stored", digest, path.name, size, path)


def list_attachments(message: Message) -> list[tuple[str, bytes]]:
    """(name, bytes) of the parts of a message that may be statements. Of hundreds of parts the first are taken."""
    found = []
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            break
        name = None if part.is_multipart() else part.get_filename()
        if name and is_wanted(name):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                found.append((name, content))
    return found


def read_moment(message: Message) -> float | None:
    """When a message was sent, by its Date, in seconds since 1970 UTC."""
    try:
        sent = parsedate_to_datetime(str(message["Date"]))
        return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Bounded:
    """An IMAP client whose server cannot make it read more than a message may have."""

    most = 0

    def read(self, size: int) -> bytes:
        """Bytes of a literal; its size is what the server says."""
        if size > self.most:
            raise imaplib.IMAP4.abort(f"a literal of {size} bytes was announced")
        return super().read(size)  # type: ignore[misc, no-any-return] # of the client that it is mixed into


class _Plain(_Bounded, imaplib.IMAP4):
    pass


class _Safe(_Bounded, imaplib.IMAP4_SSL):
    pass


@contextmanager
def _speak(box: Mailbox) -> Iterator[imaplib.IMAP4]:
    """A connection that is signed in."""
    client = None
    try:
        with _ask_there(box):
            client = _connect(box)
            _sign_in(client, box)
        yield client
    finally:
        if client is not None:
            with suppress(OSError, EOFError, imaplib.IMAP4.error):
                client.logout()


@contextmanager
def _ask_there(box: Mailbox) -> Iterator[None]:
    """Around what the server is asked, and nothing else: what goes wrong here at home is no fault of the server's.

    It comes out as `TryLater` or `NeedsHuman`.
    """
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise NeedsHuman(
            f"The mailbox {box.name}: the certificate of {box.host} is not to be trusted: {error.verify_message}.",
            remedy="Look at host and ca_file in the settings ([[mailbox]]).",
        ) from error
    except (OSError, EOFError, imaplib.IMAP4.error) as error:
        words = f"The mailbox {box.name} at {box.host} cannot be read now: {str(error)[:200]}"
        raise TryLater(AWAY_SECONDS, words) from error


def _connect(box: Mailbox) -> imaplib.IMAP4:
    kind = _Safe if box.tls == "tls" else _Plain
    kind.most = box.max_bytes + (1 << 20)
    if box.tls == "none":
        return kind(box.host, box.port, timeout=box.timeout)
    context = ssl.create_default_context(cafile=box.ca_file or None)
    if box.tls == "tls":
        return _Safe(box.host, box.port, ssl_context=context, timeout=box.timeout)
    client = _Plain(box.host, box.port, timeout=box.timeout)
    client.starttls(context)
    return client


def _sign_in(client: imaplib.IMAP4, box: Mailbox) -> None:
    try:
        client.login(box.user, box.password())
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        words = str(error)
        if "UNAVAILABLE" in words or "INUSE" in words or "LIMIT" in words:  # RFC 5530
            raise
        raise NeedsHuman(
            f"The mailbox {box.name}: {box.host} does not let {box.user} in.",
            remedy="Look at user and password in the settings ([[mailbox]]), then retry the run.",
        ) from None  # the server's words may repeat what was sent


def _read_head(told: list[Any]) -> tuple[int, EmailMessage]:
    """The size that the server gives, and the few fields of the header."""
    pairs = [part for part in told if isinstance(part, tuple)]
    said = b" ".join([*(part[0] for part in pairs), *(part for part in told if isinstance(part, bytes))])
    match = _SIZE.search(said)
    fields = pairs[0][1][:_HEADER_BYTES] if pairs else b""
    head = BytesParser(policy=policy.default).parsebytes(fields, headersonly=True)
    assert isinstance(head, EmailMessage)
    return (int(match[1]) if match else 0), head


def _read_literal(told: list[Any]) -> bytes:
    return next((part[1] for part in told if isinstance(part, tuple)), b"")
