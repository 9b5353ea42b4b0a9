"""A mailbox on a real IMAP server (Dovecot), and servers that do not behave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from backline.errors import NeedsHuman, TryLater
from backline.mailroom.mailbox import Mailbox, list_attachments, read_moment
from backline.mailroom.place import Store
from tests.mailroom.conftest import TABLE, Locked, Post, Remembering, write_message
from tests.services.programs import free_port

pytestmark = pytest.mark.services


def check() -> None:
    """No lease to lose."""


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_an_attachment_is_fetched_once(post: Post, store: Store, tls: str) -> None:
    post.send(write_message(August_csv=TABLE, logo_png=b"\x89PNG"))
    known = Remembering()
    look = post.box(tls=tls).look(known, store, check)
    stored = [found for found in look.found if found.outcome == "stored"]
    assert [(found.item, found.name, found.size) for found in stored] == [
        ("<one@label.example>", "August.csv", len(TABLE))
    ]
    assert stored[0].path is not None and stored[0].path.read_bytes() == TABLE
    known.found += look.found
    assert post.box(tls=tls).look(known, store, check).found == []
    assert post.list_flags() and b"Seen" not in post.list_flags()[0]


def test_the_same_message_again_brings_nothing_and_another_of_its_id_does(post: Post, store: Store) -> None:
    known = Remembering()
    for body, count in ((TABLE, 1), (TABLE, 0), (TABLE + b"2026-08-02,Ann,6\n", 1)):
        post.send(write_message(August_csv=body))
        found = post.box().look(known, store, check).found
        assert sum(one.outcome == "stored" for one in found) == count
        known.found += found


def test_a_file_is_as_old_as_its_message(post: Post, store: Store) -> None:
    message = write_message(a_csv=TABLE)
    message["Date"] = "Tue, 08 Sep 2026 10:00:00 +0200"
    post.send(message)
    (found,) = [one for one in post.box().look(Remembering(), store, check).found if one.path is not None]
    assert found.path is not None and found.path.stat().st_mtime == 1_788_854_400


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Thu, 1 Jan 1970 02:00:01 +0200", 1.0),
        ("Thu, 1 Jan 1970 00:00:01 -0000", 1.0),
        ("soon", None),
        (None, None),
    ],
)
def test_a_message_says_when_it_was_sent(date: str | None, moment: float | None) -> None:
    message = Message()
    if date is not None:
        message["Date"] = date
    assert read_moment(message) == moment


def test_only_messages_that_fit_are_opened(post: Post, store: Store) -> None:
    post.send(write_message("<a@x>", sender="Spam <spam@x.example>", a_csv=TABLE))
    post.send(write_message("<b@x>", subject="Newsletter", b_csv=TABLE))
    post.send(write_message("<c@x>", c_csv=TABLE))
    box = post.box(sender="@LABEL.example", subject="statement")
    found = box.look(Remembering(), store, check).found
    assert [one.name for one in found if one.outcome == "stored"] == ["c.csv"]
    assert len({one.version for one in found}) == 3


def test_messages_are_marked_only_where_the_settings_say_so(post: Post, store: Store) -> None:
    post.send(write_message(a_csv=TABLE))
    post.box(mark_seen=True).look(Remembering(), store, check)
    assert b"Seen" in post.list_flags()[0]


def test_what_is_too_large_is_refused_and_left(post: Post, store: Store) -> None:
    post.send(write_message("<big@x>", big_csv=b"x" * 200_000))
    post.send(write_message("<small@x>", small_csv=TABLE))
    found = post.box(max_bytes=100_000).look(Remembering(), store, check).found
    told = [(one.item, one.outcome) for one in found if one.outcome != "seen"]
    assert told == [("<big@x>", "refused"), ("<small@x>", "stored")]


def test_a_name_leads_nowhere(post: Post, store: Store) -> None:
    message = write_message()
    message.add_attachment(TABLE, maintype="text", subtype="csv", filename="../../etc/cron.d/x.csv")
    post.send(message)
    (found,) = [one for one in post.box().look(Remembering(), store, check).found if one.outcome == "stored"]
    assert found.path is not None and found.path.is_relative_to(store.folder) and found.name == "x.csv"


def test_a_message_without_an_id_and_one_that_is_broken(post: Post, store: Store) -> None:
    post.send(write_message(None, a_csv=TABLE))
    post.send(b"From: x\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\xff\xfe\r\n")
    found = post.box().look(Remembering(), store, check).found
    assert [one.name for one in found if one.outcome == "stored"] == ["a.csv"]
    assert [one.outcome for one in found].count("seen") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password": lambda: "wrong-word"}, "does not let"),
        ({"folder": "Nowhere"}, "no folder 'Nowhere'"),
        ({"ca_file": ""}, "certificate"),
    ],
)
def test_what_only_a_person_can_mend(post: Post, store: Store, options: dict[str, Any], words: str) -> None:
    with pytest.raises(NeedsHuman, match=words) as caught:
        post.box(**options).look(Remembering(), store, check)
    assert caught.value.remedy and "wrong-word" not in str(caught.value)


@contextmanager
def serve(*lines: bytes) -> Iterator[int]:
    """A server that says these lines, one for each line that it hears, then hangs up; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        line, _ = listener.accept()
        with line, line.makefile("rb") as heard:
            for words in lines:
                line.sendall(words)
                tag = heard.readline().split(b" ")[0]
                lines_left.append(tag)
                line.sendall(tag + b" ")

    lines_left: list[bytes] = []
    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()
    thread.join(timeout=5)


def make_box(port: int) -> Mailbox:
    """A mailbox without TLS, for a server in this test."""
    return Mailbox("label", "127.0.0.1", port, "ann", lambda: "secret", tls="none", timeout=2.0)


def test_a_folder_at_home_that_cannot_be_written_is_no_fault_of_the_mailbox(
    post: Post, tmp_path: Path
) -> None:
    post.send(write_message(a_csv=TABLE))
    with pytest.raises(PermissionError):
        post.box().look(Remembering(), Locked(tmp_path), check)


def test_a_server_that_is_away_is_asked_later(store: Store) -> None:
    with pytest.raises(TryLater, match="cannot be read now"):
        make_box(free_port()).look(Remembering(), store, check)
    with serve(b"* BYE overloaded\r\n") as port, pytest.raises(TryLater):
        make_box(port).look(Remembering(), store, check)


def test_a_literal_without_measure_is_not_read(store: Store) -> None:
    with (
        serve(b"* OK hello\r\n* CAPABILITY IMAP4rev1 {99999999999}\r\n") as port,
        pytest.raises(TryLater, match="99999999999"),
    ):
        make_box(port).look(Remembering(), store, check)


def test_of_hundreds_of_parts_the_first_are_taken() -> None:
    files = {f"f{number}_csv": b"x" for number in range(300)}
    assert 100 < len(list_attachments(write_message(**files))) < 200
