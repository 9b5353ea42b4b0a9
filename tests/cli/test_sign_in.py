"""How consent comes back: by a browser and a listener, or by hand."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from backline.cli.screen import Screen
from backline.cli.sign_in import TRIES, Way, ask_consent, choose_way, read_line
from backline.errors import BadInput
from backline.spotify.hosts import Hosts
from backline.spotify.loopback import Declined
from backline.spotify.tokens import App
from tests.cli.consent import Browser, list_people, stand
from tests.sandbox.stand import Stand

__all__ = ["stand"]
SCOPES = ["user-top-read"]


class Pad(Screen):
    """Remembers what it said."""

    def __init__(self) -> None:
        super().__init__("en")
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def address(self) -> str:
        """Where a person is sent."""
        return next(note for note in self.notes if "/authorize?" in note).rpartition(" ")[2]


class Hand(io.StringIO):
    """Stdin of somebody who types what they find; a terminal or not."""

    def __init__(self, find: Callable[[], str], terminal: bool = False) -> None:
        super().__init__()
        self._find, self._terminal = find, terminal

    def isatty(self) -> bool:
        return self._terminal

    def readline(self, size: int | None = -1, /) -> str:
        return self._find() + "\n"


def agree(stand: Stand, way: Way, pad: Pad) -> str:
    app = App(stand.facts["client_id"])
    consent = ask_consent(pad, Hosts.find_sandbox(stand.address), app, SCOPES, way)
    assert consent.redirect.endswith("/callback")
    return consent.code


def test_a_browser_comes_back_to_the_listener(stand: Stand) -> None:
    browser, pad = Browser(stand, list_people(stand)[0][0]), Pad()
    assert agree(stand, Way(browse=browser.open), pad)
    assert "has opened" in pad.notes[-1]
    assert "http://127.0.0.1/callback" in pad.notes[0]


def test_a_redirect_uri_with_a_port_is_used_as_it_is_registered(stand: Stand) -> None:
    browser, pad = Browser(stand, list_people(stand)[0][0]), Pad()
    assert Way(8899).registered == "http://127.0.0.1:8899/callback"
    assert agree(stand, Way(8899, browse=browser.open), pad)


def test_an_address_is_pasted(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, pad = Browser(stand, list_people(stand)[0][0]), Pad()
    monkeypatch.setattr(sys, "stdin", Hand(lambda: browser.sign_in(pad.address)))
    assert agree(stand, Way(paste=True), pad)
    assert "Open this address" in pad.notes[1]


def test_a_no_is_pasted_too(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, pad = Browser(stand, list_people(stand)[0][0], agree=False), Pad()
    monkeypatch.setattr(sys, "stdin", Hand(lambda: browser.sign_in(pad.address)))
    with pytest.raises(Declined):
        agree(stand, Way(paste=True), pad)


@pytest.mark.parametrize("pasted", ["nonsense", "http://127.0.0.1/callback?code=a&state=of-another-attempt"])
def test_an_address_of_another_attempt_is_refused(
    stand: Stand, pasted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Hand(lambda: pasted))
    with pytest.raises(BadInput, match="no sign-in that is going on here"):
        agree(stand, Way(paste=True), Pad())


def test_whoever_pastes_at_a_terminal_may_be_wrong_twice(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, pad, tries = Browser(stand, list_people(stand)[0][0]), Pad(), []

    def find() -> str:
        tries.append(1)
        return "wrong" if len(tries) < TRIES else browser.sign_in(pad.address)

    monkeypatch.setattr(sys, "stdin", Hand(find, terminal=True))
    assert agree(stand, Way(paste=True), pad)
    assert sum("belongs to no sign-in" in note for note in pad.notes) == TRIES - 1


def test_nothing_on_stdin_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Hand(str))
    with pytest.raises(BadInput, match="Nothing came on stdin: Address"):
        read_line("Address")


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="always has a screen")
def test_the_way_follows_from_what_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert choose_way(port=1, paste=False, browser=True) == Way(1)  # nobody to paste, no browser: it listens
    monkeypatch.setattr(sys, "stdin", Hand(str, terminal=True))
    assert choose_way(port=0, paste=False, browser=True) == Way(paste=True)
    assert choose_way(port=0, paste=False, browser=False) == Way()
    monkeypatch.setenv("DISPLAY", ":0")
    assert choose_way(port=0, paste=False, browser=True).browse is not None
    assert choose_way(port=0, paste=True, browser=True) == Way(paste=True)
