"""A sign-in as a person sees it: a browser and a listener, or an address to open elsewhere and one to paste."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import typer

from backline.cli.screen import Screen
from backline.errors import BadInput
from backline.settings import read_variable
from backline.spotify.hosts import Hosts
from backline.spotify.loopback import PLACE, Listener, make_state, read_address
from backline.spotify.tokens import App, Pair, make_pair, write_authorize_url

PATIENCE: Final = 600.0  # seconds; the code that comes back lives as long
TRIES: Final = 3  # of somebody who pastes
LONGEST: Final = 8192  # letters of an address
Browse = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Way:
    """How the answer comes back. `port` 0: any that is free. `browse` opens an address; None: a person does."""

    port: int = 0
    paste: bool = False
    browse: Browse | None = None

    @property
    def registered(self) -> str:
        """The redirect URI that the app must have."""
        return f"http://127.0.0.1{f':{self.port}' if self.port else ''}{PLACE}"


@dataclass(frozen=True, slots=True)
class Consent:
    """The code of somebody who agreed, and what is needed to turn it into tokens."""

    code: str
    pair: Pair
    redirect: str


def choose_way(*, port: int, paste: bool, browser: bool) -> Way:
    """What the options say. A machine without a screen has no browser: then somebody pastes, if somebody is there."""
    seen = sys.platform in ("darwin", "win32") or any(map(read_variable, ("DISPLAY", "WAYLAND_DISPLAY")))
    if paste or (browser and not seen and sys.stdin.isatty()):
        return Way(port, paste=True)
    return Way(port, browse=webbrowser.open if browser and seen else None)


def ask_consent(screen: Screen, hosts: Hosts, app: App, scopes: Iterable[str], way: Way) -> Consent:
    """Let a person agree. Raises `Declined`, `BadInput`, and `NeedsHuman` where nobody came back in time."""
    state, pair = make_state(), make_pair()
    screen.note(screen.label("connect_redirect", redirect=way.registered))
    if way.paste:
        url = write_authorize_url(hosts, app, way.registered, scopes, state, pair)
        screen.note(screen.label("connect_open", url=url))
        return Consent(_read_pasted(screen, state), pair, way.registered)
    with Listener(state, way.port) as listener:
        url = write_authorize_url(hosts, app, listener.redirect, scopes, state, pair)
        opened = way.browse is not None and way.browse(url)
        screen.note(screen.label("connect_opened" if opened else "connect_open", url=url))
        return Consent(listener.hear(PATIENCE), pair, listener.redirect)


def _read_pasted(screen: Screen, state: str) -> str:
    """The code in what is pasted; on a terminal somebody may be wrong twice."""
    screen.note(screen.label("connect_paste"))
    for left in reversed(range(TRIES)):
        try:
            return read_address(read_line(screen.label("ask_address")), state)
        except BadInput as error:
            if not left or not sys.stdin.isatty():
                raise
            screen.note(str(error))
    raise AssertionError("a last try ends or raises")


def read_line(words: str, *, hide: bool = False) -> str:
    """A line of a person, or of stdin. Raises `BadInput` where there is none."""
    if sys.stdin.isatty():
        return str(typer.prompt(words, hide_input=hide, err=True)).strip()
    line = sys.stdin.readline(LONGEST).strip()
    if not line:
        raise BadInput(f"Nothing came on stdin: {words}.", remedy="Pipe it in, or use a terminal.")
    return line
