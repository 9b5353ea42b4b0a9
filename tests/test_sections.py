"""What the tables of the settings file take, and what they refuse without repeating it."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from backline.sections import (
    DatabaseSettings,
    MailboxSettings,
    SftpSettings,
    SpotifySettings,
    check_reference,
    is_loopback,
)
from backline.spotify.routes import Family

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


@pytest.mark.parametrize(
    "text", ["", "https://proxy.example/spotify", "http://127.0.0.1:8620", "http://[::1]:1"]
)
def test_a_sandbox_is_asked_in_the_open_on_this_machine_only(text: str) -> None:
    assert SpotifySettings(address=text).address == text


@pytest.mark.parametrize("text", ["http://sandbox.example", "127.0.0.1:8620", "ftp://127.0.0.1", "https://"])
def test_tokens_are_sent_nowhere_else(text: str) -> None:
    with pytest.raises(ValidationError, match="https://"):
        SpotifySettings(address=text)


def test_what_counts_as_a_release() -> None:
    assert SpotifySettings().list_groups() == ("album", "single")
    assert SpotifySettings(release_groups="album, compilation,album").list_groups() == (
        "album",
        "compilation",
    )
    for wrong in ("", "album,live"):
        with pytest.raises(ValidationError, match="there are album, appears_on"):
            SpotifySettings(release_groups=wrong)
    with pytest.raises(ValidationError):
        SpotifySettings(market="de")


def test_every_family_of_routes_has_a_budget() -> None:
    options = SpotifySettings(daily_me=7)
    assert {family: options.find_daily(family) for family in get_args(Family)} == {
        "tracks": 400, "search": 250, "playlist_read": 600, "playlist_write": 200, "catalogue": 400, "me": 7,
    }  # fmt: skip
