"""What the tables of the settings file take, and what they refuse without repeating it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from backline.sections import DatabaseSettings, MailboxSettings, SftpSettings, check_reference, is_loopback

BOX = {"name": "label", "host": "mail.example", "user": "ann", "password": "vault:label-mail"}
DEPOT = {"name": "depot", "host": "files.example", "user": "ann", "host_key": "SHA256:" + "a" * 43}


def test_what_is_built_in() -> None:
    box, depot = MailboxSettings(**BOX), SftpSettings(**DEPOT)  # type: ignore[arg-type] # by name
    assert (box.port, box.tls, box.folder, box.mark_seen) == (993, "tls", "INBOX", False)
    assert (depot.port, depot.folder, depot.password) == (22, ".", "")


@pytest.mark.parametrize("text", ["vault:a b", "env:NAME", "file:~/x"])
def test_a_secret_is_referred_to(text: str) -> None:
    assert check_reference(text) == text


@pytest.mark.parametrize("text", ["hush", "", "vault:", "vault: x", "url:x"])
def test_a_secret_itself_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not stand here") as caught:
        check_reference(text)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "SHA256:short", "MD5:aa:bb", "ssh-ed25519", "anything"])
def test_a_host_key_is_needed(key: str) -> None:
    with pytest.raises(ValidationError):
        SftpSettings(**(DEPOT | {"host_key": key}))  # type: ignore[arg-type] # by name


def test_a_host_key_may_stand_as_a_whole() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== ann@host"
    assert SftpSettings(**(DEPOT | {"host_key": key})).host_key == key  # type: ignore[arg-type] # by name


def test_what_is_this_machine() -> None:
    assert is_loopback("localhost.") and is_loopback("127.0.0.9") and is_loopback("::1")
    assert not is_loopback("localhost.localdomain.example") and not is_loopback("0.0.0.0")


def test_a_password_goes_without_tls_only_to_this_machine() -> None:
    here = MailboxSettings(**(BOX | {"host": "127.0.0.1", "tls": "none"}))  # type: ignore[arg-type] # by name
    assert here.tls == "none"
    with pytest.raises(ValidationError, match="could be read on its way"):
        MailboxSettings(**(BOX | {"tls": "none"}))  # type: ignore[arg-type] # by name


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(ValidationError):
        DatabaseSettings(ulr="x")  # type: ignore[call-arg] # on purpose
